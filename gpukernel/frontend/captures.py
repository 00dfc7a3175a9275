"""What a kernel's captured names stand for at a launch, and whether that changed since the last.

A launch reads every captured name once and goes by those values to its end, whatever other threads
assign meanwhile.
"""

from __future__ import annotations

from dataclasses import field, replace
from operator import is_
from types import FunctionType, MethodType
from typing import Any

from gpukernel.frontend.objects import is_array, is_data, is_number, is_tuple
from gpukernel.frontend.resolve import Resolution
from gpukernel.ir.constants import scalar_type
from gpukernel.lang.types import NARROWED, TupleType, Type, VectorType
from gpukernel.lang.vectors import Vector
from gpukernel.records import record


@record(frozen=True)
class Meaning:
    """What the names of a kernel stand for.

    Attributes:
        resolution: the functions with their names bound.
        seen: the value of every capture.
        kinds: what each is compiled as: the type of data, else the object itself.
        key: the same with functions by content: what equal keys compile to is the same program.
        loose: the places of those values that can become something else while they stay the same
            object: an array can be given another dtype.
        found: what launches found out, good for as long as the kinds are these.
    """

    resolution: Resolution
    seen: tuple[object, ...]
    kinds: tuple[object, ...]
    key: tuple[object, ...]
    loose: frozenset[int]
    found: dict[object, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, resolution: Resolution, seen: tuple[object, ...]) -> Meaning:
        kinds = _each(resolution, seen, _identity)
        loose = frozenset(place for place, value in enumerate(seen) if _is_loose(value))
        return cls(resolution, seen, kinds, _each(resolution, seen, _content), loose)

    @property
    def is_stable(self) -> bool:
        """Whether no function was rebound between binding the names and reading the values."""
        captures = self.resolution.captures.values()
        pairs = zip(self.seen, captures)
        return all(is_data(v) or _identity(v, False) == _identity(c.value, False) for v, c in pairs)

    def now(self) -> Meaning | None:
        """Return the meaning with the present values; None if the names must be bound anew."""
        if self.resolution.deferred:
            return None
        seen = self.resolution.read()
        if not self.loose and all(map(is_, seen, self.seen)):
            return self
        for place, (key, value) in enumerate(zip(self.resolution.captures, seen)):
            may_differ = value is not self.seen[place] or place in self.loose
            if may_differ and _identity(value, key in self.resolution.baked) != self.kinds[place]:
                return None
        return replace(self, seen=seen)

    def snapshot(self) -> Resolution:
        """Return the resolution for a compilation that goes by these values."""
        return replace(self.resolution, seen=self.seen)


def _each(resolution: Resolution, seen: tuple[object, ...], what: Any) -> tuple[object, ...]:
    baked = resolution.baked
    return tuple([what(v, key in baked) for key, v in zip(resolution.captures, seen)])


def _is_loose(value: object) -> bool:
    if isinstance(value, tuple):
        return any(map(_is_loose, value))
    return isinstance(value, Vector) or is_array(value)


class _Same:
    """An object compared by identity; keeps it alive, so that its id stays its own."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def _identity(value: Any, baked: bool) -> object:
    """Return what a value is compiled as, objects as themselves."""
    if is_number(value) or is_tuple(value):
        return (data_type(value), repr(value)) if baked else data_type(value)
    if is_array(value):
        return NARROWED.get(value.dtype.name, value.dtype.name), value.ndim
    if isinstance(value, MethodType):  # a new object at each reading
        return value.__func__, _Same(value.__self__)
    return _Same(value)


def _content(value: Any, baked: bool) -> object:
    """Return what a value is compiled as, functions by their code.

    What a function captures itself is in the captures of the whole kernel, too.
    """
    if isinstance(value, FunctionType):
        defaults = (value.__defaults__, tuple((value.__kwdefaults__ or {}).items()))
        return value.__module__, value.__code__, repr(defaults)
    return _identity(value, baked)


def data_type(value: Any) -> Type:
    """Return the type of a captured number, vector or tuple."""
    if isinstance(value, Vector):
        return VectorType(scalar_type(value[0]), len(value))
    if isinstance(value, tuple):
        return TupleType(tuple(data_type(v) for v in value))
    return scalar_type(value)
