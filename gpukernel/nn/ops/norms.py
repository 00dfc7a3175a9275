"""Sizes of vectors and of matrices, as NumPy's `linalg.norm` has them."""

from __future__ import annotations

import math

from gpukernel.errors import KernelError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.reductions import (
    Axis,
    checked_axes,
    finished,
    max,
    min,
    refuse_empty,
    sum,
    sum_of_squares,
)
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor

__all__ = ["norm"]


@elementwise("g * 0.5 / result if result > 0.0 else 0.0", result="float")
def _root(x):
    return math.sqrt(x)


@elementwise("g * (1.0 if x > 0.0 else (-1.0 if x < 0.0 else 0.0))", result="float")
def _size(x):
    return abs(float(x))


@elementwise("0", result="float")
def _is_not_zero(x):
    return 1.0 if x != 0 else 0.0


@elementwise("g * p * x ** (p - 1.0) if x > 0.0 else 0.0", None, result="float")
def _power(x, p):
    """Return a power of a size; its derivative at 0 is taken to be 0."""
    return x**p


def norm(
    x: TensorLike, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False
) -> Tensor:
    """Return the size of vectors or matrices as a float.

    Args:
        x: a tensor of any shape.
        ord: None or ``"fro"`` for the root of the sum of squares, over any axes.  For vectors,
            2 is that too, 1 the sum of absolute values, inf and -inf the largest and the
            smallest of them, 0 the number of elements that are not zero, and any other p
            ``sum(abs(x) ** p) ** (1 / p)``.  For matrices, 1 and -1 are the largest and the
            smallest sum of a column's absolute values, inf and -inf of a row's.
        axis: an axis for vectors, two axes for matrices, or None for all.
        keepdims: keep the axes, with size 1.

    The gradient at a vector of zeros is 0; for inf and -inf, equal elements share it evenly.

    Raises:
        KernelError: ``ord`` is nothing of this, as 2 for matrices is, whose norm is by singular
            values.
        KernelShapeError: as for `sum`, or the largest or smallest of no elements is asked for.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.norm([[3.0, -4.0], [0.0, 1.0]], axis=1).tolist()
        [5.0, 1.0]
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "norm")
    if ord is None or ord == "fro":
        return finished(_norm(source, 2.0, axes), source, axes, keepdims)
    if isinstance(ord, bool) or not isinstance(ord, (int, float)) or math.isnan(ord):
        raise KernelError(
            f"nn.norm: ord={ord!r} is not a number, None or 'fro'\n"
            "hint: norms of matrices by singular values are not there"
        )
    if len(axes) < 2:
        return finished(_norm(source, float(ord), axes), source, axes, keepdims)
    pair = tuple([a % source.ndim for a in axis]) if isinstance(axis, (tuple, list)) else axes
    return finished(_matrix_norm(source, float(ord), pair), source, axes, keepdims)


def _matrix_norm(x: Tensor, ord: float, axes: tuple[int, ...]) -> Tensor:
    """Return the largest or smallest sum of a row or a column."""
    if len(axes) != 2 or not (abs(ord) == 1.0 or math.isinf(ord)):
        what = "matrices" if len(axes) == 2 else f"{len(axes)} axes at once"
        raise KernelError(
            f"nn.norm: there is no ord={ord:g} for {what}\n"
            "hint: the root of the sum of squares is ord=None; for vectors give one axis"
        )
    rows, columns = axes
    added, other = (rows, columns) if abs(ord) == 1.0 else (columns, rows)
    refuse_empty(x, (other,), "norm")
    sums = sum(_size(x), added, keepdims=True)
    return max(sums, axes) if ord > 0 else min(sums, axes)


def _norm(x: Tensor, ord: float, axes: tuple[int, ...]) -> Tensor:
    found: Tensor
    if ord == 2.0:
        found = _root(sum_of_squares(x, axes))
    elif ord == 1.0:
        found = sum(_size(x), axes)
    elif ord == 0.0:
        found = sum(_is_not_zero(x), axes)
    elif math.isinf(ord):
        refuse_empty(x, axes, "norm")
        found = max(_size(x), axes) if ord > 0 else min(_size(x), axes)
    else:
        found = _power(sum(_power(_size(x), ord), axes), 1.0 / ord)
    return found
