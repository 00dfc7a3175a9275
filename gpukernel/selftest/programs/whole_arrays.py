"""What launches do with arrays: vectorize, reductions, ``out=``, sizes and scalars that change."""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from gpukernel import index
from gpukernel.selftest.check import Group

vectorized, reductions, launches = Group("vectorize"), Group("reductions"), Group("launches")

ROW = (np.arange(7, dtype=np.float32) - 3) * np.float32(0.5)
COLUMN = np.arange(1, 5, dtype=np.float32).reshape(4, 1)
GRID = np.arange(28, dtype=np.float32).reshape(4, 7) / 4
N = np.arange(-9, 10, dtype=np.int32)

# ------------------------------------------------------------------ vectorize


def scaled_sum(x, y):
    return x * 2 + y


def limited(x, low=-1.0, high=1.0):
    if x < low:
        return low
    if x > high:
        return high
    return x


def smaller_and_larger(x, y):
    return (x, y) if x < y else (y, x)


@vectorized.trial
def row_with_column(device):
    return gk.vectorize(scaled_sum)(ROW, COLUMN, device=device), ROW * 2 + COLUMN


@vectorized.trial
def grid_with_row(device):
    return gk.vectorize(scaled_sum)(GRID, ROW, device=device), GRID * 2 + ROW


@vectorized.trial
def array_with_number(device):
    return gk.vectorize(scaled_sum)(GRID, 0.5, device=device), GRID * 2 + np.float32(0.5)


@vectorized.trial
def numbers_only(device):
    return gk.vectorize(scaled_sum)(3, 4, device=device), 10


@vectorized.trial
def three_axes_with_two(device):
    cube = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    plane = np.array([[1], [10], [100]], np.int32)
    return gk.vectorize(scaled_sum)(cube, plane, device=device), cube * 2 + plane


@vectorized.trial
def default_arguments(device):
    return gk.vectorize(limited)(ROW, high=0.75, device=device), np.clip(ROW, -1, np.float32(0.75))


@vectorized.trial
def two_results(device):
    got = gk.vectorize(smaller_and_larger)(ROW, COLUMN, device=device)
    return got, (np.minimum(ROW, COLUMN), np.maximum(ROW, COLUMN))


@vectorized.trial
def into_one_of_its_inputs(device):
    x = gk.array(GRID, device=device)
    gk.vectorize(scaled_sum)(x, ROW, out=x, device=device)
    return x, GRID * 2 + ROW


# ------------------------------------------------------------------ reductions

CUBE = (np.arange(5 * 70 * 3).reshape(5, 70, 3) % 17 - 6).astype(np.int32)
FLOATS = np.sin(np.arange(1000, dtype=np.float32)).astype(np.float32)


@reductions.trial
def sums(device):
    got = (gk.sum(CUBE, device=device), gk.sum(CUBE, axis=1, device=device))
    return got, (int(CUBE.sum()), CUBE.sum(axis=1, dtype=np.int32))


@reductions.trial
def of_two_axes(device):
    got = gk.sum(CUBE, axis=(0, 2), keepdims=True, device=device)
    return got, CUBE.sum(axis=(0, 2), keepdims=True, dtype=np.int32)


@reductions.trial
def extremes(device):
    got = gk.min(CUBE, axis=0, device=device), gk.max(CUBE, axis=-1, device=device)
    return got, (CUBE.min(axis=0), CUBE.max(axis=-1))


@reductions.trial
def positions(device):
    got = gk.argmin(CUBE, axis=1, device=device), gk.argmax(FLOATS, device=device)
    return got, (CUBE.argmin(axis=1).astype(np.int32), int(FLOATS.argmax()))


@reductions.trial
def any_and_all(device):
    got = gk.any(CUBE == 10, axis=1, device=device), gk.all(CUBE > -7, device=device)
    return got, ((CUBE == 10).any(axis=1), True)


@reductions.trial
def float_sum(device):
    exact = math.fsum(FLOATS.tolist())
    return bool(abs(gk.sum(FLOATS, device=device) - exact) < 1e-4), True


@reductions.trial
def mean_and_product(device):
    few = np.array([[1.5, 2.0], [4.0, 0.25]], np.float32)
    got = gk.mean(few, axis=0, device=device), gk.prod(few, device=device)
    return got, (few.mean(axis=0), 3.0)


@reductions.trial
def own_reduction(device):
    @gk.reduction(identity=0)
    def farthest(a, b):
        return a if abs(a) > abs(b) else b

    return farthest(CUBE[:, :, 1] * 3 - 7, axis=1, device=device), np.array(
        [max((int(v) * 3 - 7 for v in row), key=abs) for row in CUBE[:, :, 1]], np.int32
    )


# ------------------------------------------------------------------ launches


def smoothed(a):
    i = index()
    return (a[i - 1] + a[i + 1]) / 2


def counted(a, step):
    return a[index()] + step


@launches.trial
def out_is_an_input(device):
    x, expected = gk.array(ROW, device=device), ROW
    made = gk.kernel(smoothed)
    for _ in range(4):
        made(x, out=x, device=device)
        padded = np.pad(expected, 1)
        expected = (padded[:-2] + padded[2:]) / np.float32(2)
    return x, expected


@launches.trial
def results_are_not_overwritten(device):
    made = gk.kernel(counted)
    first = made(N, 1, device=device)
    second = made(N, 2, device=device)
    return (first, second), (N + 1, N + 2)


@launches.trial
def sizes_change_without_compiling(device):
    made = gk.kernel(counted)
    made(N, 1, device=device)
    before = gk.memory().compiles
    results = tuple(made(np.arange(n, dtype=np.int32), n, device=device) for n in (5, 1, 300, 64))
    expected = tuple(np.arange(n, 2 * n, dtype=np.int32) for n in (5, 1, 300, 64))
    return (*results, gk.memory().compiles - before), (*expected, 0)


@launches.trial
def types_change(device):
    made = gk.kernel(counted)
    got = tuple(made(N.astype(dtype), 1, device=device) for dtype in ("int32", "float32", "int8"))
    return got, (N + 1, N.astype(np.float32) + 1, N + 1)


@launches.trial
def empty_arrays(device):
    made = gk.kernel(counted)
    return made(np.zeros(0, np.int32), 1, device=device), np.zeros(0, np.int32)


@launches.trial
def array_stays_on_the_device(device):
    made = gk.kernel(counted)
    x = gk.array(N, device=device)
    for _ in range(3):
        x = made(x, 5, device=device)
    return x, N + 15


@launches.trial
def larger_than_a_texture_row(device):
    values = np.arange(70001, dtype=np.int32)
    return gk.kernel(counted)(values, -7, device=device), values - 7


@launches.trial
def reshaped_between_launches(device):
    x = gk.array(np.arange(24, dtype=np.float32), device=device).reshape(4, 6)
    doubled = gk.kernel(lambda a: a[index()] * 2)(x, device=device)
    return doubled.reshape(2, 12), np.arange(24, dtype=np.float32).reshape(2, 12) * 2


GROUPS = (vectorized, reductions, launches)
