"""Random programs of tensor operations, which run with NumPy in float64 and with `gpukernel.nn`.

`generate` gives a program from a seed: leaves of many ranks, and steps that mix elementwise
operations (fused in chains) with folds, products and views.  Numbers stay below a hundred, floats
are never compared, and no step is discontinuous, so that single precision gives the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpukernel import nn

Random = np.random.Generator
Function = Callable[..., Any]
LARGEST = 60.0  # a result beyond it is brought back by a sine


@dataclass
class Step:
    """One operation: with ``nn`` and with NumPy, on the results of earlier places."""

    text: str
    tensors: Function
    arrays: Function
    places: tuple[int, ...]


@dataclass
class Program:
    """Leaves first, then steps; every place is one result."""

    leaves: list[np.ndarray]
    steps: list[Step] = field(default_factory=list)

    def arrays(self, leaves: list[np.ndarray]) -> list[np.ndarray]:
        """Return all results, by NumPy in float64."""
        found = [np.asarray(x, np.float64 if x.dtype.kind == "f" else x.dtype) for x in leaves]
        for step in self.steps:
            found.append(_narrowed(step.arrays(*[found[p] for p in step.places])))
        return found

    def tensors(self, leaves: list[nn.Tensor]) -> list[nn.Tensor]:
        """Return all results, still to be computed where operations wait."""
        found = list(leaves)
        for step in self.steps:
            found.append(step.tensors(*[found[p] for p in step.places]))
        return found

    def text(self) -> str:
        """Return the program for a reader."""
        lines = [f"{p}: leaf {x.shape} {x.dtype}" for p, x in enumerate(self.leaves)]
        first = len(lines)
        lines += [f"{first + p}: {s.text} of {s.places}" for p, s in enumerate(self.steps)]
        return "\n".join(lines)


def _narrowed(x: Any) -> np.ndarray:
    """Return a NumPy result with the dtypes of tensors, but 64-bit floats."""
    values = np.asarray(x)
    return values.astype(np.int32) if values.dtype.kind in "iu" else values


def _leaf(random: Random, shape: tuple[int, ...]) -> np.ndarray:
    kind = random.choice(["float", "float", "float", "int", "bool"])
    if kind == "float":
        return random.uniform(-2, 2, shape).astype(np.float32)
    if kind == "int":
        return random.integers(-5, 6, shape).astype(np.int32)
    return np.asarray(random.integers(0, 2, shape) > 0)


def _smaller(random: Random, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape that broadcasts to ``shape``."""
    if len(shape) > 4:
        merged = len(shape) - 3
        tail = tuple([1 if random.random() < 0.3 else n for n in shape[merged:]])
        return (shape[:merged] if random.random() < 0.7 else (1,) * merged) + tail
    cut = int(random.integers(0, len(shape) + 1)) if random.random() < 0.4 else 0
    return tuple([1 if random.random() < 0.3 else n for n in shape[cut:]])


# ---------------------------------------------------------------- kinds of steps

