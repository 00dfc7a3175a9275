"""From a Python function and the arguments of a call to filled arrays.

`Launcher` strings the pipeline together, once for every combination of argument types:

source -> parse -> resolve -> infer -> passes -> device.build -> launch
"""

from __future__ import annotations

import functools
import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import is_
from types import FunctionType
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from gpukernel.arguments import Number, Signature, kind_of, launch_key, seed_words
from gpukernel.config import verify_stages
from gpukernel.errors import (
    Diagnostic,
    KernelAssertionError,
    KernelError,
    KernelIndexError,
    KernelNameError,
    KernelOverflowError,
    KernelShapeError,
    KernelSyntaxError,
    KernelTypeError,
    KernelValueError,
    KernelZeroDivisionError,
)
from gpukernel.frontend.captures import Meaning
from gpukernel.frontend.infer import TypedKernel
from gpukernel.frontend.program_parts import SEED, Source
from gpukernel.frontend.resolve import Capture, Resolution, resolve_names
from gpukernel.ir.nodes import Failure, Output, Program
from gpukernel.ir.verify import verify
from gpukernel.lang.random import next_seed, split_seed
from gpukernel.lang.types import Type
from gpukernel.passes.pipeline import PASSES
from gpukernel.records import record
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device, Executable, Storage
from gpukernel.runtime.failure import CellFailed
from gpukernel.settings import Settings

Argument = Any  # Array | np.ndarray | Number | tuple of numbers, as `Signature.convert` returns
Values = dict[str, Argument]
Result = Any  # Array | tuple[Array, ...]
LauncherT = TypeVar("LauncherT", bound="Launcher")
ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")
LAUNCH_OPTIONS = ("shape", "out", "device", "seed")
MAX_SPECIALIZATIONS = 256  # of one kernel; the oldest goes first
MAX_READINGS = 100  # of captured functions, until two readings agree
STAGES = ("parse", "resolve", "infer", *(name for name, _ in PASSES))
_ERRORS: dict[str, type[KernelError]] = {
    "index": KernelIndexError,
    "division": KernelZeroDivisionError,
    "negative": KernelValueError,
    "assert": KernelAssertionError,
    "iterations": KernelError,
}


@record(frozen=True)
class Specialization:
    """A function made for one combination of argument types, on one device."""

    executable: Executable
    typed: TypedKernel
    positions: dict[Capture, int]  # the order of the captures that the program's sources name

    @functools.cached_property
    def outputs(self) -> tuple[Output, ...]:
        return self.typed.program.outputs

    @functools.cached_property
    def dtypes(self) -> tuple[np.dtype, ...]:
        """The dtype of each output."""
        return tuple(np.dtype(output.dtype) for output in self.outputs)


@dataclass
class Captured:
    """The captured values of one launch, for the captures that a program names.

    The program may have been made for other functions of the same content: then its captures are
    theirs, in the same order.
    """

    positions: dict[Capture, int]
    seen: tuple[object, ...]

    def value_of(self, capture: Capture) -> Any:
        return self.seen[self.positions[capture]]


def told_when_too_deep(
    method: Callable[Concatenate[LauncherT, ParametersT], ResultT],
) -> Callable[Concatenate[LauncherT, ParametersT], ResultT]:
    """Turn the end of Python's stack, in any stage, into an error about the kernel's nesting."""

    @functools.wraps(method)
    def told(
        self: LauncherT, /, *args: ParametersT.args, **keywords: ParametersT.kwargs
    ) -> ResultT:
        try:
            return method(self, *args, **keywords)
        except RecursionError:
            raise _too_deep(self.py_func) from None

    return told


def _too_deep(function: FunctionType) -> KernelError:
    code = function.__code__
    return KernelSyntaxError(
        f"{code.co_filename}:{code.co_firstlineno}: error: `{function.__name__}` is "
        "nested too deeply for Python's stack\n"
        "hint: split its expressions, blocks and calls, or call it from fewer functions"
    )


