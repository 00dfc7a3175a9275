"""Every size: widths around whole texels, heights around tiles, reads near and beyond the ends.

Four cells lie in a texel, so sizes that are no multiple of four, and reads that start within a
texel, are where a shader of four cells at once goes wrong.  All results are those of the plain
program on the CPU, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.codegen import plan
from gpukernel.ir.nodes import BOUNDARIES
from gpukernel.kernel import Kernel
from gpukernel.runtime.device import Device

WIDTHS = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17]
FEW_WIDTHS = [1, 3, 4, 9]  # where every size is a program of its own
HEIGHTS = [1, 2, 3, 8, 9]
WAYS: list[Any] = [False, {"pack"}, True]
every_boundary = pytest.mark.parametrize("boundary", BOUNDARIES)


class Both:
    """A function as kernels of both devices: made once, launched for many sizes."""

    def __init__(self, function: Callable[..., Any], ways: Any = WAYS, **options: Any) -> None:
        self.wanted: Kernel = gk.kernel(optimize=False, **options)(function)
        self.kernels: list[Kernel] = [gk.kernel(optimize=w, **options)(function) for w in ways]

    def check(self, *arguments: Any, shape: Any = None) -> None:
        """Launch with these arguments everywhere, and compare every bit."""
        wanted = values_of(self.wanted(*arguments, shape=shape, device="cpu"))
        for made in self.kernels:
            got = values_of(made(*arguments, shape=shape, device="gl"))
            for a, b in zip(got, wanted):
                np.testing.assert_array_equal(a, b)
                assert a.dtype == b.dtype
                numbers = a == a
                assert (np.signbit(a) == np.signbit(b))[numbers].all()


def values_of(result: Any) -> list[np.ndarray]:
    return [array.numpy() for array in (result if isinstance(result, tuple) else (result,))]


def ints(*shape: int) -> np.ndarray:
    """Return different values, none of them zero."""
    size = int(np.prod(shape))
    return (np.random.default_rng(size).permutation(size) + 1).reshape(shape).astype(np.int32)


def floats(*shape: int) -> np.ndarray:
    random = np.random.default_rng(shape)
    return (random.standard_normal(shape) * 10.0 ** random.integers(-3, 4, shape)).astype(
        np.float32
    )


def one(a):
    i = index()
    return a[i] * 1000 + i


def two(a):
    i, j = index()
    return a[i, j] * 1000 + i * 31 + j


def three(a):
    i, j, k = index()
    return a[i, j, k] * 1000 + (i * 31 + j) * 31 + k


def four(a):
    i, j, k, m = index()
    return a[i, j, k, m] * 1000 + ((i * 7 + j) * 31 + k) * 31 + m


def test_every_width_and_height_in_every_rank(gl: Device) -> None:
    shapes: list[tuple[int, ...]] = [(w,) for w in WIDTHS]
    shapes += product(HEIGHTS, WIDTHS)
    shapes += product((1, 2), HEIGHTS, WIDTHS)
    shapes += product((2,), (1, 3), (1, 2), WIDTHS)
    kernels = {1: Both(one), 2: Both(two), 3: Both(three), 4: Both(four)}
    for shape in shapes:
        kernels[len(shape)].check(ints(*shape))


@pytest.mark.parametrize("shape", [(70_000,), (20_000, 5), (3, 70_000), (5, 4000, 6)])
def test_arrays_that_are_folded(gl: Device, shape: tuple[int, ...]) -> None:
    def neighbours(a, n):
        place = index()
        return a[place] * n - len(a)

    def along(a, n):
        i = index()
        return a[i - 1] + a[i + 1] * 3 + a[i + n] * 5

    def across(a, n):
        i, j = index()
        return a[i - 1, j + 1] + a[i + n, j] * 3 + a[i, j - 2] * 5

    def deep(a, n):
        i, j, k = index()
        return a[i - 1, j + 1, k] + a[i, j + n, k + 1] * 3 + a[i, j, k - 2] * 5

    Both([along, across, deep][len(shape) - 1]).check(ints(*shape), 7)
    Both(neighbours).check(ints(*shape), 7)


def constant_offsets(a):
    i, j = index()
    total = 0
    for offset in range(-9, 10):
        total += a[i, j + offset] * (offset + 20) - a[i + offset, j] * offset
    return total


def dynamic_offsets(a, n, m):
    i, j = index()
    total = a[i + m, j + n] + a[i, j + 4 * n] * 3 + a[i, n - j] * 5 + a[i, n] * 7
    return total + a[m, 4 * n + j + 1] * 11 + a[i, 2 * n + 1] * 13 + a[i, 4 * n + 2] * 17


def moved_about(a):
    i, j = index()
    h, w = a.shape
    total = a[i, w - 1 - j] + a[h - 1 - i, j] * 3 + a[i, 2 * j] * 5 + a[2 * i, j // 2] * 7
    return total + a[j, i] * 11 + a[i + j, 3] * 13 + a[i, j % 3] * 17 + a[-1, -2] * 19


def gathered(a, where):
    i, j = index()
    n = where[i, j] % 23 - 7
    total = a[i, n] + a[n, j] * 3 + a[i, j + n] * 5
    return total + a[where[j % 3, i] % 5, where[i, j - 1] % 7 - 1] * 7


def below_one_condition(a):
    i, j = index()
    total = 0
    if j > 4:
        total = a[i, j - 5]
    elif j + 2 < a.shape[1] and a[i, j + 2] > 5:
        total = a[i, j + 2] * 3
    return total + (a[i, j - 1] if j >= 1 else -1)


@every_boundary
def test_offsets_that_are_constants(gl: Device, boundary: str) -> None:
    both = Both(constant_offsets, [{"pack", "unroll"}, True], boundary=boundary)
    for width in (3, 5, 8, 17):
        both.check(ints(3, width))


@every_boundary
@pytest.mark.parametrize("offset", [-9, -4, -3, -2, -1, 1, 2, 3, 4, 6])
def test_each_offset_by_itself(gl: Device, boundary: str, offset: int) -> None:
    text = f"def shifted(a):\n    i, j = index()\n    return a[i, j + {offset}]"
    both = Both(gk.from_source(text, "shifted").py_func, [True], boundary=boundary)
    for width in (5, 8):
        both.check(ints(2, width))


@every_boundary
@pytest.mark.parametrize("n, m", [(1, 2), (-3, -1), (4, 5), (-9, 9)])
def test_offsets_that_are_known_at_the_launch(gl: Device, boundary: str, n: int, m: int) -> None:
    both = Both(dynamic_offsets, [{"pack"}, True], boundary=boundary)
    for width in FEW_WIDTHS:
        both.check(ints(3, width), n, m)


@every_boundary
@pytest.mark.parametrize("function", [moved_about, gathered, below_one_condition])
def test_other_ways_to_read(gl: Device, boundary: str, function: Callable[..., Any]) -> None:
    both = Both(function, [{"pack"}, True], boundary=boundary)
    for height, width in [(1, 5), *[(3, width) for width in FEW_WIDTHS]]:
        arrays = [ints(height, width), ints(height, width)[::-1, ::-1].copy()]
        both.check(*arrays[: 2 if function is gathered else 1])


@every_boundary
def test_reads_in_three_and_four_axes(gl: Device, boundary: str) -> None:
    def deep(a):
        i, j, k = index()
        return a[i, j, k - 2] + a[i, j + 1, k + 5] * 3 + a[j, i - 1, k] * 5 + a[i + 1, j, 3] * 7

    def deeper(a):
        i, j, k, m = index()
        return a[i, j, k, m - 2] + a[i, j + 1, k - 1, m + 4] * 3 + a[j, i - 1, k, m + 3] * 5

    third, fourth = (Both(f, [True], boundary=boundary) for f in (deep, deeper))
    for width in FEW_WIDTHS:
        third.check(ints(2, 3, width))
        fourth.check(ints(2, 3, 2, width))


@every_boundary
def test_arrays_of_other_shapes_than_the_grid(gl: Device, boundary: str) -> None:
    def mixed(a, b, c):
        i, j = index()
        return a[i, j - 3] + b[i, j + 1] * 3 + b[j, i] * 5 + c[j] * 7 + c[i - 1] * 11 + c[j - i]

    both = Both(mixed, [True], boundary=boundary)
    for width in FEW_WIDTHS:
        both.check(ints(4, width), ints(2, 11), ints(width + 2), shape=(3, 9))
        both.check(ints(4, 6), ints(2, 5), ints(width), shape=(2, width))


def test_padding_is_zero_for_the_next_reader(gl: Device) -> None:
    def full(a):
        return a[index()] * 0 + 7

    def sums(a):
        i, j = index()
        return a[i, j] + a[i, j + 1] * 10 + a[i, j + 2] * 100 + a[i, j + 3] * 1000

    def line(a):
        i = index()
        return a[i] + a[i + 1] * 10 + a[i + 2] * 100 + a[i + 3] * 1000

    for function, shapes in ((sums, product(HEIGHTS, WIDTHS)), (line, [(w,) for w in WIDTHS])):
        for shape in shapes:
            made = [gk.kernel(full)(np.ones(shape, np.int32), device=d) for d in ("gl", "cpu")]
            on_gl, on_cpu = (gk.kernel(function)(a, device=a.device).numpy() for a in made)
            np.testing.assert_array_equal(on_gl, on_cpu)


@pytest.mark.parametrize("function", ["three_products", "filtered"])
def test_rows_that_are_computed_together(
    gl: Device, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MIN_FRAGMENTS", 1)

    def three_products(a, b):
        i, j = index()
        total, count = 0.0, 0
        for k in range(a.shape[1]):
            total += a[i, k] * b[k, j]
            if b[k, j] > 0.5 and a[i, k] > 0.3:
                count += k
        return total, count, total > 2.0

    def filtered(a, b):
        i, j = index()
        total = 0.0
        for k in range(a.shape[1]):
            for m in range(3):
                total += b[k, j + m - 1] * (i + 1)
        return total + a[i, 0]

    both = Both(locals()[function], [True])
    for height, width in product([1, 2, 7, 8, 9, 17], [4, 5, 8, 17]):
        both.check(floats(height, 21), floats(21, width), shape=(height, width))
