"""Indices that are sums over the grid index: every array and launch is read as NumPy reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.ir.nodes import Expr, Output
from gpukernel.lang.types import INT
from gpukernel.runtime.interpreter import Interpreter
from gpukernel.runtime.interpreter_indices import find_sums
from gpukernel.runtime.interpreter_windows import Bordered, Cell, Line, Window, find_reader
from tests.interpreter.programs import (
    SPAN,
    I,
    J,
    assign,
    extent,
    give,
    load,
    loop,
    op,
    program,
    run,
    uniform,
    var,
)
from tests.interpreter.test_boundaries import mapped

GRIDS = {1: (11,), 2: (7, 9), 3: (3, 5, 4), 4: (2, 3, 4, 3)}
SIZES = {1: (13,), 2: (6, 11), 3: (5, 4, 7), 4: (3, 4, 2, 5)}


def index(axis: int) -> nodes.GridIndex:
    return nodes.GridIndex(axis, INT, SPAN)


def expected(array: np.ndarray, where: Sequence[np.ndarray], boundary: str) -> np.ndarray:
    """Return what NumPy reads at int64 indices, one an axis."""
    valid = np.ones(np.broadcast_shapes(*(w.shape for w in where)), bool)
    places = []
    for place, size in zip(where, array.shape):
        inside = (place >= 0) & (place < size)
        if boundary == "zero":
            valid &= inside
            places.append(np.where(inside, place, 0))
        else:
            places.append(mapped(place, size, boundary))
    return np.where(valid, array[tuple(places)], 0)


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
@pytest.mark.parametrize("array_rank", SIZES)
@pytest.mark.parametrize("grid_rank", GRIDS)
def test_sums_of_any_rank(boundary, array_rank, grid_rank):
    """Random multiples of the grid index, of one axis or several, offsets, and negative steps."""
    rng = np.random.default_rng(array_rank * 10 + grid_rank)
    array = rng.integers(1, 1000, SIZES[array_rank]).astype(np.int32)
    grid = GRIDS[grid_rank]
    positions = np.indices(grid)
    for turn in range(12):
        indices: list[Expr] = []
        where = []
        for _ in range(array_rank):
            steps = rng.integers(-2, 3, grid_rank) * (
                rng.random(grid_rank) < 0.6 - 0.3 * (turn % 2)
            )
            offset = int(rng.integers(-4, 9))
            whole: Any = offset
            for axis, step in enumerate(steps):
                whole = op("+", op("*", int(step), index(axis)), whole) if step else whole
            indices.append(whole)
            where.append(offset + np.tensordot(steps, positions, 1))
        got = run(
            grid, INT, give(load("a", *indices, kind=INT)),
            arrays={"a": array}, boundaries={"a": boundary},
        )  # fmt: skip
        np.testing.assert_array_equal(got, expected(array, where, boundary))


def scaled() -> nodes.Load:
    """Return a read whose steps and offsets are launch scalars and sizes."""
    row = op("+", op("*", I, uniform("step")), uniform("offset"))
    column = op("-", op("-", extent("a", 1), 1), op("*", op("+", J, 2), uniform("step")))
    return load("a", row, column, kind=INT)


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
def test_what_is_known_of_a_launch_does_not_spoil_the_next(boundary):
    """One interpreter, and other scalars, sizes, grids and contents each time."""
    array = np.zeros((1, 1), np.int32)
    made = program(
        2, [Output("int32")], give(scaled()),
        arrays={"a": array}, boundaries={"a": boundary}, uniforms={"step": 1, "offset": 0},
    )  # fmt: skip
    interpreter = Interpreter(made)
    rng = np.random.default_rng(5)
    for _ in range(150):
        array = rng.integers(1, 1000, (int(rng.integers(3, 6)), 8)).astype(np.int32)
        grid = (int(rng.integers(1, 4)), int(rng.integers(1, 9)))
        step, offset = int(rng.integers(-2, 3)), int(rng.integers(-2, 4))
        out = np.empty(grid, np.int32)
        interpreter.run([array], [step, offset], grid, [out])
        i, j = np.indices(grid)
        where = i * step + offset, array.shape[1] - 1 - (j + 2) * step
        np.testing.assert_array_equal(out, expected(array, where, boundary))


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
@pytest.mark.parametrize("shape", [(9, 8), (70, 130)])
def test_a_stencil_whose_offsets_are_counters(boundary, shape):
    array = np.random.default_rng(2).integers(-99, 99, shape).astype(np.int32)
    m, n, t = var("m"), var("n"), var("t")
    value = load("a", m, op("-", op("+", J, n), 1), kind=INT)
    body = [
        assign("t", 0),
        loop("m", op("+", I, 1), op("-", I, 3), -1,
             loop("n", 0, 3, 1, assign("t", op("+", op("*", t, 3), value)))),
    ]  # fmt: skip
    got = run(shape, INT, *body, give(t), arrays={"a": array}, boundaries={"a": boundary})
    i, j = np.indices(shape)
    exact = np.zeros(shape, np.int32)
    for down in (1, 0, -1, -2):
        for right in (-1, 0, 1):
            exact = exact * 3 + expected(array, (i + down, j + right), boundary)
    np.testing.assert_array_equal(got, exact.astype(np.int32))


def test_a_counter_that_starts_at_the_cell_is_read_after_the_loop():
    """Its value is that of the last iteration, though the body reads it as a sum."""
    k, t = var("k"), var("t")
    body = [
        assign("k", -1),
        assign("t", 0),
        loop("k", I, op("+", I, op("%", I, 3)), 1, assign("t", op("+", t, k))),
        give(op("+", op("*", t, 100), k)),
    ]
    got = run((9,), INT, *body)
    exact = []
    for i in range(9):
        done = range(i, i + i % 3)
        exact.append(sum(done) * 100 + (done[-1] if done else -1))
    assert got.tolist() == exact


def test_loops_that_share_a_counter_inside_each_other():
    k, t = var("k"), var("t")
    inner = loop("k", op("*", I, 2), op("+", op("*", I, 2), 2), 1, assign("t", op("+", t, k)))
    body = [assign("t", 0), loop("k", I, op("+", I, 3), 1, inner, assign("t", op("+", t, k)))]
    got = run((6,), INT, *body, give(t))
    assert got.tolist() == [3 * (4 * i + 1) + 3 * (2 * i + 1) for i in range(6)]


def test_readers():
    array = np.arange(30, dtype=np.int16).reshape(5, 6)
    rows, columns = Line(1, ((-2, 1),)), Line(5, ((-1, -2),))
    inside = find_reader(array, [rows, columns], (3, 2), "zero")
    assert isinstance(inside, Window)
    np.testing.assert_array_equal(inside.read(array), array[1:4, 5:2:-2])
    assert np.shares_memory(inside.read(array), array)
    diagonal = find_reader(array, [Line(0, ((-1, 1),)), Line(1, ((-1, 1),))], (5,), "zero")
    assert diagonal is not None
    np.testing.assert_array_equal(diagonal.read(array), np.diagonal(array, 1))
    beside = find_reader(array, [Line(-1, ((-2, 1),)), columns], (3, 2), "clamp")
    assert isinstance(beside, Bordered)
    np.testing.assert_array_equal(beside.read(array), array[[0, 0, 1]][:, [5, 3]])
    assert isinstance(find_reader(array, [Line(2, ()), Line(3, ())], (4, 4), "zero"), Cell)
    crossing = Line(0, ((-2, 1), (-1, 1)))
    assert find_reader(array, [crossing, Line(0, ())], (4, 4), "zero") is None
    wrapped = Line(2**31 - 2, ((-1, 1),))
    assert find_reader(array, [wrapped, Line(0, ())], (4,), "clamp") is None


def test_what_is_a_sum():
    product = op("*", op("+", op("*", I, 3), uniform("u")), var("k"))
    found = find_sums([op("-", product, J), var("k")], 2)
    assert found is not None
    assert [(t.axis, t.multiple, t.factor) for t in found[0].terms] == [
        (-2, 3, var("k")), (-1, -1, None),
    ]  # fmt: skip
    assert found[0].steps([5]) == ((-2, 15), (-1, -1))
    assert found[0].steps([0]) == ((-1, -1),)
    assert find_sums([var("k"), uniform("u")], 2) is None
    assert find_sums([op("//", I, 2), J], 2) is None
    assert find_sums([op("*", I, J), J], 2) is None
