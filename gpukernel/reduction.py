"""``@reduction``: an associative function of two numbers folds whole arrays, in passes.

What the passes are is told in `folding`.  Where the function gives the same for both orders of its
arguments they may take elements in any order, which is faster along the last axis.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.folding import PATTERNS, Cut, Passes, State, make_value_pass
from gpukernel.frontend.resolve import Resolution
from gpukernel.ir.constants import scalar_type
from gpukernel.kernel import Kernel, checked_function
from gpukernel.lang.types import ELEMENT_TYPES, RESULT_DTYPES, Scalar, Type, join
from gpukernel.passes.symmetry import is_symmetric
from gpukernel.runtime.array import Array
from gpukernel.runtime.creation import array, full
from gpukernel.runtime.device import Device, resolve_device
from gpukernel.vectorize import Vectorized

Axes = Any  # None | int | tuple[int, ...]
Optimize = Union[bool, Iterable[str]]


class Reduction:
    """An associative function that folds arrays; made by `reduction`."""

    __name__: str
    __qualname__: str

    def __init__(
        self,
        function: FunctionType,
        identity: Any,
        dtype: Any,
        name: str | None = None,
        optimize: Optimize = True,
    ) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = name or function.__name__
        self.py_func = function
        self.identity = identity
        self._pair = Vectorized(function, {"optimize": optimize})
        self._kinds: dict[object, tuple[Scalar, bool]] = {}
        self._kernels: dict[str, Kernel] = {}
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
        kind, is_ordered = self._kind(ELEMENT_TYPES[source.dtype.name])
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
        (values,) = Passes(functools.partial(self._run, device), is_ordered).fold((source,), axes)
        return finished(values, axes, keepdims)

    def _run(
        self, device: Device, name: str, state: State, cut: Cut, shape: tuple[int, ...]
    ) -> State:
        pattern = PATTERNS[name]
        if name not in self._kernels:
            optimize = self._pair._settings.optimize - pattern.without
            self._kernels[name] = make_value_pass(pattern, self.py_func, optimize)
        run = self._kernels[name]
        return (run(*state, *cut.arguments(pattern), shape=shape, device=device.name),)

    def _kind(self, element: Scalar) -> tuple[Scalar, bool]:
        """Return the type of a fold of elements of this type, and whether their order matters.

        Raises:
            KernelError: the function does not take them, or does not return one number.
        """
        meaning = self._pair._current()
        key = (element, meaning.key)
        if key not in self._kinds:
            resolution = meaning.snapshot()
            kind, is_ordered = self._infer(resolution, element)
            if kind is not element:
                is_ordered = is_ordered or self._infer(resolution, kind)[1]
            self._kinds[key] = kind, is_ordered
        return self._kinds[key]

    def _infer(self, resolution: Resolution, element: Scalar) -> tuple[Scalar, bool]:
        kinds: dict[str, Type] = dict.fromkeys(self._parameters, element)
        typed = self._pair._infer(resolution, kinds, 1)
        result = typed.program.outputs[0]
        if typed.is_tuple or result.size is not None:
            what = "a tuple" if typed.is_tuple else "a vector"
            message = f"`{self.__name__}` returns {what}, but a reduction folds to one number"
            hint = "write a reduction for each number"
            raise self._pair._signature.fail(KernelTypeError, message, hint)
        joined = join(element, result.element)
        kind = joined if isinstance(joined, Scalar) else result.element
        return kind, not is_symmetric(typed.program, *self._parameters)

    def _empty_dtype(self, kind: Scalar) -> str:
        """Return the dtype of a fold of no elements, which is the identity."""
        given = kind if self.identity is None else scalar_type(self.identity)
        joined = join(kind, given)
        return RESULT_DTYPES[joined if isinstance(joined, Scalar) else kind]


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
    optimize: Optimize = True,
) -> Any:
    """Make a function that folds arrays from an associative function of two numbers.

    Args:
        function: a plain Python function in the kernel language; ``f(f(a, b), c)`` must equal
            ``f(a, f(b, c))`` (up to rounding), but it need not be commutative.
        identity: what folding no elements gives; without one that is an error.
        dtype: of the result of an empty fold; by default float32, int32 or bool like the input.
        optimize: as for `kernel`.

    Returns:
        A `Reduction`, called as ``f(x, axis=None, keepdims=False)``.

    Raises:
        KernelSyntaxError: for what the kernel language does not have.
        KernelTypeError: for an argument that is not what it may be.

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
        return lambda f: _make(f, identity, dtype, optimize)
    return _make(function, identity, dtype, optimize)


def _make(function: object, identity: Any, dtype: Any, optimize: Optimize) -> Reduction:
    try:
        plain = checked_function(function, "@reduction")
        return Reduction(plain, identity, dtype, optimize=optimize)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__
