"""Ready-made reductions: what NumPy has under the same names, on device arrays.

All take ``(x, axis=None, keepdims=False)``; `argmin` and `argmax` take one axis or none.  Ints are
32-bit and wrap, floats are float32 summed pairwise; bools are summed as ints.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.folding import PATTERNS, Cut, Passes, State, make_position_pass
from gpukernel.kernel import checked_function
from gpukernel.reduction import Axes, Reduction, as_device_array, checked_axes, finished
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


def _add_floats(a, b):
    return float(a) + float(b)


def _either(a, b):
    return a != 0 or b != 0


def _both(a, b):
    return a != 0 and b != 0


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
        totals = _reduction("mean", _add_floats, 0.0)(source, axes, True, device=target.name)
        means = _elementwise(_divided)(totals, float(count), device=target.name)
        return finished(means, axes, keepdims)


def any(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return whether some value over axes is not zero; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.any([[0, 2], [0, 0]], axis=1, device="cpu").tolist()
        [True, False]
    """
    return _truth(_reduction("any", _either, False), x, axis, keepdims, device)


def all(x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None) -> Any:
    """Return whether no value over axes is zero; arguments as for `sum`.

    Example:
        >>> import gpukernel as gk
        >>> gk.all([[1, 2], [0, 4]], axis=1, device="cpu").tolist()
        [True, False]
    """
    return _truth(_reduction("all", _both, True), x, axis, keepdims, device)


def _truth(fold: Reduction, x: Any, axis: Axes, keepdims: bool, device: str | None) -> Any:
    """Fold numbers to one that is zero or not, and return which."""
    with _errors_of_the_caller():
        target = resolve_device(device)
        source = as_device_array(x, target)
        axes = checked_axes(axis, source.ndim, fold.__name__)
        found = fold(source, axes, True, device=target.name)
        if found.dtype != np.bool_:
            found = _elementwise(_is_true)(found, device=target.name)
        return finished(found, axes, keepdims)


# ---------------------------------------------------------------- positions


def _is_smaller(value, best):
    return value < best or (value != value and best == best)


def _is_larger(value, best):
    return value > best or (value != value and best == best)


def _axis_position(place, inner, length):
    return place // inner % length


_position_pass = functools.cache(make_position_pass)


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
        run = functools.partial(_find_best, target, is_better)
        _, places = Passes(run, ordered=False).fold((source,), axes)
        if axis is not None:
            inner, length = math.prod(source.shape[axes[0] + 1 :]), source.shape[axes[0]]
            places = _elementwise(_axis_position)(places, inner, length, device=target.name)
        return finished(places, axes, keepdims)


def _find_best(
    device: Device,
    is_better: Callable[[Any, Any], Any],
    pattern: str,
    state: State,
    cut: Cut,
    shape: tuple[int, ...],
) -> State:
    """Run a pass over values, or over values and their places."""
    find = _position_pass(PATTERNS[pattern], is_better, len(state) == 1)
    best: State = find(
        state[0], state[-1], *cut.arguments(PATTERNS[pattern]), shape=shape, device=device.name
    )
    return best


class _errors_of_the_caller:
    """Raise gpukernel's errors without the lines of this module."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, KernelError):
            raise error.with_traceback(None) from error.__cause__
