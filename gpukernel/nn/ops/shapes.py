"""The same numbers under other shapes, in another order, or several times."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.tensor import FLOAT, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape
from gpukernel.nn.views import Read, check_rank, merge_untouched, read, reshaped
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place, recorded

__all__ = [
    "expand_dims",
    "flatten",
    "moveaxis",
    "reshape",
    "reverse",
    "squeeze",
    "swapaxes",
    "tile",
    "transpose",
]


# ---------------------------------------------------------------- arguments


def checked_axis(axis: Any, rank: int, name: str) -> int:
    """Return an axis as a number from 0.

    Raises:
        KernelTypeError: it is not an int.
        KernelShapeError: there is no such axis.
    """
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise KernelTypeError(f"nn.{name}: axis={axis!r} is not an int")
    if not -rank <= axis < rank:
        raise KernelShapeError(f"nn.{name}: axis {axis} is outside a tensor with {rank} axes")
    return int(axis) % rank


def _several(axis: Any, rank: int, name: str) -> list[int]:
    """Return one axis or several as numbers from 0, in the order given."""
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [checked_axis(one, rank, name) for one in given]
    if len(set(axes)) < len(axes):
        raise KernelShapeError(f"nn.{name}: axis={axis!r} names an axis twice")
    return axes


def checked_sizes(sizes: Any, name: str, what: str = "a shape") -> Shape:
    """Return an int or several as a tuple of ints.

    Raises:
        KernelTypeError: they are not ints.
    """
    given = tuple(sizes) if isinstance(sizes, (tuple, list, np.ndarray)) else (sizes,)
    try:
        return tuple([operator.index(n) for n in given])
    except TypeError:
        raise KernelTypeError(f"nn.{name}: {what} is ints, not {sizes!r}") from None


# ---------------------------------------------------------------- the same order


def reshape(x: TensorLike, *sizes: Any, shape: Any = None) -> Tensor:
    """Return the same numbers in row-major order under another shape.

    Args:
        x: any tensor.
        sizes: ints, or one tuple of them; one may be -1, meaning whatever is left.
        shape: the same, by name.

    Raises:
        KernelShapeError: the shape does not have as many elements, or a size is negative.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.tensor([1, 2, 3, 4, 5, 6]).reshape(2, -1).tolist()
        [[1, 2, 3], [4, 5, 6]]
    """
    source = as_tensor(x)
    asked = _by_name("reshape", "shape", sizes, shape)
    wanted = checked_sizes(asked, "reshape")
    if wanted.count(-1) == 1:
        rest = math.prod(n for n in wanted if n != -1)
        if rest > 0 and source.size % rest == 0:
            wanted = tuple(source.size // rest if n == -1 else n for n in wanted)
    if min(wanted, default=0) < 0 or math.prod(wanted) != source.size:
        raise KernelShapeError(
            f"nn.reshape: {source.size} elements of shape {source.shape} do not fill {asked}"
        )
    return reshaped(source, wanted)


def _by_name(name: str, keyword: str, given: tuple[Any, ...], named: Any) -> Any:
    """Return what a function was given one by one, as one tuple, or by name."""
    if named is None:
        return given[0] if len(given) == 1 else given
    if given:
        raise KernelTypeError(f"nn.{name}: {keyword} is given twice, as {given} and {named}")
    return named


def flatten(x: TensorLike) -> Tensor:
    """Return all elements in row-major order along one axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.flatten([[1, 2], [3, 4]]).tolist()
        [1, 2, 3, 4]
    """
    source = as_tensor(x)
    return reshaped(source, (source.size,))


def expand_dims(x: TensorLike, axis: Any) -> Tensor:
    """Return the tensor with new axes of size 1.

    Args:
        x: any tensor.
        axis: where they are in the result, an int or several.

    Raises:
        KernelShapeError: the result has no such axis, or it is named twice.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.expand_dims([1, 2, 3], -1).shape
        (3, 1)
    """
    source = as_tensor(x)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    new = _several(axis, source.ndim + count, "expand_dims")
    sizes = iter(source.shape)
    shape = tuple([1 if a in new else next(sizes) for a in range(source.ndim + count)])
    return reshaped(source, shape)


def squeeze(x: TensorLike, axis: Any = None) -> Tensor:
    """Return the tensor without axes of size 1.

    Args:
        x: any tensor.
        axis: which, an int or several; all of size 1 for None.

    Raises:
        KernelShapeError: an axis is not there, or has another size.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.squeeze([[[1], [2]]]).tolist()
        [1, 2]
    """
    source = as_tensor(x)
    if axis is None:
        return reshaped(source, tuple([n for n in source.shape if n != 1]))
    axes = _several(axis, source.ndim, "squeeze")
    for a in axes:
        if source.shape[a] != 1:
            raise KernelShapeError(
                f"nn.squeeze: axis {a} of shape {source.shape} has size {source.shape[a]}, not 1"
            )
    return reshaped(source, tuple([n for a, n in enumerate(source.shape) if a not in axes]))


# ---------------------------------------------------------------- another order


def transpose(x: TensorLike, *order: Any, axes: Any = None) -> Tensor:
    """Return the tensor with its axes in another order.

    Args:
        x: any tensor; one of more than four axes may take several launches.
        order: for each axis of the result, that of ``x``, as ints or one tuple; the reverse order
            when left out or None.
        axes: the same, by name.

    Raises:
        KernelShapeError: the axes are not those of ``x``, each once.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.transpose([[1, 2, 3], [4, 5, 6]]).tolist()
        [[1, 4], [2, 5], [3, 6]]
    """
    source = as_tensor(x)
    asked = _by_name("transpose", "axes", order, axes)
    if asked is None or asked == ():
        wanted = list(range(source.ndim))[::-1]
    else:
        wanted = _several(asked, source.ndim, "transpose")
    if len(wanted) != source.ndim:
        raise KernelShapeError(
            f"nn.transpose: axes {asked} are not all axes of shape {source.shape}"
        )
    return _transposed(source, wanted, "transpose")


def _transposed(x: Tensor, order: list[int], name: str) -> Tensor:
    if _runs(x.shape, order) > MAX_RANK:
        return _transposed_in_steps(x, order, name)
    reads = tuple([Read(order.index(axis)) for axis in range(x.ndim)])
    return read(x, reads, tuple([x.shape[axis] for axis in order]), name)


def _runs(shape: Shape, order: list[int]) -> int:
    """Return in how many runs of neighbours the axes are taken; those of size 1 do not count."""
    wide = [axis for axis in order if shape[axis] != 1]
    number = {axis: i for i, axis in enumerate(sorted(wide))}
    return 1 + sum(number[b] != number[a] + 1 for a, b in itertools.pairwise(wide))


def _transposed_in_steps(x: Tensor, order: list[int], name: str) -> Tensor:
    """Move one axis after another to its place: each move takes four runs of neighbours."""
    now = list(range(x.ndim))
    for goal, axis in enumerate(order):
        at = now.index(axis)
        if at != goal:
            now.insert(goal, now.pop(at))
            step = list(range(x.ndim))
            step.insert(goal, step.pop(at))
            x = _transposed(x, step, name)
    return x


def swapaxes(x: TensorLike, axis1: int, axis2: int) -> Tensor:
    """Return the tensor with two axes exchanged.

    Raises:
        KernelShapeError: there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.swapaxes([[1, 2], [3, 4]], 0, 1).tolist()
        [[1, 3], [2, 4]]
    """
    source = as_tensor(x)
    first = checked_axis(axis1, source.ndim, "swapaxes")
    second = checked_axis(axis2, source.ndim, "swapaxes")
    order = list(range(source.ndim))
    order[first], order[second] = second, first
    return _transposed(source, order, "swapaxes")


def moveaxis(x: TensorLike, source: Any, destination: Any) -> Tensor:
    """Return the tensor with axes moved to other places, the others in their order.

    Args:
        x: any tensor.
        source: the axes to move, an int or several.
        destination: where each of them is in the result.

    Raises:
        KernelShapeError: there is no such axis, or one is named twice, or the counts differ.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.moveaxis(nn.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    tensor = as_tensor(x)
    moved = _several(source, tensor.ndim, "moveaxis")
    places = _several(destination, tensor.ndim, "moveaxis")
    if len(moved) != len(places):
        raise KernelShapeError(f"nn.moveaxis: {source} to {destination}: other numbers of axes")
    order = [axis for axis in range(tensor.ndim) if axis not in moved]
    for where, axis in sorted(zip(places, moved)):
        order.insert(where, axis)
    return _transposed(tensor, order, "moveaxis")


def reverse(x: TensorLike, axis: Any = None) -> Tensor:
    """Return the tensor with the elements along axes in reverse order.

    Args:
        x: any tensor.
        axis: an int or several; all axes when left out.

    Raises:
        KernelShapeError: there is no such axis, or it is named twice.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.reverse([[1, 2], [3, 4]], axis=1).tolist()
        [[2, 1], [4, 3]]
    """
    source = as_tensor(x)
    if axis is None:
        return reshaped(reverse(reshaped(source, (source.size,)), 0), source.shape)
    axes = _several(axis, source.ndim, "reverse")
    reads = tuple(
        [Read(a, -1, n - 1) if a in axes else Read(a) for a, n in enumerate(source.shape)]
    )
    return read(source, reads, source.shape, "reverse")


# ---------------------------------------------------------------- several times


def tile(x: TensorLike, reps: Any) -> Tensor:
    """Return the tensor repeated along its axes, as a whole.

    Args:
        x: any tensor.
        reps: how often along each axis, an int or several; as in NumPy, the shorter of the
            tensor's axes and ``reps`` is filled with ones at the front.

    Raises:
        KernelTypeError: ``reps`` is not ints.
        KernelShapeError: one is negative.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.tile([[1, 2]], (2, 2)).tolist()
        [[1, 2, 1, 2], [1, 2, 1, 2]]
    """
    source = as_tensor(x)
    counts = checked_sizes(reps, "tile", "reps")
    if min(counts, default=0) < 0:
        raise KernelShapeError(f"nn.tile: reps {counts} cannot be negative")
    rank = max(source.ndim, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    source = reshaped(source, (1,) * (rank - source.ndim) + source.shape)
    shape = tuple([n * count for n, count in zip(source.shape, counts)])
    touched = [axis for axis, count in enumerate(counts) if count != 1]
    if not touched:
        return source
    sizes, places = merge_untouched(source.shape, touched)
    check_rank(len(sizes), "tile", source.shape)
    repeats = [1] * len(sizes)
    for axis, there in zip(touched, places):
        repeats[there] = counts[axis]
    return reshaped(_tiled(reshaped(source, sizes), tuple(repeats)), shape)


def _tiled(x: Tensor, counts: Shape) -> Tensor:
    sizes, axes = x.shape, _repeated_axes(counts)
    shape = tuple([n * count for n, count in zip(sizes, counts)])
    value = _tile_cell(len(sizes), axes).value([x._value], shape, x.dtype)
    return recorded("tile", value, [x], lambda g: (_tiles_added(g, sizes, counts),))


def _tiles_added(g: Tensor, sizes: Shape, counts: Shape) -> Tensor:
    """Return the sum of all repetitions."""
    axes = _repeated_axes(counts)
    numbers = [n for axis in axes for n in (sizes[axis], counts[axis])]
    value = _untile_cell(len(sizes), axes).value([g._value, *numbers], sizes, FLOAT)
    return recorded("tile", value, [g], lambda h: (_tiled(h, counts),))


def _repeated_axes(counts: Shape) -> tuple[int, ...]:
    return tuple([axis for axis, count in enumerate(counts) if count != 1])


@functools.cache
def _tile_cell(rank: int, axes: tuple[int, ...]) -> WrittenCell:
    index = [f"i{a} % a.shape[{a}]" if a in axes else f"i{a}" for a in range(rank)]
    text = function_text("tile", [*index_names(rank), "a"], f"return a[{place(index)}]")

    def tiled(x: np.ndarray, shape: Shape) -> np.ndarray:
        return np.tile(x, [m // n if n else 1 for n, m in zip(x.shape, shape)])

    return WrittenCell("tile", text, tiled)


@functools.cache
def _untile_cell(rank: int, axes: tuple[int, ...]) -> WrittenCell:
    """Write the function that adds up what one cell was repeated to."""
    index = [f"i{a} + k{a} * n{a}" if a in axes else f"i{a}" for a in range(rank)]
    lines = ["total = 0.0"]
    for depth, a in enumerate(axes):
        lines.append(f"{'    ' * depth}for k{a} in range(r{a}):")
    lines.append(f"{'    ' * len(axes)}total += g[{place(index)}]")
    numbers = [name for a in axes for name in (f"n{a}", f"r{a}")]
    parameters = [*index_names(rank), "g", *numbers]
    text = function_text("untile", parameters, *lines, "return total")

    def added(g: np.ndarray, *numbers: int, shape: Shape) -> np.ndarray:
        parts = []
        for axis, n in enumerate(shape):
            count = numbers[2 * axes.index(axis) + 1] if axis in axes else 1
            parts += [count, n]
        return np.asarray(g.reshape(parts).sum(axis=tuple(range(0, 2 * len(shape), 2))))

    return WrittenCell("untile", text, added)
