"""Grids of several texels and tiles: widths around multiples of four, heights around eight.

Devices may compute four neighbours of a row at once, and several rows.  What cells do differently
(branches, loops that end at different times, local lists) must stay apart among these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel import index, vec2
from tests.cases.case import Cases, Function

cases = Cases("packed_shapes")

LINES = ((4,), (9,), (23,))
PICTURES = ((8, 16), (9, 17), (17, 7))
BLOCKS = ((2, 3, 9), (3, 2, 5), (2, 1, 3, 6))
WEIGHTS = np.array([[1, 2, 1], [0, -3, 5], [7, 0, -1]])


def ints(*shape: int) -> np.ndarray:
    """Return small ints without a pattern, both signs and zero among them."""
    return np.random.default_rng(shape).integers(-9, 30, shape).astype(np.int32)


def eighths(*shape: int) -> np.ndarray:
    return (ints(*shape) / 8).astype(np.float32)


def in_shapes(
    *shapes: tuple[int, ...], make: Callable[..., np.ndarray] = ints, **options: Any
) -> Callable[[Function], Function]:
    """Add the function as a case for arrays of each of the shapes."""

    def register(function: Function) -> Function:
        for shape in shapes:
            size = "x".join(map(str, shape))
            cases.add(make(*shape), name=f"{function.__name__}_{size}", **options)(function)
        return function

    return register


# ---------------------------------------------------------------- reads


@in_shapes(*LINES)
def shifted_both_ways(a):
    i = index()
    return a[i - 3] + a[i + 1] * 100 - a[i + 4] * 7 + a[len(a) - 1 - i] * 3


@in_shapes(*PICTURES)
def clamped_by_hand(a):
    i, j = index()
    above, below = max(i - 1, 0), min(i + 1, a.shape[0] - 1)
    left, right = min(max(j - 2, 0), a.shape[1] - 1), gk.clamp(j + 1, 0, a.shape[1] - 1)
    return a[above, left] * 1000 + a[below, right] + a[i, left] * 31 - a[above, j]


@in_shapes(*PICTURES)
def wrapped_by_hand(a):
    i, j = index()
    h, w = a.shape
    return a[(i - 1) % h, (j + 5) % w] * 100 + a[(i + 1) % h, j - 1] + a[i, (j - 1) % w] * 7


@in_shapes(*PICTURES, make=eighths, options={"boundary": "reflect"})
def filtered(a):
    i, j = index()
    total = 0.0
    for m in range(3):
        for n in range(3):
            total += a[i + m - 1, j + n - 1] * WEIGHTS[m, n]
    return total


@in_shapes(*PICTURES)
def across_and_scaled(a):
    i, j = index()
    return a[j, i] + a[i, j // 2] * 10 + a[i, 2 * j] * 100 + a[i // 4, j % 3] * 7


@in_shapes(*BLOCKS)
def along_the_last_axis(a):
    place = index()
    return a[place] * 100 + place[-1] - a.shape[-1] * place[0]


@cases.add(ints(9, 17), ints(9, 17) % 20)
def gathered(a, where):
    i, j = index()
    n = where[i, j] - 2
    return a[i, n] + a[n % 9, j] * 3 + a[i, j + n] * 5


@cases.add(ints(5, 6), ints(6), shape=(9, 17), reference=None)
def arrays_smaller_than_the_grid(a, b):
    i, j = index()
    return a[i, j] + a[i - 4, j - 11] * 100 + b[j] * 7 + b[i]


# ---------------------------------------------------------------- cells that part


@in_shapes(*LINES, *PICTURES)
def loops_of_different_lengths(a):
    value, turns = abs(a[index()]), 0
    while value > 1:
        turns += 1
        if turns > 30:
            break
        if value % 2 == 0:
            value //= 2
            continue
        value = 3 * value + 1
    return turns * 1000 + value


@in_shapes(*PICTURES)
def loops_within_loops(a):
    i, j = index()
    total = 0
    for k in range(a[i, j] % 5):
        if k == j % 3:
            continue
        for m in range(k + i % 2):
            if m * k > 3:
                break
            total += a[k, m] + k * 10
        else:
            total += 1000
    return total


@in_shapes(*PICTURES)
def returns_at_different_places(a):
    i, j = index()
    if a[i, j] < 0:
        return -1
    for k in range(j + 1):
        if a[i, k] > 20:
            return k * 100 + a[i, k]
    if i % 3 == 0:
        return a[0, 0]
    return a[i, j] + 5000


@in_shapes(*LINES, *PICTURES)
def lists_under_conditions(a):
    counts = [0] * 4
    for k in range(7):
        x = a[index()] + k * k
        if x % 3 == 0:
            continue
        counts[x % 4] += k + 1
        if counts[x % 4] > 9:
            counts[k % 4], counts[x % 4] = counts[x % 4], counts[k % 4]
    best = 0
    for k in range(1, 4):
        if counts[k] > counts[best]:
            best = k
    return best * 100000 + counts[0] * 1000 + counts[1] * 100 + counts[2] * 10 + counts[3]


@in_shapes(*LINES)
def sorted_neighbours(a):
    i = index()
    xs = [a[i - 1], a[i], a[i + 1], a[i + 2], a[i + 3]]
    for k in range(1, 5):
        x, place = xs[k], k
        while place > 0 and xs[place - 1] > x:
            xs[place] = xs[place - 1]
            place -= 1
        xs[place] = x
    return xs[0] * 10000 + xs[2] * 100 + xs[4]


def digit_sum(n, base=10):
    total = 0
    while n > 0:
        total += n % base
        n //= base
    return total


@in_shapes(*PICTURES)
def functions_that_some_cells_call(a):
    i, j = index()
    x = a[i, j]
    if x > 3 and digit_sum(x * 37) > 5:
        return digit_sum(x * j + i, 7)
    return digit_sum(j * 100 + i) if j % 2 else -x


# ---------------------------------------------------------------- outputs


@in_shapes(*LINES, *PICTURES, (2, 3, 9), make=eighths)
def outputs_of_four_types(a):
    place = index()
    x = a[place]
    return x * 2, int(x * 8), x > 1.0, vec2(x, -x)


@in_shapes((9,), (9, 17), options={"dtype": "uint8"})
def bytes_of_a_row(a):
    return abs(a[index()]) * 8


@in_shapes((9,), (9, 17), make=eighths, options={"dtype": "float16"})
def halves_of_a_row(a):
    return a[index()] / 4


# ---------------------------------------------------------------- several rows at once

TALL, WIDE = ints(257, 20), ints(20, 129)  # 33 texels in each of 33 times eight rows


@cases.add(TALL, WIDE, shape=(257, 129), reference=TALL @ WIDE)
def product_of_matrices(a, b):
    i, j = index()
    total = 0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


@cases.add(TALL, WIDE, shape=(257, 129), reference=(TALL @ WIDE, (TALL @ (WIDE > 0)) % 7))
def two_products_of_matrices(a, b):
    i, j = index()
    total, some = 0, 0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
        if b[k, j] > 0:
            some += a[i, k]
    return total, some % 7


@cases.add(TALL / 8, WIDE / 4, shape=(66, 129), reference=TALL[:66] @ WIDE / 32)
def product_of_matrices_of_floats(a, b):
    i, j = index()
    total = 0.0
    for k in range(b.shape[0]):
        total += a[i, k] * b[k, j]
    return total
