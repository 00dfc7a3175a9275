"""What all of inference stands on: diagnostics, statements in the making, temporaries.

An expression may emit statements into the block under way before it gives its value; whoever
evaluates an expression that may not run at all does that in `Emitter.aside`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from gpukernel.errors import Diagnostic, KernelError, KernelTypeError, Span
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    scalar_of,
    storage,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, evaluate
from gpukernel.ir.walk import subexpressions
from gpukernel.lang.operators import BINARY, COMPARE
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, INT, ListType, Scalar, Type

ResultT = TypeVar("ResultT")

# Reads that cost nothing and stay the same until the function's next statement.
REUSABLE = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent
)  # fmt: skip
FIXED = (nodes.Constant, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent)


class Emitter(ABC):
    """One walk over a function."""

    debug: bool
    variables: dict[str, Type]  # what walks have found so far of the function's own names

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.block: list[nodes.Stmt] = []
        self.temporaries: dict[str, Scalar | ListType] = {}
        self.num_temporaries = 0
        self.naturals: set[str] = set()  # variables that are never negative: loop counters
        self.prelude: list[nodes.Stmt] = []  # what runs before the body
        self.tables: dict[object, Value] = {}  # tuples of launch values kept as lists

    @abstractmethod
    def value(self, node: syntax.Expr) -> Value:
        """Return what a surface expression stands for."""

    @abstractmethod
    def call(self, row: Row, arguments: Sequence[Value], span: Span) -> Value:
        """Return a table row applied to values."""

    @abstractmethod
    def constant_of(self, node: nodes.Expr) -> nodes.Expr:
        """Return the constant that a number is at this launch, compiling it in, or the number."""

    @abstractmethod
    def failure(self, kind: str, message: str, span: Span, array: str = "") -> int:
        """Return the number of a new `nodes.Failure` of the program."""

    def error(
        self, span: Span, message: str, hint: str = "", kind: type[KernelError] = KernelTypeError
    ) -> ErrorValue:
        self.diagnostics.append(Diagnostic(kind, span, message, hint))
        return ErrorValue()

    def emit(self, statement: nodes.Stmt) -> None:
        self.block.append(statement)

    def aside(self, action: Callable[[], ResultT]) -> tuple[ResultT, tuple[nodes.Stmt, ...]]:
        """Return what an action gives, and the statements that it emits."""
        outer, self.block = self.block, []
        result = action()
        inner, self.block = self.block, outer
        return result, tuple(inner)

    def temporary(self, kind: Type) -> str:
        """Return the name of a fresh variable of any type."""
        name = f"${self.num_temporaries}"
        self.num_temporaries += 1
        self.temporaries.update(storage(name, kind))
        return name

    def once(self, value: nodes.Expr) -> nodes.Expr:
        """Return a read of a number that is computed here, once, and does not change later."""
        is_temporary = isinstance(value, nodes.Name) and value.name.startswith("$")
        if isinstance(value, FIXED) or is_temporary:
            return value
        name = self.temporary(scalar_of(value))
        self.emit(nodes.Assign(name, value, value.span))
        return nodes.Name(name, scalar_of(value), value.span)

    # ------------------------------------------------------------ numbers

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

    def from_end(self, index: nodes.Expr, size: int, span: Span) -> nodes.Expr:
        """Return an index into something of ``size`` elements, negative ones from its end."""
        if self.is_natural(index):
            return index
        index = self.once(index)
        negative = self.scalar_call(COMPARE["<"], [index, nodes.Constant(0, INT, span)], span)
        counted = self.scalar_call(BINARY["+"], [index, nodes.Constant(size, INT, span)], span)
        return self.once(nodes.Select(negative, counted, index, INT, span))

    def is_natural(self, node: nodes.Expr) -> bool:
        """Whether an int is known not to be negative (or to be out of any range if it wraps)."""
        match node:
            case nodes.GridIndex() | nodes.GridExtent() | nodes.Extent():
                return True
            case nodes.Constant():
                return node.value >= 0
            case nodes.Name():
                return node.name in self.naturals
            case nodes.Cast():
                return node.value.type == BOOL
            case nodes.Call(row=row, arguments=(left, right)) if row is BINARY["%"]:
                return isinstance(right, nodes.Constant) and right.value > 0
            case nodes.Call(row=row, arguments=(left, right)) if row is BINARY["&"]:
                return self.is_natural(left) or self.is_natural(right)
            case nodes.Call(row=row, arguments=(left, right)) if row in _KEEP_NATURALS:
                return self.is_natural(left) and self.is_natural(right)
            case _:
                return False

    def scalar_call(self, row: Row, arguments: Sequence[nodes.Expr], span: Span) -> nodes.Expr:
        """Return a table row applied to numbers that it is known to take, folded if it can be."""
        result = self.call(row, arguments, span)
        assert isinstance(result, NUMBERS)
        return evaluate(result)


_KEEP_NATURALS = (BINARY["+"], BINARY["*"], BINARY["//"], BINARY[">>"])


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


def fold_operators(node: nodes.Expr) -> nodes.Expr:
    """Return the constant that operators on literals are; calls of functions stay as they are."""
    calls = (part for part in subexpressions(node) if isinstance(part, nodes.Call))
    return fold_literals(node) if all(call.row.symbol for call in calls) else node


def hint_for(value: Value) -> str:
    """Return what to do with a value that is not a number."""
    if isinstance(value, ArrayValue):
        return f"read one element: {example_read(value)}"
    if isinstance(value, ListValue):
        name = value.name if value.name.isidentifier() else "xs"
        return f"read one element: {name}[i]"
    if isinstance(value, VectorValue):
        return "take one component with .x or [0]"
    if isinstance(value, TupleValue):
        return "unpack the tuple, or take one element with [0]"
    if isinstance(value, FunctionValue):
        is_lambda = value.function.name == "lambda"
        return "call it" if is_lambda else f"call it: {value.function.name}(...)"
    if isinstance(value, ObjectValue):
        return f"call it: {value.name}(...)" if callable(value.value) else "use a number"
    return ""  # it is a number


def example_read(value: ArrayValue) -> str:
    names = ", ".join("ijkl"[: value.array.type.rank])
    return f"{value.array.name}[{names}]"


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {many}"
