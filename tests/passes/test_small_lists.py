"""Small lists at places that only the cell knows."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import index
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, statements
from gpukernel.passes.small_lists import choose_elements
from gpukernel.passes.unroll_loops import unroll_loops
from tests.passes.running import prepare, simplify

A = ((np.arange(300, dtype=np.float32).reshape(12, 25) * 7) % 13) - 2


def has_unknown_places(function) -> bool:
    made = prepare(function, A)
    body = made.check(simplify, unroll_loops, simplify, choose_elements).kernel.body
    return any(
        isinstance(part, (nodes.Element, nodes.SetElement))
        and not isinstance(part.index, nodes.Constant)
        for part in (*expressions(body), *statements(body))
    )


def histogram(a):
    i, j = index()
    counts = [0] * 4
    for d in range(60):
        place = int(a[i, j + d])
        counts[place] += 1
        if place > 3:
            counts[0] = counts[3]
    return counts[1] + 10 * counts[3] + 100 * counts[0]


def insertion_sort(a):
    i, j = index()
    xs = [a[i + d // 3, j + d % 3] for d in range(9)]
    for k in range(1, 9):
        new = xs[k]
        m = k - 1
        while m >= 0 and xs[m] > new:
            xs[m + 1] = xs[m]
            m -= 1
        xs[m + 1] = new
    return xs[4]


@pytest.mark.parametrize("function", [histogram, insertion_sort])
def test_only_constant_places_are_left(function):
    assert not has_unknown_places(function)


def large(a):
    i, j = index()
    counts = [0.0] * 12
    for d in range(60):
        place = int(a[i, j + d])
        counts[place] += a[i, d]
    return counts[1]


def add(xs, k):
    xs[k] += 1.0
    if k > 1:
        xs[0] = k
    return xs[k]


def passed_on(a):
    i, j = index()
    xs = [0.0] * 3
    k = int(a[i, j])
    total = 0.0
    while k > 0:
        total += add(xs, k % 3) + xs[k % 2]
        k -= 1
    return total


@pytest.mark.parametrize("function", [large, passed_on])
def test_other_lists_stay(function):
    made = prepare(function, A)
    program = made.check(simplify)
    if function is large:
        assert choose_elements(program) is program
    made.check(choose_elements)
