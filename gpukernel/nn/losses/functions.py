"""Losses as functions ``(y_true, y_pred)``: the loss of every sample.

All return the mean (some the sum) over the last axis, and take a tensor or data for both
arguments, of one shape; ints and bools count as floats.  Names and formulas are Keras's.  What
ends in ``_elements`` are the numbers before the mean, in the shape of the arguments: `losses`
folds them over everything at once.
"""

from __future__ import annotations

import math

from gpukernel.errors import KernelShapeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.choices import cast
from gpukernel.nn.ops.reductions import max as largest
from gpukernel.nn.ops.reductions import mean
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, as_tensor

__all__ = [
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "squared_hinge",
]
EPSILON = 1e-7  # what probabilities and divisors are kept away from 0
_SMALLEST_NORM = 1e-12  # of squares, below which vectors are not scaled to length 1


# ---------------------------------------------------------------- arguments


def paired(y_true: TensorLike, y_pred: TensorLike, name: str) -> tuple[Tensor, Tensor]:
    """Return both as float tensors of one shape on the device of the predictions.

    Where only one has a last axis of size 1, the other gets it, or loses it.

    Raises:
        KernelShapeError: the shapes differ.
    """
    predicted = floats(as_tensor(y_pred))
    wanted = floats(as_tensor(y_true, predicted._value.device))
    if wanted.ndim == predicted.ndim + 1 and wanted.shape[-1] == 1:
        wanted, predicted = _of_one_rank(wanted, predicted)
    elif predicted.ndim == wanted.ndim + 1 and predicted.shape[-1] == 1:
        predicted, wanted = _of_one_rank(predicted, wanted)
    if wanted.shape != predicted.shape:
        raise KernelShapeError(
            f"{name}: y_true has shape {wanted.shape}, y_pred {predicted.shape}; "
            "they are to be the same"
        )
    return wanted, predicted


