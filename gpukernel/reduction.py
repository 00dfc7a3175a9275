"""``@reduction``: an associative function of two numbers folds whole arrays, in tree passes.

Every launch folds runs of up to `RUN` neighbours to one value, as a balanced binary tree: so the
error of a float sum grows with the logarithm of the length, as pairwise summation's does (N. J.
Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14, 1993), and 16 million
elements take four launches.  The passes are kernels in the kernel language.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.frontend.resolve import Resolution
from gpukernel.ir.constants import scalar_type
from gpukernel.kernel import Kernel, checked_function, kernel
from gpukernel.lang.grid import index
from gpukernel.lang.types import ELEMENT_TYPES, RESULT_DTYPES, Scalar, Type, join
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import array, full
from gpukernel.runtime.device import Device, resolve_device
from gpukernel.vectorize import Vectorized

RUN = 64  # elements that one invocation folds
Axes = Any  # None | int | tuple[int, ...]


def make_pass(combine: Callable[[Any, Any], Any]) -> Kernel:
    """Return the kernel that folds runs of the middle axis of a rank-3 array."""

    @kernel
    def fold_runs(x, length):
        outer, run, inner = index()
        start = run * RUN
        count = min(RUN, length - start)
        values = [x[outer, min(start + k, length - 1), inner] for k in range(RUN)]
        while count > 1:
            half = count // 2
            for k in range(half):
                values[k] = combine(values[2 * k], values[2 * k + 1])
            if count % 2 == 1:
                values[half] = values[count - 1]
            count = half + count % 2
        return values[0]

    return fold_runs


class Reduction:
    """An associative function that folds arrays; made by `reduction`."""

    __name__: str
    __qualname__: str

    def __init__(
        self, function: FunctionType, identity: Any, dtype: Any, name: str | None = None
    ) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = name or function.__name__
        self.py_func = function
        self.identity = identity
        self._pair = Vectorized(function, {})
        self._kinds: dict[object, Scalar] = {}
        self._parameters = self._pair._signature.names
        if len(self._parameters) != 2:
            message = f"`{function.__name__}` takes {len(self._parameters)} arguments"
            hint = "a reduction is made from a function of two numbers"
            raise self._pair._signature.fail(KernelTypeError, message, hint)
        if identity is not None and not isinstance(identity, (bool, int, float, np.generic)):
            message = f"identity={identity!r} of `{function.__name__}` is not a number"
            hint = "give what folding no elements gives, such as 0 for a sum"
            raise self._pair._signature.fail(KernelTypeError, message, hint)
        self._dtype = dtype
        self._pass = make_pass(function)

    def __repr__(self) -> str:
        return f"<reduction {self.__name__}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, as functions are

    def __call__(
        self, x: Any, axis: Axes = None, keepdims: bool = False, *, device: str | None = None
    ) -> Any:
        """Fold an array.

        Args:
            x: an array of rank 1 to 4.
            axis: the axis or axes to fold, negative ones counted from the end; None folds all.
            keepdims: keep the folded axes, with size 1.
            device: ``"gl"`` or ``"cpu"``; the current device when left out.

        Returns:
            An array of the axes that are left; a Python number when none are.

        Raises:
            KernelShapeError: an axis that the array does not have, or one without elements when
                there is no identity.
        """
        try:
            target = resolve_device(device)
            source = as_device_array(x, target)
            return self._fold(source, axis, keepdims, target)
        except KernelError as problem:
            raise problem.with_traceback(None) from problem.__cause__

    def _fold(self, source: Array, axis: Axes, keepdims: bool, device: Device) -> Any:
        axes = checked_axes(axis, source.ndim, self.__name__)
        kind = self._result_kind(ELEMENT_TYPES[source.dtype.name])
        left = tuple(1 if a in axes else n for a, n in enumerate(source.shape))
        count = math.prod(source.shape[a] for a in axes)
        if 0 in source.shape:
            if count == 0 and self.identity is None:
                message = f"`{self.__name__}` of no elements has no value: shape {source.shape}"
                if self.__name__ == self.py_func.__name__:
                    message += "\nhint: give @reduction(identity=...) the value of an empty fold"
                raise KernelShapeError(message)
            dtype = self._dtype or self._empty_dtype(kind)
            return finished(full(left, self.identity or 0, dtype, device), axes, keepdims)
        values = source
        for middle in merged_axes(values.shape, axes) or [(source.size, 1, 1)]:
            values = self._fold_middle(values, middle, device)
        return finished(values.reshape(left), axes, keepdims)

    def _fold_middle(self, values: Array, shape: tuple[int, int, int], device: Device) -> Array:
        """Fold the middle one of three axes to size 1."""
        outer, length, inner = shape
        values = three_axes(values, shape)
        first = True
        while length > 1 or first:
            runs = -(-length // RUN)
            values = self._pass(values, length, shape=(outer, runs, inner), device=device.name)
            length, first = runs, False
        return values

    def _result_kind(self, element: Scalar) -> Scalar:
        """Return the type of a fold of elements of this type.

        Raises:
            KernelError: the function does not take them, or does not return one number.
        """
        meaning = self._pair._current()
        key = (element, meaning.key)
        if key not in self._kinds:
            self._kinds[key] = self._infer_kind(element, meaning.snapshot())
        return self._kinds[key]

    def _infer_kind(self, element: Scalar, resolution: Resolution) -> Scalar:
        kinds: dict[str, Type] = dict.fromkeys(self._parameters, element)
        typed = self._pair._infer(resolution, kinds, 1)
        result = typed.program.outputs[0]
        if typed.is_tuple or result.size is not None:
            what = "a tuple" if typed.is_tuple else "a vector"
            message = f"`{self.__name__}` returns {what}, but a reduction folds to one number"
            hint = "write a reduction for each number"
            raise self._pair._signature.fail(KernelTypeError, message, hint)
        joined = join(element, result.element)
        return joined if isinstance(joined, Scalar) else result.element

    def _empty_dtype(self, kind: Scalar) -> str:
        """Return the dtype of a fold of no elements, which is the identity."""
        given = kind if self.identity is None else scalar_type(self.identity)
        joined = join(kind, given)
        return RESULT_DTYPES[joined if isinstance(joined, Scalar) else kind]


def _regrouped_2(x, middle, inner):
    i, j, k = index()
    flat = (i * middle + j) * inner + k
    return x[flat // x.shape[1], flat % x.shape[1]]


def _regrouped_3(x, middle, inner):
    i, j, k = index()
    row, c = divmod((i * middle + j) * inner + k, x.shape[2])
    return x[row // x.shape[1], row % x.shape[1], c]


def _regrouped_4(x, middle, inner):
    i, j, k = index()
    row, d = divmod((i * middle + j) * inner + k, x.shape[3])
    plane, c = divmod(row, x.shape[2])
    return x[plane // x.shape[1], plane % x.shape[1], c, d]


@functools.cache
def _regrouping(rank: int) -> Kernel:
    """Return the kernel that reads an array of this rank in row-major order."""
    return kernel({2: _regrouped_2, 3: _regrouped_3, 4: _regrouped_4}[rank])


def three_axes(values: Array, shape: tuple[int, int, int]) -> Array:
    """Return the array as (outer, length, inner), moved by a launch if its layout must change."""
    view = values._reshaped_view(shape)
    if view is not None:
        return view
    _, middle, inner = shape
    moved: Array = _regrouping(values.ndim)(
        values, middle, inner, shape=shape, device=values.device
    )
    return moved


def as_device_array(x: Any, device: Device) -> Array:
    """Return an `Array` on the device with the values of ``x``."""
    if isinstance(x, Array) and x._owner is device:
        return x
    return array(x, device=device)


def checked_axes(axis: Axes, rank: int, name: str) -> tuple[int, ...]:
    """Return the axes as sorted numbers from 0.

    Raises:
        KernelShapeError: one is out of range, or given twice.
        KernelTypeError: one is not an int.
    """
    if axis is None:
        return tuple(range(rank))
    given: Sequence[Any] = axis if isinstance(axis, (tuple, list)) else (axis,)
    for a in given:
        if isinstance(a, bool) or not isinstance(a, (int, np.integer)):
            raise KernelTypeError(f"axis={axis!r} of `{name}` is not an int or a tuple of ints")
        if not -rank <= a < rank:
            raise KernelShapeError(f"axis {a} is outside an array with {rank} axes")
    axes = tuple(sorted(int(a) % rank for a in given))
    if len(set(axes)) < len(axes):
        raise KernelShapeError(f"axis={axis!r} of `{name}` names an axis twice")
    return axes


def merged_axes(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return, for every run of neighbouring axes to fold, the array as (outer, length, inner).

    The last run comes first, and each is given for the array with the later ones folded.
    """
    runs: list[tuple[int, int]] = []
    for a in axes:
        if runs and runs[-1][1] == a:
            runs[-1] = (runs[-1][0], a + 1)
        else:
            runs.append((a, a + 1))
    sizes, found = list(shape), []
    for start, stop in reversed(runs):
        length = math.prod(sizes[start:stop])
        found.append((math.prod(sizes[:start]), length, math.prod(sizes[stop:])))
        sizes[start:stop] = [1] * (stop - start)
    return found


