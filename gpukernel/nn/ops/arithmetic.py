"""Arithmetic on tensors, element by element, with Python's meaning and NumPy's broadcasting.

Every function takes tensors or what `tensor` makes one of, of any shapes that broadcast, and
numbers.  A result is float32 if an argument is float, int32 otherwise: ints stay ints and wrap
beyond 32 bits, bools count as 0 and 1.  `div` and `reciprocal` always give floats.  Arguments
whose shapes do not broadcast raise `KernelShapeError`, those on two devices `KernelError`.
"""

from __future__ import annotations

import numpy as np

from gpukernel.errors import KernelTypeError
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import is_number

__all__ = [
    "add",
    "div",
    "floordiv",
    "maximum",
    "minimum",
    "mod",
    "mul",
    "neg",
    "pow",
    "reciprocal",
    "square",
    "sub",
]


@elementwise("g", "g")
def add(x, y):
    """Return ``x + y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.add([1.0, 2.0], 10).tolist()
        [11.0, 12.0]
    """
    return x + y


@elementwise("g", "-g")
def sub(x, y):
    """Return ``x - y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.sub([[1], [2]], [10, 20]).tolist()
        [[-9, -19], [-8, -18]]
    """
    return x - y


@elementwise("g * y", "g * x")
def mul(x, y):
    """Return ``x * y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.mul([True, False], 2.5).tolist()
        [2.5, 0.0]
    """
    return x * y


@elementwise("g / y", "-g * result / y", result="float")
def div(x, y):
    """Return ``x / y`` as a float, of ints too; by zero it is inf or nan.

    Example:
        >>> from gpukernel import nn
        >>> nn.div([1, 3], 2).tolist()
        [0.5, 1.5]
    """
    return x / y


@elementwise("0", "0")
def floordiv(x, y):
    """Return the quotient rounded down, as Python's ``//``; of ints by zero it is 0.

    The derivative is 0 by both, although the quotient jumps in places.

    Example:
        >>> from gpukernel import nn
        >>> nn.floordiv([7, -7], 2).tolist()
        [3, -4]
    """
    return x // y


@elementwise("g", "-g * (x // y)")
def mod(x, y):
    """Return the remainder, with the sign of ``y`` as Python's ``%``; of ints by zero it is 0.

    The derivative is 1 by ``x`` and ``-(x // y)`` by ``y``, although the remainder jumps in places.

    Example:
        >>> from gpukernel import nn
        >>> nn.mod([7.5, -7.5], 2).tolist()
        [1.5, 0.5]
    """
    return x % y


@elementwise("2.0 * g * x")
def square(x):
    """Return ``x * x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.square([-3, 2]).tolist()
        [9, 4]
    """
    return x * x


@elementwise("-g * (result * result)", result="float")
def reciprocal(x):
    """Return ``1 / x`` as a float, of ints too; of zero it is inf.

    Example:
        >>> from gpukernel import nn
        >>> nn.reciprocal([2.0, -4.0]).tolist()
        [0.5, -0.25]
    """
    return 1.0 / x


@elementwise("-g")
def neg(x):
    """Return ``-x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.neg([1.5, -2.0]).tolist()
        [-1.5, 2.0]
    """
    return -x


@elementwise(
    "g if x > y else 0.5 * g if x == y else 0.0", "g if y > x else 0.5 * g if x == y else 0.0"
)
def maximum(x, y):
    """Return the larger of two numbers; nan if either is nan.

    The derivative goes to the larger; where both are equal each gets one half.

    Example:
        >>> from gpukernel import nn
        >>> nn.maximum([1.0, -2.0], 0).tolist()
        [1.0, 0.0]
    """
    return np.maximum(+x, +y)


@elementwise(
    "g if x < y else 0.5 * g if x == y else 0.0", "g if y < x else 0.5 * g if x == y else 0.0"
)
def minimum(x, y):
    """Return the smaller of two numbers; nan if either is nan.

    The derivative goes to the smaller; where both are equal each gets one half.

    Example:
        >>> from gpukernel import nn
        >>> nn.minimum([1, -2], 0).tolist()
        [0, -2]
    """
    return np.minimum(+x, +y)


@elementwise(
    "0.0 if y == 0.0 else g * (y * x ** (y - 1.0))",
    "g * (result * log(x)) if x > 0.0 else 0.0",
    name="pow",
)
def _power(x, y):
    return x**y


def pow(x: TensorLike, y: TensorLike) -> Tensor:
    """Return ``x ** y``.

    Ints to the power of ints stay ints and wrap; to a negative power in a tensor they give 0.
    Floats below zero have a power only for whole exponents, nan for others.  ``x ** 0`` is 1
    everywhere.

    The derivative by ``x`` is ``y * x ** (y - 1)``, and 0 where ``y`` is 0; that by ``y`` is
    ``x ** y * log(x)``, and 0 where ``x`` is not positive.

    Raises:
        KernelTypeError: ``x`` is int or bool, and ``y`` a negative int.

    Example:
        >>> from gpukernel import nn
        >>> nn.pow([-3, 2], 2).tolist(), nn.pow([4.0, 9.0], 0.5).tolist()
        ([9, 4], [2.0, 3.0])
    """
    if not is_number(y):
        return _power(x, y)  # type: ignore[no-any-return]
    base = as_tensor(x)
    is_whole = isinstance(y, (bool, int, np.integer, np.bool_))
    if is_whole and y < 0 and base.dtype != FLOAT:
        raise KernelTypeError(
            f"nn.pow: the power {y} of a tensor of {base.dtype} is no int\n"
            f"hint: write {float(y)}, and the result is float32"
        )
    if y == 2 and (is_whole or base.dtype == FLOAT):
        return square(base)  # type: ignore[no-any-return]
    return _power(base, y)  # type: ignore[no-any-return]
