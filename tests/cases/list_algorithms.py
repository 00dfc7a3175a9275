"""Programs that work in local lists: sorting, medians, histograms, tables, stacks."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("list_algorithms")

N = np.arange(-3, 12)
ROWS = np.array(
    [[5, 3, 9, 1, 7, 2, 8], [0, 0, -1, 4, -1, 4, 0], [7, 6, 5, 4, 3, 2, 1], [1, 1, 1, 1, 1, 1, 1]]
)
PICTURE = np.random.default_rng(5).integers(0, 50, (7, 9)).astype(np.float32)
TOKENS = np.array(  # numbers are pushed, -1 adds, -2 multiplies, -3 swaps, -4 ends
    [[2, 3, -1, 4, -2, -4, 0], [7, 2, 3, -2, -1, -4, 0], [1, 2, -3, -4, 9, 9, 9]]
)


def window(padded, rows, cols):
    """Return the windows of a padded picture, one row of values for each cell."""
    views = np.lib.stride_tricks.sliding_window_view(padded, (rows, cols))
    return views.reshape(*views.shape[:2], rows * cols)


MEDIANS = np.median(window(np.pad(PICTURE, 1), 3, 3), axis=2)
MEDIANS_5 = np.median(window(np.pad(PICTURE, 2), 5, 5), axis=2)


@cases.add(N)
def elements_swapped(a):
    n = a[index()]
    xs = [1, 2, 3, 4, 5]
    i, j = n % 5, n * n % 5
    xs[i], xs[j] = xs[j], xs[i]
    return (((xs[0] * 10 + xs[1]) * 10 + xs[2]) * 10 + xs[3]) * 10 + xs[4]


@cases.add(N)
def reversed_in_place(a):
    xs = [a[index()], 2, 3, 4, 5]
    for k in range(len(xs) // 2):
        xs[k], xs[len(xs) - 1 - k] = xs[len(xs) - 1 - k], xs[k]
    return xs[0] * 1000 + xs[3] * 100 + xs[4]


@cases.add(ROWS, reference=np.sort(ROWS, axis=1))
def bubble_sort(a):
    i, j = index()
    xs = [a[i, k] for k in range(7)]
    for end in range(6, 0, -1):
        for k in range(end):
            if xs[k] > xs[k + 1]:
                xs[k], xs[k + 1] = xs[k + 1], xs[k]
    return xs[j]


@cases.add(ROWS, reference=np.sort(ROWS, axis=1))
def insertion_sort(a):
    i, j = index()
    xs = [0] * 7
    for k in range(7):
        value = a[i, k]
        p = k - 1
        while p >= 0 and xs[p] > value:
            xs[p + 1] = xs[p]
            p -= 1
        xs[p + 1] = value
    return xs[j]


@cases.add(ROWS, reference=-np.sort(-ROWS, axis=1))
def selection_sort_descending(a):
    i, j = index()
    xs = [a[i, k] for k in range(7)]
    for k in range(7):
        best = k
        for m in range(k + 1, 7):
            if xs[m] > xs[best]:
                best = m
        xs[k], xs[best] = xs[best], xs[k]
    return xs[j]


@cases.add(PICTURE, reference=MEDIANS)
def median_of_nine(a):
    i, j = index()
    xs = [a[i + k // 3 - 1, j + k % 3 - 1] for k in range(9)]
    for k in range(1, 9):
        value = xs[k]
        p = k - 1
        while p >= 0 and xs[p] > value:
            xs[p + 1] = xs[p]
            p -= 1
        xs[p + 1] = value
    return xs[4]


@cases.add(PICTURE, reference=MEDIANS_5)
def median_of_twenty_five(a):
    i, j = index()
    xs = [0.0] * 25
    count = 0
    for di in range(-2, 3):
        for dj in range(-2, 3):
            value = a[i + di, j + dj]
            p = count
            while p > 0 and xs[p - 1] > value:
                xs[p] = xs[p - 1]
                p -= 1
            xs[p] = value
            count += 1
    return xs[count // 2]


@cases.add(PICTURE, shape=(7, 8))
def histogram_of_a_row(a):
    i, bin = index()
    counts = [0] * 8
    for k in range(a.shape[1]):
        counts[int(a[i, k]) * 8 // 50] += 1
    return counts[bin]


@cases.add(ROWS, reference=np.cumsum(ROWS, axis=1))
def prefix_sums(a):
    i, j = index()
    xs = [a[i, k] for k in range(7)]
    for k in range(1, 7):
        xs[k] += xs[k - 1]
    return xs[j]


@cases.add(TOKENS, shape=(3,), reference=[20, 13, 1])
def stack_machine(tokens):
    i = index()
    stack = [0] * 8
    top = 0
    for k in range(tokens.shape[1]):
        token = tokens[i, k]
        if token == -4:
            break
        if token >= 0:
            stack[top] = token
            top += 1
            continue
        if token == -3:
            stack[top - 1], stack[top - 2] = stack[top - 2], stack[top - 1]
            continue
        top -= 1
        if token == -1:
            stack[top - 1] += stack[top]
        else:
            stack[top - 1] *= stack[top]
    return stack[top - 1]


@cases.add(shape=(3, 10), reference=np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29])[None])
def sieve():
    i, j = index()
    composite = [False] * 30
    count = 0
    for n in range(2, 30):
        if composite[n]:
            continue
        if count == j:
            return n
        count += 1
        for m in range(n * n, 30, n):
            composite[m] = True
    return -1


@cases.add(N)
def fibonacci_table(a):
    table = [0] * 12
    table[1] = 1
    for k in range(2, 12):
        table[k] = table[k - 1] + table[k - 2]
    return table[a[index()]]


@cases.add(shape=(8,), reference=[1, 7, 21, 35, 35, 21, 7, 1])
def pascal_triangle():
    row = [0] * 8
    row[0] = 1
    for n in range(7):
        for k in range(7, 0, -1):
            row[k] += row[k - 1]
    return row[index()]


@cases.add(shape=(6, 6))
def knapsack():
    i, j = index()
    weights = [2, 3, 4, 5]
    values = [3, 4, 5, 6 + i]
    best = [0] * 12
    for k in range(4):
        for room in range(i + j, weights[k] - 1, -1):
            best[room] = max(best[room], best[room - weights[k]] + values[k])
    return best[i + j]


@cases.add(shape=(4,), reference=[1, 2, 6, 24])
def permutations_counted():
    n = index() + 1
    used = [False] * 4
    choice = [-1] * 4
    depth = 0
    count = 0
    while depth >= 0:
        if depth == n:
            count += 1
            depth -= 1
            continue
        if choice[depth] >= 0:
            used[choice[depth]] = False
        choice[depth] += 1
        while choice[depth] < n and used[choice[depth]]:
            choice[depth] += 1
        if choice[depth] == n:
            choice[depth] = -1
            depth -= 1
        else:
            used[choice[depth]] = True
            depth += 1
    return count
