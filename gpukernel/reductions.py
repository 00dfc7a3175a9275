"""Ready-made reductions: what NumPy has under the same names, on device arrays.

All take ``(x, axis=None, keepdims=False)``; `argmin` and `argmax` take one axis or none.  Ints are
32-bit and wrap, floats are float32 summed pairwise; bools are summed as ints.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.kernel import Kernel, checked_function, kernel
from gpukernel.lang.grid import index
from gpukernel.reduction import (
    RUN,
    Axes,
    Reduction,
    as_device_array,
    checked_axes,
    finished,
    merged_axes,
    three_axes,
)
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import full
from gpukernel.runtime.device import Device, resolve_device
from gpukernel.vectorize import vectorize


def _add(a, b):
    return a + b


def _multiply(a, b):
    return a * b


def _smaller(a, b):
    return np.minimum(a, b)


def _larger(a, b):
    return np.maximum(a, b)


def _either(a, b):
    return a or b


def _both(a, b):
    return a and b


def _is_true(x):
    return x != 0


def _divided(x, count):
    return float(x) / count


# Made when they are first used: reading their source takes longer than importing gpukernel should.
_elementwise = functools.cache(vectorize)


@functools.cache
def _reduction(name: str, combine: Callable[[Any, Any], Any], identity: Any = None) -> Reduction:
    return Reduction(checked_function(combine, name), identity, None, name)


def sum(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return the sum over axes, 0 for no elements.

    Args:
        x: an array of rank 1 to 4.
        axis: an axis, a tuple of axes, or None for all.
        keepdims: keep the folded axes, with size 1.
        device: ``"gl"`` or ``"cpu"``; the current device when left out.

    Returns:
        float32 for floats, int32 for ints and bools, uint32 for uint32; a Python number when no
        axis is left.

    Example:
        >>> import gpukernel as gk
        >>> gk.sum([[1, 2], [3, 4]], axis=0, device="cpu").tolist()
        [4, 6]
    """
    return _reduction("sum", _add, 0)(x, axis, keepdims, device=device)


