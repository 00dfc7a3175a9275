"""Array reads: negative literals, out of range, attributes, computed indices."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("reads")

LINE = np.arange(1, 8, dtype=np.float32)
GRID = np.arange(1, 13).reshape(3, 4)
BLOCK = np.arange(1, 25).reshape(2, 3, 4)
FOUR = np.arange(1, 121, dtype=np.float32).reshape(2, 3, 4, 5)


@cases.add(LINE)
def negative_literals(a):
    return a[-1] * 10 + a[-3] + a[-7] + a[-8]


@cases.add(GRID)
def negative_literals_of_two_axes(a):
    i, j = index()
    return a[-1, j] * 100 + a[i, -2]


@cases.add(LINE)
def out_of_range(a):
    i = index()
    return a[i - 2] * 100 + a[i + 2]


@cases.add(GRID)
def out_of_range_in_each_axis(a):
    i, j = index()
    return a[i - 1, j] + 10 * a[i + 1, j] + 100 * a[i, j - 1] + 1000 * a[i, j + 1]


@cases.add(LINE)
def far_out_of_range(a):
    i = index()
    return a[i * 100000000] + a[2147483647] + a[-2147483647 - i]


@cases.add(BLOCK, shape=(1,))
def attributes(a):
    return a.shape[0] + 10 * a.shape[1] + 100 * a.shape[2] + 1000 * len(a) + 7 * a.ndim + a.size


@cases.add(BLOCK, shape=(2,))
def unpacked_shape(a):
    depth, height, width = a.shape
    return depth * 100 + height * 10 + width + index()


@cases.add(GRID)
def negative_axis_of_shape(a):
    i, j = index()
    return a[i, a.shape[-1] - 1 - j] + a.shape[-2]


@cases.add(LINE)
def reverse(a):
    return a[len(a) - 1 - index()]


@cases.add(np.array([3, 0, 9, 1, -1, 2, 2]), LINE)
def gather(where, a):
    return a[where[index()]]


@cases.add(FOUR)
def whole_index(a):
    return a[index()] * 2


@cases.add(GRID, shape=(4, 3))
def transpose(a):
    i, j = index()
    return a[j, i]


@cases.add(FOUR, shape=(5, 2))
def partial_sums_of_rank_four(a):
    m, i = index()
    total = 0.0
    for j in range(a.shape[1]):
        for k in range(a.shape[2]):
            total += a[i, j, k, m]
    return total


@cases.add(GRID, LINE)
def broadcast(a, row):
    i, j = index()
    return a[i, j] * row[j]


@cases.add(GRID[::-1, ::2], GRID.T)
def strided_inputs(a, b):
    i, j = index()
    return a[i, j] * 100 + b[j, i]


@cases.add(np.array([0.25, 1.5, -2.0]), shape=(3,))
def float_index_made_int(a):
    return a[int(a[index()])]


@cases.add(np.array([True, False, True]))
def bool_out_of_range(a):
    i = index()
    return a[i] and a[i + 1] or a[99]
