"""Parts of tensors: by slices, and by tensors of indices."""

from __future__ import annotations

import builtins
import functools
import math
import operator
from typing import Any

import numpy as np

from gpukernel.errors import KernelIndexError, KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.ops.shapes import checked_axis, checked_sizes
from gpukernel.nn.tensor import FLOAT, INT, Tensor, TensorLike, as_tensor, value_on
from gpukernel.nn.values import Shape
from gpukernel.nn.views import Read, read, reshaped
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place, recorded
from gpukernel.runtime.array import Array

__all__ = ["gather", "getitem", "slice", "take_along_axis"]


# ---------------------------------------------------------------- slices


def getitem(x: TensorLike, key: Any) -> Tensor:
    """Return ``x[key]``: basic indexing as in NumPy, or rows by their numbers.

    Args:
        x: any tensor; of more than four axes as far as those read as a whole can be merged.
        key: ints, slices with any steps, one ``...`` and None for new axes, or a tuple of them; or
            a tensor, an array or a list of ints, which gives `gather` along the first axis.

    Raises:
        KernelIndexError: an int outside its axis, or more of them than axes.
        KernelTypeError: bools, or tensors of indices among other keys.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     x = nn.tensor([[1, 2, 3], [4, 5, 6]])
        ...     x[1, ::-1].tolist(), x[..., None, 0].tolist(), x[[1, 1]].tolist()
        ([6, 5, 4], [[1], [4]], [[4, 5, 6], [4, 5, 6]])
    """
    source = as_tensor(x)
    if isinstance(key, (Tensor, Array, np.ndarray, list)):
        return gather(source, key)
    reads: list[Read] = []
    shape: list[int] = []
    for one in _complete(key, source):
        axis = len(reads)
        if one is None:
            shape.append(1)
        elif isinstance(one, builtins.slice):
            start, stop, step = _bounds(one, source.shape[axis])
            reads.append(Read(len(shape), step, start))
            shape.append(len(range(start, stop, step)))
        else:
            reads.append(Read(None, 1, _inside(one, axis, source.shape)))
    return read(source, tuple(reads), tuple(shape), "getitem")


def _complete(key: Any, x: Tensor) -> list[Any]:
    """Return the keys with slices for all axes that none was given for."""
    keys = list(key) if isinstance(key, tuple) else [key]
    for one in keys:
        _check_key(one)
    taken = builtins.sum(one is not None and one is not ... for one in keys)
    if taken > x.ndim:
        raise KernelIndexError(f"nn.getitem: {taken} indices for shape {x.shape}")
    dots = [place for place, one in enumerate(keys) if one is ...]
    if len(dots) > 1:
        raise KernelIndexError("nn.getitem: `...` stands more than once among the indices")
    at = dots[0] if dots else len(keys)
    return [*keys[:at], *[builtins.slice(None)] * (x.ndim - taken), *keys[at + 1 :]]


def _check_key(one: Any) -> None:
    if isinstance(one, (bool, np.bool_)) or getattr(one, "dtype", None) == np.bool_:
        raise KernelTypeError(
            "nn.getitem: bools are no indices here\nhint: choose elements with nn.where"
        )
    if isinstance(one, (Tensor, Array, np.ndarray, list)):
        raise KernelTypeError(
            "nn.getitem: tensors of indices among other indices are not supported\n"
            "hint: use nn.gather(x, indices, axis), or int() for a single index"
        )
    if one is None or one is ... or isinstance(one, builtins.slice):
        return
    try:
        operator.index(one)
    except TypeError:
        raise KernelTypeError(
            f"nn.getitem: an index is an int, a slice, `...` or None, not {one!r:.60}"
        ) from None


def _bounds(one: builtins.slice, n: int) -> tuple[int, int, int]:
    try:
        return one.indices(n)
    except (TypeError, ValueError) as problem:
        raise KernelTypeError(f"nn.getitem: {one} is no slice: {problem}") from None


def _inside(one: Any, axis: int, shape: Shape) -> int:
    number, n = operator.index(one), shape[axis]
    if not -n <= number < n:
        raise KernelIndexError(
            f"nn.getitem: index {number} is outside axis {axis} of shape {shape}"
        )
    return number % n


def slice(x: TensorLike, begin: Any, size: Any) -> Tensor:
    """Return the part of a tensor that begins at a place.

    Args:
        x: any tensor.
        begin: the first place along each axis, from 0.
        size: how many elements along each axis; -1 for all that are left.

    Raises:
        KernelShapeError: other numbers of axes, or the part is not inside.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, -1)).tolist()
        [[2, 3], [5, 6]]
    """
    source = as_tensor(x)
    starts = checked_sizes(begin, "slice", "begin")
    counts = checked_sizes(size, "slice", "size")
    if not len(starts) == len(counts) == source.ndim:
        raise KernelShapeError(
            f"nn.slice: begin {begin} and size {size} are not one for each axis of {source.shape}"
        )
    shape = tuple([n - b if c == -1 else c for n, b, c in zip(source.shape, starts, counts)])
    for n, b, c in zip(source.shape, starts, shape):
        if b < 0 or c < 0 or b + c > n:
            raise KernelShapeError(
                f"nn.slice: begin {begin} and size {size} reach outside shape {source.shape}"
            )
    reads = tuple([Read(axis, 1, start) for axis, start in enumerate(starts)])
    return read(source, reads, shape, "slice")


