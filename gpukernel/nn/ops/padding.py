"""Tensors with a border around them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.shapes import checked_sizes
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import FLOAT, INT, Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape, is_number
from gpukernel.nn.views import Read, check_rank, merge_untouched, read, reshaped, spread
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place, recorded

__all__ = ["pad"]
MODES = ("constant", "reflect", "symmetric")
Widths = tuple[tuple[int, int], ...]  # before and after, for each axis


def pad(
    x: TensorLike, pad_width: Any, mode: str = "constant", constant_values: float = 0
) -> Tensor:
    """Return the tensor with elements put before and after it along its axes.

    Args:
        x: any tensor.
        pad_width: how many, as NumPy takes them: one int, a pair (before, after) for all axes,
            or a pair for each axis.
        mode: "constant" puts ``constant_values``; "reflect" mirrors at the last element, which
            is not repeated, and "symmetric" behind it.  Borders wider than the tensor go on as
            if it were mirrored again and again.
        constant_values: a number that the dtype can hold.

    Raises:
        KernelShapeError: negative widths, widths for another number of axes, or nothing to
            mirror along an empty axis.
        KernelTypeError: an unknown mode, or a value that does not fit the dtype.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.pad([1, 2, 3], 2).tolist(), nn.pad([1, 2, 3], (2, 1), "reflect").tolist()
        ([0, 0, 1, 2, 3, 0, 0], [3, 2, 1, 2, 3, 2])
    """
    source = as_tensor(x)
    if mode not in MODES:
        raise KernelTypeError(f"nn.pad: mode {mode!r} is not one of {', '.join(map(repr, MODES))}")
    filler = _checked_value(constant_values, source)
    around = _checked_widths(pad_width, source)
    shape = tuple([n + before + after for n, (before, after) in zip(source.shape, around)])
    touched = [axis for axis, pair in enumerate(around) if pair != (0, 0)]
    if not touched:
        return source
    if mode == "constant" and not filler:
        return spread(source, _inside(around), shape, "pad")
    if mode != "constant":
        _check_mirrors(source.shape, touched, mode)
    sizes, places = merge_untouched(source.shape, touched)
    check_rank(len(sizes), "pad", source.shape)
    merged = [(0, 0)] * len(sizes)
    for axis, there in zip(touched, places):
        merged[there] = around[axis]
    padded = _padded(reshaped(source, sizes), tuple(merged), mode, filler)
    return reshaped(padded, shape)


# ---------------------------------------------------------------- arguments


def _checked_value(value: Any, x: Tensor) -> Any:
    """Return the number to pad with, as one of the tensor's dtype."""
    if not is_number(value):
        raise KernelTypeError(f"nn.pad: constant_values={value!r} is not a number")
    if x.dtype == FLOAT:
        return float(value)
    number = int(value) if np.isfinite(value) else None
    if number != value or (x.dtype == INT and not -(2**31) <= value < 2**31):
        raise KernelTypeError(f"nn.pad: constant_values={value!r} does not fit dtype {x.dtype}")
    if x.dtype != INT and value not in (0, 1):
        raise KernelTypeError(f"nn.pad: constant_values={value!r} does not fit dtype bool")
    return number if x.dtype == INT else bool(value)


def _checked_widths(widths: Any, x: Tensor) -> Widths:
    """Return the widths before and after, for each axis."""
    given: Any = widths
    if isinstance(widths, (list, tuple, np.ndarray)):
        rows = [checked_sizes(w, "pad", "pad_width") for w in widths]
        flat = all(np.ndim(w) == 0 for w in widths)
        given = [n for (n,) in rows] if flat else rows
    else:
        given = checked_sizes(widths, "pad", "pad_width")
    try:
        pairs = np.broadcast_to(np.asarray(given, np.int64), (x.ndim, 2)).tolist()
    except ValueError:
        raise KernelShapeError(
            f"nn.pad: pad_width={widths} is not a pair for each axis of shape {x.shape}"
        ) from None
    if any(n < 0 for pair in pairs for n in pair):
        raise KernelShapeError(f"nn.pad: pad_width={widths} cannot be negative")
    return tuple([(before, after) for before, after in pairs])


def _check_mirrors(shape: Shape, touched: list[int], mode: str) -> None:
    for axis in touched:
        if shape[axis] == 0:
            raise KernelShapeError(
                f"nn.pad: axis {axis} of shape {shape} is empty: "
                f"mode {mode!r} has nothing to mirror"
            )


def _inside(around: Widths) -> tuple[Read, ...]:
    """Return how the padded tensor shows the one inside."""
    return tuple([Read(axis, 1, before) for axis, (before, _) in enumerate(around)])


# ---------------------------------------------------------------- the operation


