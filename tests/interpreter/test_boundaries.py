"""Boundary modes: what an index out of range reads, compared with `numpy.pad`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.types import FLOAT, INT
from tests.interpreter.programs import I, J, assign, give, load, loop, op, run, var

PAD_MODES = {"clamp": "edge", "wrap": "wrap", "reflect": "reflect"}


def padded(array: np.ndarray, amount: int, boundary: str) -> np.ndarray:
    if boundary == "zero":
        return np.pad(array, amount)
    mode: Any = PAD_MODES[boundary]
    return np.asarray(np.pad(array, amount, mode))


def mapped(index: Any, size: int, boundary: str) -> Any:
    """Map int64 indices as `ArrayInput` says."""
    if boundary == "clamp":
        return np.clip(index, 0, size - 1)
    if boundary == "wrap":
        return index % size
    period = max(2 * (size - 1), 1)
    folded = index % period
    return np.where(folded < size, folded, period - folded)


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
@pytest.mark.parametrize("size", [1, 2, 3, 10, 700])
def test_one_axis(boundary, size):
    array = np.arange(1, size + 1, dtype=np.float32)
    reach = min(size - 1, 9) if boundary == "reflect" and size > 1 else min(size, 9)
    got = run(
        (size + 2 * reach,), FLOAT, give(load("a", op("-", I, reach))),
        arrays={"a": array}, boundaries={"a": boundary},
    )  # fmt: skip
    np.testing.assert_array_equal(got, padded(array, reach, boundary))


INDICES = {
    "shifted": (op("-", I, 5), op("-", J, 5)),
    "irregular": (op("-", op("^", I, 1), 5), op("-", op("^", J, 1), 5)),
    "both": (op("-", op("-", op("+", I, J), J), 5), op("-", op("-", op("+", I, J), I), 5)),
}


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("shape", [(6, 8), (36, 52), (600, 300)])
def test_two_axes(boundary, name, shape):
    array = np.arange(1, shape[0] * shape[1] + 1, dtype=np.int32).reshape(shape)
    grid = shape[0] + 10, shape[1] + 10
    row, column = INDICES[name]
    body = give(load("a", row, column, kind=INT))
    got = run(grid, INT, body, arrays={"a": array}, boundaries={"a": boundary})
    i, j = np.indices(grid)
    if name == "irregular":
        i, j = i ^ 1, j ^ 1
    whole = padded(array, 6, boundary) if min(shape) > 6 else padded(array, 5, boundary)
    shift = (whole.shape[0] - grid[0]) // 2
    rows = np.clip(i + shift, 0, whole.shape[0] - 1)
    columns = np.clip(j + shift, 0, whole.shape[1] - 1)
    np.testing.assert_array_equal(got, whole[rows, columns])


@pytest.mark.parametrize("boundary", ["clamp", "wrap", "reflect"])
@pytest.mark.parametrize("scale", [1, 3, -1, -4, 2**29, 2**31 - 1])
def test_indices_far_away(boundary, scale):
    array = np.arange(35, dtype=np.int32).reshape(5, 7)
    for offset in (0, -11, 100, 2**31 - 1, -(2**31)):
        far = op("+", op("*", I, scale), offset)
        body = give(load("a", far, op("*", J, scale), kind=INT))
        got = run((40, 30), INT, body, arrays={"a": array}, boundaries={"a": boundary})
        i, j = np.indices((40, 30))
        rows = (i * scale + offset + 2**31) % 2**32 - 2**31
        columns = (j * scale + 2**31) % 2**32 - 2**31
        exact = array[mapped(rows, 5, boundary), mapped(columns, 7, boundary)]
        np.testing.assert_array_equal(got, exact)


@pytest.mark.parametrize("boundary", ["clamp", "wrap", "reflect"])
@pytest.mark.parametrize("index", [-(2**31), -6, -1, 0, 4, 5, 9, 2**31 - 1])
def test_uniform_indices(boundary, index):
    array = np.arange(5, dtype=np.int32) + 1
    got = run(
        (3,), INT, give(load("a", index, kind=INT)),
        arrays={"a": array}, boundaries={"a": boundary},
    )  # fmt: skip
    assert got.tolist() == [array[mapped(np.int64(index), 5, boundary)]] * 3


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
def test_axes_of_size_zero_and_one(boundary):
    empty = np.empty((4, 0), np.float32)
    got = run((3, 3), FLOAT, give(load("a", I, J)), arrays={"a": empty}, boundaries={"a": boundary})
    assert not got.any()
    single = np.full((1, 1), 7, np.float32)
    got = run(
        (3, 4), FLOAT, give(load("a", op("-", I, 1), op("*", J, 1000))),
        arrays={"a": single}, boundaries={"a": boundary},
    )  # fmt: skip
    inside = (np.indices((3, 4))[0] == 1) & (np.indices((3, 4))[1] == 0)
    np.testing.assert_array_equal(got, np.where(inside | (boundary != "zero"), 7, 0))


def test_each_array_has_its_own_boundary():
    array = np.arange(1, 6, dtype=np.float32)
    place = op("-", I, 2)
    got = run(
        (9,), FLOAT, give(op("+", op("*", load("a", place), 100), load("b", place))),
        arrays={"a": array, "b": array}, boundaries={"a": "clamp"},
    )  # fmt: skip
    np.testing.assert_array_equal(got, np.pad(array, 2, "edge") * 100 + np.pad(array, 2))


@pytest.mark.parametrize("boundary", nodes.BOUNDARIES)
def test_a_stencil_over_several_blocks(boundary):
    rng = np.random.default_rng(3)
    array = rng.integers(-99, 99, (500, 700)).astype(np.int32)
    k, m, t = var("k"), var("m"), var("t")
    value = load("a", op("+", I, k), op("+", J, m), kind=INT)
    weighted = assign("t", op("+", op("*", t, 3), value))
    body = [assign("t", 0), loop("k", -2, 3, 1, loop("m", -2, 3, 1, weighted)), give(t)]
    got = run((500, 700), INT, *body, arrays={"a": array}, boundaries={"a": boundary})
    whole, exact = padded(array, 2, boundary), np.zeros((500, 700), np.int32)
    for row in range(5):
        for column in range(5):
            exact = exact * 3 + whole[row : row + 500, column : column + 700]
    np.testing.assert_array_equal(got, exact)
