"""The layers that slide a window over inputs: maxima and means of it."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.spatial import checked_format, checked_padding, per_axis, window_count
from gpukernel.nn.ops.pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from gpukernel.nn.tensor import Tensor


class Pooling(Layer):
    """The base of the layers of this file; ``num_axes`` is the number of spatial axes."""

    num_axes = 0
    keeps_steps = False

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.pool_size = per_axis(pool_size, self.num_axes, "pool_size", self)
        wanted = self.pool_size if strides is None else strides
        self.strides = per_axis(wanted, self.num_axes, "strides", self)
        self.padding = checked_padding(padding, self)
        self.data_format = checked_format(data_format, self)

    def check_input(self, shape: Any) -> None:
        super().check_input(shape)
        self.places(shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        return (input_shape[0], *self.places(input_shape), input_shape[-1])

    def places(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return how many windows there are along each spatial axis."""
        what = f"{self.title} was given shape {tuple(input_shape)}"
        return tuple(
            window_count(n, size, stride, self.padding, what)
            for n, size, stride in zip(input_shape[1:-1], self.pool_size, self.strides)
        )


class MaxPooling1D(Pooling):
    """The largest number of each window over steps of sequences.

    Args:
        pool_size: the steps of a window.
        strides: from one window to the next; ``pool_size`` by default.
        padding: "valid", or "same", where windows may reach over the edge: only real cells count.
        data_format: "channels_last", the only one there is.

    Input: (batch, steps, channels).  Output: (batch, windows, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.MaxPooling1D(2)(nn.zeros((1, 6, 3))).shape
        (1, 3, 3)
    """

    num_axes = 1
    ranks = (3,)

    def call(self, x: Tensor) -> Tensor:
        return max_pool1d(x, self.pool_size[0], self.strides[0], self.padding)


class MaxPooling2D(Pooling):
    """The largest number of each window over windows of images.

    Args:
        pool_size: the rows and columns of a window, one int for both.
        strides: from one window to the next; ``pool_size`` by default.
        padding: "valid", or "same", where windows may reach over the edge: only real cells count.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, windows, windows, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.MaxPooling2D(2)(nn.zeros((1, 6, 4, 3))).shape
        (1, 3, 2, 3)
    """

    num_axes = 2
    ranks = (4,)

    def call(self, x: Tensor) -> Tensor:
        return max_pool2d(x, self.pool_size, self.strides, self.padding)


class AveragePooling1D(Pooling):
    """The mean of each window over steps of sequences.

    Args:
        pool_size: the steps of a window.
        strides: from one window to the next; ``pool_size`` by default.
        padding: "valid", or "same", where windows may reach over the edge: the mean is that of
            the real cells.
        data_format: "channels_last", the only one there is.

    Input: (batch, steps, channels).  Output: (batch, windows, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.AveragePooling1D(2)(nn.zeros((1, 6, 3))).shape
        (1, 3, 3)
    """

    num_axes = 1
    ranks = (3,)

    def call(self, x: Tensor) -> Tensor:
        return avg_pool1d(x, self.pool_size[0], self.strides[0], self.padding)


class AveragePooling2D(Pooling):
    """The mean of each window over windows of images.

    Args:
        pool_size: the rows and columns of a window, one int for both.
        strides: from one window to the next; ``pool_size`` by default.
        padding: "valid", or "same", where windows may reach over the edge: the mean is that of
            the real cells.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, windows, windows, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.AveragePooling2D(2)(nn.zeros((1, 6, 4, 3))).shape
        (1, 3, 2, 3)
    """

    num_axes = 2
    ranks = (4,)

    def call(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, self.pool_size, self.strides, self.padding)
