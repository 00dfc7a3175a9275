"""Images in other sizes: bilinear and nearest, by centres of pixels or with aligned corners.

In: float32 (batch, height, width, channels).  Along each axis, result ``i`` lies at ``(i * factor +
shift) / divisor`` of the image, all three ints, so that positions are exact.  Gradients are
gathered: each cell of the image adds up the results that it had a part in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError
from gpukernel.nn.ops.operands import float_operands, need_axes, per_axis
from gpukernel.nn.primitive import Cell, Spec
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import Tensor, TensorLike
from gpukernel.nn.values import Shape

__all__ = ["resize_bilinear", "resize_nearest"]


# ---------------------------------------------------------------- one cell


def part(i, place, factor, shift, divisor, n):
    """Return which part of result ``i`` is the cell at a place, in bilinear resizing."""
    low = (i * factor + shift) // divisor
    rest = float((i * factor + shift) % divisor) / float(divisor)
    total = 0.0
    if min(max(low, 0), n - 1) == place:
        total += 1.0 - rest
    if min(max(low + 1, 0), n - 1) == place:
        total += rest
    return total


def first_touching(place, factor, shift, divisor):
    """Return the first result that lies less than one cell away from a place."""
    return 0 if factor == 0 else ((place - 1) * divisor - shift) // factor + 1


def first_nearest(place, factor, shift, divisor):
    """Return the first result that lies at a place or after it."""
    return 0 if factor == 0 else (place * divisor - shift + factor - 1) // factor


def bilinear(n, y, x, c, a, factor, shift, divisor, spans, sizes, counts):
    top, left = (y * factor[0] + shift[0]) // divisor[0], (x * factor[1] + shift[1]) // divisor[1]
    down = float((y * factor[0] + shift[0]) % divisor[0]) / float(divisor[0])
    along = float((x * factor[1] + shift[1]) % divisor[1]) / float(divisor[1])
    above, below = min(max(top, 0), sizes[0] - 1), min(max(top + 1, 0), sizes[0] - 1)
    before, after = min(max(left, 0), sizes[1] - 1), min(max(left + 1, 0), sizes[1] - 1)
    upper = a[n, above, before, c] * (1.0 - along) + a[n, above, after, c] * along
    lower = a[n, below, before, c] * (1.0 - along) + a[n, below, after, c] * along
    return upper * (1.0 - down) + lower * down


def bilinear_back(n, y, x, c, g, factor, shift, divisor, spans, sizes, counts):
    top = first_touching(y, factor[0], shift[0], divisor[0])
    left = first_touching(x, factor[1], shift[1], divisor[1])
    total = 0.0
    for r in range(spans[0]):
        down = part(top + r, y, factor[0], shift[0], divisor[0], sizes[0])
        for s in range(spans[1]):
            along = part(left + s, x, factor[1], shift[1], divisor[1], sizes[1])
            total += g[n, top + r, left + s, c] * (down * along)
    return total


def nearest(n, y, x, c, a, factor, shift, divisor, spans, sizes, counts):
    row = (y * factor[0] + shift[0]) // divisor[0]
    column = (x * factor[1] + shift[1]) // divisor[1]
    return a[n, row, column, c]


def nearest_back(n, y, x, c, g, factor, shift, divisor, spans, sizes, counts):
    top = first_nearest(y, factor[0], shift[0], divisor[0])
    left = first_nearest(x, factor[1], shift[1], divisor[1])
    total = 0.0
    for r in range(spans[0]):
        is_row = ((top + r) * factor[0] + shift[0]) // divisor[0] == y
        for s in range(spans[1]):
            is_column = ((left + s) * factor[1] + shift[1]) // divisor[1] == x
            total += g[n, top + r, left + s, c] if is_row and is_column else 0.0
    return total


# ---------------------------------------------------------------- with NumPy


def _positions(
    count: int, factor: int, shift: int, divisor: int, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the two cells that each result lies between, and the part of the second one."""
    at = np.arange(count) * factor + shift
    low = at // divisor
    return np.clip(low, 0, n - 1), np.clip(low + 1, 0, n - 1), (at % divisor) / divisor


def _mix(a: np.ndarray, axis: int, low: Any, high: Any, rest: Any) -> np.ndarray:
    parts = rest.astype(a.dtype).reshape([-1 if i == axis else 1 for i in range(a.ndim)])
    mixed: np.ndarray = a.take(low, axis) * (1 - parts) + a.take(high, axis) * parts
    return mixed


def _spread(g: np.ndarray, axis: int, low: Any, high: Any, rest: Any, n: int) -> np.ndarray:
    """Return what the cells along an axis get: a product with the matrix of all parts."""
    count = len(low)
    parts = np.zeros((n, count))
    np.add.at(parts, (low, np.arange(count)), 1 - rest)
    np.add.at(parts, (high, np.arange(count)), rest)
    shape = (*g.shape[:axis], n, *g.shape[axis + 1 :])
    if g.size == 0:
        return np.zeros(shape, g.dtype)
    flat = g.reshape(int(np.prod(g.shape[:axis])), count, -1)
    spread: np.ndarray = np.matmul(parts.astype(g.dtype), flat)
    return spread.reshape(shape)


def _axes(constants: dict[str, Shape], counts: Shape) -> list[tuple[int, ...]]:
    names = ("factor", "shift", "divisor", "sizes")
    return list(zip(counts, *(constants[name] for name in names)))


def _bilinear_numpy(a: np.ndarray, counts: Shape, **constants: Shape) -> np.ndarray:
    for axis, numbers in enumerate(_axes(constants, counts), start=1):
        a = _mix(a, axis, *_positions(*numbers))
    return a


