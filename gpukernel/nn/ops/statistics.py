"""Folds of two steps over axes, each stable: variances, and logarithms of sums of exponentials.

Arguments are those of the folds in `reductions`.
"""

from __future__ import annotations

import math

import numpy as np

from gpukernel.errors import KernelTypeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.reductions import (
    Axis,
    add_up_on_host,
    checked_axes,
    count_of,
    finished,
    max,
    mean,
    refuse_empty,
    sum,
    with_kept_axes,
)
from gpukernel.nn.primitive import Spec
from gpukernel.nn.reducing import Axes, Fold
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, as_tensor

__all__ = ["logsumexp", "moments", "std", "var"]


# ---------------------------------------------------------------- variances


@elementwise("2.0 * g * (x - mean)", "-2.0 * g * (x - mean)", result="float")
def _squared_deviation(x, mean):
    return (x - mean) * (x - mean)


def _many_deviations(x: Tensor, axes: Axes) -> Tensor:
    return mean(_squared_deviation(x, mean(x, axes, keepdims=True)), axes)


def _variance_on_host(x: np.ndarray, axes: Axes) -> np.ndarray:
    values = x if x.dtype.kind == "f" else x.astype(np.float64)
    count = np.asarray(count_of(x, axes), values.dtype)
    means = add_up_on_host(values, axes) / count
    return add_up_on_host(np.square(values - np.expand_dims(means, axes)), axes) / count


_variance = Fold(
    "variance",
    (
        ("total = 0.0", "total = total + x"),
        ("squares = 0.0", "squares = squares + (x - total / count) * (x - total / count)"),
    ),
    _many_deviations,
    _variance_on_host,
    "squares / count",
)


@elementwise(
    "2.0 * g * (x - mean) / n", "2.0 * g * c / n", "-2.0 * g * c / n", None, result="float"
)
def _scaled_deviation(c, x, mean, n):
    return 2.0 * c * (x - mean) / n


@_variance.vjp
def _variance_vjp(g: Tensor, _result: Spec, x: Tensor, axes: Axes) -> Cotangents:
    """The mean's own part adds up to nothing."""
    means, count = mean(x, axes, keepdims=True), float(count_of(x, axes))
    return (_scaled_deviation(with_kept_axes(g, x, axes), x, means, count),)


def var(x: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Return the variance over axes, the mean squared distance from the mean, as a float.

    It takes two passes, so a large mean costs no digits.

    Args:
        x: a tensor of any shape.
        axis: an axis, a tuple of axes, or None for all; negative ones count from the end.
        ddof: what is taken off the number of elements that the sum of squares is divided by.
        keepdims: keep the folded axes, with size 1.

    Returns:
        float32, nan where there are no elements to divide by.

    Raises:
        KernelTypeError, KernelShapeError: an axis is no int, not there, or given twice.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.var([1.0, 2.0, 3.0, 4.0]).item()
        1.25
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "var")
    return finished(_with_divisor(source, axes, ddof, "var"), source, axes, keepdims)


def _with_divisor(x: Tensor, axes: Axes, ddof: int, name: str) -> Tensor:
    if isinstance(ddof, bool) or not isinstance(ddof, (int, float)):
        raise KernelTypeError(f"nn.{name}: ddof={ddof!r} is not a number")
    variance = _variance(x, axes)
    if ddof == 0:
        return variance
    count = count_of(x, axes)
    divided: Tensor = variance * float(count) / float(count - ddof if count > ddof else 0)
    return divided


@elementwise("g * 0.5 / result if result > 0.0 else 0.0 * g", result="float")
def _root(x):
    return math.sqrt(x)


def std(x: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """Return the standard deviation over axes, the root of `var`.

    Where it is 0 its gradient is taken to be 0.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.std([[1.0, 3.0], [5.0, 5.0]], axis=1).tolist()
        [1.0, 0.0]
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "std")
    return finished(_root(_with_divisor(source, axes, ddof, "std")), source, axes, keepdims)


def moments(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance over axes; arguments as for `var`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     mean, variance = nn.moments([1.0, 3.0])
        >>> mean.item(), variance.item()
        (2.0, 1.0)
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "moments")
    average = mean(source, axes, keepdims)
    return average, finished(_variance(source, axes), source, axes, keepdims)


# ---------------------------------------------------------------- sums of exponentials


@elementwise("0", "0", result="float")
def _exp_below(x, top):
    """Return ``exp(x - top)``, 1 for equal infinities."""
    return 1.0 if x == top else math.exp(x - top)


@elementwise("0", "0", result="float")
def _log_above(total, top):
    return top + math.log(total)


def _many_exponentials(x: Tensor, axes: Axes) -> Tensor:
    top = max(x, axes, keepdims=True)
    total = sum(_exp_below(x, top), axes, keepdims=True)
    shape = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    found: Tensor = _log_above(total, top).reshape(shape)
    return found


def _exponentials_on_host(x: np.ndarray, axes: Axes) -> np.ndarray:
    values = x if x.dtype.kind == "f" else x.astype(np.float64)
    top = np.asarray(values.max(axis=axes))
    kept = np.expand_dims(top, axes)
    terms = np.where(values == kept, values.dtype.type(1), np.exp(values - kept))
    return np.asarray(np.log(add_up_on_host(terms, axes)) + top)


_logsumexp = Fold(
    "logsumexp",
    (
        ("top = float(first)", "top = np.maximum(top, float(x))"),
        ("total = 0.0", "total = total + (1.0 if x == top else math.exp(x - top))"),
    ),
    _many_exponentials,
    _exponentials_on_host,
    "top + math.log(total)",
)


@elementwise("g * result", "-g * result", result="float")
def _share(x, total):
    """Return the part that ``exp(x)`` is of a sum whose logarithm is ``total``."""
    return 0.0 if x == -math.inf else (1.0 if x == total else math.exp(x - total))


@_logsumexp.vjp
def _logsumexp_vjp(g: Tensor, result: Tensor, x: Tensor, axes: Axes) -> Cotangents:
    return (with_kept_axes(g, x, axes) * _share(x, with_kept_axes(result, x, axes)),)


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return ``log(sum(exp(x)))`` over axes as a float, without overflow; arguments as for `sum`.

    It is -inf where all elements are, and inf or nan where one is.  Elements of -inf get no
    gradient.

    Raises:
        KernelShapeError: there are no elements, or as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     round(nn.logsumexp([1000.0, 1000.0]).item(), 3)
        1000.693
    """
    source = as_tensor(x)
    axes = checked_axes(axis, source.ndim, "logsumexp")
    refuse_empty(source, axes, "logsumexp")
    return finished(_logsumexp(source, axes, FLOAT), source, axes, keepdims)
