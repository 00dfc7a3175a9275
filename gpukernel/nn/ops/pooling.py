"""Pooling over one to three axes, channels last: the largest or the mean cell of each window.

In: float32 (batch, places, channels).  Windows over one axis are windows over two, the first of
size 1; those over three are taken over height and width first, then over depth, which gives the
same maxima (the same first ones, too) and the same means.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gpukernel.errors import KernelShapeError
from gpukernel.nn.ops import pooling_cells as cells
from gpukernel.nn.ops import pooling_host as host
from gpukernel.nn.ops.operands import float_operands, need_axes, per_axis
from gpukernel.nn.ops.reductions import mean
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.ops.windows import Windows, windows
from gpukernel.nn.primitive import Cell, Spec
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import INT, Tensor, TensorLike
from gpukernel.nn.values import Shape

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "global_avg_pool1d",
    "global_avg_pool2d",
    "global_avg_pool3d",
    "global_max_pool1d",
    "global_max_pool2d",
    "global_max_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
]

MAX_LOOKS = 64  # at cells, to find again in the kernel of the gradient which one was the largest
_AXES = {
    1: "(batch, width, channels)",
    2: "(batch, height, width, channels)",
    3: "(batch, depth, height, width, channels)",
}
Pool = Callable[[Tensor, Shape, Shape, Windows], Tensor]

_largest = Cell(cells.largest, host.largest)
_chosen = Cell(cells.chosen, host.chosen)
_spread = Cell(cells.spread, host.spread)
_spread_chosen = Cell(cells.spread_chosen, host.spread_chosen)
_picked = Cell(cells.picked, host.picked)
_averaged = Cell(cells.averaged, host.averaged)
_shared = Cell(cells.shared, host.shared)


# ---------------------------------------------------------------- derivatives


def _image_shape(g: Any, sizes: Shape) -> Shape:
    return (g.shape[0], *sizes, g.shape[-1])


def _result_shape(a: Any, places: Shape) -> Shape:
    return (a.shape[0], *places, a.shape[-1])


def _which(a: Tensor, constants: dict[str, Any]) -> Tensor:
    """Return which cell of the image is the first with the maximum of each window."""
    untraced = Tensor(a._value)
    return _chosen(untraced, shape=_result_shape(a, constants["places"]), dtype=INT, **constants)


@_largest.vjp
def _largest_vjp(g: Tensor, _result: Spec, a: Tensor, **constants: Any) -> Cotangents:
    shape = _image_shape(g, constants["sizes"])
    overlaps = math.prod(-(-n // s) for n, s in zip(constants["size"], constants["stride"]))
    if overlaps * math.prod(constants["size"]) <= MAX_LOOKS:
        return (_spread(g, a, shape=shape, **constants),)
    return (_spread_chosen(g, _which(a, constants), shape=shape, **constants),)


@_spread.vjp
def _spread_vjp(h: Tensor, _result: Spec, _g: Spec, a: Tensor, **constants: Any) -> Cotangents:
    return _picked(h, _which(a, constants), shape=_g.shape, **constants), None


@_spread_chosen.vjp
def _spread_chosen_vjp(
    h: Tensor, _result: Spec, _g: Spec, found: Tensor, **constants: Any
) -> Cotangents:
    return _picked(h, found, shape=_g.shape, **constants), None


@_picked.vjp
def _picked_vjp(g: Tensor, _result: Spec, _h: Spec, found: Tensor, **constants: Any) -> Cotangents:
    return _spread_chosen(g, found, shape=_h.shape, **constants), None


@_averaged.vjp
def _averaged_vjp(g: Tensor, _result: Spec, _a: Spec, **constants: Any) -> Cotangents:
    return (_shared(g, shape=_a.shape, **constants),)


@_shared.vjp
def _shared_vjp(h: Tensor, _result: Spec, _g: Spec, **constants: Any) -> Cotangents:
    return (_averaged(h, shape=_g.shape, **constants),)


# ---------------------------------------------------------------- any number of axes


def _pool_with(cell: Cell) -> Pool:
    def pool(x: Tensor, size: Shape, stride: Shape, where: Windows) -> Tensor:
        constants: dict[str, Any] = {
            "size": size,
            "stride": stride,
            "before": where.before,
            "sizes": x.shape[1:-1],
            "places": where.places,
        }
        return cell(x, shape=_result_shape(x, where.places), **constants)

    return pool


_max, _mean = _pool_with(_largest), _pool_with(_averaged)


def _pooled(
    pool: Pool, name: str, rank: int, x: TensorLike, size: Any, strides: Any, padding: Any
) -> Tensor:
    (source,) = float_operands(name, x=x)
    need_axes(name, "x", source, _AXES[rank])
    spans = per_axis(name, "pool_size", size, rank)
    stride = spans if strides is None else per_axis(name, "strides", strides, rank)
    where = windows(name, source.shape[1:-1], spans, stride, padding, "window")
    batch, channels = source.shape[0], source.shape[-1]
    if rank == 1:
        return reshape(_along(pool, source, spans, stride, where), (batch, *where.places, channels))
    if rank == 2:
        return pool(source, spans, stride, where)
    flat = reshape(source, (batch * source.shape[1], *source.shape[2:]))
    slices = pool(flat, spans[1:], stride[1:], Windows(where.before[1:], where.places[1:]))
    columns = reshape(slices, (batch, source.shape[1], math.prod(slices.shape[1:])))
    deep = _along(pool, columns, spans[:1], stride[:1], Windows(where.before[:1], where.places[:1]))
    return reshape(deep, (batch, *where.places, channels))


def _along(pool: Pool, x: Tensor, size: Shape, stride: Shape, where: Windows) -> Tensor:
    """Pool (batch, width, channels); the result has an axis of size 1 after the batch."""
    flat = reshape(x, (x.shape[0], 1, *x.shape[1:]))
    wide = Windows((0, *where.before), (1, *where.places))
    return pool(flat, (1, *size), (1, *stride), wide)


def _global(name: str, rank: int, x: TensorLike) -> Tensor:
    (source,) = float_operands(name, x=x)
    need_axes(name, "x", source, _AXES[rank])
    if 0 in source.shape[1:-1]:
        raise KernelShapeError(f"nn.{name}: x of shape {source.shape} has no cells to pool")
    return source


def _global_max(name: str, rank: int, x: TensorLike) -> Tensor:
    source = _global(name, rank, x)
    batch, channels = source.shape[0], source.shape[-1]
    count = math.prod(source.shape[1:-1])
    row = reshape(source, (batch, 1, count, channels))
    found = _max(row, (1, count), (1, count), Windows((0, 0), (1, 1)))
    return reshape(found, (batch, channels))


def _global_mean(name: str, rank: int, x: TensorLike) -> Tensor:
    source = _global(name, rank, x)
    return mean(source, tuple(range(1, rank + 1)))


# ---------------------------------------------------------------- what users call


def max_pool1d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the largest cell of each window along one axis; see `max_pool2d`.

    Args:
        x: float32 (batch, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 5.0, 2.0, 3.0]).reshape(1, 4, 1)
        ...     max_pool1d(x, 2).reshape(-1).tolist()
        [5.0, 3.0]
    """
    return _pooled(_max, "max_pool1d", 1, x, pool_size, strides, padding)


