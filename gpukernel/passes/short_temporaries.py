"""Temporaries that are read once, soon after, put in the place of that read.

In: any statements of a function.  Out: the same meaning with fewer variables, for text that people
read; a temporary is a variable that no source names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned, is_pure, read_names
from gpukernel.ir.walk import (
    children,
    expressions,
    rewrite,
    statements,
    subexpressions,
    with_expressions,
)
from gpukernel.lang.types import Scalar

_TAKES = (nodes.Assign, nodes.SetElement, nodes.Fill, nodes.Return, nodes.If, nodes.InvokeInto)
_FIXED = (nodes.Name, nodes.Constant, nodes.Uniform)
_PASSED = (nodes.Assign, nodes.SetElement, nodes.Fill)
_LONG = 40  # nodes of an expression that had better be a line of its own
_DEEP = 3  # choices in one another
_FAR = 8  # statements between a temporary and its read


def forward_temporaries(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    """Return a function's body with short-lived temporaries written out."""
    body = _forwarded(_without_copies(body))
    for _ in range(_DEEP):
        body = _forwarded(tuple(rewrite(statement, _as_choice) for statement in body))
    return body


def _forwarded(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    reads = Counter(n.name for n in expressions(body) if isinstance(n, nodes.Name))
    writes = _writes(body)
    once = {n for n in reads if n.startswith("$") and reads[n] == writes[n] == 1}
    return _block(body, once)


def _as_choice(node: Any) -> Any:
    """Return a conditional expression in place of a branch that only sets one temporary."""
    match node:
        case nodes.If(then=(nodes.Assign() as one,), otherwise=(nodes.Assign() as other,)):
            short = not (is_long(one.value) or is_long(other.value))
            if one.name == other.name and one.name.startswith("$") and short:
                kind = one.value.type
                assert isinstance(kind, Scalar)
                value = nodes.Select(node.condition, one.value, other.value, kind, node.span)
                return nodes.Assign(one.name, value, node.span)
    return node


def _without_copies(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    """Return a body whose temporaries are no mere copies of what never changes."""
    writes = _writes(body)
    copies: dict[str, nodes.Expr] = {}
    for statement in statements(body):
        if isinstance(statement, nodes.Assign) and isinstance(statement.value, _FIXED):
            is_short = statement.name.startswith("$") and writes[statement.name] == 1
            changes = isinstance(statement.value, nodes.Name) and writes[statement.value.name]
            if is_short and not changes:
                copies[statement.name] = statement.value
    if not copies:
        return body

    def change(node: Any) -> Any:
        return copies.get(node.name, node) if isinstance(node, nodes.Name) else node

    return tuple(rewrite(statement, change) for statement in body)


def _writes(body: tuple[nodes.Stmt, ...]) -> Counter[str]:
    """Return how many statements assign each variable."""
    found = Counter(s.name for s in statements(body) if isinstance(s, (nodes.Assign, nodes.For)))
    for statement in statements(body):
        if isinstance(statement, nodes.InvokeInto):
            found.update(statement.targets)
    return found


def is_long(node: nodes.Expr) -> bool:
    """Whether an expression had better be kept in a variable, to be read and parsed at all."""
    return any(count >= _LONG for count, _ in enumerate(subexpressions(node)))


def _block(block: tuple[nodes.Stmt, ...], once: set[str]) -> tuple[nodes.Stmt, ...]:
    made: list[nodes.Stmt] = []  # what follows, the last statement first
    for statement in reversed(block):
        statement = _inside(statement, once)
        is_short = isinstance(statement, nodes.Assign) and statement.name in once
        if isinstance(statement, nodes.Assign) and is_short and _taken(statement, made):
            continue
        made.append(statement)
    return tuple(reversed(made))


def _inside(node: nodes.Stmt, once: set[str]) -> nodes.Stmt:
    updates: dict[str, Any] = {}
    for name in ("then", "otherwise", "body"):
        old = getattr(node, name, None)
        if old is not None:
            updates[name] = _block(old, once)
    return replace(node, **updates) if updates else node


def _taken(node: nodes.Assign, following: list[nodes.Stmt]) -> bool:
    """Put a value where its variable is read; whether that could be done."""
    if is_long(node.value) or not is_pure(node.value):
        return False
    needed = set(read_names(node.value))
    for place in range(len(following) - 1, max(-1, len(following) - 1 - _FAR), -1):
        statement = following[place]
        if any(node.name in read_names(child) for child in children(statement)):
            if not isinstance(statement, _TAKES):
                return False
            following[place] = _with_value(statement, node.name, node.value)
            return True
        if not isinstance(statement, _PASSED) or not needed.isdisjoint(assigned((statement,))):
            return False
    return False


def _with_value(node: nodes.Stmt, name: str, value: nodes.Expr) -> nodes.Stmt:
    """Return a statement with a value in place of a variable."""

    def change(part: Any) -> Any:
        return value if isinstance(part, nodes.Name) and part.name == name else part

    return with_expressions(node, lambda child: rewrite(child, change))
