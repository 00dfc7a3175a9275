"""Tensors put together along an axis, and taken apart again."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.ops.shapes import checked_axis, checked_sizes
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import BOOL, FLOAT, INT, Tensor, TensorLike, as_tensor, value_on
from gpukernel.nn.values import Shape, Value
from gpukernel.nn.views import Read, merge_untouched, read, reshaped
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place, recorded
from gpukernel.runtime.host_memory import is_host

__all__ = ["concat", "split", "stack", "unstack"]
METHODS = ("split", "stack", "unstack")
MAX_JOINED = 8  # tensors that one kernel reads: what follows in it reads some too


def concat(tensors: TensorLike, axis: int = 0) -> Tensor:
    """Return tensors joined along an axis that they have.

    Args:
        tensors: a list of at least one, with the same sizes but along ``axis``; the result is
            float if one is float, else int if one is int.
        axis: along which.

    Raises:
        KernelShapeError: there are none, other sizes differ, or there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.concat([[[1, 2]], [[3, 4], [5, 6]]], axis=0).tolist()
        [[1, 2], [3, 4], [5, 6]]
    """
    parts = _tensors(tensors, "concat")
    first = parts[0].shape
    along = checked_axis(axis, len(first), "concat")
    for part in parts:
        if part.ndim != len(first) or _without(part.shape, along) != _without(first, along):
            shapes = ", ".join(str(p.shape) for p in parts)
            raise KernelShapeError(
                f"nn.concat: shapes {shapes} differ in more than the size of axis {along}"
            )
    if len(parts) == 1:
        return parts[0]
    shape = (*first[:along], sum(part.shape[along] for part in parts), *first[along + 1 :])
    _, places = merge_untouched(shape, [along])
    merged = [reshaped(p, merge_untouched(p.shape, [along])[0]) for p in parts]
    return reshaped(_joined(merged, places[0], "concat"), shape)


def stack(tensors: TensorLike, axis: int = 0) -> Tensor:
    """Return tensors of one shape joined along a new axis.

    Args:
        tensors: a list of at least one; dtypes as for `concat`.
        axis: where the new axis is in the result.

    Raises:
        KernelShapeError: there are none, the shapes differ, or there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.stack([[1, 2], [3, 4]], axis=1).tolist()
        [[1, 3], [2, 4]]
    """
    parts = _tensors(tensors, "stack")
    first = parts[0].shape
    along = checked_axis(axis, len(first) + 1, "stack")
    if any(part.shape != first for part in parts):
        shapes = ", ".join(str(p.shape) for p in parts)
        raise KernelShapeError(f"nn.stack: shapes {shapes} are not all the same")
    shape = (*first[:along], len(parts), *first[along:])
    sizes, places = merge_untouched(shape, [along])
    merged = [reshaped(p, _without(sizes, places[0])) for p in parts]
    return reshaped(_stacked(merged, places[0]), shape)


def split(
    x: TensorLike, indices_or_sections: Union[int, Sequence[int]], axis: int = 0
) -> list[Tensor]:
    """Return the parts of a tensor along an axis.

    Args:
        x: any tensor.
        indices_or_sections: how many parts of equal size, or the places to cut at, in ascending
            order; negative ones count from the end.
        axis: along which.

    Raises:
        KernelShapeError: the axis has no such places, or cannot be cut equally.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     [part.tolist() for part in nn.split([1, 2, 3, 4], [1, 3])]
        [[1], [2, 3], [4]]
    """
    source = as_tensor(x)
    along = checked_axis(axis, source.ndim, "split")
    return _parts(source, _part_sizes(indices_or_sections, source.shape, along), along)


def _parts(source: Tensor, sizes: Sequence[int], along: int) -> list[Tensor]:
    parts, start = [], 0
    for size in sizes:
        reads = tuple([Read(a, 1, start if a == along else 0) for a in range(source.ndim)])
        shape = (*source.shape[:along], size, *source.shape[along + 1 :])
        parts.append(read(source, reads, shape, "split"))
        start += size
    return parts


def _part_sizes(sections: Any, shape: Shape, axis: int) -> list[int]:
    n = shape[axis]
    if isinstance(sections, (int, np.integer)) and not isinstance(sections, bool):
        if sections < 1 or n % sections:
            raise KernelShapeError(
                f"nn.split: axis {axis} of shape {shape} cannot be cut into {sections} equal parts"
                "\nhint: give the places to cut at, as a list"
            )
        return [n // int(sections)] * int(sections)
    places = checked_sizes(sections, "split", "indices_or_sections")
    cuts = [0, *[place + n if place < 0 else place for place in places], n]
    sizes = [after - before for before, after in itertools.pairwise(cuts)]
    if min(cuts) < 0 or min(sizes) < 0:
        raise KernelShapeError(
            f"nn.split: {sections} are no ascending places of axis {axis} of shape {shape}\n"
            "hint: a list tells where to cut, not how large the parts are"
        )
    return sizes


def unstack(x: TensorLike, axis: int = 0) -> list[Tensor]:
    """Return the slices of a tensor along an axis, without that axis.

    Raises:
        KernelShapeError: there is no such axis.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     [part.tolist() for part in nn.unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    source = as_tensor(x)
    along = checked_axis(axis, source.ndim, "unstack")
    return [_slice_at(source, along, i, "unstack") for i in range(source.shape[along])]


def _slice_at(x: Tensor, axis: int, i: int, name: str) -> Tensor:
    """Return one slice along an axis, without that axis."""
    reads = tuple([Read(None, 1, i) if a == axis else Read(a - (a > axis)) for a in range(x.ndim)])
    return read(x, reads, _without(x.shape, axis), name)


# ---------------------------------------------------------------- how it is done


def _without(shape: Shape, axis: int) -> Shape:
    return (*shape[:axis], *shape[axis + 1 :])


def _tensors(tensors: Any, name: str) -> list[Tensor]:
    """Return what is joined as tensors of one device: that of the first tensor among them."""
    if isinstance(tensors, Tensor):
        tensors = list(tensors)
    if not isinstance(tensors, (list, tuple)):
        raise KernelTypeError(f"nn.{name}: a list of tensors is joined, not {tensors!r:.60}")
    if not tensors:
        raise KernelShapeError(f"nn.{name}: there are no tensors to join")
    first = next((x for x in tensors if isinstance(x, Tensor)), None)
    if first is None:
        return [as_tensor(x) for x in tensors]
    device = first._value.device
    for x in tensors:
        if isinstance(x, Tensor):
            value_on(x, device, name)
    return [as_tensor(x, device) for x in tensors]


def _joined(parts: list[Tensor], axis: int, name: str) -> Tensor:
    """Join tensors of at most four axes; more than a kernel reads are joined in groups."""
    if len(parts) > MAX_JOINED and not is_host(parts[0]._value.device):
        size = -(-len(parts) // MAX_JOINED)
        size = max(2, min(size, MAX_JOINED))
        groups = [parts[i : i + size] for i in range(0, len(parts), size)]
        return _joined([_joined(group, axis, name) for group in groups], axis, name)
    if len(parts) == 1:
        return parts[0]
    counts = [part.shape[axis] for part in parts]
    shape = (*parts[0].shape[:axis], sum(counts), *parts[0].shape[axis + 1 :])

    def vjp(g: Tensor) -> Cotangents:
        return _parts(g, counts, axis)

    return _combined(parts, axis, shape, vjp, is_new=False)


def _stacked(parts: list[Tensor], axis: int) -> Tensor:
    """Stack tensors of at most three axes; groups of them are then joined."""
    if len(parts) > MAX_JOINED and not is_host(parts[0]._value.device):
        groups = [parts[i : i + MAX_JOINED] for i in range(0, len(parts), MAX_JOINED)]
        return _joined([_stacked(group, axis) for group in groups], axis, "stack")
    shape = (*parts[0].shape[:axis], len(parts), *parts[0].shape[axis:])
    return _combined(parts, axis, shape, lambda g: unstack(g, axis), is_new=True)


def _combined(
    parts: list[Tensor],
    axis: int,
    shape: Shape,
    vjp: Callable[[Tensor], Cotangents],
    is_new: bool,
) -> Tensor:
    """Run the cell that reads each element of the result from the part that has it."""
    dtypes = {part.dtype for part in parts}
    dtype = FLOAT if FLOAT in dtypes else INT if INT in dtypes else BOOL
    cast = "" if len(dtypes) == 1 else "float" if dtype == FLOAT else "int"
    cell = _joining_cell(len(shape), axis, len(parts), cast, is_new)
    value: Value = cell.value([part._value for part in parts], shape, dtype)
    return recorded("stack" if is_new else "concat", value, parts, vjp)


@functools.cache
def _joining_cell(rank: int, axis: int, count: int, cast: str, is_new: bool) -> WrittenCell:
    """Write the function that chooses the part that an element of the result comes from.

    Args:
        rank: of the result, at most four.
        axis: along which parts are joined.
        count: of the parts.
        cast: what brings elements of several dtypes to that of the result.
        is_new: whether the parts do not have the axis.
    """
    assert rank <= MAX_RANK
    names = index_names(rank)
    inner = [n for a, n in enumerate(names) if a != axis or not is_new]
    if not is_new:
        inner[axis] = "k"
    lines = [f"k = {names[axis]}"]
    for part in range(count):
        last = part == count - 1
        element = f"a{part}[{place(inner)}]"
        value = f"{cast}({element})" if cast else element
        size = "1" if is_new else f"a{part}.shape[{axis}]"
        if last:
            lines.append(f"return {value}")
        else:
            lines += [f"if k < {size}:", f"    return {value}", f"k -= {size}"]
    name = "stack" if is_new else "concat"
    text = function_text(name, [*names, *[f"a{part}" for part in range(count)]], *lines)

    def joined(*parts: np.ndarray, shape: Shape) -> np.ndarray:
        dtype = _common(parts)
        found = (np.stack if is_new else np.concatenate)(parts, axis, dtype=dtype)
        return np.asarray(found)

    return WrittenCell(name, text, joined)


def _common(parts: Sequence[np.ndarray]) -> np.dtype:
    """Return the dtype of the result: that of the floats among the parts, if there are some."""
    dtypes = [part.dtype for part in parts]
    floats = [dtype for dtype in dtypes if dtype.kind == "f"]
    return floats[0] if floats else np.result_type(*dtypes)
