"""Loops written out from the outside in: what follows from their variables is constant."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import index
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, statements
from gpukernel.lang.types import INT
from gpukernel.passes.unroll_loops import unroll_loops
from gpukernel.passes.write_out import MAX_LIST_NODES
from tests.passes.running import prepare, simplify, text

A = (np.arange(300, dtype=np.float32).reshape(12, 25) * 7) % 13


def written_out(function, *arguments, shape=None) -> nodes.Program:
    return prepare(function, *arguments, shape=shape).check(simplify, unroll_loops, simplify)


def bubble_sort(a):
    i, j = index()
    xs = [0.0] * 5
    for k in range(5):
        xs[k] = a[i, j + k - 2]
    for k in range(4):
        for m in range(4 - k):
            if xs[m] > xs[m + 1]:
                t = xs[m]
                xs[m] = xs[m + 1]
                xs[m + 1] = t
    return xs[2]


def selection_sort(a):
    i, j = index()
    xs = [a[i + d // 3 - 1, j + d % 3 - 1] for d in range(9)]
    for k in range(5):
        for m in range(k + 1, len(xs)):
            xs[k], xs[m] = min(xs[k], xs[m]), max(xs[k], xs[m])
    return xs[4]


def large_median(a):
    i, j = index()
    xs = [0.0] * 25
    n = 0
    for di in (-2, -1, 0, 1, 2):
        for dj in range(-2, 3):
            xs[n] = a[i + di, j + dj]
            n += 1
    for k in range(24):
        for m in range(24 - k):
            if xs[m] > xs[m + 1]:
                xs[m], xs[m + 1] = xs[m + 1], xs[m]
    return xs[12]


def bitonic_sort(a):
    i, j = index()
    xs = [a[i, j + d] for d in range(8)]
    for stage in range(3):
        size = 2 << stage
        for step in range(stage + 1):
            d = size >> (step + 1)
            for p in range(8):
                q = p ^ d
                if q > p and (xs[p] > xs[q]) == ((p & size) == 0):
                    xs[p], xs[q] = xs[q], xs[p]
    return xs[3] + xs[4] * 2


def insertion_sort(a):
    i, j = index()
    xs = [a[i, j + d] for d in range(5)]
    for k in range(1, 5):
        m = k
        while m > 0 and xs[m - 1] > xs[m]:
            xs[m - 1], xs[m] = xs[m], xs[m - 1]
            m -= 1
    return xs[2]


def insertion_with_break(a):
    i, j = index()
    xs = [a[i, j + d] for d in range(6)]
    for k in range(1, 6):
        for m in range(k, 0, -1):
            if xs[m - 1] <= xs[m]:
                break
            xs[m - 1], xs[m] = xs[m], xs[m - 1]
    return xs[2]


def network(a):
    i, j = index()
    xs = [a[i, j + d] for d in range(4)]
    for p, q in ((0, 1), (2, 3), (0, 2), (1, 3), (1, 2)):
        low = min(xs[p], xs[q])
        xs[q] = max(xs[p], xs[q])
        xs[p] = low
    return xs[1]


def elimination(a):
    i, j = index()
    m = [a[i + d // 4, j + d % 4] + (20.0 if d % 4 == d // 4 else 0.0) for d in range(16)]
    det = 1.0
    for k in range(4):
        det *= m[k * 4 + k]
        for r in range(k + 1, 4):
            f = m[r * 4 + k] / m[k * 4 + k]
            for c in range(k, 4):
                m[r * 4 + c] -= f * m[k * 4 + c]
    return det


def product(a):
    i, j = index()
    m = [a[i + d // 3, j + d % 3] for d in range(9)]
    v = [1.0, 2.0, 3.0]
    out = [0.0] * 3
    for r in range(3):
        for c in range(3):
            out[r] += m[r * 3 + c] * v[c]
    return out[0] + out[1] * out[2] + sum(m) + max(v)


@pytest.mark.parametrize(
    "function",
    [
        bubble_sort,
        selection_sort,
        large_median,
        bitonic_sort,
        insertion_sort,
        insertion_with_break,
        network,
        elimination,
        product,
    ],
)
def test_all_places_in_lists_are_constants(function):
    program = written_out(function, A)
    body = program.kernel.body
    found = [*expressions(body), *statements(body)]
    assert not any(isinstance(part, (nodes.For, nodes.While)) for part in found)
    for part in found:
        if isinstance(part, (nodes.Element, nodes.SetElement)):
            assert isinstance(part.index, nodes.Constant), part
    assert not any(variable.type == INT for variable in program.kernel.locals)


def neighbours(a):
    i, j = index()
    count = 0.0
    for di in (-1, 0, 1):
        for dj in range(-1, 2):
            if di == 0 and dj == 0:
                continue
            count += a[i + di, j + dj]
    return count


def test_an_iteration_that_is_left_for_sure_ends_there():
    got = text(written_out(neighbours, A))
    assert got.count("a[") == 8 and "if " not in got and "for " not in got


def squares(a):
    i, j = index()
    total = 0.0
    for d in range(20):
        if d * d > 30:
            break
        total += a[i, j + d]
    return total + d


def test_a_loop_that_is_left_for_sure_ends_there():
    got = text(written_out(squares, A))
    assert got.count("a[") == 6 and "break" not in got and got.endswith("(total + 6.0)")


def some(a):
    i, j = index()
    total = 0.0
    count = 0
    for d in range(4):
        v = a[i, j + d]
        if v < 3:
            continue
        elif v > 9 or v == d:
            total += 1.0
            if v > 11:
                total += 0.5
        total += v
        if total > 20:
            count += 2
            continue
        count += d
    return total + count


def test_what_continue_skips_becomes_the_other_side():
    got = text(written_out(some, A))
    assert "for " not in got and "continue" not in got


def deeper(a):
    i, j = index()
    total = 0.0
    for d in range(4):
        if a[i, j + d] > 3:
            if a[i, j + d] > 9:
                continue
            total += 1.0
        total += d
    return total


def ending(a):
    i, j = index()
    total = 0.0
    for d in range(4):
        if a[i, j + d] > 9:
            break
        for e in range(2):
            if e > d:
                break
            total += a[i + e, j + d]
    return total + d


def test_a_loop_that_may_be_left_stays():
    assert "for d in range(0, 4, 1)" in text(written_out(deeper, A))
    got = text(written_out(ending, A))
    assert "for d in range(0, 4, 1)" in got and "for e in" in got


def endless(a):
    i, j = index()
    xs = [1.0, 2.0, 3.0]
    m = int(a[i, j])
    while m > 0:
        xs[m % 3] += 1.0
        m = m // 2
    while xs[0] > 0:
        xs[0] -= 1.0
    return xs[1] - xs[2]


def test_a_while_without_an_end_in_sight_stays():
    assert text(written_out(endless, A)).count("while ") == 2


def first_of(a):
    i, j = index()
    is_first = True
    least = 0.0
    for d in range(3):
        if is_first:
            least = a[i, j + d]
            is_first = False
        else:
            least = min(least, a[i, j + d])
    return least


def test_conditions_in_variables_are_decided():
    got = text(written_out(first_of, A))
    assert "if " not in got and "is_first" not in got


def triangle(a, n):
    i, j = index()
    total = 0.0
    for k in range(n):
        for m in range(3):
            total += a[i + k, j + m]
    for k in range(3):
        for m in range(n - k):
            total += a[i + k, j * m]
    return total


def test_unknown_bounds_keep_the_loop_around():
    got = text(written_out(triangle, A, 4))
    assert got.count("for k in") == 2 and got.count("for m in") == 1


def too_long(a):
    i, j = index()
    xs = [0.0] * 32
    for k in range(32):
        for m in range(32):
            for n in range(4):
                xs[n] += a[i, j + m] * xs[k]
    return xs[3]


def test_what_becomes_too_long_is_written_out_on_the_inside():
    program = written_out(too_long, A)
    count = sum(isinstance(s, nodes.For) for s in statements(program.kernel.body))
    assert 0 < count < 3
    assert sum(1 for _ in expressions(program.kernel.body)) < MAX_LIST_NODES


def returning(a):
    i, j = index()
    for k in range(5):
        if k * k > 3:
            return k + a[i, j]
    return -1.0


def test_nothing_comes_after_a_return():
    assert text(written_out(returning, A)) == "return (2.0 + a[index(0), index(1)])"
