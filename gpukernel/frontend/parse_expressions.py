"""Expressions of Python's `ast` to those of the surface tree.

What the kernel language does not have is reported, and stands as zero in the tree.
"""

from __future__ import annotations

import ast
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from gpukernel.errors import (
    Diagnostic,
    KernelError,
    KernelOverflowError,
    KernelSyntaxError,
    Span,
)
from gpukernel.frontend.refused import REFUSED, REFUSED_LITERALS
from gpukernel.frontend.source import FunctionSource
from gpukernel.ir import syntax
from gpukernel.lang.types import FLOAT_MAX, INT_MIN, UINT_MAX

# Python's own spelling of each operator class; meaning lives in `lang.operators`.
SYMBOLS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not",
    ast.And: "and",
    ast.Or: "or",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}

_PLACEHOLDER = 0
# How deep expressions may be nested, so that every stage that follows them down finds room on
# Python's stack: in operators of one or two operands.  A call or list counts twice, since stages
# need more of the stack for it; a chain of ``and`` or comparisons as often as it has operands.
MAX_DEPTH = 200


class ExpressionParser:
    """The expressions of a function."""

    def __init__(self, source: FunctionSource) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.renames: list[dict[str, str]] = []  # of comprehensions, innermost last
        self.num_comprehensions = 0
        self.level = 0  # of the expression under way
        self.is_too_deep = False
        self.expressions: dict[type[ast.AST], Callable[[Any], syntax.Expr]] = {
            ast.Constant: self.constant,
            ast.Name: lambda node: syntax.Name(self.renamed(node.id), self.span(node)),
            ast.Attribute: self.attribute,
            ast.Subscript: self.subscript,
            ast.Call: self.call,
            ast.UnaryOp: self.unary,
            ast.BinOp: self.binary,
            ast.Compare: self.comparison,
            ast.BoolOp: self.boolean,
            ast.IfExp: self.conditional,
            ast.Tuple: self.tuple_,
            ast.List: self.list_,
            ast.ListComp: self.comprehension,
            ast.GeneratorExp: self.comprehension,
            ast.Lambda: self.lambda_,
        }

    def span(self, node: ast.AST) -> Span:
        return self.source.span(node)

    def error(
        self,
        node: ast.AST,
        message: str,
        hint: str = "",
        kind: type[KernelError] = KernelSyntaxError,
    ) -> syntax.Expr:
        """Report, and return an expression to go on with."""
        span = self.span(node)
        self.diagnostics.append(Diagnostic(kind, span, message, hint))
        return syntax.Literal(_PLACEHOLDER, span)

    def refuse(self, kind: ast.AST, node: ast.AST) -> syntax.Expr:
        subject, hint = REFUSED.get(type(kind), (f"`{type(kind).__name__}` is", ""))
        return self.error(node, f"{subject} not part of the kernel language", hint)

    @abstractmethod
    def function(self, node: ast.FunctionDef | ast.Lambda) -> syntax.Function:
        """Return the surface tree of a function."""

    @abstractmethod
    def loop_target(self, node: ast.expr) -> syntax.Target | None:
        """Return the variables of a loop."""

    # ------------------------------------------------------------ expressions

    def expression(self, node: ast.expr) -> syntax.Expr:
        method = self.expressions.get(type(node))
        if method is None:
            return self.refuse(node, node)
        weight = _weight(node)
        self.level += weight
        found = method(node) if self.level <= MAX_DEPTH else self.too_deep(node)
        self.level -= weight
        return found

    def too_deep(self, node: ast.expr) -> syntax.Expr:
        """Report an expression at the limit, once a function."""
        if self.is_too_deep:
            return syntax.Literal(_PLACEHOLDER, self.span(node))
        self.is_too_deep = True
        message = "this expression is nested too deeply"
        limit = f"(more than {MAX_DEPTH} operators inside one another)"
        return self.error(node, f"{message} {limit}", "split it over several statements")

    def constant(self, node: ast.Constant) -> syntax.Expr:
        return self.number(node.value, node)

    def number(self, value: object, node: ast.expr) -> syntax.Expr:
        if isinstance(value, int):
            if not INT_MIN <= value <= UINT_MAX:
                hint = "ints are 32-bit; write a float, such as 3e9, if that is enough"
                message = f"{value} does not fit a 32-bit int"
                return self.error(node, message, hint, KernelOverflowError)
            return syntax.Literal(value, self.span(node))
        if isinstance(value, float):
            if math.isinf(value) or abs(value) > FLOAT_MAX:
                hint = "floats are 32-bit, up to 3.4e38; use math.inf for infinity"
                message = f"{self.text(node)} does not fit a 32-bit float"
                return self.error(node, message, hint, KernelOverflowError)
            return syntax.Literal(value, self.span(node))
        kind, hint = REFUSED_LITERALS.get(type(value), (type(value).__name__, ""))
        return self.error(node, f"{kind} not part of the kernel language", hint)

    def text(self, node: ast.expr) -> str:
        """Return a literal as it is written."""
        span = self.span(node)
        end = span.end_column - 1 if span.end_line == span.line else None
        return self.source.parsed.file.lines[span.line - 1][span.column - 1 : end]

    def renamed(self, name: str) -> str:
        """Return a name as the comprehensions around it call it."""
        return next((r[name] for r in reversed(self.renames) if name in r), name)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> syntax.Expr:
        is_list = isinstance(node, ast.ListComp)
        if is_list and len(node.generators) > 1:
            hint = "nest the lists: [[... for j in range(3)] for i in range(3)]"
            return self.error(node, "a list comprehension has one `for` in a kernel", hint)
        return self.loops_of(node, node.generators, is_list)

    def loops_of(
        self, node: ast.ListComp | ast.GeneratorExp, loops: list[ast.comprehension], is_list: bool
    ) -> syntax.Expr:
        """Parse the loops of a comprehension; those after the first are a generator inside it."""
        first, *more = loops
        if first.is_async:
            return self.error(node, "`async for` is not part of the kernel language", "use `for`")
        iterable = self.expression(first.iter)
        self.num_comprehensions += 1
        names = [part.id for part in ast.walk(first.target) if isinstance(part, ast.Name)]
        self.renames.append({name: f"{name}@{self.num_comprehensions}" for name in names})
        target = self.loop_target(first.target)
        conditions = tuple(self.expression(test) for test in first.ifs)
        element = self.loops_of(node, more, False) if more else self.expression(node.elt)
        self.renames.pop()
        if target is None:
            return element
        span = self.span(node)
        return syntax.Comprehension(element, target, iterable, conditions, is_list, span)

    def lambda_(self, node: ast.Lambda) -> syntax.Expr:
        return syntax.Lambda(self.function(node), self.span(node))

    def attribute(self, node: ast.Attribute) -> syntax.Expr:
        return syntax.Attribute(self.expression(node.value), node.attr, self.span(node))

    def subscript(self, node: ast.Subscript) -> syntax.Expr:
        value = self.expression(node.value)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        indices = tuple(self.expression(part) for part in parts)
        return syntax.Subscript(value, indices, self.span(node))

    def call(self, node: ast.Call) -> syntax.Expr:
        function = self.expression(node.func)
        parse = self.float_text if _is_float(node.func) else self.expression
        arguments = tuple(parse(a) for a in node.args)
        keywords: list[tuple[str, syntax.Expr]] = []
        for keyword in node.keywords:
            if keyword.arg is None:
                hint = "write the values out one by one"
                self.error(keyword.value, "`**` unpacking is not part of the kernel language", hint)
            else:
                keywords.append((keyword.arg, self.expression(keyword.value)))
        return syntax.Apply(function, arguments, tuple(keywords), self.span(node))

    def float_text(self, node: ast.expr) -> syntax.Expr:
        """Parse the argument of ``float``, where the texts "inf" and "nan" are numbers."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            word = node.value.strip().lower()
            if word.lstrip("+-") in ("inf", "infinity", "nan"):
                return syntax.Literal(float(word), self.span(node))
        return self.expression(node)

    def unary(self, node: ast.UnaryOp) -> syntax.Expr:
        operand = node.operand
        if isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant):
            value = operand.value
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return self.number(-value, node)
        symbol = SYMBOLS[type(node.op)]
        return syntax.Unary(symbol, self.expression(operand), self.span(node))

    def binary(self, node: ast.BinOp) -> syntax.Expr:
        left, right = self.expression(node.left), self.expression(node.right)
        symbol = SYMBOLS.get(type(node.op))
        if symbol is None:
            return self.refuse(node.op, node)
        return syntax.Binary(symbol, left, right, self.span(node))

    def comparison(self, node: ast.Compare) -> syntax.Expr:
        operands = tuple(self.expression(e) for e in [node.left, *node.comparators])
        for operator in node.ops:
            if type(operator) not in SYMBOLS:
                return self.refuse(operator, node)
        symbols = tuple(SYMBOLS[type(operator)] for operator in node.ops)
        return syntax.Comparison(symbols, operands, self.span(node))

    def boolean(self, node: ast.BoolOp) -> syntax.Expr:
        operands = tuple(self.expression(e) for e in node.values)
        return syntax.Boolean(SYMBOLS[type(node.op)], operands, self.span(node))

    def conditional(self, node: ast.IfExp) -> syntax.Expr:
        condition = self.expression(node.test)
        then, otherwise = self.expression(node.body), self.expression(node.orelse)
        return syntax.Conditional(condition, then, otherwise, self.span(node))

    def list_(self, node: ast.List) -> syntax.Expr:
        return syntax.ListDisplay(tuple(self.expression(e) for e in node.elts), self.span(node))

    def tuple_(self, node: ast.Tuple) -> syntax.Expr:
        return syntax.Sequence(tuple(self.expression(e) for e in node.elts), self.span(node))


def _weight(node: ast.expr) -> int:
    """Return how many operators an expression counts as: see `MAX_DEPTH`."""
    if isinstance(node, ast.BoolOp):
        return len(node.values)
    if isinstance(node, ast.Compare):
        return len(node.ops)
    return 1 if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name)) else 2


def _is_float(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "float"
