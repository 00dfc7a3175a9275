"""Several rows at once: what they share is computed once, and when that pays."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import index
from gpukernel.ir import nodes
from gpukernel.ir.verify import verify
from gpukernel.kernel import kernel
from gpukernel.passes.tile_choice import worth_tiling
from gpukernel.passes.tile_rows import tile_rows
from gpukernel.passes.unroll_loops import unroll_loops
from tests.passes.running import one_row_after_the_other, prepare, simplify, text

A = (np.arange(48, dtype=np.float32).reshape(6, 8) * 7) % 13
B = (np.arange(48, dtype=np.float32).reshape(8, 6) * 5) % 11


def tiled(function, *arguments, shape=None, count=3) -> str:
    """Return a kernel with several rows; it gives what the original gives."""
    made = prepare(function, *arguments, shape=shape)
    program = tile_rows(simplify(made.program), count)
    assert isinstance(program, nodes.Program), program
    verify(program)
    grid = (made.grid[0] // count, *made.grid[1:])
    results = made.run(one_row_after_the_other(program, count, made.grid), grid)
    for number, wanted in enumerate(made.run()):
        rows = np.stack(results[number :: len(made.program.outputs)], 1)
        np.testing.assert_array_equal(rows.reshape(wanted.shape), wanted)
    return text(program)


def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def test_shared_reads_are_done_once():
    got = tiled(matmul, A, B, shape=(6, 6))
    assert got.count("b[k, index(1)]") == 1 and got.count("a[index(0") == 3
    assert "a[index(0, tile=2), k]" in got and got.endswith("return total, total_1, total_2")


def several(a, b):
    i, j = index()
    total, total_1 = 0.0, 1
    best = -1.0
    for k in range(a.shape[1]):
        if b[k, j] > 3:
            total_1 += k
        if a[i, k] > best:
            best = a[i, k]
            total += b[k, j] if k < 3 else a[i, 0]
    if j > 4:
        return total, total_1
    return total + best, total_1 + i


def test_branches_outputs_and_names():
    got = tiled(several, A, B, shape=(6, 6))
    assert got.count("if (a[index(0") == 3 and "total_1_" in got and got.count("if (b[k") == 1


def swap(xs, n):
    xs[0], xs[1] = xs[1] + n, xs[0]
    return xs[0]


def pair(x):
    return x + 1, x - 1


def lists(a):
    i, j = index()
    common = [0.0, 1.0, 2.0]
    own = [0.0] * 3
    for k in range(3):
        common[k] = common[k] + a[k, j]
        own[k] = a[i, k] + common[k]
    up, down = pair(j)
    left, right = pair(i)
    copied = [own[k] * 2 for k in range(3)]
    got = swap(common, 3.0) + 0.0
    mine = swap(own, got)
    return mine + copied[1] + own[1] + common[0] + up * down + left * right


def test_lists_and_functions():
    got = tiled(lists, A)
    assert got.count("swap(common") == 1 and got.count("swap(own") == 3
    assert got.count("pair(index(1))") == 1 and got.count("= pair(index(0") == 3


def order(a):
    i, j = index()
    common = [1.0, 2.0]
    mine = common[0] if i > 1 else 0.0
    got = swap(common, 3.0)
    mine += got
    got = i * 1.0
    return mine * 100 + common[0] * 10 + got


def test_calls_stay_in_their_order():
    assert tiled(order, A).count("swap(common") == 1


def deep(a):
    i, j, k = index()
    return a[i, k] + j * k


def test_all_axes_but_the_last_make_rows():
    made = prepare(deep, A, shape=(2, 3, 8))
    program = tile_rows(simplify(made.program), 2)
    assert isinstance(program, nodes.Program)
    assert "a[index(0, tile=1), index(2)]" in text(program) and "index(1, tile=1)" in text(program)


def rows_decide(a):
    i, j = index()
    total = 0.0
    for k in range(i):
        total += a[k, j]
    return total


def row_leaves(a):
    i, j = index()
    if i == 0:
        return 0.0
    return a[i, j]


def row_ends(a):
    i, j = index()
    n = i
    while n > 0:
        n -= 2
    return n


def asks(a):
    return a[index()]


def through(a):
    return asks(a) + 1


def checked(a):
    i, j = index()
    assert a[i, j] >= 0
    return a[i, j]


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (rows_decide, "the number of iterations of the loop in line {} depends on the row"),
        (row_ends, "the number of iterations of the loop in line {} depends on the row"),
        (row_leaves, "the condition in line {} depends on the row"),
        (through, "the function `asks` asks for index() itself"),
        (kernel(debug=True)(checked), "its checks must name the cell that fails"),
    ],
)
def test_what_stands_against_it_is_told(function, reason):
    made = prepare(function, A)
    line = getattr(function, "py_func", function).__code__.co_firstlineno
    lines = [reason.format(line + offset) for offset in range(5)]
    assert tile_rows(made.program, 2) in lines
    assert worth_tiling(made.program, 8) in [(1, words) for words in lines]


def test_one_axis_is_one_row():
    made = prepare(lambda a: a[0, index()], A, shape=(8,))
    assert tile_rows(made.program, 2) == "the output has one axis only"


# ---------------------------------------------------------------- whether it pays


def blur(a):
    i, j = index()
    return (a[i, j - 1] + a[i, j] + a[i, j + 1]) / 3


def filtered(a, b):
    i, j = index()
    total = 0.0
    for r in range(b.shape[0]):
        for c in range(b.shape[1]):
            total += a[i + r, j + c] * b[r, c]
    return total


def distances(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += (a[i, k] - b[j, k]) ** 2
    return total


def test_the_best_number_of_rows():
    for change in (simplify, lambda p: simplify(unroll_loops(simplify(p)))):
        program = change(prepare(matmul, A, B, shape=(6, 6)).program)
        count, reason = worth_tiling(program, 8)
        assert count == 8 and "reads `b` alike for all rows" in reason
        assert [worth_tiling(program, n)[0] for n in (1, 2, 3, 4, 7, 16)] == [1, 2, 2, 4, 4, 8]
    assert worth_tiling(prepare(distances, A, A).program, 8)[0] == 8
    assert worth_tiling(prepare(several, A, B, shape=(6, 6)).program, 8)[0] <= 4


def test_what_is_not_worth_it():
    for function, arguments in ((blur, (A,)), (filtered, (A, B))):
        program = simplify(prepare(function, *arguments).program)
        assert worth_tiling(program, 8)[0] == 1
