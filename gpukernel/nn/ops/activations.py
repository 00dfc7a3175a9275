"""Activation functions of tensors, element by element.

The results are float32, of ints and bools too.  All of them, their derivatives and the derivatives
of those are finite for every finite ``x`` where the function is; a nan stays nan.
"""

from __future__ import annotations

import math

import numpy as np

from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.tensor import Tensor, TensorLike

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "swish",
]


@elementwise("g if result > 0.0 else 0.0", result="float")
def relu(x):
    """Return ``max(x, 0)``; the derivative at 0 is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.relu([-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """
    return 0.0 if x < 0.0 else float(x)


@elementwise("g if 0.0 < result and result < 6.0 else 0.0", result="float")
def relu6(x):
    """Return ``min(max(x, 0), 6)``; the derivatives at 0 and at 6 are 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.relu6([-1.0, 2.0, 7.0]).tolist()
        [0.0, 2.0, 6.0]
    """
    return 0.0 if x < 0.0 else 6.0 if x > 6.0 else float(x)


@elementwise("g if x > 0.0 else alpha * g", "0.0 if x > 0.0 else g * x", result="float")
def leaky_relu(x, alpha=0.2):
    """Return ``x`` above 0 and ``alpha * x`` below; the derivative at 0 is ``alpha``.

    The default of ``alpha`` is that of Keras's function; that of its layer is 0.3.

    Example:
        >>> from gpukernel import nn
        >>> nn.leaky_relu([-1.0, 2.0], 0.5).tolist()
        [-0.5, 2.0]
    """
    return float(x) if x > 0.0 else alpha * x


@elementwise("g if x > 0.0 else alpha * g", "0.0 if x > 0.0 else g * x", result="float")
def prelu(x, alpha):
    """Return ``x`` above 0 and ``alpha * x`` below, where ``alpha`` is a tensor that is learned.

    Its shape broadcasts with that of ``x``.  The derivative at 0 is ``alpha``.

    Example:
        >>> from gpukernel import nn
        >>> nn.prelu([[-1.0, 2.0], [-1.0, -2.0]], [0.5, 0.25]).tolist()
        [[-0.5, 2.0], [-0.5, -0.5]]
    """
    return float(x) if x > 0.0 else alpha * x


@elementwise(
    "g if x > 0.0 else g * (alpha * math.exp(x))",
    "0.0 if x > 0.0 else g * math.expm1(x)",
    result="float",
)
def elu(x, alpha=1.0):
    """Return ``x`` above 0 and ``alpha * (exp(x) - 1)`` below; the derivative at 0 is ``alpha``.

    Example:
        >>> from gpukernel import nn
        >>> nn.elu([-1000.0, 2.0]).tolist()
        [-1.0, 2.0]
    """
    return float(x) if x > 0.0 else alpha * math.expm1(x)


