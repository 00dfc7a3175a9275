"""Random kernels with affine and nearly affine reads: right, or refused; never a wrong gradient."""

from __future__ import annotations

import random

import pytest

import gpukernel as gk
from gpukernel.errors import KernelTypeError
from tests.adjoints.checking import check_adjoint, numbers

BOUNDARIES = ("zero", "zero", "clamp", "wrap", "reflect")
STARTS = ("0", "0", "0", "1", "-1", "i")
STOPS = ("3", "a.shape[0]", "b.shape[0]", "i", "i + 2", "2")


class Generator:
    """Writes kernels ``f(a, b)``; equal seeds write equal ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.rank = self.random.randint(1, 2)
        self.a_rank = self.random.randint(1, 2)
        self.names = ["i", "j"][: self.rank]

    def sizes(self, rank: int) -> tuple[int, ...]:
        return tuple(self.random.randint(1, 4) for _ in range(rank))

    def often(self, probability: float) -> bool:
        return self.random.random() < probability

    def index(self) -> str:
        """Return an index: mostly a sum of multiples."""
        pick = self.random
        some = pick.sample(self.names, pick.randint(1, min(2, len(self.names))))
        parts = [f"{pick.choice((1, 1, 1, -1, 2, -2, 3))} * {name}" for name in some]
        total = " + ".join([*parts, str(pick.randint(-2, 3))])
        name = pick.choice(self.names)
        odd = (
            f"({total}) // {pick.randint(1, 3)}",
            f"({total}) % {pick.choice(('2', '3', 'a.shape[0]'))}",
            f"min({total}, {pick.randint(0, 3)})",
            f"max({total}, {pick.choice(('0', '1', name))})",
            f"({total} if {name} > 1 else {pick.choice(self.names)})",
        )
        return pick.choice(odd) if self.often(0.3) else total

    def read(self) -> str:
        return f"a[{', '.join(self.index() for _ in range(self.a_rank))}]"

    def term(self) -> str:
        factors = [self.read()]
        factors += [f"b[{self.index()}]"] if self.often(0.6) else []
        factors += [self.read()] if self.often(0.3) else []
        product = " * ".join(factors)
        return f"math.tanh({product})" if self.often(0.15) else product

    def text(self) -> str:
        pick, depth = self.random, 1
        lines = [f"    {', '.join(self.names)} = index()", "    total = 0.0"]
        for name in ("k", "m")[: pick.randint(0, 2)]:
            bounds = [pick.choice(STARTS), pick.choice(STOPS)]
            step = pick.choice(("1", "1", "1", "2", "-1"))
            bounds = bounds[::-1] if step == "-1" else bounds
            lines.append(f"{'    ' * depth}for {name} in range({', '.join([*bounds, step])}):")
            self.names.append(name)
            depth += 1
        if self.often(0.25):
            sign, bound = pick.choice(("<", ">=", "!=", "==")), pick.choice(("1", "a.shape[0] - 1"))
            lines.append(f"{'    ' * depth}if {pick.choice(self.names)} {sign} {bound}:")
            depth += 1
        terms = " + ".join(self.term() for _ in range(pick.randint(1, 2)))
        self.names = self.names[: self.rank]
        result = pick.choice(("total", "total * total", "math.sin(total)", "0.5 * total"))
        lines += [f"{'    ' * depth}total += {terms}", f"    return {result} + {self.read()}"]
        options = f"shape={self.sizes(self.rank)}, boundary={{'a': {pick.choice(BOUNDARIES)!r}}}"
        return "\n".join([f"@kernel({options})", "def f(a, b):", *lines, ""])


def check_seed(seed: int) -> bool:
    """Check one random kernel; whether it has an adjoint."""
    generator = Generator(seed)
    made = gk.from_source(generator.text(), "f")
    args = {"a": numbers(*generator.sizes(generator.a_rank)), "b": numbers(*generator.sizes(1))}
    try:
        check_adjoint(made, args, "a", "b", seed=seed)
    except KernelTypeError as refused:
        assert "remainder" in str(refused)  # inside a sum, or with clamping
        return False
    return True


def test_random_kernels() -> None:
    with gk.device("cpu"):
        found = [check_seed(seed) for seed in range(30)]
    assert sum(found) >= 18


@pytest.mark.parametrize("seed", range(100, 106))
def test_random_kernels_on_gl(gl: object, seed: int) -> None:
    with gk.device("gl"):
        check_seed(seed)
