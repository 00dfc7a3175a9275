"""`ZeroPadding2D`: zeros around images."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelTypeError
from gpukernel.nn.layers.base import Layer
from gpukernel.nn.layers.spatial import checked_format
from gpukernel.nn.ops.padding import pad
from gpukernel.nn.tensor import Tensor


class ZeroPadding2D(Layer):
    """Put zeros around images.

    Args:
        padding: an int for all sides, ``(rows, cols)`` for both sides of each, or
            ``((top, bottom), (left, right))``.
        data_format: "channels_last", the only one there is.

    Input: (batch, rows, cols, channels).  Output: the same with more rows and columns.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.layers.ZeroPadding2D((1, 2))(nn.zeros((1, 3, 4, 2))).shape
        (1, 5, 8, 2)
    """

    ranks = (4,)

    def __init__(self, padding: Any = 1, data_format: str | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.data_format = checked_format(data_format, self)
        sides = [_pair(side) for side in _pair(padding)]
        if len(sides) != 2 or not all(_is_size(n) for side in sides for n in side or (None,)):
            raise KernelTypeError(
                f"ZeroPadding2D: padding={padding!r} is not an int, (rows, cols) or "
                "((top, bottom), (left, right)), none negative"
            )
        (top, bottom), (left, right) = sides
        self.padding = ((int(top), int(bottom)), (int(left), int(right)))

    def call(self, x: Tensor) -> Tensor:
        return pad(x, ((0, 0), *self.padding, (0, 0)))

    def compute_output_shape(self, input_shape: Any) -> Any:
        self.check_input(input_shape)
        rows, cols = (
            None if n is None else n + sum(side) for n, side in zip(input_shape[1:3], self.padding)
        )
        return (input_shape[0], rows, cols, input_shape[3])


def _pair(value: Any) -> Any:
    """Return an int twice, a pair as it is, and () for all else."""
    if isinstance(value, (int, np.integer)):
        return (value, value)
    return value if isinstance(value, (tuple, list)) and len(value) == 2 else ()


def _is_size(n: Any) -> bool:
    return isinstance(n, (int, np.integer)) and not isinstance(n, bool) and int(n) >= 0
