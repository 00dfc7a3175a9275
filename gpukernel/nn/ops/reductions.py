"""Folds over axes: NumPy's names and meaning.

All take ``(x, axis=None, keepdims=False)``: an axis, several in a tuple, none in ``()``, or all
with None.  Sums of floats are exact to about 1e-6 of the sum of sizes, whatever their number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpukernel import reductions
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Spec
from gpukernel.nn.reducing import MAX_LOOP, Axes, Fold, passes
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import BOOL, FLOAT, INT, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "max",
    "mean",
    "min",
    "prod",
    "sum",
]
Axis = Any  # None | int | tuple of ints


def checked_axes(axis: Axis, rank: int, name: str) -> Axes:
    """Return axes as sorted numbers from 0; all of them for None.

    Raises:
        KernelTypeError: one is not an int.
        KernelShapeError: one is out of range, or given twice.
    """
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    for a in given:
        if isinstance(a, bool) or not isinstance(a, (int, np.integer)):
            raise KernelTypeError(f"nn.{name}: axis={axis!r} is not an int or a tuple of ints")
        if not -rank <= a < rank:
            raise KernelShapeError(f"nn.{name}: axis {a} is outside a tensor with {rank} axes")
    axes = tuple(sorted(int(a) % rank for a in given))
    if len(set(axes)) < len(axes):
        raise KernelShapeError(f"nn.{name}: axis={axis!r} names an axis twice")
    return axes


def kept_shape(shape: Shape, axes: Axes) -> Shape:
    """Return the shape with the folded axes of size 1."""
    return tuple(1 if axis in axes else n for axis, n in enumerate(shape))


def finished(folded: Tensor, x: Tensor, axes: Axes, keepdims: bool) -> Tensor:
    return reshape(folded, kept_shape(x.shape, axes)) if keepdims else folded


def with_kept_axes(folded: Tensor, x: Spec | Tensor, axes: Axes) -> Tensor:
    return reshape(folded, kept_shape(x.shape, axes))


def count_of(x: Spec | Tensor | np.ndarray, axes: Axes) -> int:
    return math.prod(x.shape[a] for a in axes)


def refuse_empty(x: Tensor, axes: Axes, name: str) -> None:
    if count_of(x, axes) == 0:
        raise KernelShapeError(
            f"nn.{name} of no elements has no value: shape {x.shape}, folded over axes {axes}"
        )


def _ints(x: np.ndarray) -> Any:
    """Return the dtype in which NumPy is to fold numbers: floats as they are, others as ints."""
    return None if x.dtype.kind == "f" else np.int32


def _number_dtype(x: Tensor) -> np.dtype:
    return FLOAT if x.dtype == FLOAT else INT


# ---------------------------------------------------------------- sums


def add_up_on_host(x: np.ndarray, axes: Axes) -> np.ndarray:
    """Return NumPy's sum; in float64 where NumPy would add one after another in float32."""
    if x.dtype.kind != "f":
        return np.asarray(np.add.reduce(x, axis=axes, dtype=np.int32))
    is_pairwise = x.ndim - 1 in axes or count_of(x, axes) <= MAX_LOOP
    total = np.add.reduce(x, axis=axes, dtype=None if is_pairwise else np.float64)
    return np.asarray(total, x.dtype)


_sum = Fold("sum", (("total = 0", "total = total + x"),), passes(reductions.sum), add_up_on_host)


@_sum.vjp
def _sum_vjp(g: Tensor, _result: Spec, _x: Spec, axes: Axes) -> Cotangents:
    return (broadcast_to(with_kept_axes(g, _x, axes), _x.shape),)


def sum(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the sum over axes, 0 for no elements.

    Args:
        x: a tensor of any shape.
        axis: an axis, a tuple of axes, or None for all; negative ones count from the end.
        keepdims: keep the folded axes, with size 1.

    Returns:
        float32 for floats, int32 (which wraps) for ints and bools.

    Raises:
        KernelTypeError, KernelShapeError: an axis is no int, not there, or given twice.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.sum([[1, 2], [3, 4]], axis=0).tolist()
        [4, 6]
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "sum")
    return finished(_sum(source, axes, _number_dtype(source)), source, axes, keepdims)


