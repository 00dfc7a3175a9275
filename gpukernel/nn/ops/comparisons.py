"""Comparisons, logic and tests of floats: tensors in, bool tensors out, element by element.

Shapes broadcast as in NumPy, and arguments may be numbers.  An int beside a float is compared as
a float32.  Comparisons with nan are false, but for `not_equal`.  In logic every number but zero
counts as true, nan too.  No gradient passes: the derivative of a step is 0.
"""

from __future__ import annotations

import math

from gpukernel.nn.elementwise import elementwise

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
]


@elementwise("0", "0", result="bool")
def equal(x, y):
    """Return whether ``x == y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.equal([1, 2, 3], 2).tolist()
        [False, True, False]
    """
    return x == y


@elementwise("0", "0", result="bool")
def not_equal(x, y):
    """Return whether ``x != y``; true where either is nan.

    Example:
        >>> from gpukernel import nn
        >>> nn.not_equal([1, 2, 3], 2).tolist()
        [True, False, True]
    """
    return x != y


@elementwise("0", "0", result="bool")
def less(x, y):
    """Return whether ``x < y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.less([1, 2, 3], 2).tolist()
        [True, False, False]
    """
    return x < y


@elementwise("0", "0", result="bool")
def less_equal(x, y):
    """Return whether ``x <= y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.less_equal([1, 2, 3], 2).tolist()
        [True, True, False]
    """
    return x <= y


@elementwise("0", "0", result="bool")
def greater(x, y):
    """Return whether ``x > y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.greater([1, 2, 3], 2).tolist()
        [False, False, True]
    """
    return x > y


@elementwise("0", "0", result="bool")
def greater_equal(x, y):
    """Return whether ``x >= y``.

    Example:
        >>> from gpukernel import nn
        >>> nn.greater_equal([1, 2, 3], 2).tolist()
        [False, True, True]
    """
    return x >= y


@elementwise("0", "0", result="bool")
def logical_and(x, y):
    """Return whether both are true.

    Example:
        >>> from gpukernel import nn
        >>> nn.logical_and([True, True, False], [1.5, 0.0, 1.0]).tolist()
        [True, False, False]
    """
    return bool(x) & bool(y)


@elementwise("0", "0", result="bool")
def logical_or(x, y):
    """Return whether at least one is true.

    Example:
        >>> from gpukernel import nn
        >>> nn.logical_or([True, False, False], [0, 0, 7]).tolist()
        [True, False, True]
    """
    return bool(x) | bool(y)


@elementwise("0", "0", result="bool")
def logical_xor(x, y):
    """Return whether exactly one is true.

    Example:
        >>> from gpukernel import nn
        >>> nn.logical_xor([True, True, False], [0, 7, 7]).tolist()
        [True, False, True]
    """
    return bool(x) ^ bool(y)


@elementwise("0", result="bool")
def logical_not(x):
    """Return whether ``x`` is false or zero.

    Example:
        >>> from gpukernel import nn
        >>> nn.logical_not([0.0, -2.0]).tolist()
        [True, False]
    """
    return not x


@elementwise("0", result="bool")
def isnan(x):
    """Return whether ``x`` is not a number; false for ints.

    Example:
        >>> from gpukernel import nn
        >>> nn.isnan([1.0, float("nan")]).tolist()
        [False, True]
    """
    return math.isnan(x)


@elementwise("0", result="bool")
def isinf(x):
    """Return whether ``x`` is inf or -inf; false for ints.

    Example:
        >>> from gpukernel import nn
        >>> nn.isinf([1.0, float("-inf")]).tolist()
        [False, True]
    """
    return math.isinf(x)


@elementwise("0", result="bool")
def isfinite(x):
    """Return whether ``x`` is neither infinite nor nan; true for ints.

    Example:
        >>> from gpukernel import nn
        >>> nn.isfinite([1.0, float("inf")]).tolist()
        [True, False]
    """
    return math.isfinite(x)
