"""Bounds that are proven at a launch: where they must be, and never where a read is outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.ir import nodes
from gpukernel.passes.ranges import find_bounds
from gpukernel.runtime.interpreter import Interpreter
from tests.interpreter.programs import (
    I,
    J,
    assign,
    extent,
    give,
    load,
    loop,
    op,
    program,
    select,
    uniform,
    var,
    when,
)
from tests.passes.running import prepare

A = np.ones((8, 9), np.float32)
B = np.ones((9, 7), np.float32)


def proven(function: Any, *arguments: Any, shape: tuple[int, ...] | None = None) -> set[str]:
    made = prepare(function, *arguments, shape=shape)
    return set(find_bounds(made.program).proven(made.grid, made.shapes, made.ints))


def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def test_sizes_of_a_launch_decide():
    bounds = find_bounds(prepare(matmul, A, B, shape=(8, 7)).program)
    fits = {"a": (8, 9), "b": (9, 7)}
    assert bounds.scalars == ()
    assert bounds.proven((8, 7), fits, {}) == {"a", "b"}
    assert bounds.proven((8, 8), fits, {}) == {"a"}
    assert bounds.proven((9, 7), fits, {}) == {"b"}
    assert bounds.proven((8, 7), {"a": (8, 10), "b": (9, 7)}, {}) == {"a"}
    assert bounds.proven((0, 7), fits, {}) == {"a", "b"}
    assert bounds.proven((9, 9), {"a": (1, 0), "b": (1, 1)}, {}) == {"a", "b"}  # no iteration


def shifted(a, by):
    i = index()
    return a[i + by]


def test_scalars_of_a_launch_decide():
    bounds = find_bounds(prepare(shifted, A[0], 1).program)
    assert bounds.scalars == ("by",)
    assert bounds.proven((8,), {"a": (9,)}, {"by": 1}) == {"a"}
    assert bounds.proven((8,), {"a": (9,)}, {"by": -1}) == set()
    assert bounds.proven((8,), {"a": (9,)}, {"by": 2**31 - 1}) == set()


@pytest.mark.parametrize(
    ("by", "reach"),
    [(1, "inside"), (9, "near"), (10, "anywhere"), (-8, "near"), (-9, "anywhere"), (0, "inside")],
)
def test_how_far_reads_reach(by, reach):
    bounds = find_bounds(prepare(shifted, A[0], 1).program)
    assert bounds.reach((8,), {"a": (9,)}, {"by": by}) == {"a": [reach]}
    assert bounds.reach((0,), {"a": (9,)}, {"by": by}) == {"a": ["inside"]}


def heat(u, rate):
    i, j = index()
    if i == 0 or j == 0 or i == u.shape[0] - 1 or j == u.shape[1] - 1:
        return u[i, j]
    return u[i, j] + rate * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j])


def filtered(u, w):
    i, j = index()
    total = 0.0
    for r in range(w.shape[0]):
        for c in range(w.shape[1]):
            y = i + r - w.shape[0] // 2
            x = j + c - w.shape[1] // 2
            if 0 <= y < u.shape[0] and 0 <= x < u.shape[1]:
                total += u[y, x] * w[r, c]
    return total


def wrapped(u):
    i, j = index()
    n, m = u.shape
    return u[(i - 1) % n, j] + u[i, (j + 1) % m] + u[-1 + n, 0]


def clamped(u, k):
    i, j = index()
    y = min(max(i + k, 0), u.shape[0] - 1)
    return u[y, gk.clamp(j - k, 0, u.shape[1] - 1)]


def at(u, i, j):
    if i < 0 or i >= u.shape[0] or j < 0 or j >= u.shape[1]:
        return 0.0
    return u[i, j]


def through_function(u):
    i, j = index()
    return at(u, i - 1, j) + at(u, i, j + 1)


def chosen(u):
    i, j = index()
    left = u[i, j - 1] if j > 0 else 0.0
    return left + (u[i + 1, j] if i + 1 < u.shape[0] and u[i + 1, 0] > 0 else 0.0)


def early(u):
    i, j = index()
    total = 0.0
    for k in range(-2, 3):
        if not (0 <= j + k < u.shape[1]):
            continue
        total += u[i, j + k]
    return total


def twice(u):
    i, j = index()
    total = 0.0
    for k in range(2):
        total += u[i, k]
    for k in range(u.shape[0]):
        total += u[k, j]
    return total


def downwards(u):
    i, j = index()
    total = 0.0
    for k in range(u.shape[0] - 1, -1, -2):
        total += u[k, j]
    return total


def table(u, codes, lut):
    i, j = index()
    return lut[codes[i, j]] + u[i, j]


@pytest.mark.parametrize(
    "function", [wrapped, clamped, through_function, chosen, early, twice, downwards, heat]
)
def test_all_reads_are_inside(function):
    extra = {clamped: (3,), heat: (0.1,)}.get(function, ())
    assert proven(function, A, *extra) == {"u"}


def test_all_reads_of_several_arrays_are_inside():
    assert proven(filtered, A, np.ones((3, 5))) == {"u", "w"}
    codes = np.zeros(A.shape, np.uint8)
    assert proven(table, A, codes, np.zeros(256)) == {"u", "codes", "lut"}
    assert proven(table, A, codes, np.zeros(255)) == {"u", "codes"}


def reassigned(u):
    i, j = index()
    if i > 0:
        i = i - 2
        return u[i, j]
    return 0.0


def counted(u):
    i, j = index()
    k = 0
    while k < 3:
        k += 1
    return u[i, k] + u[i, j]


def other_condition(u):
    i, j = index()
    if i > 0 or j > 0:
        return u[i - 1, j]
    return u[i, j]


def overflowing(u):
    i, j = index()
    if i + 2147483647 > 0:
        return u[i, j]
    return u[i - 1, j]


def changing_bound(u, m):
    i, j = index()
    total = 0.0
    for k in range(m):
        if k < u.shape[0]:
            for r in range(2):
                total += u[k + r, j]
    return total


@pytest.mark.parametrize("function", [reassigned, counted, other_condition, overflowing])
def test_what_may_be_outside_is_not_proven(function):
    assert proven(function, A) == set()


def test_a_loop_goes_past_the_end():
    assert proven(changing_bound, A, 20) == set()


def test_a_read_in_another_function_counts():
    assert proven(lambda u: at(u, index()[0], index()[1]) + u[index()[0] + 1, 0], A) == set()


# ---------------------------------------------------------------- random programs


class Maker:
    """Makes kernels that add up what they read at random affine indices."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.names = ["n"]

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def leaf(self) -> Any:
        leaves = [I, J, uniform("s"), extent("a", 0), extent("a", 1), *map(var, self.names)]
        return (
            leaves[self.integer(0, len(leaves) - 1)] if self.integer(0, 3) else self.integer(0, 3)
        )

    def expression(self, depth: int) -> Any:
        if depth == 0:
            return self.leaf()
        symbol = ["+", "-", "+", "-", "*", "//", "%", "%", "min"][self.integer(0, 8)]
        left, right = self.expression(depth - 1), self.expression(depth - 1)
        if symbol in ("//", "%") and self.integer(0, 3):
            right = [extent("a", 0), extent("a", 1), self.integer(1, 4)][self.integer(0, 2)]
        if symbol == "min":
            return select(op("<", left, right), op("+", left, 0), op("+", right, 0))
        return op(symbol, left, right)

    def condition(self) -> Any:
        symbol = ["<", "<=", ">", ">=", "==", "!="][self.integer(0, 5)]
        return op(symbol, self.expression(self.integer(0, 1)), self.expression(self.integer(0, 1)))

    def read(self) -> nodes.Stmt:
        indices = [self.expression(self.integer(0, 1)) for _ in range(2)]
        return assign("total", op("+", var("total", load("a", 0, 0).type), load("a", *indices)))

    def block(self, depth: int) -> list[nodes.Stmt]:
        made: list[nodes.Stmt] = []
        for _ in range(self.integer(1, 2)):
            kind = self.integer(0, 5) if depth else 0
            if kind <= 1:
                made.append(self.read())
            elif kind == 2:
                made.append(assign("n", self.expression(self.integer(0, 2))))
            elif kind == 3:
                made.append(when(self.condition(), self.block(depth - 1), self.block(depth - 1)))
            else:
                made.append(self.loop(depth))
        return made

    def loop(self, depth: int) -> nodes.Stmt:
        name = ["k", "m"][self.integer(0, 1)]
        bound = [self.integer(0, 5), extent("a", 0), I, uniform("s")][self.integer(0, 3)]
        start, step = self.integer(-1, 1), [1, 1, 2, -1][self.integer(0, 3)]
        first, end = (start, bound) if step > 0 else (bound, start)
        known = list(self.names)
        self.names += [] if name in known else [name]
        body = self.block(depth - 1)
        self.names = known
        return loop(name, first, end, step, *body)


def sums(made: nodes.Program, values: np.ndarray, scalar: int) -> np.ndarray:
    filled = [np.empty((4, 5), np.float32)]
    Interpreter(made).run([values], [scalar], (4, 5), filled)
    return filled[0]


def test_no_read_of_a_proven_array_is_outside():
    """Every element is 1, and outside there are zeros, which the sum would show."""
    num_proven = 0
    for seed in range(600):
        maker = Maker(seed)
        body = (assign("total", 0.0), assign("n", 1), *maker.block(3), maker.read())
        values = np.ones((maker.integer(3, 8), maker.integer(3, 8)), np.float32)
        scalar = maker.integer(-2, 6)
        made = program(
            2,
            [nodes.Output("float32")],
            *body,
            give(var("total", load("a", 0, 0).type)),
            arrays={"a": values},
            uniforms={"s": scalar},
        )
        if not find_bounds(made).proven((4, 5), {"a": values.shape}, {"s": scalar}):
            continue
        num_proven += 1
        inside = replace(made, arrays=(replace(made.arrays[0], boundary="clamp"),))
        np.testing.assert_array_equal(sums(made, values, scalar), sums(inside, values, scalar))
    assert num_proven >= 60
