"""Normalisation: of batches, of the features of each sample, and of neighbouring channels."""

from __future__ import annotations

import math

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.arithmetic import pow
from gpukernel.nn.ops.mathematics import rsqrt
from gpukernel.nn.ops.operands import checked_int, float_operands, need_axes
from gpukernel.nn.ops.reductions import Axis, checked_axes, sum
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Spec, cell
from gpukernel.nn.reducing import Axes
from gpukernel.nn.tape import Cotangents, Node, is_recording, recording
from gpukernel.nn.tensor import Tensor, TensorLike
from gpukernel.nn.values import Shape, is_number

__all__ = ["batch_norm", "batch_norm_training", "layer_norm", "local_response_norm"]


def batch_norm(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + offset``.

    Args:
        x: float32 of any shape, the channels along the last axis.
        mean, variance, offset, scale: float32 (channels,), or any shape that broadcasts to that
            of ``x``.  Without offset or scale that step is left out.
        epsilon: a number above or equal to 0.

    Raises:
        KernelShapeError: a shape does not broadcast to that of ``x``.
        KernelTypeError: something is not float32.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([[1.0, 2.0], [3.0, 6.0]])
        ...     batch_norm(x, [2.0, 4.0], [1.0, 4.0], epsilon=0.0).tolist()
        [[-1.0, -1.0], [1.0, 1.0]]
    """
    name = "batch_norm"
    _check_epsilon(name, epsilon)
    given = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    parts = {what: part for what, part in given.items() if part is not None}
    source, *tensors = float_operands(name, x=x, **parts)
    named = dict(zip(parts, tensors))
    for what, part in named.items():
        _check_broadcast(name, what, part, source.shape)
    inverse: Tensor = rsqrt(named["variance"] + float(epsilon))
    plain = (source - named["mean"]) * inverse
    return _shifted(plain, named.get("scale"), named.get("offset"))


def batch_norm_training(
    x: TensorLike,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    axis: Axis = None,
    epsilon: float = 1e-3,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a batch normalised by its own mean and variance, and these two.

    The gradient passes through mean and variance too.

    Args:
        x: float32 of any shape with at least one element a channel.
        axis: the axes to normalise over; all but the last when left out.
        offset, scale, epsilon: as for `batch_norm`.

    Returns:
        ``(result, mean, variance)``; the last two have the other axes only, and the variance is
        that of the batch (divided by the number of elements).

    Raises:
        as `batch_norm`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     y, mean, variance = batch_norm_training([[1.0, 2.0], [3.0, 6.0]], epsilon=0.0)
        >>> y.tolist(), mean.tolist(), variance.tolist()
        ([[-1.0, -1.0], [1.0, 1.0]], [2.0, 4.0], [1.0, 4.0])
    """
    name = "batch_norm_training"
    _check_epsilon(name, epsilon)
    source, shift, factor = _with_optional(name, x, "offset", offset, "scale", scale)
    if source.ndim == 0:
        raise KernelShapeError(f"nn.{name}: x has shape (), wanted (batch, ..., channels)")
    axes = tuple(range(source.ndim - 1)) if axis is None else checked_axes(axis, source.ndim, name)
    _check_elements(name, source.shape, axes)
    result, total, squares = _standardized(source, axes, float(epsilon))
    average, spread = _mean(source, total, axes), _variance(source, squares, axes)
    return _shifted(result, factor, shift), average, spread


def layer_norm(
    x: TensorLike,
    axis: Axis = -1,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """Return each sample normalised by the mean and variance of its own features.

    Args:
        x: float32 of any shape.
        axis: the axes of the features, an int or several.
        gamma: float32 that broadcasts to the shape of ``x``, a factor; none when left out.
        beta: the same, added.
        epsilon: added to the variance; a number above or equal to 0.

    Raises:
        KernelShapeError: no such axis, no features, or a shape that does not broadcast.
        KernelTypeError: something is not float32.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     layer_norm([[1.0, 3.0], [2.0, 6.0]], epsilon=0.0).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """
    name = "layer_norm"
    _check_epsilon(name, epsilon)
    source, shift, factor = _with_optional(name, x, "beta", beta, "gamma", gamma)
    axes = checked_axes(axis, source.ndim, name)
    _check_elements(name, source.shape, axes)
    return _shifted(_standardized(source, axes, float(epsilon))[0], factor, shift)


def _shifted(x: Tensor, scale: Tensor | None, offset: Tensor | None) -> Tensor:
    scaled = x if scale is None else x * scale
    return scaled if offset is None else scaled + offset


# ---------------------------------------------------------------- by one's own mean and variance


@elementwise(result="float")
def _centred(x, total, count):
    return x - total / count


@elementwise(result="float")
def _scaled(centred, squares, count, epsilon):
    return centred / math.sqrt(squares / count + epsilon)


@elementwise(result="float")
def _slope(g, found, sum_g, sum_gh, squares, count, epsilon):
    return (g - sum_g / count - found * (sum_gh / count)) / math.sqrt(squares / count + epsilon)


@elementwise(result="float")
def _inverse(squares, count, epsilon):
    return 1.0 / math.sqrt(squares / count + epsilon)


def _standardized(x: Tensor, axes: Axes, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``(x - mean) / sqrt(variance + epsilon)``, the sum and the sum of squared distances.

    Its derivative is written in terms of the result and ``inverse``, one over the root: with ``h``
    the result, ``inverse * (g - mean(g) - h * mean(g * h))``.  That of ``inverse`` is
    ``-inverse ** 2 * h / count``, so that derivatives of any order need nothing else.
    """
    count = float(math.prod(x.shape[a] for a in axes))
    with recording(False):
        total = sum(x, axes, keepdims=True)
        centred = _centred(x, total, count)
        squares = sum(centred * centred, axes, keepdims=True)
        result: Tensor = _scaled(centred, squares, count, epsilon)
    if is_recording() and x._node is not None:
        parents, kept = (x._node,), Tensor(result._value)

        def vjp(own: Node, g: Tensor) -> Cotangents:
            found = Tensor(kept._value, own)
            sum_g = sum(g, axes, keepdims=True)
            sum_gh = sum(g * found, axes, keepdims=True)
            if not is_recording():
                return (_slope(g, found, sum_g, sum_gh, squares, count, epsilon),)
            inverse = _recorded_inverse(found, squares, parents, count, epsilon)
            return (inverse * (g - sum_g / count - found * (sum_gh / count)),)

        result._node = Node("standardized", result.shape, parents, vjp)
    return result, total, squares


def _recorded_inverse(
    found: Tensor, squares: Tensor, parents: tuple[Node], count: float, epsilon: float
) -> Tensor:
    inverse: Tensor = _inverse(squares, count, epsilon)
    kept = Tensor(inverse._value)

    def vjp(own: Node, g: Tensor) -> Cotangents:
        again = Tensor(kept._value, own)
        return (g * again * again * found / -count,)

    inverse._node = Node("inverse_deviation", inverse.shape, parents, vjp)
    return inverse


def _mean(x: Tensor, total: Tensor, axes: Axes) -> Tensor:
    """Return the mean, given the sum."""
    count = float(math.prod(x.shape[a] for a in axes))
    result = reshape(total, _left(x.shape, axes)) / count
    if is_recording() and x._node is not None:
        shape, kept = x.shape, total.shape

        def vjp(own: Node, g: Tensor) -> Cotangents:
            return (broadcast_to(reshape(g, kept) / count, shape),)

        result._node = Node("mean", result.shape, (x._node,), vjp)
    return result


def _variance(x: Tensor, squares: Tensor, axes: Axes) -> Tensor:
    """Return the variance, given the sum of squared distances from the mean."""
    count = float(math.prod(x.shape[a] for a in axes))
    result = reshape(squares, _left(x.shape, axes)) / count
    if is_recording() and x._node is not None:
        source, kept = Tensor(x._value, x._node), squares.shape

        def vjp(own: Node, g: Tensor) -> Cotangents:
            centred = source - sum(source, axes, keepdims=True) / count
            return (reshape(g, kept) * centred * (2.0 / count),)

        result._node = Node("variance", result.shape, (x._node,), vjp)
    return result


def _left(shape: Shape, axes: Axes) -> Shape:
    return tuple(n for axis, n in enumerate(shape) if axis not in axes)


def _with_optional(
    name: str,
    x: TensorLike,
    first: str,
    shift: TensorLike | None,
    second: str,
    factor: TensorLike | None,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Return ``x`` and two tensors that broadcast to it, or None, checked."""
    given = {what: one for what, one in ((first, shift), (second, factor)) if one is not None}
    source, *tensors = float_operands(name, x=x, **given)
    named = dict(zip(given, tensors))
    for what, part in named.items():
        _check_broadcast(name, what, part, source.shape)
    return source, named.get(first), named.get(second)


def _check_broadcast(name: str, what: str, part: Tensor, shape: Shape) -> None:
    padded = (1,) * (len(shape) - part.ndim) + part.shape
    if len(padded) != len(shape) or any(n not in (1, m) for n, m in zip(padded, shape)):
        raise KernelShapeError(
            f"nn.{name}: {what} of shape {part.shape} does not broadcast to x of shape {shape}\n"
            "hint: one number for each channel has the shape (channels,)"
        )


def _check_elements(name: str, shape: Shape, axes: tuple[int, ...]) -> None:
    if math.prod(shape[a] for a in axes) == 0:
        raise KernelShapeError(f"nn.{name}: x of shape {shape} has no elements along axes {axes}")


def _check_epsilon(name: str, epsilon: float) -> None:
    if not is_number(epsilon) or not epsilon >= 0:
        raise KernelTypeError(f"nn.{name}: epsilon={epsilon!r} is not a number of at least 0")


# ---------------------------------------------------------------- neighbouring channels


def _added_numpy(a: np.ndarray, radius: int) -> np.ndarray:
    total = a.copy()
    for d in range(1, min(radius, a.shape[-1] - 1) + 1):
        total[..., d:] += a[..., :-d]
        total[..., :-d] += a[..., d:]
    return total


@cell(numpy=_added_numpy)
def _nearby(n, y, x, c, a, radius):
    total = 0.0
    for d in range(-radius, radius + 1):
        total += a[n, y, x, c + d]
    return total


@_nearby.vjp
def _nearby_vjp(g: Tensor, _result: Spec, _a: Spec, radius: int) -> Cotangents:
    return (_nearby(g, shape=_a.shape, radius=radius),)


def local_response_norm(
    x: TensorLike,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
) -> Tensor:
    """Return ``x / (bias + alpha * s) ** beta``, where ``s`` adds up squares of near channels.

    Args:
        x: float32 (batch, height, width, channels).
        depth_radius: the channels at most so far away count; those that do not exist are 0.
        bias, alpha, beta: numbers.

    Raises:
        KernelShapeError: x has other axes, or a negative radius.
        KernelTypeError: x is not float32, or the radius no int.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0, 2.0]).reshape(1, 1, 1, 3)
        ...     local_response_norm(x, 1, beta=1.0, bias=3.0).reshape(-1).tolist()
        [0.125, 0.1666666716337204, 0.1818181872367859]
    """
    name = "local_response_norm"
    (source,) = float_operands(name, x=x)
    need_axes(name, "x", source, "(batch, height, width, channels)")
    radius = checked_int(name, "depth_radius", depth_radius, 0)
    for what, number in {"bias": bias, "alpha": alpha, "beta": beta}.items():
        if not is_number(number):
            raise KernelTypeError(f"nn.{name}: {what}={number!r} is not a number")
    squares = _nearby(source * source, shape=source.shape, radius=radius)
    result: Tensor = source * pow(squares * float(alpha) + float(bias), -float(beta))
    return result
