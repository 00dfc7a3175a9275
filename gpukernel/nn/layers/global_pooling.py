"""The layers that fold whole sequences or images: one number for each channel."""

from __future__ import annotations

from typing import Any

from gpukernel.nn.layers.base import Layer, checked_flag
from gpukernel.nn.layers.spatial import checked_format
from gpukernel.nn.ops.arithmetic import maximum
from gpukernel.nn.ops.choices import cast
from gpukernel.nn.ops.pooling import (
    global_avg_pool1d,
    global_avg_pool2d,
    global_max_pool1d,
    global_max_pool2d,
)
from gpukernel.nn.tensor import FLOAT, Tensor, as_tensor


class GlobalPooling(Layer):
    """The base of the layers of this file.

    Args:
        keepdims: keep the folded axes, with size 1.
    """

    keeps_steps = False

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **keywords: Any
    ) -> None:
        super().__init__(**keywords)
        self.data_format = checked_format(data_format, self)
        self.keepdims = checked_flag(keepdims, "keepdims", self)

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        folded = (1,) * (len(input_shape) - 2) if self.keepdims else ()
        return (input_shape[0], *folded, input_shape[-1])

    def finished(self, result: Tensor, x: Tensor) -> Tensor:
        """Return a result of shape (batch, channels) as it was asked for."""
        return result.reshape(self.compute_output_shape(x.shape)) if self.keepdims else result


class GlobalMaxPooling1D(GlobalPooling):
    """The largest number of each channel.

    Args:
        keepdims: keep the folded axes, with size 1.
        data_format: "channels_last", the only one there is.

    Input: (batch, steps, channels).  Output: (batch, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.GlobalMaxPooling1D()(nn.zeros((1, 6, 3))).shape
        (1, 3)
    """

    ranks = (3,)

    def call(self, x: Tensor) -> Tensor:
        return self.finished(global_max_pool1d(x), x)


class GlobalMaxPooling2D(GlobalPooling):
    """The largest number of each channel.

    Args:
        keepdims: keep the folded axes, with size 1.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.GlobalMaxPooling2D()(nn.zeros((1, 6, 4, 3))).shape
        (1, 3)
    """

    ranks = (4,)

    def call(self, x: Tensor) -> Tensor:
        return self.finished(global_max_pool2d(x), x)


class GlobalAveragePooling1D(GlobalPooling):
    """The mean of each channel, over the steps that count where there is a mask.

    Args:
        keepdims: keep the folded axes, with size 1.
        data_format: "channels_last", the only one there is.

    Input: (batch, steps, channels).  Output: (batch, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.GlobalAveragePooling1D()(nn.zeros((1, 6, 3))).shape
        (1, 3)
    """

    ranks = (3,)

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        if mask is None:
            return self.finished(global_avg_pool1d(x), x)
        counts = cast(as_tensor(mask, x._value.device), FLOAT).reshape((*x.shape[:2], 1))
        return self.finished((x * counts).sum(1) / maximum(counts.sum(1), 1.0), x)


class GlobalAveragePooling2D(GlobalPooling):
    """The mean of each channel.

    Args:
        keepdims: keep the folded axes, with size 1.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.GlobalAveragePooling2D()(nn.zeros((1, 6, 4, 3))).shape
        (1, 3)
    """

    ranks = (4,)

    def call(self, x: Tensor) -> Tensor:
        return self.finished(global_avg_pool2d(x), x)
