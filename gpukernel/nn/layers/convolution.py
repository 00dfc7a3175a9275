"""What the layers of convolutions share: their configuration, weights and the shape of results."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.layers.base import Layer, checked_flag, checked_size
from gpukernel.nn.layers.spatial import checked_format, checked_padding, per_axis, window_count
from gpukernel.nn.named_activations import ActivationName, get
from gpukernel.nn.tensor import Tensor


class Convolution(Layer):
    """The base of `Conv1D` and `Conv2D`; ``num_axes`` is the number of spatial axes."""

    num_axes = 0
    paddings: tuple[str, ...] = ("same", "valid")
    fixed_axes = (-1,)
    keeps_steps = False

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: ActivationName = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.filters = checked_size(filters, "filters", self)
        self.kernel_size = per_axis(kernel_size, self.num_axes, "kernel_size", self)
        self.strides = per_axis(strides, self.num_axes, "strides", self)
        self.padding = checked_padding(padding, self, self.paddings)
        self.data_format = checked_format(data_format, self)
        self.dilation_rate = per_axis(dilation_rate, self.num_axes, "dilation_rate", self)
        self.groups = checked_size(groups, "groups", self)
        self.activation = activation
        self.use_bias = checked_flag(use_bias, "use_bias", self)
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint
        self._activate = get(activation)
        self.check_choices()
        if self.filters % self.groups:
            raise KernelShapeError(
                f"{type(self).__name__}: {self.filters} filters do not split into "
                f"{self.groups} groups"
            )

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        if shape[-1] is not None and shape[-1] % self.groups:
            raise KernelShapeError(
                f"{self.title}: {shape[-1]} channels of shape {tuple(shape)} do not split into "
                f"{self.groups} groups"
            )
        self.places(shape)

    def build(self, input_shape: Any) -> None:
        channels = self.channels_of(input_shape)
        self.kernel = self.add_weight(
            "kernel",
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.add_bias(self.filters)

    def channels_of(self, input_shape: Any) -> int:
        """Return how many channels inputs have."""
        channels: int | None = input_shape[-1]
        if channels is None:
            raise KernelShapeError(
                f"{self.title} needs to know how many channels its inputs have, the last axis, "
                f"to make its weights; their shape is {input_shape}"
            )
        return channels

    def add_bias(self, size: int) -> None:
        """Make the bias, if there is one."""
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (size,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def finished(self, result: Tensor) -> Tensor:
        """Return what was convolved with bias and activation."""
        return self._activate(result + self.bias if self.use_bias else result)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (input_shape[0], *self.places(input_shape), self.filters)

    def places(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the sizes of the result's spatial axes."""
        what = f"{self.title} was given shape {tuple(input_shape)}"
        return tuple(
            window_count(n, size, stride, self.padding, what, dilation)
            for n, size, stride, dilation in zip(
                input_shape[1:-1], self.kernel_size, self.strides, self.dilation_rate
            )
        )
