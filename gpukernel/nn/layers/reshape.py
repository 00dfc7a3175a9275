"""`Reshape`: another shape of every sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.spatial import product
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.tensor import Tensor


class Reshape(Layer):
    """Give every sample another shape, its numbers in row-major order.

    Args:
        target_shape: the shape of a sample; one size may be -1, meaning whatever is left.

    Input: (batch, ...).  Output: (batch, *target_shape).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Reshape((3, -1))(nn.zeros((2, 12))).shape
        (2, 3, 4)
    """

    keeps_steps = False

    def __init__(self, target_shape: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        sizes = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in sizes):
            raise KernelTypeError(f"Reshape: target_shape={target_shape!r:.200} is not a shape")
        if sum(n == -1 for n in sizes) > 1 or any(n < 1 and n != -1 for n in sizes):
            raise KernelShapeError(
                f"Reshape: target_shape={target_shape!r:.200} is not positive sizes, one -1 at most"
            )
        self.target_shape = tuple(int(n) for n in sizes)

    def call(self, x: Tensor) -> Tensor:
        return reshape(x, (x.shape[0], *self._sizes(x.shape)))

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        self._sizes(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape))

    def _sizes(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of a sample, -1 filled in where the input's shape says how."""
        given = product(input_shape[1:])
        rest = product(tuple(n for n in self.target_shape if n != -1)) or 1
        if given is None:
            return tuple(None if n == -1 else n for n in self.target_shape)
        is_right = given % rest == 0 if -1 in self.target_shape else given == rest
        if not is_right:
            raise KernelShapeError(
                f"{self.title}: {given} numbers of shape {tuple(input_shape[1:])} "
                f"do not fill {self.target_shape}"
            )
        return tuple(given // rest if n == -1 else n for n in self.target_shape)
