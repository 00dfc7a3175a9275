"""`uint`: 32 bits without sign, which wrap and shift in zeros; literals join it."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("uint")

U = np.array([0, 1, 2, 7, 255, 65536, 2**31 - 1, 2**31, 2**31 + 5, 2**32 - 2, 2**32 - 1], np.uint32)
V = np.array([3, 2**32 - 1, 5, 2, 16, 65537, 2, 2**31, 10, 2**32 - 1, 7], np.uint32)
N = np.arange(-5, 6)
SEED = np.uint32(2**32 - 7)
TEXT = np.frombuffer(b"a kernel for each cell of the output", np.uint8).reshape(6, 6)


def u32(value):
    """Return a Python int modulo 2**32."""
    return int(value) % 2**32


def of_each(function, *arrays):
    """Return a function of Python ints over arrays, modulo 2**32."""
    rows = zip(*(array.tolist() for array in arrays))
    return np.array([u32(function(*row)) for row in rows], np.uint32)


def fnv_reference(values):
    h = 2166136261
    for value in values:
        h = u32((h ^ value) * 16777619)
    return h


def murmur_reference(h):
    h = u32((h ^ h >> 16) * 0x85EBCA6B)
    h = u32((h ^ h >> 13) * 0xC2B2AE35)
    return h ^ h >> 16


def xorshift_reference(x, turns=5):
    for _ in range(turns):
        x ^= u32(x << 13)
        x ^= x >> 17
        x ^= u32(x << 5)
    return x


# ---------------------------------------------------------------- operators


@cases.add(U, V, reference=U + V)
def addition_wraps(a, b):
    i = index()
    return a[i] + b[i]


@cases.add(U, V, reference=U - V)
def subtraction_wraps(a, b):
    i = index()
    return a[i] - b[i]


@cases.add(U, V, reference=U * V)
def product_wraps(a, b):
    i = index()
    return a[i] * b[i]


@cases.add(U, V, reference=U // V + U % V * 3)
def quotient_and_remainder(a, b):
    i = index()
    return a[i] // b[i] + a[i] % b[i] * 3


@cases.add(U, reference=U // 10 + U % 10)
def divided_by_a_literal(a):
    x = a[index()]
    return x // 10 + x % 10


@cases.add(U, reference=np.zeros(11, np.uint32))
def divided_by_zero(a):
    x = a[index()]
    zero = x - x
    return x // zero + x % zero


@cases.add(U, reference=U.astype(np.float64) / 2)
def true_division(a):
    return a[index()] / 2


@cases.add(U, reference=of_each(lambda x: x**3, U))
def power_wraps(a):
    return a[index()] ** 3


@cases.add(U, V, reference=(U & V) ^ (U | ~V))
def bits(a, b):
    i = index()
    return (a[i] & b[i]) ^ (a[i] | ~b[i])


@cases.add(U, reference=(U >> 1) + (U >> 31) + (U << 4))
def shifts(a):
    x = a[index()]
    return (x >> 1) + (x >> 31) + (x << 4)


@cases.add(
    U, np.arange(11) * 4, reference=of_each(lambda x, n: (x >> n) ^ (x << n), U, np.arange(11) * 4)
)
def shifts_by_a_variable(a, n):
    i = index()
    return (a[i] >> n[i]) ^ (a[i] << n[i])


@cases.add(U, reference=np.zeros(11, np.uint32))
def shifts_by_32(a):
    x = a[index()]
    return (x >> 32) + (x << 32) + (x >> 40)


@cases.add(U, V, reference=(U < V) + 2 * (U <= V) + 4 * (U > V) + 8 * (U == V))
def comparisons(a, b):
    i = index()
    x, y = a[i], b[i]
    return (x < y) + 2 * (x <= y) + 4 * (x > y) + 8 * (x == y)


@cases.add(U, reference=(U > 2**31) + 2 * (U >= 7) + 4 * (U == 2**32 - 1) + 8 * (U < 1))
def comparisons_with_literals(a):
    x = a[index()]
    return (x > 2147483648) + 2 * (7 <= x) + 4 * (x == 0xFFFFFFFF) + 8 * (x < 1)


@cases.add(U, reference=(U > 1) & (U < 3000000000))
def chained_comparison(a):
    return 1 < a[index()] < 3000000000


@cases.add(U, reference=(U ^ np.uint32(0xDEADBEEF)) + np.uint32(4000000000))
def literals_above_the_ints(a):
    return (a[index()] ^ 0xDEADBEEF) + 4000000000


@cases.add(U, reference=~U + np.uint32(1))
def negated_by_hand(a):
    return ~a[index()] + 1


@cases.add(U, reference=np.minimum(U, 1000) + np.maximum(U, 2**31))
def min_and_max(a):
    x = a[index()]
    return min(x, 1000) + max(x, 2147483648)


@cases.add(U, reference=np.where(U > 100, U, U + 5))
def conditional_expression(a):
    x = a[index()]
    return x if x > 100 else x + 5


@cases.add(U, reference=U != 0)
def truth(a):
    x = a[index()]
    if x:
        return True
    return not (not x)


@cases.add(U, reference=(((U + 3) * 5 ^ 9) << 2) - 1)
def augmented(a):
    x = a[index()]
    x += 3
    x *= 5
    x ^= 9
    x <<= 2
    x -= 1
    return x


# ---------------------------------------------------------------- conversions


@cases.add(N, reference=N.astype(np.int32).view(np.uint32))
def int_to_uint_keeps_the_bits(a):
    return np.uint32(a[index()])


@cases.add(U, reference=U.view(np.int32))
def uint_to_int_keeps_the_bits(a):
    return int(a[index()])


@cases.add(U, reference=U.view(np.int32) >> 4)
def arithmetic_shift_after_int(a):
    return int(a[index()]) >> 4


@cases.add(U, reference=U.astype(np.float32))
def uint_to_float(a):
    return float(a[index()])


@cases.add(
    np.array([-1.5, 0.99, 3e9, 1e20, np.nan, -np.inf], np.float32),
    reference=np.array([0, 0, 3000000000, 2**32 - 1, 0, 0], np.uint32),
)
def float_to_uint_saturates(a):
    return np.uint32(a[index()])


@cases.add(np.array([True, False]), reference=np.array([5, 4], np.uint32))
def bool_joins_uint(a):
    return np.uint32(4) + a[index()]


@cases.add(U, reference=U * np.float32(0.5))
def float_joins_uint(a):
    return a[index()] * 0.5


@cases.add(U, reference=np.where(np.arange(11) > 4, U, 7))
def literal_joined_in_branches(a):
    i = index()
    x = 7
    if i > 4:
        x = a[i]
    return x


@cases.add(U, reference=U + np.arange(11, dtype=np.uint32) * 2)
def index_made_uint(a):
    i = index()
    return a[i] + np.uint32(i) * 2


@cases.add(U, reference=U[(U % 11).astype(int)])
def used_as_an_index(a):
    i = index()
    return a[int(a[i] % 11)]


@cases.add(U, np.uint32(4000000000), reference=U + np.uint32(4000000000))
def scalar_argument(a, offset):
    return a[index()] + offset


@cases.add(U, reference=U ^ SEED)
def captured(a):
    return a[index()] ^ SEED


@cases.add(N, reference=np.arange(11, dtype=np.uint32) * np.uint32(2654435769))
def constant(a):
    return np.uint32(index()) * np.uint32(2654435769)


# ---------------------------------------------------------------- programs


@cases.add(U, reference=of_each(xorshift_reference, U))
def xorshift(a):
    x = a[index()]
    for _ in range(5):
        x ^= x << 13
        x ^= x >> 17
        x ^= x << 5
    return x


@cases.add(
    TEXT, shape=(6,), reference=np.array([fnv_reference(row.tolist()) for row in TEXT], "u4")
)
def fnv(text):
    i = index()
    h = np.uint32(2166136261)
    for j in range(text.shape[1]):
        h = (h ^ np.uint32(text[i, j])) * 16777619
    return h


def finalize(h):
    h ^= h >> 16
    h *= 0x85EBCA6B
    h ^= h >> 13
    h *= 0xC2B2AE35
    return h ^ h >> 16


@cases.add(U, reference=of_each(murmur_reference, U))
def murmur_finalizer(a):
    return finalize(a[index()])


@cases.add(shape=(4, 5), reference=np.array([murmur_reference(k) for k in range(20)]).reshape(4, 5))
def murmur_of_positions():
    i, j = index()
    return finalize(np.uint32(i * 5 + j))


@cases.add(U, reference=of_each(lambda x: bin(x).count("1"), U))
def popcount(a):
    x = a[index()]
    x = x - ((x >> 1) & 0x55555555)
    x = (x & 0x33333333) + ((x >> 2) & 0x33333333)
    x = (x + (x >> 4)) & 0x0F0F0F0F
    return (x * 0x01010101) >> 24


@cases.add(U, reference=of_each(lambda x: bin(x).count("1"), U).astype(np.int32))
def popcount_by_loop(a):
    x = a[index()]
    count = 0
    while x:
        x &= x - 1
        count += 1
    return count


@cases.add(U, reference=of_each(lambda x: int(f"{x:032b}"[::-1], 2), U))
def bits_reversed(a):
    x = a[index()]
    y = np.uint32(0)
    for k in range(32):
        y = (y << 1) | (x & 1)
        x >>= 1
    return y


@cases.add(U, reference=of_each(lambda x: x << 7 | x >> 25, U))
def rotated(a):
    x = a[index()]
    return (x << 7) | (x >> 25)


@cases.add(
    U, reference=of_each(lambda x: u32(x * 1664525 + 1013904223) >> 9, U) / np.float32(2**23)
)
def congruential_float(a):
    return ((a[index()] * 1664525 + 1013904223) >> 9) / 8388608.0


@cases.add(U, V, reference=of_each(lambda x, y: x * y >> 32, U, V))
def high_half_of_a_product(a, b):
    i = index()
    x, y = a[i], b[i]
    x_low, x_high, y_low, y_high = x & 0xFFFF, x >> 16, y & 0xFFFF, y >> 16
    low = (x_low * y_low >> 16) + (x_high * y_low & 0xFFFF) + (x_low * y_high & 0xFFFF)
    return x_high * y_high + (x_high * y_low >> 16) + (x_low * y_high >> 16) + (low >> 16)


@cases.add(U, reference=np.sort(U)[::-1])
def sorted_in_a_list(a):
    i = index()
    xs = [a[k] for k in range(11)]
    for end in range(10, 0, -1):
        for k in range(end):
            if xs[k] < xs[k + 1]:
                xs[k], xs[k + 1] = xs[k + 1], xs[k]
    return xs[i]


@cases.add(U, reference=(U >> 16, U & 0xFFFF, U > 2**31))
def halves_and_sign(a):
    x = a[index()]
    return x >> 16, x & 65535, x > 0x80000000
