"""The place of elements in textures: every element has its own lane, inside the texture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpukernel.errors import DeviceError
from gpukernel.runtime.layout import LANES, Layout, make_layout

SHAPES = [
    (1,), (3,), (4,), (5,), (1023,), (1025,), (7, 1), (6, 3), (6, 4), (6, 5), (3, 16), (3, 17),
    (5, 1023), (5, 1025), (70000, 3), (3, 70000), (2, 3, 4, 5), (2, 3, 1, 21), (1, 1, 1, 1),
]  # fmt: skip


def element_numbers(layout: Layout) -> np.ndarray:
    """Return the element number of every (row, col)."""
    rows, cols = np.ogrid[: layout.rows, : layout.cols]
    return np.asarray(rows * layout.pitch + cols)


@pytest.mark.parametrize(
    ("shape", "max_size"),
    [(s, m) for s in SHAPES for m in (64, 1024, 16384) if m > 64 or math.prod(s) < 4000],
)
def test_every_element_has_its_own_place_inside(shape: tuple[int, ...], max_size: int) -> None:
    layout = make_layout(shape, max_size)
    numbers = element_numbers(layout)
    assert layout.rows * layout.cols == math.prod(shape)
    assert np.unique(numbers).size == numbers.size
    assert numbers.max() // LANES < layout.width * layout.height
    assert 1 <= layout.width <= max_size and 1 <= layout.height <= max_size


@pytest.mark.parametrize(
    ("shape", "pitch", "size"),
    [
        ((5,), 5, (2, 1)),  # one row is never padded
        ((6, 4), 4, (1, 6)),  # small 2-D arrays map row to row
        ((6, 5), 5, (8, 1)),  # narrow rows are not padded
        ((5, 1023), 1024, (256, 5)),
        ((5, 1025), 1028, (257, 5)),
        ((70000, 3), 3, (256, 206)),  # too many rows: folded
        ((100_000_000,), 100_000_000, (8192, 3052)),
    ],
)
def test_chosen_layouts(shape: tuple[int, ...], pitch: int, size: tuple[int, int]) -> None:
    layout = make_layout(shape, 16384)
    assert (layout.pitch, (layout.width, layout.height)) == (pitch, size)


def test_rows_wider_than_a_texture_are_folded() -> None:
    layout = make_layout((3, 70000), 16384)
    assert layout.pitch == 70000
    assert layout.width * layout.height * LANES >= 3 * 70000
    assert layout.height > 3


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (2, 0, 3, 4), (0, 1024)])
def test_zero_size_arrays_have_a_texture_of_one_texel(shape: tuple[int, ...]) -> None:
    layout = make_layout(shape, 1024)
    assert (layout.width, layout.height) == (1, 1)
    assert layout.rows * layout.cols == 0


def test_too_large_for_the_device_names_both_sizes() -> None:
    with pytest.raises(
        DeviceError, match=r"shape \(64, 1024\).*largest this device has is 64 x 64"
    ):
        make_layout((64, 1024), 64)
    with pytest.raises(DeviceError, match="more than the 2147483647"):
        make_layout((1 << 16, 1 << 16), 16384)


def test_reshaping_keeps_the_texture_where_padding_allows() -> None:
    layout = make_layout((4, 64), 1024)
    again = layout.reshaped((2, 2, 64))
    assert again is not None and (again.pitch, again.width) == (64, layout.width)
    flat = layout.reshaped((256,))
    assert flat is not None and flat.pitch == 256 and flat.num_elements == 256
    odd = layout.reshaped((256 // 2, 2))
    assert odd is not None and odd.pitch == 2
    padded = make_layout((4, 63), 1024)
    assert padded.reshaped((252,)) is None
    same_rows = padded.reshaped((2, 2, 63))
    assert same_rows is not None and same_rows.pitch == 64


def test_padded_shape_has_four_sizes() -> None:
    assert make_layout((2, 3), 1024).padded_shape == (2, 3, 1, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_position_is_the_inverse_of_the_element_number(shape: tuple[int, ...]) -> None:
    layout = make_layout(shape, 16384)
    numbers = element_numbers(layout)
    for row, column in [(0, 0), (layout.rows - 1, layout.cols - 1), (layout.rows // 2, 0)]:
        assert layout.position(int(numbers[row, column])) == (row, column)
