"""A fixed set of random programs, each the same under CPython and on every device.

Many more, and larger ones, run with ``make fuzz N=10000``; these are ``--largest 2``.
"""

from __future__ import annotations

import pytest

from tests.conftest import gl_problem
from tests.fuzz.__main__ import describe
from tests.fuzz.domains import Domain, exact, whole
from tests.fuzz.generate import FEATURES, generate
from tests.fuzz.program import Program
from tests.fuzz.run import failing
from tests.fuzz.shrink import smaller

NUM_PROGRAMS = 100
BATCH = 10
SMALL = 2
SHRINK_SECONDS = 20.0


def devices() -> list[str]:
    return ["cpu"] if gl_problem() else ["cpu", "gl"]


@pytest.mark.parametrize("start", range(0, NUM_PROGRAMS, BATCH))
def test_programs_mean_the_same_everywhere(start: int) -> None:
    for seed in range(start, start + BATCH):
        program = generate(seed, largest=SMALL)
        found = failing(program, devices())
        if found is not None:
            pytest.fail(describe(seed, *found, devices(), SHRINK_SECONDS))


def test_a_seed_always_gives_the_same_program() -> None:
    assert generate(7).source() == generate(7).source() != generate(8).source()


def test_smaller_programs_are_smaller() -> None:
    program = generate(3)
    sizes = [len(size_of(candidate)) for candidate in smaller(program)]
    assert len(sizes) > 10 and min(sizes) < len(size_of(program)) * 0.7


def size_of(program: Program) -> str:
    return program.source()


def test_what_fits_a_domain() -> None:
    assert whole(0, 5).fits(whole(-9, 9)) and not whole(0, 10).fits(whole(-9, 9))
    assert whole(-9, 9).fits(exact(16, 0.5)) and not exact(16, 0.25).fits(exact(16, 0.5))
    assert not Domain("float", 0, 1, error=1e-6).fits(exact(16, 0.5))


def test_every_feature_is_used() -> None:
    marks = {
        "lists": "= [",
        "matrices": "mat",
        "tuples": " in (",
        "records": "[(",
        "loop_else": "else:",
        "divmod": "divmod(",
        "outputs": "return (",
        "vectors": "gk.vec",
        "uint": "np.uint32(",
        "captures": "= np.array(",
        "nested": "def inner_",
        "lambda": "lambda",
        "iteration": "enumerate(",
        "debug": "debug=True",
        "dtype": "dtype=",
        "boundary": "boundary=",
        "random": "gk.rand",
        "large": "(1000,)",
        "vectorize": "gk.vectorize(",
        "places": "def place_",
        "sums": "sum_",
    }
    programs = [generate(seed) for seed in range(100)]
    text = "".join(f"{program.source()} {program.grid}" for program in programs)
    assert set(marks) == FEATURES and all(mark in text for mark in marks.values())
