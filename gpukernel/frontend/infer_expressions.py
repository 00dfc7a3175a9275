"""Types of expressions: surface expression in, `values.Value` out.

Names, literals, attributes and subscripts are here; operators and calls in files of their own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from gpukernel.errors import KernelIndexError, Span
from gpukernel.frontend.emitter import (
    FIXED,
    example_read,
    fold_operators,
    plural,
)
from gpukernel.frontend.infer_operators import OperatorInference
from gpukernel.frontend.objects import is_array, is_number
from gpukernel.frontend.values import (
    ArrayValue,
    ErrorValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    numbers_in,
    parts,
)
from gpukernel.frontend.wording import source_text
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.operators import BINARY, COMPARE
from gpukernel.lang.types import (
    FLOAT,
    INT,
    ErrorType,
)
from gpukernel.lang.vectors import Vector

_COUNTS = ("no", "one", "two", "three", "four")


class ExpressionInference(OperatorInference):
    """The expressions of a function's inference."""

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[type, Callable[[Any], Value]] = {
            syntax.Literal: self.literal,
            syntax.Local: lambda node: self.read_variable(node.name, node.span),
            syntax.Global: self.captured,
            syntax.Attribute: self.attribute,
            syntax.Subscript: self.subscript,
            syntax.Apply: self.used_call,
            syntax.Unary: self.unary,
            syntax.Binary: self.binary,
            syntax.Comparison: self.comparison,
            syntax.Boolean: self.boolean,
            syntax.Conditional: self.conditional,
            syntax.Sequence: lambda node: TupleValue(tuple(map(self.value, node.elements))),
            syntax.ListDisplay: self.list_display,
            syntax.Comprehension: self.comprehension,
            syntax.Lambda: lambda node: self.define(node.function),
        }

    @abstractmethod
    def read_variable(self, name: str, span: Span) -> Value:
        """Return the value of a local name."""

    @abstractmethod
    def read_capture(self, node: syntax.Global) -> Value:
        """Return what a captured number, tuple or array is at a launch."""

    @abstractmethod
    def used_call(self, node: syntax.Apply) -> Value:
        """Return the value of a call, which must have one."""

    @abstractmethod
    def comprehension(self, node: syntax.Comprehension, into: str | None = None) -> Value:
        """Return the list that a comprehension makes."""

    @abstractmethod
    def define(self, function: syntax.Function) -> FunctionValue:
        """Return a nested function."""

    # ------------------------------------------------------------ entry points

    def value(self, node: syntax.Expr) -> Value:
        return self.methods[type(node)](node)

    def value_into(self, node: syntax.Expr, into: str | None) -> Value:
        """Return the expression's value; a new list is made in the variable ``into``."""
        if isinstance(node, syntax.ListDisplay):
            return self.list_display(node, into)
        if isinstance(node, syntax.Comprehension) and node.is_list:
            return self.comprehension(node, into)
        if isinstance(node, syntax.Binary) and node.symbol == "*":
            return self.binary(node, into)
        return self.value(node)

    # ------------------------------------------------------------ names and literals

    def captured(self, node: syntax.Global) -> Value:
        if is_number(node.value) or isinstance(node.value, tuple) or is_array(node.value):
            return self.read_capture(node)
        if isinstance(node.value, Vector):
            return self.read_capture(node)
        return ObjectValue(".".join(node.path), node.value)

    def attribute(self, node: syntax.Attribute) -> Value:
        value = self.value(node.value)
        if isinstance(value, ErrorValue):
            return value
        if isinstance(value, ArrayValue):
            return self.array_attribute(node, value)
        if isinstance(value, VectorValue):
            return self.swizzle(node, value)
        hint = "arrays have shape, ndim and size, vectors their components x, y, z and w"
        if isinstance(value, ListValue):
            hint = "a list keeps its length; assign to its elements: xs[i] = value"
            if node.name in ("shape", "size"):
                hint = f"len({source_text(node.value.span) or '...'}) is its size"
        return self.error(node.span, f"{describe(value)} has no attribute `{node.name}`", hint)

    def array_attribute(self, node: syntax.Attribute, value: ArrayValue) -> Value:
        extents = self.extents(value, node.span)
        if node.name == "shape":
            return TupleValue(tuple(extents))
        if node.name == "ndim":
            return constant(value.rank, node.span)
        if node.name == "size":
            total: Value = extents[0]
            for extent in extents[1:]:
                total = self.call(BINARY["*"], [total, extent], node.span)
            return total
        hint = "a kernel can read its shape, ndim and size"
        return self.error(node.span, f"an array has no attribute `{node.name}` in a kernel", hint)

    def extents(self, value: ArrayValue, span: Span) -> list[nodes.Expr]:
        first = len(value.prefix)
        axes = range(first, value.array.type.rank)
        return [nodes.Extent(value.array.name, axis, INT, span) for axis in axes]

    # ------------------------------------------------------------ indexing

    def subscript(self, node: syntax.Subscript) -> Value:
        value = self.value(node.value)
        indices = self.indices(node.indices)
        if isinstance(value, ErrorValue) or any(isinstance(i, ErrorValue) for i, _ in indices):
            return ErrorValue()
        return self.subscripted(value, indices, node.span)

    def indices(self, given: Sequence[syntax.Expr]) -> list[tuple[Value, Span]]:
        """Return the indices of a subscript; those in tuples one by one."""
        found: list[tuple[Value, Span]] = []
        for part in given:
            index = self.value(part)
            inner = parts(index)
            for element in (index,) if inner is None else inner:
                if isinstance(element, nodes.Constant) and not is_written(part):
                    element = self.variable_of(element)
                found.append((element, part.span))
        return found

    def subscripted(self, value: Value, indices: list[tuple[Value, Span]], span: Span) -> Value:
        if isinstance(value, ArrayValue):
            return self.element(span, value, indices)
        if parts(value) is not None:
            return self.tuple_item(span, value, indices)
        if isinstance(value, ListValue):
            return self.list_item(span, value, indices)
        message = f"{describe(value)} cannot be indexed"
        return self.error(span, message, "arrays, lists, tuples and vectors have elements")

    def list_item(self, span: Span, value: ListValue, indices: list[tuple[Value, Span]]) -> Value:
        if len(indices) != 1:
            return self.error(span, "a list takes one index", "write m[i][j] for nested lists")
        index = self.list_index(value, *indices[0])
        return ErrorValue() if index is None else self.item(value, index, span)

    def tuple_item(self, span: Span, value: Value, indices: list[tuple[Value, Span]]) -> Value:
        elements = parts(value) or ()
        kind = "tuple" if isinstance(value, TupleValue) else "vector"
        (index, where), *more = indices or [(ErrorValue(), span)]
        number = None if more else self.as_number(index, where, f"the index of a {kind}")
        if number is None or number.type == FLOAT:
            message = f"a {kind} takes one int as its index"
            return self.error(where, message, "write the index as a literal")
        number = self.constant_of(cast(number, INT))
        if not isinstance(number, nodes.Constant):
            return self.dynamic_item(value, number, span)
        length = len(elements)
        if not -length <= number.value < length:
            message = f"index {number.value} is outside a {kind} of {length}"
            return self.error(where, message, f"use 0 to {length - 1}", KernelIndexError)
        return elements[int(number.value)]

    def dynamic_item(self, value: Value, index: nodes.Expr, span: Span) -> Value:
        """Return the element of a tuple or vector at an index known at run time."""
        if isinstance(value, VectorValue):
            return self.component(value, index, span)
        kind = self.joined(parts(value) or ())
        if kind is None or isinstance(kind, ErrorType):
            hint = "write the index as a literal, or use if/elif"
            message = "only a tuple of numbers of one type can be indexed by a variable"
            return self.error(span, message, hint)
        listed = self.table(parts(value) or (), span)
        if not isinstance(listed, ListValue):
            return listed
        checked = self.list_index(listed, index, span)
        return ErrorValue() if checked is None else self.item(listed, checked, span)

    def table(self, elements: Sequence[Value], span: Span) -> Value:
        """Return a tuple's elements as a list; launch values are listed once, at the start."""
        numbers = [number for element in elements for number in numbers_in(element)]
        if not all(isinstance(number, FIXED) for number in numbers):
            return self.list_of(elements, span)
        key = tuple((type(n), getattr(n, "name", None), getattr(n, "value", None)) for n in numbers)
        if key not in self.tables:
            outer, self.block = self.block, self.prelude
            self.tables[key] = self.list_of(elements, span)
            self.block = outer
        return self.tables[key]

    def element(
        self, where: Span, value: ArrayValue, indices: Sequence[tuple[Value, Span]]
    ) -> Value:
        if len(indices) > value.rank:
            message = (
                f"array `{value.array.name}` has {plural(value.array.type.rank, 'axis', 'axes')} "
                f"but {plural(len(value.prefix) + len(indices), 'index is', 'indices are')} given"
            )
            hint = "write one index for each axis: " + example_read(value)
            return self.error(where, message, hint)
        prefix = list(value.prefix)
        for index, span in indices:
            checked = self.array_index(index, span, value, len(prefix))
            if checked is None:
                return ErrorValue()
            prefix.append(checked)
        if len(prefix) < value.array.type.rank:
            return ArrayValue(value.array, tuple(prefix))
        if self.debug:
            prefix = self.check_indices(value.array, prefix, where)
        return nodes.Load(value.array.name, tuple(prefix), value.array.type.element, where)

    def check_indices(
        self, array: nodes.ArrayInput, indices: list[nodes.Expr], span: Span
    ) -> list[nodes.Expr]:
        """Emit the check that all indices are in range; return them computed once."""
        held = [self.once(index) for index in indices]
        checks: list[nodes.Expr] = []
        for axis, index in enumerate(held):
            extent = nodes.Extent(array.name, axis, INT, span)
            checks.append(self.scalar_call(COMPARE[">="], [index, constant(0, span)], span))
            checks.append(self.scalar_call(COMPARE["<"], [index, extent], span))
        words = ", ".join(f"{{{axis}}}" for axis in range(len(held)))
        message = f"index ({words}) is outside `{array.name}`"
        number = self.failure("index", message, span, array.name)
        inside = self.logical("and", checks, span)
        assert inside is not None
        self.emit(nodes.Check(inside, number, tuple(held), span))
        return held

    def variable_of(self, value: nodes.Constant) -> nodes.Expr:
        """Return a number that happens to be known as one that is not: an index from a call."""
        name = self.temporary(value.type)
        self.emit(nodes.Assign(name, value, value.span))
        return nodes.Name(name, value.type, value.span)

    def array_index(
        self, index: Value, span: Span, value: ArrayValue, axis: int
    ) -> nodes.Expr | None:
        number = self.as_number(index, span, "an array index")
        if number is None:
            return None
        if number.type == FLOAT:
            self.error(span, "an array index must be an int, not float", "convert it with int(...)")
            return None
        number = fold_operators(cast(number, INT))
        if isinstance(number, nodes.Constant) and number.value < 0:
            extent = nodes.Extent(value.array.name, axis, INT, span)
            row = BINARY["+"]
            return nodes.Call(row, row.overloads[0], (extent, number), INT, span)
        return number


def is_written(node: syntax.Expr) -> bool:
    """Whether an expression is written with literals and operators alone."""
    if isinstance(node, syntax.Unary):
        return is_written(node.operand)
    if isinstance(node, syntax.Binary):
        return is_written(node.left) and is_written(node.right)
    return isinstance(node, syntax.Literal)
