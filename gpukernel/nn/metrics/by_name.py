"""Metrics: numbers gathered over batches, on the device; read back only by ``result()``.

A metric is given batches with ``update_state(y_true, y_pred, sample_weight=None)``, tells its
number so far with ``result()``, a Python float, and starts anew with ``reset_state()``.  Names,
defaults and formulas are Keras's.
"""

from __future__ import annotations

import numpy as np

from gpukernel.errors import KernelShapeError
from gpukernel.nn.metrics import accuracies
from gpukernel.nn.metrics.accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from gpukernel.nn.metrics.confusion import AUC, Precision, Recall
from gpukernel.nn.metrics.measuring import FunctionMetric, Mean, MeanMetric, Metric, metrics
from gpukernel.nn.metrics.of_losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from gpukernel.nn.registry import Identifier, custom_object
from gpukernel.nn.tensor import TensorLike
from gpukernel.nn.values import Shape

__all__ = [
    "AUC",
    "Accuracy",
    "AccuracyByShape",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionMetric",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetric",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "Poisson",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SquaredHinge",
    "TopKCategoricalAccuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "get",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def get(identifier: Identifier, from_logits: bool = False) -> Metric:
    """Return the metric of a name, a configuration or a class; of a function; or itself.

    "accuracy" (or "acc") and "crossentropy" ("ce") are chosen by the shapes of the first batch.

    Args:
        identifier: what to make.
        from_logits: whether predictions will be logits: what a cross-entropy of a name is then
            told, and a binary accuracy's threshold is 0 then.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("mae").name
        'mean_absolute_error'
    """
    given = custom_object(identifier) if isinstance(identifier, str) else None
    identifier = identifier if given is None else given
    if isinstance(identifier, str):
        return _by_name(identifier, from_logits)
    if isinstance(identifier, (dict, type, Metric)) or not callable(identifier):
        return metrics.get(identifier)
    name = getattr(identifier, "__name__", "")
    if getattr(accuracies, name, None) is identifier and metrics.knows(name):
        return _by_name(name, from_logits)
    return FunctionMetric(identifier)


def _by_name(name: str, from_logits: bool) -> Metric:
    if name in _BY_SHAPE:
        return AccuracyByShape(name, from_logits)
    made = metrics.get(name)
    if from_logits and hasattr(made, "from_logits"):
        made.from_logits = True
    if from_logits and isinstance(made, BinaryAccuracy):
        made.threshold = 0.0
    return made


_ACCURACIES = ("binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy")
_CROSSENTROPIES = tuple(name.replace("accuracy", "crossentropy") for name in _ACCURACIES)
_BY_SHAPE = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}


@metrics.add()
class AccuracyByShape(Metric):
    """The metric that "accuracy" or "crossentropy" stands for, chosen by the first batch's shapes.

    Predictions with a last axis of size 1 (or one axis in all) make it binary; labels with an
    axis less, or with size 1 there, sparse categorical; else it is categorical.

    Args:
        name: "accuracy", "acc", "crossentropy" or "ce".
        from_logits: whether predictions are logits.
    """

    def __init__(self, name: str = "accuracy", from_logits: bool = False) -> None:
        super().__init__(name)
        self.from_logits = from_logits
        self._chosen: Metric | None = None

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        if self._chosen is None:
            self._chosen = self._choose(_shape_of(y_true), _shape_of(y_pred))
        self._chosen.update_state(y_true, y_pred, sample_weight)

    def _choose(self, wanted: Shape, predicted: Shape) -> Metric:
        if not predicted:
            raise KernelShapeError(f"{self.name}: y_pred is a single number, not a batch")
        binary, sparse, categorical = _BY_SHAPE[self.name]
        if predicted[-1] == 1 or len(predicted) == 1:
            return _by_name(binary, self.from_logits)
        if len(wanted) < len(predicted) or wanted[-1] == 1:
            return _by_name(sparse, self.from_logits)
        return _by_name(categorical, self.from_logits)

    def result(self) -> float:
        return 0.0 if self._chosen is None else self._chosen.result()

    def reset_state(self) -> None:
        if self._chosen is not None:
            self._chosen.reset_state()


def _shape_of(x: TensorLike) -> Shape:
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)
