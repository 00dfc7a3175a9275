"""Weights that are about to be filled from a file: zeros, and no more of them than it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError
from gpukernel.nn.values import Shape

_left: ContextVar[list[int] | None] = ContextVar("gpukernel_nn_blank_weights", default=None)


@contextmanager
def blank_weights(numbers: int) -> Iterator[None]:
    """Let layers that are built inside have zeros as weights, so many numbers and no more.

    An architecture from a file may claim any size, and drawing first weights would change what
    the program draws after.
    """
    token = _left.set([numbers])
    try:
        yield
    finally:
        _left.reset(token)


def blank_weight(shape: Shape, what: str) -> Any:
    """Return zeros inside `blank_weights`, else None.

    Raises:
        KernelShapeError: there are more numbers than the file holds.
    """
    left = _left.get()
    if left is None:
        return None
    left[0] -= math.prod(shape)
    if left[0] < 0:
        raise KernelShapeError(f"{what}, of shape {shape}, is larger than all that the file holds")
    return np.zeros(shape, np.float32)
