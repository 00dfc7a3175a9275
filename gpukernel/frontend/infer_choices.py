"""``and``/``or`` and conditional expressions: what runs only if it is reached.

Number-valued ``and``/``or`` are unrolled with `Bind`.  What must not run unless it is reached, and
needs statements, becomes an `If`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gpukernel.errors import Span
from gpukernel.frontend.emitter import (
    REUSABLE,
    hint_for,
)
from gpukernel.frontend.infer_lists import ListInference
from gpukernel.frontend.values import (
    NUMBERS,
    ErrorValue,
    FunctionValue,
    ObjectValue,
    Value,
    contains_list,
    describe,
    held_by,
    holders,
    numbers_in,
    read_storage,
    scalar_of,
    storage,
    type_of,
)
from gpukernel.frontend.wording import sign_hint
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast
from gpukernel.lang.types import (
    BOOL,
    INT,
    UINT,
    ErrorType,
    Scalar,
    Type,
)


class ChoiceInference(ListInference):
    """The choices of a function's inference."""

    def both(
        self,
        symbol: str,
        left: nodes.Expr,
        right: nodes.Expr,
        before: tuple[nodes.Stmt, ...],
        span: Span,
    ) -> nodes.Expr:
        """Return ``left and right`` or ``left or right``; ``before`` runs only if right does."""
        if not before:
            return nodes.Logical(symbol, left, right, BOOL, span)
        name = self.temporary(BOOL)
        self.emit(nodes.Assign(name, left, span))
        flag = nodes.Name(name, BOOL, span)
        body = (*before, nodes.Assign(name, right, span))
        then, otherwise = (body, ()) if symbol == "and" else ((), body)
        self.emit(nodes.If(flag, then, otherwise, span))
        return nodes.Name(name, BOOL, span)

    def twice(self, value: Value) -> tuple[Value, Value]:
        """Return two reads of a value that is computed once."""
        if not isinstance(value, NUMBERS) or isinstance(value, REUSABLE):
            return value, value
        kind = scalar_of(value)
        name = self.temporary(kind)
        return nodes.Bind(name, value, kind, value.span), nodes.Name(name, kind, value.span)

    def truth(self, node: syntax.Expr) -> nodes.Expr | None:
        """Return the expression as a condition."""
        if isinstance(node, syntax.Boolean):
            return self.boolean_truth(node)
        number = self.number(node, "a condition")
        return None if number is None else cast(number, BOOL)

    def boolean_truth(self, node: syntax.Boolean) -> nodes.Expr | None:
        result = self.truth(node.operands[0])
        for operand in node.operands[1:]:
            right, before = self.aside(partial(self.truth, operand))
            if result is not None and right is not None:
                result = self.both(node.symbol, result, right, before, node.span)
            else:
                result = None
        return result

    def boolean(self, node: syntax.Boolean) -> Value:
        """Return Python's ``and`` or ``or``: a bool of bools, else one of the operands."""
        what = f"an operand of `{node.symbol}`"
        checked = [self.aside(partial(self.number, operand, what)) for operand in node.operands]
        found = [(number, before) for number, before in checked if number is not None]
        if len(found) != len(checked):
            return ErrorValue()
        kind = self.joined([number for number, _ in found])
        if not isinstance(kind, Scalar):
            got = " and ".join(describe(number) for number, _ in found)
            message = f"cannot apply `{node.symbol}` to {got}"
            return self.error(node.span, message, sign_hint(INT, UINT))
        if kind == BOOL:
            result = self.block_of(found[0])
            for right, before in found[1:]:
                result = self.both(node.symbol, result, right, before, node.span)
            return result
        return self.first_decided(node.symbol, found, kind, node.span)

    def block_of(self, part: tuple[nodes.Expr, tuple[nodes.Stmt, ...]]) -> nodes.Expr:
        """Emit what an expression needs before it, and return it."""
        self.block += part[1]
        return part[0]

    def first_decided(
        self,
        symbol: str,
        operands: Sequence[tuple[nodes.Expr, tuple[nodes.Stmt, ...]]],
        kind: Scalar,
        span: Span,
    ) -> nodes.Expr:
        """Return the first operand that decides a number-valued ``and`` or ``or``."""
        (left, before), *rest = operands
        self.block += before
        if not rest:
            return cast(left, kind)
        right, after = self.aside(lambda: self.first_decided(symbol, rest, kind, span))
        first, again = self.twice(left)
        assert isinstance(first, NUMBERS) and isinstance(again, NUMBERS)
        kept = cast(again, kind)
        then, otherwise = (
            ((right, after), (kept, ())) if symbol == "and" else ((kept, ()), (right, after))
        )
        return self.select(cast(first, BOOL), then, otherwise, span)

    def select(
        self,
        condition: nodes.Expr,
        then: tuple[nodes.Expr, tuple[nodes.Stmt, ...]],
        otherwise: tuple[nodes.Expr, tuple[nodes.Stmt, ...]],
        span: Span,
    ) -> nodes.Expr:
        """Return one of two numbers of a type; the statements before it run only if it is."""
        kind = scalar_of(then[0])
        if not then[1] and not otherwise[1]:
            return nodes.Select(condition, then[0], otherwise[0], kind, span)
        name = self.temporary(kind)
        first = (*then[1], nodes.Assign(name, then[0], span))
        second = (*otherwise[1], nodes.Assign(name, otherwise[0], span))
        self.emit(nodes.If(condition, first, second, span))
        return nodes.Name(name, kind, span)

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
        then, before_then = self.aside(lambda: self.value(node.then))
        otherwise, before_otherwise = self.aside(lambda: self.value(node.otherwise))
        broken = isinstance(then, ErrorValue) or isinstance(otherwise, ErrorValue)
        if condition is None or broken:
            return ErrorValue()
        kind = self.joined([then, otherwise])
        if (
            kind is None
            or isinstance(kind, ErrorType)
            or contains_list(kind)
            or not storage("", kind)
        ):
            message = (
                "a conditional expression must choose between two values of one kind, "
                f"not {describe(then)} and {describe(otherwise)}"
            )
            return self.error(node.span, message, _choice_hint(then, otherwise))
        if isinstance(kind, Scalar):
            assert isinstance(then, NUMBERS) and isinstance(otherwise, NUMBERS)
            sides = (cast(then, kind), before_then), (cast(otherwise, kind), before_otherwise)
            return self.select(condition, *sides, node.span)
        name = self.temporary(kind)
        first = (*before_then, *self.moves(name, kind, then, node.span))
        second = (*before_otherwise, *self.moves(name, kind, otherwise, node.span))
        self.emit(nodes.If(condition, first, second, node.span))
        return held_by(read_storage(name, kind, node.span), holders(then) | holders(otherwise))

    def moves(self, name: str, kind: Type, value: Value, span: Span) -> list[nodes.Stmt]:
        """Return the statements that put a value's numbers into a variable, all fresh."""
        leaves = storage(name, kind).items()
        return [
            nodes.Assign(leaf, cast(number, scalar), span)
            for (leaf, scalar), number in zip(leaves, numbers_in(value))
            if isinstance(scalar, Scalar)
        ]


def _choice_hint(then: Value, otherwise: Value) -> str:
    """Return what to write for a choice between two values that cannot be chosen."""
    signs = sign_hint(type_of(then), type_of(otherwise))
    things = (ObjectValue, FunctionValue)
    if isinstance(then, things) and isinstance(otherwise, things):
        return "call both in the expression: f(x) if condition else g(x)"
    return signs or hint_for(then) or hint_for(otherwise) or "use if/else statements"
