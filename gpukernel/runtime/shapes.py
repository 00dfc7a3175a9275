"""Shape arguments, checked and completed."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK


def read_shape(shape: Any, *, allow_rest: bool = False) -> tuple[int, ...]:
    """Return a shape argument as a tuple of ints.

    Raises:
        KernelTypeError: not ints, or not 1 to 4 of them.
        KernelShapeError: a negative size (-1 is kept with ``allow_rest``).
    """
    try:
        sizes = tuple(map(operator.index, shape if np.iterable(shape) else (shape,)))
    except TypeError:
        raise KernelTypeError(f"a shape is an int or a tuple of ints, not {shape!r}") from None
    if not 1 <= len(sizes) <= MAX_RANK:
        raise KernelTypeError(f"arrays have 1 to {MAX_RANK} axes, but shape {sizes} was asked for")
    if min(sizes) < (-1 if allow_rest else 0):
        raise KernelShapeError(f"the sizes of a shape cannot be negative: {sizes}")
    return sizes


def fill_in_shape(sizes: tuple[int, ...], old: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``sizes`` with a -1 replaced so that the product is that of ``old``.

    Raises:
        KernelShapeError: that is not possible.
    """
    size = math.prod(old)
    known = math.prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known and size % known == 0:
        return tuple(size // known if n == -1 else n for n in sizes)
    if -1 in sizes or known != size:
        raise KernelShapeError(f"an array of shape {old} cannot be reshaped to {sizes}")
    return sizes