# ---------------------------------------------------------------- tensors of indices


def gather(x: TensorLike, indices: TensorLike, axis: int = 0) -> Tensor:
    """Return the slices of a tensor along an axis at places that a tensor of ints names.

    Args:
        x: any tensor.
        indices: ints of any shape; negative ones count from the end.
        axis: along which.

    Returns:
        A tensor of ``x``'s shape with the axis replaced by those of ``indices``.  A place outside
        ``x`` gives zeros where the indices are a tensor; the gradient adds up where one place is
        read several times, always in the same order.

    Raises:
        KernelIndexError: a place outside ``x``, where the indices are on the host.
        KernelTypeError: the indices are not ints.
        KernelShapeError: there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.gather([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1).tolist()
        [[3, 1], [6, 4]]
    """
    return gather_as("gather", x, indices, axis)


def gather_as(name: str, x: TensorLike, indices: TensorLike, axis: int) -> Tensor:
    """Gather for the operation ``name``, which errors tell."""
    source = as_tensor(x)
    along = checked_axis(axis, source.ndim, name)
    places = _checked_indices(indices, source, along, name)
    before, after = source.shape[:along], source.shape[along + 1 :]
    shape = (*before, *places.shape, *after)
    if max(len(shape), source.ndim) > MAX_RANK or places.ndim > MAX_RANK:
        sizes = (math.prod(before), source.shape[along], math.prod(after))
        flat = _gathered(reshaped(source, sizes), reshaped(places, (places.size,)), 1)
        return reshaped(flat, shape)
    return _gathered(source, places, along)


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int) -> Tensor:
    """Return elements of a tensor, each from the place along an axis that an int names.

    Args:
        x: any tensor.
        indices: ints of ``x``'s shape but for the size of the axis; negative ones count from the
            end.
        axis: along which.

    Returns:
        A tensor of the indices' shape; places outside ``x`` and gradients are as in `gather`.

    Raises:
        KernelIndexError: a place outside ``x``, where the indices are on the host.
        KernelTypeError: the indices are not ints.
        KernelShapeError: there is no such axis, or other sizes differ.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.take_along_axis([[1, 2, 3], [4, 5, 6]], [[2], [0]], axis=1).tolist()
        [[3], [4]]
    """
    source = as_tensor(x)
    along = checked_axis(axis, source.ndim, "take_along_axis")
    places = _checked_indices(indices, source, along, "take_along_axis")
    before, after = source.shape[:along], source.shape[along + 1 :]
    count = places.shape[along] if places.ndim == source.ndim else -1
    if places.shape != (*before, count, *after):
        raise KernelShapeError(
            f"nn.take_along_axis: indices of shape {places.shape} differ from shape "
            f"{source.shape} in more than axis {along}"
        )
    if source.ndim > MAX_RANK:
        outer, inner = math.prod(before), math.prod(after)
        flat = reshaped(source, (outer, source.shape[along], inner))
        return reshaped(_taken(flat, reshaped(places, (outer, count, inner)), 1), places.shape)
    return _taken(source, places, along)


def _checked_indices(indices: Any, x: Tensor, axis: int, name: str) -> Tensor:
    """Return indices as a tensor on the device of ``x``; those on the host are checked."""
    if isinstance(indices, (Tensor, Array)):
        found = as_tensor(indices)
        value_on(found, x._value.device, name)
    else:
        numbers = np.asarray(indices)
        if not numbers.size:
            numbers = numbers.astype(INT)
        n = x.shape[axis]
        if numbers.dtype.kind in "iu" and numbers.size:
            for number in (int(numbers.min()), int(numbers.max())):
                if not -n <= number < n:
                    raise KernelIndexError(
                        f"nn.{name}: index {number} is outside axis {axis} of shape {x.shape}"
                    )
        if numbers.dtype.kind not in "iu":
            raise KernelTypeError(f"nn.{name}: indices are ints, not {numbers.dtype}")
        found = as_tensor(numbers, x._value.device)
    if found.dtype != INT:
        raise KernelTypeError(f"nn.{name}: indices are ints, not {found.dtype}")
    return found


def _gathered(x: Tensor, places: Tensor, axis: int) -> Tensor:
    sizes = x.shape
    shape = (*sizes[:axis], *places.shape, *sizes[axis + 1 :])
    value = _gather_cell(len(sizes), axis, places.ndim).value(
        [x._value, places._value], shape, x.dtype
    )
    return recorded("gather", value, [x], lambda g: (_gather_added(g, places, axis, sizes),))


def _gather_added(g: Tensor, places: Tensor, axis: int, sizes: Shape) -> Tensor:
    """Return a tensor of shape ``sizes`` with what was read from each place added up there."""
    cell = _gather_adjoint(len(sizes), axis, places.ndim)
    value = cell.value([g._value, places._value, sizes[axis]], sizes, FLOAT)
    return recorded("gather", value, [g], lambda h: (_gathered(h, places, axis),))


