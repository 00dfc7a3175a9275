"""What cannot be differentiated is refused by name, with its line and a caret."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.adjoint import adjoint
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from tests.adjoints.checking import grid_of

A = np.ones(5, np.float32)
INTS = np.arange(5, dtype=np.int32)
TABLE = np.ones((5, 5), np.float32)


def refusal(made: gk.Kernel, argument: str, *args: Any) -> list[str]:
    """Return the lines of the error that an adjoint is refused with."""
    grid = grid_of(made, dict(zip(made._signature.names, args)))
    with pytest.raises(KernelTypeError) as caught, gk.device("cpu"):
        adjoint(made, argument)(np.ones(grid, np.float32), *args)
    return str(caught.value).split("\n")


def check_refusal(
    made: gk.Kernel, args: tuple[Any, ...], reason: str, marked: str, argument: str = "a"
) -> None:
    """Check the words of a refusal, and what its carets are under."""
    message, source, carets, hint = refusal(made, argument, *args)
    name = made.__name__
    wanted = f"error: `{name}` cannot be differentiated with respect to `{argument}`: {reason}"
    assert message.endswith(wanted)
    assert source[carets.index("^") : carets.rindex("^") + 1] == marked
    assert hint == f"hint: write the derivative yourself, in a function decorated with @{name}.vjp"


# ---------------------------------------------------------------- indices


@kernel
def gather(a, order):
    return a[order[index()]]


@kernel(shape=lambda a: (3, 3))
def product(a):
    i, j = index()
    return a[i * j]


@kernel(shape=lambda a: (3, 3))
def quotient(a):
    i, j = index()
    return a[i // (j + 1)]


@kernel(shape=lambda a: (3, 3))
def remainder(a):
    i, j = index()
    return a[i % 3 + j]


@kernel
def counted(a):
    i = index()
    place = 0
    for k in range(i):
        place += k
    return a[place]


@kernel
def by_value(a):
    return a[int(a[index()])]


@kernel(shape=lambda a: (4, 4))
def shifted(a):
    i, j = index()
    return a[i << j]


INDICES = [
    (gather, (A, INTS), "its index is data, read from an array", "order[index()]"),
    (product, (A,), "its index is a product of two variables", "i * j"),
    (
        quotient,
        (A,),
        "its index uses `//`, which cannot be solved for the iteration",
        "i // (j + 1)",
    ),
    (remainder, (A,), "a remainder is combined with other variables", "i % 3"),
    (counted, (A,), "its index is counted in a loop", "place += k"),
    (by_value, (A,), "its index is converted from float", "int(a[index()])"),
    (shifted, (A,), "its index uses `<<`, which cannot be solved for the iteration", "i << j"),
]


@pytest.mark.parametrize(("made", "args", "reason", "marked"), INDICES)
def test_indices(made: Any, args: tuple[Any, ...], reason: str, marked: str) -> None:
    check_refusal(made, args, reason, marked)


# ---------------------------------------------------------------- loops


@kernel
def recurrence(a):
    i = index()
    total = 0.0
    for k in range(i):
        total = total * 0.5 + a[k]
    return total


@kernel
def largest(a):
    best = a[0]
    for k in range(len(a)):
        best = max(best, a[k])
    return best


@kernel
def running(a):
    total, sums = 0.0, 0.0
    for k in range(index()):
        total += a[k]
        sums += total
    return sums


@kernel
def last(a):
    value = 0.0
    for k in range(index()):
        value = a[k]
    return value


@kernel
def until(a):
    total, k = 0.0, 0
    while k < index():
        total += a[k]
        k += 1
    return total


@kernel
def stopping(a):
    total = 0.0
    for k in range(len(a)):
        if a[k] > 3.0:
            break
        total += a[k]
    return total


@kernel
def leaving(a):
    for k in range(len(a)):
        if a[k] > 3.0:
            return a[k]
    return 0.0


@kernel
def listed(a):
    values = [0.0] * 3
    for k in range(len(a)):
        values[k % 3] = a[k]
    return values[0]


@kernel
def chained(a):
    total, step = 0.0, 1.0
    for k in range(index()):
        step = total + 1.0
        total = a[k] + step * step
    return step


LOOPS = [
    (
        chained,
        "each iteration computes `step` from what those before have left",
        "total + 1.0",
    ),
    (
        recurrence,
        "`total` is no sum: each iteration needs its value from the one before",
        "total * 0.5 + a[k]",
    ),
    (
        largest,
        "`best` is no sum: each iteration needs its value from the one before",
        "max(best, a[k])",
    ),
    (running, "each iteration adds to `sums` what follows from those before", "sums += total"),
    (last, "`value` is used after the loop with its value of the last iteration", "a[k]"),
    (until, "`while` loops have no formula that could be inverted", "while k < index():"),
    (
        stopping,
        "a loop that ends early has no formula that could be inverted",
        "for k in range(len(a)):",
    ),
    (leaving, "a `return` inside a loop cannot be inverted", "return a[k]"),
    (
        listed,
        "the list `values` is only known inside an iteration of this loop",
        "for k in range(len(a)):",
    ),
]


@pytest.mark.parametrize(("made", "reason", "marked"), LOOPS)
def test_loops(made: Any, reason: str, marked: str) -> None:
    check_refusal(made, (A,), reason, marked)


# ---------------------------------------------------------------- everything else


@kernel
def special(a):
    return gk_gamma(a[index()])


gk_gamma = __import__("math").gamma


@kernel
def noisy(a):
    return a[index()] + gk.random()


@kernel
def counts(a):
    return 1 if a[index()] > 0.0 else 0


@kernel
def scaled(a, n, v):
    return a[index()] * n * v[0]


def test_what_has_no_derivative() -> None:
    check_refusal(special, (A,), "`gamma` has no derivative", "gk_gamma(a[index()])")
    reason = "it draws random numbers, which another launch would draw anew"
    check_refusal(noisy, (A,), reason, "noisy")
    check_refusal(counts, (A,), "the results are ints, not floats", "counts")
    values = (A, 3, (1.0, 2.0))
    check_refusal(scaled, values, "its values are ints, not floats", "scaled", "n")
    check_refusal(scaled, values, "it is a vec2, not a number or an array", "scaled", "v")
    check_refusal(scaled, (INTS, 1, (1.0, 2.0)), "its values are ints, not floats", "scaled")


def message_of(g: Any, *args: Any, made: Any = scaled, **keywords: Any) -> str:
    with pytest.raises(KernelError) as caught, gk.device("cpu"):
        adjoint(made, "a")(g, *args, **keywords)
    return str(caught.value)


def test_wrong_cotangents() -> None:
    given = (A, 2.0, (1.0, 2.0))
    assert "g has shape (4,), but `scaled` fills shape (5,)" in message_of(A[:4], *given)
    assert "give shape= as in the launch, if it had one" in message_of(A[:4], *given)
    assert "g has dtype int32, but a cotangent is an array of floats" in message_of(INTS, *given)
    assert "g is 2 arrays, but `scaled` fills 1 array" in message_of((A, A), *given)
    with pytest.raises(KernelShapeError), gk.device("cpu"):
        adjoint(scaled, "a")(A, *given, shape=(7,))


def test_wrong_arguments_of_adjoint() -> None:
    with pytest.raises(KernelTypeError, match="`scaled` has no argument `b`"):
        adjoint(scaled, "b")
    with pytest.raises(KernelTypeError, match="adjoint needs a kernel, not a function"):
        adjoint(message_of, "a")  # type: ignore[arg-type]
    with pytest.raises(KernelTypeError, match="`scaled` takes 3 arguments but 1 were given"):
        adjoint(scaled, "a")(A, A)


def test_a_refusal_for_one_argument_leaves_the_others() -> None:
    @kernel
    def looked_up(a, order, scale):
        return a[order[index()]] * scale[index()]

    with gk.device("cpu"):
        found = adjoint(looked_up, "scale")(A, 2.0 * A, INTS, A)
        assert found.tolist() == [2.0] * 5
        with pytest.raises(KernelTypeError):
            adjoint(looked_up, "a")(A, A, INTS, A)
