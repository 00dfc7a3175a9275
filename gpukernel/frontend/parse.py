"""Python's `ast` in, the surface tree (`ir.syntax`) out.

Everything the kernel language does not have is refused here, all of it at once, with a caret.
"""

from __future__ import annotations

import ast
import math
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
from gpukernel.lang.types import FLOAT_MAX, INT_MAX, INT_MIN

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


def parse_function(source: FunctionSource) -> tuple[syntax.Function, tuple[Diagnostic, ...]]:
    """Return the surface tree of a function, and what kernels do not have of it.

    Refused statements are left out of the tree and refused expressions are zero in it, so that
    names can be checked all the same.
    """
    parser = _Parser(source)
    function = parser.function(source.node)
    return function, tuple(parser.diagnostics)


class _Parser:
    def __init__(self, source: FunctionSource) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.statements: dict[type[ast.AST], Callable[[Any], list[syntax.Stmt]]] = {
            ast.Assign: self.assign,
            ast.AugAssign: self.augmented,
            ast.AnnAssign: self.annotated,
            ast.If: self.if_,
            ast.For: self.for_,
            ast.While: self.while_,
            ast.Break: lambda node: [syntax.Break(self.span(node))],
            ast.Continue: lambda node: [syntax.Continue(self.span(node))],
            ast.Return: self.return_,
            ast.Assert: self.assert_,
            ast.Pass: lambda node: [],
            ast.Expr: self.bare_expression,
        }
        self.expressions: dict[type[ast.AST], Callable[[Any], syntax.Expr]] = {
            ast.Constant: self.constant,
            ast.Name: lambda node: syntax.Name(node.id, self.span(node)),
            ast.Attribute: self.attribute,
            ast.Subscript: self.subscript,
            ast.Call: self.call,
            ast.UnaryOp: self.unary,
            ast.BinOp: self.binary,
            ast.Compare: self.comparison,
            ast.BoolOp: self.boolean,
            ast.IfExp: self.conditional,
            ast.Tuple: self.tuple_,
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

    # ------------------------------------------------------------ functions

    def function(self, node: ast.FunctionDef | ast.Lambda) -> syntax.Function:
        params = self.parameters(node.args)
        if isinstance(node, ast.Lambda):
            value = self.expression(node.body)
            body: tuple[syntax.Stmt, ...] = (syntax.Return(value, self.span(node.body)),)
            return syntax.Function("lambda", params, body, self.span(node))
        return syntax.Function(node.name, params, self.block(node.body), self.name_span(node))

    def name_span(self, node: ast.FunctionDef) -> Span:
        """Return the span of the name after ``def``."""
        file = self.source.parsed.file
        whole = self.span(node)
        column = file.lines[node.lineno - 1].index(node.name, whole.column + 2) + 1
        return Span(file, node.lineno, column, node.lineno, column + len(node.name))

    def parameters(self, args: ast.arguments) -> tuple[syntax.Parameter, ...]:
        for starred in (args.vararg, args.kwarg):
            if starred is not None:
                hint = "name every parameter"
                self.error(starred, f"parameter `{starred.arg}` takes any number of values", hint)
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        return tuple(syntax.Parameter(a.arg, self.span(a)) for a in named)

    # ------------------------------------------------------------ statements

    def block(self, nodes: list[ast.stmt]) -> tuple[syntax.Stmt, ...]:
        statements: list[syntax.Stmt] = []
        for node in nodes:
            statements += self.statement(node)
        return tuple(statements)

    def statement(self, node: ast.stmt) -> list[syntax.Stmt]:
        method = self.statements.get(type(node))
        if method is None:
            self.refuse(node, node)
            return []
        return method(node)

    def assign(self, node: ast.Assign) -> list[syntax.Stmt]:
        targets = [self.target(t) for t in node.targets]
        value = self.expression(node.value)
        found = tuple(t for t in targets if t is not None)
        return [syntax.Assign(found, value, self.span(node))]

    def target(self, node: ast.expr) -> syntax.Target | None:
        if isinstance(node, ast.Name):
            return syntax.TargetName(node.id, self.span(node))
        if isinstance(node, (ast.Tuple, ast.List)):
            elements = [self.target(element) for element in node.elts]
            found = tuple(e for e in elements if e is not None)
            return syntax.TargetTuple(found, self.span(node))
        if isinstance(node, ast.Subscript):
            hint = "a kernel returns the value of its own output cell: use return"
            self.error(node, "cannot write to an array element", hint)
        elif isinstance(node, ast.Attribute):
            self.error(node, f"cannot assign to attribute `{node.attr}`", "assign to a variable")
        else:
            self.refuse(node, node)
        return None

    def augmented(self, node: ast.AugAssign) -> list[syntax.Stmt]:
        target = self.target(node.target)
        value = self.expression(node.value)
        symbol = SYMBOLS.get(type(node.op))
        if symbol is None:
            self.refuse(node.op, node)
        if not isinstance(target, syntax.TargetName) or symbol is None:
            return []
        return [syntax.Augmented(target, symbol, value, self.span(node))]

    def annotated(self, node: ast.AnnAssign) -> list[syntax.Stmt]:
        target = self.target(node.target)
        if node.value is None:
            hint = f"write `{ast.unparse(node)} = ...`"
            self.error(node, "a variable needs a value", hint)
            return []
        value = self.expression(node.value)
        return [] if target is None else [syntax.Assign((target,), value, self.span(node))]

    def if_(self, node: ast.If) -> list[syntax.Stmt]:
        condition = self.expression(node.test)
        then, otherwise = self.block(node.body), self.block(node.orelse)
        return [syntax.If(condition, then, otherwise, self.span(node))]

    def for_(self, node: ast.For) -> list[syntax.Stmt]:
        self.no_else(node)
        target = self.target(node.target)
        iterable = self.expression(node.iter)
        body = self.block(node.body)
        if isinstance(target, syntax.TargetTuple):
            self.error(node.target, "a loop over range() has one variable", "write `for i in ...`")
        if not isinstance(target, syntax.TargetName):
            return []
        return [syntax.For(target, iterable, body, self.span(node))]

    def while_(self, node: ast.While) -> list[syntax.Stmt]:
        self.no_else(node)
        return [syntax.While(self.expression(node.test), self.block(node.body), self.span(node))]

    def no_else(self, node: ast.For | ast.While) -> None:
        if node.orelse:
            hint = "set a variable before `break` and test it after the loop"
            message = "`else` on a loop is not part of the kernel language"
            span = self.else_span(node.orelse[0])
            self.diagnostics.append(Diagnostic(KernelSyntaxError, span, message, hint))
            self.block(node.orelse)

    def else_span(self, first: ast.stmt) -> Span:
        """Return the span of the ``else`` above the first statement after it."""
        file = self.source.parsed.file
        for line in range(first.lineno, 0, -1):
            text = file.lines[line - 1]
            if text.lstrip().startswith("else"):
                column = len(text) - len(text.lstrip()) + 1
                return Span(file, line, column, line, column + len("else"))
        return self.span(first)

    def return_(self, node: ast.Return) -> list[syntax.Stmt]:
        if node.value is None:
            self.error(node, "return needs a value", "return the value of this output cell")
            return []
        return [syntax.Return(self.expression(node.value), self.span(node))]

    def assert_(self, node: ast.Assert) -> list[syntax.Stmt]:
        return [syntax.Assert(self.expression(node.test), self.span(node))]

    def bare_expression(self, node: ast.Expr) -> list[syntax.Stmt]:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, (str, type(...))):
            return []  # a docstring, or `...`
        if isinstance(node.value, (ast.Await, ast.Yield, ast.YieldFrom)):
            self.refuse(node.value, node.value)
            return []
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Name) and called.id == "print":
            hint = "run the kernel in Python with `.at(index, ...)`, where print works"
            self.error(node.value, "print is not part of the kernel language", hint)
            return []
        hint = "assign it to a variable or return it"
        self.error(node.value, "the value of this expression is not used", hint)
        return []

    # ------------------------------------------------------------ expressions

    def expression(self, node: ast.expr) -> syntax.Expr:
        method = self.expressions.get(type(node))
        return self.refuse(node, node) if method is None else method(node)

    def constant(self, node: ast.Constant) -> syntax.Expr:
        return self.number(node.value, node)

    def number(self, value: object, node: ast.expr) -> syntax.Expr:
        if isinstance(value, int):
            if not INT_MIN <= value <= INT_MAX:
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
        negative = isinstance(node.op, ast.USub) and isinstance(operand, ast.Constant)
        if negative and type(operand.value) in (int, float):  # type: ignore[attr-defined]
            return self.number(-operand.value, node)  # type: ignore[attr-defined]
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

    def tuple_(self, node: ast.Tuple) -> syntax.Expr:
        return syntax.Sequence(tuple(self.expression(e) for e in node.elts), self.span(node))


def _is_float(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "float"


def literal_negatives(source: FunctionSource) -> set[tuple[str, int, int, int]]:
    """Return the places of every negative index written as a constant, each in two forms.

    They are (file, end line, end byte column, axis), where the end is that of the subscript, and
    (file, line, axis, value) for an interpreter that keeps no columns. An axis is never negative
    and the value always is, so the forms cannot be mistaken for each other.
    """
    found: set[tuple[str, int, int, int]] = set()
    name = source.parsed.file.name
    for node in ast.walk(source.node):
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            for axis, part in enumerate(parts):
                value = _literal_int(part)
                if value is not None and value < 0:
                    found.add((name, node.end_lineno or 0, node.end_col_offset or 0, axis))
                    found.add((name, node.lineno, axis, value))
    return found


def _literal_int(node: ast.expr) -> int | None:
    """Return the int that an expression of int literals is, or None."""
    literals = (ast.Expression, ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    if not all(isinstance(part, literals) for part in ast.walk(node)):
        return None
    try:
        value = eval(compile(ast.Expression(node), "<index>", "eval"), {"__builtins__": {}})
    except Exception:
        return None
    return value if isinstance(value, int) else None
