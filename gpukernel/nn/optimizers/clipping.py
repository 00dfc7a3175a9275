"""Gradient clipping, on the device: gradients in, gradients out, nothing read back."""

from __future__ import annotations

import functools
import math

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.tensor import Tensor


@elementwise(result="float")
def clipped_value(g, limit):
    return min(max(g, -limit), limit)


@elementwise(result="float")
def squared(g):
    return g * g


@elementwise(result="float")
def added(a, b):
    return a + b


@elementwise(result="float")
def clipping_factor(total, limit):
    return limit / max(math.sqrt(total), limit)


@elementwise(result="float")
def scaled(g, factor):
    return g * factor


def clip_values(grads: list[Tensor], limit: float) -> list[Tensor]:
    """Return the gradients with every element brought into ``[-limit, limit]``."""
    return [clipped_value(g, limit) for g in grads]


def clip_norms(grads: list[Tensor], limit: float) -> list[Tensor]:
    """Return the gradients, each scaled down to Euclidean norm ``limit`` if its norm is more."""
    return [scaled(g, clipping_factor(add_up(squared(g)), limit)) for g in grads]


def clip_global_norm(grads: list[Tensor], limit: float) -> list[Tensor]:
    """Return the gradients scaled by one factor: all together have norm ``limit`` at most."""
    if not grads:
        return grads
    total = functools.reduce(added, [add_up(squared(g)) for g in grads])
    factor = clipping_factor(total, limit)
    return [scaled(g, factor) for g in grads]
