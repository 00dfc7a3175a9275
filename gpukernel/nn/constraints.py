"""Constraints: from a weight to one that is allowed; Keras's names, defaults and formulas.

They are applied after the optimizer has updated a weight; no gradient passes through them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Union

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.registry import (
    Configurable,
    Identifier,
    Registry,
    checked_number,
    custom_object,
    is_plain_function,
    named_function,
)
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor

__all__ = [
    "Constraint",
    "FunctionConstraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "unit_norm",
]
Axis = Union[int, Sequence[int]]
EPSILON = 1e-7  # added to norms that are divided by


class Constraint(Configurable):
    """What all constraints are: called with a weight, they return one of the same shape.

    One of your own derives from this class and has ``__call__``.
    """

    def __call__(self, w: TensorLike) -> Tensor:
        raise KernelError(f"{type(self).__name__} does not define __call__")


constraints: Registry[Constraint] = Registry("constraint", Constraint)


def get(identifier: Identifier) -> Constraint | None:
    """Return the constraint of a name, a configuration, a function or a class; None for None.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("non_neg")
        NonNeg()
    """
    given = custom_object(identifier) if isinstance(identifier, str) else identifier
    if is_plain_function(given):
        return FunctionConstraint(given)
    return None if identifier is None else constraints.get(identifier)


@elementwise(result="float")
def squared_weight(w):
    return w * w


@elementwise(result="float")
def not_negative(w):
    return w if w >= 0.0 else 0.0


@elementwise(result="float")
def to_norm(w, squares, low, high, rate, epsilon):
    norm = math.sqrt(squares)
    wanted = rate * min(max(norm, low), high) + (1.0 - rate) * norm
    return w * (wanted / (epsilon + norm))


def _scaled(w: TensorLike, axis: Axis, low: float, high: float, rate: float) -> Tensor:
    """Return a weight whose norms along an axis are moved towards ``[low, high]``."""
    weight = as_tensor(w)
    axes = axis if isinstance(axis, int) else tuple(axis)
    squares = add_up(squared_weight(weight), axes, keepdims=True)
    result: Tensor = to_norm(weight, squares, low, high, rate, EPSILON)
    return result


def _checked_axis(axis: Axis) -> Axis:
    given = [axis] if isinstance(axis, int) else list(axis)
    if any(isinstance(a, bool) or not isinstance(a, int) for a in given):
        raise KernelTypeError(f"axis is {axis!r}, but it is to be an int or several")
    return axis if isinstance(axis, int) else given


@constraints.add()
class NonNeg(Constraint):
    """Negative numbers become 0.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     NonNeg()([-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: TensorLike) -> Tensor:
        result: Tensor = not_negative(as_tensor(w))
        return result


@constraints.add()
class MaxNorm(Constraint):
    """Scale vectors down to a Euclidean norm of at most ``max_value``.

    Args:
        max_value: at least 0.
        axis: along which the vectors lie: 0 for the inputs of each unit of a dense layer,
            ``(0, 1, 2)`` for each filter of a 2-D convolution.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     w = MaxNorm(1.0)([[3.0, 0.3], [4.0, 0.4]])
        >>> [[round(x, 4) for x in row] for row in w.tolist()]
        [[0.6, 0.3], [0.8, 0.4]]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = checked_number(max_value, "max_value", 0.0)
        self.axis = _checked_axis(axis)

    def __call__(self, w: TensorLike) -> Tensor:
        return _scaled(w, self.axis, 0.0, self.max_value, 1.0)


@constraints.add()
class UnitNorm(Constraint):
    """Scale vectors to a Euclidean norm of 1.

    Args:
        axis: as for `MaxNorm`.
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _checked_axis(axis)

    def __call__(self, w: TensorLike) -> Tensor:
        return _scaled(w, self.axis, 1.0, 1.0, 1.0)


@constraints.add()
class MinMaxNorm(Constraint):
    """Scale vectors so that their norms are in ``[min_value, max_value]``, or go there.

    Args:
        min_value: at least 0.
        max_value: at least ``min_value``.
        rate: how much of the way the norms go, from 0 to 1.
        axis: as for `MaxNorm`.
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value = checked_number(min_value, "min_value", 0.0)
        self.max_value = checked_number(max_value, "max_value", 0.0)
        self.rate = checked_number(rate, "rate", 0.0, 1.0)
        self.axis = _checked_axis(axis)
        if self.max_value < self.min_value:
            raise KernelValueError(
                f"MinMaxNorm: min_value {min_value} is more than max_value {max_value}"
            )

    def __call__(self, w: TensorLike) -> Tensor:
        return _scaled(w, self.axis, self.min_value, self.max_value, self.rate)


@constraints.add(by_name=False)
class FunctionConstraint(Constraint):
    """A function of a weight that returns one of the same shape.

    Its configuration has the function's name only: who makes it again gives the function in
    `registry.custom_objects`.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     get(lambda w: w.clip(-1.0, 1.0))([0.5, -3.0]).tolist()
        [0.5, -1.0]
    """

    def __init__(self, function: Callable[..., Any] | str) -> None:
        self.function = named_function(function, "constraint")

    def get_config(self) -> dict[str, Any]:
        return {"function": getattr(self.function, "__name__", type(self.function).__name__)}

    def __call__(self, w: TensorLike) -> Tensor:
        weight = as_tensor(w)
        found = self.function(weight)
        if not isinstance(found, Tensor) or found.shape != weight.shape:
            name = self.get_config()["function"]
            got = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
            raise KernelShapeError(f"constraint {name} gave {got}, wanted shape {weight.shape}")
        return found


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm  # as in Keras
