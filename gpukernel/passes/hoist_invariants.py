"""Loop-invariant code motion: what is the same in every iteration is computed before the loop.

In: any valid program.  Out: the same meaning.  Moved are reads, calls and arithmetic that depend on
nothing that the loop assigns and that every iteration evaluates; a loop that never runs evaluates
them once, which changes nothing, since they have no effects.  Sums of indices stay where they are:
they cost nothing, and say how an array is walked through.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import affine, key
from gpukernel.ir.variables import Locals, assigned, read_names, with_body
from gpukernel.ir.walk import children, expressions, statements, subexpressions, with_expressions
from gpukernel.lang.types import INT, ListType, Scalar

_LOOPS = (nodes.For, nodes.While)
_WORTHLESS = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent,
    nodes.Element, nodes.ListName,
)  # fmt: skip
_CHOICES = (nodes.Select, nodes.Logical)


def hoist_invariants(program: nodes.Program) -> nodes.Program:
    """Return the program with loop-invariant code before its loops."""
    simple: set[str] = set()
    functions = []
    for function in program.functions:  # callees come first
        if _is_simple(function, simple):
            simple.add(function.name)
        functions.append(_Hoister(function, simple).function())
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=tuple(functions))


def _is_simple(function: nodes.Function, simple: set[str]) -> bool:
    """Whether a function only computes: its calls may be moved."""
    if any(isinstance(variable.type, ListType) for variable in function.params):
        return False
    barred = (*_LOOPS, nodes.Check, nodes.InvokeInto)
    if any(isinstance(statement, barred) for statement in statements(function.body)):
        return False
    invokes = (node for node in expressions(function.body) if isinstance(node, nodes.Invoke))
    return all(node.function in simple for node in invokes)


class _Hoister:
    """Works through a function, outer loops first, so that code moves as far as it can."""

    def __init__(self, function: nodes.Function, simple: set[str]) -> None:
        self._function = function
        self._simple = simple
        self._locals = Locals(function)

    def function(self) -> nodes.Function:
        body = self._block(self._function.body)
        return with_body(self._function, body, self._locals.added)

    def _block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        made: list[nodes.Stmt] = []
        for statement in block:
            if isinstance(statement, _LOOPS):
                move = _Move(statement, self._simple, self._locals)
                statement = move.loop()
                made += move.before
            made.append(self._with_inner(statement))
        same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
        return block if same else tuple(made)

    def _with_inner(self, node: nodes.Stmt) -> nodes.Stmt:
        updates: dict[str, Any] = {}
        for name in ("then", "otherwise", "body"):
            old = getattr(node, name, None)
            if old is not None and (new := self._block(old)) is not old:
                updates[name] = new
        return replace(node, **updates) if updates else node


class _Move:
    """Moves code out of one loop; what is moved is in ``before``."""

    def __init__(self, node: nodes.For | nodes.While, simple: set[str], local: Locals) -> None:
        self._loop = node
        self._simple = simple
        self._locals = local
        self._changed = assigned((node,))
        self._known: dict[Hashable, nodes.Expr] = {}
        self.before: list[nodes.Stmt] = []

    def loop(self) -> nodes.For | nodes.While:
        node = self._loop
        if isinstance(node, nodes.While):
            node = with_expressions(node, self._visit)
        body = self._block(node.body)
        return node if body is node.body else replace(node, body=body)

    def _block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        made: list[nodes.Stmt] = []
        for statement in block:
            if not isinstance(statement, nodes.Return):  # that runs once
                statement = with_expressions(statement, self._visit)
            if isinstance(statement, _LOOPS):
                body = self._block(statement.body)
                statement = statement if body is statement.body else replace(statement, body=body)
            made.append(statement)
        return block if all(a is b for a, b in zip(made, block)) else tuple(made)

    def _visit(self, node: nodes.Expr) -> nodes.Expr:
        """Return an expression that every iteration evaluates, its invariant parts in variables."""
        if isinstance(node, _WORTHLESS) and not isinstance(node, nodes.Element):
            return node
        if self._is_movable(node):
            return self._moved(node)
        if isinstance(node, _CHOICES):  # the other sides may not be evaluated
            first = next(children(node))
            return with_expressions(node, lambda c: self._visit(c) if c is first else c)
        return with_expressions(node, self._visit)

    def _moved(self, node: nodes.Expr) -> nodes.Expr:
        identity = key(node)
        if identity not in self._known:
            assert isinstance(node.type, Scalar)
            name = self._locals.temporary(node.type)
            self.before.append(nodes.Assign(name, node, node.span))
            self._known[identity] = nodes.Name(name, node.type, node.span)
        return self._known[identity]

    def _is_movable(self, node: nodes.Expr) -> bool:
        if isinstance(node, _WORTHLESS) or not self._changed.isdisjoint(read_names(node)):
            return False
        if not all(map(self._only_computes, subexpressions(node))):
            return False
        return node.type != INT or not isinstance(node, nodes.Call) or _is_atom(node)

    def _only_computes(self, part: nodes.Expr) -> bool:
        if isinstance(part, nodes.Invoke):
            return part.function in self._simple
        return not isinstance(part, (nodes.Bind, nodes.ListName))


def _is_atom(node: nodes.Call) -> bool:
    """Whether an int is more than a sum of others."""
    terms = affine(node).terms
    return bool(terms) and terms[0][0] is node
