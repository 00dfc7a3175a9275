"""What a launch is called with: bind, classify and convert arguments, find the output shape.

Everything wrong with an argument is reported here, before any device is touched.
"""

from __future__ import annotations

import inspect
import math
import operator
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Union

import numpy as np

from gpukernel.errors import (
    DeviceError,
    Diagnostic,
    KernelError,
    KernelOverflowError,
    KernelShapeError,
    KernelTypeError,
    Span,
)
from gpukernel.ir.constants import scalar_type
from gpukernel.lang.random import split_seed
from gpukernel.lang.types import (
    BOOL,
    FLOAT,
    INT,
    INT_MAX,
    INT_MIN,
    MAX_RANK,
    UINT,
    ArrayType,
    Type,
    VectorType,
)
from gpukernel.lang.vectors import Vector
from gpukernel.records import record
from gpukernel.runtime.array import Array
from gpukernel.runtime.host import to_host

ShapeRule = Union[None, int, tuple[int, ...], Callable[..., Any]]
Number = Union[bool, int, float]
Argument = Any  # Array | np.ndarray | Number | tuple[Number, ...]

_FLOAT32 = struct.Struct("<f")
_NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)
_REFUSED = {
    list: "a list; pass np.array(...) or gk.array(...)",
    str: "a string; kernels compute numbers",
    dict: "a dict; pass its values one by one",
    complex: "a complex number; pass the real and imaginary parts",
    type(None): "None; pass a number or an array",
}


@record(frozen=True)
class Signature:
    """How a kernel is called: its name, parameters, and where it is defined."""

    name: str
    python: inspect.Signature
    span: Span

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.python.parameters)

    @cached_property
    def is_positional(self) -> bool:
        """Whether every argument may be given by position."""
        kinds = {parameter.kind for parameter in self.python.parameters.values()}
        return inspect.Parameter.KEYWORD_ONLY not in kinds

    def fail(self, kind: type[KernelError], message: str, hint: str = "") -> KernelError:
        """Return an error that points at the kernel's definition."""
        return kind(Diagnostic(kind, self.span, message, hint).render())

    def bind(self, args: Sequence[object], keywords: Mapping[str, object]) -> dict[str, object]:
        """Return the value of every parameter, defaults filled in, as Python binds them."""
        if not keywords and len(args) == len(self.names) and self.is_positional:
            return dict(zip(self.names, args))
        try:
            bound = self.python.bind(*args, **keywords)
        except TypeError as problem:
            given = len(args) + len(keywords)
            takes = f"`{self.name}` takes {len(self.names)} arguments but {given} were given"
            hint = f"call it as {self.name}{self.python}; {problem}"
            raise self.fail(KernelTypeError, takes, hint) from None
        bound.apply_defaults()
        return dict(bound.arguments)

    def convert(self, name: str, value: object) -> Argument:
        """Return an argument as an array, a number, or a tuple of numbers of one type."""
        if isinstance(value, Array):
            return value
        if isinstance(value, _NUMBERS):
            return self.number(name, value)
        if isinstance(value, (tuple, Vector)):
            return self.vector(name, value)
        if type(value) in _REFUSED:
            message = f"argument `{name}` is {_REFUSED[type(value)].split(';')[0]}"
            raise self.fail(KernelTypeError, message, _REFUSED[type(value)].split("; ")[1])
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "biuf":
            return self.number(name, value[()])
        return self.host_array(name, value)

    def in_use(self, value: Argument, name: str, what: str = "argument") -> Argument:
        """Return an array that was not released."""
        if isinstance(value, Array) and value._lease is None:
            hint = "use the array before it is released"
            raise self.fail(DeviceError, f"{what} `{name}` was released", hint)
        return value

    def vector(self, name: str, value: Any) -> tuple[Number, ...]:
        """Return a tuple argument: floats, or ints if all its numbers are ints."""
        hint = "pass its values one by one, or np.array(...)"
        if not 2 <= len(value) <= 4:
            message = f"argument `{name}` is a tuple of {len(value)}, not of 2 to 4 numbers"
            raise self.fail(KernelTypeError, message, hint)
        for odd in (v for v in value if not isinstance(v, _NUMBERS)):
            kind = _REFUSED.get(type(odd), f"a {type(odd).__name__}").split(";")[0]
            message = f"argument `{name}` is a tuple with {kind} in it, not of 2 to 4 numbers"
            raise self.fail(KernelTypeError, message, hint)
        numbers = [self.number(name, v) for v in value]
        if all(scalar_type(v) == INT for v in numbers):
            return tuple(numbers)
        return tuple(float(v) for v in numbers)

    def number(self, name: str, value: Any) -> Any:
        """Return a scalar argument as a plain number of the language; uints stay NumPy's."""
        if type(value) is float:
            return self._float32(name, value)
        kind = scalar_type(value)
        if kind == INT and not INT_MIN <= value <= INT_MAX:
            message = f"argument `{name}` is {value}, which does not fit a 32-bit int"
            hint = "pass a float if 24 bits of precision are enough"
            raise self.fail(KernelOverflowError, message, hint)
        if kind == UINT:
            return np.uint32(value)  # the type says that it is unsigned
        if kind != FLOAT:
            return bool(value) if kind == BOOL else int(value)
        with np.errstate(all="ignore"):
            rounded = float(np.float32(value))
        if math.isinf(rounded) and np.isfinite(value):
            raise self._too_large(name, value)
        return rounded

    def _float32(self, name: str, value: float) -> float:
        """Return a float rounded to 32 bits."""
        try:
            return _FLOAT32.unpack(_FLOAT32.pack(value))[0]  # type: ignore[no-any-return]
        except OverflowError:
            raise self._too_large(name, value) from None

    def _too_large(self, name: str, value: Any) -> KernelError:
        message = f"argument `{name}` is {value}, which does not fit a 32-bit float"
        return self.fail(KernelOverflowError, message, "floats go up to 3.4e38")

    def host_array(self, name: str, value: object, what: str = "argument") -> np.ndarray:
        arraylike = hasattr(value, "__array__") or hasattr(value, "__array_interface__")
        if not arraylike and not _has_buffer(value):
            kind = type(value).__name__
            message = f"{what} `{name}` is a {kind}, not an array or a number"
            raise self.fail(KernelTypeError, message, "pass a NumPy array, a gk.Array or a number")
        try:
            return to_host(value, f"{what} `{name}`")
        except KernelError as problem:
            raise self.fail(type(problem), str(problem)) from None


