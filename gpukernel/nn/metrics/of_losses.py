"""Losses as metrics: their means over all samples of all batches."""

from __future__ import annotations

import math

from gpukernel.nn.losses import functions, probabilities
from gpukernel.nn.metrics.measuring import MeanMetric, metrics
from gpukernel.nn.ops.reductions import mean
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor, TensorLike


@metrics.add("mse")
class MeanSquaredError(MeanMetric):
    """The mean of ``(y_pred - y_true)**2``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.squared_elements(y_true, y_pred))


@metrics.add("rmse")
class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of ``(y_pred - y_true)**2``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0])
        3.0
    """

    def result(self) -> float:
        return math.sqrt(super().result())


@metrics.add("mae")
class MeanAbsoluteError(MeanMetric):
    """The mean of ``|y_pred - y_true|``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.absolute_elements(y_true, y_pred))


@metrics.add("mape")
class MeanAbsolutePercentageError(MeanMetric):
    """The mean of ``100 * |y_pred - y_true| / max(|y_true|, 1e-7)``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.percentage_elements(y_true, y_pred))


@metrics.add("msle")
class MeanSquaredLogarithmicError(MeanMetric):
    """The mean of ``(log(1 + y_pred) - log(1 + y_true))**2``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.logarithmic_elements(y_true, y_pred))


@metrics.add("log_cosh")
class LogCoshError(MeanMetric):
    """The mean of ``log(cosh(y_pred - y_true))``."""

    def __init__(self, name: str = "logcosh") -> None:
        super().__init__(name)

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.log_cosh_elements(y_true, y_pred))


@metrics.add()
class Poisson(MeanMetric):
    """The mean of ``y_pred - y_true * log(y_pred + 1e-7)``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.poisson_elements(y_true, y_pred))


@metrics.add()
class Hinge(MeanMetric):
    """The mean of ``max(1 - y_true * y_pred, 0)``, with labels of -1 and 1 or of 0 and 1."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.hinge_elements(y_true, y_pred))


@metrics.add()
class SquaredHinge(MeanMetric):
    """The mean of ``max(1 - y_true * y_pred, 0)**2``, with labels as for `Hinge`."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return _of_samples(functions.squared_hinge_elements(y_true, y_pred))


@metrics.add()
class CategoricalHinge(MeanMetric):
    """The mean of ``max(1 + the best other class - the class wanted, 0)``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return functions.categorical_hinge(y_true, y_pred)


@metrics.add("kld", "kullback_leibler_divergence")
class KLDivergence(MeanMetric):
    """The mean of the sums of ``y_true * log(y_true / y_pred)``."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return probabilities.kl_divergence(y_true, y_pred)


@metrics.add()
class CosineSimilarity(MeanMetric):
    """The mean cosine of the angle between vectors along an axis: 1 where they agree."""

    def __init__(self, name: str = "cosine_similarity", axis: int = -1) -> None:
        super().__init__(name)
        self.axis = axis

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return -functions.cosine_similarity(y_true, y_pred, self.axis)


@metrics.add("bce")
class BinaryCrossentropy(MeanMetric):
    """The mean cross-entropy of yes-or-no labels."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name)
        self.from_logits = from_logits
        self.label_smoothing = checked_number(label_smoothing, "label_smoothing", 0.0, 1.0)

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        settings = (self.from_logits, self.label_smoothing)
        return _of_samples(probabilities.binary_elements(y_true, y_pred, *settings))


@metrics.add()
class CategoricalCrossentropy(MeanMetric):
    """The mean cross-entropy of classes whose labels are probabilities."""

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name)
        self.from_logits = from_logits
        self.label_smoothing = checked_number(label_smoothing, "label_smoothing", 0.0, 1.0)
        self.axis = axis

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        settings = (self.from_logits, self.label_smoothing, self.axis)
        return probabilities.categorical_crossentropy(y_true, y_pred, *settings)


@metrics.add()
class SparseCategoricalCrossentropy(MeanMetric):
    """The mean cross-entropy of classes whose labels are numbers of classes."""

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(name)
        self.from_logits = from_logits
        self.axis = axis

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return probabilities.sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.axis
        )


def _of_samples(elements: Tensor) -> Tensor:
    """Return the means over the last axis; a tensor with one axis holds a number of each sample."""
    return elements if elements.ndim < 2 else mean(elements, -1)
