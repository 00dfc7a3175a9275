"""Builtin functions inside kernels; every row over its domain is the matter of `tests.tables`."""

from __future__ import annotations

import math
from math import sin as s

import numpy as np

import gpukernel as gk
from gpukernel import index
from tests.cases.case import Cases

cases = Cases("builtins")

HALVES = np.array([-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 2.4999998, 8388607.5], np.float32)
ANGLES = np.linspace(-3, 3, 13, dtype=np.float32)
HUGE = np.array([-3e30, -1e25, -2e22, -5e37], np.float32)


@cases.add(HALVES)
def round_half_to_even(a):
    return round(a[index()])


@cases.add(shape=(1,))
def round_constant():
    return round(2.5)


@cases.add(np.array([np.nan, 1e20, -1e20], np.float32), reference=[0, 2**31 - 1, -(2**31)])
def round_saturates(a):
    return round(a[index()])


@cases.add(HALVES)
def floor_ceil_trunc(a):
    v = a[index()]
    return math.floor(v) + 3 * math.ceil(v) - 5 * math.trunc(v)


@cases.add(HALVES)
def numpy_floor_is_float(a):
    v = a[index()]
    return np.floor(v) / 2 + np.ceil(v) / 4


@cases.add(ANGLES, absolute=4e-6)
def elementary(a):
    v = a[index()]
    return s(v) + math.cos(v) * math.exp(v) + math.sqrt(v * v + 1) - math.tanh(v)


@cases.add(
    np.array([1.0, 1.0, -1.0, -1.0, 0.0, 1.0, -1.0, 0.0], np.float32),
    np.array([1.0, -1.0, 1.0, -1.0, 1.0, 0.0, 0.0, -1.0], np.float32),
)
def atan2_quadrants(y, x):
    i = index()
    return math.atan2(y[i], x[i])


@cases.add(np.array([[3, -1, 2], [5, 5, -9]]), shape=(2,))
def min_max_abs(a):
    i = index()
    return min(a[i, 0], a[i, 1], a[i, 2]) * 100 + max(a[i, 0], a[i, 1]) + abs(a[i, 2])


@cases.add(HUGE, shape=(1,))
def max_of_huge_negatives(a):
    best = a[0]
    for k in range(len(a)):
        best = max(best, a[k])
    return best


@cases.add(HUGE, shape=(1,))
def max_from_minus_infinity(a):
    best = -math.inf
    for k in range(len(a)):
        if a[k] > best:
            best = a[k]
    return best


@cases.add(np.array([1.0, np.nan], np.float32), np.array([np.nan, 1.0], np.float32))
def min_max_of_nan(a, b):
    i = index()
    return min(a[i], b[i]) if i == 0 else max(a[i], b[i])


@cases.add(np.arange(-5, 6))
def mixed_min(a):
    i = index()
    return min(a[i], 1.5) + max(0, a[i] * 0.25)


@cases.add(np.array([12, 17, 0, -8]), np.array([18, 5, 7, 12]))
def gcd_and_lcm(a, b):
    i = index()
    return math.gcd(a[i], b[i]) * 1000 + math.lcm(a[i], b[i])


@cases.add(np.array([0, 1, 15, 16, 17, 2147395599, 2147483647]))
def integer_square_root(a):
    return math.isqrt(a[index()])


@cases.add(np.array([-7, 7, 9, -9]), np.array([2, -2, 4, 4]))
def divmod_of_ints(a, b):
    i = index()
    q, r = divmod(a[i], b[i])
    return q * 100 + r


@cases.add(np.array([2, 3, -2]))
def pow_builtin(a):
    return pow(a[index()], 5)


@cases.add(ANGLES)
def library_functions(a):
    v = a[index()]
    return gk.clamp(v, -1.0, 1.0) + gk.mix(0.0, 10.0, 0.25) + gk.step(0.5, v) + gk.fract(v)


@cases.add(np.array([np.nan, np.inf, -np.inf, 1.0], np.float32))
def classify(a):
    v = a[index()]
    return math.isnan(v) + 2 * math.isinf(v) + 4 * math.isfinite(v)


@cases.add(ANGLES, ulp=8)
def constants_of_math(a):
    return a[index()] * math.pi + math.e - math.tau


@cases.add(np.array([0.0, -0.0, 3.0, -3.0], np.float32))
def copysign(a):
    return math.copysign(2.0, a[index()])
