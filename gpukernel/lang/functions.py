"""Shader functions that Python does not have, as plain Python.

Inside a kernel each is compiled through its row of `builtins`; outside they run under CPython on
ints and floats (so that ``kernel.at`` works).  They are total: no number raises.  Vectors, and
tuples of 2 to 4 numbers, are worked on component by component; a number beside one meets each.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar

from gpukernel.lang.vectors import Vector, map_components

Number = TypeVar("Number", int, float)


def _componentwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of numbers as one that takes vectors too."""

    signature = inspect.signature(function)

    @functools.wraps(function)
    def on_vectors(*arguments: Any, **keywords: Any) -> Any:
        operands = signature.bind(*arguments, **keywords).args
        if any(isinstance(operand, (Vector, tuple)) for operand in operands):
            return map_components(function, *operands)
        return function(*operands)

    return on_vectors


@_componentwise
def clamp(x: Number, low: Number, high: Number) -> Number:
    """Return ``min(max(x, low), high)``.

    >>> clamp(7, 0, 5)
    5
    >>> clamp((0.5, 2.0), 0.0, 1.0)
    vec2(0.5, 1.0)
    """
    return min(max(x, low), high)


@_componentwise
def mix(a: float, b: float, t: float) -> float:
    """Return the linear interpolation ``a * (1 - t) + b * t``.

    >>> mix(10.0, 20.0, 0.25)
    12.5
    """
    return a * (1.0 - t) + b * t


@_componentwise
def step(edge: float, x: float) -> float:
    """Return 0.0 where ``x < edge`` and 1.0 elsewhere.

    >>> step(0.5, 0.75)
    1.0
    """
    return 0.0 if x < edge else 1.0


@_componentwise
def smoothstep(edge0: float, edge1: float, x: float) -> float:
    """Return the cubic that rises from 0.0 at ``edge0`` to 1.0 at ``edge1``, flat outside.

    Equal edges give ``step(edge0, x)``.

    >>> smoothstep(0.0, 2.0, 1.0)
    0.5
    """
    if edge0 == edge1:
        return 0.0 if x < edge0 else 1.0
    t = (x - edge0) / (edge1 - edge0)
    t = 0.0 if t < 0.0 else 1.0 if t > 1.0 else t
    return t * t * (3.0 - 2.0 * t)


@_componentwise
def fract(x: float) -> float:
    """Return ``x - floor(x)``; infinities and nan give nan.

    >>> fract(-1.25)
    0.75
    """
    return x - float(math.floor(x)) if math.isfinite(x) else math.nan


@_componentwise
def sign(x: Number) -> Number:
    """Return -1, 0 or 1 in the type of ``x``; nan stays nan.

    >>> sign(-2.5)
    -1.0
    """
    if x != x:
        return x
    return type(x)(int(x > 0) - int(x < 0))