def _bilinear_back_numpy(g: np.ndarray, counts: Shape, **constants: Shape) -> np.ndarray:
    for axis, numbers in enumerate(_axes(constants, counts), start=1):
        g = _spread(g, axis, *_positions(*numbers), numbers[-1])
    return g


def _nearest_numpy(a: np.ndarray, counts: Shape, **constants: Shape) -> np.ndarray:
    for axis, numbers in enumerate(_axes(constants, counts), start=1):
        a = a.take(_positions(*numbers)[0], axis)
    return a


def _nearest_back_numpy(g: np.ndarray, counts: Shape, **constants: Shape) -> np.ndarray:
    for axis, numbers in enumerate(_axes(constants, counts), start=1):
        low, _, rest = _positions(*numbers)
        g = _spread(g, axis, low, low, np.zeros_like(rest), numbers[-1])
    return g


# ---------------------------------------------------------------- operations

_bilinear = Cell(bilinear, _bilinear_numpy)
_bilinear_back = Cell(bilinear_back, _bilinear_back_numpy)
_nearest = Cell(nearest, _nearest_numpy)
_nearest_back = Cell(nearest_back, _nearest_back_numpy)


def _image(x: Any, sizes: Shape) -> Shape:
    return (x.shape[0], *sizes, x.shape[3])


@_bilinear.vjp
def _bilinear_vjp(g: Tensor, _result: Spec, _a: Spec, **constants: Any) -> Cotangents:
    return (_bilinear_back(g, shape=_a.shape, **constants),)


@_bilinear_back.vjp
def _bilinear_back_vjp(h: Tensor, _result: Spec, _g: Spec, **constants: Any) -> Cotangents:
    return (_bilinear(h, shape=_g.shape, **constants),)


@_nearest.vjp
def _nearest_vjp(g: Tensor, _result: Spec, _a: Spec, **constants: Any) -> Cotangents:
    return (_nearest_back(g, shape=_a.shape, **constants),)


@_nearest_back.vjp
def _nearest_back_vjp(h: Tensor, _result: Spec, _g: Spec, **constants: Any) -> Cotangents:
    return (_nearest(h, shape=_g.shape, **constants),)


def _line(n: int, count: int, is_nearest: bool, align_corners: bool) -> tuple[int, int, int]:
    """Return factor, shift and divisor of an axis of ``n`` cells resized to ``count``."""
    if not align_corners:
        return 2 * n, (n if is_nearest else n - count), 2 * count
    if count == 1:
        return 0, 0, 1
    if is_nearest:  # rounded, halves up
        return 2 * (n - 1), count - 1, 2 * (count - 1)
    return n - 1, 0, count - 1


def _resized(name: str, x: TensorLike, size: Any, align_corners: bool, is_nearest: bool) -> Tensor:
    (source,) = float_operands(name, x=x)
    need_axes(name, "x", source, "(batch, height, width, channels)")
    counts = per_axis(name, "size", size, 2)
    sizes = source.shape[1:3]
    if 0 in sizes:
        raise KernelShapeError(f"nn.{name}: x of shape {source.shape} has no cells to resize")
    lines = [_line(n, count, is_nearest, align_corners) for n, count in zip(sizes, counts)]
    factor, shift, divisor = zip(*lines)
    reach = 1 if is_nearest else 2  # cells of the image over which a result's part goes to zero
    spans = tuple(
        -(-reach * d // f) if f else count for f, d, count in zip(factor, divisor, counts)
    )
    constants: dict[str, Any] = {
        "factor": factor,
        "shift": shift,
        "divisor": divisor,
        "spans": spans,
        "sizes": sizes,
        "counts": counts,
    }
    resize = _nearest if is_nearest else _bilinear
    return resize(source, shape=_image(source, counts), **constants)


def resize_bilinear(x: TensorLike, size: Any, align_corners: bool = False) -> Tensor:
    """Return images in another size, each cell a mean of the four nearest ones.

    Centres of pixels lie at halves: result ``i`` is at ``(i + 0.5) * old / new - 0.5``, and beyond
    the outermost centres the outermost cells go on.  Making images smaller leaves cells out; it is
    no mean over all of them.

    Args:
        x: float32 (batch, height, width, channels).
        size: the new (height, width), or an int for both.
        align_corners: whether the outermost centres stay where they are, and result ``i`` is at
            ``i * (old - 1) / (new - 1)``; 0 for a single one.

    Returns:
        float32 (batch, *size, channels).

    Raises:
        KernelShapeError: x has other axes or no cells, or a size is less than 1.
        KernelTypeError: x is not float32, or a size no int.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([0.0, 4.0]).reshape(1, 1, 2, 1)
        ...     resize_bilinear(x, (1, 4)).reshape(-1).tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    return _resized("resize_bilinear", x, size, align_corners, False)


def resize_nearest(x: TensorLike, size: Any, align_corners: bool = False) -> Tensor:
    """Return images in another size, each cell the nearest one of the image.

    Result ``i`` is cell ``floor((i + 0.5) * old / new)``, exactly.

    Args:
        x, size: as for `resize_bilinear`, which tells what is raised.
        align_corners: whether result ``i`` is the cell nearest to ``i * (old - 1) / (new - 1)``,
            of two equally near ones the second; 0 for a single one.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([0.0, 4.0]).reshape(1, 1, 2, 1)
        ...     resize_nearest(x, (1, 4)).reshape(-1).tolist()
        [0.0, 0.0, 4.0, 4.0]
    """
    return _resized("resize_nearest", x, size, align_corners, True)
