"""`Conv2DTranspose`: every pixel spreads over a window."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.convolution import Convolution
from gpukernel.nn.layers.spatial import spread_count
from gpukernel.nn.named_activations import ActivationName
from gpukernel.nn.ops.convolution import conv2d_transpose
from gpukernel.nn.tensor import Tensor


class Conv2DTranspose(Convolution):
    """The transpose of `Conv2D`: every pixel adds its filters to a window of the result.

    Args:
        filters: the channels of the result.
        kernel_size: the rows and columns of a window.
        strides: rows and columns from the window of one pixel to that of the next.
        padding: "valid", or "same" for ``strides`` times as many pixels.
        activation, use_bias and the initializers, regularizers, constraints: as for `Dense`.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, more rows, more cols, filters).
    Weights: kernel (rows, cols, filters, channels), bias (filters,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     up = nn.layers.Conv2DTranspose(4, 3, strides=2, padding="same")
        ...     up(nn.zeros((1, 5, 5, 3))).shape
        (1, 10, 10, 4)
    """

    num_axes = 2
    ranks = (4,)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: ActivationName = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Any = None,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            data_format=data_format,
            name=name,
            trainable=trainable,
            input_shape=input_shape,
        )

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, self.filters, input_shape[-1]),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.add_bias(self.filters)

    def call(self, x: Tensor) -> Tensor:
        return self.finished(conv2d_transpose(x, self.kernel, self.strides, self.padding))

    def places(self, input_shape: Any) -> tuple[int | None, ...]:
        return tuple(
            spread_count(n, size, stride, self.padding)
            for n, size, stride in zip(input_shape[1:-1], self.kernel_size, self.strides)
        )
