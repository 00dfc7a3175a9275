"""`BatchNormalization`: mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.autodiff import no_grad
from gpukernel.nn.layers.base import Layer, checked_axis, checked_flag
from gpukernel.nn.ops.normalization import batch_norm
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.ops.statistics import moments
from gpukernel.nn.registry import checked_number
from gpukernel.nn.tensor import Tensor


class BatchNormalization(Layer):
    """Shift and scale every channel to mean 0 and variance 1, then to learned ones.

    In training the mean and variance are those of the batch, and moving averages of them are
    kept; otherwise they are the moving averages.

    Args:
        axis: the axis of the channels.
        momentum: how much of the moving averages a training step keeps.
        epsilon: added to the variance.
        center, scale: whether there are a learned offset (beta) and factor (gamma).
        beta_initializer, gamma_initializer, moving_mean_initializer,
            moving_variance_initializer: of the weights.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of beta and gamma.

    Output: the shape of the input.
    Weights: gamma, beta, and, not trained, moving_mean, moving_variance, each (channels,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.layers.BatchNormalization()(nn.tensor([[1.0], [3.0]]), training=True)
        ...     [round(v, 2) for v in x.reshape(-1).tolist()]
        [-1.0, 1.0]
    """

    min_rank = 2
    keeps_shape = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        is_list = isinstance(axis, (tuple, list)) and len(axis) == 1  # as Keras files have it
        self.axis = checked_axis(axis[0] if is_list else axis, self)  # type: ignore[index]
        self.fixed_axes = (self.axis,)
        self.momentum = checked_number(momentum, "BatchNormalization: momentum", 0.0, 1.0)
        self.epsilon = checked_number(epsilon, "BatchNormalization: epsilon", 0.0)
        self.center = checked_flag(center, "center", self)
        self.scale = checked_flag(scale, "scale", self)
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer
        self.beta_constraint = beta_constraint
        self.gamma_constraint = gamma_constraint
        self.check_choices()

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        rank = len(shape)
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise KernelShapeError(
                f"{self.title}: axis={self.axis} of an input of {rank} axes; wanted an axis of a "
                "sample, not that of the batch"
            )

    def build(self, input_shape: Any) -> None:
        size = (input_shape[self.axis],)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                size,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                size,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.moving_mean = self.add_weight(
            "moving_mean", size, self.moving_mean_initializer, trainable=False
        )
        self.moving_variance = self.add_weight(
            "moving_variance", size, self.moving_variance_initializer, trainable=False
        )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        axis = self.axis % x.ndim
        mean: Tensor = self.moving_mean
        variance: Tensor = self.moving_variance
        if training and self.trainable:
            mean, variance = moments(x, tuple(a for a in range(x.ndim) if a != axis))
            self._follow(mean, variance)
        along = tuple(n if a == axis else 1 for a, n in enumerate(x.shape))

        def shaped(weight: Tensor | None) -> Tensor | None:
            return weight if weight is None or axis == x.ndim - 1 else reshape(weight, along)

        return batch_norm(
            x,
            shaped(mean),
            shaped(variance),
            shaped(self.beta),
            shaped(self.gamma),
            epsilon=self.epsilon,
        )

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        """Bring the moving averages towards a batch's mean and variance."""
        keep = self.momentum
        with no_grad():
            for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * keep + seen * (1.0 - keep))
