"""Types of operators: rows of the table applied to values, and comparisons.

Conversions become `Cast`s, and chained comparisons are unrolled with `Bind`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeGuard

from gpukernel.errors import KernelOverflowError, Span
from gpukernel.frontend.emitter import (
    fold_literals,
    hint_for,
)
from gpukernel.frontend.infer_choices import ChoiceInference
from gpukernel.frontend.values import (
    NUMBERS,
    ErrorValue,
    ListValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    parts,
    scalar_of,
)
from gpukernel.frontend.wording import expected_text, sign_hint, signature_text
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import (
    BOOL,
    FLOAT,
    INT,
    INT_MAX,
    UINT,
    UINT_MAX,
)


class OperatorInference(ChoiceInference):
    """The operators of a function's inference."""

    def literal(self, node: syntax.Literal) -> Value:
        if is_wide(node):
            hint = "ints are 32-bit; write np.uint32(...) of it, or a float such as 3e9"
            message = f"{node.value} does not fit a 32-bit int"
            return self.error(node.span, message, hint, KernelOverflowError)
        return constant(node.value, node.span)

    def uint_literal(self, node: syntax.Expr) -> Value:
        """Return an expression, or a literal that only a uint can hold as one."""
        if isinstance(node, syntax.Literal) and is_wide(node):
            return nodes.Constant(node.value, UINT, node.span)
        return self.value(node)

    # ------------------------------------------------------------ operators

    def call(self, row: Row, arguments: Sequence[Value], span: Span) -> Value:
        """Return a table row applied to values, converted as one of its overloads asks."""
        if any(isinstance(a, ErrorValue) for a in arguments):
            return ErrorValue()
        if row.variadic and len(arguments) > 2:
            first = self.call(row, arguments[:2], span)
            return self.call(row, [first, *arguments[2:]], span)
        if any(isinstance(a, VectorValue) for a in arguments):
            if row in COMPARE.values():
                return self.compare_vectors(row.symbol, arguments[0], arguments[1], span)
            return self.map_components(row, arguments, span)
        if row in COMPARE.values() and all(isinstance(a, TupleValue) for a in arguments):
            return self.compare_tuples(row.symbol, arguments[0], arguments[1], span)
        numbers = [a for a in arguments if isinstance(a, NUMBERS)]
        if len(numbers) != len(arguments):
            return self.no_overload(row, arguments, span)
        overload = row.overload([scalar_of(a) for a in numbers])
        if overload is None:
            numbers = self.literals_as_uint(numbers)
            overload = row.overload([scalar_of(a) for a in numbers])
        if overload is None:
            return self.no_overload(row, numbers, span)
        operands = tuple(cast(a, p) for a, p in zip(numbers, overload.params))
        if self.debug:
            operands = self.check_operands(overload, operands, span)
        return nodes.Call(row, overload, operands, overload.result, span)

    def literals_as_uint(self, numbers: list[nodes.Expr]) -> list[nodes.Expr]:
        """Return operands of which int literals have become uint where another one is uint."""
        if not any(n.type == UINT for n in numbers):
            return numbers
        folded = [fold_literals(n) for n in numbers]
        return [cast(f, UINT) if self.is_literal_int(f) else n for n, f in zip(numbers, folded)]

    def check_operands(
        self, overload: Overload, operands: tuple[nodes.Expr, ...], span: Span
    ) -> tuple[nodes.Expr, ...]:
        """Emit the checks of an int operator; return its operands computed once."""
        for symbols, kind, symbol, message in _OPERAND_CHECKS:
            if not any(overload in BINARY[s].overloads for s in symbols):
                continue
            divisor = operands[1]
            if divisor.type == FLOAT or (isinstance(divisor, nodes.Constant) and divisor.value > 0):
                continue
            if kind == "negative" and divisor.type == UINT:
                continue
            left, right = self.once(operands[0]), self.once(divisor)
            zero = cast(constant(0, span), scalar_of(right))
            holds = self.scalar_call(COMPARE[symbol], [right, zero], span)
            self.emit(nodes.Check(holds, self.failure(kind, message, span), (), span))
            return left, right
        return operands

    def no_overload(self, row: Row, arguments: Sequence[Value], span: Span) -> ErrorValue:
        counts = sorted({len(o.params) for o in row.overloads})
        hint = next((h for h in map(hint_for, arguments) if h), "")
        if len(arguments) not in counts:
            wanted = " or ".join(str(c) for c in counts) + (" or more" if row.variadic else "")
            noun = "argument" if wanted == "1" else "arguments"
            message = f"`{row.name}` takes {wanted} {noun}, got {len(arguments)}"
            return self.error(span, message, hint or f"write {signature_text(row)}")
        kinds = {a.type for a in arguments if isinstance(a, NUMBERS)}
        if {INT, UINT} <= kinds:
            negative = next((a for a in arguments if is_negative(a)), None)
            if negative is not None:
                hint = "subtract the number instead, or convert the uint with int(...)"
                return self.no_uint(negative, hint)
            hint = sign_hint(INT, UINT)
        if row is BINARY["+"] and all(isinstance(a, ListValue) for a in arguments):
            hint = "write the elements in one list, or copy them in a loop"
        if any(isinstance(a, VectorValue) for a in arguments):
            hint = "apply it to the components: they are floats, so write int(v.x)"
        got = " and ".join(describe(a) for a in arguments)
        expected = expected_text(row, len(arguments))
        shown = row.symbol or row.name
        if not hint and expected.endswith(("int", "ints", "bools")):
            hint = "convert floats with int(...)"
        return self.error(span, f"cannot apply `{shown}` to {got} (expected {expected})", hint)

    def no_uint(self, literal: nodes.Constant, hint: str) -> ErrorValue:
        message = f"{literal.value} does not fit a uint (0 to {UINT_MAX})"
        return self.error(literal.span, message, hint, KernelOverflowError)

    def unary(self, node: syntax.Unary) -> Value:
        if node.symbol == "not":
            condition = self.truth(node.operand)
            return (
                ErrorValue()
                if condition is None
                else self.call(UNARY["not"], [condition], node.span)
            )
        return self.call(UNARY[node.symbol], [self.value(node.operand)], node.span)

    def binary(self, node: syntax.Binary, into: str | None = None) -> Value:
        if node.symbol == "*":
            for listed, count in ((node.left, node.right), (node.right, node.left)):
                if isinstance(listed, syntax.ListDisplay):
                    return self.repeat(listed, count, node.span, into)
        left, right = self.uint_literal(node.left), self.uint_literal(node.right)
        if self.is_bare_wide(node.left, right) or self.is_bare_wide(node.right, left):
            return ErrorValue()
        return self.operator(node.symbol, left, right, node.span)

    def is_bare_wide(self, node: syntax.Expr, other: Value) -> bool:
        """Whether a literal that only a uint can hold meets something else; reports it."""
        if not isinstance(node, syntax.Literal) or not is_wide(node):
            return False
        if isinstance(other, NUMBERS) and other.type == UINT:
            return False
        if not isinstance(other, ErrorValue):
            self.literal(node)
        return True

    def repeat(
        self, listed: syntax.ListDisplay, count: syntax.Expr, span: Span, into: str | None
    ) -> Value:
        elements = [self.value(e) for e in listed.elements]
        number = self.number(count, "the length of a list")
        if number is None:
            return ErrorValue()
        number = self.constant_of(number)
        if not isinstance(number, nodes.Constant) or number.type == FLOAT:
            hint = "use a literal, or a captured int"
            return self.error(count.span, "the length of a list must be a constant int", hint)
        return self.repeated(elements, int(number.value), span, into)

    def compare_tuples(self, symbol: str, left: Value, right: Value, span: Span) -> Value:
        """Return whether two tuples are equal, element by element."""
        pairs = list(zip(parts(left) or (), parts(right) or ()))
        if symbol not in ("==", "!=") or type_shape(left) != type_shape(right) or not pairs:
            message = f"cannot apply `{symbol}` to {describe(left)} and {describe(right)}"
            hint = "== and != compare two tuples of one length; compare the elements"
            return self.error(span, message, hint)
        same = [self.call(COMPARE["=="], pair, span) for pair in pairs]
        result = self.logical("and", [s if isinstance(s, NUMBERS) else None for s in same], span)
        if result is None or symbol == "==":
            return result or ErrorValue()
        return self.call(UNARY["not"], [result], span)

    def operator(self, symbol: str, left: Value, right: Value, span: Span) -> Value:
        shifts_uint = symbol in ("<<", ">>") and isinstance(left, NUMBERS) and left.type == UINT
        if shifts_uint and isinstance(right, NUMBERS) and right.type in (INT, BOOL):
            right = cast(right, UINT)  # a count is no operand: a negative one gives 0 as well
        if symbol == "**":
            left = negative_power_base(left, right)
        return self.call(BINARY[symbol], [left, right], span)

    def comparison(self, node: syntax.Comparison) -> Value:
        return self.chained(node, 0, self.uint_literal(node.operands[0]))

    def chained(self, node: syntax.Comparison, position: int, left: Value) -> Value:
        """Return the comparisons from a position on; ``left`` is the first one's left operand.

        Those after the first are evaluated only if it holds: they read an operand that it computes.
        """
        operand, symbol = node.operands[position + 1], node.symbols[position]
        right = self.uint_literal(operand)
        if self.is_bare_wide(operand, left) or self.is_bare_wide(node.operands[position], right):
            return ErrorValue()
        is_last = position == len(node.symbols) - 1
        used, again = (right, right) if is_last else self.twice(right)
        result = self.call(COMPARE[symbol], [left, used], node.span)
        if is_last or not isinstance(result, NUMBERS):
            return result
        rest, before = self.aside(partial(self.chained, node, position + 1, again))
        if not isinstance(rest, NUMBERS):
            return ErrorValue()
        return self.both("and", result, rest, before, node.span)


