"""Loop-invariant code: what moves, how far, and what stays."""

from __future__ import annotations

import math

import numpy as np

from gpukernel import index
from gpukernel.passes.hoist_invariants import hoist_invariants
from tests.passes.running import prepare, simplify, text

A = (np.arange(72, dtype=np.float32).reshape(8, 9) * 7) % 13


def changed(function, *arguments, shape=None) -> list[str]:
    made = prepare(function, *arguments, shape=shape)
    program = made.check(simplify, hoist_invariants)
    assert hoist_invariants(program) is program
    return text(program).split("\n")


def nest(a, s):
    i, j = index()
    total = 0.0
    for r in range(a.shape[0]):
        for c in range(a.shape[1] // 2):
            total += a[i + r - a.shape[0] // 2, c] * a[i, j] * math.sin(s) + a[r, j] * 2
    return total


def test_code_moves_as_far_as_it_can():
    lines = changed(nest, A, 0.5)
    loops = [number for number, line in enumerate(lines) if "for " in line]
    before, between = "\n".join(lines[: loops[0]]), "\n".join(lines[loops[0] : loops[1]])
    assert "sin(uniform(s))" in before and "a[index(0), index(1)]" in before
    assert "(a.shape[0] // 2)" in before and "(a.shape[1] // 2)" in before
    assert "(a[r, index(1)] * 2.0)" in between
    assert lines[loops[1] + 1].count("a[") == 1


def sums_stay(a):
    i, j = index()
    total = 0.0
    for k in range(4):
        total += a[i - 1, k + j]
    return total


def test_sums_of_indices_stay():
    assert "a[(index(0) - 1), (k + index(1))]" in "\n".join(changed(sums_stay, A))


def conditional(a):
    i, j = index()
    total = 0.0
    x = 1.0
    for k in range(4):
        if a[i, k] > 3:
            total += math.exp(a[i, j])
        if k > 2 and a[j, i] > 1:
            total += 1
        total += a[i, 0] / x if k > 1 else a[i, 1] / x
        x = x + a[i, 2]
    return total


def test_what_may_not_run_stays():
    lines = changed(conditional, A)
    before = "\n".join(lines[: next(n for n, line in enumerate(lines) if "for" in line)])
    assert "exp" not in before and "a[index(1), index(0)]" not in before
    assert "a[index(0), 2]" in before and "a[index(0), 0]" not in before


def push(xs, x):
    xs[0] = xs[0] + x
    return xs[0]


def simple(x):
    return x * x + 1


def looping(n):
    while n > 1:
        n = n / 2
    return n


def functions(a):
    i, j = index()
    xs = [0.0, 1.0]
    total = 0.0
    for k in range(4):
        got = push(xs, 1.0)
        total += got + simple(a[i, j]) + looping(a[i, j]) + xs[1] * 3
    return total


def test_only_calls_that_compute_move():
    lines = changed(functions, A)
    before = "\n".join(lines[: next(n for n, line in enumerate(lines) if "for" in line)])
    assert "simple(" in before and "looping(" not in before and "push(" not in before


def while_loop(a, n):
    i, j = index()
    k = 0
    while k < n * int(a[i, j]) and k < 9:
        k += n * n
    return k


def test_conditions_of_loops():
    lines = changed(while_loop, A, 2)
    before, after = "\n".join(lines[:-3]), lines[-3]
    assert after.startswith("while ((k < $") and "uniform(n) * uniform(n)" in before


def elements(a):
    i, j = index()
    xs = [1.0, 2.0, a[i, j]]
    ys = [0.0] * 4
    for k in range(4):
        ys[k] = xs[2] * 3 + ys[0] * 2
    return ys[3]


def test_elements_of_lists_that_stay_the_same():
    lines = changed(elements, A)
    before = "\n".join(lines[: next(n for n, line in enumerate(lines) if "for" in line)])
    assert "(xs[2] * 3.0)" in before and "ys[0] * " not in before
