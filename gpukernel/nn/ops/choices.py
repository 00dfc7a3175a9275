"""Choices between numbers, limits, and other dtypes, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelTypeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import BOOL, FLOAT, INT, Tensor, TensorLike, as_tensor, checked_dtype
from gpukernel.nn.values import is_number
from gpukernel.runtime.device import Device

__all__ = ["astype", "cast", "clip", "where"]


def where(condition: TensorLike, x: TensorLike, y: TensorLike) -> Tensor:
    """Return ``x`` where the condition is true, ``y`` elsewhere.

    Args:
        condition: bools, or numbers of which all but zero are true.
        x: tensor or number; the three shapes broadcast.
        y: tensor or number.

    Returns:
        float32 if ``x`` or ``y`` is float, bool if both are bool, int32 otherwise.  The gradient
        of an element goes to the one that was chosen; what was not chosen may be nan or inf.

    Raises:
        KernelShapeError: the shapes do not broadcast.

    Example:
        >>> from gpukernel import nn
        >>> x = nn.tensor([1.0, -2.0])
        >>> nn.where(x > 0, x, 0).tolist()
        [1.0, 0.0]
    """
    device = next((a._value.device for a in (condition, x, y) if isinstance(a, Tensor)), None)
    chosen, first, second = (_ready(a, device) for a in (condition, x, y))
    if isinstance(chosen, Tensor) and chosen.dtype != BOOL:
        chosen = _is_true(chosen)
    operation = _where_bool if _is_bool(first) and _is_bool(second) else _where
    chosen = chosen if isinstance(chosen, Tensor) else bool(chosen)
    return operation(chosen, first, second)  # type: ignore[no-any-return]


def _ready(x: TensorLike, device: Device | None) -> Any:
    """Return tensors and numbers as they are, and anything else as a tensor."""
    return x if isinstance(x, Tensor) or is_number(x) else as_tensor(x, device)


def _is_bool(x: Any) -> bool:
    return x.dtype == BOOL if isinstance(x, Tensor) else isinstance(x, (bool, np.bool_))


@elementwise("0", "g if condition else 0.0", "0.0 if condition else g", name="where")
def _where(condition, x, y):
    return +x if condition else +y


@elementwise("0", "0", "0", result="bool", name="where")
def _where_bool(condition, x, y):
    return x if condition else y


@elementwise("0", result="bool", name="where")
def _is_true(x):
    return bool(x)


def clip(x: TensorLike, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
    """Return ``x`` limited to ``min`` and ``max``; nan if one of them is nan.

    The gradient passes to ``x`` inside and at the bounds, and to a bound where it replaces ``x``.
    Where ``min`` is above ``max`` the result is ``max``.

    Args:
        x: tensor or number; the shapes broadcast.
        min: tensor or number, None for no bound.
        max: tensor or number, None for no bound.

    Returns:
        float32 if an argument is float, int32 otherwise.

    Raises:
        KernelTypeError: both bounds are None.
        KernelShapeError: the shapes do not broadcast.

    Example:
        >>> from gpukernel import nn
        >>> nn.clip([-3, 0, 9], -1, 1).tolist()
        [-1, 0, 1]
        >>> nn.clip([-3.0, 0.0, 9.0], 0.5, None).tolist()
        [0.5, 0.5, 9.0]
    """
    if min is None and max is None:
        raise KernelTypeError("nn.clip: min and max are both None; give it at least one bound")
    if min is None:
        return _clip_above(x, max)  # type: ignore[no-any-return]
    if max is None:
        return _clip_below(x, min)  # type: ignore[no-any-return]
    return _clip(x, min, max)  # type: ignore[no-any-return]


@elementwise(
    "g if low <= x and x <= high else 0.0",
    "g if x < low and low <= high else 0.0",
    "g if high < x or high < low else 0.0",
    name="clip",
)
def _clip(x, low, high):
    return np.clip(+x, +low, +high)


@elementwise("g if x >= low else 0.0", "g if x < low else 0.0", name="clip")
def _clip_below(x, low):
    return np.maximum(+x, +low)


@elementwise("g if x <= high else 0.0", "g if x > high else 0.0", name="clip")
def _clip_above(x, high):
    return np.minimum(+x, +high)


def cast(x: TensorLike, dtype: Any) -> Tensor:
    """Return the numbers as another dtype.

    A float becomes an int by dropping what is behind its point, a number too large the nearest
    int, and nan 0.  A number becomes a bool by being other than zero; nan is true.

    Args:
        x: a tensor of any dtype.
        dtype: float32, int32 or bool, or what NumPy understands as one; 64 bits count as 32.

    Raises:
        KernelTypeError: another dtype.
        KernelError: when a gradient is asked for through a cast of floats to ints or bools.

    Example:
        >>> from gpukernel import nn
        >>> nn.cast([1.9, -1.9, 0.0], "int32").tolist()
        [1, -1, 0]
    """
    source = as_tensor(x)
    try:
        wanted = checked_dtype(dtype)
    except KernelTypeError as problem:
        raise KernelTypeError(f"nn.cast: {problem}") from None
    if source.dtype == wanted:
        return Tensor(source._value, source._node)
    return _CASTS[wanted](source)  # type: ignore[no-any-return]


@elementwise("g", result="float", name="cast")
def _to_float(x):
    return float(x)


@elementwise(None, result="int", name="cast")
def _to_int(x):
    return int(x)


@elementwise(None, result="bool", name="cast")
def _to_bool(x):
    return bool(x)


_CASTS = {FLOAT: _to_float, INT: _to_int, BOOL: _to_bool}
astype = cast
