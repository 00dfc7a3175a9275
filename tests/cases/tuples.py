"""Tuples: swapped, nested, returned by helpers, looped over, indexed, captured."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("tuples")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
PICTURE = np.arange(20, dtype=np.float32).reshape(4, 5)
DIGITS = (3, 1, 4, 1, 5)
STEPS = ((0, 1), (1, 0), (0, -1))
MIXED = (2, 0.5, True)


def low_and_high(x, y):
    if x < y:
        return x, y
    return y, x


def divided(x, y):
    return x // y, x % y


def nested_result(x):
    return (x, x + 1), x * 2


def shifted(pair, by=10):
    first, second = pair
    return first + by, second - by


def total(pair):
    return pair[0] + pair[1]


@cases.add(N)
def swap(a):
    x, y = a[index()], 7
    x, y = y, x
    return x * 100 + y


@cases.add(N)
def rotation_of_three(a):
    x, y, z = a[index()], 2, 3
    x, y, z = z, x, y
    x, y, z = z, x, y
    return x * 100 + y * 10 + z


@cases.add(N)
def nested_unpacking(a):
    (x, y), z = (a[index()], 2), 3
    w, (u, (v, t)) = x, (y, (z, 4))
    return w * 1000 + u * 100 + v * 10 + t


@cases.add(N)
def kept_whole(a):
    pair = (a[index()], 2)
    other = pair
    pair = (other[1], other[0])
    return pair[0] * 100 + pair[1] * 10 + other[0]


@cases.add(X)
def joined_elements(a):
    i = index()
    pair = (1, 2)
    if i > 2:
        pair = (a[i], 3)
    return pair[0] / 2 + pair[1]


@cases.add(N)
def result_of_a_helper(a):
    low, high = low_and_high(a[index()], 4)
    return low * 100 + high


@cases.add(X)
def result_of_mixed_types(a):
    low, high = low_and_high(a[index()], 1)
    return low * 10 + high


@cases.add(N)
def result_kept_whole(a):
    both = divided(a[index()], 4)
    return both[0] * 100 + both[1] * 10 + len(both)


@cases.add(N)
def result_indexed_at_once(a):
    n = a[index()]
    return divided(n, 3)[0] * 10 + divided(n, 3)[-1]


@cases.add(N)
def nested_result_of_a_helper(a):
    (x, y), z = nested_result(a[index()])
    return x * 100 + y * 10 + z


@cases.add(N)
def tuple_to_helpers(a):
    return total(shifted(shifted((a[index()], 2)), by=1)) + total((5, 6))


@cases.add(N)
def conditional_expression(a):
    n = a[index()]
    x, y = (n, 1) if n > 2 else (2, n)
    return x * 10 + y


@cases.add(N)
def loop_over_a_tuple(a):
    n = a[index()]
    result = 0
    for w in (1, -2, n):
        result = result * 10 + w * n
    return result


@cases.add(X)
def loop_over_mixed_numbers(a):
    result = 0.0
    for w in (1, 0.5, True):
        result += w * a[index()]
        if result > 5:
            break
    return result


@cases.add(N)
def loop_over_a_kept_tuple(a):
    weights = (a[index()], 2, 3)
    result = 0
    for w in weights:
        for v in weights:
            if v == w:
                continue
            result = result * 3 + v - w
    return result


@cases.add(N)
def loop_over_pairs(a):
    result = 0
    for x, y in ((1, 2), (a[index()], 3), (4, 5)):
        result += x * y
    return result


@cases.add(N)
def loop_with_zip_and_enumerate(a):
    result = 0
    for k, (x, y) in enumerate(zip((1, 2, 3), (a[index()], 5, 6))):
        result += k * 100 + x * y
    return result


@cases.add(N)
def loop_variable_after(a):
    for w in (5, a[index()], 7):
        if w > 6:
            break
    return w


@cases.add(N)
def constant_indices(a):
    t = (a[index()], 2, 3)
    return t[0] * 100 + t[-1] * 10 + t[1] + len(t)


@cases.add(N)
def computed_index(a):
    t = (3, 1, 4, 1, 5)
    return t[a[index()] % 5] * 10 + (2, 7, 1)[a[index()] % 3]


@cases.add(np.array([-100, -6, 5, 99]), reference=[0, 0, 0, 0])
def computed_index_outside(where):
    t = (3, 1, 4, 1, 5)
    return t[where[index()]]


@cases.add(X)
def computed_index_of_mixed_numbers(a):
    t = (1, 0.5, True)
    return t[index() % 3] / 2


@cases.add(PICTURE)
def shape_at_computed_index(a):
    i, j = index()
    return a.shape[(i + j) % 2]


@cases.add(N)
def captured(a):
    i = index()
    x, y, z, _, w = DIGITS
    return DIGITS[1] + DIGITS[i % 5] * 10 + x * 100 + z * 1000 + len(DIGITS) + w - y


@cases.add(PICTURE)
def captured_pairs(a):
    i, j = index()
    result = 0.0
    for di, dj in STEPS:
        result += a[i + di, j + dj]
    return result + STEPS[2][1]


@cases.add(X)
def captured_mixed(a):
    result = a[index()]
    for w in MIXED:
        result *= w
    return result


@cases.add(N)
def sum_min_max(a):
    t = (a[index()], 4, -2)
    return sum(t) * 100 + min(t) * 10 + max(t)


@cases.add(N)
def any_and_all(a):
    n = a[index()]
    return any((n > 3, n < -1)) + 2 * all((n > 0, n < 9, n != 4))


@cases.add(N)
def compared(a):
    n = a[index()]
    return ((n, 1) == (4, 1)) + 2 * ((n, n) != (2, 2))


@cases.add(N)
def chained_assignment(a):
    x = y, z = a[index()], 5
    return x[0] * 100 + y * 10 + z


@cases.add(N)
def order_of_assignment(a):
    i = 0
    xs = [10, 20, 30]
    i, xs[i] = 1, a[index()]
    return i * 1000 + xs[0] + xs[1]
