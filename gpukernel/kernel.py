"""``@kernel``: a Python function that computes one output cell, launched for all of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, TypeVar, overload

from gpukernel.arguments import (
    ShapeRule,
    check_same_shape,
    check_shape,
    kind_of,
    launch_key,
    output_grid,
)
from gpukernel.at import run_cell
from gpukernel.errors import KernelError, KernelShapeError, KernelSyntaxError, KernelTypeError
from gpukernel.frontend.captures import Meaning
from gpukernel.frontend.infer import TypedKernel, infer_types
from gpukernel.frontend.resolve import Resolution
from gpukernel.frontend.source import plain_function
from gpukernel.inspection import InspectableLauncher
from gpukernel.lang.types import VECTOR_SIZES, Type
from gpukernel.launch import Result, Values, owner_of_launch, told_when_too_deep
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device, resolve_device
from gpukernel.settings import check_names

CallableT = TypeVar("CallableT", bound=Callable[..., Any])


class Kernel(InspectableLauncher):
    """A Python function compiled for the devices; made by `kernel`.

    Calling it launches one invocation for each output cell and returns a `gpukernel.Array`, or a
    tuple of them where the function returns a tuple.
    """

    __name__: str
    __qualname__: str

    def __init__(self, function: FunctionType, shape: ShapeRule, settings: dict[str, Any]) -> None:
        super().__init__(function, settings)
        functools.update_wrapper(self, function)
        self._shape = shape
        self._vjp: Callable[..., Any] | None = None
        self._adjoints: dict[str, Any] = {}  # made by `gpukernel.adjoint`, by argument

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}{self._signature.python}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, as functions are

    def __call__(
        self,
        *args: Any,
        shape: Any = None,
        out: Array | tuple[Array, ...] | None = None,
        device: str | None = None,
        seed: int | None = None,
        **keywords: Any,
    ) -> Result:
        """Launch the kernel.

        Args:
            args, keywords: the function's own arguments: arrays of rank 1 to 4 (`Array`, NumPy,
                anything with ``__array__`` or a buffer), numbers, and tuples of 2 to 4 numbers.
            shape: the output shape, an int or a tuple of 1 to 4 ints.
            out: an array to fill and return, a tuple of them for several results; each may be one
                of the inputs.
            device: ``"gl"`` or ``"cpu"``; the current device when left out.
            seed: an int from 0 to 2**64 - 1 that the random numbers follow from; without it each
                launch draws others (see `gpukernel.seed`).

        Returns:
            The output array, on the device: float32, int32, uint32 or bool as the kernel returns,
            or of the decorator's dtype.  A vector of n adds a last axis of length n, and a tuple
            gives a tuple of arrays.

        Raises:
            KernelError: any of its subclasses; nothing is changed then.
        """
        try:
            taken = owner_of_launch(args, keywords)
            if taken is not None:
                options = {"shape": shape, "out": out, "device": device, "seed": seed}
                return taken.__launch__(self, args, keywords, options)
            values = self._convert(args, keywords)
            target = resolve_device(device)
            meaning = self._current()
            grid = self._grid(meaning, values, shape, out, target)
            return self._launch(meaning, values, grid, out, target, seed)
        except KernelError as problem:
            raise problem.with_traceback(None) from problem.__cause__

    def vjp(self, function: CallableT) -> CallableT:
        """Give the kernel a derivative of your own; use it as ``@k.vjp``.

        Args:
            function: called as ``(g, *args)`` with the cotangent, which has the output's shape (a
                tuple of them for several outputs), and the kernel's arguments.  It returns the
                gradient of each argument in a tuple, None for those that have none; of a kernel
                with one argument the gradient alone will do.

        Returns:
            The function, unchanged.

        Raises:
            KernelTypeError: it is no function.

        Example:
            >>> import gpukernel as gk
            >>> @gk.kernel
            ... def double(a):
            ...     return 2.0 * a[gk.index()]
            >>> @double.vjp
            ... def double_vjp(g, a):
            ...     return double(g)
        """
        if not callable(function):
            message = f"@{self.__name__}.vjp needs a function, not a {type(function).__name__}"
            hint = "it is called as (g, *args) and returns the gradients"
            raise self._signature.fail(KernelTypeError, message, hint)
        self._vjp = function
        return function

    def at(
        self,
        index: int | tuple[int, ...],
        *args: Any,
        shape: Any = None,
        seed: int | None = None,
        **keywords: Any,
    ) -> Any:
        """Run the original Python function for one output cell, under CPython.

        Breakpoints, pdb, print and coverage work.  Arrays are seen through a view that has the
        kernel's boundary mode; Python's ints do not wrap and its floats are doubles.

        Args:
            index: the output position, an int or a tuple of ints.
            args, keywords: as in a launch.
            shape: the output shape as in a launch; random numbers need it.
            seed: as in a launch.
        """
        position = check_shape(self._signature, index)
        values = self._convert(args, keywords)
        try:
            grid = output_grid(self._signature, self._shape, shape, None, values)
        except KernelShapeError:
            grid = None  # only random numbers depend on it
        resolution = self._current().resolution
        return run_cell(resolution, self._settings.options, values, position, grid, seed)

    # ------------------------------------------------------------ the steps of the above

    def _grid(
        self, meaning: Meaning, values: Values, shape: Any, out: Any, device: Device
    ) -> tuple[int, ...]:
        """Return the grid: the shape of ``out``, without the last axis of a vector result."""
        first = out[0] if isinstance(out, (tuple, list)) and out else out
        if first is not None:
            self._check_owner(first, device)
            if self._fills_vectors(meaning, values, first):
                cells = tuple(first.shape[:-1])
                if shape is not None:
                    check_same_shape(self._signature, shape, cells)
                return cells
        return output_grid(self._signature, self._shape, shape, first, values)

    def _fills_vectors(self, meaning: Meaning, values: Values, out: Array) -> bool:
        """Whether the last axis of ``out`` is that of the vector which the kernel returns."""
        if out.ndim == 1 or out.shape[-1] not in VECTOR_SIZES:
            return False
        key = ("fills vectors", out.ndim, launch_key(values.values()))
        if key not in meaning.found:
            kinds = {name: kind_of(value) for name, value in values.items()}
            meaning.found[key] = self._returns_vector(meaning, kinds, out.ndim - 1)
        return bool(meaning.found[key])

    @told_when_too_deep
    def _returns_vector(self, meaning: Meaning, kinds: dict[str, Type], grid_rank: int) -> bool:
        """Whether the kernel returns a vector for each cell of a grid."""
        try:
            typed = self._infer(meaning.snapshot(), kinds, grid_rank)
        except KernelError:
            return False  # it is not written for this grid
        return typed.program.outputs[0].size is not None

    def _infer(self, resolution: Resolution, kinds: dict[str, Type], grid_rank: int) -> TypedKernel:
        return infer_types(resolution, kinds, grid_rank, self._settings.options)

    def _inspected_grid(self, values: Values, shape: Any) -> tuple[int, ...]:
        return output_grid(self._signature, self._shape, shape, None, values)


@overload
def kernel(function: Callable[..., Any], /) -> Kernel: ...
@overload
def kernel(
    *,
    shape: Any = None,
    dtype: Any = None,
    boundary: Any = "zero",
    debug: bool | None = False,
    max_iterations: int | None = None,
    optimize: bool | Iterable[str] = True,
) -> Callable[[Callable[..., Any]], Kernel]: ...
def kernel(
    function: Callable[..., Any] | None = None, /, *, shape: Any = None, **settings: Any
) -> Any:
    """Compile a Python function into a kernel; use it as ``@kernel`` or ``@kernel(shape=...)``.

    Args:
        function: a plain Python function; it computes one cell of the output and returns it.
        shape: the output shape: an int, a tuple of 1 to 4 ints, or a function of the kernel's own
            arguments that returns one.  Without it the output has the first array's shape.
        dtype: what the result is stored as, one for each of several results; ints saturate.
            Without it floats are float32, ints int32, uints uint32 and bools bool.
        boundary: what an index out of range reads: "zero", "clamp" (the nearest element), "wrap"
            or "reflect" (the edge is not repeated); for all arrays, or a dict by parameter.
        debug: raise for indices out of range, integer division by zero and failed ``assert``s;
            the environment variable ``GPUKERNEL_DEBUG=1`` does that for all kernels but those
            with ``debug=None``, which are meant to read out of range.
        max_iterations: raise `KernelError` when one cell runs more loop iterations than this.
        optimize: the names of the optimisations to use, such as ``("fold", "pack")``; True stands
            for all of them, and False for none.  Results are the same, only times differ.

    Returns:
        A `Kernel`.

    Raises:
        KernelSyntaxError: for what the kernel language does not have.
        KernelNameError: for unknown names and names that may be unset where they are read.

    Example:
        >>> import numpy as np
        >>> import gpukernel as gk
        >>> @gk.kernel
        ... def double(a):
        ...     return 2.0 * a[gk.index()]
        >>> double(np.array([1.0, 2.5]), device="cpu").tolist()
        [2.0, 5.0]
    """
    check_names(settings)  # at once, before there is a function
    if function is None:
        return lambda f: _make(f, shape, settings)
    return _make(function, shape, settings)


def _make(function: object, shape: ShapeRule, settings: dict[str, Any]) -> Kernel:
    try:
        return Kernel(checked_function(function, "@kernel"), shape, settings)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__


def checked_function(function: object, decorator: str) -> FunctionType:
    """Return the plain Python function that a decorator is put on.

    Raises:
        KernelTypeError: it is something else.
        KernelSyntaxError: it is async.
    """
    plain = plain_function(function)
    if plain is None:
        kind = type(function).__name__
        message = f"{decorator} needs a plain Python function, not a {kind}"
        if kind == "method":
            message += "\nhint: define a function outside the class, or make it a @staticmethod"
        raise KernelTypeError(message)
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        code = plain.__code__
        raise KernelSyntaxError(
            f"{code.co_filename}:{code.co_firstlineno}: error: `{plain.__name__}` is async; "
            "kernels are plain functions"
        )
    return plain
