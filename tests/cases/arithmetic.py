"""Operators with Python's meaning, and the integer edges where Python has none."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("arithmetic")

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LEFT = np.array([-7, -7, 7, 7, -6, 6, 0, 1, -1, INT_MAX, INT_MIN, 12345], np.int32)
RIGHT = np.array([2, -2, 2, -2, 3, -3, 5, 7, 7, 10, 10, -17], np.int32)
X = np.array([7.5, -7.5, 7.5, -7.5, 6.0, -6.0, 0.25, -0.25, 1e6], np.float32)
Y = np.array([2.0, 2.0, -2.0, -2.0, 3.0, 3.0, 3.0, 3.0, 7.0], np.float32)
EDGES = np.array([INT_MIN, INT_MIN + 1, -1, 0, 1, INT_MAX - 1, INT_MAX], np.int32)


def wrap(values):
    """Return exact Python ints as the 32-bit ints they wrap to."""
    return np.array([(int(v) + 2**31) % 2**32 - 2**31 for v in values], np.int32)


@cases.add(LEFT, RIGHT)
def int_floor_division(a, b):
    i = index()
    return a[i] // b[i]


@cases.add(LEFT, RIGHT)
def int_remainder(a, b):
    i = index()
    return a[i] % b[i]


@cases.add(LEFT, RIGHT)
def int_true_division(a, b):
    i = index()
    return a[i] / b[i]


@cases.add(shape=(3,))
def constant_division(value=-7):
    i = index()
    return -7 // 2 if i == 0 else (-7 % 3 if i == 1 else value // 2 + value % 3)


@cases.add(X, Y)
def float_floor_division(a, b):
    i = index()
    return a[i] // b[i]


@cases.add(X, Y)
def float_remainder(a, b):
    i = index()
    return a[i] % b[i]


@cases.add(shape=(1,))
def constant_float_remainder():
    return 7.5 % -2


@cases.add(EDGES, reference=np.zeros(7, np.int32))
def int_by_zero(a):
    i = index()
    zero = a[i] - a[i]
    return a[i] // zero + a[i] % zero


@cases.add(shape=(2,), reference=[0, 0])
def constant_int_by_zero():
    return 5 // 0 if index() == 0 else 5 % 0


@cases.add(EDGES, np.full(7, -1, np.int32), reference=wrap(-EDGES.astype(np.int64)))
def int_min_by_minus_one(a, b):
    i = index()
    return a[i] // b[i] + a[i] % b[i]


@cases.add(np.array([1.0, -1.0, 0.0], np.float32), reference=[np.inf, -np.inf, np.nan])
def float_by_zero(a):
    i = index()
    return a[i] / (a[i] - a[i])


@cases.add(np.array([1.0, -1.0, 0.0], np.float32), reference=[np.nan, np.nan, np.nan])
def float_remainder_by_zero(a):
    i = index()
    return a[i] % (a[i] - a[i])


@cases.add(EDGES, reference=wrap(EDGES.astype(np.int64) * 3 + 2))
def wraps(a):
    return a[index()] * 3 + 2


@cases.add(EDGES, reference=wrap([v * v for v in EDGES.tolist()]))
def wraps_product(a):
    i = index()
    return a[i] * a[i]


@cases.add(EDGES, reference=wrap(-EDGES.astype(np.int64)))
def wraps_negation(a):
    return -a[index()]


@cases.add(shape=(2,), reference=[INT_MIN, INT_MIN])
def shift_to_the_sign(one=1):
    return 1 << 31 if index() == 0 else one << 31


@cases.add(
    np.array([0, 1, 31, 32, 33, 64, INT_MAX], np.int32), reference=[5, 10, INT_MIN] + [0] * 4
)
def shift_left_far(n):
    return 5 << n[index()]


@cases.add(np.array([0, 1, 31, 32, 33, 64, INT_MAX], np.int32))
def shift_right_far(n):
    i = index()
    return -5 >> n[i]


@cases.add(np.array([0, 1, 2, 31, 32, 99], np.int32))
def shift_right_positive(n):
    return 1000 >> n[index()]


@cases.add(np.array([-1, -2, -31, -32, INT_MIN], np.int32), reference=[0] * 5)
def shift_by_negative(n):
    i = index()
    return (7 << n[i]) + (7 >> n[i]) + (-7 >> n[i])


@cases.add(LEFT, RIGHT)
def bits_of_negatives(a, b):
    i = index()
    return (a[i] & b[i]) ^ (a[i] | ~b[i])


@cases.add(np.arange(-5, 6), reference=wrap([v**9 for v in range(-5, 6)]))
def int_power(a):
    return a[index()] ** 9


@cases.add(np.arange(-5, 6), reference=wrap([v**40 for v in range(-5, 6)]))
def int_power_wraps(a, n=40):
    return a[index()] ** n


@cases.add(np.array([-1, -3, INT_MIN], np.int32), reference=[0, 0, 0])
def int_power_of_negative(n):
    return 3 ** n[index()]


@cases.add(shape=(1,), reference=[0.5])
def constant_negative_power():
    return 2**-1


@cases.add(np.array([-2.0, 2.0, -0.5, 0.0], np.float32))
def float_power_of_negative_base(a):
    return a[index()] ** 3


@cases.add(np.array([-2.0, -3.0, 1.5], np.float32), np.array([3.0, -2.0, 2.5], np.float32), ulp=16)
def float_power(a, b):
    i = index()
    return a[i] ** b[i]


@cases.add(shape=(1,))
def constant_power():
    return (-2.0) ** 3


@cases.add(LEFT)
def conditional_inside_a_sum(a):
    v = a[index()]
    return 10 + (1 if v > 0 else 2) * 3 - (4 if v < -5 else 5)


@cases.add(X)
def precedence(a):
    v = a[index()]
    return -(v**2) + 2 * (v - 3) / 4 - (v - (v - 1))


@cases.add(np.arange(-4, 5))
def int_precedence(a):
    v = a[index()]
    return -(v**2) + (v & 3 << 1 | 8) - (~v >> 1) * (2 - (3 - v))


@cases.add(np.array([True, False, True]), np.array([True, True, False]))
def bool_arithmetic(a, b):
    i = index()
    return a[i] + b[i] + (a[i] - b[i]) * 10 + True


@cases.add(np.array([True, False, True]), np.array([True, True, False]))
def bool_bits(a, b):
    i = index()
    return (a[i] & b[i]) ^ (a[i] | (not b[i]))


@cases.add(np.arange(9), reference=(np.arange(9) + 2**24) * 2 + 1)
def ints_past_two_to_the_24(a):
    return (a[index()] + 16777216) * 2 + 1


@cases.add(LEFT)
def augmented(a):
    v = a[index()]
    v //= 3
    v *= 2
    v -= 1
    v |= 4
    v ^= 9
    v &= 255
    v <<= 2
    v >>= 1
    v %= 100
    return v


@cases.add(X)
def augmented_floats(a):
    v = a[index()]
    v /= 4
    v **= 2
    v += 0.5
    return v


@cases.add(X, Y)
def unary(a, b):
    i = index()
    return -a[i] - -b[i] + +a[i]
