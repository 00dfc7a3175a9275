"""Local lists: made, read and written at computed places, looped over, nested."""

from __future__ import annotations

import numpy as np

from gpukernel import index, vec2
from tests.cases.case import Cases

cases = Cases("local_lists")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 12)
PICTURE = np.random.default_rng(5).integers(0, 50, (7, 9)).astype(np.float32)
OUTSIDE = np.array([-(2**31), -100, -4, 3, 4, 2**31 - 1])
SIZE = 6

# ---------------------------------------------------------------- made and read


@cases.add(N)
def repeated_value(a):
    xs = [0] * 4
    xs[1] = a[index()]
    return xs[0] + xs[1] * 10 + xs[3]


@cases.add(X)
def repeated_float(a):
    xs = [0.5] * 3
    xs[0] += a[index()]
    return xs[0] * 10 + xs[1]


@cases.add(X)
def repeated_variable(a):
    xs = [a[index()]] * 3
    xs[1] *= 2
    return xs[0] + xs[1] + xs[2]


@cases.add(N)
def size_before_the_list(a):
    xs = 5 * [1]
    xs[4] = a[index()]
    return sum(xs)


@cases.add(N)
def captured_size(a):
    xs = [0] * SIZE
    for k in range(SIZE):
        xs[k] = a[index()] + k
    return xs[0] + xs[SIZE - 1] * 100


@cases.add(N)
def computed_constant_size(a):
    xs = [1] * (SIZE * 2 - 3)
    xs[len(xs) - 1] = a[index()]
    return sum(xs)


@cases.add(N)
def repeated_several_values(a):
    xs = [1, 2, a[index()]] * 2
    return xs[0] + 10 * xs[2] + 100 * xs[3] + 1000 * xs[5] + len(xs)


@cases.add(X)
def literal(a):
    weights = [0.25, 0.5, 0.25]
    i = index()
    total = 0.0
    for k in range(3):
        total += weights[k] * a[i + k - 1]
    return total


@cases.add(X)
def literal_joins_its_elements(a):
    xs = [1, a[index()], True]
    return xs[0] / 2 + xs[1] + xs[2]


@cases.add(X)
def assignment_joins_the_elements(a):
    xs = [0] * 3
    xs[1] = a[index()]
    return xs[0] + xs[1] * 2 + xs[2]


@cases.add(N)
def bools(a):
    seen = [False] * 5
    seen[a[index()] % 5] = True
    return seen[0] + 2 * seen[1] + 4 * seen[2] + 8 * seen[3] + 16 * seen[4]


@cases.add(N)
def comprehension(a):
    n = a[index()]
    xs = [n * k for k in range(5)]
    return xs[1] + xs[4] * 10


@cases.add(N)
def comprehension_of_a_stepped_range(a):
    n = a[index()]
    xs = [k * k + n for k in range(9, 0, -3)]
    return xs[0] * 10000 + xs[1] * 100 + xs[2] + len(xs)


@cases.add(N)
def comprehension_over_a_tuple(a):
    n = a[index()]
    xs = [w * n for w in (1, -3, 5)]
    return xs[0] + xs[1] * 10 + xs[2] * 100


@cases.add(N)
def comprehension_over_a_list(a):
    xs = [a[index()], 2, 3]
    ys = [x * x for x in xs]
    return ys[0] * 100 + ys[1] * 10 + ys[2]


@cases.add(N)
def comprehension_variable_stays_inside(a):
    k = a[index()]
    xs = [k * 2 for k in range(4)]
    return xs[3] * 100 + k


@cases.add(PICTURE)
def comprehension_reading_an_array(a):
    i, j = index()
    row = [a[i, j + k] for k in range(-2, 3)]
    return max(row) - min(row)


@cases.add(N)
def negative_constant_index(a):
    xs = [a[index()], 2, 3, 4]
    xs[-1] = 7
    xs[-4] += 1
    return xs[-1] * 100 + xs[-2] * 10 + xs[0]


@cases.add(OUTSIDE, reference=[0] * 6)
def read_outside(where):
    xs = [5, 6, 7]
    return xs[where[index()]]


@cases.add(OUTSIDE, reference=[18] * 6)
def write_outside(where):
    xs = [5, 6, 7]
    xs[where[index()]] = 100
    return sum(xs)


@cases.add(OUTSIDE, reference=[18] * 6)
def augmented_outside(where):
    xs = [5, 6, 7]
    xs[where[index()]] += 100
    return xs[0] + xs[1] + xs[2]


@cases.add(N)
def length_and_totals(a):
    xs = [a[index()], 4, -2, 9]
    return len(xs) * 1000 + sum(xs) * 100 + min(xs) * 10 + max(xs)


@cases.add(X)
def totals_of_floats(a):
    xs = [a[index()], 0.5, -2.0]
    return sum(xs) + min(xs) * 10 + max(xs) * 100


@cases.add(N)
def sum_with_a_start(a):
    xs = [a[index()], 4]
    return sum(xs, 100)


@cases.add(N)
def any_and_all(a):
    n = a[index()]
    xs = [n > 0, n > 3, n % 2 == 0]
    return any(xs) + 2 * all(xs)


@cases.add(N)
def any_and_all_of_numbers(a):
    n = a[index()]
    return any([0, n - 1, 0]) + 2 * all([1, n, n - 4])


# ---------------------------------------------------------------- loops


@cases.add(N)
def loop_over_a_list(a):
    total = 0
    for x in [a[index()], 2, 3]:
        if x == 2:
            continue
        total = total * 10 + x
    return total