def prod(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return the product over axes, 1 for no elements; arguments and dtypes as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.prod([1, 2, 3, 4], device="cpu")
        24
    """
    return _reduction("prod", _multiply, 1)(x, axis, keepdims, device=device)


def min(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return the smallest value over axes, nan where there is one; arguments as for `sum`.

    Raises:
        KernelShapeError: there are no elements.

    Example:
        >>> import gpukernel as gk
        >>> gk.min([[3, 1], [2, 5]], axis=1, device="cpu").tolist()
        [1, 2]
    """
    return _reduction("min", _smaller)(x, axis, keepdims, device=device)


def max(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return the largest value over axes, nan where there is one; arguments as for `sum`.

    Raises:
        KernelShapeError: there are no elements.

    Example:
        >>> import gpukernel as gk
        >>> gk.max([1.5, -2.0], device="cpu")
        1.5
    """
    return _reduction("max", _larger)(x, axis, keepdims, device=device)


def mean(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return the mean over axes as float32, nan for no elements; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.mean([[1, 2], [3, 6]], axis=1, device="cpu").tolist()
        [1.5, 4.5]
    """
    with _errors_of_the_caller():
        target = resolve_device(device)
        source = as_device_array(x, target)
        axes = checked_axes(axis, source.ndim, "mean")
        count = int(np.prod([source.shape[a] for a in axes]))
        divided = _elementwise(_divided)
        floats = source if source.dtype.kind == "f" else divided(source, 1, device=target.name)
        totals = _reduction("sum", _add, 0)(floats, axis, True, device=target.name)
        return finished(divided(totals, float(count), device=target.name), axes, keepdims)


def any(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return whether some value over axes is not zero; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.any([[0, 2], [0, 0]], axis=1, device="cpu").tolist()
        [True, False]
    """
    return _reduction("any", _either, False)(_truths(x, device), axis, keepdims, device=device)


def all(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return whether no value over axes is zero; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.all([[1, 2], [0, 4]], axis=1, device="cpu").tolist()
        [True, False]
    """
    return _reduction("all", _both, True)(_truths(x, device), axis, keepdims, device=device)


def _truths(x: Any, device: str | None) -> Array:
    with _errors_of_the_caller():
        target = resolve_device(device)
        source = as_device_array(x, target)
        found: Array = _elementwise(_is_true)(source, device=target.name)
        return found


# ---------------------------------------------------------------- positions


def _is_smaller(value, best):
    return value < best or (value != value and best == best)


def _is_larger(value, best):
    return value > best or (value != value and best == best)


@functools.cache
def _position_pass(is_better: Callable[[Any, Any], Any]) -> Kernel:
    """Return the kernel that finds the best value of a run and its position; the first of ties.

    ``at`` holds the positions that earlier passes found; there are none in the first pass.
    """

    @kernel
    def best_of_runs(x, at, length, is_first):
        outer, run, inner = index()
        start = run * RUN
        best = x[outer, start, inner]
        position = start
        for k in range(start + 1, np.minimum(start + RUN, length)):
            value = x[outer, k, inner]
            if is_better(value, best):
                best = value
                position = k
        return best, (position if is_first else at[outer, position, inner])

    return best_of_runs


def argmin(
    x: Any, axis: int | None = None, keepdims: bool = False, *, device: str | None = None
) -> Any:
    """Return the position of the smallest value along an axis, the first of equal ones.

    A nan counts as smallest, as in NumPy.  ``axis=None`` gives the position in the flat array.

    Returns:
        int32; a Python int when no axis is left.

    Raises:
        KernelShapeError: there are no elements.

    Example:
        >>> import gpukernel as gk
        >>> gk.argmin([[3, 1, 1], [2, 5, 0]], axis=1, device="cpu").tolist()
        [1, 2]
    """
    return _position(_is_smaller, "argmin", x, axis, keepdims, device)


def argmax(
    x: Any, axis: int | None = None, keepdims: bool = False, *, device: str | None = None
) -> Any:
    """Return the position of the largest value along an axis; see `argmin`.

    Example:
        >>> import gpukernel as gk
        >>> gk.argmax([1.0, 7.0, 7.0], device="cpu")
        1
    """
    return _position(_is_larger, "argmax", x, axis, keepdims, device)


def _position(
    is_better: Callable[[Any, Any], Any],
    name: str,
    x: Any,
    axis: Any,
    keepdims: bool,
    device: str | None,
) -> Any:
    with _errors_of_the_caller():
        target = resolve_device(device)
        source = as_device_array(x, target)
        if isinstance(axis, (tuple, list)):
            raise KernelTypeError(f"`{name}` takes one axis or None, not axis={axis!r}")
        axes = checked_axes(axis, source.ndim, name)
        left = tuple(1 if a in axes else n for a, n in enumerate(source.shape))
        if 0 in source.shape:
            if 0 in left:
                return finished(full(left, 0, np.int32, target), axes, keepdims)
            raise KernelShapeError(f"`{name}` of no elements has no value: shape {source.shape}")
        (shape,) = merged_axes(source.shape, axes)
        return finished(
            _fold(_position_pass(is_better), source, shape, target).reshape(left), axes, keepdims
        )


def _fold(
    best_of_runs: Kernel, source: Array, shape: tuple[int, int, int], device: Device
) -> Array:
    """Return the positions of the best values along the middle axis."""
    outer, length, inner = shape
    values = three_axes(source, shape)
    positions = Array._from_storage(device, device.upload(np.zeros((1, 1, 1), np.int32)))
    is_first = True
    while length > 1 or is_first:
        runs = -(-length // RUN)
        values, positions = best_of_runs(
            values, positions, length, is_first, shape=(outer, runs, inner), device=device.name
        )
        length, is_first = runs, False
    return positions


class _errors_of_the_caller:
    """Raise gpukernel's errors without the lines of this module."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KernelError):
            raise error.with_traceback(None) from error.__cause__
