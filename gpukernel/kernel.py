"""``@kernel``: the one place that strings source, types, passes and devices together.

source -> parse -> resolve -> infer -> passes -> device.build -> launch
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, overload

import numpy as np

from gpukernel.arguments import Number, ShapeRule, Signature, check_shape, kind_of, output_shape
from gpukernel.codegen.glsl import generate_glsl
from gpukernel.config import verify_stages
from gpukernel.errors import KernelError, KernelOverflowError, KernelSyntaxError, KernelTypeError
from gpukernel.frontend.captures import Meaning
from gpukernel.frontend.infer import ScalarSource, TypedKernel, infer_types
from gpukernel.frontend.resolve import Resolution, resolve_names
from gpukernel.frontend.source import plain_function
from gpukernel.ir.nodes import Program
from gpukernel.ir.printer import print_program, print_syntax
from gpukernel.ir.verify import verify
from gpukernel.lang.grid import at_position
from gpukernel.lang.types import RESULT_DTYPES, ArrayType, Scalar
from gpukernel.passes.pipeline import PASSES
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device, Executable, Storage, resolve_device
from gpukernel.runtime.explain import explain_program
from gpukernel.runtime.view import ArrayView

Argument = Any  # Array | np.ndarray | Number, as `Signature.convert` returns
LAUNCH_OPTIONS = ("shape", "out", "device", "seed")
STAGES = ("parse", "resolve", "infer", *(name for name, _ in PASSES))


@dataclass(frozen=True)
class Specialization:
    """A kernel made for one combination of argument types, on one device."""

    executable: Executable
    arrays: tuple[str, ...]
    scalars: tuple[ScalarSource, ...]
    dtype: np.dtype[Any]


class Kernel:
    """A Python function compiled for the devices; made by `kernel`.

    Calling it launches one invocation for each output cell and returns a `gpukernel.Array`.
    """

    __name__: str
    __qualname__: str

    def __init__(self, function: FunctionType, shape: ShapeRule, optimize: bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func = function
        self._shape = shape
        self._optimize = optimize
        self._lock = threading.RLock()
        self._meaning = Meaning.of(resolve_names(function, may_defer=True))
        span = self._meaning.resolution.functions[function].span
        self._signature = Signature(function.__name__, inspect.signature(function), span)
        self._check_parameters()
        self._specializations: dict[object, Specialization] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}{self._signature.python}>"

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled by name, as functions are

    def __call__(
        self,
        *args: Any,
        shape: Any = None,
        out: Array | None = None,
        device: str | None = None,
        **keywords: Any,
    ) -> Array:
        """Launch the kernel.

        Args:
            args, keywords: the function's own arguments: arrays of rank 1 to 4 (`Array`, NumPy,
                anything with ``__array__`` or a buffer) and numbers.
            shape: the output shape, an int or a tuple of 1 to 4 ints.
            out: an array to fill and return; it may be one of the inputs.
            device: ``"gl"`` or ``"cpu"``; the current device when left out.

        Returns:
            The output array, on the device: float32, int32 or bool as the kernel returns.

        Raises:
            KernelError: any of its subclasses; nothing is changed then.
        """
        try:
            return self._launch(args, keywords, shape, out, resolve_device(device))
        except KernelError as problem:
            raise problem.with_traceback(None) from problem.__cause__

    def at(self, index: int | tuple[int, ...], *args: Any, **keywords: Any) -> Any:
        """Run the original Python function for one output cell, under CPython.

        Breakpoints, pdb and coverage work.  Arrays are seen through a view that reads zero
        out of range, as kernels do; Python's ints do not wrap and its floats are doubles.

        Args:
            index: the output position, an int or a tuple of ints.
            args, keywords: as in a launch.
        """
        position = check_shape(self._signature, index)
        values = self._convert(args, keywords)
        negatives = self._current().resolution.literal_negatives
        seen = {
            name: ArrayView(np.asarray(value), negatives) if _is_array(value) else value
            for name, value in values.items()
        }
        with at_position(position):
            return self.py_func(**seen)

    def glsl(self, *args: Any, shape: Any = None, **keywords: Any) -> str:
        """Return the fragment shader for these arguments, with the Python lines as comments."""
        return generate_glsl(self._program(args, keywords, shape)[0].program).fragment

    def ir(self, *args: Any, stage: str = STAGES[-1], shape: Any = None, **keywords: Any) -> str:
        """Return the program after a stage as text.

        Args:
            args, keywords: as in a launch.
            stage: one of ``"parse"``, ``"resolve"``, ``"infer"``, or the name of a pass.
            shape: the output shape, as in a launch.
        """
        if stage not in STAGES:
            raise KernelTypeError(f"unknown stage {stage!r}; the stages are {', '.join(STAGES)}")
        if stage in ("parse", "resolve"):
            trees = self._current().resolution.functions.values()
            return "\n\n".join(print_syntax(tree) for tree in trees)
        return print_program(self._program(args, keywords, shape, stage)[0].program)

    def explain(
        self, *args: Any, shape: Any = None, device: str | None = None, **keywords: Any
    ) -> str:
        """Return, in words, what these arguments compile to: types, passes, texture layouts."""
        typed, values, grid = self._program(args, keywords, shape)
        passes = [name for name, _ in PASSES] if self._optimize else []
        arrays = {name: v.shape for name, v in values.items() if _is_array(v)}
        return explain_program(typed.program, resolve_device(device), arrays, grid, passes)

    # ------------------------------------------------------------ launching

    def _launch(
        self,
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        shape: Any,
        out: Array | None,
        device: Device,
    ) -> Array:
        values = self._convert(args, keywords)
        if out is not None:
            self._check_out(out, device)
        grid = output_shape(self._signature, self._shape, shape, out, values)
        made = self._specialize(device, values, len(grid))
        if out is not None and out.dtype != made.dtype:
            message = f"out= has dtype {out.dtype}, but `{self.__name__}` returns {made.dtype}"
            hint = f"make it with gk.empty(shape, dtype={made.dtype.name!r})"
            raise self._signature.fail(KernelTypeError, message, hint)
        scalars = [self._scalar(source, values) for source in made.scalars]
        return self._run(made, device, values, scalars, grid, out)

    def _run(
        self,
        made: Specialization,
        device: Device,
        values: dict[str, Argument],
        scalars: list[Number],
        grid: tuple[int, ...],
        out: Array | None,
    ) -> Array:
        """Bring the inputs to the device, launch, and give or swap in the output."""
        temporary: list[Storage] = []
        result: Storage | None = None
        device.check_size(grid, made.dtype)
        try:
            inputs = []
            for name in made.arrays:
                storage, copied = _to_device(values[name], device)
                if copied:
                    temporary.append(storage)
                inputs.append(storage)
            reuse = out is not None and out._is_exclusive() and not made.executable.may_fail
            if out is not None and reuse and not any(s is out._storage for s in inputs):
                made.executable.launch(inputs, scalars, out._storage)
                return out
            result = device.allocate(grid, made.dtype)
            made.executable.launch(inputs, scalars, result)
        except BaseException:
            if result is not None:
                device.release(result)
            raise
        finally:
            for storage in temporary:
                device.release(storage)
        if out is None:
            return Array._from_storage(device, result)
        out._replace_storage(result)
        return out

    def _check_out(self, out: object, device: Device) -> None:
        if not isinstance(out, Array):
            message = f"out= is a {type(out).__name__}, not a gk.Array"
            raise self._signature.fail(KernelTypeError, message, "make it with gk.empty(shape)")
        if out._owner is not device:
            message = f"out= is on device {out.device!r}, but the launch is on {device.name!r}"
            hint = f"launch with device={out.device!r}, or make out= on {device.name!r}"
            raise self._signature.fail(KernelTypeError, message, hint)

    def _convert(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Argument]:
        """Return every parameter's converted value."""
        bound = self._signature.bind(args, keywords)
        return {name: self._signature.convert(name, value) for name, value in bound.items()}

    def _scalar(self, source: ScalarSource, values: dict[str, Argument]) -> Number:
        """Return a launch scalar: an argument, or a captured number read now."""
        if isinstance(source, str):
            number: Number = values[source]
            return number
        name = ".".join(source.path)
        try:
            return self._signature.number(name, source.read())
        except KernelOverflowError as problem:
            text = str(problem).replace("argument `", "captured `")
            raise KernelOverflowError(text) from None

    # ------------------------------------------------------------ compiling

    def _current(self) -> Meaning:
        """Return what the names stand for; resolved anew when one now means something else."""
        meaning = self._meaning
        if not meaning.is_current:
            meaning = Meaning.of(resolve_names(self.py_func, may_defer=False))
            self._meaning = meaning
        return meaning

    def _specialize(
        self, device: Device, values: dict[str, Argument], grid_rank: int
    ) -> Specialization:
        meaning = self._current()
        kinds = tuple([kind_of(value) for value in values.values()])
        key = (device.name, grid_rank, kinds, meaning.captured)
        made = self._specializations.get(key)
        if made is None:
            with self._lock:
                made = self._specializations.get(key)
                if made is None:
                    resolution = meaning.resolution
                    made = self._build(resolution, device, dict(zip(values, kinds)), grid_rank)
                    self._specializations[key] = made
        return made

    def _build(
        self,
        resolution: Resolution,
        device: Device,
        kinds: dict[str, ArrayType | Scalar],
        grid_rank: int,
    ) -> Specialization:
        typed = self._compile(resolution, kinds, grid_rank, STAGES[-1])
        program = typed.program
        arrays = tuple(a.name for a in program.arrays)
        dtype = np.dtype(RESULT_DTYPES[program.kernel.result])
        return Specialization(device.build(program), arrays, typed.scalars, dtype)

    def _compile(
        self,
        resolution: Resolution,
        kinds: dict[str, ArrayType | Scalar],
        grid_rank: int,
        stage: str,
    ) -> TypedKernel:
        """Return the typed program after ``stage``."""
        typed = infer_types(resolution, kinds, grid_rank)
        program = _verified(typed.program)
        for name, run in PASSES:
            if stage == "infer" or not self._optimize:
                break
            program = _verified(run(program))
            if name == stage:
                break
        return TypedKernel(program, typed.scalars)

    def _program(
        self, args: tuple[Any, ...], keywords: dict[str, Any], shape: Any, stage: str = STAGES[-1]
    ) -> tuple[TypedKernel, dict[str, Argument], tuple[int, ...]]:
        """Return what these arguments compile to, the converted arguments, and the grid."""
        values = self._convert(args, keywords)
        grid = output_shape(self._signature, self._shape, shape, None, values)
        kinds = {name: kind_of(value) for name, value in values.items()}
        return self._compile(self._current().resolution, kinds, len(grid), stage), values, grid

    def _check_parameters(self) -> None:
        for name in self._signature.names:
            if name in LAUNCH_OPTIONS:
                message = f"parameter `{name}` has the name of a launch option"
                raise self._signature.fail(KernelSyntaxError, message, "give it another name")


