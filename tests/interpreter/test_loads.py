"""Array reads: every way of indexing gives the elements, and 0 out of range."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, ELEMENT_TYPES, FLOAT, INT, RESULT_DTYPES
from gpukernel.runtime import interpreter
from gpukernel.runtime.interpreter_blocks import cut
from tests.interpreter.programs import (
    SPAN,
    I,
    J,
    assign,
    cast,
    extent,
    give,
    load,
    loop,
    op,
    run,
    var,
)

A = np.arange(1, 36 * 53 + 1, dtype=np.float32).reshape(36, 53)
INDICES = {
    "identity": (I, J, lambda i, j: (i, j)),
    "shifted": (op("-", I, 3), op("+", J, 4), lambda i, j: (i - 3, j + 4)),
    "far_away": (op("-", I, 3000), J, lambda i, j: (i - 3000, j)),
    "transposed": (J, I, lambda i, j: (j, i)),
    "mirrored": (op("-", 30, I), op("-", 52, J), lambda i, j: (30 - i, 52 - j)),
    "strided": (op("-", op("*", I, 2), 5), op("*", J, 3), lambda i, j: (i * 2 - 5, j * 3)),
    "strided_back": (op("-", 31, op("*", I, 3)), op("-", 9, op("*", J, 2)),
                     lambda i, j: (31 - i * 3, 9 - j * 2)),
    "diagonal": (I, I, lambda i, j: (i, i)),
    "row": (I, 2, lambda i, j: (i, 0 * j + 2)),
    "column": (2, op("-", J, 1), lambda i, j: (0 * i + 2, j - 1)),
    "one_cell": (2, 3, lambda i, j: (0 * i + 2, 0 * j + 3)),
    "outside": (-1, 3, lambda i, j: (0 * i - 1, 0 * j + 3)),
    "irregular": (op("%", op("*", I, 5), 7), op("^", J, 1), lambda i, j: (i * 5 % 7, j ^ 1)),
    "mixed": (op("-", op("+", I, J), 4), J, lambda i, j: (i + j - 4, j)),
    "both": (op("-", I, J), op("-", J, I), lambda i, j: (i - j, j - i)),
    "wrapping": (op("+", I, 2**31 - 3), J, lambda i, j: (i + 2**31 - 3, j)),
    "wrapping_step": (op("*", I, 2**31 - 1), J,
                      lambda i, j: (np.int32(i) * np.int32(2**31 - 1), j)),
}  # fmt: skip


def reference(array: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    valid = (i >= 0) & (i < array.shape[0]) & (j >= 0) & (j < array.shape[1])
    return np.where(valid, array[np.where(valid, i, 0), np.where(valid, j, 0)], 0)


@pytest.mark.parametrize("name", INDICES)
@pytest.mark.parametrize("shape", [(36, 53), (1, 1), (1, 9), (9, 1), (2, 2), (60, 70), (200, 300)])
def test_two_axes(name, shape):
    row, column, where = INDICES[name]
    with np.errstate(over="ignore"):
        i, j = where(*np.indices(shape))
    got = run(shape, FLOAT, give(load("a", row, column)), arrays={"a": A})
    np.testing.assert_array_equal(got, reference(A, i, j))


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_every_storage_dtype(dtype):
    kind = ELEMENT_TYPES[dtype]
    array = (np.arange(-4, 20).reshape(4, 6) % 120).astype(dtype)
    for index in (J, op("^", J, 1)):
        got = run((4, 8), kind, give(load("a", I, index, kind=kind)), arrays={"a": array})
        assert str(got.dtype) == RESULT_DTYPES[kind]
        i, j = np.indices((4, 8))
        np.testing.assert_array_equal(got, reference(array, i, j ^ (index is not J)))


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_every_rank_against_a_grid_of_two_axes(rank):
    shape = (3, 4, 5, 6)[:rank]
    array = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    indices = [op("-", 2, I), J, 1, op("+", J, 1)][:rank]
    got = run((3, 4), INT, give(load("a", *indices, kind=INT)), arrays={"a": array})
    for i in range(3):
        for j in range(4):
            assert got[i, j] == array[(2 - i, j, 1, j + 1)[:rank]]


def test_a_zero_size_array_reads_zero():
    array = np.empty((0, 5), np.float32)
    for index in (I, J, op("^", I, J), 0):
        got = run((4, 6), FLOAT, give(load("a", index, index)), arrays={"a": array})
        np.testing.assert_array_equal(got, np.zeros((4, 6)))


def test_float64_arrays_are_kept_when_asked():
    array = np.array([0.1, 0.2])
    got = run((2,), FLOAT, give(load("a", I)), arrays={"a": array}, float_dtype=np.float64)
    np.testing.assert_array_equal(got, array)


def test_naive_matmul():
    rng = np.random.default_rng(1)
    a = rng.integers(-9, 9, (70, 31)).astype(np.int32)
    b = rng.integers(-9, 9, (31, 120)).astype(np.int32)
    k, t = var("k"), var("t")
    product = op("*", load("a", I, k, kind=INT), load("b", k, J, kind=INT))
    body: list[nodes.Stmt] = [
        assign("t", 0),
        loop("k", 0, extent("a", 1), 1, assign("t", op("+", t, product))),
    ]
    got = run((70, 120), INT, *body, give(t), arrays={"a": a, "b": b})
    np.testing.assert_array_equal(got, a @ b)


def test_casts_saturate_and_truncate():
    values = [0.9, -0.9, 2.5, -2.5, 3e9, -3e9, np.inf, -np.inf, np.nan, 2147483520.0]
    array = np.array(values, np.float32)
    exact = [0, 0, 2, -2, 2**31 - 1, -(2**31), 2**31 - 1, -(2**31), 0, 2147483520]
    got = run((10,), INT, give(cast(load("a", I), INT)), arrays={"a": array})
    assert got.tolist() == exact
    for i, value in enumerate(exact):
        one = run((1,), INT, give(cast(load("a", i), INT)), arrays={"a": array})
        assert one.tolist() == [value]
    truth = run((10,), BOOL, give(cast(load("a", I), BOOL)), arrays={"a": array})
    assert truth.all()
    assert not run((1,), BOOL, give(cast(0.0, BOOL)))[0]
    assert run((3,), FLOAT, give(cast(I, FLOAT))).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0, 3)])
def test_zero_size_grids(shape):
    assert run(shape, INT, give(I)).shape == shape


@pytest.mark.parametrize(
    "shape", [(1,), (100003,), (3, 70000), (70000, 3), (1, 1), (300, 1, 500), (2, 300, 7, 41)]
)
def test_blocks_cover_the_grid(shape):
    total: nodes.Expr = I
    for axis in range(1, len(shape)):
        component = nodes.GridIndex(axis, INT, SPAN)
        total = op("+", op("*", total, shape[axis]), component)
    got = run(shape, INT, give(total))
    np.testing.assert_array_equal(got, np.arange(got.size, dtype=np.int32).reshape(shape))
    blocks = cut(shape, 4, interpreter.BLOCK_LANES)
    sizes = [np.prod([stop - start for start, stop in block]) for block in blocks]
    assert sum(sizes) == np.prod(shape)
    assert max(sizes) <= interpreter.BLOCK_LANES


def test_errors_in_a_worker_reach_the_caller():
    def fail(value):
        raise ZeroDivisionError("told you")

    overload = Overload("int -> int", "", fail)
    row = Row("fail", ("x",), (overload,), (), "")
    call = nodes.Call(row, overload, (I,), INT, SPAN)
    for shape in [(5,), (1000, 1000)]:
        with pytest.raises(ZeroDivisionError, match="told you"):
            run(shape, INT, give(call))
    assert run((300, 1000), INT, give(I)).sum() == 300 * 299 // 2 * 1000


FORKED = """
import os
import numpy as np
from gpukernel.lang.types import INT
from tests.interpreter.programs import I, J, give, op, run

def total():
    return int(run((1000, 500), INT, give(op("+", I, J))).sum())

before = total()
child = os.fork()
if child == 0:
    os._exit(0 if total() == before else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_forked_child_has_its_own_threads():
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    subprocess.run(command, check=True, cwd=root, env=environment, timeout=60)
