"""What an expression can stand for while types are inferred.

A number is a typed expression of the program; everything else exists only here and is gone when
inference is done: tuples and vectors are their numbers, nested lists are flat ones.
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import Any, Union

from gpukernel.errors import Span
from gpukernel.ir import nodes, syntax
from gpukernel.ir.nodes import ArrayInput
from gpukernel.lang.types import ERROR, ArrayType, ListType, Scalar, TupleType, Type, VectorType
from gpukernel.records import record


@record(frozen=True)
class TupleValue:
    elements: tuple[Value, ...]


@record(frozen=True)
class VectorValue:
    """2 to 4 numbers of one type, with componentwise arithmetic.

    ``holders`` are the variables that hold this vector in Python, where it is an object that its
    holders share; a new vector has none.
    """

    elements: tuple[nodes.Expr, ...]
    holders: frozenset[str] = field(default=frozenset(), compare=False)


@record(frozen=True)
class ListValue:
    """A local list, or the list at ``offset`` elements from the start of its storage.

    ``offset`` counts lists of this type; None means the whole of the storage, -1 none at all.
    """

    name: str
    type: ListType
    offset: nodes.Expr | None = None


@record(frozen=True)
class ArrayValue:
    """An array argument, with the leading indices that have been given so far."""

    array: ArrayInput
    prefix: tuple[nodes.Expr, ...] = ()

    @property
    def rank(self) -> int:
        return self.array.type.rank - len(self.prefix)


@record(frozen=True)
class ObjectValue:
    """A captured Python object: a function, a table row's object, a module."""

    name: str
    value: object


@record(frozen=True)
class FunctionValue:
    """A function nested in another one; ``owner`` is the inference of the function around it."""

    function: syntax.Function
    owner: Any
    defaults: tuple[tuple[str, Value], ...] = ()


@record(frozen=True)
class ListBinding:
    """How a list arrives in a function: the caller's storage, and whether a part of it is meant."""

    type: ListType
    leaves: tuple[ListType, ...]
    has_offset: bool


@record(frozen=True)
class ErrorValue:
    """An expression that was reported already."""


Value = Union[
    nodes.Expr,
    TupleValue,
    VectorValue,
    ListValue,
    ArrayValue,
    ObjectValue,
    FunctionValue,
    ErrorValue,
]
# The classes of `nodes.Expr`, spelled out so that `isinstance` tells type checkers, too.
NUMBERS = (
    nodes.Constant,
    nodes.Name,
    nodes.Uniform,
    nodes.GridIndex,
    nodes.GridExtent,
    nodes.Extent,
    nodes.Load,
    nodes.Element,
    nodes.ListName,
    nodes.Call,
    nodes.Invoke,
    nodes.Logical,
    nodes.Select,
    nodes.Cast,
    nodes.Bind,
)
# What a parameter is bound to when a function is inferred.
Binding = Union[Type, ArrayValue, ListBinding, ObjectValue, FunctionValue]
# What a name can stand for without being kept in a variable.
ALIASES = (ListValue, ArrayValue, ObjectValue, FunctionValue)


def type_of(value: Value) -> Type:
    """Return the type of a value; functions and other objects have none and count as errors."""
    if isinstance(value, TupleValue):
        return TupleType(tuple(type_of(e) for e in value.elements))
    if isinstance(value, VectorValue):
        return VectorType(scalar_of(value.elements[0]), len(value.elements))
    if isinstance(value, ListValue):
        return value.type
    if isinstance(value, ArrayValue):
        return ArrayType(value.array.type.dtype, value.rank)
    if isinstance(value, (ObjectValue, FunctionValue, ErrorValue)):
        return ERROR
    return scalar_of(value)


def scalar_of(number: nodes.Expr) -> Scalar:
    """Return the type of a number."""
    assert isinstance(number.type, Scalar)
    return number.type


def describe(value: Value) -> str:
    """Return the words for a value in a message: its type, and its name where it has one."""
    if isinstance(value, ObjectValue):
        return f"`{value.name}`"
    if isinstance(value, FunctionValue):
        is_lambda = value.function.name == "lambda"
        return "a lambda" if is_lambda else f"function `{value.function.name}`"
    kind = str(type_of(value))
    if isinstance(value, ArrayValue):
        part = "part of " if value.prefix else ""
        return f"{part}`{value.array.name}` ({kind})"
    if isinstance(value, (nodes.Name, nodes.Uniform, ListValue)) and value.name.isidentifier():
        return f"`{value.name}` ({kind})"
    return kind


def parts(value: Value) -> tuple[Value, ...] | None:
    """Return the elements of a tuple or vector, None for anything else."""
    return value.elements if isinstance(value, (TupleValue, VectorValue)) else None


def numbers_in(value: Value) -> list[nodes.Expr]:
    """Return the numbers of a value, in order; a list has none."""
    inner = parts(value)
    if inner is not None:
        return [number for element in inner for number in numbers_in(element)]
    return [value] if isinstance(value, NUMBERS) else []


def storage(name: str, kind: Type) -> dict[str, Scalar | ListType]:
    """Return the variables of the program that a variable of this type is kept in.

    A number is kept under its own name, the parts of tuples and vectors under ``name.0``,
    ``name.1``...; lists of those are one flat list a part.
    """
    if isinstance(kind, Scalar):
        return {name: kind}
    if isinstance(kind, ListType):
        inner = storage(name, kind.element)
        return {n: ListType(_element(k), kind.size * _count(k)) for n, k in inner.items()}
    found: dict[str, Scalar | ListType] = {}
    for position, element in enumerate(part_types(kind)):
        found.update(storage(f"{name}.{position}", element))
    return found


def part_types(kind: Type) -> tuple[Type, ...]:
    """Return the types of the parts of a tuple or vector; other types have none."""
    if isinstance(kind, VectorType):
        return (kind.element,) * kind.size
    return kind.elements if isinstance(kind, TupleType) else ()


def _element(kind: Scalar | ListType) -> Type:
    return kind.element if isinstance(kind, ListType) else kind


def _count(kind: Scalar | ListType) -> int:
    return kind.size if isinstance(kind, ListType) else 1


def read_storage(name: str, kind: Type, span: Span) -> Value:
    """Return the value that is kept in a variable of this type."""
    if isinstance(kind, Scalar):
        return nodes.Name(name, kind, span)
    if isinstance(kind, ListType):
        return ListValue(name, kind)
    elements = [
        read_storage(f"{name}.{i}", element, span) for i, element in enumerate(part_types(kind))
    ]
    if isinstance(kind, TupleType):
        return TupleValue(tuple(elements))
    if isinstance(kind, VectorType):
        numbers = tuple(e for e in elements if isinstance(e, NUMBERS))
        root = name.partition(".")[0]
        return VectorValue(numbers, frozenset() if root.startswith("$") else frozenset([root]))
    return ErrorValue()


def holders(value: Value) -> frozenset[str]:
    """Return the variables that hold the vectors of a value."""
    if isinstance(value, VectorValue):
        return value.holders
    if isinstance(value, TupleValue):
        return frozenset().union(*map(holders, value.elements))
    return frozenset()


def held_by(value: Value, names: frozenset[str]) -> Value:
    """Return a value whose vectors are held by these variables."""
    if isinstance(value, VectorValue):
        return replace(value, holders=names)
    if isinstance(value, TupleValue):
        return TupleValue(tuple(held_by(e, names) for e in value.elements))
    return value


def contains_list(kind: Type) -> bool:
    """Whether a value of this type is a list or has one inside."""
    return isinstance(kind, ListType) or any(map(contains_list, part_types(kind)))
