"""Kernels that return a tuple: one array each, of their own types, computed in one launch."""

from __future__ import annotations

import math

import numpy as np

from gpukernel import index, vec2, vec3, vec4
from tests.cases.case import Cases

cases = Cases("several_outputs")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
PICTURE = np.arange(35, dtype=np.float32).reshape(5, 7)
BLOCK = np.arange(2 * 3 * 5).reshape(2, 3, 5)
WORDS = np.array([0, 1, 2**31, 2**32 - 1], np.uint32)


def low_and_high(x, y):
    return (x, y) if x < y else (y, x)


@cases.add(X)
def two_floats(a):
    x = a[index()]
    return x * 2, x - 1


@cases.add(X)
def mixed_types(a):
    i = index()
    return a[i], i, a[i] > 0


@cases.add(PICTURE)
def at_rank_two(a):
    i, j = index()
    return a[i, j + 1] - a[i, j - 1], a[i + 1, j] - a[i - 1, j]


@cases.add(BLOCK)
def at_rank_three(a):
    i, j, k = index()
    return a[i, j, k] * 2, i * 100 + j * 10 + k, k % 2 == 0


@cases.add(N)
def types_joined_over_returns(a):
    n = a[index()]
    if n > 5:
        return n, 0.5
    return n * 0.5, n


@cases.add(N)
def early_returns(a):
    n = a[index()]
    if n < 0:
        return -1, 0
    for k in range(20):
        if k * k > n:
            return k, k * k
    return 0, 0


@cases.add(N)
def from_a_helper(a):
    return low_and_high(a[index()], 4)


@cases.add(N)
def from_a_variable(a):
    pair = (a[index()], 0.5)
    return pair


@cases.add(N)
def divmod_returned(a):
    return divmod(a[index()], 4)


@cases.add(X, reference=(X, np.stack([X, X * 2, X * 3], axis=1), np.arange(5)))
def with_a_vector(a):
    i = index()
    x = a[i]
    return x, vec3(x, x * 2, x * 3), i


@cases.add(X, reference=(np.stack([X, X], axis=1), np.stack([X, X * 2, X * 3, X * 4], axis=1)))
def two_vectors(a):
    x = a[index()]
    return vec2(x, x), vec4(x, x * 2, x * 3, x * 4)


@cases.add(
    PICTURE,
    reference=(np.stack([PICTURE, PICTURE * 2], axis=2), PICTURE > 9, PICTURE.astype(np.int32)),
)
def vector_bool_and_int_at_rank_two(a):
    i, j = index()
    x = a[i, j]
    return vec2(x, 2 * x), x > 9, int(x)


@cases.add(N)
def eight(a):
    n = a[index()]
    return n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7


@cases.add(N)
def nine(a):
    n = a[index()]
    return n, n + 1, n + 2, n * 0.5, n > 4, n - 1, n - 2, n * n, -n


@cases.add(X, reference=tuple(np.stack([X * k, X + k], axis=1) for k in range(9)))
def nine_vectors(a):
    x = a[index()]
    return (
        vec2(x * 0, x),
        vec2(x, x + 1),
        vec2(x * 2, x + 2),
        vec2(x * 3, x + 3),
        vec2(x * 4, x + 4),
        vec2(x * 5, x + 5),
        vec2(x * 6, x + 6),
        vec2(x * 7, x + 7),
        vec2(x * 8, x + 8),
    )


@cases.add(X, N, shape=(40,))
def longer_than_the_inputs(a, b):
    i = index()
    return a[i % 5], b[i - 20]


@cases.add(shape=(3, 1025))
def wide():
    i, j = index()
    return i * 10000 + j, j * 0.5


@cases.add(WORDS, reference=(WORDS >> 31, WORDS, (WORDS >> 31).astype(np.float32)))
def unsigned_and_float(a):
    x = a[index()]
    return x >> 31, x, float(x >> 31)


@cases.add(X, options={"dtype": "float16"}, reference=(X.astype(np.float16), -X.astype(np.float16)))
def all_of_one_dtype(a):
    x = a[index()]
    return x, -x


@cases.add(PICTURE, shape=(5,), absolute=1e-5)
def mean_and_deviation(a):
    i = index()
    total = squares = 0.0
    for j in range(a.shape[1]):
        total += a[i, j]
        squares += a[i, j] * a[i, j]
    mean = total / a.shape[1]
    return mean, math.sqrt(squares / a.shape[1] - mean * mean)


@cases.add(PICTURE, shape=(5,))
def largest_and_its_place(a):
    i = index()
    best, place = a[i, 0], 0
    for j in range(1, a.shape[1]):
        if a[i, j] * (j % 4) > best:
            best, place = a[i, j] * (j % 4), j
    return best, place
