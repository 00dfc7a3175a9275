"""Reads along lines: where every index runs in even steps along the axes of a block.

In: for each axis of an array the index in the block's first cell, and its step along axes of the
block.  Out: a reader, which gives the elements as lanes: a strided view of the array where all is
in range, else a copy with a border of zeros or of what the array's boundary says.  A reader
depends on shapes only, so it serves every array of one shape.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from gpukernel.errors import InternalError
from gpukernel.lang.types import INT_MAX, INT_MIN
from gpukernel.records import record
from gpukernel.runtime.lanes import Lanes, Value

# Axes of the block, counted from the last one, which is -1, and the step along each: a value goes
# on to mean the same where axes are put before those of the block.
Steps = tuple[tuple[int, int], ...]


@record(frozen=True)
class Line:
    """An index: ``first + sum(step * position along axis)``."""

    first: int
    steps: Steps

    def reach(self, counts: Sequence[int]) -> tuple[int, int]:
        """Return the least and the greatest index in a block with ``counts`` cells an axis."""
        ends = [step * (counts[axis] - 1) for axis, step in self.steps]
        return self.first + sum(min(e, 0) for e in ends), self.first + sum(max(e, 0) for e in ends)

    def inside(self, count: int, size: int) -> tuple[int, int]:
        """Return the half-open range of positions along the only axis that are in range."""
        if not self.steps:
            return (0, count) if 0 <= self.first < size else (0, 0)
        ((_, step),) = self.steps
        if step > 0:
            start, stop = -(self.first // step), -((self.first - size) // step)
        else:
            start, stop = (self.first - size) // -step + 1, self.first // -step + 1
        start = min(max(start, 0), count)
        return start, max(min(stop, count), start)

    def indices(self, counts: Sequence[int]) -> Lanes:
        """Return the index at every position of the only axis, one element where there is none.

        They are exact: an index fits into int32, or the program's own arithmetic has wrapped it.
        """
        ((axis, step),) = self.steps or ((0, 0),)
        count = counts[axis] if self.steps else 1
        positions = np.arange(count, dtype=np.int64)
        shape = [1] * len(counts)
        shape[axis] = count
        return (self.first + step * positions).reshape(shape)


class Reader(ABC):
    """A way to read all arrays of one shape and dtype."""

    @property
    def num_numbers(self) -> int:
        """How many numbers the reader holds."""
        return 0

    def lasting(self) -> Reader:
        """Return the reader in the form that is the quickest to use again."""
        return self

    @abstractmethod
    def read(self, array: Lanes) -> Value:
        """Return the elements; the array is C-contiguous."""


@record(frozen=True)
class Window(Reader):
    """A strided view: every index is in range.  ``offset`` and ``strides`` are in bytes."""

    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]

    def read(self, array: Lanes) -> Value:
        return np.ndarray(self.shape, array.dtype, array, self.offset, self.strides)


@record(frozen=True)
class Zero(Reader):
    """Zero for all lanes."""

    def read(self, array: Lanes) -> Value:
        return array.dtype.type(0)


@record(frozen=True)
class Cell(Reader):
    """One element for all lanes, at a flat position."""

    position: int

    def read(self, array: Lanes) -> Value:
        return array.reshape(-1)[self.position]


@record(frozen=True)
class Bordered(Reader):
    """A copy of ``inner`` at ``place``, and along the edges the elements at flat positions."""

    shape: tuple[int, ...]
    place: tuple[slice, ...]
    inner: Window | Cell | None
    edges: tuple[tuple[tuple[slice, ...], Lanes], ...]

    @property
    def num_numbers(self) -> int:
        return sum(positions.size for _, positions in self.edges)

    def read(self, array: Lanes) -> Value:
        make = np.empty if self.edges else np.zeros
        whole = make(self.shape, array.dtype)
        if self.inner is not None:
            whole[self.place] = self.inner.read(array)
        for edge, positions in self.edges:
            whole[edge] = array.take(positions)
        return whole


def find_reader(
    array: Lanes, lines: Sequence[Line], counts: tuple[int, ...], boundary: str
) -> Reader | None:
    """Return the reader for a block with ``counts`` cells an axis.

    None where an index has wrapped, or leaves the range and runs along several axes.
    """
    if array.size == 0:
        return Zero()
    reaches = [line.reach(counts) for line in lines]
    if any(low < INT_MIN or high > INT_MAX for low, high in reaches):
        return None
    whole = tuple((0, count) for count in counts)
    if all(low >= 0 and high < size for (low, high), size in zip(reaches, array.shape)):
        return _window(array, lines, whole)
    if any(len(line.steps) > 1 for line in lines):
        return None
    if boundary == "wrap":  # so that more is inside
        lines = [Line(line.first % size, line.steps) for line, size in zip(lines, array.shape)]
    inner = _inner(array.shape, lines, counts)
    place = tuple(slice(*within) for within in inner)
    shape = _shape(lines, whole)
    is_empty = any(start == stop for start, stop in inner)
    window = None if is_empty else _window(array, lines, inner)
    if boundary == "zero":
        return Zero() if window is None else Bordered(shape, place, window, ())
    return Bordered(shape, place, window, _edges(array.shape, lines, counts, inner, boundary))


def _inner(
    sizes: tuple[int, ...], lines: Sequence[Line], counts: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Return the positions along each axis of the block whose indices are all in range."""
    inner = [(0, count) for count in counts]
    for line, size in zip(lines, sizes):
        axis = line.steps[0][0] if line.steps else 0
        start, stop = line.inside(counts[axis], size)
        start = max(start, inner[axis][0])
        inner[axis] = start, max(min(stop, inner[axis][1]), start)
    return inner


