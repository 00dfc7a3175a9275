"""`InputLayer`: says what shape the samples of a model have, and does nothing else."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.tensor import Tensor


class InputLayer(Layer):
    """The first layer of a `Sequential` whose weights are to be made at once; also `Input`.

    Args:
        shape: the shape of one sample, None where a size is open.

    Output: the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     model = nn.Sequential([nn.layers.Input((3,)), nn.layers.Dense(2)])
        ...     model.count_params()
        8
    """

    keeps_shape = True

    def __init__(self, shape: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=shape)
        self.shape = self.input_shape

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        assert self.shape is not None
        wanted = (None, *self.shape)
        fits = len(shape) == len(wanted)
        if not fits or any(None not in (n, m) and n != m for n, m in zip(shape, wanted)):
            raise KernelShapeError(
                f"{self.title} takes inputs of shape {wanted}, not {tuple(shape)}"
            )

    def call(self, x: Tensor) -> Tensor:
        return x
