"""`Dense`: every output is a weighted sum of all inputs."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer, checked_flag, checked_size
from gpukernel.nn.named_activations import ActivationName, get
from gpukernel.nn.ops.linear import matmul
from gpukernel.nn.tensor import Tensor


class Dense(Layer):
    """``activation(x @ kernel + bias)`` along the last axis.

    Args:
        units: the size of the last axis of the result.
        activation: a name or a function of a tensor; None for none.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: names or objects of `gpukernel.nn.initializers`.
        kernel_regularizer, bias_regularizer: the same of `gpukernel.nn.regularizers`.
        kernel_constraint, bias_constraint: the same of `gpukernel.nn.constraints`.

    Input: (batch, ..., n_in).  Output: (batch, ..., units).
    Weights: kernel (n_in, units), bias (units,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Dense(2, kernel_initializer="ones")([[1.0, 2.0, 3.0]]).tolist()
        [[6.0, 6.0]]
    """

    min_rank = 2
    fixed_axes = (-1,)

    def __init__(
        self,
        units: int,
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
        self.units = checked_size(units, "units", self)
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

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            "kernel",
            (input_shape[-1], self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Tensor) -> Tensor:
        result = matmul(x, self.kernel)
        return self._activate(result + self.bias if self.use_bias else result)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (*input_shape[:-1], self.units)
