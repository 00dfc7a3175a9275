"""Local lists of a running program: a value for each element, or one array of all of them.

A short list has its elements as *parts*, values like others, as long as every index is the same in
all lanes.  Any other list is *dense*: an array of the shape (size, *lanes), where an axis of lanes
on which no element varies has size 1, and grows when something that varies is stored.  Unlike
values, dense lists are written in place: so a read of them gives a copy.  A list that is passed to
a function is the same object there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.runtime.lanes import Lanes, Mask, Value, choose, store

MAX_PARTS = 64


class LocalList:
    """A list of ``size`` scalars in every lane of a frame with ``rank`` axes."""

    __slots__ = ("_dense", "_parts", "_positions", "dtype", "rank", "size")

    def __init__(
        self, size: int, dtype: np.dtype[Any], rank: int, elements: Sequence[Value] | Lanes
    ) -> None:
        """Take the elements as values, or as an array of the shape (size, *lanes) to be kept."""
        self.size = size
        self.dtype = dtype
        self.rank = rank
        is_dense = isinstance(elements, np.ndarray)
        self._parts: list[Value] | None = None if is_dense else list(elements)
        # Writes go through a flat view, which only a C-contiguous array has.
        self._dense: Lanes | None = np.ascontiguousarray(elements) if is_dense else None
        self._positions: Lanes | None = None  # the flat position of each lane of a dense element

    @classmethod
    def zeros(cls, size: int, dtype: np.dtype[Any], rank: int) -> LocalList:
        """Return a list of zeros for a frame with ``rank`` axes."""
        made = cls(size, dtype, rank, ())
        made.fill(dtype.type(0), True)
        return made

    def copy(self) -> LocalList:
        """Return a list of the same values that shares nothing with this one."""
        elements = self._parts if self._dense is None else self._dense.copy()
        assert elements is not None
        return LocalList(self.size, self.dtype, self.rank, elements)

    @property
    def values(self) -> Lanes:
        """The elements as an array of the shape (size, *lanes); the list is dense from now on."""
        if self._dense is None:
            assert self._parts is not None
            lanes = np.broadcast_shapes((1,) * self.rank, *[np.shape(p) for p in self._parts])
            dense = np.empty((self.size, *lanes), self.dtype)
            for element, part in zip(dense, self._parts):
                element[...] = part
            self._dense, self._parts, self._positions = dense, None, None
        return self._dense

    def element(self, index: Value) -> Value:
        """Return the element at ``index`` in every lane; 0 where there is none."""
        if not isinstance(index, np.ndarray):
            if not 0 <= index < self.size:
                return self.dtype.type(0)
            if self._parts is not None:
                return self._parts[index]
            row = self.values[index]
            return row.copy() if row.size > 1 else row.reshape(-1)[0]
        values, size = self.values, self.size
        outside = int(index.min()) < 0 or int(index.max()) >= size
        known = np.clip(index, 0, size - 1) if outside else index
        found = values.reshape(-1).take(self._flat(known))
        if not outside:
            return found
        return np.where((index >= 0) & (index < size), found, values.dtype.type(0))

    def set_element(self, index: Value, value: Value, mask: Mask) -> None:
        """Store ``value`` at ``index`` in the lanes of ``mask``; nowhere where there is none."""
        if not isinstance(index, np.ndarray):
            if 0 <= index < self.size:
                self._set_one(index, value, mask)
            return
        values = self._widened(index, value, mask)
        where = (index >= 0) & (index < self.size) & mask
        flat, lanes = self._flat(index), values.shape[1:]
        if where.all():
            values.reshape(-1)[flat] = value
            return
        where = np.broadcast_to(where, lanes)
        chosen = np.broadcast_to(value, lanes)[where] if isinstance(value, np.ndarray) else value
        values.reshape(-1)[flat[where]] = chosen

    def _set_one(self, index: int, value: Value, mask: Mask) -> None:
        if self._parts is not None:
            old = self._parts[index]
            self._parts[index] = value if mask is True else choose(mask, value, old)
        else:
            store(self._widened(value, mask)[index], value, mask)

    def fill(self, value: Value, mask: Mask) -> None:
        """Store ``value`` in every element, in the lanes of ``mask``."""
        if mask is not True:
            for index in range(self.size) if self._parts is not None else ():
                self._set_one(index, value, mask)
            if self._parts is None:
                store(self._widened(value, mask), value, mask)
        elif self.size <= MAX_PARTS:
            self._parts, self._dense = [value] * self.size, None
        else:
            lanes = value.shape if isinstance(value, np.ndarray) else (1,) * self.rank
            self._replace(np.full((self.size, *lanes), value, self.dtype))

    def assign(self, source: LocalList, mask: Mask) -> None:
        """Take the values of another list of the same size in the lanes of ``mask``."""
        if source._parts is not None and (mask is True or self._parts is not None):
            if mask is True:
                self._parts, self._dense = list(source._parts), None
                return
            for index, part in enumerate(source._parts):
                self._set_one(index, part, mask)
        elif mask is True:
            self._replace(source.values.copy())
        else:
            store(self._widened(source.values[0], mask), source.values, mask)

    def gather(
        self,
        take: Callable[[Value], Value],
        positions: tuple[Lanes, ...],
        lanes: Lanes,
        shape: tuple[int, ...],
    ) -> LocalList:
        """Return the list in a frame of the flat ``lanes``, or ``positions``, of ``shape``.

        ``take`` gives these lanes of a value.
        """
        elements: Sequence[Value] | Lanes
        if self._parts is not None:
            elements = [take(part) for part in self._parts]
        elif self.values[0].size == 1:
            elements = self.values.reshape(self.size, 1).copy()
        elif self.values.shape[1:] == shape:
            elements = self.values.reshape(self.size, -1).take(lanes, axis=1)
        else:
            pairs = zip(positions, self.values.shape[1:])
            elements = self.values[(slice(None), *(p if n > 1 else 0 for p, n in pairs))]
        return LocalList(self.size, self.dtype, 1, elements)

    def scatter(
        self,
        gathered: LocalList,
        merge: Callable[[Value, Value], Value],
        lanes: Lanes,
        shape: tuple[int, ...],
    ) -> None:
        """Take over a gathered list in the flat ``lanes`` of ``shape``.

        ``merge`` gives an old value with a gathered one in these lanes.
        """
        if self._parts is not None and gathered._parts is not None:
            pairs = zip(self._parts, gathered._parts)
            self._parts = [old if old is new else merge(old, new) for old, new in pairs]
            return
        self._widen_to(shape)
        self.values.reshape(self.size, -1)[:, lanes] = gathered.values

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

    def _widened(self, *operands: Value) -> Lanes:
        """Return the dense list whose lanes vary wherever an operand, a value or a mask, does."""
        lanes = self.values.shape[1:]
        shapes = [o.shape for o in operands if isinstance(o, np.ndarray) and o.shape != lanes]
        if shapes:
            self._widen_to(np.broadcast_shapes(lanes, *shapes))
        return self.values

    def _widen_to(self, lanes: tuple[int, ...]) -> None:
        if self.values.shape[1:] != lanes:
            wide = np.broadcast_to(self.values, (self.size, *lanes))
            self._replace(np.array(wide, order="C"))

    def _replace(self, values: Lanes) -> None:
        if self._dense is None or values.shape != self._dense.shape:
            self._positions = None
        self._dense, self._parts = values, None
