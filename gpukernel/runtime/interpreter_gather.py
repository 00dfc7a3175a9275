"""Reads at any indices: lanes of positions, looked up one by one.

In: one index operand an axis of an array, int32 scalars or lanes.  Out: the elements as lanes; an
index out of range reads what the array's boundary says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpukernel.records import record
from gpukernel.runtime.interpreter_windows import Line, Reader, Zero, map_index
from gpukernel.runtime.lanes import Lanes, Value

_BITS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}


@record(frozen=True)
class Lookup(Reader):
    """Flat positions to read, and which of the lanes are in range (None: all are)."""

    positions: Lanes
    valid: Lanes | None

    @property
    def num_numbers(self) -> int:
        return int(self.positions.size)

    def lasting(self) -> Reader:
        return Lookup(self.positions.astype(np.intp), self.valid)

    def read(self, array: Lanes) -> Value:
        value = array.take(self.positions)
        if self.valid is None:
            return value
        bits = value.view(_BITS[value.itemsize])
        return np.multiply(bits, self.valid, dtype=bits.dtype).view(value.dtype)


def look_up(sizes: tuple[int, ...], indices: Sequence[Value], boundary: str) -> Lookup | Zero:
    """Return the reader of an array of this shape at indices of which some are lanes."""
    flat: Value = None
    valid: Value = None
    for size, index in zip(sizes, indices):
        if not isinstance(index, np.ndarray):
            index = fixed_index(int(index), size, boundary)
            if index is None:
                return Zero()
        elif _most(index) >= size:
            if boundary == "zero":
                within = index.view(np.uint32) < size
                valid = within if valid is None else np.logical_and(valid, within)
                index = np.minimum(np.maximum(index, 0), size - 1)
            else:
                wide = index if boundary == "clamp" else index.astype(np.int64)
                index = map_index(wide, size, boundary)
        # No overflow: a position is less than the array's size, which int32 holds.
        flat = index if flat is None else flat * np.int32(size) + index
    return Lookup(flat, valid)


def _most(index: Lanes) -> int:
    """Return the greatest of int32 indices, where negative ones count as huge."""
    return int(np.maximum.reduce(index.view(np.uint32), axis=None))


def fixed_index(index: int, size: int, boundary: str) -> np.int32 | None:
    """Return where an index that all lanes share reads, None if it reads zero."""
    if 0 <= index < size:
        return np.int32(index)
    if boundary == "zero":
        return None
    return np.int32(map_index(np.asarray(index, np.int64), size, boundary))


def find_lines(indices: Sequence[Value]) -> list[Line] | None:
    """Return indices that all run in even steps along one axis of the block each, else None."""
    lines: list[Line] = []
    for index in indices:
        line = _find_line(index) if isinstance(index, np.ndarray) else Line(int(index), ())
        if line is None:
            return None
        lines.append(line)
    return lines


def _find_line(index: Lanes) -> Line | None:
    count = index.size
    if count == 1:
        return Line(int(index.reshape(-1)[0]), ())
    if count not in index.shape:
        return None
    line = index.reshape(-1)
    first, step = int(line[0]), int(line[1]) - int(line[0])
    if step == 0 or int(line[-1]) - first != step * (count - 1):
        return None
    # The differences wrap as the step does, so they are equal where it is the same everywhere.
    if count > 2 and not (line[1:] - line[:-1] == step).all():
        return None
    return Line(first, ((index.shape.index(count) - index.ndim, step),))