UNARY: dict[str, tuple[Function, Function]] = {
    "sin": (nn.sin, np.sin),
    "tanh": (nn.tanh, np.tanh),
    "neg": (nn.neg, np.negative),
    "abs": (nn.abs, np.abs),
    "relu": (nn.relu, lambda x: np.maximum(x, 0.0)),
    "sigmoid": (nn.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "gauss": (lambda x: nn.exp(-x * x), lambda x: np.exp(-x * x)),
    "softly": (lambda x: (x * x + 1).sqrt() - 1, lambda x: np.sqrt(x * x + 1) - 1),
}
BINARY: dict[str, tuple[Function, Function]] = {
    "add": (nn.add, np.add),
    "sub": (nn.sub, np.subtract),
    "mul": (nn.mul, np.multiply),
    "maximum": (nn.maximum, np.maximum),
    "minimum": (nn.minimum, np.minimum),
    "ratio": (lambda x, y: x / (y * y + 1.5), lambda x, y: x / (y * y + 1.5)),
}
INTS: dict[str, tuple[Function, Function]] = {
    "less": (nn.less, np.less),
    "equal": (nn.equal, np.equal),
    "greater_equal": (nn.greater_equal, np.greater_equal),
    "floordiv": (lambda x, y: x // (y * y + 1), lambda x, y: x // (y * y + 1)),
    "mod": (lambda x, y: x % (y * y + 2), lambda x, y: x % (y * y + 2)),
}
NUMBERS = (0.5, -1.25, -0.0, 2, 1, -3, True, np.float32(0.75), np.int64(2), 0.125, 3.0)


def _is_float(x: np.ndarray) -> bool:
    return x.dtype.kind == "f"


def _plain(x: np.ndarray) -> np.ndarray:
    """Return bools as the ints that tensors make of them."""
    return x.astype(np.int32) if x.dtype.kind == "b" else x


def _on_plain(f: Function) -> Function:
    return lambda *xs: f(*[_plain(x) if isinstance(x, np.ndarray) else x for x in xs])


def _unary(random: Random, found: list[np.ndarray], place: int) -> Step:
    name = str(random.choice(list(UNARY)))
    tensors, arrays = UNARY[name]
    return Step(name, tensors, _on_plain(arrays), (place,))


def _number(random: Random, found: list[np.ndarray], place: int) -> Step:
    name = str(random.choice(["add", "sub", "mul", "maximum", "minimum"]))
    tensors, arrays = BINARY[name]
    c = NUMBERS[int(random.integers(len(NUMBERS)))]
    plain = int(c) if isinstance(c, (bool, np.integer)) else c
    plain = float(c) if isinstance(c, np.floating) else plain
    if random.random() < 0.5:
        given = _on_plain(lambda x: arrays(plain, x))
        return Step(f"{name}({c!r}, _)", lambda x: tensors(c, x), given, (place,))
    given = _on_plain(lambda x: arrays(x, plain))
    return Step(f"{name}(_, {c!r})", lambda x: tensors(x, c), given, (place,))


def _partner(random: Random, found: list[np.ndarray], place: int) -> int:
    """Return another place whose result broadcasts with that of ``place``."""
    shape = found[place].shape
    able = []
    for other, x in enumerate(found):
        try:
            whole = np.broadcast_shapes(shape, x.shape)
        except ValueError:
            continue
        if math.prod(whole) <= 4000 and len(whole) <= 6 and _folds(shape, x.shape, whole):
            able.append(other)
    return int(random.choice(able[-12:] if random.random() < 0.7 else able))


def _folds(a: tuple[int, ...], b: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether leading axes that one stored axis holds are repeated all or not at all."""
    merged = len(whole) - 3
    if merged < 2:
        return True
    padded = [(1,) * (len(whole) - len(s)) + s for s in (a, b)]
    return all(p[:merged] in (whole[:merged], (1,) * merged) for p in padded)


def _binary(random: Random, found: list[np.ndarray], place: int) -> Step:
    name = str(random.choice(list(BINARY)))
    tensors, arrays = BINARY[name]
    places = (place, _partner(random, found, place))
    if random.random() < 0.5:
        places = (places[1], places[0])
    return Step(name, tensors, _on_plain(arrays), places)


def _of_ints(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    other = _partner(random, found, place)
    if _is_float(found[place]) or _is_float(found[other]):
        return None
    name = str(random.choice(list(INTS)))
    tensors, arrays = INTS[name]
    return Step(name, tensors, _on_plain(arrays), (place, other))


def _choice(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    conditions = [p for p, x in enumerate(found) if x.dtype.kind == "b"]
    other = _partner(random, found, place)
    if not conditions:
        return None
    condition = int(random.choice(conditions))
    try:
        shape = np.broadcast_shapes(*[found[p].shape for p in (condition, place, other)])
    except ValueError:
        return None
    three = [found[p].shape for p in (condition, place, other)]
    if len(shape) > 4 and not all(_folds(s, s, shape) for s in three):
        return None

    def where(c: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.where(c, _plain(x), _plain(y)) if x.dtype != y.dtype else np.where(c, x, y)

    return Step("where", nn.where, where, (condition, place, other))


def _fold(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    x = found[place]
    if x.ndim == 0:
        return None
    count = int(random.integers(1, x.ndim + 1)) if x.ndim < 5 else 1
    axes = tuple(sorted(int(a) for a in random.choice(x.ndim, count, replace=False)))
    keeps = bool(random.random() < 0.6)
    name = str(random.choice(["sum", "mean", "max", "min"]))
    tensors, arrays = getattr(nn, name), getattr(np, name)

    def folded(a: np.ndarray) -> Any:
        return arrays(a, axis=axes, keepdims=keeps)

    return Step(
        f"{name} over {axes}{' kept' * keeps}",
        lambda t: tensors(t, axis=axes, keepdims=keeps),
        folded if name in ("max", "min") else _on_plain(folded),
        (place,),
    )


def _product(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    x = found[place]
    if x.ndim != 2 or not _is_float(x):
        return None
    others = [
        p for p, y in enumerate(found) if y.ndim == 2 and _is_float(y) and x.shape[1] in y.shape
    ]
    if not others:
        return None
    other = int(random.choice(others))
    turned = found[other].shape[0] != x.shape[1]
    return Step(
        f"matmul{' turned' * turned}",
        lambda a, b: nn.matmul(a, b, transpose_b=turned),
        lambda a, b: a @ (b.T if turned else b),
        (place, other),
    )


def _view(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    x = found[place]
    if x.ndim == 0 or x.ndim > 4:
        return None
    kind = random.choice(["transpose", "reshape", "slice", "flip", "new"])
    if kind == "transpose":
        axes = tuple(int(a) for a in random.permutation(x.ndim))
        return Step(
            f"transpose {axes}", lambda t: t.transpose(axes), lambda a: a.transpose(axes), (place,)
        )
    if kind == "reshape":
        shape = (-1,) if random.random() < 0.5 else (*x.shape[1:], x.shape[0])
        return Step(
            f"reshape {shape}", lambda t: t.reshape(shape), lambda a: a.reshape(shape), (place,)
        )
    if kind == "new":
        if x.ndim == 4:
            return None
        axis = int(random.integers(0, x.ndim + 1))
        return Step(
            f"expand {axis}",
            lambda t: nn.expand_dims(t, axis),
            lambda a: np.expand_dims(a, axis),
            (place,),
        )
    key: Any = (slice(None, None, -1),)
    if kind == "slice":
        key = tuple(slice(0, max(1, n - int(random.integers(0, 2)))) for n in x.shape)
    return Step(f"getitem {key}", lambda t: t[key], lambda a: a[key], (place,))


def _join(random: Random, found: list[np.ndarray], place: int) -> Step | None:
    x = found[place]
    same = [p for p, y in enumerate(found) if y.shape == x.shape and y.dtype == x.dtype]
    if x.ndim in (0, 4, 5, 6) or x.size > 1000:
        return None
    axis = int(random.integers(0, x.ndim))
    other = int(random.choice(same))
    name = "stack" if random.random() < 0.4 else "concat"
    of_tensors = nn.stack if name == "stack" else nn.concat
    of_arrays = np.stack if name == "stack" else np.concatenate
    return Step(
        f"{name} {axis}",
        lambda *t: of_tensors(list(t), axis),
        lambda *a: of_arrays(a, axis),
        (place, other),
    )


KINDS: tuple[tuple[Function, float], ...] = (
    (_unary, 5),
    (_number, 4),
    (_binary, 8),
    (_of_ints, 2),
    (_choice, 1.5),
    (_fold, 1.5),
    (_product, 1.5),
    (_view, 1.5),
    (_join, 1),
)
_WEIGHTS = np.array([weight for _, weight in KINDS])


def generate(seed: int, length: int) -> Program:
    """Return a random program of so many steps."""
    random = np.random.default_rng(seed)
    rank = int(random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6]))
    sizes = [1, 2, 3, 4] if rank > 3 else [1, 2, 3, 4, 5, 7]
    shape = tuple(int(n) for n in random.choice(sizes, rank))
    shapes = [shape, shape, *[_smaller(random, shape) for _ in range(int(random.integers(1, 6)))]]
    program = Program([_leaf(random, s) for s in shapes])
    program.leaves[0] = random.uniform(-2, 2, shape).astype(np.float32)
    found = program.arrays(program.leaves)
    while len(program.steps) < length:
        place = _chosen(random, len(found))
        make = KINDS[int(random.choice(len(KINDS), p=_WEIGHTS / _WEIGHTS.sum()))][0]
        step = make(random, found, place)
        if step is None:
            continue
        values = _narrowed(step.arrays(*[found[p] for p in step.places]))
        if values.size and np.abs(values.astype(np.float64)).max() > LARGEST:
            if not _is_float(values):
                continue
            step = _calmed(step)
            values = np.sin(values)
        program.steps.append(step)
        found.append(values)
    return program


def _chosen(random: Random, count: int) -> int:
    """Return a place, mostly one of the last."""
    if random.random() < 0.7:
        return int(random.integers(max(0, count - 4), count))
    return int(random.integers(0, count))


def _calmed(step: Step) -> Step:
    return Step(
        f"sin {step.text}",
        lambda *t: nn.sin(step.tensors(*t)),
        lambda *a: np.sin(step.arrays(*a)),
        step.places,
    )
