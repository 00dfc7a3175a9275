"""Captured arrays, `gk.Array`s, tuples and numbers, also inside helpers."""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from gpukernel import index
from tests.cases.case import Cases

cases = Cases("captured_data")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
PICTURE = np.arange(30, dtype=np.float32).reshape(5, 6)
WEIGHTS = np.array([0.25, 0.5, 0.25])
PALETTE = np.array([[0, 10, 20], [30, 40, 50]], np.uint8)
MASK = np.array([True, False, True, True, False])
KERNEL = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
SHIFTED = np.arange(20, dtype=np.float32)[::-2]
TABLE = gk.array(np.array([7.0, 8.0, 9.0], np.float32), device="cpu")
INTS = gk.array(np.array([[1, 2], [3, 4]]), device="cpu")
ORIGIN = (2, -1)
GAINS = (0.5, 2.0, 4.0)
COUNT = 3
RATIO = np.float32(0.75)
FLAG = np.bool_(True)


def blurred(a, i):
    total = 0.0
    for k in range(len(WEIGHTS)):
        total += WEIGHTS[k] * a[i + k - 1]
    return total


def convolved(a, i, j):
    total = 0.0
    for di in range(KERNEL.shape[0]):
        for dj in range(KERNEL.shape[1]):
            total += KERNEL[di, dj] * a[i + di - 1, j + dj - 1]
    return total


def looked_up(k):
    return TABLE[k] * COUNT


def first_of(a):
    return a[0]


@cases.add(X)
def captured_array(a):
    i = index()
    return a[i] * WEIGHTS[i % 3]


@cases.add(X)
def captured_array_inside_a_helper(a):
    return blurred(a, index())


@cases.add(PICTURE)
def captured_int_array_inside_a_helper(a):
    i, j = index()
    return convolved(a, i, j)


@cases.add(X)
def captured_array_passed_to_a_helper(a):
    return first_of(WEIGHTS) + first_of(a) * 10 + first_of(TABLE) * 100


@cases.add(N, reference=[25.0] * 3 + [25.25, 25.5, 25.25] + [25.0] * 9)
def captured_array_outside(a):
    k = a[index()]
    return WEIGHTS[k] + WEIGHTS[-1] * 100


@cases.add(shape=(2, 3))
def captured_array_only():
    i, j = index()
    return PALETTE[i, j] * 2 + len(PALETTE) + PALETTE.shape[1]


@cases.add(X)
def captured_bools(a):
    i = index()
    return a[i] if MASK[i] else -1.0


@cases.add(shape=(10,))
def captured_array_with_negative_strides():
    return SHIFTED[index()]


@cases.add(X)
def captured_array_and_argument_of_one_name(WEIGHTS):
    i = index()
    return WEIGHTS[i] + first_of(WEIGHTS) + blurred(WEIGHTS, i)


@cases.add(WEIGHTS)
def captured_array_is_also_the_argument(a):
    i = index()
    return a[i] + WEIGHTS[i]


@cases.add(N)
def captured_gk_array(a):
    k = a[index()]
    return TABLE[k % 3] + INTS[k % 2, 1] * 10 + TABLE.shape[0]


@cases.add(N)
def captured_gk_array_inside_a_helper(a):
    return looked_up(a[index()] % 3)


@cases.add(X)
def captured_tuples(a):
    dx, dy = ORIGIN
    total = 0.0
    for gain in GAINS:
        total += a[index() + dx] * gain
    return total + dy + GAINS[1] + ORIGIN[-1] * 100


@cases.add(X)
def captured_numpy_scalars(a):
    return a[index()] * RATIO + FLAG + COUNT


@cases.add(N)
def captured_number_as_a_list_size(a):
    xs = [0] * COUNT
    for k in range(COUNT):
        xs[k] = a[index()] * k
    return sum(xs)


@cases.add(N)
def captured_number_as_a_range(a):
    xs = [a[index()] + k for k in range(COUNT)]
    return xs[0] * 100 + xs[COUNT - 1]


def _with_local_arrays(weights, table, pair):
    def helper(k):
        return weights[k] + pair[0]

    def captured_from_the_enclosing_function(a):
        i = index()
        return a[i] * helper(i % 2) + table[i % 2] + pair[1]

    return captured_from_the_enclosing_function


cases.add(X)(_with_local_arrays(np.array([2.0, 3.0]), gk.array([5, 6], device="cpu"), (1, 0.5)))
cases.add(X, name="captured_from_another_enclosing_function")(
    _with_local_arrays(np.array([4, 9], np.int8), gk.array([0.5, 1.5], device="cpu"), (3, 2))
)
