"""Where the elements of an array lie in a texture.  Pure arithmetic, no GL.

An array of shape ``(..., cols)`` is ``rows x cols``, row-major, with rows ``pitch`` elements apart.
Element ``(row, col)`` is number ``e = row * pitch + col``; four consecutive elements share an RGBA
texel: lane ``e % 4`` of texel ``t = e // 4``.  From two axes on, rows of four and more elements
are padded to whole texels; narrower rows, and arrays of one axis, are not.

A texture holds texel ``t`` in one of two ways, called its kind:

- ``"rows"``: a row of the array is a row of the texture; ``(row, col)`` is in texel
  ``(col >> 2, row)``.
- ``"folded"``: texels follow each other, from the end of one texture row to the start of the next:
  ``t`` lies at ``(t & fold_mask, t >> fold_shift)``.  So the texture's width is a power of two,
  or it has one row.

Padding holds zero once an array has values, so that a reader may take whole texels: the lanes after
the last column in the last texel of a row (where rows are whole texels), and the lanes after the
last element in the last texel of all.  Uploads and shaders write these zeros.  Texels beyond the
last are unspecified.  Reshaping moves nothing and never makes padding where elements were: the
elements lie without gaps before and after, so that the only padding of both shapes is the end of
the last texel, or the length of the rows stays as it is, and the padding with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from gpukernel.errors import DeviceError
from gpukernel.lang.types import MAX_RANK
from gpukernel.records import record

LANES = 4  # elements in a texel
MAX_ELEMENTS = 2**31 - 1  # element numbers are int32 in shaders
_MIN_FOLD_WIDTH = 64  # texels

Kind = Literal["rows", "folded"]


@record(frozen=True)
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

    @cached_property
    def kind(self) -> Kind:
        """How texels are found: see the top of this file."""
        whole = self.pitch % LANES == 0 and self.width == self.pitch // LANES
        return "rows" if len(self.shape) > 1 and whole and self.rows <= self.height else "folded"

    @property
    def fold_mask(self) -> int:
        """What a folded texel number is masked with to give its texture column."""
        return 0x7FFFFFFF if self.height == 1 else self.width - 1

    @property
    def fold_shift(self) -> int:
        """How many bits a folded texel number is shifted by to give its texture row."""
        return 31 if self.height == 1 else self.width.bit_length() - 1

    @property
    def aligned(self) -> bool:
        """Whether every row starts with a texel of its own, zeros filling its last one."""
        return self.pitch % LANES == 0 or self.rows <= 1

    @property
    def num_elements(self) -> int:
        """Elements from the first to the end of the last row, padding included."""
        return self.rows * self.pitch

    @cached_property
    def address(self) -> tuple[int, int, int, int]:
        """What a shader finds texels with: pitch, fold mask and shift, last texel of a row."""
        return self.pitch, self.fold_mask, self.fold_shift, max(self.cols - 1, 0) // LANES

    @property
    def num_texels(self) -> int:
        """Texels that hold elements."""
        return -(-self.num_elements // LANES)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements follow each other with no padding between rows."""
        return self.pitch == self.cols or self.rows <= 1

    @cached_property
    def padded_shape(self) -> tuple[int, int, int, int]:
        """The shape with ones added at the end to rank 4, as shaders take it."""
        a, b, c, d = (self.shape + (1,) * MAX_RANK)[:MAX_RANK]
        return (a, b, c, d)

    def position(self, element: int) -> tuple[int, int]:
        """Return the row and the column of an element number."""
        return divmod(element, self.pitch)

    def reshaped(self, shape: Sequence[int]) -> Layout | None:
        """Return the layout of the same texture seen as ``shape``, of the same size.

        None where the elements would have to move: between rows with and without padding, and
        where the new shape is folded but the texture cannot be.
        """
        rows, cols = _rows_and_cols(shape)
        pitch = _choose_pitch(len(shape), cols)
        seen = replace(self, shape=tuple(shape), rows=rows, cols=cols, pitch=pitch)
        no_gaps = self.is_contiguous and seen.is_contiguous
        if not no_gaps and (cols, pitch) != (self.cols, self.pitch):
            return None
        can_fold = self.height == 1 or self.width.bit_count() == 1
        return seen if seen.kind == "rows" or can_fold else None


def kind_of(layout: Layout) -> str:
    """Return the kind of an array's place, as `codegen.variant.Access` has it."""
    return layout.kind if layout.aligned else "narrow"


def make_layout(shape: Sequence[int], max_size: int) -> Layout:
    """Lay an array out in a texture of at most ``max_size`` texels a side.

    Args:
        shape: 1 to 4 sizes, zero allowed (the texture then has one unused texel).
        max_size: the device's largest texture width and height, in texels.

    Raises:
        DeviceError: the array does not fit a texture.
    """
    rows, cols = _rows_and_cols(shape)
    pitch = _choose_pitch(len(shape), cols)
    num_elements = rows * pitch
    if num_elements > MAX_ELEMENTS:
        raise DeviceError(
            f"an array of shape {tuple(shape)} has {num_elements} elements with padding, "
            f"more than the {MAX_ELEMENTS} that 32-bit indices can reach"
        )
    by_rows = len(shape) > 1 and pitch % LANES == 0 and num_elements > 0
    if by_rows and pitch // LANES <= max_size and rows <= max_size:
        width, height = pitch // LANES, rows
    else:
        width, height = _fold(max(1, -(-num_elements // LANES)), max_size)
    if height > max_size:
        raise DeviceError(
            f"an array of shape {tuple(shape)} needs a texture of {width} x {height} texels, "
            f"but the largest this device has is {max_size} x {max_size}"
        )
    return Layout(tuple(shape), rows, cols, pitch, width, height)


def _rows_and_cols(shape: Sequence[int]) -> tuple[int, int]:
    """Return the product of all axes but the last, and the last."""
    return math.prod(shape[:-1]), shape[-1]


def _choose_pitch(rank: int, cols: int) -> int:
    """Return the distance between rows in elements: whole texels where that pays."""
    return -(-cols // LANES) * LANES if rank > 1 and cols >= LANES else cols


def _fold(num_texels: int, max_size: int) -> tuple[int, int]:
    """Return the size of a nearly square texture for texels that follow each other."""
    square = 1 << math.isqrt(num_texels - 1).bit_length()  # a power of two >= the root
    widest = 1 << (max_size.bit_length() - 1)  # a power of two <= the limit
    width = min(widest, max(_MIN_FOLD_WIDTH, square))
    if num_texels <= width:
        return num_texels, 1
    return width, -(-num_texels // width)
