"""Sums and means of the losses of samples, with weights, as few kernels as can be.

Unlike those of `sum` and `mean`, their gradients start a chain: no kernel runs to spread a single
number.
"""

from __future__ import annotations

from math import prod

import numpy as np

from gpukernel import reductions
from gpukernel.errors import KernelShapeError
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.losses.functions import floats
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Spec
from gpukernel.nn.reducing import MAX_LOOP, Axes, Fold, passes
from gpukernel.nn.tape import Cotangents, is_recording
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape, Value

_total = Fold(
    "total",
    (("total = 0.0", "total = total + x"),),
    passes(reductions.sum),
    lambda x, axes: np.add.reduce(x, axis=axes),
)


@_total.vjp
def _total_vjp(g: Tensor, _result: Spec, _x: Spec, axes: Axes) -> Cotangents:
    return (broadcast_to(g, _x.shape),)


def total(x: Tensor) -> Tensor:
    """Return the sum of all numbers of a tensor."""
    return _total(x, tuple(range(x.ndim))) if x.ndim else x


@elementwise("g * part", None, result="float")
def scaled(x, part):
    return x * part


def spread_number(g: Tensor) -> tuple[Tensor, float] | None:
    """Return ``(number, part)`` of a cotangent that is ``number * part`` everywhere.

    None if it is not known to be, or if gradients of gradients are being recorded.  Where a whole
    array of the cotangent would be read, this spares the kernel that spreads the number.
    """
    value = g._value
    if is_recording() or not value.is_waiting or value.operation is not scaled:
        return None
    number, part = value.inputs
    if not isinstance(number, Value) or number.shape != () or isinstance(part, Value):
        return None
    return Tensor(number), float(part)


_average = Fold(
    "average",
    (("total = 0.0", "total = total + x"),),
    passes(reductions.mean),
    lambda x, axes: np.mean(x, axis=axes),
    result="total / float(count)",
)


@_average.vjp
def _average_vjp(g: Tensor, _result: Spec, _x: Spec, axes: Axes) -> Cotangents:
    return (scaled.apply((g, 1.0 / prod(_x.shape)), _x.shape),)


def average(x: Tensor) -> Tensor:
    """Return the mean of all numbers of a tensor that has some."""
    if x.ndim == 0:
        return x
    if x.size > MAX_LOOP:
        return total(scaled(x, 1.0 / x.size))
    return _average(x, tuple(range(x.ndim)))


@elementwise("g * w * part", "g * x * part", None, result="float")
def weighted(x, w, part):
    return x * w * part


def fitting_weights(weights: TensorLike, losses: Tensor, rank: int, name: str) -> Tensor:
    """Return weights of samples in a shape that broadcasts to that of the losses.

    Args:
        weights: of the losses' first axes, or all.
        losses: of samples, along the first ``rank`` axes.
        rank: how many axes tell samples apart.
        name: for the error.
    """
    given = floats(as_tensor(weights, losses._value.device))
    shape: Shape = given.shape
    while len(shape) > rank and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) > rank or any(n not in (1, m) for n, m in zip(shape, losses.shape)):
        raise KernelShapeError(
            f"{name}: sample_weight has shape {given.shape}, "
            f"but the losses of the samples have shape {losses.shape[:rank]}"
        )
    return reshape(given, (*shape, *(1 for _ in range(losses.ndim - len(shape)))))
