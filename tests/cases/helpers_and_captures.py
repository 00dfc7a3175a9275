"""Calls of plain Python functions, and names captured from around a kernel."""

from __future__ import annotations

import math

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("helpers_and_captures")

X = np.array([0.5, -1.5, 2.0, 3.0], np.float32)
K = np.arange(-2, 5)
GRID = np.arange(12, dtype=np.float32).reshape(3, 4)
SCALE = 2.5
OFFSET = 7
ENABLED = True
SEED = np.int32(41)


def square(x):
    return x * x


def axpy(a, x, y=1, *, shift=0):
    return a * x + y - shift


def row_sum(a, i):
    total = 0
    for j in range(a.shape[1]):
        total += a[i, j]
    return total


def first(a, n):
    return a[n] if n < len(a) else -1


def clip(x, low=0.0, high=1.0):
    if x < low:
        return low
    if x > high:
        return high
    return x


def changes_its_parameter(x):
    x += 10
    return x * 2


def position_of(a):
    return index() * 2 + len(a)


def chain(x):
    return square(square(x)) + changes_its_parameter(x)


@cases.add(X)
def helper(a):
    return square(a[index()]) + square(3.0)


@cases.add(X)
def helper_with_several_types(a):
    i = index()
    return square(a[i]) + square(i) + square(i > 1)


@cases.add(K)
def helper_defaults_and_keywords(a):
    v = a[index()]
    return axpy(2, v) + 100 * axpy(x=v, a=3, shift=1) + 10000 * axpy(1, v, 5)


@cases.add(GRID, shape=(3,))
def array_to_helper(a):
    return row_sum(a, index())


@cases.add(X, K)
def arrays_of_two_types_to_one_helper(a, b):
    i = index()
    return first(a, i) + first(b, i)


@cases.add(X)
def helper_with_branches(a):
    v = a[index()]
    return clip(v) + clip(v, high=2.5) * 10


@cases.add(K)
def helper_keeps_the_callers_value(a):
    v = a[index()]
    return changes_its_parameter(v) * 100 + v


@cases.add(X)
def helper_asking_for_the_index(a):
    return position_of(a)


@cases.add(X)
def helper_of_helpers(a):
    return chain(a[index()])


@cases.add(X)
def captured_numbers(a):
    return a[index()] * SCALE + OFFSET + SEED if ENABLED else 0.0


def _closure(factor):
    def closure_variable(a):
        return a[index()] * factor

    return closure_variable


cases.add(X)(_closure(4))
cases.add(X, name="closure_variable_float")(_closure(0.5))


@cases.add(X, 2)
def default_arguments(a, n, scale=3, bias=0.5):
    return a[index()] * n * scale + bias


@cases.add(K)
def helper_in_conditions(a):
    v = a[index()]
    count = 0
    while square(count) < abs(v) * 5 and count < 50:
        count += 1
    return count if square(v) > 3 else -count


@cases.add(X)
def helper_as_argument_of_builtin(a):
    v = a[index()]
    return max(square(v), math.sqrt(square(v) + 1.0))
