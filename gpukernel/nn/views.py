"""Results that show the elements of one tensor at other places: `read`, and its adjoint `spread`.

A `Read` for every axis of the source says where along it an element of the result is read: at
``offset + step * i`` for the index ``i`` along one axis of the result, or at ``offset`` always.
Slices, transposes and reversed axes are such reads.  No element is read twice, so that the
adjoint is a read too: each element of the source asks which element of the result showed it.
Offsets are uniforms; steps and which axis reads which are written into the kernel.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from gpukernel.errors import KernelShapeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.broadcasting import _repeated, _repeated_bool
from gpukernel.nn.primitive import Spec, primitive
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import BOOL, Tensor
from gpukernel.nn.values import Shape, Value, storage_shape
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place, recorded
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import zeros


class Read(NamedTuple):
    """Where along one axis of the source elements are read."""

    axis: Union[int, None]  # of the result; None for one place, at the offset
    step: int = 1
    offset: int = 0


Reads = tuple[Read, ...]


# ---------------------------------------------------------------- other shapes


@primitive()
def _reshape(x: Array, shape: Shape) -> Array:
    return x.reshape(shape)


@_reshape.vjp
def _(g: Tensor, _result: Spec, _x: Spec) -> Cotangents:
    return (reshaped(g, _x.shape),)


def reshaped(x: Tensor, shape: Shape) -> Tensor:
    """Return the same numbers under another shape of the same size."""
    if shape == x.shape:
        return x
    if x._value.is_waiting and storage_shape(shape) == storage_shape(x.shape):
        same = _repeated_bool if x.dtype == BOOL else _repeated
        value = Value(shape, x.dtype, x._value.device, same, (x._value,))
        old = x.shape
        return recorded("reshape", value, [x], lambda g: (reshaped(g, old),))
    return _reshape(x, shape=shape)


def merge_untouched(shape: Shape, touched: Sequence[int]) -> tuple[Shape, tuple[int, ...]]:
    """Merge neighbouring axes that an operation leaves alone, if there are more than four axes.

    Returns:
        The merged shape, and where the touched axes are in it.
    """
    if len(shape) <= MAX_RANK:
        return shape, tuple(touched)
    sizes: list[int] = []
    places: dict[int, int] = {}
    is_open = False
    for axis, n in enumerate(shape):
        if axis in touched:
            places[axis] = len(sizes)
            sizes.append(n)
            is_open = False
        elif is_open:
            sizes[-1] *= n
        else:
            sizes.append(n)
            is_open = True
    return tuple(sizes), tuple([places[axis] for axis in touched])


def check_rank(rank: int, name: str, shape: Shape) -> None:
    """Raise where the merged axes of a tensor of many axes are still more than four."""
    if rank > MAX_RANK:
        raise KernelShapeError(
            f"nn.{name}: of shape {shape} too many axes change at once: merging the neighbours "
            f"that stay together leaves {rank} axes, and {MAX_RANK} are possible\n"
            "hint: do it in steps, a few axes at a time"
        )


# ---------------------------------------------------------------- read and spread


def read(x: Tensor, reads: Reads, shape: Shape, name: str) -> Tensor:
    """Return the elements at the places that ``reads`` says.

    Args:
        x: the source.
        reads: one for each axis of it; every place lies inside.
        shape: of the result; axes that no read names have size 1.
        name: of the operation, for errors and gradients.
    """
    if 0 in shape:
        return _zeros(x, shape)
    if _is_same_order(x.shape, reads, shape):
        return reshaped(x, shape)
    sizes, merged, cells = _merged(x.shape, reads, shape)
    check_rank(max(len(sizes), len(cells)), name, x.shape)
    source = reshaped(x, sizes)
    cell = _read_cell(_form(sizes, merged, cells), len(cells))
    offsets = [
        r.offset for r, has_offset in zip(merged, _offsets(sizes, merged, cells)) if has_offset
    ]
    value = cell.value([source._value, *offsets], cells, x.dtype)
    result = recorded(name, value, [source], lambda g: (spread(g, merged, sizes, name),))
    return reshaped(result, shape)


def spread(g: Tensor, reads: Reads, shape: Shape, name: str) -> Tensor:
    """Return a tensor that `read` would show ``g`` of, with zeros where nothing is read.

    Args:
        g: of the shape that the reads give.
        reads: as for `read`, one for each axis of the result.
        shape: of the result.
        name: of the operation.
    """
    if 0 in g.shape:
        return _zeros(g, shape)
    sizes, merged, cells = _merged(shape, reads, g.shape)
    check_rank(max(len(sizes), len(cells)), name, shape)
    source = reshaped(g, cells)
    cell = _spread_cell(_form(sizes, merged, cells), len(cells))
    offsets = [
        r.offset for r, has_offset in zip(merged, _offsets(sizes, merged, cells)) if has_offset
    ]
    value = cell.value([source._value, *offsets], sizes, g.dtype)
    result = recorded(name, value, [source], lambda h: (read(h, merged, cells, name),))
    return reshaped(result, shape)


def _zeros(x: Tensor, shape: Shape) -> Tensor:
    """Return what has nothing of ``x`` in it: an empty tensor, or zeros; no gradient passes."""
    return Tensor(Value.of(zeros(storage_shape(shape), x.dtype, x._value.device), shape))


def _is_same_order(sizes: Shape, reads: Reads, shape: Shape) -> bool:
    """Whether all elements are shown in their order: a reshape."""
    moving = [r for n, r in zip(sizes, reads) if n != 1]
    axes = [r.axis for r in moving if r.axis is not None and r.step == 1]
    is_ordered = len(axes) == len(moving) and axes == sorted(axes)
    return is_ordered and math.prod(sizes) == math.prod(shape)


def _merged(sizes: Shape, reads: Reads, shape: Shape) -> tuple[Shape, Reads, Shape]:
    """Return the same reads between tensors of fewer axes, if one has more than four.

    An axis of the source that is read as a whole merges with the one before it, where theirs in
    the result are neighbours or the one before is read at one place; axes of size 1 vanish.
    """
    if max(len(sizes), len(shape)) <= MAX_RANK:
        return sizes, reads, shape
    left = [axis for axis, n in enumerate(shape) if n != 1]
    new_sizes: list[int] = []
    new_reads: list[Read] = []
    for n, one in zip(sizes, reads):
        if n == 1:
            continue
        axis = left.index(one.axis) if one.axis in left else None
        r = Read(axis, one.step if axis is not None else 1, one.offset)
        if new_reads and axis is not None and r.step == 1 and shape[left[axis]] == n:
            before = new_reads[-1]
            if before.axis is None or (before.axis == axis - 1 and before.step == 1):
                new_sizes[-1] *= n
                new_reads[-1] = Read(axis, 1, before.offset * n)
                continue
        new_sizes.append(n)
        new_reads.append(r)
    ends = [r.axis for r in new_reads if r.axis is not None]
    cells = _merged_cells([shape[axis] for axis in left], sorted(ends))
    numbered = tuple(
        [r if r.axis is None else r._replace(axis=sorted(ends).index(r.axis)) for r in new_reads]
    )
    return tuple(new_sizes), numbered, cells


def _merged_cells(counts: list[int], ends: list[int]) -> Shape:
    """Return the sizes of axes merged into groups that end at ``ends``."""
    starts = [0, *[end + 1 for end in ends]]
    return tuple([math.prod(counts[start : end + 1]) for start, end in zip(starts, ends)])


def _offsets(sizes: Shape, reads: Reads, cells: Shape) -> list[bool]:
    """Return which reads begin at places that are uniforms: those of parts of their axes."""
    return [r.axis is None or r.step != 1 or cells[r.axis] != n for n, r in zip(sizes, reads)]


def _form(sizes: Shape, reads: Reads, cells: Shape) -> tuple[tuple[Any, ...], ...]:
    """Return what is equal for reads that one kernel does: axes, steps, and whether they begin."""
    starts = _offsets(sizes, reads, cells)
    return tuple([(r.axis, r.step, start) for r, start in zip(reads, starts)])


def _named(form: tuple[tuple[Any, ...], ...]) -> list[str]:
    return [f"o{axis}" for axis, (_, _, start) in enumerate(form) if start]


@functools.cache
def _read_cell(form: tuple[tuple[Any, ...], ...], rank: int) -> WrittenCell:
    """Write the function that reads the source for one cell of a result of that rank."""
    index = []
    for axis, (along, step, start) in enumerate(form):
        moved = "" if along is None else f"i{along}" if step == 1 else f"i{along} * {step}"
        index.append(" + ".join([*[f"o{axis}"] * start, *[moved] * bool(moved)]))
    line = f"return a[{place(index)}]"
    text = function_text("read", [*index_names(rank), "a", *_named(form)], line)

    def shown(x: np.ndarray, *offsets: int, shape: Shape) -> np.ndarray:
        return _window(x, form, offsets, shape).reshape(shape)

    return WrittenCell("read", text, shown)


@functools.cache
def _spread_cell(form: tuple[tuple[Any, ...], ...], rank: int) -> WrittenCell:
    """Write the function that finds what was read from one cell of the source."""
    index, lines, conditions = ["0"] * rank, [], []
    for axis, (along, step, start) in enumerate(form):
        there = f"i{axis} - o{axis}" if start else f"i{axis}"
        if along is None:
            conditions.append(f"i{axis} == o{axis}")
        elif abs(step) == 1:
            index[along] = there if step == 1 else f"o{axis} - i{axis}"
        else:
            lines.append(f"d{axis} = {there}")
            conditions.append(f"d{axis} % {abs(step)} == 0")
            index[along] = f"d{axis} // {step}"
    found = f"g[{place(index)}]"
    choice = f" if {' and '.join(conditions)} else 0.0" if conditions else ""
    names = [*index_names(len(form)), "g", *_named(form)]
    text = function_text("spread", names, *lines, f"return {found}{choice}")

    def scattered(g: np.ndarray, *offsets: int, shape: Shape) -> np.ndarray:
        result = np.zeros(shape, g.dtype)
        window = _window(result, form, offsets, g.shape)
        window[...] = g.reshape(window.shape)
        return result

    return WrittenCell("spread", text, scattered)


def _window(
    x: np.ndarray, form: tuple[tuple[Any, ...], ...], offsets: tuple[int, ...], shape: Shape
) -> np.ndarray:
    """Return NumPy's view of what is read, its axes in the order of the result's."""
    given = iter(offsets)
    key: list[Any] = []
    for along, step, start in form:
        first = next(given) if start else 0
        if along is None:
            key.append(first)
            continue
        end = first + step * shape[along]
        key.append(slice(first, end if end >= 0 else None, step) if shape[along] else slice(0, 0))
    left = [along for along, _, _ in form if along is not None]
    return x[(*key, ...)].transpose([left.index(axis) for axis in sorted(left)])
