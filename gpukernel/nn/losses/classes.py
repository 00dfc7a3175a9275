"""Losses as objects: called ``(y_true, y_pred, sample_weight=None)`` they return a single float.

Names, defaults and formulas are Keras's.  With ``reduction="sum_over_batch_size"`` the weighted
losses of the samples are added up and divided by their number (not by the sum of the weights).
The functions of `functions` give the losses of the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn.losses import functions, probabilities
from gpukernel.nn.losses.averaging import average, fitting_weights, scaled, total, weighted
from gpukernel.nn.losses.functions import (
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    squared_hinge,
)
from gpukernel.nn.losses.probabilities import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from gpukernel.nn.ops.reductions import mean
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.registry import (
    Configurable,
    Identifier,
    Registry,
    checked_number,
    custom_object,
)
from gpukernel.nn.tensor import Tensor, TensorLike

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]
mse, mae = mean_squared_error, mean_absolute_error
mape, msle = mean_absolute_percentage_error, mean_squared_logarithmic_error
REDUCTIONS = ("sum_over_batch_size", "sum", "none")


class Loss(Configurable):
    """What all losses are.

    One of your own derives from this class and has ``call``, which returns the loss of every
    sample.

    Args:
        reduction: "sum_over_batch_size" (the weighted mean over samples), "sum", or "none".
        name: shown in logs.
    """

    from_logits = False  # whether predictions are logits: what a last softmax is given

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        chosen = {None: "none", "mean": "sum_over_batch_size"}.get(reduction, reduction)
        if chosen not in REDUCTIONS:
            raise KernelValueError(
                f"{type(self).__name__}: reduction is {reduction!r}, "
                f"but it is to be one of {', '.join(REDUCTIONS)}"
            )
        self.reduction: str = chosen
        self.name = name or snake_case(type(self).__name__)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        """Return the loss of every sample: the shape of the predictions less the last axis."""
        raise KernelError(f"{type(self).__name__} does not define call")

    def __call__(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> Tensor:
        """Return the loss of a batch.

        Args:
            y_true: what was wanted.
            y_pred: what was predicted, of the same shape (see the class for other labels).
            sample_weight: a weight for each sample, or None for 1.

        Returns:
            A single float, or with ``reduction="none"`` the loss of every sample.

        Raises:
            KernelShapeError: shapes that do not fit each other.
        """
        losses = self.call(y_true, y_pred)
        return self._reduced(losses, sample_weight, losses.ndim, losses.size)

    def _reduced(
        self, losses: Tensor, weights: TensorLike, rank: int, count: int, part: float = 1.0
    ) -> Tensor:
        """Return weighted losses, added up and divided by ``count`` if the reduction says so.

        Args:
            losses: with samples along the first ``rank`` axes.
            weights: of the samples, or None.
            part: of the losses that counts in a sum.
        """
        fitting = None if weights is None else fitting_weights(weights, losses, rank, self.name)
        if self.reduction == "none":
            return losses if fitting is None else weighted(losses, fitting, 1.0)
        if count == 0:
            raise KernelShapeError(f"{self.name}: there are no samples: shape {losses.shape}")
        if self.reduction != "sum":
            if fitting is None and count == losses.size:
                return average(losses)
            part = 1.0 / count
        if fitting is None:
            return total(scaled(losses, part))
        return total(weighted(losses, fitting, part))


def snake_case(name: str) -> str:
    """Return the name of a class in words joined by underscores."""
    letters = [
        f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
        for i, c in enumerate(name)
    ]
    return "".join(letters).replace("kldivergence", "kl_divergence")


losses: Registry[Loss] = Registry("loss", Loss)


def get(identifier: Identifier) -> Loss:
    """Return the loss of a name, a configuration or a class; of a function; or the loss itself.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    given = custom_object(identifier) if isinstance(identifier, str) else None
    identifier = identifier if given is None else given
    if isinstance(identifier, (str, dict, type, Loss)) or not callable(identifier):
        return losses.get(identifier)
    name = getattr(identifier, "__name__", "")
    own = getattr(functions, name, getattr(probabilities, name, None))
    if own is identifier and losses.knows(name):
        return losses.get(name)
    return FunctionLoss(identifier)


def checked_function(function: Any) -> Callable[..., Tensor]:
    """Return a function ``(y_true, y_pred)``, which may be a name of a custom object."""
    found = custom_object(function) if isinstance(function, str) else function
    if found is None:
        raise KernelValueError(
            f"there is no function {function!r}\n"
            f"hint: give it in custom_objects={{{function!r}: the function}}"
        )
    if not callable(found):
        raise KernelTypeError(f"{found!r} is no function of (y_true, y_pred)")
    return found  # type: ignore[no-any-return]


