"""Host values turned into NumPy arrays that a device can hold.

Whatever comes in, a C-contiguous, native-endian array of a dtype in `ELEMENT_TYPES` and of rank 1
to 4 comes out, or an error: no value is ever changed silently.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from gpukernel.errors import KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.lang.types import ELEMENT_TYPES, MAX_RANK, UINT_MAX

# What a dtype that no device holds is stored as, when every value allows it.
_NARROWED = {"float64": "float32", "int64": "int32", "uint64": "int32"}
_NATIVE = frozenset(map(np.dtype, ELEMENT_TYPES))
_SUPPORTED = ", ".join(ELEMENT_TYPES)


def to_host(value: Any, what: str = "the array", dtype: Any = None) -> np.ndarray:
    """Convert anything array-like to an array that every device can hold.

    Args:
        value: an object with ``__array__`` or the buffer protocol, or nested lists of numbers;
            any strides and byte order.
        what: how errors name it, such as ``"argument 'a'"``.
        dtype: the dtype to convert to; by default that of the value, or the nearest there is.

    Returns:
        A C-contiguous, native-endian array of rank 1 to 4; ``value`` itself when it is one.
        float64 becomes float32, int64 and uint64 become int32; other dtypes, uint32 among
        them, are kept.

    Raises:
        KernelTypeError: a dtype or a rank that arrays cannot have.
        KernelOverflowError: a float64 too large for float32, or an int64 or uint64 that is not an
            int32.
    """
    if dtype is None and _is_ready(value):
        return value
    host = _as_numpy(value, what)
    if not 1 <= host.ndim <= MAX_RANK:
        raise KernelTypeError(
            f"{what} has {host.ndim} axes, but arrays have 1 to {MAX_RANK} (shape {host.shape})"
        )
    asked = dtype is not None and host.dtype.kind in "biuf"
    target = storage_dtype(dtype if asked else host.dtype, what)
    if host.dtype.name != target.name:
        host = cast(host, target, what)
    return np.ascontiguousarray(host, dtype=target)


def _is_ready(value: Any) -> TypeGuard[np.ndarray]:
    """Whether devices can take the value as it is: asked at every launch, so it is quick."""
    return (
        type(value) is np.ndarray
        and value.dtype in _NATIVE
        and value.flags.c_contiguous
        and 1 <= value.ndim <= MAX_RANK
    )


def storage_dtype(dtype: Any, what: str = "the array") -> np.dtype:
    """Return the native dtype that values of ``dtype`` are stored in.

    Raises:
        KernelTypeError: there is none.
    """
    try:
        asked: np.dtype = np.dtype(dtype)
    except TypeError:
        raise KernelTypeError(f"{what}: {dtype!r} is not a dtype") from None
    name = _NARROWED.get(asked.name, asked.name)
    if name not in ELEMENT_TYPES:
        raise KernelTypeError(
            f"{what} has dtype {asked.name}, but the supported dtypes are {_SUPPORTED} "
            "(float64 is stored as float32, int64 as int32)"
        )
    return np.dtype(name)


def cast(host: np.ndarray, target: np.dtype, what: str = "the array") -> np.ndarray:
    """Convert to another dtype, as NumPy's ``astype`` does, refusing values that do not fit.

    Raises:
        KernelOverflowError: a value outside the range of ``target``, or a nan made an int.
    """
    if target.kind in "iu" and host.dtype.kind in "iuf":
        _check_int_range(host, target, what)
    try:
        with np.errstate(over="raise", under="ignore", invalid="ignore"):
            return host.astype(target, order="C")  # at once as devices take it
    except FloatingPointError:
        finite = host[np.isfinite(host)]
        largest = finite[np.argmax(np.abs(finite))]
        raise KernelOverflowError(f"{what} holds {largest}, too large for {target.name}") from None


def _as_numpy(value: Any, what: str) -> np.ndarray:
    """Return the value as any NumPy array, without copying where possible."""
    if isinstance(value, np.ma.MaskedArray):
        raise KernelTypeError(f"{what} is a masked array; call its .filled(value) first")
    if isinstance(value, (bytes, bytearray)):
        value = memoryview(value)  # NumPy would make a string of bytes
    try:
        return np.asarray(value)
    except OverflowError:
        raise KernelOverflowError(f"{what} holds an int that does not fit int32") from None
    except ValueError as error:
        raise KernelShapeError(f"{what} is not a rectangular array: {error}") from None


def _check_int_range(host: np.ndarray, target: np.dtype, what: str) -> None:
    """Raise KernelOverflowError unless every value, truncated, fits the int dtype."""
    if not host.size or np.can_cast(host.dtype, target):
        return
    low, high = host.min(), host.max()  # nan if there is one
    limits = np.iinfo(target)
    for value in (low, high):
        if not np.isfinite(value) or not limits.min <= int(value) <= limits.max:
            fits_uint = target.name == "int32" and low >= 0 and high <= UINT_MAX
            hint = "\nhint: uint32 arrays are kept: pass it as .astype(np.uint32)"
            raise KernelOverflowError(
                f"{what} holds {value}, which does not fit {target.name} "
                f"({limits.min} to {limits.max})" + (hint if fits_uint else "")
            )