@elementwise(
    "1.0507009873554805 * g if x > 0.0 else g * (1.7580993408473768 * math.exp(x))",
    result="float",
)
def selu(x):
    """Return `elu` of ``alpha`` 1.67326 times 1.05070, which keeps mean 0 and variance 1.

    The derivative at 0 is 1.75810.

    Example:
        >>> from gpukernel import nn
        >>> nn.selu([0.0]).tolist()
        [0.0]
    """
    return 1.0507009873554805 * x if x > 0.0 else 1.7580993408473768 * math.expm1(x)


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Return ``x`` times the probability that a standard normal number is less than ``x``.

    Args:
        approximate: whether to compute the form with tanh, which differs by up to 5e-4.

    Example:
        >>> from gpukernel import nn
        >>> nn.gelu([0.0, 100.0]).tolist()
        [0.0, 100.0]
    """
    return _tanh_gelu(x) if approximate else _gelu(x)  # type: ignore[no-any-return]


@elementwise("g * _gelu_slope(x)", result="float", name="gelu")
def _gelu(x):
    return 0.5 * x * math.erfc(-0.7071067811865476 * x)


def _gelu_slope(x):
    density = 0.3989422804014327 * math.exp(-0.5 * x * x)
    return 0.5 * math.erfc(-0.7071067811865476 * x) + x * density


@elementwise("g * _tanh_gelu_slope(x)", result="float", name="gelu")
def _tanh_gelu(x):
    return 0.5 * x * (1.0 + math.tanh(x * (0.7978845608028654 + 0.035677408136300125 * x * x)))


def _tanh_gelu_slope(x):
    if x > 30.0:
        return 1.0
    if x < -30.0:
        return 0.0
    t = math.tanh(x * (0.7978845608028654 + 0.035677408136300125 * x * x))
    inner = 0.7978845608028654 + 0.10703222440890037 * x * x
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner


@elementwise("g * (result * (1.0 - result))", result="float")
def sigmoid(x):
    """Return ``1 / (1 + exp(-x))``.

    Example:
        >>> from gpukernel import nn
        >>> nn.sigmoid([0.0, -1000.0]).tolist()
        [0.5, 0.0]
    """
    return 1.0 / (1.0 + math.exp(-x))


@elementwise("0.2 * g if -2.5 <= x and x <= 2.5 else 0.0", result="float")
def hard_sigmoid(x):
    """Return ``0.2 * x + 0.5``, limited to 0 and 1.

    The derivative is 0.2 inside and at the bounds -2.5 and 2.5, and 0 outside.  Keras 2 and
    TensorFlow.js have this one; that of Keras 3 is ``relu6(x + 3) / 6``.

    Example:
        >>> from gpukernel import nn
        >>> nn.hard_sigmoid([-3.0, 0.0, 2.5]).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.clip(0.2 * x + 0.5, 0.0, 1.0)


@elementwise("-g * math.expm1(-result)", result="float")
def softplus(x):
    """Return ``log(1 + exp(x))``.

    Example:
        >>> from gpukernel import nn
        >>> nn.softplus([-1000.0, 1000.0]).tolist()
        [0.0, 1000.0]
    """
    return _soft(float(x))


def _soft(x):
    return x if x > 30.0 else math.log1p(math.exp(x))  # equal beyond 30, where exp may overflow


@elementwise("-g * math.expm1(result)", result="float")
def log_sigmoid(x):
    """Return the logarithm of `sigmoid`, accurate where that is small.

    Example:
        >>> from gpukernel import nn
        >>> nn.log_sigmoid([-1000.0, 1000.0]).tolist()
        [-1000.0, 0.0]
    """
    return 0.0 - _soft(-float(x))


@elementwise("g * _softsign_slope(x)", result="float")
def softsign(x):
    """Return ``x / (1 + abs(x))``.

    Example:
        >>> from gpukernel import nn
        >>> nn.softsign([-1.0, 3.0]).tolist()
        [-0.5, 0.75]
    """
    return x / (1.0 + np.abs(x))


def _softsign_slope(x):
    part = 1.0 / (1.0 + np.abs(x))
    return part * part


@elementwise("g * _swish_slope(x)", result="float")
def swish(x):
    """Return ``x * sigmoid(x)``; `silu` is another name of it.

    Example:
        >>> from gpukernel import nn
        >>> nn.swish([0.0, -1000.0, 1000.0]).tolist()
        [0.0, -0.0, 1000.0]
    """
    return x / (1.0 + math.exp(-x))


def _swish_slope(x):
    part = 0.0 if x < -80.0 else 1.0 / (1.0 + math.exp(-x))  # where exp may overflow it is 0
    return part * (1.0 + x * (1.0 - part))


silu = swish


@elementwise("g * _mish_slope(x)", result="float")
def mish(x):
    """Return ``x * tanh(softplus(x))``.

    Example:
        >>> from gpukernel import nn
        >>> nn.mish([0.0, -1000.0, 1000.0]).tolist()
        [0.0, -0.0, 1000.0]
    """
    return x * math.tanh(_soft(float(x)))


def _mish_slope(x):
    soft = _soft(float(x))
    t = math.tanh(soft)
    return t - x * (1.0 - t * t) * math.expm1(-soft)