def _window(
    array: Lanes, lines: Sequence[Line], extents: Sequence[tuple[int, int]]
) -> Window | Cell:
    """Return the reader of the elements at the positions ``extents``, which are in range."""
    unit, offset = array.itemsize, 0
    strides = [0] * len(extents)
    for line, size in zip(reversed(lines), reversed(array.shape)):
        offset += unit * line.first
        for axis, step in line.steps:
            offset += unit * step * extents[axis][0]
            strides[axis] += unit * step
        unit *= size
    shape = _shape(lines, extents)
    if math.prod(shape) == 1:
        return Cell(offset // array.itemsize)
    return Window(shape, offset, tuple(strides))


def _shape(lines: Sequence[Line], extents: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Return the lanes' shape: 1 along an axis on which no index depends."""
    rank = len(extents)
    varying = {axis % rank for line in lines for axis, _ in line.steps}
    return tuple(
        stop - start if axis in varying else 1 for axis, (start, stop) in enumerate(extents)
    )


def _edges(
    sizes: tuple[int, ...],
    lines: Sequence[Line],
    counts: tuple[int, ...],
    inner: Sequence[tuple[int, int]],
    boundary: str,
) -> tuple[tuple[tuple[slice, ...], Lanes], ...]:
    """Return the regions beside ``inner``, and the flat positions that they read."""
    mapped = [map_index(line.indices(counts), size, boundary) for line, size in zip(lines, sizes)]
    edges = []
    for axis, (start, stop) in enumerate(inner):
        for edge in (slice(0, start), slice(stop, counts[axis])):
            if edge.start < edge.stop:
                region = tuple(edge if a == axis else slice(None) for a in range(len(counts)))
                flat = np.zeros((), np.int64)
                for index, size in zip(mapped, sizes):
                    part = tuple(r if n > 1 else slice(None) for r, n in zip(region, index.shape))
                    flat = flat * size + index[part]
                edges.append((region, flat.astype(np.intp)))
    return tuple(edges)


def map_index(index: Lanes, size: int, boundary: str) -> Lanes:
    """Return what ``boundary`` makes of int64 indices that may be out of range."""
    if boundary == "clamp":
        return np.minimum(np.maximum(index, 0), size - 1)
    if boundary == "wrap":
        return index % size
    if boundary == "reflect":
        period = max(2 * (size - 1), 1)
        folded = index % period
        return np.minimum(folded, period - folded) if size > 1 else folded
    raise InternalError(f"the interpreter has no boundary {boundary}")
