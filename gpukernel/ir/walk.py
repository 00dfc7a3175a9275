"""The base walkers over both trees: look at children, or rebuild with changed children.

A rewrite returns unchanged nodes as they are (identity), so a pass that does nothing costs nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

from gpukernel.ir import nodes, syntax

_SYNTAX = syntax.Expr.__args__  # type: ignore[attr-defined]
_TYPED = (*nodes.Expr.__args__, *nodes.Stmt.__args__)  # type: ignore[attr-defined]
_Fields = tuple[tuple[str, bool], ...]


def _fields_of(word: str) -> dict[type, _Fields]:
    """Return each typed node's fields that hold one ``word``, or (True) a tuple of them."""
    kinds = {word: False, f"tuple[{word}, ...]": True}
    return {
        node: tuple((f.name, kinds[str(f.type)]) for f in fields(node) if f.type in kinds)
        for node in _TYPED
    }


_EXPRESSIONS, _STATEMENTS = _fields_of("Expr"), _fields_of("Stmt")
_HELD = {node: (*_EXPRESSIONS[node], *_STATEMENTS[node]) for node in _TYPED}

NodeT = TypeVar("NodeT")


def syntax_children(node: syntax.Expr) -> Iterator[syntax.Expr]:
    """Yield the direct subexpressions of a surface expression, in source order."""
    for name in _surface_fields(type(node)):
        for item in _flatten(getattr(node, name)):
            if isinstance(item, _SYNTAX):
                yield item


def children(node: nodes.Expr | nodes.Stmt) -> Iterator[nodes.Expr]:
    """Return the direct subexpressions of a typed node, in evaluation order."""
    return iter(_held(node, _EXPRESSIONS[type(node)]))


def substatements(node: nodes.Stmt) -> Iterator[nodes.Stmt]:
    """Return the statements directly inside a statement."""
    return iter(_held(node, _STATEMENTS[type(node)]))


def _held(node: Any, held: _Fields) -> list[Any]:
    found: list[Any] = []
    for name, is_tuple in held:
        if is_tuple:
            found += getattr(node, name)
        else:
            found.append(getattr(node, name))
    return found


def expressions(block: tuple[nodes.Stmt, ...]) -> Iterator[nodes.Expr]:
    """Yield every expression in a block, at any depth, parents first."""
    for statement in statements(block):
        for child in _held(statement, _EXPRESSIONS[type(statement)]):
            yield from subexpressions(child)


def statements(block: tuple[nodes.Stmt, ...]) -> Iterator[nodes.Stmt]:
    """Yield every statement of a block, at any depth, parents first."""
    pending = list(reversed(block))  # no recursion: programs may be deep
    while pending:
        statement = pending.pop()
        yield statement
        held = _STATEMENTS[type(statement)]
        if held:
            pending += reversed(_held(statement, held))


def subexpressions(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """Yield the expression and everything inside it, parents first."""
    pending = [node]
    while pending:
        inner = pending.pop()
        yield inner
        held = _EXPRESSIONS[type(inner)]
        if held:
            pending += reversed(_held(inner, held))


def rewrite(node: NodeT, change: Callable[[Any], Any]) -> NodeT:
    """Return the typed node with ``change`` applied to it and everything inside, children first."""
    updates: dict[str, Any] = {}
    for name, is_tuple in _HELD[type(node)]:
        old = new = getattr(node, name)
        if not is_tuple:
            new = rewrite(old, change)
        elif old:
            items = []
            for item in old:  # no comprehension: deep programs need every frame of the stack
                items.append(rewrite(item, change))
            if not all(map(operator.is_, items, old)):
                new = tuple(items)
        if new is not old:
            updates[name] = new
    rebuilt = replace(node, **updates) if updates else node  # type: ignore[type-var]
    changed: NodeT = change(rebuilt)
    return changed


def with_expressions(node: NodeT, change: Callable[[nodes.Expr], nodes.Expr]) -> NodeT:
    """Return a node with ``change`` applied to its own expressions, not to those in blocks."""
    updates: dict[str, Any] = {}
    for name, is_tuple in _EXPRESSIONS[type(node)]:
        old = new = getattr(node, name)
        if not is_tuple:
            new = change(old)
        elif old:
            items = []
            for item in old:
                items.append(change(item))
            if not all(map(operator.is_, items, old)):
                new = tuple(items)
        if new is not old:
            updates[name] = new
    return replace(node, **updates) if updates else node  # type: ignore[type-var]


def _surface_fields(kind: type) -> tuple[str, ...]:
    """Return the names of a surface node's fields that may hold other nodes, in order."""
    names = _known_fields.get(kind)
    if names is None:
        leaves = ("name", "span")
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
