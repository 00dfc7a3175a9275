"""Dropout: elements set to zero at random while training."""

from __future__ import annotations

from typing import Any

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.operands import checked_int, float_operands
from gpukernel.nn.ops.random import random_uniform
from gpukernel.nn.tensor import Tensor, TensorLike
from gpukernel.nn.values import Shape, is_number

__all__ = ["dropout"]


@elementwise(
    "g / (1.0 - rate) if drawn >= rate else 0.0", "0", None, result="float", name="dropout"
)
def _dropped(x, drawn, rate):
    return x / (1.0 - rate) if drawn >= rate else 0.0


def dropout(
    x: TensorLike,
    rate: float,
    training: bool = True,
    seed: int | None = None,
    noise_shape: Any = None,
) -> Tensor:
    """Return ``x`` with a part of its elements set to zero, the others scaled up to make up for it.

    Every element is zero with probability ``rate``, else divided by ``1 - rate``; the gradient
    passes through those that are left.  Which ones they are has the same bits on every device.

    Args:
        x: float32 of any shape.
        rate: 0 <= rate < 1; with 0 the result is ``x``.
        training: with False the result is ``x``.
        seed: an int from 0 to 2**64 - 1; that of `gpukernel.seed` goes on when left out.
        noise_shape: sizes that broadcast to those of ``x``, None for its own; along an axis of
            size 1 all elements share one draw.

    Raises:
        KernelTypeError: x is not float32, or the rate no number.
        KernelShapeError: the rate is outside [0, 1), or the noise does not broadcast.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = dropout(nn.ones(1000), 0.5, seed=1).numpy()
        >>> bool(abs(x.mean() - 1.0) < 0.1), sorted(set(x.tolist()))
        (True, [0.0, 2.0])
    """
    (source,) = float_operands("dropout", x=x)
    if not is_number(rate) or isinstance(rate, bool):
        raise KernelTypeError(f"nn.dropout: rate={rate!r} is not a number")
    if not 0.0 <= rate < 1.0:
        raise KernelShapeError(f"nn.dropout: rate={rate!r} is outside 0 <= rate < 1")
    sizes = source.shape if noise_shape is None else _noise_shape(noise_shape, source.shape)
    if not training or rate == 0:
        return source
    drawn = random_uniform(sizes, seed=seed, device=source.device)
    result: Tensor = _dropped(source, drawn, float(rate))
    return result


def _noise_shape(noise_shape: Any, shape: Shape) -> Shape:
    given = noise_shape if isinstance(noise_shape, (tuple, list)) else (noise_shape,)
    sizes = list(shape) if len(given) == len(shape) else [-1] * len(given)
    for axis, n in enumerate(given):
        if n is not None:
            sizes[axis] = checked_int("dropout", "noise_shape", n, 0)
    if len(given) != len(shape) or any(n not in (1, m) for n, m in zip(sizes, shape)):
        raise KernelShapeError(
            f"nn.dropout: noise_shape {tuple(given)} does not broadcast to {shape}\n"
            "hint: give a size for each axis, 1 for those that share their draws"
        )
    return tuple(sizes)
