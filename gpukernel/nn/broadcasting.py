"""Broadcasting: numbers repeated along axes."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Union

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import METHODS, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape


@elementwise("g")
def _repeated(x):
    return x


def broadcast_to(x: TensorLike, shape: Union[int, Sequence[int]]) -> Tensor:
    """Return the tensor repeated to a shape that it broadcasts to.

    Raises:
        KernelShapeError: it does not broadcast to the shape.
        KernelTypeError: the shape is no ints.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.broadcast_to(nn.tensor([1, 2]), (2, 2)).tolist()
        [[1, 2], [1, 2]]
    """
    source, wanted = as_tensor(x), _sizes(shape)
    if source.shape == wanted:
        return source
    padded = (1,) * (len(wanted) - source.ndim) + source.shape
    if len(padded) != len(wanted) or any(
        n != m and (n != 1 or m < 0) for n, m in zip(padded, wanted)
    ):
        raise KernelShapeError(f"nn.broadcast_to: {source.shape} does not broadcast to {wanted}")
    if len(wanted) > MAX_RANK:
        return _merged(source, padded, wanted)
    return _repeat(source, wanted)


def _sizes(shape: Union[int, Sequence[int]]) -> Shape:
    try:
        return tuple(map(operator.index, shape if isinstance(shape, Iterable) else (shape,)))
    except TypeError:
        raise KernelTypeError(f"nn.broadcast_to: a shape is ints, not {shape!r}") from None


def _repeat(x: Tensor, shape: Shape) -> Tensor:
    operation = _repeated_bool if x.dtype == np.bool_ else _repeated
    return operation.apply((x,), shape)  # type: ignore[no-any-return]


def _merged(x: Tensor, padded: Shape, wanted: Shape) -> Tensor:
    """Repeat a tensor to more than four axes: neighbours that are repeated alike become one."""
    axes = [(n != m, n, m) for n, m in zip(padded, wanted) if m != 1]
    runs = [
        (repeats, math.prod(n for _, n, _ in run), math.prod(m for _, _, m in run))
        for repeats, group in groupby(axes, key=lambda axis: axis[0])
        for run in [list(group)]
    ]
    sizes = [n for _, n, _ in runs]
    for place, (repeats, _, m) in enumerate(runs):
        if repeats:
            before, after = math.prod(sizes[:place]), math.prod(sizes[place + 1 :])
            sizes[place] = m
            x = _repeat(METHODS["reshape"](x, (before, 1, after)), (before, m, after))
    repeated: Tensor = METHODS["reshape"](x, wanted)
    return repeated


@elementwise("0", result="bool")
def _repeated_bool(x):
    return x
