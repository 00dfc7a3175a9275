"""Lanes and masks: the values of one block of the grid, and which of its cells are running.

A value is a NumPy scalar when every lane holds the same number, else an array that broadcasts to
the frame's shape: along an axis on which it does not vary its size is 1.  Nothing ever writes
into a value, so views of the inputs are values too.

A mask is True (every lane runs), False (none does) or a bool array that broadcasts to the frame's
shape and holds at least one True.  Values of lanes that do not run are unspecified.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, Scalar

Value = Any  # a NumPy scalar, or an array of lanes
Lanes = npt.NDArray[Any]
Mask = bool | npt.NDArray[np.bool_]

MIN_LANES_TO_COMPACT = 512  # below this, the time goes into dispatch and not into lanes


@dataclass(frozen=True)
class Launch:
    """What is the same for every block of one run."""

    arrays: dict[str, Lanes]
    uniforms: dict[str, Value]


class Frame:
    """One activation of a function over a set of lanes.

    ``index`` holds the grid index along each axis.  ``returned`` says which lanes have returned,
    ``result`` what they returned, ``continued`` which lanes wait for the next iteration of the
    innermost loop.
    """

    __slots__ = ("continued", "index", "launch", "result", "returned", "shape", "size", "values")

    def __init__(
        self,
        launch: Launch,
        shape: tuple[int, ...],
        index: Sequence[Value],
        values: dict[str, Value],
    ) -> None:
        self.launch = launch
        self.shape = shape
        self.size = int(np.prod(shape))
        self.index = index
        self.values = values
        self.result: Value = None
        self.returned: Mask = False
        self.continued: Mask = False

    def call(self, values: dict[str, Value]) -> Frame:
        """Return a frame over the same lanes for a function with these parameters."""
        return Frame(self.launch, self.shape, self.index, values)

    def assign(self, name: str, value: Value, mask: Mask) -> None:
        """Set a variable in the lanes of ``mask``.

        A variable that is not set yet takes the value in every lane: the lanes outside the mask
        cannot read it before they set it themselves.
        """
        if mask is not True and name in self.values:
            value = np.where(mask, value, self.values[name])
        self.values[name] = value

    def finish(self, value: Value, mask: Mask) -> None:
        """Return ``value`` from the lanes of ``mask``."""
        if mask is not True and self.result is not None:
            value = np.where(mask, value, self.result)
        self.result = value
        self.returned = unite(self.returned, mask)


def unite(a: Mask, b: Mask) -> Mask:
    """Return the lanes that are in either mask."""
    if a is False or b is True:
        return b
    if b is False or a is True:
        return a
    return np.logical_or(a, b)


def without(mask: Mask, gone: Mask) -> Mask:
    """Return the lanes of ``mask`` that are not in ``gone``."""
    if gone is False or mask is False:
        return mask
    if gone is True:
        return False
    rest = np.logical_not(gone)
    if mask is not True:
        rest = np.logical_and(mask, rest)
    return rest if rest.any() else False


def split(mask: Mask, condition: Value) -> tuple[Mask, Mask]:
    """Return the lanes of ``mask`` where ``condition`` holds, and those where it does not."""
    if not isinstance(condition, np.ndarray):
        return (mask, False) if condition else (False, mask)
    yes = condition if mask is True else np.logical_and(mask, condition)
    if not yes.any():
        return False, mask
    no = without(mask, condition)
    return (yes, no) if no is not False else (mask, False)


def is_sparse(frame: Frame, mask: Mask, factor: int) -> bool:
    """Whether fewer than one in ``factor`` of the frame's lanes are in ``mask``."""
    if mask is True or mask is False or frame.size < MIN_LANES_TO_COMPACT:
        return False
    assert isinstance(mask, np.ndarray)
    active = np.count_nonzero(mask) * (frame.size // mask.size)
    return bool(active * factor < frame.size)


class Compaction:
    """The running lanes of a frame, gathered into a frame of their own with one axis.

    What the inner frame assigns goes back to the outer one by `scatter`.
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
        if inner.returned is not False:
            outer.result = self._merge(outer.result, inner.result)
            outer.returned = self._merge(outer.returned, inner.returned)

    def _merge(self, old: Value | None, new: Value) -> Value:
        """Return a full array: ``new`` in the gathered lanes, ``old`` (or zero) elsewhere."""
        merged = np.zeros(self.outer.shape, np.asarray(new).dtype)
        if old is not None:
            merged[...] = old
        merged.reshape(-1)[self.lanes] = new
        return merged


def convert(value: Value, source: Scalar, target: Scalar, float_dtype: npt.DTypeLike) -> Value:
    """Convert between the scalar types of the language, as `Cast` says."""
    if source == target:
        return value
    if target == BOOL:
        return value != 0
    if target == FLOAT:
        return value.astype(float_dtype)
    return _truncate(value) if source == FLOAT else value.astype(np.int32)


def _truncate(value: Value) -> Value:
    """Truncate floats to int32: saturating, nan gives 0."""
    if value.size and float(value.min()) > INT_MIN and float(value.max()) < INT_MAX:
        return value.astype(np.int32)
    exact = np.where(np.isnan(value), 0.0, np.asarray(value, np.float64))
    return np.clip(np.trunc(exact), INT_MIN, INT_MAX).astype(np.int32)[()]


def trip_count(start: Value, stop: Value, step: Value) -> Value:
    """Return ``len(range(start, stop, step))`` by lane, 0 for a step of 0.

    An int when all three are uniform, else an int64 array: exact for every int32.
    """
    if not any(isinstance(bound, np.ndarray) for bound in (start, stop, step)):
        return len(range(int(start), int(stop), int(step))) if step else 0
    distance = np.subtract(stop, start, dtype=np.int64)
    stride = np.asarray(step, np.int64)
    sign = np.sign(stride)
    size = np.maximum(np.abs(stride), 1)
    trips = np.maximum((distance * sign + size - 1) // size, 0)
    return np.where(sign == 0, 0, trips)


def dtypes_for(float_dtype: npt.DTypeLike) -> dict[Scalar, np.dtype[Any]]:
    """Return the dtype in which the lanes of each scalar type are kept."""
    return {FLOAT: np.dtype(float_dtype), INT: np.dtype(np.int32), BOOL: np.dtype(np.bool_)}


def conform(value: Value, dtype: np.dtype[Any]) -> Value:
    """Return ``value`` in ``dtype``, as a NumPy scalar when it has no axes."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim):
        return value if value.dtype == dtype else value.astype(dtype)
    return np.asarray(value).astype(dtype)[()]
