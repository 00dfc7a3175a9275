"""Types of expressions: surface expression in, `values.Value` out.

Conversions become `Cast`s, operators and builtins `Call`s of a table row, chains and number-valued
``and``/``or`` are unrolled with `Bind`.  Nothing here emits statements.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from gpukernel.errors import (
    Diagnostic,
    KernelError,
    KernelIndexError,
    KernelTypeError,
    Span,
)
from gpukernel.frontend.resolve import is_number
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    ObjectValue,
    TupleValue,
    Value,
    describe,
    type_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant, evaluate
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, ErrorType, Scalar, join

_REUSABLE = (nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.Extent)
_COUNTS = ("no", "one", "two", "three", "four")


class ExpressionInference(ABC):
    """The expression half of a function's inference."""

    diagnostics: list[Diagnostic]

    def __init__(self) -> None:
        self.diagnostics = []
        self.methods: dict[type, Callable[[Any], Value]] = {
            syntax.Literal: lambda node: constant(node.value, node.span),
            syntax.Local: self.local,
            syntax.Global: self.captured,
            syntax.Attribute: self.attribute,
            syntax.Subscript: self.subscript,
            syntax.Apply: self.apply,
            syntax.Unary: self.unary,
            syntax.Binary: self.binary,
            syntax.Comparison: self.comparison,
            syntax.Boolean: self.boolean,
            syntax.Conditional: self.conditional,
            syntax.Sequence: lambda node: TupleValue(tuple(map(self.value, node.elements))),
        }

    @abstractmethod
    def read_variable(self, name: str, span: Span) -> Value:
        """Return the value of a local name."""

    @abstractmethod
    def read_capture(self, node: syntax.Global) -> Value:
        """Return the launch scalar of a captured number."""

    @abstractmethod
    def temporary(self, kind: Scalar) -> str:
        """Return a fresh variable."""

    @abstractmethod
    def apply(self, node: syntax.Apply) -> Value:
        """Return the value of a call."""

    def error(
        self, span: Span, message: str, hint: str = "", kind: type[KernelError] = KernelTypeError
    ) -> ErrorValue:
        self.diagnostics.append(Diagnostic(kind, span, message, hint))
        return ErrorValue()

    # ------------------------------------------------------------ entry points

    def value(self, node: syntax.Expr) -> Value:
        return self.methods[type(node)](node)

    def number(self, node: syntax.Expr, what: str) -> nodes.Expr | None:
        """Return the expression's number, or None after reporting that it is not one."""
        return self.as_number(self.value(node), node.span, what)

    def as_number(self, value: Value, span: Span, what: str) -> nodes.Expr | None:
        if isinstance(value, NUMBERS):
            number: nodes.Expr = value
            return number
        if not isinstance(value, ErrorValue):
            message = f"{what} must be a number, not {describe(value)}"
            self.error(span, message, hint_for(value))
        return None

    def truth(self, node: syntax.Expr) -> nodes.Expr | None:
        """Return the expression as a condition."""
        if isinstance(node, syntax.Boolean):
            operands = [self.truth(operand) for operand in node.operands]
            return self.all_logical(node, operands)
        number = self.number(node, "a condition")
        return None if number is None else cast(number, BOOL)

    # ------------------------------------------------------------ names

    def local(self, node: syntax.Local) -> Value:
        return self.read_variable(node.name, node.span)

    def captured(self, node: syntax.Global) -> Value:
        return self.read_capture(node) if is_number(node.value) else self.object(node)

    def object(self, node: syntax.Global) -> Value:
        return ObjectValue(".".join(node.path), node.value)

    def attribute(self, node: syntax.Attribute) -> Value:
        value = self.value(node.value)
        if isinstance(value, ErrorValue):
            return value
        if isinstance(value, ArrayValue):
            return self.array_attribute(node, value)
        hint = "only arrays have attributes: shape, ndim and size"
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
        indices: list[tuple[Value, Span]] = []
        for part in node.indices:
            index = self.value(part)
            elements = index.elements if isinstance(index, TupleValue) else (index,)
            indices += [(element, part.span) for element in elements]
        if isinstance(value, ErrorValue) or any(isinstance(i, ErrorValue) for i, _ in indices):
            return ErrorValue()
        if isinstance(value, TupleValue):
            return self.tuple_item(node, value, indices)
        if isinstance(value, ArrayValue):
            return self.element(node, value, indices)
        message = f"{describe(value)} cannot be indexed"
        return self.error(node.span, message, "only arrays and tuples have elements")

    def tuple_item(
        self, node: syntax.Subscript, value: TupleValue, indices: list[tuple[Value, Span]]
    ) -> Value:
        if not indices:
            return self.error(node.span, "a tuple needs one constant int as its index")
        (index, span), *more = indices
        folded = fold_literals(index) if isinstance(index, NUMBERS) else index
        if more or not isinstance(folded, nodes.Constant) or folded.type == FLOAT:
            hint = "write the index as a literal, or use if/elif"
            return self.error(span, "a tuple needs one constant int as its index", hint)
        length = len(value.elements)
        if not -length <= folded.value < length:
            message = f"index {folded.value} is outside a tuple of {length}"
            return self.error(span, message, f"use 0 to {length - 1}", KernelIndexError)
        return value.elements[int(folded.value)]

    def element(
        self, node: syntax.Subscript, value: ArrayValue, indices: list[tuple[Value, Span]]
    ) -> Value:
        if len(indices) > value.rank:
            message = (
                f"array `{value.array.name}` has {plural(value.array.type.rank, 'axis', 'axes')} "
                f"but {plural(len(value.prefix) + len(indices), 'index is', 'indices are')} given"
            )
            hint = "write one index for each axis: " + example_read(value)
            return self.error(node.span, message, hint)
        prefix = list(value.prefix)
        for index, span in indices:
            checked = self.array_index(index, span, value, len(prefix))
            if checked is None:
                return ErrorValue()
            prefix.append(checked)
        result = ArrayValue(value.array, tuple(prefix))
        if result.rank:
            return result
        return nodes.Load(value.array.name, result.prefix, value.array.type.element, node.span)

    def array_index(
        self, index: Value, span: Span, value: ArrayValue, axis: int
    ) -> nodes.Expr | None:
        number = self.as_number(index, span, "an array index")
        if number is None:
            return None
        if number.type == FLOAT:
            self.error(span, "an array index must be an int, not float", "convert it with int(...)")
            return None
        number = fold_literals(cast(number, INT))
        if isinstance(number, nodes.Constant) and number.value < 0:
            extent = nodes.Extent(value.array.name, axis, INT, span)
            row = BINARY["+"]
            return nodes.Call(row, row.overloads[0], (extent, number), INT, span)
        return number

    # ------------------------------------------------------------ operators

    def call(self, row: Row, arguments: Sequence[Value], span: Span) -> Value:
        """Return a table row applied to values, converted as one of its overloads asks."""
        if any(isinstance(a, ErrorValue) for a in arguments):
            return ErrorValue()
        if row.variadic and len(arguments) > 2:
            first = self.call(row, arguments[:2], span)
            return self.call(row, [first, *arguments[2:]], span)
        overload = row.overload([type_of(a) for a in arguments])
        numbers = [a for a in arguments if isinstance(a, NUMBERS)]
        if overload is None or len(numbers) != len(arguments):
            return self.no_overload(row, arguments, span)
        operands = tuple(cast(a, p) for a, p in zip(numbers, overload.params))
        return nodes.Call(row, overload, operands, overload.result, span)

    def no_overload(self, row: Row, arguments: Sequence[Value], span: Span) -> ErrorValue:
        counts = sorted({len(o.params) for o in row.overloads})
        hint = next((h for h in map(hint_for, arguments) if h), "")
        if len(arguments) not in counts:
            wanted = " or ".join(str(c) for c in counts) + (" or more" if row.variadic else "")
            noun = "argument" if wanted == "1" else "arguments"
            message = f"`{row.name}` takes {wanted} {noun}, got {len(arguments)}"
            return self.error(span, message, hint or f"write {signature_text(row)}")
        got = " and ".join(describe(a) for a in arguments)
        expected = expected_text(row, len(arguments))
        shown = row.symbol or row.name
        if not hint and expected.endswith(("int", "ints", "bools")):
            hint = "convert floats with int(...)"
        return self.error(span, f"cannot apply `{shown}` to {got} (expected {expected})", hint)

    def unary(self, node: syntax.Unary) -> Value:
        if node.symbol == "not":
            condition = self.truth(node.operand)
            return (
                ErrorValue()
                if condition is None
                else self.call(UNARY["not"], [condition], node.span)
            )
        return self.call(UNARY[node.symbol], [self.value(node.operand)], node.span)

    def binary(self, node: syntax.Binary) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        return self.operator(node.symbol, left, right, node.span)

    def operator(self, symbol: str, left: Value, right: Value, span: Span) -> Value:
        if symbol == "**":
            left = negative_power_base(left, right)
        return self.call(BINARY[symbol], [left, right], span)

    def comparison(self, node: syntax.Comparison) -> Value:
        values = [self.value(operand) for operand in node.operands]
        if any(isinstance(v, ErrorValue) for v in values):
            return ErrorValue()
        parts: list[nodes.Expr | None] = []
        left = values[0]
        for position, symbol in enumerate(node.symbols):
            right = values[position + 1]
            last = position == len(node.symbols) - 1
            used, again = (right, right) if last else self.twice(right)
            part = self.call(COMPARE[symbol], [left, used], node.span)
            parts.append(part if isinstance(part, NUMBERS) else None)
            left = again
        return self.logical("and", parts, node.span) or ErrorValue()

    def twice(self, value: Value) -> tuple[Value, Value]:
        """Return two reads of a value that is computed once."""
        if not isinstance(value, NUMBERS) or isinstance(value, _REUSABLE):
            return value, value
        name = self.temporary(value.type)
        first = nodes.Bind(name, value, value.type, value.span)
        return first, nodes.Name(name, value.type, value.span)

    def boolean(self, node: syntax.Boolean) -> Value:
        values = [self.value(operand) for operand in node.operands]
        spans = [operand.span for operand in node.operands]
        checked = [
            self.as_number(v, s, f"an operand of `{node.symbol}`") for v, s in zip(values, spans)
        ]
        numbers = [v for v in checked if v is not None]
        if len(numbers) != len(checked):
            return ErrorValue()
        if all(number.type == BOOL for number in numbers):
            return self.all_logical(node, list(numbers)) or ErrorValue()
        result = numbers[-1]
        for number in reversed(numbers[:-1]):
            result = self.choose(node.symbol, number, result, node.span)
        return result

    def choose(self, symbol: str, left: nodes.Expr, right: nodes.Expr, span: Span) -> nodes.Expr:
        """Return Python's number-valued ``left and right`` or ``left or right``."""
        kind = join(left.type, right.type)
        assert isinstance(kind, Scalar)
        first, again = self.twice(left)
        assert isinstance(first, NUMBERS) and isinstance(again, NUMBERS)
        kept, other = cast(again, kind), cast(right, kind)
        then, otherwise = (other, kept) if symbol == "and" else (kept, other)
        return nodes.Select(cast(first, BOOL), then, otherwise, kind, span)

    def all_logical(
        self, node: syntax.Boolean, operands: list[nodes.Expr | None]
    ) -> nodes.Expr | None:
        return self.logical(node.symbol, operands, node.span)

    def logical(
        self, symbol: str, operands: Sequence[nodes.Expr | None], span: Span
    ) -> nodes.Expr | None:
        found = [operand for operand in operands if operand is not None]
        if len(found) != len(operands):
            return None
        result = found[0]
        for operand in found[1:]:
            result = nodes.Logical(symbol, result, operand, BOOL, span)
        return result

    def conditional(self, node: syntax.Conditional) -> Value:
        condition = self.truth(node.condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        broken = isinstance(then, ErrorValue) or isinstance(otherwise, ErrorValue)
        if condition is None or broken:
            return ErrorValue()
        kind = join(type_of(then), type_of(otherwise))
        if not isinstance(kind, Scalar):
            message = (
                "a conditional expression must choose between two numbers, "
                f"not {describe(then)} and {describe(otherwise)}"
            )
            hint = hint_for(then) or hint_for(otherwise) or "use if/else statements"
            return (
                ErrorValue()
                if isinstance(kind, ErrorType) and not hint
                else self.error(node.span, message, hint)
            )
        assert isinstance(then, NUMBERS) and isinstance(otherwise, NUMBERS)
        return nodes.Select(condition, cast(then, kind), cast(otherwise, kind), kind, node.span)


def negative_power_base(base: Value, exponent: Value) -> Value:
    """Return the base as float when an int exponent is a negative literal, as Python does."""
    if isinstance(base, NUMBERS) and isinstance(exponent, NUMBERS) and base.type != FLOAT:
        folded = fold_literals(exponent)
        if isinstance(folded, nodes.Constant) and folded.type == INT and folded.value < 0:
            return cast(base, FLOAT)
    return base


def fold_literals(node: nodes.Expr) -> nodes.Expr:
    """Return the constant that an expression of literals is, or the expression itself."""
    if isinstance(node, nodes.Cast):
        inner = fold_literals(node.value)
        return cast(inner, node.type) if isinstance(inner, nodes.Constant) else node
    if isinstance(node, nodes.Call):
        arguments = tuple(fold_literals(a) for a in node.arguments)
        if all(isinstance(a, nodes.Constant) for a in arguments):
            return evaluate(nodes.Call(node.row, node.overload, arguments, node.type, node.span))
    return node


def hint_for(value: Value) -> str:
    """Return what to do with a value that is not a number."""
    if isinstance(value, ArrayValue):
        return f"read one element: {example_read(value)}"
    if isinstance(value, TupleValue):
        return "unpack the tuple, or take one element with [0]"
    if isinstance(value, ObjectValue):
        return f"call it: {value.name}(...)" if callable(value.value) else "use a number"
    return ""


def example_read(value: ArrayValue) -> str:
    names = ", ".join("ijkl"[: value.array.type.rank])
    return f"{value.array.name}[{names}]"


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {many}"


def signature_text(row: Row) -> str:
    dots = ", ..." if row.variadic else ""
    return f"{row.name}({', '.join(row.parameters)}{dots})"


def expected_text(row: Row, count: int) -> str:
    """Return the words for what the overloads of a row take."""
    kinds = {p for o in row.overloads if len(o.params) == count for p in o.params}
    if FLOAT in kinds:
        word = "number"
    else:
        word = "int" if INT in kinds else "bool"
    return f"{_COUNTS[count]} {word}" if count == 1 else f"{_COUNTS[count]} {word}s"
