"""`SeparableConv2D`: filters of single channels, then sums over channels."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import checked_size
from gpukernel.nn.layers.convolution import Convolution
from gpukernel.nn.named_activations import ActivationName
from gpukernel.nn.ops.convolution import separable_conv2d
from gpukernel.nn.tensor import Tensor


class SeparableConv2D(Convolution):
    """Slide filters over single channels, then mix the channels of every pixel.

    Args:
        filters: the channels of the result.
        kernel_size, strides, padding, dilation_rate: as for `Conv2D`.
        depth_multiplier: the filters of each channel in the first step.
        activation, use_bias and the initializers, regularizers, constraints: as for `Dense`;
            the kernels' are called ``depthwise_...`` and ``pointwise_...``.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, places, places, filters).
    Weights: depthwise_kernel (rows, cols, channels, depth_multiplier), pointwise_kernel
    (1, 1, channels * depth_multiplier, filters), bias (filters,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.SeparableConv2D(4, 3)(nn.zeros((1, 5, 5, 3))).shape
        (1, 3, 3, 4)
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
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: ActivationName = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        self.pointwise_initializer = pointwise_initializer
        self.depthwise_regularizer = depthwise_regularizer
        self.pointwise_regularizer = pointwise_regularizer
        self.depthwise_constraint = depthwise_constraint
        self.pointwise_constraint = pointwise_constraint
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
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (1, 1, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self.add_bias(self.filters)

    def call(self, x: Tensor) -> Tensor:
        result = separable_conv2d(
            x,
            self.depthwise_kernel,
            self.pointwise_kernel,
            self.strides,
            self.padding,
            self.dilation_rate,
        )
        return self.finished(result)
