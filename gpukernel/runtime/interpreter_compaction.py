"""Loops that few lanes still run: those lanes alone, in a frame of their own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gpukernel.runtime.interpreter_frame import Frame
from gpukernel.runtime.interpreter_lists import LocalList
from gpukernel.runtime.lanes import Mask, Value

MIN_LANES_TO_COMPACT = 512  # below this, the time goes into dispatch and not into lanes


def is_sparse(frame: Frame, mask: Mask, factor: int) -> bool:
    """Whether fewer than one in ``factor`` of the frame's lanes are in ``mask``."""
    if mask is True or mask is False or frame.size < MIN_LANES_TO_COMPACT:
        return False
    assert isinstance(mask, np.ndarray)
    active = np.count_nonzero(mask) * (frame.size // mask.size)
    return bool(active * factor < frame.size)


class Compaction:
    """The running lanes of a frame, gathered into a frame of their own with one axis.

    What the inner frame assigns goes back to the outer one by `scatter`.  Gathered lists are
    lists of their own, so one list must not stand there under two names.
    """

    def __init__(self, outer: Frame, mask: Mask, names: Iterable[str]) -> None:
        """Gather the lanes of ``mask`` of the variables ``names`` (those that are set)."""
        self.outer = outer
        self.lanes = np.flatnonzero(np.broadcast_to(mask, outer.shape))
        self._positions = np.unravel_index(self.lanes, outer.shape)
        values = {n: self.gather(outer.values[n]) for n in names if n in outer.values}
        index = tuple(self.gather(position) for position in outer.index)
        self.frame = Frame(outer.launch, (len(self.lanes),), index, values)

    def gather(self, value: Value) -> Value:
        """Return the value's gathered lanes; scalars stay as they are."""
        if isinstance(value, LocalList):
            return value.gather(self.gather, self._positions, self.lanes, self.outer.shape)
        if not isinstance(value, np.ndarray):
            return value
        if value.shape == self.outer.shape:
            return value.reshape(-1).take(self.lanes)
        pairs = zip(self._positions, value.shape)
        return value[tuple(p if size > 1 else 0 for p, size in pairs)]

    def scatter(self, names: Iterable[str]) -> None:
        """Write the variables ``names``, and what was returned, back to the outer frame."""
        outer, inner = self.outer, self.frame
        for name in names:
            if name in inner.values:
                outer.values[name] = self._merge(outer.values.get(name), inner.values[name])
        if inner.results is not None:
            old = outer.results or (None,) * len(inner.results)
            outer.results = tuple(self._merge(o, new) for o, new in zip(old, inner.results))
            outer.returned = self._merge(outer.returned, inner.returned)

    def _merge(self, old: Value | None, new: Value) -> Value:
        """Return ``new`` in the gathered lanes and ``old`` (or zero) elsewhere.

        A list is written in place, since the caller of the function may hold it too.
        """
        if isinstance(new, LocalList):
            shape = self.outer.shape
            whole = LocalList.zeros(new.size, new.dtype, len(shape)) if old is None else old
            whole.scatter(new, self._merge, self.lanes, shape)
            return whole
        merged = np.zeros(self.outer.shape, np.asarray(new).dtype)
        if old is not None:
            merged[...] = old
        merged.reshape(-1)[self.lanes] = new
        return merged
