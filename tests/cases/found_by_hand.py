"""Programs that once gave wrong numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel import index
from tests.cases.case import Cases

cases = Cases(__name__)
A = np.arange(-4, 5, dtype=np.int32)


def scaled_by(factor: Any) -> Any:
    def scaled(x):
        return x * factor

    return scaled


def looked_up_in(table: Any) -> Any:
    def looked_up(i):
        return table[i]

    return looked_up


def summed_over(values: Any) -> Any:
    def summed(x):
        total = 0
        for value in values:
            total += value * x
        return total

    return summed


threefold, fivefold, halved = scaled_by(3), scaled_by(5), scaled_by(0.5)
units, tens, hundreds = (looked_up_in(np.arange(9) * 10**k) for k in range(3))
over_two, over_three = summed_over((1, 2)), summed_over((3, 4, 5))


@cases.add(A)
def helpers_of_one_name_with_captures(a):
    x = a[index()]
    return threefold(x) * 1000 + fivefold(x)


@cases.add(A)
def helpers_of_one_name_with_captures_of_two_types(a):
    x = a[index()]
    return threefold(x) * 1000 + halved(x)


@cases.add(shape=(9,))
def helpers_of_one_name_with_captured_arrays():
    i = index()
    return units(i) + tens(i) + hundreds(i)


@cases.add(A)
def helpers_of_one_name_with_captured_tuples(a):
    x = a[index()]
    return over_two(x) * 1000 + over_three(x)


@cases.add(A)
def index_that_a_call_makes_negative(a):
    outside = a[min(max(-9, -2), 4)] + a[int(-1.5)]
    return outside + a[-2]


@cases.add(A)
def sign_of_a_numpy_number(a):
    return gk.sign(np.tanh(a[index()] * 1.0))


@cases.add(np.full(5, 0.1, np.float32))
def sums_that_may_not_be_regrouped(a):
    t = 0.0
    steps = 0
    while t < 20.0:
        t = t + a[index()] * 1.25
        steps += 1
    return steps


@cases.add(np.array([1.0, np.inf, np.nan, -2.0], np.float32))
def differences_and_products_that_are_not_zero(a):
    x = a[index()]
    return (x - x) + 0.0 * x


@cases.add(shape=(8,))
def negative_indices_into_what_is_local():
    i = index()
    xs = [1, 2, 3, 4]
    ts = (10, 20, 30, 40)
    v = gk.vec4(100.0, 200.0, 300.0, 400.0)
    m = [[1000, 2000], [3000, 4000]]
    xs[i - 5 if i > 0 else 0] += 5
    v[-1 - i // 2] = 500.0
    return xs[i - 4] + ts[i - 4] + v[i - 4] + m[i // 4 - 1][-(i % 2)]


@cases.add(A)
def throwaway_of_several_types(a):
    total = 0
    for _ in range(3):
        total += a[index()]
    _, b = (1, 2), 3
    for _, x in enumerate([1.5, 2.5]):
        total += int(x)
    return total + b


@cases.add(A)
def generator_with_two_loops(a):
    x = a[index()]
    total = sum(x * j for i in range(4) for j in range(i) if (i + j) % 2)
    return total * 10 + int(any(x == i - j for i in range(3) for j in range(3)))


@cases.add(A)
def extremes_of_generators(a):
    i = index()
    nearest = min(abs(a[k] - 2 * i) for k in range(len(a)))
    farthest = max((a[k] - i) * 0.5 for k in range(len(a)) if k != i)
    return nearest * 100 + farthest + max(i * j % 7 for i in range(3) for j in range(4))


@cases.add(np.array([np.nan, 3.0, 1.0], np.float32))
def smallest_of_a_generator_with_nan(a):
    return min(a[k] for k in range(index(), 3))