def _mean_on_host(x: np.ndarray, axes: Axes) -> np.ndarray:
    values = x if x.dtype.kind == "f" else x.astype(np.float64)
    return add_up_on_host(values, axes) / np.asarray(count_of(x, axes), values.dtype)


_mean = Fold(
    "mean",
    (("total = 0.0", "total = total + float(x)"),),
    passes(reductions.mean),
    _mean_on_host,
    "total / count",
)


@elementwise("g / n", None, result="float")
def _part(x, n):
    return x / n


@_mean.vjp
def _mean_vjp(g: Tensor, _result: Spec, _x: Spec, axes: Axes) -> Cotangents:
    return (_part.apply((with_kept_axes(g, _x, axes), float(count_of(_x, axes))), _x.shape),)


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the mean over axes as a float, nan for no elements; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.mean([[1, 2], [3, 6]], axis=1).tolist()
        [1.5, 4.5]
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "mean")
    return finished(_mean(source, axes), source, axes, keepdims)


def sum_to(x: Tensor, shape: Shape) -> Tensor:
    """Add up a tensor over the axes along which ``shape`` would be repeated to its own."""
    extra = x.ndim - len(shape)
    axes = tuple(
        axis
        for axis, n in enumerate(x.shape)
        if axis < extra or (shape[axis - extra] == 1 and n != 1)
    )
    return reshape(_sum(x, axes) if axes else x, shape)


@elementwise("2.0 * g * x", result="float")
def _square(x):
    return x * x


sum_of_squares = Fold(
    "sum_of_squares",
    (("total = 0.0", "total = total + x * x"),),
    lambda x, axes: _sum(_square(x), axes),
    lambda x, axes: add_up_on_host(np.square(x), axes),
)


@elementwise("2.0 * g * y", "2.0 * g * x", result="float")
def _twice_the_product(x, y):
    return 2.0 * x * y


@sum_of_squares.vjp
def _sum_of_squares_vjp(g: Tensor, _result: Spec, x: Tensor, axes: Axes) -> Cotangents:
    return (_twice_the_product(with_kept_axes(g, x, axes), x),)


# ---------------------------------------------------------------- products


_prod = Fold(
    "prod",
    (("total = 1", "total = total * x"),),
    passes(reductions.prod),
    lambda x, axes: np.multiply.reduce(x, axis=axes, dtype=_ints(x)),
)


@_prod.vjp
def _prod_vjp(g: Tensor, _result: Spec, x: Tensor, axes: Axes) -> Cotangents:
    """The product of the others: of those before times those after; nothing is divided."""
    rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = (*rest, *axes)
    row = x.transpose(order) if order != tuple(range(x.ndim)) else x
    sizes = row.shape
    flat = row.reshape((*sizes[: len(rest)], count_of(x, axes)))
    before = flat.cumprod(-1, exclusive=True)
    after = flat.cumprod(-1, exclusive=True, reverse=True)
    others = (before * after).reshape(sizes)
    if row is not x:
        others = others.transpose(tuple(order.index(axis) for axis in range(x.ndim)))
    return (with_kept_axes(g, x, axes) * others,)


def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the product over axes, 1 for no elements; arguments and dtypes as for `sum`.

    Its gradient is right where elements are zero.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.prod([1, 2, 3, 4]).item()
        24
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "prod")
    return finished(_prod(source, axes, _number_dtype(source)), source, axes, keepdims)


# ---------------------------------------------------------------- extrema


_max = Fold(
    "max",
    (("total = first", "total = np.maximum(total, x)"),),
    passes(reductions.max),
    lambda x, axes: np.maximum.reduce(x, axis=axes),
)
_min = Fold(
    "min",
    (("total = first", "total = np.minimum(total, x)"),),
    passes(reductions.min),
    lambda x, axes: np.minimum.reduce(x, axis=axes),
)


@elementwise("0", "0", result="float")
def _is_best(x, best):
    return 1.0 if x == best or (x != x and best != best) else 0.0