class Launcher(ABC):
    """A Python function that is compiled for argument types as they come, and launched."""

    def __init__(self, function: FunctionType, settings: dict[str, Any]) -> None:
        self.py_func = function
        self._lock = threading.RLock()
        resolution = self._resolve(None)
        self._meaning = Meaning.of(resolution, resolution.read())
        span = self._meaning.resolution.functions[function].span
        self._signature = Signature(function.__name__, inspect.signature(function), span)
        self._settings = Settings.make(self._signature, settings)
        self._specializations: dict[object, Specialization] = {}
        self._check_parameters()

    @abstractmethod
    def _infer(self, resolution: Resolution, kinds: dict[str, Type], grid_rank: int) -> TypedKernel:
        """Return the typed program for these argument types."""

    # ------------------------------------------------------------ launching

    def _launch(
        self,
        meaning: Meaning,
        values: Values,
        grid: tuple[int, ...],
        out: Any,
        device: Device,
        seed: Any,
    ) -> Result:
        """Fill new arrays, or those of ``out``, and return them."""
        made = self._specialize(meaning, device, values, len(grid))
        given = self._check_out(made, out, grid, device)
        captured = Captured(made.positions, meaning.seen)
        scalars = self._scalars(made.typed, values, captured, seed)
        arrays = [self._array(source, values, captured) for source in made.typed.arrays]
        try:
            results = self._run(made, device, arrays, scalars, grid, given)
        except RecursionError:
            raise _too_deep(self.py_func) from None
        return tuple(results) if made.typed.is_tuple else results[0]

    def _run(
        self,
        made: Specialization,
        device: Device,
        arrays: Sequence[Argument],
        scalars: list[Number],
        grid: tuple[int, ...],
        given: Sequence[Array | None],
    ) -> list[Array]:
        """Bring the inputs to the device, launch, and give or swap in the outputs."""
        temporary: list[Storage] = []
        fresh: list[Storage] = []
        targets: list[Storage] = []
        try:
            for output, dtype, out in zip(made.outputs, made.dtypes, given):
                if out is None:  # one that is too large is told before any input is copied
                    fresh.append(device.allocate(output_shape(output, grid), dtype))
                targets.append(fresh[-1] if out is None else out._view)
            inputs = [_on_device(value, device, temporary) for value in arrays]
            for place, out in enumerate(given):
                if out is not None and not _can_fill(out, made.executable, inputs):
                    fresh.append(device.allocate(out.shape, out.dtype))
                    targets[place] = fresh[-1]
            made.executable.launch(inputs, scalars, grid, targets)
        except BaseException as problem:
            for storage in fresh:
                device.release(storage)
            if isinstance(problem, CellFailed):
                raise self._cell_error(problem, made, arrays) from None
            raise
        finally:
            for storage in temporary:
                device.release(storage)
        return [_as_array(out, target, device) for out, target in zip(given, targets)]

    def _cell_error(
        self, failed: CellFailed, made: Specialization, arrays: Sequence[Argument]
    ) -> KernelError:
        """Return the error for a check that failed, with its line and place."""
        program = made.typed.program
        failure: Failure = program.failures[failed.failure]
        message = failure.message.format(*failed.values)
        for array, value in zip(program.arrays, arrays):
            if array.name == failure.array:
                message += f", which has shape {value.shape}"
        cell = failed.cell[0] if len(failed.cell) == 1 else failed.cell
        kind = _ERRORS[failure.kind]
        return kind(Diagnostic(kind, failure.span, f"{message} (in output cell {cell})").render())

    def _check_out(
        self, made: Specialization, out: Any, grid: tuple[int, ...], device: Device
    ) -> list[Array | None]:
        """Return the array that each output is to fill, None for those to be made."""
        count = len(made.outputs)
        if out is None:
            return [None] * count
        given: list[Any] = list(out) if isinstance(out, (tuple, list)) else [out]
        name, fail = self._signature.name, self._signature.fail
        if len(given) != count:
            what = "one array" if len(given) == 1 else f"{len(given)} arrays"
            wanted = "1 array" if count == 1 else f"{count} arrays"
            hint = "give that alone" if count == 1 else "give one for each result, in a tuple"
            raise fail(KernelTypeError, f"out= is {what}, but `{name}` fills {wanted}", hint)
        for output, dtype, array in zip(made.outputs, made.dtypes, given):
            self._check_owner(array, device)
            if array.dtype != dtype or array.shape != output_shape(output, grid):
                raise self._misfit(array, output, grid)
        if count > 1 and len({id(array._storage) for array in given}) < len(given):
            message = "out= has the same array twice"
            raise fail(KernelTypeError, message, "give every result an array of its own")
        return given

    def _misfit(self, out: Array, output: Output, grid: tuple[int, ...]) -> KernelError:
        """Return the error for an array of another dtype or shape than the output."""
        name, wanted = self._signature.name, output_shape(output, grid)
        if out.dtype != output.dtype:
            message = f"out= has dtype {out.dtype}, but `{name}` returns {output.dtype}"
            hint = f"make it with gk.empty(shape, dtype={output.dtype!r})"
            return self._signature.fail(KernelTypeError, message, hint)
        message = f"out= has shape {out.shape}, but `{name}` fills shape {wanted}"
        if output.size is not None:
            message += f": the last axis has the components of a vec{output.size}"
        hint = f"make it with gk.empty({wanted}, dtype={output.dtype!r})"
        return self._signature.fail(KernelShapeError, message, hint)

    def _check_owner(self, out: object, device: Device) -> None:
        if isinstance(out, Array) and out._lease is not None and out._lease.device is device:
            return
        if not isinstance(out, Array):
            message = f"out= is a {type(out).__name__}, not a gk.Array"
            hint = "make it with gk.empty(shape)"
            raise self._signature.fail(KernelTypeError, message, hint)
        message = f"out= is on device {out.device!r}, but the launch is on {device.name!r}"
        hint = f"launch with device={out.device!r}, or make out= on {device.name!r}"
        raise self._signature.fail(KernelTypeError, message, hint)

    # ------------------------------------------------------------ values of a launch

    def _convert(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> Values:
        """Return every parameter's converted value."""
        values = self._signature.bind(args, keywords)
        for name, value in values.items():
            if not isinstance(value, Array):
                values[name] = self._signature.convert(name, value)
        return values

    def _scalars(
        self, typed: TypedKernel, values: Values, captured: Captured, seed: Any
    ) -> list[Number]:
        """Return the launch scalars, in the order of the program's uniforms."""
        words = (0, 0)
        if seed is not None:  # a wrong one is told, even where nothing is drawn
            words = seed_words(self._signature, seed)
        elif typed.draws:
            words = split_seed(next_seed())
        scalars: list[Number] = []
        for source in typed.scalars:
            if isinstance(source.origin, Capture):
                number = self._captured_number(source, source.origin, captured)
            else:
                value = words if source.origin == SEED else values[source.origin]
                number = source.number_in(value) if source.path else value
            scalars.append(int(number) if type(number) is np.uint32 else number)
        return scalars

    def _captured_number(self, source: Source, origin: Capture, captured: Captured) -> Any:
        number = source.number_in(captured.value_of(origin))
        try:
            return self._signature.number(".".join(origin.path), number)
        except KernelOverflowError as problem:
            text = str(problem).replace("argument `", "captured `")
            raise KernelOverflowError(text) from None

    def _array(self, source: str | Capture, values: Values, captured: Captured) -> Argument:
        """Return an array that the program reads: an argument, or a capture."""
        if isinstance(source, str):
            return self._signature.in_use(values[source], source)
        name, value = ".".join(source.path), captured.value_of(source)
        if isinstance(value, Array):
            return self._signature.in_use(value, name, "captured")
        return self._signature.host_array(name, value, "captured")

    # ------------------------------------------------------------ compiling

    @told_when_too_deep
    def _resolve(self, old: Resolution | None) -> Resolution:
        """Bind the function's names as they are now; at first some may still be missing."""
        if old is None:
            return resolve_names(self.py_func, may_defer=True)
        return resolve_names(self.py_func, may_defer=False, baked=old.baked)

    def _current(self) -> Meaning:
        """Return what the names stand for; resolved anew when one now means something else."""
        meaning = self._meaning.now()
        if meaning is not None:
            return meaning
        for _ in range(MAX_READINGS):
            resolution = self._resolve(self._meaning.resolution)
            found = Meaning.of(resolution, resolution.read())
            if found.is_stable:
                self._meaning = found
                return found
        message = "a captured name stands for another object each time it is read"
        raise self._signature.fail(KernelNameError, message, "pass it as an argument")

    def _specialize(
        self, meaning: Meaning, device: Device, values: Values, grid_rank: int
    ) -> Specialization:
        quick_key = (device.name, grid_rank, launch_key(values.values()))
        quick: Specialization | None = meaning.found.get(quick_key)
        if quick is not None:
            return quick
        kinds = {name: kind_of(value) for name, value in values.items()}
        with self._lock:  # what another thread has just made may be in place by now
            meaning = self._renewed(meaning)
            key = (device.name, grid_rank, tuple(kinds.values()), meaning.key)
            made = self._specializations.get(key)
            if made is None:
                made = self._make(meaning, device, kinds, grid_rank)
                meaning = self._renewed(meaning)
                key = (device.name, grid_rank, tuple(kinds.values()), meaning.key)
                self._remember(key, made)
            meaning.found[quick_key] = made
        return made

    def _renewed(self, meaning: Meaning) -> Meaning:
        """Return the meaning with the captures that a compilation has needed as constants."""
        renewed = Meaning.of(meaning.resolution, meaning.seen)
        if renewed.kinds == meaning.kinds:
            return meaning
        if self._meaning.resolution is meaning.resolution:
            self._meaning = renewed
        return renewed

    def _remember(self, key: object, made: Specialization) -> None:
        if len(self._specializations) >= MAX_SPECIALIZATIONS:
            del self._specializations[next(iter(self._specializations))]
            self._meaning.found.clear()
        self._specializations[key] = made

    @told_when_too_deep
    def _make(
        self, meaning: Meaning, device: Device, kinds: dict[str, Type], grid_rank: int
    ) -> Specialization:
        """Compile."""
        resolution = meaning.snapshot()
        typed = self._compile(resolution, kinds, grid_rank, STAGES[-1])
        executable = device.build(typed.program, self._settings.optimize)
        return Specialization(executable, typed, resolution.positions)

    @told_when_too_deep
    def _compile(
        self, resolution: Resolution, kinds: dict[str, Type], grid_rank: int, stage: str
    ) -> TypedKernel:
        """Return the typed program after ``stage``."""
        typed = self._infer(resolution, kinds, grid_rank)
        program = _verified(typed.program)
        for name, run in PASSES:
            if stage == "infer":
                break
            if name in self._settings.optimize:
                program = _verified(run(program))
            if name == stage:
                break
        return TypedKernel(program, typed.scalars, typed.arrays, typed.is_tuple)

    def _check_parameters(self) -> None:
        for name in self._signature.names:
            if name in LAUNCH_OPTIONS:
                message = f"parameter `{name}` has the name of a launch option"
                raise self._signature.fail(KernelSyntaxError, message, "give it another name")


def owner_of_launch(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Return the first argument that takes over launches, None if there is none.

    Arrays of other libraries do that with a method ``__launch__(launcher, args, keywords,
    options)``, which returns what the call is to return.
    """
    for value in (*args, *keywords.values()) if keywords else args:
        if hasattr(value, "__launch__"):
            return value
    return None


def output_shape(output: Output, grid: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of an output's array."""
    return grid if output.size is None else (*grid, output.size)


def _can_fill(out: Array, executable: Executable, inputs: Sequence[Storage]) -> bool:
    """Whether a launch may write into an array directly: nothing else sees its memory."""
    if executable.may_fail or not out._is_exclusive():
        return False
    return not any(map(is_, inputs, repeat(out._view)))


def _on_device(value: Argument, device: Device, temporary: list[Storage]) -> Storage:
    """Return the storage of an array; one that was made for it is noted as temporary."""
    if isinstance(value, Array) and value._lease is not None and value._lease.device is device:
        return value._view
    storage: Storage = device.upload(np.asarray(value))
    temporary.append(storage)
    return storage


def _as_array(out: Array | None, target: Storage, device: Device) -> Array:
    if out is None:
        return Array._from_storage(device, target)
    if out._view is not target:
        out._replace_storage(target)
    return out


def _verified(program: Program) -> Program:
    if verify_stages():
        verify(program)
    return program