def _taken(x: Tensor, places: Tensor, axis: int) -> Tensor:
    n = x.shape[axis]
    value = _take_cell(x.ndim, axis).value([x._value, places._value], places.shape, x.dtype)
    return recorded("take_along_axis", value, [x], lambda g: (_taken_added(g, places, axis, n),))


def _taken_added(g: Tensor, places: Tensor, axis: int, n: int) -> Tensor:
    shape = (*g.shape[:axis], n, *g.shape[axis + 1 :])
    value = _take_adjoint(g.ndim, axis).value([g._value, places._value, n], shape, FLOAT)
    return recorded("take_along_axis", value, [g], lambda h: (_taken(h, places, axis),))


# ---------------------------------------------------------------- the functions of one cell


def _from_end(axis: int) -> str:
    return f"k + a.shape[{axis}] if k < 0 else k"


@functools.cache
def _gather_cell(rank: int, axis: int, index_rank: int) -> WrittenCell:
    names = index_names(rank - 1 + index_rank)
    inner = names[axis : axis + index_rank]
    index = [*names[:axis], _from_end(axis), *names[axis + index_rank :]][:rank]
    lines = [f"k = places[{place(inner)}]", f"return a[{place(index)}]"]
    text = function_text("gather", [*names, "a", "places"], *lines)

    def gathered(x: np.ndarray, places: np.ndarray, shape: Shape) -> np.ndarray:
        n = x.shape[axis]
        is_inside = (places >= -n) & (places < n)
        if is_inside.all():
            return np.asarray(x.take(places, axis))
        found = x.take(np.where(is_inside, places, 0), axis) if n else np.zeros(shape, x.dtype)
        found[(*[builtins.slice(None)] * axis, ~is_inside)] = 0
        return np.asarray(found)

    return WrittenCell("gather", text, gathered)


@functools.cache
def _gather_adjoint(rank: int, axis: int, index_rank: int) -> WrittenCell:
    """Write the function that adds up what was read from one place."""
    names = index_names(rank)
    inner = [f"p{d}" for d in range(index_rank)]
    index = [*names[:axis], *inner, *names[axis + 1 :]]
    lines = ["total = 0.0"]
    for depth in range(index_rank):
        lines.append(f"{'    ' * depth}for p{depth} in range(places.shape[{depth}]):")
    pad = "    " * index_rank
    lines += [
        f"{pad}k = places[{place(inner)}]",
        f"{pad}if k == {names[axis]} or k == {names[axis]} - n:",
        f"{pad}    total += g[{place(index)}]",
        "return total",
    ]
    text = function_text("gather_vjp", [*names, "g", "places", "n"], *lines)

    def added(g: np.ndarray, places: np.ndarray, n: int, shape: Shape) -> np.ndarray:
        is_inside = (places >= -n) & (places < n)
        result = np.zeros(shape, g.dtype)
        left = g.reshape(*shape[:axis], places.size, *shape[axis + 1 :])
        slices = np.moveaxis(left, axis, 0)[is_inside.reshape(-1)]
        np.add.at(np.moveaxis(result, axis, 0), places[is_inside].reshape(-1), slices)
        return result

    return WrittenCell("gather_vjp", text, added)


@functools.cache
def _take_cell(rank: int, axis: int) -> WrittenCell:
    names = index_names(rank)
    index = [_from_end(axis) if a == axis else name for a, name in enumerate(names)]
    lines = [f"k = places[{place(names)}]", f"return a[{place(index)}]"]
    text = function_text("take_along_axis", [*names, "a", "places"], *lines)

    def taken(x: np.ndarray, places: np.ndarray, shape: Shape) -> np.ndarray:
        n = x.shape[axis]
        if not n:
            return np.zeros(shape, x.dtype)
        is_inside = (places >= -n) & (places < n)
        found = np.take_along_axis(x, np.where(is_inside, places, 0), axis)
        found[~is_inside] = 0
        return found

    return WrittenCell("take_along_axis", text, taken)


@functools.cache
def _take_adjoint(rank: int, axis: int) -> WrittenCell:
    names = index_names(rank)
    inner = ["p" if a == axis else name for a, name in enumerate(names)]
    lines = [
        "total = 0.0",
        f"for p in range(places.shape[{axis}]):",
        f"    k = places[{place(inner)}]",
        f"    if k == {names[axis]} or k == {names[axis]} - n:",
        f"        total += g[{place(inner)}]",
        "return total",
    ]
    text = function_text("take_along_axis_vjp", [*names, "g", "places", "n"], *lines)

    def added(g: np.ndarray, places: np.ndarray, n: int, shape: Shape) -> np.ndarray:
        result = np.zeros(shape, g.dtype)
        is_inside = (places >= -n) & (places < n)
        index = list(np.nonzero(is_inside))
        index[axis] = places[is_inside]
        np.add.at(result, tuple(index), g[is_inside])
        return result

    return WrittenCell("take_along_axis_vjp", text, added)