def _to_device(value: Argument, device: Device) -> tuple[Storage, bool]:
    if isinstance(value, Array):
        return value._storage_on(device)
    storage: Storage = device.upload(value)
    return storage, True


def _verified(program: Program) -> Program:
    if verify_stages():
        verify(program)
    return program


def _is_array(value: object) -> bool:
    return isinstance(value, (Array, np.ndarray))


@overload
def kernel(function: Callable[..., Any], /) -> Kernel: ...
@overload
def kernel(
    *, shape: Any = None, optimize: bool = True
) -> Callable[[Callable[..., Any]], Kernel]: ...
def kernel(
    function: Callable[..., Any] | None = None, /, *, shape: Any = None, optimize: bool = True
) -> Any:
    """Compile a Python function into a kernel; use it as ``@kernel`` or ``@kernel(shape=...)``.

    Args:
        function: a plain Python function; it computes one cell of the output and returns it.
        shape: the output shape: an int, a tuple of 1 to 4 ints, or a function of the kernel's own
            arguments that returns one.  Without it the output has the first array's shape.
        optimize: run the optimising passes; off only for comparison.

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
    if function is None:
        return lambda f: _make(f, shape, optimize)
    return _make(function, shape, optimize)


def _make(function: object, shape: ShapeRule, optimize: bool) -> Kernel:
    plain = plain_function(function)
    if plain is None:
        kind = type(function).__name__
        raise KernelTypeError(f"@kernel needs a plain Python function, not a {kind}")
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        raise KernelSyntaxError(f"`{plain.__name__}` is async; kernels are plain functions")
    try:
        return Kernel(plain, shape, optimize)
    except KernelError as problem:
        raise problem.with_traceback(None) from problem.__cause__
