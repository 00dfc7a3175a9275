"""Powers, exponentials, roundings and signs of tensors, element by element, as NumPy has them.

The results are float32, of ints and bools too, but for `abs` and `sign`, which keep ints, and
roundings, which leave ints as they are.  Outside its domain a function gives nan, at a pole inf.
"""

from __future__ import annotations

import math

import numpy as np

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import FLOAT, INT, Tensor, TensorLike, as_tensor

__all__ = [
    "abs",
    "ceil",
    "erf",
    "exp",
    "expm1",
    "floor",
    "log",
    "log1p",
    "round",
    "rsqrt",
    "sign",
    "sqrt",
]


@elementwise("g * np.sign(x)")
def abs(x):
    """Return the size of ``x`` without its sign; ints stay ints.

    The derivative at 0 is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.abs([-1.5, 2.0]).tolist()
        [1.5, 2.0]
    """
    return np.abs(+x)


@elementwise("0")
def sign(x):
    """Return -1, 0 or 1 in the type of ``x``; nan stays nan.  The derivative is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.sign([-1.5, 0.0, 2.0]).tolist()
        [-1.0, 0.0, 1.0]
    """
    return np.sign(+x)


@elementwise("g * result", result="float")
def exp(x):
    """Return e to the power of ``x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.exp([0.0]).tolist()
        [1.0]
    """
    return math.exp(x)


@elementwise("g * math.exp(x)", result="float")
def expm1(x):
    """Return ``exp(x) - 1``, accurate where ``x`` is small.

    Example:
        >>> from gpukernel import nn
        >>> nn.expm1([0.0]).tolist()
        [0.0]
    """
    return math.expm1(x)


@elementwise("g / x", result="float")
def log(x):
    """Return the natural logarithm; -inf at 0, nan below.

    Example:
        >>> from gpukernel import nn
        >>> nn.log([1.0, 0.0]).tolist()
        [0.0, -inf]
    """
    return math.log(x)


@elementwise("g / (1.0 + x)", result="float")
def log1p(x):
    """Return ``log(1 + x)``, accurate where ``x`` is small.

    Example:
        >>> from gpukernel import nn
        >>> nn.log1p([0.0, -1.0]).tolist()
        [0.0, -inf]
    """
    return math.log1p(x)


@elementwise("g * (0.5 / result)", result="float")
def sqrt(x):
    """Return the square root; nan below 0.  The derivative at 0 is inf.

    Example:
        >>> from gpukernel import nn
        >>> nn.sqrt([4.0, 2.25]).tolist()
        [2.0, 1.5]
    """
    return math.sqrt(x)


@elementwise("-0.5 * g * (result * result * result)", result="float")
def rsqrt(x):
    """Return ``1 / sqrt(x)``; inf at 0, nan below.

    Example:
        >>> from gpukernel import nn
        >>> nn.rsqrt([4.0, 0.25]).tolist()
        [0.5, 2.0]
    """
    return 1.0 / math.sqrt(x)


@elementwise("g * (1.1283791670955126 * math.exp(-x * x))", result="float")
def erf(x):
    """Return the error function, the integral of ``2 / sqrt(pi) * exp(-t * t)`` from 0 to ``x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.erf([0.0, 10.0]).tolist()
        [0.0, 1.0]
    """
    return math.erf(x)


@elementwise("0", result="float", name="floor")
def _floor(x):
    return np.floor(x)


def floor(x: TensorLike) -> Tensor:
    """Return the largest whole number not above ``x``: a float of a float, an int of an int.

    The derivative is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.floor([1.5, -1.5]).tolist()
        [1.0, -2.0]
    """
    source = as_tensor(x)
    return _floor(source) if source.dtype == FLOAT else _whole(source)


@elementwise("0", result="float", name="ceil")
def _ceil(x):
    return np.ceil(x)


def ceil(x: TensorLike) -> Tensor:
    """Return the smallest whole number not below ``x``: a float of a float, an int of an int.

    The derivative is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.ceil([1.5, -1.5]).tolist()
        [2.0, -1.0]
    """
    source = as_tensor(x)
    return _ceil(source) if source.dtype == FLOAT else _whole(source)


@elementwise("0", result="float", name="round")
def _round(x):
    return np.round(x)


def round(x: TensorLike) -> Tensor:
    """Return the nearest whole number, halves to even: a float of a float, an int of an int.

    The derivative is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.round([0.5, 1.5, -2.6]).tolist()
        [0.0, 2.0, -3.0]
    """
    source = as_tensor(x)
    return _round(source) if source.dtype == FLOAT else _whole(source)


@elementwise("0", result="int")
def _to_int(x):
    return +x


def _whole(x: Tensor) -> Tensor:
    """Return ints as they are, and bools as ints."""
    return Tensor(x._value) if x.dtype == INT else _to_int(x)
