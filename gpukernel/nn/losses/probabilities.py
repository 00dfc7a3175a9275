"""Losses of probabilities and logits as functions ``(y_true, y_pred)``: the loss of every sample.

As in `functions`; cross-entropies are safe for logits of any finite size.
"""

from __future__ import annotations

import math

from gpukernel.errors import KernelShapeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.losses.cross_entropy import soft_rows, sparse_rows
from gpukernel.nn.losses.functions import EPSILON, floats, mean_of_last, paired
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.ops.shapes import moveaxis, reshape
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "kl_divergence",
    "sparse_categorical_crossentropy",
]
TOP = 1.0 - EPSILON


@elementwise("g * kept", None, None, result="float")
def _smoothed(y, kept, added):
    return y * kept + added


@elementwise("-g * x", "g * (1.0 / (1.0 + math.exp(-x)) - y)", result="float")
def _binary_of_logits(y, x):
    return max(x, 0.0) - x * y + math.log1p(math.exp(-abs(x)))


@elementwise(
    "g * math.log((1.0 - min(max(p, low), high)) / min(max(p, low), high))",
    "g * (p - y) / (p * (1.0 - p)) if p >= low and p <= high else 0.0",
    None,
    None,
    result="float",
)
def _binary(y, p, low, high):
    inside = min(max(p, low), high)
    return -(y * math.log(inside) + (1.0 - y) * math.log(1.0 - inside))


@elementwise(
    "g * (math.log(min(max(y, low), 1.0) / min(max(p, low), 1.0)) + 1.0)"
    " if y >= low and y <= 1.0 else 0.0",
    "-g * min(max(y, low), 1.0) / p if p >= low and p <= 1.0 else 0.0",
    None,
    result="float",
)
def _divergence(y, p, low):
    wanted = min(max(y, low), 1.0)
    return wanted * math.log(wanted / min(max(p, low), 1.0))


@elementwise("g / p if p >= low and p <= high else 0.0", None, None, result="float")
def _log_inside(p, low, high):
    return math.log(min(max(p, low), high))


def binary_elements(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    y, p = paired(y_true, y_pred, "binary_crossentropy")
    if label_smoothing:
        y = _smoothed(y, 1.0 - label_smoothing, 0.5 * label_smoothing)
    if from_logits:
        return _binary_of_logits(y, p)  # type: ignore[no-any-return]
    return _binary(y, p, EPSILON, TOP)  # type: ignore[no-any-return]


def divergence_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return _divergence(*paired(y_true, y_pred, "kl_divergence"), EPSILON)  # type: ignore[no-any-return]


def binary_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the mean cross-entropy of yes-or-no labels over the last axis.

    Args:
        y_true: labels from 0 to 1.
        y_pred: probabilities, which are kept 1e-7 away from 0 and 1, or logits of any size.
        from_logits: whether they are logits.
        label_smoothing: from 0 to 1: how much of the labels becomes 0.5.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     binary_crossentropy([[0, 1]], [[-1000.0, 1000.0]], from_logits=True).tolist()
        [0.0]
    """
    return mean_of_last(binary_elements(y_true, y_pred, from_logits, label_smoothing))


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the sum of ``y_true * log(y_true / y_pred)`` over the last axis.

    Both are brought into ``[1e-7, 1]``.
    """
    return add_up(divergence_elements(y_true, y_pred), -1)


def categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the cross-entropy of the classes along an axis, which vanishes.

    Args:
        y_true: the probability wanted of each class: one-hot rows, mostly.
        y_pred: probabilities, which are divided by their sum and then kept 1e-7 away from 0 and
            1, or logits of any size.
        from_logits: whether they are logits.
        label_smoothing: from 0 to 1: how much of the labels is spread evenly over the classes.
        axis: of the classes.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     loss = categorical_crossentropy([[0, 1]], [[1000.0, 998.0]], from_logits=True)
        >>> round(loss.item(), 4)
        2.1269
    """
    y, p = paired(y_true, y_pred, "categorical_crossentropy")
    if axis not in (-1, p.ndim - 1):
        y, p = moveaxis(y, axis, -1), moveaxis(p, axis, -1)
    if label_smoothing:
        y = _smoothed(y, 1.0 - label_smoothing, label_smoothing / p.shape[-1])
    if from_logits:
        rows = (-1, p.shape[-1])
        return reshape(soft_rows(_rows(y, rows), _rows(p, rows)), p.shape[:-1])
    logs = _log_inside(p / add_up(p, -1, keepdims=True), EPSILON, TOP)
    return -add_up(y * logs, -1)


def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Return the cross-entropy of the classes along an axis, which vanishes.

    Args:
        y_true: numbers of classes from 0; without the axis of the classes, or with size 1 there.
            One that is no class makes a loss of nan.
        y_pred: probabilities, which are kept 1e-7 away from 0 and 1 and then divided by their
            sum, or logits of any size.
        from_logits: whether they are logits.
        axis: of the classes.

    Raises:
        KernelShapeError: the labels do not fit.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     loss = sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        >>> round(loss.item(), 4)
        0.6931
    """
    p = floats(as_tensor(y_pred))
    if p.ndim and axis not in (-1, p.ndim - 1):
        p = moveaxis(p, axis, -1)
    labels = flat_labels(y_true, p, "sparse_categorical_crossentropy", axis)
    logits = p if from_logits else _log_inside(p, EPSILON, TOP)
    return reshape(sparse_rows(labels, _rows(logits, (-1, p.shape[-1]))), p.shape[:-1])


def flat_labels(y_true: TensorLike, p: Tensor, name: str, axis: int = -1) -> Tensor:
    """Return class numbers as a tensor of one axis, checked against the predictions' shape."""
    labels = as_tensor(y_true, p._value.device)
    kept = [*p.shape[:-1]]
    kept.insert(axis if axis >= 0 else p.ndim + axis, 1)
    if p.ndim == 0 or labels.shape not in (p.shape[:-1], tuple(kept)):
        raise KernelShapeError(
            f"{name}: y_true has shape {labels.shape}, but for y_pred of shape {p.shape} "
            f"it is to be {p.shape[:-1]}, a class number for each\n"
            "hint: one-hot labels are for the categorical form, without sparse"
        )
    return reshape(labels, (labels.size,))


def _rows(x: Tensor, shape: tuple[int, int]) -> Tensor:
    return x if x.ndim == 2 else reshape(x, shape)
