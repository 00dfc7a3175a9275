"""`Dropout`: numbers set to zero by chance, in training only."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelTypeError, KernelValueError
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.ops.dropout import dropout
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


class Dropout(Layer):
    """Set a part of the numbers to zero and scale the rest up, in training.

    Args:
        rate: the part that is dropped, from 0 up to 1.
        noise_shape: where an axis is 1, what is dropped is the same along it.
        seed: of the choice; by default it follows from `gpukernel.seed`.

    Output: the shape of the input; outside training it is the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Dropout(0.5)([[1.0, 2.0]]).tolist()
        [[1.0, 2.0]]
    """

    keeps_shape = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **keywords: Any
    ) -> None:
        super().__init__(**keywords)
        self.rate = checked_number(rate, "Dropout: rate", 0.0, 1.0)
        if self.rate == 1.0:
            raise KernelValueError("Dropout: rate is 1, which drops everything; wanted less")
        self.noise_shape = noise_shape
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise KernelTypeError(f"Dropout: seed={seed!r} is not an int")
        self.seed = None if seed is None else int(seed)
        self._draws = 0

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0.0:
            return x
        seed = None if self.seed is None else (self.seed + 0x9E3779B97F4A7C15 * self._draws) % 2**64
        self._draws += 1
        return dropout(x, self.rate, seed=seed, noise_shape=self.noise_shape)
