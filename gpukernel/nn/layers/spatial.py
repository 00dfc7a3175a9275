"""Windows over the spatial axes of inputs, as layers are asked for them: sizes and how many fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError, KernelValueError

Sizes = tuple[int, ...]


def per_axis(value: Any, rank: int, name: str, layer: object) -> Sizes:
    """Return a positive int for each spatial axis, from one int or as many.

    Raises:
        KernelTypeError: it is neither.
    """
    given = (value,) * rank if isinstance(value, (int, np.integer)) else value
    is_right = isinstance(given, (tuple, list)) and len(given) == rank
    if not is_right or any(
        isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in given
    ):
        wanted = "a positive int" if rank == 1 else f"a positive int or {rank} of them"
        raise KernelTypeError(f"{type(layer).__name__}: {name}={value!r} is not {wanted}")
    return tuple(int(n) for n in given)


def checked_padding(value: Any, layer: object, known: tuple[str, ...] = ("same", "valid")) -> str:
    """Return "same" or "valid" in small letters.

    Raises:
        KernelValueError: it is neither.
    """
    if not isinstance(value, str) or value.lower() not in known:
        wanted = " or ".join(f'"{one}"' for one in known)
        raise KernelValueError(f"{type(layer).__name__}: padding={value!r} is not {wanted}")
    return value.lower()


def checked_format(value: Any, layer: object) -> str:
    """Return "channels_last", the only layout there is; None means it.

    Raises:
        KernelValueError: it is another one.
    """
    if value not in (None, "channels_last"):
        raise KernelValueError(
            f"{type(layer).__name__}: data_format={value!r:.60} is not supported: channels are "
            "the last axis\nhint: bring them there with x.transpose((0, 2, 3, 1))"
        )
    return "channels_last"


def window_count(
    n: int | None, size: int, stride: int, padding: str, what: str, dilation: int = 1
) -> int | None:
    """Return how many windows fit along an axis of ``n`` cells; None where that is open.

    Raises:
        KernelShapeError: not even one does; ``what`` names the layer in the message.
    """
    if n is None:
        return None
    if padding in ("same", "causal"):
        return -(-n // stride)
    span = (size - 1) * dilation + 1
    if n < span:
        raise KernelShapeError(
            f"{what}: a window of {span} cells does not fit into an axis of {n} cells\n"
            'hint: padding="same", or smaller windows'
        )
    return (n - span) // stride + 1


def spread_count(n: int | None, size: int, stride: int, padding: str) -> int | None:
    """Return how many cells a transposed convolution makes of ``n``."""
    if n is None:
        return None
    return n * stride if padding == "same" else n * stride + max(size - stride, 0)


def product(sizes: tuple[int | None, ...]) -> int | None:
    """Return the product of sizes; None where one is open."""
    total = 1
    for n in sizes:
        if n is None:
            return None
        total *= n
    return total
