"""What an expression can stand for while types are inferred.

A number is a typed expression of the program; tuples, arrays and captured objects exist only here
and are gone when inference is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from gpukernel.ir import nodes
from gpukernel.ir.nodes import ArrayInput
from gpukernel.lang.types import ERROR, ArrayType, TupleType, Type


@dataclass(frozen=True)
class TupleValue:
    elements: tuple[Value, ...]


@dataclass(frozen=True)
class ArrayValue:
    """An array argument, with the leading indices that have been given so far."""

    array: ArrayInput
    prefix: tuple[nodes.Expr, ...] = ()

    @property
    def rank(self) -> int:
        return self.array.type.rank - len(self.prefix)


@dataclass(frozen=True)
class ObjectValue:
    """A captured Python object: a function, a table row's object, a module."""

    name: str
    value: object


@dataclass(frozen=True)
class ErrorValue:
    """An expression that was reported already."""


Value = Union[nodes.Expr, TupleValue, ArrayValue, ObjectValue, ErrorValue]
NUMBERS = nodes.Expr.__args__  # type: ignore[attr-defined]


def type_of(value: Value) -> Type:
    """Return the type of a value; captured objects have none and count as errors."""
    if isinstance(value, TupleValue):
        return TupleType(tuple(type_of(e) for e in value.elements))
    if isinstance(value, ArrayValue):
        return ArrayType(value.array.type.dtype, value.rank)
    if isinstance(value, (ObjectValue, ErrorValue)):
        return ERROR
    return value.type


def describe(value: Value) -> str:
    """Return the words for a value in a message: its type, and its name where it has one."""
    if isinstance(value, ObjectValue):
        return f"`{value.name}`"
    kind = str(type_of(value))
    if isinstance(value, ArrayValue):
        part = "part of " if value.prefix else ""
        return f"{part}`{value.array.name}` ({kind})"
    if isinstance(value, (nodes.Name, nodes.Uniform)) and value.name.isidentifier():
        return f"`{value.name}` ({kind})"
    return kind


def leaves(value: Value) -> list[Value]:
    """Return the numbers of a nested tuple, in order."""
    if isinstance(value, TupleValue):
        return [leaf for element in value.elements for leaf in leaves(element)]
    return [value]
