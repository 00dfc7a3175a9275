"""Loops written out, as a whole or by four; sizes compiled in for that."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import index
from gpukernel.passes.specialize import loop_extents, with_extents
from gpukernel.passes.unroll_loops import unroll_loops
from gpukernel.passes.write_out import MAX_TRIPS
from tests.passes.running import prepare, simplify, text

A = (np.arange(990, dtype=np.float32).reshape(18, 55) * 7) % 13
W = np.arange(15, dtype=np.float32).reshape(3, 5)


def unrolled(function, *arguments, shape=None) -> str:
    return text(prepare(function, *arguments, shape=shape).check(simplify, unroll_loops, simplify))


def box(a):
    i, j = index()
    total = 0.0
    for r in range(-2, 3):
        for c in range(5):
            total += a[i + r, j + c - 2]
    return total + r


def test_short_loops_are_written_out():
    got = unrolled(box, A)
    assert got.count("a[") == 25 and "for" not in got and got.endswith("return (total + 2.0)")


def taps(a):
    i, j = index()
    total = 0.0
    for k in range(17, 0, -1):
        if j + k < 30:
            total += a[i, j + k - 8] * k
    return total


def test_a_loop_may_hold_branches_and_go_down():
    got = unrolled(taps, A)
    assert got.count("if ") == 17 and "for" not in got


def nothing(a):
    k = 7
    for k in range(3, 3):
        pass
    return k + a[index()]


def test_a_loop_without_iterations_is_nothing():
    assert "for" not in unrolled(nothing, A)


def leaving(a):
    i, j = index()
    total = 0.0
    for k in range(4):
        if a[i, k] > 9:
            break
        total += a[i, k]
    for k in range(4):
        k = k * 2
        total += k
    return total


def test_loops_that_are_left_stay():
    assert unrolled(leaving, A).count("for k in range(0, 4, 1)") == 2


def returning(a):
    i, j = index()
    for k in range(4):
        if a[i, j + k] > 9:
            return k
    return -1


def test_a_return_inside_is_fine():
    assert "for" not in unrolled(returning, A)


def long(a):
    i, j = index()
    total = 0.0
    for k in range(33):
        total += a[k, j]
    return total


def test_long_loops_stay():
    assert MAX_TRIPS < 33
    assert "for k in range(0, 33, 1)" in unrolled(long, A)


def row_sum(a, n, m):
    i = index()
    total = 0.0
    k = 0
    for k in range(n, m):
        total = total * 0.5 + a[i, k + 1] * k
    return total + k


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 9),
        (0, 8),
        (0, 3),
        (2, 2),
        (5, 2),
        (-3, 55),
        (2**31 - 3, 2**31 - 1),
        (-(2**31), -(2**31)),
    ],
)
def test_rows_are_read_by_four(start, stop):
    got = unrolled(row_sum, A, start, stop, shape=(18,))
    assert got.count("for ") == 2 and got.count("a[") == 5 and ", 4):" in got


def test_distances_that_wrap_are_left_to_the_plain_loop():
    got = unrolled(wide, A, shape=(2,))
    assert got.count("for ") == 2


def wide(a):
    i = index()
    total = 0.0
    n = len(a) - 18
    for k in range(2147483640 + n, 2147483647):
        total += a[i, k - 2147483640]
    return total


def constant_row(a):
    i = index()
    total = 0.0
    for k in range(54):
        total = total * 0.5 + a[i, k]
    return total


def test_the_rest_of_a_constant_loop_is_written_out():
    got = unrolled(constant_row, A, shape=(18,))
    assert "range(0, 52, 4)" in got and got.count("for ") == 1 and got.count("a[") == 6


def column_sum(a):
    j = index()
    total = 0.0
    for k in range(a.shape[0]):
        total += a[k, j] + a[k, k]
    return total


def test_other_loops_stay():
    got = unrolled(column_sum, A, shape=(55,))
    assert got.count("for ") == 1 and ", 1):" in got


def weighted(a, w):
    i, j = index()
    rows, half = w.shape[0], w.shape[1] // 2
    total = 0.0
    for r in range(rows):
        for c in range(-half, half + 1):
            total += a[i + r - 1, j + c] * w[r, c + half]
    return total


def test_sizes_that_decide_about_loops():
    made = prepare(weighted, A, W)
    assert loop_extents(made.program) == (("w", 0), ("w", 1))
    sizes = {("w", 0): 3, ("w", 1): 5}
    got = text(made.check(lambda p: with_extents(p, sizes), unroll_loops, simplify))
    assert "for" not in got and "shape" not in got and got.count("w[") == 15


def test_sizes_that_decide_nothing_are_not_asked_for():
    assert loop_extents(prepare(box, A).program) == ()
    assert loop_extents(prepare(leaving, A).program) == ()