def seed_words(signature: Signature, seed: Any) -> tuple[int, int]:
    """Return the low and the high 32 bits of the seed of a launch."""
    try:
        operator.index(seed)
    except TypeError:
        hint = "give an int from 0 to 2**64 - 1, such as seed=1"
        raise signature.fail(KernelTypeError, f"seed={seed!r} is not an int", hint) from None
    return split_seed(seed)


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def kind_of(value: Argument) -> Type:
    """Return the type of a converted argument."""
    if isinstance(value, (Array, np.ndarray)):
        return ArrayType(value.dtype.name, value.ndim)
    if isinstance(value, tuple):
        return VectorType(scalar_type(value[0]), len(value))
    return scalar_type(value)


def launch_key(values: Iterable[Argument]) -> tuple[object, ...]:
    """Return what is the same only for converted arguments of the same types, quickly."""
    key: list[object] = []
    for value in values:
        kind: object = type(value)
        if isinstance(value, (Array, np.ndarray)):
            numbers = value._view if isinstance(value, Array) else value
            kind = numbers.dtype.num * (MAX_RANK + 1) + len(numbers.shape)
        elif kind is tuple:
            kind = type(value[0]), len(value)
        key.append(kind)
    return tuple(key)


def output_grid(
    signature: Signature, rule: ShapeRule, asked: object, out: Array | None, values: dict[str, Any]
) -> tuple[int, ...]:
    """Return the grid: by ``out=``, else ``shape=``, else the decorator, else the first array.

    Raises:
        KernelShapeError: none of them says, they contradict, or it is not a shape.
    """
    chosen = asked if asked is not None else rule
    if out is not None:
        if asked is not None:
            check_same_shape(signature, asked, out.shape)
        return out.shape
    if callable(chosen):
        chosen = _call_rule(signature, chosen, values)
    if chosen is not None:
        return check_shape(signature, chosen)
    for value in values.values():
        if isinstance(value, (Array, np.ndarray)):
            return value.shape
    message = f"the output shape of `{signature.name}` cannot be determined"
    hint = "it has no array argument: give shape= in the call or in @kernel(shape=...)"
    raise signature.fail(KernelShapeError, message, hint)


def check_same_shape(signature: Signature, asked: object, given: tuple[int, ...]) -> None:
    """Raise KernelShapeError unless ``shape=`` is the shape that ``out=`` has."""
    if check_shape(signature, asked) != given:
        message = f"shape={asked} contradicts out=, which has shape {given}"
        raise signature.fail(KernelShapeError, message, "give only one of them")


def _call_rule(signature: Signature, rule: Callable[..., Any], values: dict[str, Any]) -> Any:
    parameters = signature.python.parameters
    by_name = inspect.Parameter.KEYWORD_ONLY
    positional = [v for n, v in values.items() if parameters[n].kind is not by_name]
    named = {n: v for n, v in values.items() if parameters[n].kind is by_name}
    try:
        return rule(*positional, **named)
    except Exception as problem:
        message = f"the shape function of `{signature.name}` failed: {type(problem).__name__}: "
        hint = f"it is called with the kernel's own arguments ({', '.join(values)})"
        raise signature.fail(KernelShapeError, message + str(problem), hint) from problem


def check_shape(signature: Signature, shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple of 1 to 4 non-negative ints."""
    hint = "a shape is an int or a tuple of 1 to 4 ints, none negative"
    sizes: tuple[int, ...]
    try:
        sizes = (operator.index(shape),)
    except TypeError:
        try:
            sizes = tuple(operator.index(size) for size in shape)
        except TypeError:
            message = f"{shape!r} is not a shape"
            raise signature.fail(KernelShapeError, message, hint) from None
    if not 1 <= len(sizes) <= MAX_RANK or min(sizes) < 0:
        raise signature.fail(KernelShapeError, f"the output shape {sizes} cannot be made", hint)
    return sizes
