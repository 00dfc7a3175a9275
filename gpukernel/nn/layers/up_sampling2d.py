"""`UpSampling2D`: more pixels of the same image."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelValueError
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.spatial import checked_format, per_axis
from gpukernel.nn.ops.resizing import resize_bilinear, resize_nearest
from gpukernel.nn.tensor import Tensor

_RESIZE = {"nearest": resize_nearest, "bilinear": resize_bilinear}


class UpSampling2D(Layer):
    """Enlarge images by whole factors.

    Args:
        size: the factors of rows and columns, one int for both.
        interpolation: "nearest", which repeats pixels, or "bilinear".
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: (batch, rows * size, cols * size, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.UpSampling2D(2)(nn.zeros((1, 3, 4, 2))).shape
        (1, 6, 8, 2)
    """

    ranks = (4,)

    def __init__(
        self,
        size: Any = 2,
        data_format: str | None = None,
        interpolation: str = "nearest",
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.data_format = checked_format(data_format, self)
        self.size = per_axis(size, 2, "size", self)
        if not isinstance(interpolation, str) or interpolation not in _RESIZE:
            raise KernelValueError(
                f'UpSampling2D: interpolation={interpolation!r} is not "nearest" or "bilinear"'
            )
        self.interpolation = interpolation

    def call(self, x: Tensor) -> Tensor:
        return _RESIZE[self.interpolation](x, self.compute_output_shape(x.shape)[1:3])

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        rows, cols = (
            None if n is None else n * factor for n, factor in zip(input_shape[1:3], self.size)
        )
        return (input_shape[0], rows, cols, input_shape[3])
