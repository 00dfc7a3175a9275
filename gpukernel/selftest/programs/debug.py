"""Debug mode: what fails is reported with its kind, its line and the first cell, in grid order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel import index
from gpukernel.selftest.check import Group, Trial

debug = Group("debug")

A = np.array([4, 2, 0, 3, -1, 0], np.int32)
M = np.arange(12, dtype=np.float32).reshape(3, 4)


def fails(
    kind: type[gk.KernelError], cell: Any, *values: Any, **options: Any
) -> Callable[..., Any]:
    """Add the decorated kernel, which must raise this error, first in this cell."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def outcome(device: str) -> tuple[Any, Any]:
            made = gk.kernel(debug=True, **options)(function)
            try:
                made(*values, device=device)
            except gk.KernelError as error:
                told = f"(in output cell {cell})" in str(error)
                return (type(error).__name__, told), (kind.__name__, True)
            return "no error", kind.__name__

        debug.checks.append(Trial(debug.name, function.__name__, outcome, shown=function))
        return function

    return register


@fails(gk.KernelIndexError, (2, 0), M)
def index_above(m):
    i, j = index()
    return m[i + 1, j]


@fails(gk.KernelIndexError, (0, 0), M)
def index_below(m):
    i, j = index()
    return m[i, j - 1]


@fails(gk.KernelIndexError, 0, A)
def index_of_a_list(a):
    xs = [1, 2, 3, 4]
    return xs[a[index()]]


@fails(gk.KernelZeroDivisionError, 2, A)
def division_by_zero(a):
    return 100 // a[index()]


@fails(gk.KernelZeroDivisionError, 2, A)
def remainder_by_zero(a):
    return 100 % a[index()]


@fails(gk.KernelValueError, 4, A)
def negative_shift(a):
    return 1 << a[index()]


@fails(gk.KernelValueError, 4, A)
def negative_exponent(a):
    return 2 ** a[index()]


def checked(x):
    assert x >= 0
    return x + 1


@fails(gk.KernelAssertionError, 4, A)
def assertion_in_a_helper(a):
    return checked(a[index()])


@fails(gk.KernelIndexError, 3, A)
def first_of_two_kinds(a):
    i = index()
    total = 0
    for k in range(3):
        if i >= 3:
            total += a[i + k + 1]
    return total // (i - 5)


@fails(gk.KernelError, 4, A, max_iterations=100)
def endless_loop(a):
    n = 0
    while n != a[index()]:
        n += 1
    return n


@debug.program(A, options={"debug": True})
def guarded_reads_are_fine(a):
    i = index()
    left = a[i - 1] if i > 0 else 0
    right = i + 1 < len(a) and a[i + 1] > 0
    return left + int(right) + (12 // a[i] if a[i] != 0 else 0)


@debug.program(M, options={"debug": True})
def nothing_fails(m):
    i, j = index()
    total = 0.0
    for k in range(m.shape[1]):
        assert total >= 0.0
        total += m[i, k]
    return total + j


GROUPS = (debug,)
