"""`LayerNormalization`: mean 0 and variance 1 over the axes of every sample."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.layers.base import Layer, checked_axis, checked_flag
from gpukernel.nn.ops.normalization import layer_norm
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


class LayerNormalization(Layer):
    """Shift and scale to mean 0 and variance 1 along axes, then by learned numbers.

    Args:
        axis: the axis or axes.
        epsilon: added to the variance.
        center, scale: whether there are a learned offset (beta) and factor (gamma).
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint: of those.

    Output: the shape of the input.  Weights: gamma, beta, of the sizes of the axes.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.layers.LayerNormalization()(nn.tensor([[1.0, 3.0]]))
        ...     [round(v, 2) for v in x.reshape(-1).tolist()]
        [-1.0, 1.0]
    """

    min_rank = 2
    keeps_shape = True

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        several = isinstance(axis, (tuple, list))
        self.axis = [checked_axis(a, self) for a in axis] if several else checked_axis(axis, self)
        self.fixed_axes = tuple(self.axis) if isinstance(self.axis, list) else (self.axis,)
        self.epsilon = checked_number(epsilon, "LayerNormalization: epsilon", 0.0)
        self.center = checked_flag(center, "center", self)
        self.scale = checked_flag(scale, "scale", self)
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.check_choices()

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        self._axes(len(shape))

    def _axes(self, rank: int) -> tuple[int, ...]:
        given = self.fixed_axes
        axes = tuple(sorted({a % rank for a in given}))
        if any(not -rank <= a < rank for a in given) or 0 in axes or not axes:
            raise KernelShapeError(
                f"{self.title}: axis={self.axis} of an input of {rank} axes; wanted axes of a "
                "sample, not that of the batch"
            )
        return axes

    def build(self, input_shape: Any) -> None:
        shape = tuple(input_shape[a] for a in self._axes(len(input_shape)))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )

    def call(self, x: Tensor) -> Tensor:
        axes = self._axes(x.ndim)
        along = tuple(n if a in axes else 1 for a, n in enumerate(x.shape))

        def shaped(weight: Tensor | None) -> Tensor | None:
            return weight if weight is None or axes == (x.ndim - 1,) else reshape(weight, along)

        return layer_norm(x, axes, shaped(self.gamma), shaped(self.beta), epsilon=self.epsilon)
