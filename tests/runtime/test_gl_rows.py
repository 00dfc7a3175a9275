"""Outputs drawn in blocks of rows: every row is copied from where it was computed."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.runtime.device import Device
from gpukernel.runtime.gl_rows import GLRows, Partition, partition


def drawn(part: Partition, number: int) -> np.ndarray:
    """Return what the shader draws into a block: for each texel, its column and row of the array.

    The arithmetic is that of the shader's ``main``.
    """
    x, y = np.meshgrid(np.arange(part.width * part.sections), np.arange(part.height))
    section = x // part.width
    row = number * part.rows + y + section * part.height
    return np.stack([x - section * part.width, row], axis=-1)


class Copies(GLRows):
    """Rows whose copies are made by numpy."""

    def __init__(self, blocks: list[np.ndarray], width: int, height: int) -> None:
        self.result = np.full((height, width, 2), -1)
        self.times = np.zeros((height, width), int)
        self._current = blocks[0]
        self._start = SimpleNamespace(value=(0, 0))
        framebuffer = SimpleNamespace(viewport=None, use=lambda: None)
        self.texture = SimpleNamespace(
            width=width, height=height, format="f4", framebuffer=framebuffer
        )

    def _linked(self, text: str, texel_format: str) -> tuple[Any, Any]:
        return {"start": self._start}, SimpleNamespace(render=lambda *_: self._copy())

    def _copy(self) -> None:
        left, first, width, height = self.texture.framebuffer.viewport
        x, y = np.meshgrid(np.arange(left, left + width), np.arange(first, first + height))
        from_x, from_y = x + self._start.value[0], y + self._start.value[1]
        assert from_x.min() >= 0
        assert from_y.min() >= 0
        self.result[y, x] = self._current[from_y, from_x]
        self.times[y, x] += 1

    def use(self, block: np.ndarray) -> None:
        self._current = block


def check(width: int, height: int, num_blocks: int, num_squares: int) -> Partition:
    part = partition(width, height, num_blocks, num_squares)
    arrays = [drawn(part, number) for number in range(num_blocks)]
    copies = Copies(arrays, width, height)
    blocks: list[Any] = [
        SimpleNamespace(texture=SimpleNamespace(use=lambda _, a=array: copies.use(a)))
        for array in arrays
    ]
    output: Any = SimpleNamespace(live_texture=copies.texture)
    copies.join(blocks, part, output)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    np.testing.assert_array_equal(copies.result, np.stack([x, y], axis=-1))
    assert (copies.times == 1).all()
    return part


@pytest.mark.parametrize("num_blocks", [2, 3, 4, 8])
@pytest.mark.parametrize("num_squares", [1, 2, 16])
def test_every_row_is_copied_once_from_where_it_was_drawn(num_blocks, num_squares):
    random = Random(num_blocks * 100 + num_squares)
    for height in (1, 2, num_blocks, num_blocks + 1, 8 * num_blocks, 8 * num_blocks + 1):
        check(random.randint(1, 90), height, num_blocks, num_squares)
    for _ in range(25):
        check(random.randint(1, 40), random.randint(1, 300), num_blocks, num_squares)


def test_how_rows_are_shared_out():
    assert partition(64, 1000, 2, 1) == Partition(500, 64, 500, 1)
    assert partition(16, 64, 2, 16) == Partition(32, 16, 4, 8)
    assert partition(16, 64, 4, 16) == Partition(16, 16, 4, 4)
    assert partition(200, 7, 4, 16) == Partition(2, 200, 2, 1)  # too few rows for sections
    assert partition(16, 66, 2, 16) == Partition(33, 16, 5, 8)


@pytest.mark.parametrize("num_squares", [2, 4, 16, 64])
def test_sections_keep_processors_busy_where_there_are_rows(num_squares):
    for height in (64, 333, 2048):
        for width in (1, 16, 64, 300):
            part = partition(width, height, 4, num_squares)
            across = -(-part.width * part.sections // 64)
            squares = across * -(-part.height // 64)
            assert squares >= num_squares or part.height < 8
            assert part.sections * part.height >= part.rows


def outer(a, b):
    return a.shape[0], b.shape[1]


def product(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total + i * 1000 + j


SIZES = [(257, 65), (1030, 9), (2048, 4), (2050, 6), (66, 130), (64, 257), (131, 255), (4097, 3)]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_tall_and_odd_outputs_are_as_on_the_cpu(gl: Device, size: tuple[int, int]) -> None:
    rows, cols = size
    a = (np.arange(rows * 5, dtype=np.float32) % 13 - 6).reshape(rows, 5)
    b = (np.arange(cols * 5, dtype=np.float32) % 11 - 5).reshape(5, cols)
    made = gk.kernel(shape=outer)(product)
    result = made(a, b, device="gl").numpy()
    np.testing.assert_array_equal(result, made(a, b, device="cpu").numpy())
    i, j = np.indices(size)
    np.testing.assert_array_equal(result, (a @ b + i * 1000 + j).astype(np.float32))


def product_and_more(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total, int(total) + i


def test_several_outputs_are_joined_each_from_its_own_blocks(gl: Device) -> None:
    a = (np.arange(259 * 6, dtype=np.float32) % 13 - 6).reshape(259, 6)
    b = (np.arange(6 * 71, dtype=np.float32) % 11 - 5).reshape(6, 71)
    made = gk.kernel(shape=outer)(product_and_more)
    floats, ints = made(a, b, device="gl")
    np.testing.assert_array_equal(floats.numpy(), a @ b)
    np.testing.assert_array_equal(ints.numpy(), a @ b + np.arange(259)[:, None])


def test_the_tall_products_are_drawn_in_blocks(gl: Device) -> None:
    a, b = np.ones((1030, 5), np.float32), np.ones((5, 65), np.float32)
    made = gk.kernel(shape=outer)(product)
    assert "u_block" in made.glsl(a, b)
