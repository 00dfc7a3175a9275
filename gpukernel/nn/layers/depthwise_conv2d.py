"""`DepthwiseConv2D`: every channel has filters of its own."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import checked_size
from gpukernel.nn.layers.convolution import Convolution
from gpukernel.nn.named_activations import ActivationName
from gpukernel.nn.ops.convolution import depthwise_conv2d
from gpukernel.nn.tensor import Tensor


class DepthwiseConv2D(Convolution):
    """Slide filters over images, each over one channel only.

    Args:
        kernel_size, strides, padding, dilation_rate: as for `Conv2D`.
        depth_multiplier: the filters of each channel.
        activation, use_bias and the initializers, regularizers, constraints: as for `Dense`;
            the kernel's are called ``depthwise_...``.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).
    Output: (batch, places, places, channels * depth_multiplier), a channel's results together.
    Weights: depthwise_kernel (rows, cols, channels, depth_multiplier), bias.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.DepthwiseConv2D(3, depth_multiplier=2)(nn.zeros((1, 5, 5, 3))).shape
        (1, 3, 3, 6)
    """

    num_axes = 2
    ranks = (4,)

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: ActivationName = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Any = None,
    ) -> None:
        super().__init__(
            1,
            kernel_size,
            strides,
            padding,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            data_format=data_format,
            name=name,
            trainable=trainable,
            input_shape=input_shape,
        )
        self.depth_multiplier = checked_size(depth_multiplier, "depth_multiplier", self)
        self.depthwise_initializer = depthwise_initializer
        self.depthwise_regularizer = depthwise_regularizer
        self.depthwise_constraint = depthwise_constraint
        self.check_choices()

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.add_bias(channels * self.depth_multiplier)

    def call(self, x: Tensor) -> Tensor:
        result = depthwise_conv2d(
            x, self.depthwise_kernel, self.strides, self.padding, self.dilation_rate
        )
        return self.finished(result)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        channels = None if input_shape[-1] is None else input_shape[-1] * self.depth_multiplier
        return (input_shape[0], *self.places(input_shape), channels)