def _padded(x: Tensor, around: Widths, mode: str, filler: Any) -> Tensor:
    """Pad a tensor of at most four axes."""
    shape = tuple([n + before + after for n, (before, after) in zip(x.shape, around)])
    axes = tuple([axis for axis, pair in enumerate(around) if pair != (0, 0)])
    sizes = x.shape
    befores = [around[axis][0] for axis in axes]
    if mode == "constant":
        cell = _constant_cell(len(shape), axes)
        value = cell.value([x._value, *befores, filler], shape, x.dtype)
        reads = _inside(around)
        return recorded("pad", value, [x], lambda g: (read(g, reads, sizes, "pad"),))
    value = _mirror_cell(len(shape), axes, mode).value([x._value, *befores], shape, x.dtype)

    def vjp(g: Tensor) -> Cotangents:
        for axis in axes:
            g = _folded_back(g, axis, sizes[axis], around[axis], mode)
        return (g,)

    return recorded("pad", value, [x], vjp)


def _folded_back(g: Tensor, axis: int, n: int, width: tuple[int, int], mode: str) -> Tensor:
    """Return the cotangent before an axis was mirrored: the sum of all images of each element."""
    shape = (*g.shape[:axis], n, *g.shape[axis + 1 :])
    value = _fold_cell(g.ndim, axis, mode).value([g._value, n, width[0]], shape, FLOAT)
    around = tuple([width if a == axis else (0, 0) for a in range(g.ndim)])
    return recorded("pad", value, [g], lambda h: (_padded(h, around, mode, 0),))


def _period(n: int, mode: str) -> int:
    return 2 * n if mode == "symmetric" else max(2 * n - 2, 1)


@functools.cache
def _constant_cell(rank: int, axes: tuple[int, ...]) -> WrittenCell:
    index = [f"i{a} - b{a}" if a in axes else f"i{a}" for a in range(rank)]
    tests = [f"0 <= i{a} - b{a} < a.shape[{a}]" for a in axes]
    parameters = [*index_names(rank), "a", *[f"b{a}" for a in axes], "value"]
    line = f"return a[{place(index)}] if {' and '.join(tests)} else value"
    text = function_text("pad", parameters, line)

    def padded(x: np.ndarray, *numbers: Any, shape: Shape) -> np.ndarray:
        return np.pad(x, _host_widths(x, axes, numbers[:-1], shape), constant_values=numbers[-1])

    return WrittenCell("pad", text, padded)


@functools.cache
def _mirror_cell(rank: int, axes: tuple[int, ...], mode: str) -> WrittenCell:
    """Write the function that finds the element that one of a mirrored border shows."""
    lines = []
    for a in axes:
        n = f"a.shape[{a}]"
        period = f"2 * {n}" if mode == "symmetric" else f"max(2 * {n} - 2, 1)"
        back = f"2 * {n} - {1 if mode == 'symmetric' else 2} - k{a}"
        lines += [f"k{a} = (i{a} - b{a}) % ({period})", f"k{a} = k{a} if k{a} < {n} else {back}"]
    index = [f"k{a}" if a in axes else f"i{a}" for a in range(rank)]
    parameters = [*index_names(rank), "a", *[f"b{a}" for a in axes]]
    text = function_text("pad", parameters, *lines, f"return a[{place(index)}]")

    def padded(x: np.ndarray, *befores: int, shape: Shape) -> np.ndarray:
        return np.pad(x, _host_widths(x, axes, befores, shape), mode)  # type: ignore[call-overload, no-any-return]

    return WrittenCell("pad", text, padded)


def _host_widths(
    x: np.ndarray, axes: tuple[int, ...], befores: tuple[int, ...], shape: Shape
) -> list[tuple[int, int]]:
    start = dict(zip(axes, befores))
    return [
        (start.get(a, 0), m - n - start.get(a, 0)) for a, (n, m) in enumerate(zip(x.shape, shape))
    ]


@functools.cache
def _fold_cell(rank: int, axis: int, mode: str) -> WrittenCell:
    """Write the function that adds up all images of one element along a mirrored axis.

    Images of the element j lie at ``b + j`` and, mirrored, at ``b - j`` (one less where the edge
    is repeated), each again after every period.
    """
    index = index_names(rank)
    i = index[axis]
    images = index.copy()
    images[axis] = f"b + {i} + k * period"
    mirrored = index.copy()
    mirrored[axis] = f"b - {i} - 1 + k * period" if mode == "symmetric" else f"b - {i} + k * period"
    add = f"total += g[{place(mirrored)}]"
    lines = [
        "period = 2 * n" if mode == "symmetric" else "period = max(2 * n - 2, 1)",
        "total = 0.0",
        f"for k in range(-(b // period) - 1, (g.shape[{axis}] - b) // period + 2):",
        f"    total += g[{place(images)}]",
        *(
            [f"    {add}"]
            if mode == "symmetric"
            else [f"    if 0 < {i} < n - 1:", f"        {add}"]
        ),
        "return total",
    ]
    text = function_text("pad_vjp", [*index, "g", "n", "b"], *lines)

    def folded(g: np.ndarray, n: int, before: int, shape: Shape) -> np.ndarray:
        period = _period(n, mode)
        there = (np.arange(g.shape[axis]) - before) % period
        there = np.where(there < n, there, 2 * n - (1 if mode == "symmetric" else 2) - there)
        result = np.zeros(shape, g.dtype)
        np.add.at(np.moveaxis(result, axis, 0), there, np.moveaxis(g, axis, 0))
        return result

    return WrittenCell("pad_vjp", text, folded)
