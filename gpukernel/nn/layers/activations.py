"""The layers that are activation functions with numbers of their own."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.layers.base import Layer, checked_axis, checked_size
from gpukernel.nn.ops.activations import elu, leaky_relu, prelu, relu
from gpukernel.nn.ops.arithmetic import minimum
from gpukernel.nn.ops.choices import where
from gpukernel.nn.ops.softmax import softmax
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


class ReLU(Layer):
    """``x`` where it is positive, else 0, or ``negative_slope * (x - threshold)``; cut at a number.

    Args:
        max_value: what results are cut at; None for nothing.
        negative_slope: from 0.
        threshold: below it counts as negative; from 0.

    Output: the shape of the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.ReLU(max_value=6.0)([[-2.0, 2.0, 9.0]]).tolist()
        [[0.0, 2.0, 6.0]]
    """

    keeps_shape = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        top = None if max_value is None else checked_number(max_value, "ReLU: max_value", 0.0)
        self.max_value = top
        self.negative_slope = checked_number(negative_slope, "ReLU: negative_slope", 0.0)
        self.threshold = checked_number(threshold, "ReLU: threshold", 0.0)

    def call(self, x: Tensor) -> Tensor:
        if self.threshold == 0.0 and self.negative_slope == 0.0:
            found: Tensor = relu(x)
        else:
            below = (x - self.threshold) * self.negative_slope
            found = where(x >= self.threshold, x, below)
        return found if self.max_value is None else minimum(found, self.max_value)  # type: ignore[no-any-return]


class LeakyReLU(Layer):
    """``x`` where it is positive, else ``negative_slope * x``.

    Args:
        negative_slope: 0.3 by default.

    Output: the shape of the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.LeakyReLU(0.5)([[-2.0, 2.0]]).tolist()
        [[-1.0, 2.0]]
    """

    keeps_shape = True

    def __init__(self, negative_slope: float = 0.3, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.negative_slope = checked_number(negative_slope, "LeakyReLU: negative_slope")

    def call(self, x: Tensor) -> Tensor:
        return leaky_relu(x, self.negative_slope)  # type: ignore[no-any-return]


class PReLU(Layer):
    """``x`` where it is positive, else ``alpha * x`` with a learned ``alpha``.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: of the weight.
        shared_axes: axes along which ``alpha`` is the same, counted from 1 after the batch.

    Output: the shape of the input.  Weights: alpha, of the shape of a sample.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.PReLU("ones")([[-2.0, 2.0]]).tolist()
        [[-2.0, 2.0]]
    """

    min_rank = 2
    keeps_shape = True

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.alpha_initializer = alpha_initializer
        self.alpha_regularizer = alpha_regularizer
        self.alpha_constraint = alpha_constraint
        several = isinstance(shared_axes, (tuple, list))
        given = shared_axes if several else [] if shared_axes is None else [shared_axes]
        self.shared_axes = [checked_size(axis, "shared_axes", self) for axis in given] or None
        self.check_choices()

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        if self.built and len(shape) != len(self.built_shape):
            raise KernelShapeError(
                f"{self.title} was built for inputs of shape {self.built_shape}, not {tuple(shape)}"
            )
        if any(axis >= len(shape) for axis in self.shared_axes or ()):
            raise KernelShapeError(
                f"{self.title}: shared_axes={self.shared_axes} of an input of {len(shape)} axes; "
                f"wanted axes from 1 to {len(shape) - 1}"
            )

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            "alpha",
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        shared = self.shared_axes or ()
        self.fixed_axes = tuple(a for a in range(1, len(input_shape)) if a not in shared)

    def call(self, x: Tensor) -> Tensor:
        return prelu(x, self.alpha)  # type: ignore[no-any-return]


class ELU(Layer):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    Args:
        alpha: 1 by default.

    Output: the shape of the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.ELU()([[0.0, 2.0]]).tolist()
        [[0.0, 2.0]]
    """

    keeps_shape = True

    def __init__(self, alpha: float = 1.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.alpha = checked_number(alpha, "ELU: alpha")

    def call(self, x: Tensor) -> Tensor:
        return elu(x, self.alpha)  # type: ignore[no-any-return]


class Softmax(Layer):
    """Positive numbers that add up to 1 along an axis.

    Args:
        axis: the last one by default.

    Output: the shape of the input.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Softmax()([[1.0, 1.0]]).tolist()
        [[0.5, 0.5]]
    """

    keeps_shape = True

    def __init__(self, axis: int = -1, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.axis = checked_axis(axis, self)

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        if not -len(shape) <= self.axis < len(shape):
            raise KernelShapeError(
                f"{self.title}: axis={self.axis} of an input of {len(shape)} axes"
            )

    def call(self, x: Tensor) -> Tensor:
        return softmax(x, self.axis)