@_min.vjp
@_max.vjp
def _extremum_vjp(g: Tensor, result: Tensor, x: Tensor, axes: Axes) -> Cotangents:
    is_best = _is_best(x, with_kept_axes(result, x, axes))
    count = _sum(is_best, axes)
    return (with_kept_axes(g / count, x, axes) * is_best,)


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the largest element over axes, nan where there is one; arguments as for `sum`.

    Equal largest elements share the gradient evenly.

    Returns:
        the dtype of ``x``.

    Raises:
        KernelShapeError: there are no elements, or as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.max([[1.5, -2.0], [0.0, 3.0]], axis=1).tolist()
        [1.5, 3.0]
    """
    return _extremum(_max, x, axis, keepdims)


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the smallest element over axes; see `max`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.min([[3, 1], [2, 5]], axis=1).tolist()
        [1, 2]
    """
    return _extremum(_min, x, axis, keepdims)


def _extremum(fold: Fold, x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, fold.name)
    refuse_empty(source, axes, fold.name)
    return finished(fold(source, axes, source.dtype), source, axes, keepdims)


# ---------------------------------------------------------------- positions


def _position_fold(name: str, relation: str, many: Any, numpy: Any) -> Fold:
    """Make a fold that finds the first of the best elements; a nan is better than numbers."""
    better = f"if x {relation} best or (x != x and best == best):"
    return Fold(
        name,
        (("best, place = first, 0", (better, "    best, place = x, k")),),
        lambda x, axes: many(x, axes),
        lambda x, axes: numpy(x, axes[0]),
        "place",
    )


def _positions(find: Any) -> Any:
    """Return `gpukernel.reductions`' search along one axis as a fold of many elements."""
    return passes(lambda x, axes, **options: find(x, axes[0], **options))


_argmax = _position_fold("argmax", ">", _positions(reductions.argmax), np.argmax)
_argmin = _position_fold("argmin", "<", _positions(reductions.argmin), np.argmin)


def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the position of the largest element along an axis, the first of equal ones.

    A nan counts as largest.  Without an axis it is the position in the flat tensor.

    Returns:
        int32.

    Raises:
        KernelTypeError: ``axis`` is not an int.
        KernelShapeError: there are no elements, or no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.argmax([[1.0, 7.0, 7.0], [3.0, 2.0, 1.0]], axis=1).tolist()
        [1, 0]
    """
    return _position(_argmax, x, axis, keepdims)


def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the position of the smallest element along an axis; see `argmax`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.argmin([3, 1, 1]).item()
        1
    """
    return _position(_argmin, x, axis, keepdims)


def _position(fold: Fold, x: TensorLike, axis: int | None, keepdims: bool) -> Tensor:
    source = as_tensor(x)
    if isinstance(axis, (tuple, list)):
        raise KernelTypeError(f"nn.{fold.name}: axis={axis!r} is not an int or None")
    axes = checked_axes(axis, source.ndim, fold.name)
    refuse_empty(source, axes, fold.name)
    if axis is None:
        found = fold(reshape(source, (source.size,)), (0,), INT)
    else:
        found = fold(source, axes, INT)
    return finished(found, source, axes, keepdims)


# ---------------------------------------------------------------- truth


_any = Fold(
    "any",
    (("total = False", "total = total or x != 0"),),
    passes(reductions.any),
    lambda x, axes: np.any(x, axis=axes),
)
_all = Fold(
    "all",
    (("total = True", "total = total and x != 0"),),
    passes(reductions.all),
    lambda x, axes: np.all(x, axis=axes),
)


def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return whether some element over axes is not zero, as a bool; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.any([[0, 2], [0, 0]], axis=1).tolist()
        [True, False]
    """
    return _truth(_any, x, axis, keepdims)


def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return whether no element over axes is zero, as a bool; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.all([[1, 2], [0, 4]], axis=1).tolist()
        [True, False]
    """
    return _truth(_all, x, axis, keepdims)


def _truth(fold: Fold, x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, fold.name)
    return finished(fold(source, axes, BOOL), source, axes, keepdims)
