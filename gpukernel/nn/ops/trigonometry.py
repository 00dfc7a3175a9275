"""Trigonometric and hyperbolic functions of tensors, element by element, as NumPy has them.

Angles are in radians.  The results are float32, of ints and bools too; outside its domain a
function gives nan, at a pole inf.
"""

from __future__ import annotations

import math

from gpukernel.nn.elementwise import elementwise

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


@elementwise("g * math.cos(x)", result="float")
def sin(x):
    """Return the sine.

    Example:
        >>> from gpukernel import nn
        >>> nn.sin([0.0]).tolist()
        [0.0]
    """
    return math.sin(x)


@elementwise("-g * math.sin(x)", result="float")
def cos(x):
    """Return the cosine.

    Example:
        >>> from gpukernel import nn
        >>> nn.cos([0.0]).tolist()
        [1.0]
    """
    return math.cos(x)


@elementwise("g * (1.0 + result * result)", result="float")
def tan(x):
    """Return the tangent.

    Example:
        >>> from gpukernel import nn
        >>> nn.tan([0.0]).tolist()
        [0.0]
    """
    return math.tan(x)


@elementwise("g / math.sqrt((1.0 - x) * (1.0 + x))", result="float")
def asin(x):
    """Return the angle from -pi/2 to pi/2 with the sine ``x``; nan beyond -1 and 1.

    The derivative at -1 and 1 is inf.

    Example:
        >>> from gpukernel import nn
        >>> nn.asin([0.0, 2.0]).tolist()
        [0.0, nan]
    """
    return math.asin(x)


@elementwise("-g / math.sqrt((1.0 - x) * (1.0 + x))", result="float")
def acos(x):
    """Return the angle from 0 to pi with the cosine ``x``; nan beyond -1 and 1.

    The derivative at -1 and 1 is -inf.

    Example:
        >>> from gpukernel import nn
        >>> nn.acos([1.0, 2.0]).tolist()
        [0.0, nan]
    """
    return math.acos(x)


@elementwise("g / (1.0 + x * x)", result="float")
def atan(x):
    """Return the angle from -pi/2 to pi/2 with the tangent ``x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.atan([0.0]).tolist()
        [0.0]
    """
    return math.atan(x)


@elementwise("g * _atan2_slope(x, y)", "-g * _atan2_slope(y, x)", result="float")
def atan2(y, x):
    """Return the angle from -pi to pi of the point with the coordinates ``x`` and ``y``.

    The first argument is ``y``, as in Python.  The derivatives at the origin are 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.atan2([0.0, 0.0], [1.0, -1.0]).tolist()
        [0.0, 3.1415927...]
    """
    return math.atan2(y, x)


def _atan2_slope(x, y):
    """Return ``x / (x * x + y * y)``, without overflow and 0 at the origin."""
    length = math.hypot(x, y)
    return x / length / length if length > 0.0 else 0.0


@elementwise("g * math.cosh(x)", result="float")
def sinh(x):
    """Return the hyperbolic sine.

    Example:
        >>> from gpukernel import nn
        >>> nn.sinh([0.0]).tolist()
        [0.0]
    """
    return math.sinh(x)


@elementwise("g * math.sinh(x)", result="float")
def cosh(x):
    """Return the hyperbolic cosine.

    Example:
        >>> from gpukernel import nn
        >>> nn.cosh([0.0]).tolist()
        [1.0]
    """
    return math.cosh(x)


@elementwise("g * (1.0 - result * result)", result="float")
def tanh(x):
    """Return the hyperbolic tangent.

    Example:
        >>> from gpukernel import nn
        >>> nn.tanh([0.0, 100.0]).tolist()
        [0.0, 1.0]
    """
    return math.tanh(x)


@elementwise("g / math.sqrt(x * x + 1.0)", result="float")
def asinh(x):
    """Return the number whose hyperbolic sine is ``x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.asinh([0.0]).tolist()
        [0.0]
    """
    return math.asinh(x)


@elementwise("g / (math.sqrt(x - 1.0) * math.sqrt(x + 1.0))", result="float")
def acosh(x):
    """Return the number from 0 up whose hyperbolic cosine is ``x``; nan below 1.

    The derivative at 1 is inf.

    Example:
        >>> from gpukernel import nn
        >>> nn.acosh([1.0, 0.0]).tolist()
        [0.0, nan]
    """
    return math.acosh(x)


@elementwise("g / ((1.0 - x) * (1.0 + x))", result="float")
def atanh(x):
    """Return the number whose hyperbolic tangent is ``x``; nan beyond -1 and 1.

    Example:
        >>> from gpukernel import nn
        >>> nn.atanh([0.0, 1.0]).tolist()
        [0.0, inf]
    """
    return math.atanh(x)