@cases.add(N)
def loop_sees_later_writes(a):
    xs = [1, 2, 3, a[index()]]
    total = 0
    for x in xs:
        xs[3] += 10
        total += x
    return total


@cases.add(N)
def loop_variable_is_a_copy(a):
    xs = [a[index()], 2, 3]
    for x in xs:
        x = x + 100
    return sum(xs) * 1000 + x


@cases.add(N)
def loop_with_enumerate(a):
    xs = [a[index()], 2, 3]
    total = 0
    for k, x in enumerate(xs):
        total += (k + 1) * x
        xs[k] = 0
    return total * 10 + sum(xs)


@cases.add(N)
def loop_with_enumerate_from_one(a):
    total = 0
    for k, x in enumerate([a[index()], 2, 3], 1):
        total += k * x
    return total


@cases.add(N)
def loop_with_zip(a):
    xs, ys = [a[index()], 2, 3], [10, 20, 30, 40]
    total = 0
    for x, y in zip(xs, ys):
        total += x * y
    return total


@cases.add(N)
def loop_with_reversed(a):
    n = a[index()]
    total = 0
    for k in reversed(range(n)):
        total = total * 3 + k
    for x in reversed([1, 2, 3]):
        total = total * 3 + x
    return total


@cases.add(N)
def loop_over_offsets(a):
    i = index()
    total = 0
    for d in [-1, 1, 3]:
        total = total * 20 + a[i + d]
    return total


@cases.add(PICTURE)
def loop_over_pairs(a):
    i, j = index()
    total = 0.0
    for di, dj in [(0, 1), (1, 0), (0, -1), (-1, 0)]:
        total += a[i + di, j + dj]
    return total - 4 * a[i, j]


@cases.add(X)
def list_of_vectors(a):
    x = a[index()]
    corners = [vec2(0.0, x), vec2(1.0, 2.0), vec2(x, x)]
    corners[1] = corners[0] + corners[2]
    total = vec2(0.0, 0.0)
    for corner in corners:
        total += corner
    return total


@cases.add(N)
def list_of_vectors_at_computed_index(a):
    corners = [vec2(0.0, 1.0), vec2(2.0, 3.0), vec2(4.0, 5.0)]
    k = a[index()] % 3
    return corners[k].y * 10 + corners[(k + 1) % 3].x


@cases.add(N)
def list_of_tuples_at_computed_index(a):
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    di, dj = steps[a[index()] % 4]
    return di * 10 + dj


# ---------------------------------------------------------------- nested lists


@cases.add(PICTURE)
def nested_literal(a):
    i, j = index()
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    total = 0.0
    for di in range(3):
        for dj in range(3):
            total += sobel[di][dj] * a[i + di - 1, j + dj - 1]
    return total


@cases.add(X)
def nested_comprehension(a):
    x = a[index()]
    m = [[x * i + j for j in range(3)] for i in range(2)]
    return m[0][2] + m[1][0] * 10 + m[1][2] * 100 + len(m) * 1000 + len(m[0]) * 10000


@cases.add(X)
def nested_zeros(a):
    m = [[0.0] * 3 for _ in range(3)]
    m[1][2] = a[index()]
    m[2][0] += 1.0
    return m[1][2] * 10 + m[0][2] + m[2][2] + m[2][0]


@cases.add(X)
def matrix_product(a):
    x = a[index()]
    m = [[x, 1.0], [2.0, x]]
    product = [[0.0, 0.0], [0.0, 0.0]]
    for i in range(2):
        for j in range(2):
            for k in range(2):
                product[i][j] += m[i][k] * m[k][j]
    return product[0][0] + product[0][1] * 10 + product[1][0] * 100 + product[1][1] * 1000


@cases.add(X)
def determinant(a):
    x = a[index()]
    m = [[x, 1.0, 2.0], [0.5, x, 1.0], [2.0, 1.0, x]]
    total = 0.0
    for k in range(3):
        total += m[0][k] * m[1][(k + 1) % 3] * m[2][(k + 2) % 3]
        total -= m[0][k] * m[1][(k + 2) % 3] * m[2][(k + 1) % 3]
    return total


@cases.add(N)
def loop_over_rows(a):
    m = [[a[index()], 2, 3], [4, 5, 6]]
    total = 0
    for row in m:
        for x in row:
            total = total * 3 + x
    return total


@cases.add(N)
def totals_of_rows(a):
    m = [[a[index()], 2, 3], [4, 5, 6]]
    return sum(m[0]) * 100 + max(m[1]) * 10 + min(m[a[index()] % 2])


@cases.add(N)
def elements_of_rows_swapped(a):
    m = [[a[index()], 2], [3, 4]]
    m[0][1], m[1][0] = m[1][0], m[0][1]
    return m[0][0] * 1000 + m[0][1] * 100 + m[1][0] * 10 + m[1][1]


@cases.add(OUTSIDE, reference=[10] * 6)
def row_outside(where):
    m = [[1, 2], [3, 4]]
    k = where[index()]
    m[k][0] = 100
    m[0][k] = 100
    return m[0][0] + m[0][1] + m[1][0] + m[1][1] + m[k][1] + m[1][k]


@cases.add(N)
def three_levels(a):
    cube = [[[i * 100 + j * 10 + k for k in range(4)] for j in range(3)] for i in range(2)]
    n = a[index()]
    return cube[n % 2][n % 3][n % 4]
