"""`Activation`: a function of every element as a layer."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer
from gpukernel.nn.named_activations import ActivationName, get
from gpukernel.nn.tensor import Tensor


class Activation(Layer):
    """Apply an activation function.

    Args:
        activation: a name, or a function of a tensor, such as one made by `gpukernel.vectorize`.

    Output: the shape of the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Activation("relu")([[-1.0, 2.0]]).tolist()
        [[0.0, 2.0]]
    """

    keeps_shape = True

    def __init__(self, activation: ActivationName, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.activation = activation
        self._activate = get(activation)

    def call(self, x: Tensor) -> Tensor:
        return self._activate(x)
