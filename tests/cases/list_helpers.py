"""Local lists passed to helpers and returned by them, copied, and made anew."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("list_helpers")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
ROWS = np.array(
    [[5, 3, 9, 1, 7, 2, 8], [0, 0, -1, 4, -1, 4, 0], [7, 6, 5, 4, 3, 2, 1], [1, 1, 1, 1, 1, 1, 1]]
)


def sort_three(xs):
    for k in range(2):
        for m in range(2):
            if xs[m] > xs[m + 1]:
                xs[m], xs[m + 1] = xs[m + 1], xs[m]
    return 0


def insert_sorted(xs):
    for k in range(1, len(xs)):
        value = xs[k]
        p = k - 1
        while p >= 0 and xs[p] > value:
            xs[p + 1] = xs[p]
            p -= 1
        xs[p + 1] = value


def clear_from(xs, start):
    if start < 0:
        return
    for k in range(start, len(xs)):
        xs[k] = 0


def add_to_all(xs, amount=1):
    for k in range(len(xs)):
        xs[k] += amount
    return len(xs)


def fill_squares(xs):
    for k in range(len(xs)):
        xs[k] = k * k
    return xs[-1]


def squares_up_to(n):
    xs = [0] * 6
    for k in range(n):
        xs[k] = k * k
    return xs


def total_of(xs):
    total = 0
    for x in xs:
        total += x
    return total


def low_and_high(x, y):
    if x < y:
        return [x, y]
    return [y, x]


def scaled_identity(factor):
    return [[factor if i == j else 0.0 for j in range(2)] for i in range(2)]


def trace(m):
    return m[0][0] + m[1][1]


def clear_diagonal(m):
    for k in range(2):
        m[k][k] = 0.0
    return 1


@cases.add(N)
def helper_changes_a_list(a):
    xs = [a[index()], 5, 0]
    changed = sort_three(xs)
    return changed + xs[0] * 100 + xs[1] * 10 + xs[2]


@cases.add(ROWS, reference=np.sort(ROWS, axis=1))
def helper_without_a_result(a):
    i, j = index()
    xs = [a[i, k] for k in range(7)]
    insert_sorted(xs)
    return xs[j]


@cases.add(N)
def helper_that_returns_early_without_a_result(a):
    xs = [1, 2, 3, 4]
    clear_from(xs, a[index()])
    return sum(xs)


@cases.add(N)
def helper_whose_result_is_not_used(a):
    xs = [a[index()], 5]
    add_to_all(xs, 3)
    return xs[0] * 10 + xs[1]


@cases.add(N)
def helper_changes_a_list_in_an_expression(a):
    xs = [a[index()], 5]
    count = add_to_all(xs) * 1000 + add_to_all(xs, amount=10) * 100
    return count + sum(xs)


@cases.add(N)
def helper_with_lists_of_several_sizes(a):
    xs, ys = [0] * 3, [0] * 5
    return fill_squares(xs) * 100 + fill_squares(ys) + ys[a[index()] % 5] * 1000 + xs[1]


@cases.add(N)
def helper_returns_a_list(a):
    xs = squares_up_to(a[index()] % 7)
    return xs[1] + xs[2] * 10 + xs[5] * 100 + len(xs)


@cases.add(X)
def helper_returns_one_of_two_lists(a):
    pair = low_and_high(a[index()], 1.0)
    low, high = pair
    return pair[0] * 10 + pair[1] + low - high


@cases.add(N)
def list_from_helper_to_helper(a):
    return total_of(squares_up_to(a[index()] % 7)) + total_of([1, 2, 3])


@cases.add(X)
def nested_list_to_helper(a):
    m = scaled_identity(a[index()])
    before = trace(m)
    cleared = clear_diagonal(m)
    return before * 10 + trace(m) + cleared


@cases.add(N)
def row_of_a_nested_list_to_helper(a):
    m = [[a[index()], 2], [3, 4]]
    count = add_to_all(m[1], 10)
    return count + m[0][0] + m[0][1] * 10 + m[1][0] * 100 + m[1][1] * 10000


@cases.add(N)
def copy_is_independent(a):
    xs = [a[index()], 2, 3]
    ys = list(xs)
    ys[0] = 100
    xs[1] = 50
    return xs[0] + xs[1] * 10 + ys[0] * 1000 + ys[1] * 100000


@cases.add(N)
def list_of_a_range(a):
    xs = list(range(2, 12, 3))
    return xs[a[index()] % 4] * 10 + len(xs)


@cases.add(N)
def made_anew_in_each_turn(a):
    total = 0
    for k in range(3):
        xs = [0] * 3
        xs[k] = a[index()]
        total = total * 10 + xs[0] + xs[1] + xs[2]
    return total


@cases.add(N)
def made_in_both_branches(a):
    n = a[index()]
    if n > 3:
        xs = [n, 1]
    else:
        xs = [2, n]
    xs[0] += 5
    return xs[0] * 10 + xs[1]


@cases.add(N)
def ping_pong_by_copies(a):
    old = [a[index()], 0, 0, 1]
    for turn in range(5):
        new = [0] * 4
        for k in range(4):
            new[k] = old[(k + 1) % 4] + old[k]
        old = list(new)
    return old[0] * 10 + old[3]


@cases.add(N)
def unpacked(a):
    xs = [a[index()], 2, 3]
    x, y, z = xs
    return x * 100 + y * 10 + z


@cases.add(N)
def index_evaluated_once(a):
    xs = [1, 2, 3, 4, 5]
    where = [0]
    xs[add_to_all(where) + where[0]] += a[index()]
    return xs[2] * 10 + where[0]


@cases.add(N)
def divergent_writes(a):
    n = a[index()]
    xs = [0] * 4
    for k in range(n):
        if k % 2 == n % 2:
            continue
        xs[k % 4] += k
        if xs[k % 4] > 9:
            break
    return xs[0] + xs[1] * 10 + xs[2] * 100 + xs[3] * 1000


@cases.add(shape=(64,), reference=np.arange(64) * 7 % 1000)
def thousand_elements():
    xs = [0] * 1000
    for k in range(1000):
        xs[k * 7 % 1000] = k * 7 % 1000
    return xs[index() * 7 % 1000]
