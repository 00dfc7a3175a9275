"""The base walkers over both trees: look at children, or rebuild with changed children.

A rewrite returns unchanged nodes as they are (identity), so a pass that does nothing costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from gpukernel.ir import nodes, syntax

_SYNTAX = syntax.Expr.__args__  # type: ignore[attr-defined]
_EXPR = nodes.Expr.__args__  # type: ignore[attr-defined]
_STMT = nodes.Stmt.__args__  # type: ignore[attr-defined]

NodeT = TypeVar("NodeT")


def syntax_children(node: syntax.Expr) -> Iterator[syntax.Expr]:
    """Yield the direct subexpressions of a surface expression, in source order."""
    yield from _children(node, _SYNTAX)


def children(node: nodes.Expr | nodes.Stmt) -> Iterator[nodes.Expr]:
    """Yield the direct subexpressions of a typed node, in evaluation order."""
    yield from _children(node, _EXPR)


def substatements(node: nodes.Stmt) -> Iterator[nodes.Stmt]:
    """Yield the statements directly inside a statement."""
    yield from _children(node, _STMT)


def expressions(block: tuple[nodes.Stmt, ...]) -> Iterator[nodes.Expr]:
    """Yield every expression in a block, at any depth, parents first."""
    for statement in statements(block):
        for child in children(statement):
            yield from subexpressions(child)


def statements(block: tuple[nodes.Stmt, ...]) -> Iterator[nodes.Stmt]:
    """Yield every statement of a block, at any depth, parents first."""
    pending = list(reversed(block))  # no recursion: programs may be deep
    while pending:
        statement = pending.pop()
        yield statement
        pending += reversed(list(substatements(statement)))


def subexpressions(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """Yield the expression and everything inside it, parents first."""
    pending = [node]
    while pending:
        inner = pending.pop()
        yield inner
        pending += reversed(list(children(inner)))


def rewrite(node: NodeT, change: Callable[[Any], Any]) -> NodeT:
    """Return the typed node with ``change`` applied to it and everything inside, children first."""
    updates: dict[str, Any] = {}
    for name in _inner_fields(type(node)):
        old = getattr(node, name)
        new = _rewrite_value(old, change)
        if new is not old:
            updates[name] = new
    rebuilt = replace(node, **updates) if updates else node  # type: ignore[type-var]
    changed: NodeT = change(rebuilt)
    return changed


def _rewrite_value(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, (*_EXPR, *_STMT, nodes.Function)):
        return rewrite(value, change)
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        new = tuple(_rewrite_value(v, change) for v in value)
        return value if all(a is b for a, b in zip(new, value)) else new
    return value


def _children(node: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    for name in _inner_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, kinds):
            yield value
        elif isinstance(value, tuple):
            for item in _flatten(value):
                if isinstance(item, kinds):
                    yield item


def _inner_fields(kind: type) -> tuple[str, ...]:
    """Return the names of a node's fields that may hold other nodes, in order."""
    names = _known_fields.get(kind)
    if names is None:
        leaves = ("name", "span", "type", "row", "overload")
        names = tuple(field.name for field in fields(kind) if field.name not in leaves)
        _known_fields[kind] = names
    return names


_known_fields: dict[type, tuple[str, ...]] = {}


def _flatten(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _flatten(item)
    else:
        yield value