# Operators whose int operands debug mode checks: symbols, kind of failure, what must hold, message.
_OPERAND_CHECKS = (
    (("//", "%"), "division", "!=", "integer division by zero"),
    (("**",), "negative", ">=", "negative exponent of an int power"),
    (("<<", ">>"), "negative", ">=", "negative shift count"),
)


def is_wide(node: syntax.Expr) -> bool:
    """Whether an expression is a literal that a uint can hold, and an int cannot."""
    value = node.value if isinstance(node, syntax.Literal) else 0
    return isinstance(value, int) and value > INT_MAX


def type_shape(value: Value) -> object:
    """Return how a value is nested: tuples of one shape can be compared."""
    inner = parts(value)
    return None if inner is None else tuple(map(type_shape, inner))


def negative_power_base(base: Value, exponent: Value) -> Value:
    """Return the base as float when an int exponent is a negative literal, as Python does."""
    if isinstance(base, NUMBERS) and isinstance(exponent, NUMBERS) and base.type != FLOAT:
        folded = fold_literals(exponent)
        if isinstance(folded, nodes.Constant) and folded.type == INT and folded.value < 0:
            return cast(base, FLOAT)
    return base


def is_negative(value: Value) -> TypeGuard[nodes.Constant]:
    """Whether a value is a negative int literal."""
    return isinstance(value, nodes.Constant) and value.type == INT and value.value < 0
