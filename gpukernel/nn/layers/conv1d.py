"""`Conv1D`: filters that slide along sequences."""

from __future__ import annotations

from gpukernel.nn.layers.convolution import Convolution
from gpukernel.nn.ops.convolution import conv1d
from gpukernel.nn.ops.padding import pad
from gpukernel.nn.tensor import Tensor


class Conv1D(Convolution):
    """Slide filters along the steps of sequences.

    Args:
        filters: how many there are: the channels of the result.
        kernel_size: the steps that a filter covers.
        strides: the steps from one place of the filter to the next.
        padding: "valid", or "same" for as many places as steps (divided by ``strides``), or
            "causal": as many, and no place sees steps after its own.
        dilation_rate: the steps from one element of a filter to the next.
        groups: how many parts the channels are in; each has filters of its own.
        activation, use_bias and the initializers, regularizers, constraints: as for `Dense`.
        data_format: "channels_last", the only one there is.

    Input: (batch, steps, channels).  Output: (batch, places, filters).
    Weights: kernel (kernel_size, channels // groups, filters), bias (filters,).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.Conv1D(4, 3)(nn.zeros((2, 10, 5))).shape
        (2, 8, 4)
    """

    num_axes = 1
    ranks = (3,)
    paddings = ("same", "valid", "causal")

    def call(self, x: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            before = (self.kernel_size[0] - 1) * self.dilation_rate[0]
            x, padding = pad(x, ((0, 0), (before, 0), (0, 0))), "valid"
        result = conv1d(
            x, self.kernel, self.strides[0], padding, self.dilation_rate[0], self.groups
        )
        return self.finished(result)
