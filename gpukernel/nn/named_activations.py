"""Activation functions by name, as layers take them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, Union

from gpukernel.errors import KernelTypeError, KernelValueError
from gpukernel.nn.ops import activations, mathematics, softmax, trigonometry
from gpukernel.nn.registry import custom_object
from gpukernel.nn.tensor import Tensor, as_tensor

Activation = Callable[[Any], Tensor]
ActivationName = Union[str, Activation, None]


def linear(x: Any) -> Tensor:
    """Return the tensor itself."""
    return as_tensor(x)


ACTIVATIONS: dict[str, Activation] = {
    "linear": linear,
    "relu": activations.relu,
    "relu6": activations.relu6,
    "leaky_relu": activations.leaky_relu,
    "elu": activations.elu,
    "selu": activations.selu,
    "gelu": activations.gelu,
    "sigmoid": activations.sigmoid,
    "hard_sigmoid": activations.hard_sigmoid,
    "softplus": activations.softplus,
    "softsign": activations.softsign,
    "swish": activations.swish,
    "silu": activations.swish,
    "mish": activations.mish,
    "tanh": trigonometry.tanh,
    "exponential": mathematics.exp,
    "softmax": softmax.softmax,
    "log_softmax": softmax.log_softmax,
    "log_sigmoid": activations.log_sigmoid,
}


def get(identifier: ActivationName) -> Activation:
    """Return the activation function of a name; None means `linear`.

    Args:
        identifier: a name, or a function of a tensor, such as what `gpukernel.vectorize` makes.

    Raises:
        KernelValueError: an unknown name; the message lists the known ones.
        KernelTypeError: neither a name nor a function.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        found = custom_object(identifier)
        if found is None:
            found = ACTIVATIONS.get(identifier)
        if found is None:
            near = difflib.get_close_matches(identifier.lower(), ACTIVATIONS, n=1)
            meant = f"\nhint: did you mean {near[0]!r}?" if near else ""
            known = ", ".join(sorted(ACTIVATIONS))
            raise KernelValueError(
                f"there is no activation {identifier!r}; known are {known}{meant}"
            )
        return found  # type: ignore[no-any-return]
    if callable(identifier):
        return identifier
    raise KernelTypeError(f"{identifier!r} is no activation: give a name or a function")


def name_of(identifier: ActivationName) -> str:
    """Return the name by which a layer's configuration holds an activation."""
    if isinstance(identifier, str):
        return identifier
    function = get(identifier)
    for known_name, known in ACTIVATIONS.items():
        if known is function:
            return known_name
    name: str = getattr(function, "__name__", type(function).__name__)
    if name == "<lambda>" or name in ACTIVATIONS:
        raise KernelValueError(
            f"the function {function!r} cannot be told by its name {name!r}: "
            "define it with def, by a name that no known activation has"
        )
    return name