def max_pool2d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the largest cell of each window, for each channel.

    Cells of padding are ignored, nothing else is: a window with a nan gives nan, as NumPy's
    maximum.  The gradient goes to the first largest cell of the window in row-major order.

    Args:
        x: float32 (batch, height, width, channels).
        pool_size: of windows, an int or one for each axis.
        strides: from one window to the next; ``pool_size`` when left out.
        padding: "valid" for windows inside the image, "same" for ``ceil(n / stride)`` of them
            with the extra cell of padding after, an int, or (before, after) for each axis, less
            than the window.

    Returns:
        float32 (batch, windows, windows, channels).

    Raises:
        KernelShapeError: x has other axes, a window is larger than the image, or the padding as
            large as a window.
        KernelTypeError: x is not float32, or the padding is unknown.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([[1.0, 2.0], [4.0, 3.0]]).reshape(1, 2, 2, 1)
        ...     max_pool2d(x, 2).item()
        4.0
    """
    return _pooled(_max, "max_pool2d", 2, x, pool_size, strides, padding)


def max_pool3d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the largest cell of each window of volumes; see `max_pool2d`.

    Args:
        x: float32 (batch, depth, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0, 4.0, 3.0]).reshape(1, 2, 2, 1, 1)
        ...     max_pool3d(x, (2, 2, 1)).item()
        4.0
    """
    return _pooled(_max, "max_pool3d", 3, x, pool_size, strides, padding)


