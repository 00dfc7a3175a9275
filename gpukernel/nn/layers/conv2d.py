"""`Conv2D`: filters that slide over images."""

from __future__ import annotations

from gpukernel.nn.layers.convolution import Convolution
from gpukernel.nn.ops.convolution import conv2d
from gpukernel.nn.tensor import Tensor


class Conv2D(Convolution):
    """Slide filters over images.

    Args:
        filters: how many there are: the channels of the result.
        kernel_size: the rows and columns that a filter covers, one int for both.
        strides: rows and columns from one place of the filter to the next.
        padding: "valid", or "same" for as many places as pixels (divided by ``strides``).
        dilation_rate: rows and columns from one element of a filter to the next.
        groups: how many parts the channels are in; each has filters of its own.
        activation, use_bias and the initializers, regularizers, constraints: as for `Dense`.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, places, places, filters).
    Weights: kernel (rows, cols, channels // groups, filters), bias (filters,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Conv2D(4, 3, padding="same")(nn.zeros((2, 8, 8, 1))).shape
        (2, 8, 8, 4)
    """

    num_axes = 2
    ranks = (4,)

    def call(self, x: Tensor) -> Tensor:
        result = conv2d(x, self.kernel, self.strides, self.padding, self.dilation_rate, self.groups)
        return self.finished(result)
