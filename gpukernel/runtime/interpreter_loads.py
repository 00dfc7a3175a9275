"""Array reads of the interpreter: a view of the array where the indices allow it, else a gather.

In: a C-contiguous array and one index operand an axis (int32 scalars or lanes).  Out: the
elements as lanes, in the dtype that the program computes with.  Where an index is out of range the
element is 0, or the array's boundary maps the index into the range first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpukernel.errors import InternalError
from gpukernel.runtime.interpreter_frame import Frame
from gpukernel.runtime.lanes import Lanes, Value


@dataclass(frozen=True)
class _Range:
    """An index operand that runs along one axis of the frame: ``first + step * position``."""

    axis: int
    count: int
    first: int
    step: int

    def inside(self, size: int) -> tuple[int, int]:
        """Return the half-open range of positions whose index is in ``[0, size)``."""
        if self.step > 0:
            start, stop = -(self.first // self.step), -((self.first - size) // self.step)
        else:
            step = -self.step
            start, stop = (self.first - size) // step + 1, self.first // step + 1
        start = min(max(start, 0), self.count)
        return start, max(min(stop, self.count), start)

    def line(self) -> Lanes:
        """Return every index; they are exact in int64."""
        return self.first + self.step * np.arange(self.count, dtype=np.int64)

    def slice(self, start: int, stop: int) -> slice:
        """Return the slice of the array that the positions ``start`` to ``stop`` read."""
        if stop <= start:
            return slice(0, 0)
        begin, end = self.first + self.step * start, self.first + self.step * stop
        return slice(begin, end if end >= 0 else None, self.step)


def load(
    array: Lanes, indices: Sequence[Value], boundary: str, frame: Frame, dtype: np.dtype[Any]
) -> Value:
    """Return ``array[indices]`` in ``dtype``; ``boundary`` as `ArrayInput` says."""
    if array.size == 0:
        return dtype.type(0)
    plan = _plan(indices, frame)
    if plan is not None:
        value = _view(array, plan, boundary, len(frame.shape))
    else:
        value = _gather(array, indices, boundary)
    return value if value.dtype == dtype else value.astype(dtype)


def _inside(index: Value, size: int, boundary: str) -> Value:
    """Return the index, or what ``boundary`` maps it to where it is out of range."""
    if int(index.min()) >= 0 and int(index.max()) < size:
        return index
    wide = index.astype(np.int64)  # in int32 the arithmetic below could wrap
    if boundary == "clamp":
        return np.clip(wide, 0, size - 1)
    if boundary == "wrap":
        return wide % size
    if boundary == "reflect":
        period = max(2 * (size - 1), 1)
        folded = wide % period
        return np.minimum(folded, period - folded) if size > 1 else folded
    raise InternalError(f"the interpreter has no boundary {boundary}")


def _plan(indices: Sequence[Value], frame: Frame) -> list[int | _Range] | None:
    """Describe every index as a number or a range along an axis of its own, or give None."""
    plan: list[int | _Range] = []
    axes: set[int] = set()
    for index in indices:
        if not isinstance(index, np.ndarray):
            plan.append(int(index))
            continue
        if index.size == 1:
            plan.append(int(index.flat[0]))
            continue
        found = _find_range(index, frame)
        if found is None or found.axis in axes:
            return None
        axes.add(found.axis)
        plan.append(found)
    return plan


def _find_range(index: Lanes, frame: Frame) -> _Range | None:
    """Return the index as a range, or None when it varies along two axes or is irregular."""
    count = index.size
    if count not in index.shape:
        return None
    axis = index.shape.index(count)
    line = index.reshape(-1)
    first, step = int(line[0]), int(line[1]) - int(line[0])
    if step == 0 or int(line[-1]) - first != step * (count - 1):
        return None
    regular = count == 2 or any(index is known for known in frame.index)
    if not regular and not (line[1:] - line[:-1] == step).all():
        return None
    return _Range(axis, count, first, step)


def _view(array: Lanes, plan: Sequence[int | _Range], boundary: str, rank: int) -> Value:
    """Read numbers and ranges: a view when all is in range, else a copy within a border."""
    place: list[int | slice] = []  # the element along axes that are read at one number
    for size, item in zip(array.shape, plan):
        if not isinstance(item, int):
            place.append(slice(None))
        elif 0 <= item < size:
            place.append(item)
        elif boundary == "zero":
            return array.dtype.type(0)
        else:
            place.append(int(_inside(np.int64(item), size, boundary)))
    array = array[tuple(place)]
    ranges = [item for item in plan if not isinstance(item, int)]
    if not ranges:
        return array
    return _place(_read_ranges(array, ranges, boundary), [item.axis for item in ranges], rank)


def _read_ranges(array: Lanes, ranges: Sequence[_Range], boundary: str) -> Lanes:
    """Read one range an axis of the array."""
    inner = [item.inside(size) for item, size in zip(ranges, array.shape)]
    value = array[tuple(item.slice(*within) for item, within in zip(ranges, inner))]
    counts = tuple(item.count for item in ranges)
    if value.shape == counts:
        return value
    filled = np.zeros(counts, array.dtype)
    filled[tuple(slice(*within) for within in inner)] = value
    if boundary != "zero":
        _fill_border(filled, array, ranges, inner, boundary)
    return filled


def _fill_border(
    filled: Lanes,
    array: Lanes,
    ranges: Sequence[_Range],
    inner: Sequence[tuple[int, int]],
    boundary: str,
) -> None:
    """Read the elements of ``filled`` that are outside of the positions ``inner``."""
    lines = [_inside(item.line(), size, boundary) for item, size in zip(ranges, array.shape)]
    for axis, (start, stop) in enumerate(inner):
        for edge in (slice(0, start), slice(stop, None)):
            if lines[axis][edge].size:
                where = tuple(edge if a == axis else slice(None) for a in range(len(lines)))
                chosen = (line[part] for line, part in zip(lines, where))
                filled[where] = array[np.ix_(*chosen)]


def _place(value: Lanes, axes: list[int], rank: int) -> Lanes:
    """Turn the value's axes into those axes of a frame of ``rank`` axes."""
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        value = value.transpose(order)
    if len(axes) == rank:
        return value
    return value[tuple(slice(None) if axis in axes else np.newaxis for axis in range(rank))]


def _gather(array: Lanes, indices: Sequence[Value], boundary: str) -> Value:
    """Read by index arrays; with the boundary zero they are clipped first, and blanked after."""
    flat: Value = 0
    valid: Value = True
    for size, index in zip(array.shape, indices):
        if boundary != "zero":
            index = _inside(index, size, boundary)
        elif int(index.min()) < 0 or int(index.max()) >= size:
            valid = np.logical_and(valid, np.logical_and(index >= 0, index < size))
            index = np.clip(index, 0, size - 1)
        flat = flat * size + index.astype(np.intp)
    value = array.reshape(-1).take(flat)
    return value if valid is True else np.where(valid, value, array.dtype.type(0))
