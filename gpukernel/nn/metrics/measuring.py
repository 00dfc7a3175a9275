"""What metrics are made of: sums that stay on the device, and means of them.

Sums are float32: counts are exact up to 16 million.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelTypeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.losses.averaging import fitting_weights, total, weighted
from gpukernel.nn.losses.classes import checked_function, snake_case
from gpukernel.nn.losses.functions import floats
from gpukernel.nn.registry import Configurable, Registry
from gpukernel.nn.tape import recording
from gpukernel.nn.tensor import Tensor, TensorLike, Variable, as_tensor, tensor
from gpukernel.nn.values import Shape


class Metric(Configurable):
    """What all metrics are.

    One of your own derives from this class and has ``update_state``, ``result`` and
    ``reset_state``.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        """Take in a batch; nothing is read back.

        Args:
            y_true: what was wanted.
            y_pred: what was predicted.
            sample_weight: a weight for each sample, or None for 1.
        """
        raise KernelError(f"{type(self).__name__} does not define update_state")

    def result(self) -> float:
        """Return the number for all batches since the start, 0 for none."""
        raise KernelError(f"{type(self).__name__} does not define result")

    def reset_state(self) -> None:
        """Start anew."""
        raise KernelError(f"{type(self).__name__} does not define reset_state")

    def __call__(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> float:
        """Take in a batch and return the number for all so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class DeviceSum:
    """A sum of numbers that stays on the device where they are."""

    def __init__(self, shape: Shape = ()) -> None:
        self._shape = shape
        self._numbers: Variable | None = None

    def add(self, numbers: Tensor) -> None:
        """Add numbers of its shape, in one launch with what they wait for."""
        if self._numbers is None or self._numbers.device != numbers.device:
            before = self.read() if self._numbers is not None else np.zeros(self._shape)
            self._numbers = Variable(tensor(before.astype(np.float32), device=numbers.device))
        self._numbers.assign(_added(self._numbers, numbers))

    def read(self) -> np.ndarray:
        """Return the sum as a NumPy array."""
        return np.zeros(self._shape) if self._numbers is None else self._numbers.numpy()

    def clear(self) -> None:
        """Start from 0 again."""
        if self._numbers is not None:
            self._numbers.assign(_none_of(self._numbers))


@elementwise(result="float")
def _added(total, x):
    return total + x


@elementwise(result="float")
def _none_of(x):
    return 0.0


metrics: Registry[Metric] = Registry("metric", Metric)


class MeanMetric(Metric):
    """A metric that is the weighted mean of a number of each sample.

    A class derived from it has ``values``.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._sum = DeviceSum()
        self._weights = DeviceSum()
        self._count = 0

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        """Return the numbers of the samples."""
        raise KernelError(f"{type(self).__name__} does not define values")

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        with recording(False):
            added = None if sample_weight is not None else self.sum_of(y_true, y_pred)
            if added is None:
                self._take(self.values(y_true, y_pred), sample_weight)
            else:
                self._sum.add(added[0])
                self._count += added[1]

    def sum_of(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, int] | None:
        """Return the sum of the numbers of the samples, and how many there are.

        For metrics that have it in fewer kernels than the numbers themselves; None where not.
        """
        return None

    def _take(self, values: Tensor, sample_weight: TensorLike) -> None:
        if sample_weight is None:
            self._sum.add(total(values))
            self._count += values.size
            return
        weights = fitting_weights(sample_weight, values, values.ndim, self.name)
        self._sum.add(total(weighted(values, weights, 1.0)))
        self._weights.add(total(_spread(values, weights)))

    def result(self) -> float:
        count = self._count + float(self._weights.read())
        return float(self._sum.read()) / count if count else 0.0

    def reset_state(self) -> None:
        self._sum.clear()
        self._weights.clear()
        self._count = 0


@elementwise(result="float")
def _spread(x, w):
    return w  # in the shape of both


@metrics.add()
class Mean(MeanMetric):
    """The weighted mean of numbers: ``update_state(values, sample_weight=None)``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     loss = Mean("loss")
        ...     loss.update_state([1.0, 2.0])
        ...     loss.update_state(6.0)
        ...     loss.result()
        3.0
    """

    def update_state(  # type: ignore[override]
        self, values: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        with recording(False):
            self._take(floats(as_tensor(values)), sample_weight)

    def __call__(  # type: ignore[override]
        self, values: TensorLike, sample_weight: TensorLike = None
    ) -> float:
        self.update_state(values, sample_weight)
        return self.result()


@metrics.add(by_name=False)
class FunctionMetric(MeanMetric):
    """The mean of a function ``(y_true, y_pred)`` that returns a number for every sample."""

    def __init__(self, function: Callable[..., Tensor] | str, name: str | None = None) -> None:
        self.function = checked_function(function)
        super().__init__(name or getattr(self.function, "__name__", "metric"))

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        found = self.function(y_true, y_pred)
        if not isinstance(found, Tensor):
            raise KernelTypeError(
                f"the metric {self.name} returned a {type(found).__name__}, not a tensor"
            )
        return floats(found)

    def get_config(self) -> dict[str, Any]:
        return {"function": getattr(self.function, "__name__", self.name), "name": self.name}
