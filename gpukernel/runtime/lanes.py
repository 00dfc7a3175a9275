"""Lanes and masks: the values of one block of the grid, and which of its cells are running.

A value is a NumPy scalar when every lane holds the same number, else an array that broadcasts to
the frame's shape: along an axis on which it does not vary its size is 1.  Nothing ever writes
into a value, so views of the inputs are values too.  (Local lists are written in place: see
`interpreter_lists`.)

A mask is True (every lane runs), False (none does) or a bool array that broadcasts to the frame's
shape and holds at least one True.  Values of lanes that do not run are unspecified.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.errors import InternalError
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX, Scalar

Value = Any  # a NumPy scalar, or an array of lanes
Lanes = npt.NDArray[Any]
Mask = bool | npt.NDArray[np.bool_]

MAX_LANES_TO_BRANCH = 4096  # measured: where `numpy.where` is the faster one
_BITS: dict[int, type[np.signedinteger[Any]]] = {1: np.int8, 4: np.int32, 8: np.int64}

# ---------------------------------------------------------------- masks


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
    rest = np.logical_not(gone) if mask is True else np.greater(mask, gone)
    return rest if np.count_nonzero(rest) else False


def narrow(mask: Mask, condition: Value) -> Mask:
    """Return the lanes of ``mask`` where ``condition`` holds."""
    if not isinstance(condition, np.ndarray):
        return mask if condition else False
    both: Mask = condition if mask is True else np.logical_and(mask, condition)
    count = np.count_nonzero(both)
    if not count:
        return False
    return True if count == condition.size and mask is True else both


def split(mask: Mask, condition: Value) -> tuple[Mask, Mask]:
    """Return the lanes of ``mask`` where ``condition`` holds, and those where it does not."""
    yes = narrow(mask, condition)
    if yes is False:
        return False, mask
    if yes is mask:
        return mask, False
    no = without(mask, condition)
    return (yes, no) if no is not False else (mask, False)


def choose(mask: Value, new: Value, old: Value) -> Value:
    """Return ``new`` in the lanes of ``mask`` and ``old`` elsewhere; both have one dtype.

    As `numpy.where`, which takes several times as long where there are many lanes and the mask is
    so irregular that the processor cannot foresee it: it branches, and this does not.
    """
    if not isinstance(mask, np.ndarray):
        return new if mask else old
    if mask.size <= MAX_LANES_TO_BRANCH:
        return np.where(mask, new, old)
    kind = _BITS[new.dtype.itemsize]
    bits = old.view(kind)
    change = np.multiply(bits ^ new.view(kind), mask, dtype=kind)
    return np.bitwise_xor(bits, change, out=change).view(new.dtype)


def store(target: Lanes, value: Value, mask: Mask) -> None:
    """Write ``value`` into the lanes of ``mask`` of an array that is no value of the program."""
    if mask is True:
        target[...] = value
        return
    bits = target.view(_BITS[target.dtype.itemsize])
    bits ^= np.multiply(bits ^ value.view(bits.dtype), mask, dtype=bits.dtype)


# ---------------------------------------------------------------- numbers


def dtypes_for(float_dtype: npt.DTypeLike) -> dict[Scalar, np.dtype[Any]]:
    """Return the dtype in which the lanes of each scalar type are kept."""
    return {
        FLOAT: np.dtype(float_dtype),
        INT: np.dtype(np.int32),
        UINT: np.dtype(np.uint32),
        BOOL: np.dtype(np.bool_),
    }


def conform(value: Value, dtype: np.dtype[Any]) -> Value:
    """Return ``value`` in ``dtype``, as a NumPy scalar when it has no axes."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim):
        return value if value.dtype == dtype else value.astype(dtype)
    return np.asarray(value).astype(dtype)[()]


def convert(value: Value, source: Scalar, target: Scalar, float_dtype: npt.DTypeLike) -> Value:
    """Convert between the scalar types of the language, as `Cast` says."""
    if source == target:
        return value
    if target == BOOL:
        return value != 0
    if target == FLOAT:
        return value.astype(float_dtype)
    if source == FLOAT:
        return truncate(value, target)
    if target == INT:
        return value.astype(np.int32)
    if target == UINT:
        return value.astype(np.uint32)
    raise InternalError(f"the interpreter has no cast to {target}")


def truncate(value: Value, target: Scalar) -> Value:
    """Truncate floats to int32 or uint32: saturating, nan gives 0."""
    low, high = (0, UINT_MAX) if target == UINT else (INT_MIN, INT_MAX)
    dtype = np.uint32 if target == UINT else np.int32
    if value.size and low - 1 < float(value.min()) and float(value.max()) < high + 1:
        return value.astype(dtype)
    exact = np.where(np.isnan(value), 0.0, np.asarray(value, np.float64))
    return np.clip(np.trunc(exact), low, high).astype(dtype)[()]


def saturate(value: Value, dtype: np.dtype[Any]) -> Value:
    """Return ints within the range of a smaller ``dtype``."""
    limits = np.iinfo(dtype)
    return np.minimum(np.maximum(value, limits.min), limits.max)


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
