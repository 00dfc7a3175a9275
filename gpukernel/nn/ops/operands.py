"""Arguments of operations: tensors of one device, with the dtype and the axes asked for.

In: what a user passed, and the name of the operation for messages.  Out: tensors, or an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, as_tensor, value_on


def operands(name: str, *given: TensorLike) -> tuple[Tensor, ...]:
    """Return all as tensors on the device of the first one that is a tensor.

    Raises:
        KernelError: tensors of two devices.
    """
    first = next((x for x in given if isinstance(x, Tensor)), None)
    if first is None:
        return tuple(as_tensor(x) for x in given)
    device = first._value.device
    return tuple(
        x if isinstance(x, Tensor) and value_on(x, device, name) else as_tensor(x, device)
        for x in given
    )


def float_operands(name: str, **given: TensorLike) -> tuple[Tensor, ...]:
    """Return all as float32 tensors of one device; the keywords name them in messages.

    Raises:
        KernelTypeError: one has another dtype.
        KernelError: tensors of two devices.
    """
    tensors = operands(name, *given.values())
    for what, x in zip(given, tensors):
        if x.dtype != FLOAT:
            raise KernelTypeError(
                f"nn.{name}: {what} is {x.dtype}, not float32\nhint: cast it to float32 first"
            )
    return tensors


def need_axes(name: str, what: str, x: Tensor, axes: str) -> None:
    """Check the number of axes.

    Args:
        axes: their names, ``"(batch, height, width, channels)"``.

    Raises:
        KernelShapeError: there are more or fewer.
    """
    if x.ndim != axes.count(",") + 1:
        raise KernelShapeError(f"nn.{name}: {what} has shape {x.shape}, wanted {axes}")


def checked_int(name: str, what: str, value: Any, least: int) -> int:
    """Return an int that is at least so large.

    Raises:
        KernelTypeError: it is no int.
        KernelShapeError: it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise KernelTypeError(f"nn.{name}: {what}={value!r} is not an int")
    if value < least:
        raise KernelShapeError(f"nn.{name}: {what}={value!r} is less than {least}")
    return int(value)


def per_axis(name: str, what: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """Return an int for each of ``rank`` axes, from one for all of them or one for each.

    Raises:
        KernelTypeError, KernelShapeError: something else, or too small.
    """
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            raise KernelShapeError(
                f"nn.{name}: {what}={value!r} has {len(value)} ints for {rank} axes"
            )
        return tuple(checked_int(name, what, one, least) for one in value)
    return (checked_int(name, what, value, least),) * rank
