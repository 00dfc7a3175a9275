"""Metrics of yes-or-no predictions at thresholds: precision, recall, and areas under curves.

On the device are the weighted counts of predictions above each threshold that were right and
wrong, and of all that are to be yes and no; everything else follows from them on the host.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Union

import numpy as np

from gpukernel.errors import KernelError, KernelValueError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.losses.averaging import fitting_weights
from gpukernel.nn.losses.functions import paired
from gpukernel.nn.metrics.measuring import DeviceSum, Metric, metrics
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import cell
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tape import recording
from gpukernel.nn.tensor import Tensor, TensorLike, tensor

Thresholds = Union[float, Sequence[float], None]
Result = Union[float, list[float]]
_EPSILON = 1e-7
CURVES = ("ROC", "PR")
SUMS = ("interpolation", "minoring", "majoring")


# ---------------------------------------------------------------- counts


@cell(numpy=lambda p, w, t: ((p[None, :] > t[:, None]) * w[None, :]).sum(axis=1).astype(w.dtype))
def _above(i, p, w, thresholds):
    total = 0.0
    for k in range(p.shape[0]):
        total += w[k] if p[k] > thresholds[i] else 0.0
    return total


@elementwise(result="float")
def _yes_weight(y, p, w):
    return w if y != 0.0 else 0.0  # in the shape of all three


@elementwise(result="float")
def _no_weight(y, p, w):
    return 0.0 if y != 0.0 else w


class Counts:
    """Weighted counts of yes-or-no predictions above thresholds."""

    def __init__(self, thresholds: Sequence[float]) -> None:
        self._thresholds = np.array([*thresholds, -np.inf], np.float32)  # the last one for all
        self._on_device: Tensor | None = None
        self._yes = DeviceSum((len(self._thresholds),))
        self._no = DeviceSum((len(self._thresholds),))

    def take(self, y: Tensor, p: Tensor, weights: TensorLike, name: str) -> None:
        """Take in a batch of labels, 0 or not, and predictions of the same shape."""
        with recording(False):
            w = 1.0 if weights is None else fitting_weights(weights, p, p.ndim, name)
            if self._on_device is None or self._on_device.device != p.device:
                self._on_device = tensor(self._thresholds, device=p.device)
            flat = reshape(p, (p.size,))
            for counts, weight in ((self._yes, _yes_weight), (self._no, _no_weight)):
                each = reshape(weight(y, p, w), (p.size,))
                counts.add(_above(flat, each, self._on_device, shape=self._thresholds.shape))

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return true positives, false positives, false negatives and true negatives."""
        yes, no = (counts.read().astype(np.float64) for counts in (self._yes, self._no))
        return yes[:-1], no[:-1], yes[-1] - yes[:-1], no[-1] - no[:-1]

    def clear(self) -> None:
        self._yes.clear()
        self._no.clear()


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``a / b``, 0 where ``b`` is 0."""
    return np.asarray(np.divide(a, b, out=np.zeros_like(a), where=b != 0))


# ---------------------------------------------------------------- precision and recall


class _AtThresholds(Metric):
    """A ratio of counts at one threshold, or at several."""

    def __init__(self, thresholds: Thresholds = None, name: str | None = None) -> None:
        super().__init__(name)
        self.thresholds = thresholds
        given = 0.5 if thresholds is None else thresholds
        several = [given] if isinstance(given, (int, float)) else list(given)
        checked = [checked_number(t, "a threshold", 0.0, 1.0) for t in several]
        self._is_one = isinstance(given, (int, float))
        self._counts = Counts(checked)

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        self._counts.take(*paired(y_true, y_pred, self.name), sample_weight, self.name)

    def result(self) -> Result:  # type: ignore[override]
        found: list[float] = self._ratios().tolist()
        return found[0] if self._is_one else found

    def _ratios(self) -> np.ndarray:
        raise KernelError(f"{type(self).__name__} does not define _ratios")

    def reset_state(self) -> None:
        self._counts.clear()


@metrics.add()
class Precision(_AtThresholds):
    """Of the predictions above a threshold, how many are right.

    Args:
        thresholds: a number from 0 to 1, 0.5 for None; several give a list of results.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     Precision()([0, 1, 1, 1], [0.9, 0.2, 0.8, 0.7])
        0.6666666666666666
    """

    def _ratios(self) -> np.ndarray:
        right, wrong, _, _ = self._counts.read()
        return _ratio(right, right + wrong)


@metrics.add()
class Recall(_AtThresholds):
    """Of the samples that are to be yes, how many are predicted above a threshold.

    Args:
        thresholds: as for `Precision`.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     Recall()([0, 1, 1, 1, 1], [0.9, 0.2, 0.8, 0.7, 0.6])
        0.75
    """

    def _ratios(self) -> np.ndarray:
        right, _, missed, _ = self._counts.read()
        return _ratio(right, right + missed)


# ---------------------------------------------------------------- areas


@metrics.add()
class AUC(Metric):
    """The area under a curve of yes-or-no predictions, from counts at evenly spaced thresholds.

    Args:
        num_thresholds: at least 2.
        curve: "ROC" (true over false positive rate) or "PR" (precision over recall).
        summation_method: "interpolation" (trapezoids; for "PR" the interpolation of true
            positives), "minoring" or "majoring" (the lower or upper of two neighbours).
        name: shown in logs.
        thresholds: other thresholds, from 0 to 1, in place of evenly spaced ones.
        from_logits: whether predictions are logits; else they are from 0 to 1.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     round(AUC()([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]), 4)
        0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        thresholds: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name or "auc")
        if curve not in CURVES:
            raise KernelValueError(f"curve is {curve!r}, but it is to be ROC or PR")
        if summation_method not in SUMS:
            raise KernelValueError(
                f"summation_method is {summation_method!r}, but it is to be one of {SUMS}"
            )
        self.num_thresholds = int(checked_number(num_thresholds, "num_thresholds", 2))
        self.curve = curve
        self.summation_method = summation_method
        self.thresholds = None if thresholds is None else list(thresholds)
        self.from_logits = from_logits
        inner = np.linspace(0.0, 1.0, self.num_thresholds)[1:-1].tolist()
        if self.thresholds is not None:
            inner = sorted(checked_number(t, "a threshold", 0.0, 1.0) for t in self.thresholds)
        self._counts = Counts([-_EPSILON, *inner, 1.0 + _EPSILON])

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        y, p = paired(y_true, y_pred, self.name)
        with recording(False):
            shown = _probability(p) if self.from_logits else p
        self._counts.take(y, shown, sample_weight, self.name)

    def result(self) -> float:
        right, wrong, missed, spared = self._counts.read()
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr_area(right, wrong, missed)
        recall = _ratio(right, right + missed)
        if self.curve == "ROC":
            x, y = _ratio(wrong, wrong + spared), recall
        else:
            x, y = recall, _ratio(right, right + wrong)
        heights = {
            "interpolation": (y[:-1] + y[1:]) / 2,
            "minoring": np.minimum(y[:-1], y[1:]),
            "majoring": np.maximum(y[:-1], y[1:]),
        }[self.summation_method]
        return float(np.sum((x[:-1] - x[1:]) * heights))

    def reset_state(self) -> None:
        self._counts.clear()


@elementwise(result="float")
def _probability(x):
    return 1.0 / (1.0 + math.exp(-x))


def _interpolated_pr_area(right: np.ndarray, wrong: np.ndarray, missed: np.ndarray) -> float:
    """Return the area under precision over recall.

    Between two thresholds true positives are taken to grow in proportion to all positives
    (Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves", 2006).
    """
    positives = right + wrong
    gained = right[:-1] - right[1:]
    slope = _ratio(gained, np.maximum(positives[:-1] - positives[1:], 0))
    intercept = right[1:] - slope * positives[1:]
    has_both = (positives[:-1] > 0) & (positives[1:] > 0)
    growth = np.ones_like(slope)
    np.divide(positives[:-1], positives[1:], out=growth, where=has_both)
    area = slope * (gained + intercept * np.log(growth))
    return float(np.sum(_ratio(area, np.maximum(right[1:] + missed[1:], 0))))
