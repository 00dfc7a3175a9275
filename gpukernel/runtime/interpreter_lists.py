"""Local lists of a running program: one array a list, with an axis of elements before the lanes.

``values`` has the shape (size, *lanes); an axis of lanes on which no element varies has size 1,
and grows when something that varies is stored.  Unlike other values a list is written in place,
and a list that is passed to a function is the same object there: so a read gives a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.runtime.lanes import Lanes, Mask, Value, store


class LocalList:
    """A list of ``size`` scalars in every lane of a frame."""

    __slots__ = ("_positions", "values")

    def __init__(self, values: Lanes) -> None:
        """Take over ``values``, of the shape (size, *lanes)."""
        # Writes go through a flat view, which only a C-contiguous array has.
        self.values = np.ascontiguousarray(values)
        self._positions: Lanes | None = None  # the flat position of each lane of `values[0]`

    @classmethod
    def zeros(cls, size: int, dtype: np.dtype[Any], rank: int) -> LocalList:
        """Return a list of zeros for a frame with ``rank`` axes."""
        return cls(np.zeros((size,) + (1,) * rank, dtype))

    def copy(self) -> LocalList:
        """Return a list of the same values that shares nothing with this one."""
        return LocalList(self.values.copy())

    def element(self, index: Value) -> Value:
        """Return the element at ``index`` in every lane; 0 where there is none."""
        values, size = self.values, len(self.values)
        if not isinstance(index, np.ndarray):
            if not 0 <= index < size:
                return values.dtype.type(0)
            row = values[index]
            return row.copy() if row.size > 1 else row.reshape(-1)[0]
        outside = int(index.min()) < 0 or int(index.max()) >= size
        known = np.clip(index, 0, size - 1) if outside else index
        found = values.reshape(-1).take(self._flat(known))
        if not outside:
            return found
        return np.where((index >= 0) & (index < size), found, values.dtype.type(0))

    def set_element(self, index: Value, value: Value, mask: Mask) -> None:
        """Store ``value`` at ``index`` in the lanes of ``mask``; nowhere where there is none."""
        size = len(self.values)
        if not isinstance(index, np.ndarray):
            if 0 <= index < size:
                self._widen(value, mask)
                store(self.values[index], value, mask)
            return
        self._widen(index, value, mask)
        where = (index >= 0) & (index < size) & mask
        flat, lanes = self._flat(index), self.values.shape[1:]
        if where.all():
            self.values.reshape(-1)[flat] = value
            return
        where = np.broadcast_to(where, lanes)
        chosen = np.broadcast_to(value, lanes)[where] if isinstance(value, np.ndarray) else value
        self.values.reshape(-1)[flat[where]] = chosen

    def fill(self, value: Value, mask: Mask) -> None:
        """Store ``value`` in every element, in the lanes of ``mask``."""
        if mask is not True:
            self._widen(value, mask)
            store(self.values, value, mask)
            return
        size, rank = len(self.values), self.values.ndim - 1
        lanes = value.shape if isinstance(value, np.ndarray) else (1,) * rank
        self._replace(np.full((size, *lanes), value, self.values.dtype))

    def assign(self, source: LocalList, mask: Mask) -> None:
        """Take the values of another list of the same size in the lanes of ``mask``."""
        if mask is True:
            self._replace(source.values.copy())
            return
        self._widen(source.values[0], mask)
        store(self.values, source.values, mask)

    def gather(self, positions: tuple[Lanes, ...], lanes: Lanes, shape: tuple[int, ...]) -> Lanes:
        """Return the lanes at flat ``lanes``, or ``positions``, of ``shape``: (size, lanes)."""
        values, size = self.values, len(self.values)
        if values[0].size == 1:
            return values.reshape(size, 1).copy()
        if values.shape[1:] == shape:
            return values.reshape(size, -1).take(lanes, axis=1)
        pairs = zip(positions, values.shape[1:])
        return values[(slice(None), *(p if extent > 1 else 0 for p, extent in pairs))]

    def scatter(self, values: Lanes, lanes: Lanes, shape: tuple[int, ...]) -> None:
        """Write gathered ``values`` back to the flat ``lanes`` of ``shape``."""
        self._widen_to(shape)
        self.values.reshape(len(self.values), -1)[:, lanes] = values

    def _flat(self, index: Lanes) -> Lanes:
        """Return where the element ``index`` of each lane is in the flat values."""
        lanes = self.values.shape[1:]
        count = self.values[0].size
        flat: Lanes = index.astype(np.intp)
        if count == 1:
            return flat
        if self._positions is None:
            self._positions = np.arange(count, dtype=np.intp).reshape(lanes)
        flat = flat * count + self._positions
        return flat

    def _widen(self, *operands: Value) -> None:
        """Let the lanes vary wherever an operand, a value or a mask, does."""
        lanes = self.values.shape[1:]
        shapes = [o.shape for o in operands if isinstance(o, np.ndarray) and o.shape != lanes]
        if shapes:
            self._widen_to(np.broadcast_shapes(lanes, *shapes))

    def _widen_to(self, lanes: tuple[int, ...]) -> None:
        if self.values.shape[1:] != lanes:
            wide = np.broadcast_to(self.values, (len(self.values), *lanes))
            self._replace(np.array(wide, order="C"))

    def _replace(self, values: Lanes) -> None:
        if values.shape != self.values.shape:
            self._positions = None
        self.values = values