def _of_one_rank(longer: Tensor, shorter: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors, of which one has a last axis of size 1 more, with as many axes."""
    if shorter.ndim == 1:
        return longer, reshape(shorter, (*shorter.shape, 1))
    return reshape(longer, longer.shape[:-1]), shorter


def floats(x: Tensor) -> Tensor:
    return x if x.dtype == FLOAT else cast(x, FLOAT)


def mean_of_last(elements: Tensor) -> Tensor:
    """Return the mean over the last axis; of a single number, the number."""
    return mean(elements, -1) if elements.ndim else elements


# ---------------------------------------------------------------- errors


def _sign(x):
    return (1.0 if x > 0.0 else 0.0) - (1.0 if x < 0.0 else 0.0)


@elementwise("g * 2.0 * (y - p)", "g * 2.0 * (p - y)", result="float")
def _squared(y, p):
    return (p - y) * (p - y)


@elementwise("g * _sign(y - p)", "g * _sign(p - y)", result="float")
def _absolute(y, p):
    return abs(p - y)


@elementwise(
    "g * 100.0 * (_sign(y - p) - (abs(p - y) * _sign(y) / abs(y) if abs(y) > epsilon else 0.0))"
    " / max(abs(y), epsilon)",
    "g * 100.0 * _sign(p - y) / max(abs(y), epsilon)",
    None,
    result="float",
)
def _percentage(y, p, epsilon):
    return 100.0 * abs(p - y) / max(abs(y), epsilon)


@elementwise(
    "g * 2.0 * _log_apart(p, y, epsilon) / (y + 1.0) if y > epsilon else 0.0",
    "g * 2.0 * _log_apart(y, p, epsilon) / (p + 1.0) if p > epsilon else 0.0",
    None,
    result="float",
)
def _squared_logarithmic(y, p, epsilon):
    apart = _log_apart(y, p, epsilon)
    return apart * apart


def _log_apart(y, p, epsilon):
    return math.log((max(p, epsilon) + 1.0) / (max(y, epsilon) + 1.0))


@elementwise(
    "g * min(max(y - p, -delta), delta)", "g * min(max(p - y, -delta), delta)", None, result="float"
)
def _huber(y, p, delta):
    apart = abs(p - y)
    return 0.5 * apart * apart if apart <= delta else delta * apart - 0.5 * delta * delta


@elementwise("g * math.tanh(y - p)", "g * math.tanh(p - y)", result="float")
def _log_cosh(y, p):
    apart = abs(p - y)
    return apart + math.log1p(math.exp(-2.0 * apart)) - 0.6931471805599453


@elementwise("-g * math.log(p + epsilon)", "g * (1.0 - y / (p + epsilon))", None, result="float")
def _poisson(y, p, epsilon):
    return p - y * math.log(p + epsilon)


def squared_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return _squared(*paired(y_true, y_pred, "mean_squared_error"))  # type: ignore[no-any-return]


def absolute_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return _absolute(*paired(y_true, y_pred, "mean_absolute_error"))  # type: ignore[no-any-return]


def percentage_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    pair = paired(y_true, y_pred, "mean_absolute_percentage_error")
    return _percentage(*pair, EPSILON)  # type: ignore[no-any-return]


def logarithmic_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    pair = paired(y_true, y_pred, "mean_squared_logarithmic_error")
    return _squared_logarithmic(*pair, EPSILON)  # type: ignore[no-any-return]


def huber_elements(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    return _huber(*paired(y_true, y_pred, "huber"), float(delta))  # type: ignore[no-any-return]


def log_cosh_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return _log_cosh(*paired(y_true, y_pred, "log_cosh"))  # type: ignore[no-any-return]


def poisson_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    return _poisson(*paired(y_true, y_pred, "poisson"), EPSILON)  # type: ignore[no-any-return]


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``(y_pred - y_true)**2`` over the last axis.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     mean_squared_error([[0.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 5.0]]).tolist()
        [0.5, 4.5]
    """
    return mean_of_last(squared_elements(y_true, y_pred))


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``|y_pred - y_true|`` over the last axis; its derivative at 0 is 0."""
    return mean_of_last(absolute_elements(y_true, y_pred))


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``100 * |y_pred - y_true| / max(|y_true|, 1e-7)`` over the last axis."""
    return mean_of_last(percentage_elements(y_true, y_pred))


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``(log(1 + y_pred) - log(1 + y_true))**2`` over the last axis.

    Numbers below 1e-7 count as that.
    """
    return mean_of_last(logarithmic_elements(y_true, y_pred))


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """Return the mean over the last axis of half the squared error, linear beyond ``delta``."""
    return mean_of_last(huber_elements(y_true, y_pred, delta))


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``log(cosh(y_pred - y_true))`` over the last axis; safe for any size."""
    return mean_of_last(log_cosh_elements(y_true, y_pred))


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``y_pred - y_true * log(y_pred + 1e-7)`` over the last axis."""
    return mean_of_last(poisson_elements(y_true, y_pred))


# ---------------------------------------------------------------- hinges


@elementwise("-g * p if y * p < 1.0 else 0.0", "-g * y if y * p < 1.0 else 0.0", result="float")
def _hinge(y, p):
    return max(1.0 - y * p, 0.0)


@elementwise(
    "-g * 2.0 * p * max(1.0 - y * p, 0.0)", "-g * 2.0 * y * max(1.0 - y * p, 0.0)", result="float"
)
def _squared_hinge(y, p):
    missing = max(1.0 - y * p, 0.0)
    return missing * missing


@elementwise("0", result="float")
def _is_no_bit(y):
    return 0.0 if y == 0.0 or y == 1.0 else 1.0


@elementwise("g * (1.0 if others > 0.0 else 2.0)", None, result="float")
def _to_signs(y, others):
    return y if others > 0.0 else 2.0 * y - 1.0


def _signs(y: Tensor) -> Tensor:
    """Return labels of -1 and 1; if all are 0 or 1 they become that."""
    signs: Tensor = _to_signs(y, add_up(_is_no_bit(Tensor(y._value))))
    return signs


def hinge_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    y, p = paired(y_true, y_pred, "hinge")
    return _hinge(_signs(y), p)  # type: ignore[no-any-return]


def squared_hinge_elements(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    y, p = paired(y_true, y_pred, "squared_hinge")
    return _squared_hinge(_signs(y), p)  # type: ignore[no-any-return]


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``max(1 - y_true * y_pred, 0)`` over the last axis.

    Labels are -1 and 1; if all of them are 0 and 1, the zeros count as -1.
    """
    return mean_of_last(hinge_elements(y_true, y_pred))


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return the mean of ``max(1 - y_true * y_pred, 0)**2`` over the last axis; as for `hinge`."""
    return mean_of_last(squared_hinge_elements(y_true, y_pred))


@elementwise("-g * p", "g * (1.0 - y)", result="float")
def _other_class(y, p):
    return (1.0 - y) * p


@elementwise("g if result > 0.0 else 0.0", "-g if result > 0.0 else 0.0", result="float")
def _margin(other, own):
    return max(other - own + 1.0, 0.0)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``max(1 + the best other class - the class wanted, 0)`` over the last axis.

    Args:
        y_true: one-hot rows.
        y_pred: of the same shape.
    """
    y, p = paired(y_true, y_pred, "categorical_hinge")
    return _margin(largest(_other_class(y, p), -1), add_up(y * p, -1))  # type: ignore[no-any-return]


# ---------------------------------------------------------------- directions


def _unit(x: Tensor, axis: int) -> Tensor:
    scaled: Tensor = x / _norm(add_up(x * x, axis, keepdims=True), _SMALLEST_NORM)
    return scaled


@elementwise("g * 0.5 / result if squares > least else 0.0", None, result="float")
def _norm(squares, least):
    return math.sqrt(max(squares, least))


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """Return minus the cosine of the angle between vectors along an axis: -1 where they agree.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     cosine_similarity([[0.0, 2.0]], [[0.0, 3.0]]).tolist()
        [-1.0]
    """
    y, p = paired(y_true, y_pred, "cosine_similarity")
    return -add_up(_unit(y, axis) * _unit(p, axis), axis)
