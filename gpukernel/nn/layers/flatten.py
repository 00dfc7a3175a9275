"""`Flatten`: all axes of a sample become one."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.spatial import checked_format, product
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.tensor import Tensor


class Flatten(Layer):
    """Make one axis of all axes but that of the batch.

    Args:
        data_format: "channels_last", the only one there is.

    Input: (batch, ...).  Output: (batch, product of the other sizes), in row-major order.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Flatten()(nn.zeros((2, 3, 4))).shape
        (2, 12)
    """

    keeps_steps = False

    def __init__(self, data_format: str | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.data_format = checked_format(data_format, self)

    def call(self, x: Tensor) -> Tensor:
        return reshape(x, (x.shape[0], product(x.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (input_shape[0], product(input_shape[1:]))
