"""Helpers and nested functions: defaults, keywords, several types, lists and tuples."""

from __future__ import annotations

import math

import numpy as np

from gpukernel import clamp, index
from gpukernel.lang.table import Budget
from gpukernel.selftest.check import Group

helpers, nested = Group("helpers"), Group("nested functions")

A = np.arange(-9, 10, dtype=np.int32)
B = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: A.size]
F = (A * 0.75).astype(np.float32)


def square(x):
    return x * x


def power(x, n=3, offset=0):
    """Return x to the power of n, plus an offset, by repeated multiplication."""
    total = 1
    for _ in range(n):
        total *= x
    return total + offset


def first_above(a, limit):
    for k in range(len(a)):
        if a[k] > limit:
            return k
    return -1


def both(x, y):
    return x + y, x - y


def ordered(x, y):
    if x > y:
        x, y = y, x
    return x, y


def halved(x):
    x = x / 2
    return x


def sort(xs):
    for j in range(len(xs)):
        for k in range(len(xs) - 1 - j):
            if xs[k] > xs[k + 1]:
                xs[k], xs[k + 1] = xs[k + 1], xs[k]


def total_of(xs, factor=1):
    total = 0
    for x in xs:
        total += x * factor
    return total


def filled(start):
    xs = [0] * 4
    for k in range(4):
        xs[k] = start + k
    return xs


def is_odd(n):
    return n % 2 == 1


def at_offset(a, by):
    return a[index() + by]


def sign_of(x):
    if x > 0:
        return 1
    if x < 0:
        return -1
    return 0


def distance(x, y):
    return math.sqrt(square(x) + square(y))


@helpers.program(A, B)
def called_twice(a, b):
    i = index()
    return square(a[i]) - square(square(b[i]))


@helpers.program(A, F)
def with_two_types(a, x):
    i = index()
    return square(a[i]) + square(x[i])


@helpers.program(A)
def defaults_are_filled_in(a):
    x = a[index()]
    return power(x) + power(x, 2)


@helpers.program(A, 2)
def keywords_in_any_order(a, n):
    return power(offset=7, x=a[index()], n=n)


@helpers.program(A, B)
def array_as_an_argument(a, b):
    return first_above(a, b[index()])


@helpers.program(A, B)
def tuple_result_unpacked(a, b):
    i = index()
    total, rest = both(a[i], b[i])
    return total * rest


@helpers.program(A, B)
def tuple_result_indexed(a, b):
    i = index()
    pair = both(a[i], b[i])
    return pair[0] * 10 + pair[1]


@helpers.program(A, B)
def parameters_swapped_inside(a, b):
    i = index()
    low, high = ordered(a[i], b[i])
    return high * 100 + low


@helpers.program(F)
def parameter_assigned_inside(x):
    v = x[index()]
    return halved(v) + v


@helpers.program(A, B)
def list_sorted_in_place(a, b):
    i = index()
    xs = [a[i], b[i], 4, -4, a[i] * b[i]]
    sort(xs)
    return xs[0] + xs[1] * 10 + xs[2] * 100 + xs[4]


@helpers.program(A)
def list_summed(a):
    xs = [a[index()], 2, 3]
    return total_of(xs) * 100 + total_of(xs, factor=-2)


@helpers.program(A)
def list_result(a):
    xs = filled(a[index()])
    xs[1] *= 10
    return sum(xs)


@helpers.program(A, B)
def calls_in_conditions(a, b):
    i = index()
    return a[i] if is_odd(a[i]) and not is_odd(b[i]) else -b[i]


@helpers.program(A)
def calls_in_bounds(a):
    total = 0
    for k in range(sign_of(a[index()]), power(2, 3)):
        total += k
    return total


@helpers.program(A)
def index_inside(a):
    return at_offset(a, 1) - at_offset(a, -1)


@helpers.program(F, B, budget=Budget(4, 1e-6))
def calls_of_calls(x, b):
    i = index()
    return distance(x[i], b[i]) + square(distance(b[i], 1))


@helpers.program(A, B)
def early_returns(a, b):
    i = index()
    return sign_of(a[i]) * 10 + sign_of(b[i])


@helpers.program(F)
def function_of_the_package(x):
    return clamp(x[index()], -2.0, 3.5)


@helpers.program(A)
def call_chain(a):
    return power(power(sign_of(a[index()]) + 2, 2), n=2, offset=square(3))


# ------------------------------------------------------------------ nested functions


@nested.program(A, B)
def plain(a, b):
    def combined(x, y):
        return x * 3 - y

    i = index()
    return combined(a[i], b[i]) + combined(b[i], a[i])


@nested.program(A, 4)
def sees_outer_names(a, n):
    i = index()
    base = a[i] * 2

    def shifted(x):
        return x + base + n

    return shifted(1) * shifted(2)


@nested.program(A)
def sees_arrays(a):
    def left(k):
        return a[k - 1]

    i = index()
    return left(i) + left(i + 2)


@nested.program(A)
def calls_another(a):
    def doubled(x):
        return x * 2

    def doubled_twice(x):
        return doubled(doubled(x))

    return doubled_twice(a[index()]) + 1


@nested.program(A)
def with_a_loop(a):
    def total(n):
        t = 0
        for k in range(n):
            if k == 5:
                break
            t += k
        return t

    return total(a[index()]) + total(3)


@nested.program(F)
def lambda_function(x):
    twice = lambda v: v + v  # noqa: E731 - kernels may have them
    return twice(x[index()]) - twice(0.25)


GROUPS = (helpers, nested)
