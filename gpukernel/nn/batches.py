"""Data of a training run: arrays on the device, handed out in batches.

Samples lie along the first axis.  A shuffled epoch is one gather of each array, and batches are
slices of that, so no batch is brought to the device on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.layers.base import is_several
from gpukernel.nn.ops.choices import cast
from gpukernel.nn.ops.indexing import gather, getitem
from gpukernel.nn.tensor import FLOAT, Tensor, as_tensor
from gpukernel.runtime.device import Device

_END = {"x": "input", "y": "output"}
Arrays = dict[str, Any]  # "x", "y" and "weight": a tensor, a list of tensors, or None


class Labels(NamedTuple):
    """What targets are like if they are numbers of classes."""

    low: float
    high: float
    are_whole: bool


class Batches:
    """Samples, their targets and their weights.

    Args:
        x, y, weight: arrays or tensors with as many samples each; x and y may be lists of them.
        device: where they are to be; without it tensors stay where they are.
        may_be_several: whether a list of arrays means several inputs; else it is refused.

    Raises:
        KernelShapeError: they do not have the same number of samples, or there are none.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        weight: Any = None,
        device: Device | None = None,
        may_be_several: bool = True,
    ) -> None:
        for name, given in (("x", x), ("y", y)):
            if not may_be_several and is_several(given):
                raise KernelTypeError(
                    f"{name} is a list of {len(given)} arrays, but the model has one {_END[name]}\n"
                    f"hint: np.stack({name}) makes one array of them"
                )
        made = _tensors(x, "x", device)
        device = _flat(made)[0]._value.device
        weights = None if weight is None else _weights(weight, device)
        self.arrays: Arrays = {"x": made, "y": _tensors(y, "y", device), "weight": weights}
        self.count = _flat(made)[0].shape[0]
        self.labels = _labels(y)
        for name, found in (("x", made), ("y", self.arrays["y"]), ("sample_weight", weights)):
            for one in _flat(found):
                if one.shape[0] != self.count:
                    raise KernelShapeError(
                        f"x has {self.count} samples, but {name} of shape {one.shape} has "
                        f"{one.shape[0]}: they are to be as many"
                    )
        if self.count == 0:
            raise KernelShapeError(f"there are no samples: x has shape {_flat(made)[0].shape}")

    @property
    def device(self) -> Device:
        """The device that the samples are on."""
        return _flat(self.arrays["x"])[0]._value.device

    def _mapped(self, function: Callable[[Tensor], Tensor], count: int) -> Batches:
        part = Batches.__new__(Batches)
        part.arrays = {name: _map(function, one) for name, one in self.arrays.items()}
        part.count = count
        part.labels = self.labels
        return part

    def taken(self, start: int, stop: int) -> Batches:
        """Return the samples from ``start`` up to ``stop``."""
        rows = slice(start, stop)
        return self._mapped(lambda t: getitem(t, rows), stop - start)

    def shuffled(self, generator: np.random.Generator) -> Batches:
        """Return the samples in another order."""
        order = generator.permutation(self.count).astype(np.int32)
        indices = as_tensor(order, self.device)
        return self._mapped(lambda t: gather(t, indices), self.count)

    def weighted(self, factors: np.ndarray) -> Batches:
        """Return the samples, their weights times factors, one for each of them."""
        known = self.arrays["weight"]
        weight = as_tensor(factors.astype(np.float32), self.device)
        if known is not None:
            weight = known * weight.reshape((self.count, *[1] * (known.ndim - 1)))
        part = self._mapped(lambda t: t, self.count)
        part.arrays["weight"] = weight
        return part

    def each(self, batch_size: int) -> Iterator[Batches]:
        """Yield the samples in batches; the last one holds what is left."""
        for start in range(0, self.count, batch_size):
            stop = min(start + batch_size, self.count)
            yield self if stop - start == self.count else self.taken(start, stop)


def _tensors(x: Any, name: str, device: Device | None) -> Any:
    if x is None:
        if name == "x":
            raise KernelTypeError("x is None: give samples along the first axis of an array")
        return None
    if is_several(x):
        return [_samples(one, name, device) for one in x]
    return _samples(x, name, device)


def _samples(x: Any, name: str, device: Device | None) -> Tensor:
    try:
        made = as_tensor(x, device)
    except KernelError as problem:
        raise type(problem)(f"{name}: {problem}") from None
    if not made.shape:
        raise KernelTypeError(
            f"{name} has samples along its first axis, but a single number was given: {x!r:.60}"
        )
    return made


def _weights(weight: Any, device: Device) -> Tensor:
    made = _samples(weight, "sample_weight", device)
    return made if made.dtype == FLOAT else cast(made, FLOAT)


def _labels(y: Any) -> Labels | None:
    """Return what labels are like, where they are finite numbers on the host."""
    if y is None or isinstance(y, Tensor) or is_several(y):
        return None
    values = np.asarray(y)
    if values.dtype.kind not in "biuf" or values.size == 0 or not np.isfinite(values).all():
        return None
    is_whole = values.dtype.kind != "f" or bool((values == np.floor(values)).all())
    return Labels(values.min().item(), values.max().item(), is_whole)


def _flat(x: Any) -> list[Tensor]:
    return [] if x is None else x if isinstance(x, list) else [x]


def _map(function: Callable[[Tensor], Tensor], x: Any) -> Any:
    if x is None:
        return None
    return [function(one) for one in x] if isinstance(x, list) else function(x)
