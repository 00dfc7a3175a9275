"""Array reads of the interpreter: a view of the array where the indices allow it, else a gather.

In: a C-contiguous array and one index operand an axis (int32 scalars or lanes).  Out: the
elements as lanes, in the dtype that the program computes with, 0 where an index is out of range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpukernel.runtime.lanes import Frame, Lanes, Value


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

    def slice(self, start: int, stop: int) -> slice:
        """Return the slice of the array that the positions ``start`` to ``stop`` read."""
        if stop <= start:
            return slice(0, 0)
        begin, end = self.first + self.step * start, self.first + self.step * stop
        return slice(begin, end if end >= 0 else None, self.step)


def load(array: Lanes, indices: Sequence[Value], frame: Frame, dtype: np.dtype[Any]) -> Value:
    """Return ``array[indices]`` in ``dtype``; an index out of range, on either side, reads 0."""
    if array.size == 0:
        return dtype.type(0)
    plan = _plan(indices, frame)
    value = _gather(array, indices) if plan is None else _view(array, plan, len(frame.shape))
    return value if value.dtype == dtype else value.astype(dtype)


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


def _view(array: Lanes, plan: Sequence[int | _Range], rank: int) -> Value:
    """Read numbers and ranges: a view when all is in range, else a copy within zeros."""
    source: list[int | slice] = []
    target: list[slice] = []
    ranges: list[_Range] = []
    for size, item in zip(array.shape, plan):
        if isinstance(item, int):
            if not 0 <= item < size:
                return array.dtype.type(0)
            source.append(item)
            continue
        start, stop = item.inside(size)
        source.append(item.slice(start, stop))
        target.append(slice(start, stop))
        ranges.append(item)
    value = array[tuple(source)]
    if not ranges:
        return value
    counts = tuple(item.count for item in ranges)
    if value.shape != counts:
        filled = np.zeros(counts, array.dtype)
        filled[tuple(target)] = value
        value = filled
    return _place(value, [item.axis for item in ranges], rank)


def _place(value: Lanes, axes: list[int], rank: int) -> Lanes:
    """Turn the value's axes into those axes of a frame of ``rank`` axes."""
    order = sorted(range(len(axes)), key=axes.__getitem__)
    if order != list(range(len(axes))):
        value = value.transpose(order)
    if len(axes) == rank:
        return value
    return value[tuple(slice(None) if axis in axes else np.newaxis for axis in range(rank))]


def _gather(array: Lanes, indices: Sequence[Value]) -> Value:
    """Read by index arrays: clipped into range, then zero where they were not."""
    flat: Value = 0
    valid: Value = True
    for size, index in zip(array.shape, indices):
        if int(index.min()) < 0 or int(index.max()) >= size:
            valid = np.logical_and(valid, np.logical_and(index >= 0, index < size))
            index = np.clip(index, 0, size - 1)
        flat = flat * size + index.astype(np.intp)
    value = array.reshape(-1).take(flat)
    return value if valid is True else np.where(valid, value, array.dtype.type(0))
