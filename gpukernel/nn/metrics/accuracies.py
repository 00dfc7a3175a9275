"""How often predictions are right: functions that tell it of every sample, and their metrics."""

from __future__ import annotations

import numpy as np

from gpukernel.errors import KernelValueError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.losses.functions import floats, paired
from gpukernel.nn.losses.probabilities import flat_labels
from gpukernel.nn.metrics.measuring import MeanMetric, metrics
from gpukernel.nn.ops.reductions import mean
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import cell
from gpukernel.nn.reducing import MAX_LOOP
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import INT, Tensor, TensorLike, as_tensor

# ---------------------------------------------------------------- accuracies of samples


@elementwise("0", "0", result="float")
def _is_equal(y, p):
    return 1.0 if y == p else 0.0


@elementwise("0", "0", None, result="float")
def _is_same_side(y, p, threshold):
    return 1.0 if y == (1.0 if p > threshold else 0.0) else 0.0


def _best_on_host(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(y.argmax(axis=1) == p.argmax(axis=1), p.dtype)


@cell(numpy=_best_on_host)
def _has_same_best(i, y, p):
    wanted = 0
    found = 0
    for k in range(p.shape[1]):
        wanted = k if y[i, k] > y[i, wanted] else wanted
        found = k if p[i, k] > p[i, found] else found
    return 1.0 if wanted == found else 0.0


def _class_on_host(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(labels == p.argmax(axis=1), p.dtype)


@cell(numpy=_class_on_host)
def _is_best(i, labels, p):
    found = 0
    for k in range(p.shape[1]):
        found = k if p[i, k] > p[i, found] else found
    return 1.0 if int(labels[i]) == found else 0.0


def _count_on_host(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(np.count_nonzero(labels == p.argmax(axis=1)), p.dtype)


@cell(numpy=_count_on_host)
def _count_best(i, labels, p):
    total = 0.0
    for row in range(p.shape[0]):
        top = p[row, 0]
        found = 0
        for k in range(p.shape[1]):
            x = p[row, k]
            found = k if x > top else found
            top = max(top, x)
        total += 1.0 if int(labels[row]) == found else 0.0
    return total


@cell()
def _is_among_best(i, labels, p, count):
    label = int(labels[i])
    own = p[i, min(max(label, 0), p.shape[1] - 1)]
    better = 0
    for k in range(p.shape[1]):
        better += 1 if p[i, k] > own else 0
    is_there = label >= 0 and label < p.shape[1] and abs(own) < 3.0e38
    return 1.0 if is_there and better < count else 0.0


@cell(numpy=lambda y: y.argmax(axis=1).astype(np.int32))
def _best(i, y):
    found = 0
    for k in range(y.shape[1]):
        found = k if y[i, k] > y[i, found] else found
    return found


def _rows(x: Tensor) -> Tensor:
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return for every sample how often ``y_pred > threshold`` is what the 0 or 1 says.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     binary_accuracy([[1, 0], [1, 1]], [[0.9, 0.1], [0.9, 0.1]]).tolist()
        [1.0, 0.5]
    """
    y, p = paired(y_true, y_pred, "binary_accuracy")
    return mean(_is_same_side(y, p, float(threshold)), -1)


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 for every sample whose largest prediction is where the largest label is.

    The first of several that are the largest counts.
    """
    y, p = paired(y_true, y_pred, "categorical_accuracy")
    rows = _rows(p)
    found = _has_same_best(_rows(y), rows, shape=rows.shape[:1])
    return reshape(found, p.shape[:-1])


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 for every sample whose largest prediction is that of its class number."""
    p = floats(as_tensor(y_pred))
    labels = flat_labels(y_true, p, "sparse_categorical_accuracy")
    rows = _rows(p)
    return reshape(_is_best(labels, rows, shape=rows.shape[:1]), p.shape[:-1])


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """Return 1 for every sample for which fewer than ``k`` classes are predicted above its own."""
    p = floats(as_tensor(y_pred))
    labels = flat_labels(y_true, p, "sparse_top_k_categorical_accuracy")
    rows = _rows(p)
    found = _is_among_best(labels, rows, shape=rows.shape[:1], count=_checked_k(k))
    return reshape(found, p.shape[:-1])


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """Return 1 for every sample for which fewer than ``k`` classes are predicted above its own.

    Its class is that of the largest label.
    """
    y, p = paired(y_true, y_pred, "top_k_categorical_accuracy")
    rows = _rows(p)
    labels = _best(_rows(y), shape=rows.shape[:1], dtype=INT)
    found = _is_among_best(labels, rows, shape=rows.shape[:1], count=_checked_k(k))
    return reshape(found, p.shape[:-1])


def _checked_k(k: int) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise KernelValueError(f"k is {k!r}, but it is to be an int from 1")
    return k


# ---------------------------------------------------------------- accuracies


@metrics.add()
class Accuracy(MeanMetric):
    """How often predictions are exactly the labels."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        y, p = paired(y_true, y_pred, self.name)
        found: Tensor = _is_equal(y, p)
        return found if p.ndim < 2 else mean(found, -1)


@metrics.add()
class BinaryAccuracy(MeanMetric):
    """How often ``y_pred > threshold`` is what the label 0 or 1 says.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     BinaryAccuracy()([1, 0, 1, 1], [0.9, 0.2, 0.4, 0.8])
        0.75
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = checked_number(threshold, "threshold")

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        y, p = paired(y_true, y_pred, self.name)
        found: Tensor = _is_same_side(y, p, self.threshold)
        return found if p.ndim < 2 else mean(found, -1)


@metrics.add()
class CategoricalAccuracy(MeanMetric):
    """How often the largest prediction is where the largest label is."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return categorical_accuracy(y_true, y_pred)


@metrics.add()
class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest prediction is that of the class number."""

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return sparse_categorical_accuracy(y_true, y_pred)

    def sum_of(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, int] | None:
        p = floats(as_tensor(y_pred))
        if p.ndim != 2 or not 0 < p.size <= MAX_LOOP:
            return None
        labels = flat_labels(y_true, p, "sparse_categorical_accuracy")
        return _count_best(labels, p, shape=()), p.shape[0]


@metrics.add()
class TopKCategoricalAccuracy(MeanMetric):
    """How often the class of the largest label is among the ``k`` largest predictions."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(name)
        self.k = _checked_k(k)

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


@metrics.add()
class SparseTopKCategoricalAccuracy(MeanMetric):
    """How often the class number is among the ``k`` largest predictions."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(name)
        self.k = _checked_k(k)

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k)
