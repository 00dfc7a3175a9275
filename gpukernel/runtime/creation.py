"""The functions that make an `Array`: from values, or of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device, resolve_device
from gpukernel.runtime.host import cast, storage_dtype, to_host
from gpukernel.runtime.layout import LANES
from gpukernel.runtime.shapes import read_shape

Shape = Union[int, Sequence[int]]


def array(x: Any, dtype: Any = None, device: str | Device | None = None) -> Array:
    """Copy values to a device.

    Args:
        x: an `Array`, anything with ``__array__`` or the buffer protocol, or nested lists.
        dtype: the dtype to convert to; by default float64 becomes float32, int64 becomes int32
            and the others are kept.
        device: "gl" or "cpu"; by default the current device.

    Raises:
        KernelTypeError: a dtype or rank that arrays cannot have.
        KernelOverflowError: a value that the dtype cannot hold.
        DeviceError: larger than the device can hold.

    Example:
        >>> import gpukernel as gk
        >>> gk.array([1.5, 2.5], device="cpu").tolist()
        [1.5, 2.5]
    """
    target = resolve_device(device)
    host = to_host(x, dtype=dtype)
    return Array._from_storage(target, target.upload(host))


def empty(shape: Shape, dtype: Any = np.float32, device: str | Device | None = None) -> Array:
    """Return an array whose values are undefined until something is written to it.

    Example:
        >>> import gpukernel as gk
        >>> gk.empty((2, 3), device="cpu").shape
        (2, 3)
    """
    sizes = read_shape(shape)
    if sizes[-1] % LANES:  # lanes that belong to no element must hold zero: see `layout`
        return zeros(sizes, dtype, device)
    target = resolve_device(device)
    return Array._from_storage(target, target.allocate(sizes, storage_dtype(dtype)))


def full(shape: Shape, value: Any, dtype: Any = None, device: str | Device | None = None) -> Array:
    """Return an array of one value everywhere; ``dtype`` is that of the value by default.

    Example:
        >>> import gpukernel as gk
        >>> gk.full(3, 7, device="cpu").tolist()
        [7, 7, 7]
    """
    target = resolve_device(device)
    sizes = read_shape(shape)
    one = np.asarray(value).reshape(1)
    wanted = storage_dtype(one.dtype if dtype is None else dtype)
    target.check_size(sizes, wanted)  # before the host memory is taken
    host = np.full(sizes, cast(one, wanted, "the value")[0], wanted)
    return Array._from_storage(target, target.upload(host))


def zeros(shape: Shape, dtype: Any = np.float32, device: str | Device | None = None) -> Array:
    """Return an array of zeros.

    Example:
        >>> import gpukernel as gk
        >>> gk.zeros(2, device="cpu").tolist()
        [0.0, 0.0]
    """
    return full(shape, 0, dtype, device)


def ones(shape: Shape, dtype: Any = np.float32, device: str | Device | None = None) -> Array:
    """Return an array of ones.

    Example:
        >>> import gpukernel as gk
        >>> gk.ones(2, device="cpu").tolist()
        [1.0, 1.0]
    """
    return full(shape, 1, dtype, device)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    device: str | Device | None = None,
) -> Array:
    """Return evenly spaced values as ``numpy.arange`` does; one argument means ``stop``.

    Example:
        >>> import gpukernel as gk
        >>> gk.arange(4, device="cpu").tolist()
        [0, 1, 2, 3]
    """
    if stop is None:
        start, stop = 0, start
    return array(np.arange(start, stop, step), dtype, device)