def finished(values: Array, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Return the result without the folded axes, as a number when no axis is left."""
    if keepdims:
        return values
    left = tuple(n for a, n in enumerate(values.shape) if a not in axes)
    return values.reshape(left) if left else values.item()


def reduction(
    function: Callable[[Any, Any], Any] | None = None,
    /,
    *,
    identity: Any = None,
    dtype: Any = None,
) -> Any:
    """Make a function that folds arrays from an associative function of two numbers.

    Args:
        function: a plain Python function in the kernel language; ``f(f(a, b), c)`` must equal
            ``f(a, f(b, c))`` (up to rounding), but it need not be commutative.
        identity: what folding no elements gives; without one that is an error.
        dtype: of the result of an empty fold; by default float32, int32 or bool like the input.

    Returns:
        A `Reduction`, called as ``f(x, axis=None, keepdims=False)``.

    Raises:
        KernelSyntaxError: for what the kernel language does not have.

    Example:
        >>> import numpy as np
        >>> import gpukernel as gk
        >>> @gk.reduction(identity=0)
        ... def largest_size(a, b):
        ...     return max(abs(a), abs(b))
        >>> largest_size(np.array([[3.0, -7.0], [2.0, 5.0]]), axis=1, device="cpu").tolist()
        [7.0, 5.0]
        >>> largest_size(np.array([3, -7, 2]), device="cpu")
        7
    """
    if function is None:
        return lambda f: _make(f, identity, dtype)
    return _make(function, identity, dtype)


def _make(function: object, identity: Any, dtype: Any) -> Reduction:
    try:
        return Reduction(checked_function(function, "@reduction"), identity, dtype)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__