def avg_pool1d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the mean cell of each window along one axis; see `avg_pool2d`.

    Args:
        x: float32 (batch, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 5.0, 2.0]).reshape(1, 3, 1)
        ...     avg_pool1d(x, 2, padding="same").reshape(-1).tolist()
        [3.0, 2.0]
    """
    return _pooled(_mean, "avg_pool1d", 1, x, pool_size, strides, padding)


def avg_pool2d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the mean cell of each window, for each channel.

    The mean is that of the cells which are in the image: cells of padding do not count.

    Args:
        x: float32 (batch, height, width, channels).
        pool_size, strides, padding: as for `max_pool2d`, which tells what is raised.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([[1.0, 2.0], [4.0, 3.0]]).reshape(1, 2, 2, 1)
        ...     avg_pool2d(x, 2).item()
        2.5
    """
    return _pooled(_mean, "avg_pool2d", 2, x, pool_size, strides, padding)


def avg_pool3d(
    x: TensorLike, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Tensor:
    """Return the mean cell of each window of volumes; see `avg_pool2d`.

    Args:
        x: float32 (batch, depth, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([1.0, 2.0, 4.0, 3.0]).reshape(1, 2, 2, 1, 1)
        ...     avg_pool3d(x, (2, 2, 1)).item()
        2.5
    """
    return _pooled(_mean, "avg_pool3d", 3, x, pool_size, strides, padding)


def global_max_pool1d(x: TensorLike) -> Tensor:
    """Return the largest cell of each channel, (batch, width, channels) to (batch, channels).

    The rest is as for `max_pool2d`; an axis without cells is a KernelShapeError.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_max_pool1d([[[1.0, 9.0], [4.0, 3.0]]]).tolist()
        [[4.0, 9.0]]
    """
    return _global_max("global_max_pool1d", 1, x)


def global_max_pool2d(x: TensorLike) -> Tensor:
    """Return the largest cell of each channel of (batch, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_max_pool2d([[[[1.0, 9.0], [4.0, 3.0]]]]).tolist()
        [[4.0, 9.0]]
    """
    return _global_max("global_max_pool2d", 2, x)


def global_max_pool3d(x: TensorLike) -> Tensor:
    """Return the largest cell of each channel of (batch, depth, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_max_pool3d(nn.tensor([1.0, 4.0]).reshape(1, 2, 1, 1, 1)).tolist()
        [[4.0]]
    """
    return _global_max("global_max_pool3d", 3, x)


def global_avg_pool1d(x: TensorLike) -> Tensor:
    """Return the mean of each channel, (batch, width, channels) to (batch, channels).

    An axis without cells is a KernelShapeError.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_avg_pool1d([[[1.0, 9.0], [4.0, 3.0]]]).tolist()
        [[2.5, 6.0]]
    """
    return _global_mean("global_avg_pool1d", 1, x)


def global_avg_pool2d(x: TensorLike) -> Tensor:
    """Return the mean of each channel of (batch, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_avg_pool2d([[[[1.0, 9.0], [4.0, 3.0]]]]).tolist()
        [[2.5, 6.0]]
    """
    return _global_mean("global_avg_pool2d", 2, x)


def global_avg_pool3d(x: TensorLike) -> Tensor:
    """Return the mean of each channel of (batch, depth, height, width, channels).

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     global_avg_pool3d(nn.tensor([1.0, 4.0]).reshape(1, 2, 1, 1, 1)).tolist()
        [[2.5]]
    """
    return _global_mean("global_avg_pool3d", 3, x)
