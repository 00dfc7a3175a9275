"""Where the elements of an array lie in a texture.  Pure arithmetic, no GL.

An array of shape ``(..., cols)`` is ``rows x cols``, row-major, with rows ``pitch`` elements apart.
Element ``(row, col)`` is number ``e = row * pitch + col``; four consecutive elements share an RGBA
texel: lane ``e % 4`` of texel ``t = e // 4``, which lies at ``(t % width, t // width)``.
Lanes that belong to no element hold unspecified values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gpukernel.errors import DeviceError
from gpukernel.lang.types import MAX_RANK

LANES = 4  # elements in a texel
MAX_ELEMENTS = 2**31 - 1  # element numbers are int32 in shaders
_PAD_FROM = 16  # narrower rows are not padded: the waste would outweigh aligned rows
_MIN_FOLD_WIDTH = 64  # texels


@dataclass(frozen=True)
class Layout:
    """The place of one array in its texture.

    Attributes:
        shape: the array's shape, rank 1 to 4.
        rows: product of all axes but the last.
        cols: the last axis.
        pitch: elements from one row to the next, at least ``cols``.
        width: texture width in texels.
        height: texture height in texels.
    """

    shape: tuple[int, ...]
    rows: int
    cols: int
    pitch: int
    width: int
    height: int

    @property
    def num_elements(self) -> int:
        """Elements from the first to the end of the last row, padding included."""
        return self.rows * self.pitch

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements follow each other with no padding between rows."""
        return self.pitch == self.cols or self.rows <= 1

    @property
    def padded_shape(self) -> tuple[int, int, int, int]:
        """The shape with ones added at the end to rank 4, as shaders take it."""
        a, b, c, d = (self.shape + (1,) * MAX_RANK)[:MAX_RANK]
        return (a, b, c, d)

    def position(self, element: int) -> tuple[int, int]:
        """Return the row and the column of an element number."""
        return divmod(element, self.pitch)

    def reshaped(self, shape: Sequence[int]) -> Layout | None:
        """Return the layout of the same texture seen as ``shape``, None where padding forbids."""
        rows, cols = _rows_and_cols(shape)
        if cols == self.cols:
            return replace(self, shape=tuple(shape), rows=rows)
        if not self.is_contiguous:
            return None
        return replace(self, shape=tuple(shape), rows=rows, cols=cols, pitch=cols)


def make_layout(shape: Sequence[int], max_size: int) -> Layout:
    """Lay an array out in a texture of at most ``max_size`` texels a side.

    Args:
        shape: 1 to 4 sizes, zero allowed (the texture then has one unused texel).
        max_size: the device's largest texture width and height, in texels.

    Raises:
        DeviceError: the array does not fit a texture.
    """
    rows, cols = _rows_and_cols(shape)
    pitch = _choose_pitch(rows, cols)
    num_elements = rows * pitch
    if num_elements > MAX_ELEMENTS:
        raise DeviceError(
            f"an array of shape {tuple(shape)} has {num_elements} elements with padding, "
            f"more than the {MAX_ELEMENTS} that 32-bit indices can reach"
        )
    width, height = _choose_size(rows, pitch, max_size)
    if height > max_size:
        raise DeviceError(
            f"an array of shape {tuple(shape)} needs a texture of {width} x {height} texels, "
            f"but the largest this device has is {max_size} x {max_size}"
        )
    return Layout(tuple(shape), rows, cols, pitch, width, height)


def _rows_and_cols(shape: Sequence[int]) -> tuple[int, int]:
    """Return the product of all axes but the last, and the last."""
    return math.prod(shape[:-1]), shape[-1]


def _choose_pitch(rows: int, cols: int) -> int:
    """Return the distance between rows in elements: whole texels where that pays."""
    if rows > 1 and cols >= _PAD_FROM:
        return -(-cols // LANES) * LANES
    return cols


def _choose_size(rows: int, pitch: int, max_size: int) -> tuple[int, int]:
    """Return the texture's width and height in texels: row to row if possible, else folded."""
    row_texels = pitch // LANES
    fits = 0 < row_texels <= max_size and rows <= max_size
    if pitch % LANES == 0 and rows > 1 and fits:
        return row_texels, rows
    num_texels = max(1, -(-rows * pitch // LANES))
    square = 1 << math.isqrt(num_texels - 1).bit_length()  # a power of two >= the root
    width = min(num_texels, max_size, max(_MIN_FOLD_WIDTH, square))
    return width, -(-num_texels // width)
