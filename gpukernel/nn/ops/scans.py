"""Running sums and products along an axis.

Inside, a tensor is of shape (outer, n, inner) and the scan goes along the middle axis: for few
elements by a loop in each cell, else in passes over twice the distance each (Hillis and Steele,
Data Parallel Algorithms, 1986).  All derivatives come from one more scan, the linear recurrence
``s[k] = b[k] + a[k] * s[k - 1]``, whose derivatives are recurrences again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.kernel import kernel
from gpukernel.lang.grid import index
from gpukernel.nn.ops.reductions import checked_axes
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Cell, Primitive, Spec, cell, primitive
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import FLOAT, INT, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape
from gpukernel.runtime.array import Array

__all__ = ["cumprod", "cumsum"]
MAX_LOOP = 64  # elements along an axis that every cell goes through by itself
_made: Callable[[Callable[..., Any]], Callable[..., Any]] = functools.cache(kernel)


def _scan(few: Cell, many: Primitive, *inputs: Tensor, **constants: Any) -> Tensor:
    """Return a scan of tensors of one shape (outer, n, inner)."""
    shape = inputs[0].shape
    dtype = FLOAT if any(x.dtype == FLOAT for x in inputs) else INT
    if shape[1] <= MAX_LOOP:
        return few(*inputs, shape=shape, dtype=dtype, **constants)
    return many(*inputs, shape=shape, **constants)


# ---------------------------------------------------------------- on the host


def _directed(x: np.ndarray, reverse: int) -> np.ndarray:
    return x[:, ::-1] if reverse else x


def _ufunc_on_host(ufunc: np.ufunc, start: int) -> Callable[..., np.ndarray]:
    def run(x: np.ndarray, exclusive: int, reverse: int) -> np.ndarray:
        dtype = None if x.dtype.kind == "f" else np.int32
        found = ufunc.accumulate(_directed(x, reverse), axis=1, dtype=dtype)
        if exclusive:
            found[:, 1:] = found[:, :-1].copy()
            found[:, :1] = start
        return _directed(found, reverse)

    return run


def _recurrence_on_host(a: np.ndarray, b: np.ndarray, reverse: int) -> np.ndarray:
    factors, found = _directed(a, reverse), _directed(b, reverse).copy()
    for k in range(1, found.shape[1]):
        found[:, k] += factors[:, k] * found[:, k - 1]
    return _directed(found, reverse)


def _shifted_on_host(x: np.ndarray, by: int, fill: int) -> np.ndarray:
    found = np.full_like(x, fill)
    if by > 0:
        found[:, :-by] = x[:, by:]
    else:
        found[:, -by:] = x[:, :by]
    return found


# ---------------------------------------------------------------- passes


def _sum_pass(x, distance):
    o, k, i = index()
    other = k - distance
    total = x[o, k, i]
    if 0 <= other < x.shape[1]:
        total = total + x[o, other, i]
    return total


def _product_pass(x, distance):
    o, k, i = index()
    other = k - distance
    total = x[o, k, i]
    if 0 <= other < x.shape[1]:
        total = total * x[o, other, i]
    return total


def _recurrence_pass(a, b, distance):
    o, k, i = index()
    other = k - distance
    factor = a[o, k, i]
    total = b[o, k, i]
    if 0 <= other < a.shape[1]:
        total = total + factor * b[o, other, i]
        factor = factor * a[o, other, i]
    return factor, total


def _as_ints(x):
    o, k, i = index()
    return int(x[o, k, i])


def _shift_pass(x, by, fill):
    o, k, i = index()
    value = fill
    if 0 <= k + by < x.shape[1]:
        value = x[o, k + by, i]
    return value


def _distances(n: int, reverse: int) -> list[int]:
    """Return the distances of the passes over n elements; negative ones look ahead."""
    sign = -1 if reverse else 1
    return [sign * (1 << place) for place in range((n - 1).bit_length())]


def _in_passes(
    function: Callable[..., Any], start: int, x: Array, shape: Shape, exclusive: int, reverse: int
) -> Array:
    if x.dtype == np.bool_:
        x = _made(_as_ints)(x, shape=shape, device=x._owner)
    if exclusive:
        fill = float(start) if x.dtype == FLOAT else start
        x = _made(_shift_pass)(x, 1 if reverse else -1, fill, shape=shape, device=x._owner)
    for distance in _distances(shape[1], reverse):
        x = _made(function)(x, distance, shape=shape, device=x._owner)
    return x


# ---------------------------------------------------------------- recurrences


@cell(numpy=_recurrence_on_host)
def _recurrence_few(o, k, i, a, b, reverse):
    last = a.shape[1] - 1
    steps = last - k if reverse else k
    total = b[o, last if reverse else 0, i]
    for step in range(steps):
        place = last - 1 - step if reverse else step + 1
        total = b[o, place, i] + a[o, place, i] * total
    return total


@primitive(numpy=_recurrence_on_host)
def _recurrence_many(a: Array, b: Array, shape: Shape, reverse: int) -> Array:
    for distance in _distances(shape[1], reverse):
        a, b = _made(_recurrence_pass)(a, b, distance, shape=shape, device=a._owner)
    return b


def _recurrence(a: Tensor, b: Tensor, reverse: int) -> Tensor:
    """Return ``s[k] = b[k] + a[k] * s[k - 1]``, or ``s[k + 1]`` in reverse."""
    return _scan(_recurrence_few, _recurrence_many, a, b, reverse=reverse)


@_recurrence_few.vjp
@_recurrence_many.vjp
def _(g: Tensor, result: Tensor, a: Tensor, _b: Spec, reverse: int) -> Cotangents:
    back = _recurrence(_shift(a, -1 if reverse else 1), g, 1 - reverse)
    return back * _shift(result, 1 if reverse else -1), back


@cell(numpy=_shifted_on_host)
def _shift_cell(o, k, i, x, by, fill):
    value = fill * 1.0
    if 0 <= k + by < x.shape[1]:
        value = x[o, k + by, i]
    return value


@_shift_cell.vjp
def _(g: Tensor, _result: Spec, _x: Spec, by: int, fill: int) -> Cotangents:
    return (_shift(g, -by),)


def _shift(x: Tensor, by: int) -> Tensor:
    """Return ``x[k + by]``, 0 where there is none."""
    return _shift_cell(x, shape=x.shape, by=by, fill=0)


# ---------------------------------------------------------------- sums


@cell(numpy=_ufunc_on_host(np.add, 0))
def _sums_few(o, k, i, x, exclusive, reverse):
    first = k + exclusive if reverse else 0
    end = x.shape[1] if reverse else k + 1 - exclusive
    total = 0
    for place in range(first, end):
        total = total + x[o, place, i]
    return total


@primitive(numpy=_ufunc_on_host(np.add, 0))
def _sums_many(x: Array, shape: Shape, exclusive: int, reverse: int) -> Array:
    return _in_passes(_sum_pass, 0, x, shape, exclusive, reverse)


@_sums_few.vjp
@_sums_many.vjp
def _(g: Tensor, _result: Spec, _x: Spec, exclusive: int, reverse: int) -> Cotangents:
    return (_scan(_sums_few, _sums_many, g, exclusive=exclusive, reverse=1 - reverse),)


def cumsum(
    x: TensorLike, axis: int | None = None, exclusive: bool = False, reverse: bool = False
) -> Tensor:
    """Return the sums of all elements up to each one along an axis.

    Args:
        x: a tensor of any shape.
        axis: the axis; None for the flat tensor.
        exclusive: leave out the element itself: the first sum is 0.
        reverse: go from the end.

    Returns:
        the shape of ``x`` (flat without an axis); float32 for floats, int32 (which wraps) for
        ints and bools.

    Raises:
        KernelTypeError, KernelShapeError: the axis is not an int, or not there.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.cumsum([1, 2, 3]).tolist(), nn.cumsum([1, 2, 3], exclusive=True).tolist()
        ([1, 3, 6], [0, 1, 3])
    """
    return _along(_sums_few, _sums_many, x, axis, exclusive, reverse, "cumsum")


# ---------------------------------------------------------------- products


@cell(numpy=_ufunc_on_host(np.multiply, 1))
def _products_few(o, k, i, x, exclusive, reverse):
    first = k + exclusive if reverse else 0
    end = x.shape[1] if reverse else k + 1 - exclusive
    total = 1
    for place in range(first, end):
        total = total * x[o, place, i]
    return total


@primitive(numpy=_ufunc_on_host(np.multiply, 1))
def _products_many(x: Array, shape: Shape, exclusive: int, reverse: int) -> Array:
    return _in_passes(_product_pass, 1, x, shape, exclusive, reverse)


@_products_few.vjp
@_products_many.vjp
def _(g: Tensor, _result: Spec, x: Tensor, exclusive: int, reverse: int) -> Cotangents:
    """What comes before an element, times a recurrence over what follows; nothing is divided."""
    ahead = -1 if reverse else 1
    before = _scan(_products_few, _products_many, x, exclusive=1, reverse=reverse)
    asked = _shift(g, ahead) if exclusive else g
    return (before * _recurrence(_shift(x, ahead), asked, 1 - reverse),)


def cumprod(
    x: TensorLike, axis: int | None = None, exclusive: bool = False, reverse: bool = False
) -> Tensor:
    """Return the products of all elements up to each one along an axis; see `cumsum`.

    Exclusive ones begin with 1.  The gradient is right where elements are zero.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.cumprod([[1, 2], [3, 4]], axis=1).tolist()
        [[1, 2], [3, 12]]
    """
    return _along(_products_few, _products_many, x, axis, exclusive, reverse, "cumprod")


def _along(
    few: Cell,
    many: Primitive,
    x: TensorLike,
    axis: int | None,
    exclusive: bool,
    reverse: bool,
    name: str,
) -> Tensor:
    source = as_tensor(x)
    if axis is None:
        source, axis = reshape(source, (source.size,)), 0
    (place,) = checked_axes((axis,), source.ndim, name)
    shape = source.shape
    sizes = (math.prod(shape[:place]), shape[place], math.prod(shape[place + 1 :]))
    flags = {"exclusive": int(bool(exclusive)), "reverse": int(bool(reverse))}
    return reshape(_scan(few, many, reshape(source, sizes), **flags), shape)