@losses.add(by_name=False)
class FunctionLoss(Loss):
    """A function ``(y_true, y_pred)`` that returns the loss of every sample, or one number.

    Its configuration has the function's name only: who makes it again gives the function in
    `registry.custom_objects`.
    """

    def __init__(
        self,
        function: Callable[..., Tensor] | str,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        self.function = checked_function(function)
        super().__init__(reduction, name or getattr(self.function, "__name__", "loss"))

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        found = self.function(y_true, y_pred)
        if not isinstance(found, Tensor):
            raise KernelTypeError(
                f"the loss {self.name} returned a {type(found).__name__}, not a tensor"
            )
        return found

    def get_config(self) -> dict[str, Any]:
        function = getattr(self.function, "__name__", self.name)
        return {"function": function, "reduction": self.reduction, "name": self.name}


# ---------------------------------------------------------------- means over the last axis


class _Elements(Loss):
    """A loss that is the mean of numbers in the shape of the predictions, all at once."""

    _divides = True  # a mean over the last axis; else a sum

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        raise KernelError(f"{type(self).__name__} does not define elements")

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        found = self.elements(y_true, y_pred)
        if found.ndim == 0:
            return found
        return mean(found, -1) if self._divides else add_up(found, -1)

    def __call__(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> Tensor:
        if self.reduction == "none":
            return super().__call__(y_true, y_pred, sample_weight)
        found = self.elements(y_true, y_pred)
        rank = found.ndim - 1 if found.ndim > 1 or not self._divides else found.ndim
        samples = prod(found.shape[:rank])
        divisor = prod(found.shape[rank:]) if self._divides else 1
        if self.reduction == "sum":
            return self._reduced(found, sample_weight, rank, samples, 1.0 / max(1, divisor))
        return self._reduced(found, sample_weight, rank, samples * divisor)


@losses.add("mse")
class MeanSquaredError(_Elements):
    """The mean of ``(y_pred - y_true)**2``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     loss = MeanSquaredError()([[0.0], [1.0]], [[1.0], [4.0]], sample_weight=[1.0, 0.5])
        >>> loss.item()
        2.75
    """

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.squared_elements(y_true, y_pred)


@losses.add("mae")
class MeanAbsoluteError(_Elements):
    """The mean of ``|y_pred - y_true|``."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.absolute_elements(y_true, y_pred)


@losses.add("mape")
class MeanAbsolutePercentageError(_Elements):
    """The mean of ``100 * |y_pred - y_true| / max(|y_true|, 1e-7)``."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.percentage_elements(y_true, y_pred)


@losses.add("msle")
class MeanSquaredLogarithmicError(_Elements):
    """The mean of ``(log(1 + y_pred) - log(1 + y_true))**2``."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.logarithmic_elements(y_true, y_pred)


@losses.add("huber_loss")
class Huber(_Elements):
    """Half the squared error up to ``delta``, and linear beyond."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.delta = checked_number(delta, "delta", 0.0)

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.huber_elements(y_true, y_pred, self.delta)


@losses.add()
class LogCosh(_Elements):
    """The mean of ``log(cosh(y_pred - y_true))``."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.log_cosh_elements(y_true, y_pred)


@losses.add()
class Poisson(_Elements):
    """The mean of ``y_pred - y_true * log(y_pred + 1e-7)``."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.poisson_elements(y_true, y_pred)


@losses.add()
class Hinge(_Elements):
    """The mean of ``max(1 - y_true * y_pred, 0)``, with labels of -1 and 1 or of 0 and 1."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.hinge_elements(y_true, y_pred)


@losses.add()
class SquaredHinge(_Elements):
    """The mean of ``max(1 - y_true * y_pred, 0)**2``, with labels as for `Hinge`."""

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.squared_hinge_elements(y_true, y_pred)


@losses.add("kld", "kullback_leibler_divergence")
class KLDivergence(_Elements):
    """The sum over the last axis of ``y_true * log(y_true / y_pred)``."""

    _divides = False

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return probabilities.divergence_elements(y_true, y_pred)


@losses.add("bce")
class BinaryCrossentropy(_Elements):
    """The cross-entropy of yes-or-no labels.

    Args:
        from_logits: whether predictions are logits, of any size; else probabilities.
        label_smoothing: from 0 to 1: how much of the labels becomes 0.5.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = checked_number(label_smoothing, "label_smoothing", 0.0, 1.0)

    def elements(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return probabilities.binary_elements(y_true, y_pred, self.from_logits, self.label_smoothing)


# ---------------------------------------------------------------- losses of whole rows


@losses.add()
class CategoricalHinge(Loss):
    """``max(1 + the best other class - the class wanted, 0)``."""

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return categorical_hinge(y_true, y_pred)


@losses.add()
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between vectors along an axis."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.axis = axis

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return cosine_similarity(y_true, y_pred, self.axis)


@losses.add()
class CategoricalCrossentropy(Loss):
    """The cross-entropy of classes whose labels are probabilities: one-hot rows, mostly.

    Args:
        from_logits: whether predictions are logits, of any size; else probabilities.
        label_smoothing: from 0 to 1: how much of the labels is spread evenly over the classes.
        axis: of the classes.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.label_smoothing = checked_number(label_smoothing, "label_smoothing", 0.0, 1.0)
        self.axis = axis

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@losses.add()
class SparseCategoricalCrossentropy(Loss):
    """The cross-entropy of classes whose labels are numbers of classes, from 0.

    Args:
        from_logits: whether predictions are logits, of any size; else probabilities.
        axis: of the classes.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     loss = SparseCategoricalCrossentropy(from_logits=True)([1, 0], [[0.0, 9.0]] * 2)
        >>> round(loss.item(), 4)
        4.5001
    """

    def __init__(
        self,
        from_logits: bool = False,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = from_logits
        self.axis = axis

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.axis)
