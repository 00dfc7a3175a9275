"""Regularizers: from a weight to a number that is added to the loss; Keras's names and defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpukernel.errors import KernelError, KernelShapeError
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
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor, tensor

__all__ = ["L1", "L1L2", "L2", "FunctionRegularizer", "Regularizer", "l1", "l1_l2", "l2"]


class Regularizer(Configurable):
    """What all regularizers are: called with a weight, they return a single float.

    One of your own derives from this class and has ``__call__``.
    """

    def __call__(self, x: TensorLike) -> Tensor:
        raise KernelError(f"{type(self).__name__} does not define __call__")


regularizers: Registry[Regularizer] = Registry("regularizer", Regularizer)


def get(identifier: Identifier) -> Regularizer | None:
    """Return the regularizer of a name, a configuration, a function or a class; None for None.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("l2")
        L2(l2=0.01)
    """
    given = custom_object(identifier) if isinstance(identifier, str) else identifier
    if is_plain_function(given):
        return FunctionRegularizer(given)
    return None if identifier is None else regularizers.get(identifier)


@elementwise(
    "g * l1 * ((1.0 if x > 0.0 else 0.0) - (1.0 if x < 0.0 else 0.0))", None, result="float"
)
def absolute_penalty(x, l1):
    return l1 * abs(x)


@elementwise("g * 2.0 * l2 * x", None, result="float")
def squared_penalty(x, l2):
    return l2 * x * x


@elementwise(
    "g * (l1 * ((1.0 if x > 0.0 else 0.0) - (1.0 if x < 0.0 else 0.0)) + 2.0 * l2 * x)",
    None,
    None,
    result="float",
)
def both_penalties(x, l1, l2):
    return l1 * abs(x) + l2 * x * x


@regularizers.add()
class L1(Regularizer):
    """``l1 * sum(|x|)``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     L1(0.5)([1.0, -3.0]).item()
        2.0
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = checked_number(l1, "l1", 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        return add_up(absolute_penalty(as_tensor(x), self.l1))


@regularizers.add()
class L2(Regularizer):
    """``l2 * sum(x**2)``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     L2(0.5)([1.0, -3.0]).item()
        5.0
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = checked_number(l2, "l2", 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        return add_up(squared_penalty(as_tensor(x), self.l2))


@regularizers.add()
class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x**2)``.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     L1L2(1.0, 0.5)([1.0, -3.0]).item()
        9.0
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = checked_number(l1, "l1", 0.0)
        self.l2 = checked_number(l2, "l2", 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        weight = as_tensor(x)
        if self.l1 == 0.0 and self.l2 == 0.0:
            return tensor(0.0, device=weight.device)
        return add_up(both_penalties(weight, self.l1, self.l2))


@regularizers.add(by_name=False)
class FunctionRegularizer(Regularizer):
    """A function of a weight that returns a single float.

    Its configuration has the function's name only: who makes it again gives the function in
    `registry.custom_objects`.

    Example:
        >>> import gpukernel as gk
        >>> with gk.device("cpu"):
        ...     get(lambda w: w.square().max())(tensor([1.0, -3.0])).item()
        9.0
    """

    def __init__(self, function: Callable[..., Any] | str) -> None:
        self.function = named_function(function, "regularizer")

    def get_config(self) -> dict[str, Any]:
        return {"function": getattr(self.function, "__name__", type(self.function).__name__)}

    def __call__(self, x: TensorLike) -> Tensor:
        found = self.function(as_tensor(x))
        if not isinstance(found, Tensor) or found.ndim:
            name = self.get_config()["function"]
            got = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
            raise KernelShapeError(f"regularizer {name} gave {got}, wanted a single float")
        return found


l1, l2, l1_l2 = L1, L2, L1L2  # Keras's other names
