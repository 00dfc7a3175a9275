"""Python's `ast` in, the surface tree (`ir.syntax`) out.

Everything the kernel language does not have is refused here, all of it at once, with a caret.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

from gpukernel.errors import (
    Diagnostic,
    Span,
)
from gpukernel.frontend.parse_expressions import SYMBOLS, ExpressionParser
from gpukernel.frontend.source import FunctionSource
from gpukernel.ir import syntax


def parse_function(source: FunctionSource) -> tuple[syntax.Function, tuple[Diagnostic, ...]]:
    """Return the surface tree of a function, and what kernels do not have of it.

    Refused statements are left out of the tree and refused expressions are zero in it, so that
    names can be checked all the same.
    """
    parser = _Parser(source)
    function = parser.function(source.node)
    return function, tuple(parser.diagnostics)


MAX_BLOCKS = 100  # inside one another; Python itself indents no further


class _Parser(ExpressionParser):
    """The statements of a function."""

    def __init__(self, source: FunctionSource) -> None:
        super().__init__(source)
        self.depth = 0  # of nested functions
        self.num_blocks = 0  # around the statement under way
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
            ast.FunctionDef: self.define,
        }

    # ------------------------------------------------------------ functions

    def function(self, node: ast.FunctionDef | ast.Lambda) -> syntax.Function:
        self.depth += 1
        found = self.function_tree(node)
        self.depth -= 1
        return found

    def function_tree(self, node: ast.FunctionDef | ast.Lambda) -> syntax.Function:
        params = self.parameters(node.args)
        if isinstance(node, ast.Lambda):
            self.renames.append({p.name: p.name for p in params})
            value = self.expression(node.body)
            self.renames.pop()
            body: tuple[syntax.Stmt, ...] = (syntax.Return(value, self.span(node)),)
            return syntax.Function("lambda", params, body, self.span(node))
        return syntax.Function(node.name, params, self.block(node.body), self.name_span(node))

    def name_span(self, node: ast.FunctionDef) -> Span:
        """Return the span of the name after ``def``."""
        file = self.source.parsed.file
        whole = self.span(node)
        column = file.lines[node.lineno - 1].index(node.name, whole.column + 2) + 1
        return Span(file, node.lineno, column, node.lineno, column + len(node.name))

    def define(self, node: ast.FunctionDef) -> list[syntax.Stmt]:
        if node.decorator_list:
            hint = "remove the decorator: functions inside kernels are compiled as they are"
            self.error(node.decorator_list[0], "a nested function has no decorators", hint)
        return [syntax.Define(self.function(node), self.name_span(node))]

    def parameters(self, args: ast.arguments) -> tuple[syntax.Parameter, ...]:
        for starred in (args.vararg, args.kwarg):
            if starred is not None:
                hint = "name every parameter"
                self.error(starred, f"parameter `{starred.arg}` takes any number of values", hint)
        kind = inspect.Parameter
        named: list[tuple[ast.arg, inspect._ParameterKind]] = []
        named += [(a, kind.POSITIONAL_ONLY) for a in args.posonlyargs]
        named += [(a, kind.POSITIONAL_OR_KEYWORD) for a in args.args]
        missing = len(named) - len(args.defaults)
        defaults = [*[None] * missing, *args.defaults, *args.kw_defaults]
        named += [(a, kind.KEYWORD_ONLY) for a in args.kwonlyargs]
        return tuple(
            syntax.Parameter(a.arg, self.span(a), how, self.default(d))
            for (a, how), d in zip(named, defaults)
        )

    def default(self, node: ast.expr | None) -> syntax.Expr | None:
        """Parse a parameter's default, which only matters where it is part of a kernel."""
        return None if node is None or self.depth == 1 else self.expression(node)

    # ------------------------------------------------------------ statements

    def block(self, nodes: list[ast.stmt]) -> tuple[syntax.Stmt, ...]:
        statements: list[syntax.Stmt] = []
        self.num_blocks += 1
        if self.num_blocks > MAX_BLOCKS and nodes:
            message = f"this block is nested too deeply (more than {MAX_BLOCKS} inside one another)"
            hint = "an elif is inside the if before it: divide a long chain into several functions"
            self.error(nodes[0], message, hint)
            nodes = []
        for node in nodes:
            statements += self.statement(node)
        self.num_blocks -= 1
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
            return syntax.TargetName(self.renamed(node.id), self.span(node))
        if isinstance(node, (ast.Tuple, ast.List)):
            elements = [self.target(element) for element in node.elts]
            kept = tuple(e for e in elements if e is not None)
            return syntax.TargetTuple(kept, self.span(node))
        if isinstance(node, ast.Subscript):
            found = self.subscript(node)
            if isinstance(found, syntax.Subscript):
                return syntax.TargetElement(found.value, found.indices, found.span)
        elif isinstance(node, ast.Attribute):
            return syntax.TargetAttribute(self.expression(node.value), node.attr, self.span(node))
        else:
            self.refuse(node, node)
        return None

    def augmented(self, node: ast.AugAssign) -> list[syntax.Stmt]:
        target = self.target(node.target)
        value = self.expression(node.value)
        symbol = SYMBOLS.get(type(node.op))
        if symbol is None:
            self.refuse(node.op, node)
        if target is None or isinstance(target, syntax.TargetTuple) or symbol is None:
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
        target = self.loop_target(node.target)
        iterable = self.expression(node.iter)
        body, otherwise = self.block(node.body), self.block(node.orelse)
        if target is None:
            return []
        return [syntax.For(target, iterable, body, otherwise, self.span(node))]

    def loop_target(self, node: ast.expr) -> syntax.Target | None:
        for part in ast.walk(node):
            if isinstance(part, (ast.Subscript, ast.Attribute)):
                message = "a loop variable must be a name"
                self.error(part, message, "assign to the element inside the loop")
                return None
        return self.target(node)

    def while_(self, node: ast.While) -> list[syntax.Stmt]:
        condition = self.expression(node.test)
        body, otherwise = self.block(node.body), self.block(node.orelse)
        return [syntax.While(condition, body, otherwise, self.span(node))]

    def return_(self, node: ast.Return) -> list[syntax.Stmt]:
        if node.value is None:
            span = self.span(node)
            return [syntax.Return(syntax.Sequence((), span), span)]
        return [syntax.Return(self.expression(node.value), self.span(node))]

    def assert_(self, node: ast.Assert) -> list[syntax.Stmt]:
        message = node.msg.value if isinstance(node.msg, ast.Constant) else ""
        return [syntax.Assert(self.expression(node.test), str(message), self.span(node))]

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
        if isinstance(node.value, ast.Call):
            call = self.call(node.value)
            return (
                [syntax.Evaluate(call, self.span(node))] if isinstance(call, syntax.Apply) else []
            )
        hint = "assign it to a variable or return it"
        self.error(node.value, "the value of this expression is not used", hint)
        return []
