"""The place of elements in textures: every element has its own lane, inside the texture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gpukernel.errors import DeviceError
from gpukernel.runtime.layout import LANES, Layout, make_layout

SHAPES = [
    (1,), (3,), (4,), (5,), (1023,), (1025,), (7, 1), (6, 3), (6, 4), (6, 5), (3, 16), (3, 17),
    (5, 1023), (5, 1025), (70000, 3), (3, 70000), (2, 3, 4, 5), (2, 3, 1, 21), (1, 1, 1, 1),
]  # fmt: skip

_sizes = st.integers(0, 40) | st.sampled_from([63, 64, 65, 100, 255, 256, 257, 1000])
shapes = st.lists(_sizes, min_size=1, max_size=4).map(tuple).filter(lambda s: math.prod(s) < 20000)
untimed = settings(deadline=None)
limits = st.sampled_from([64, 100, 127, 128, 1000, 1024, 16384])


def element_numbers(layout: Layout) -> np.ndarray:
    """Return the element number of every (row, col)."""
    rows, cols = np.ogrid[: layout.rows, : layout.cols]
    return np.asarray(rows * layout.pitch + cols)


def places(layout: Layout) -> np.ndarray:
    """Return where shaders look for every (row, col), as a flat lane number of the texture."""
    rows, cols = np.ogrid[: layout.rows, : layout.cols]
    if layout.kind == "rows":
        return np.asarray((rows * layout.width + (cols >> 2)) * LANES + (cols & 3))
    element = element_numbers(layout)
    texel = element >> 2
    x, y = texel & layout.fold_mask, texel >> layout.fold_shift
    return np.asarray((y * layout.width + x) * LANES + (element & 3))


def made(shape: tuple[int, ...], max_size: int) -> Layout:
    """Return the layout, discarding examples that do not fit the texture."""
    try:
        return make_layout(shape, max_size)
    except DeviceError:
        assume(False)
        raise


def check(layout: Layout) -> None:
    """Assert what always holds of a layout."""
    x, y = element_numbers(layout), places(layout)
    np.testing.assert_array_equal(x, y)  # both kinds: texels in row-major order of the texture
    assert layout.num_texels <= layout.width * layout.height
    assert layout.rows * layout.cols == math.prod(layout.shape)
    padded = len(layout.shape) > 1 and layout.cols >= LANES
    assert layout.pitch == (-(-layout.cols // LANES) * LANES if padded else layout.cols)
    assert layout.aligned == (layout.rows <= 1 or padded or layout.cols == 0)
    if layout.kind == "folded":
        assert layout.height == 1 or layout.width & (layout.width - 1) == 0


@untimed
@given(shapes, limits)
def test_every_layout_keeps_its_promises(shape: tuple[int, ...], max_size: int) -> None:
    layout = made(shape, max_size)
    check(layout)
    assert 1 <= layout.width <= max_size and 1 <= layout.height <= max_size
    fits = layout.pitch // LANES <= max_size and layout.rows <= max_size
    if len(shape) > 1 and shape[-1] >= LANES and fits and layout.rows:
        assert layout.kind == "rows" and layout.height == layout.rows


@untimed
@given(shapes, limits, st.data())
def test_reshaping_shows_the_same_elements(
    shape: tuple[int, ...], max_size: int, data: st.DataObject
) -> None:
    layout = made(shape, max_size)
    size = math.prod(shape)
    cuts = [n for n in range(1, size + 1) if size % n == 0] or [0]
    rows = data.draw(st.sampled_from(cuts))
    cols = size // rows if rows else data.draw(st.integers(0, 9))
    wanted = data.draw(st.sampled_from([(rows, cols), (1, rows, cols), (rows * cols,)]))
    seen = layout.reshaped(wanted)
    if seen is None:
        straight = layout.is_contiguous and make_layout(wanted, 1 << 20).is_contiguous
        assert not straight or layout.width & (layout.width - 1)
        return
    check(seen)
    assert (seen.shape, seen.width, seen.height) == (wanted, layout.width, layout.height)
    np.testing.assert_array_equal(places(seen).reshape(-1), places(layout).reshape(-1))


@untimed
@given(shapes, limits, st.data())
def test_reshaping_keeps_padding_as_padding(
    shape: tuple[int, ...], max_size: int, data: st.DataObject
) -> None:
    layout = made(shape, max_size)
    size = math.prod(shape)
    cols = data.draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0] or [1]))
    seen = layout.reshaped((size // cols, cols))
    if seen is None or not size:
        return
    lanes = np.zeros(layout.width * layout.height * LANES)
    lanes[places(layout).reshape(-1)] = 1
    if seen.aligned:
        rows = np.arange(seen.rows)[:, None] * seen.pitch
        last = rows + np.arange(seen.cols, -(-seen.cols // LANES) * LANES)
        assert not lanes[last].any()


@pytest.mark.parametrize(
    ("shape", "max_size"),
    [(s, m) for s in SHAPES for m in (64, 1024, 16384) if m > 64 or math.prod(s) < 4000],
)
def test_every_element_has_its_own_place_inside(shape: tuple[int, ...], max_size: int) -> None:
    layout = make_layout(shape, max_size)
    check(layout)
    numbers = element_numbers(layout)
    assert np.unique(numbers).size == numbers.size
    assert numbers.max() // LANES < layout.width * layout.height
    assert 1 <= layout.width <= max_size and 1 <= layout.height <= max_size


@pytest.mark.parametrize(
    ("shape", "pitch", "size", "kind"),
    [
        ((5,), 5, (2, 1), "folded"),  # one axis is never padded
        ((1, 5), 8, (2, 1), "rows"),
        ((6, 4), 4, (1, 6), "rows"),  # small 2-D arrays map row to row
        ((6, 5), 8, (2, 6), "rows"),
        ((600, 3), 3, (64, 8), "folded"),  # narrow rows are not padded
        ((5, 1023), 1024, (256, 5), "rows"),
        ((5, 1025), 1028, (257, 5), "rows"),
        ((70000, 3), 3, (256, 206), "folded"),  # too many rows
        ((70000, 5), 8, (512, 274), "folded"),
        ((3, 70000), 70000, (256, 206), "folded"),  # too wide a row
        ((100_000_000,), 100_000_000, (8192, 3052), "folded"),
    ],
)
def test_chosen_layouts(
    shape: tuple[int, ...], pitch: int, size: tuple[int, int], kind: str
) -> None:
    layout = make_layout(shape, 16384)
    assert (layout.pitch, (layout.width, layout.height), layout.kind) == (pitch, size, kind)


def test_folding_below_a_limit_that_is_no_power_of_two() -> None:
    layout = make_layout((3600,), 99)
    assert (layout.width, layout.height, layout.fold_mask, layout.fold_shift) == (64, 15, 63, 6)
    assert make_layout((4 * 64 * 99,), 99).height == 99
    with pytest.raises(DeviceError, match="largest this device has is 99 x 99"):
        make_layout((4 * 64 * 99 + 1,), 99)


def test_a_texture_of_one_row_is_folded_at_any_width() -> None:
    layout = make_layout((4 * 37,), 1024)
    assert (layout.width, layout.height) == (37, 1)
    assert 36 & layout.fold_mask == 36 and 36 >> layout.fold_shift == 0


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


@pytest.mark.parametrize(
    ("shape", "wanted", "kind"),
    [
        ((4, 64), (2, 2, 64), "rows"),
        ((4, 64), (256,), "folded"),
        ((4, 64), (128, 2), "folded"),
        ((4, 64), (2, 128), "folded"),
        ((4, 64), (32, 8), "folded"),
        ((4, 63), (2, 2, 63), "rows"),  # the padding stays where it is
        ((256,), (1, 256), "rows"),
        ((7,), (1, 7), "rows"),
        ((7,), (7, 1), "folded"),
        ((1, 7), (7,), "folded"),
        ((148,), (2, 74), None),  # would need padding
        ((4, 63), (252,), None),  # has padding
        ((3, 100), (300,), None),  # 25 texels wide: cannot be folded
        ((3, 100), (6, 50), None),
        ((1, 100), (100,), "folded"),  # one row can
        ((1, 100), (5, 20), "folded"),
    ],
)
def test_reshaping_keeps_the_texture_where_elements_need_not_move(
    shape: tuple[int, ...], wanted: tuple[int, ...], kind: str | None
) -> None:
    seen = make_layout(shape, 1024).reshaped(wanted)
    assert (None if seen is None else seen.kind) == kind


def test_padded_shape_has_four_sizes() -> None:
    assert make_layout((2, 3), 1024).padded_shape == (2, 3, 1, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_position_is_the_inverse_of_the_element_number(shape: tuple[int, ...]) -> None:
    layout = make_layout(shape, 16384)
    numbers = element_numbers(layout)
    for row, column in [(0, 0), (layout.rows - 1, layout.cols - 1), (layout.rows // 2, 0)]:
        assert layout.position(int(numbers[row, column])) == (row, column)
