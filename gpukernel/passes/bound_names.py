"""Values that an expression binds to a name, written out: for text, which has no such expressions.

In: any typed function.  Out: the same function without `Bind`: the value stands wherever its name
is read in the same expression, and is assigned to the name where blocks or later statements read
it.  Nothing can change between a condition and the block under it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.walk import children, expressions, rewrite, subexpressions, with_expressions

_Block = tuple[nodes.Stmt, ...]


def without_bound_names(function: nodes.Function) -> nodes.Function:
    """Return a function that has no `Bind`."""
    if not any(isinstance(node, nodes.Bind) for node in expressions(function.body)):
        return function
    return replace(function, body=_block(function.body, _reads(function.body)))


def _reads(block: _Block) -> dict[str, int]:
    found: dict[str, int] = {}
    for node in expressions(block):
        if isinstance(node, nodes.Name):
            found[node.name] = found.get(node.name, 0) + 1
    return found


def _block(block: _Block, reads: dict[str, int]) -> _Block:
    made: list[nodes.Stmt] = []
    for statement in block:
        own = [part for child in children(statement) for part in subexpressions(child)]
        bound: dict[str, nodes.Expr] = {}
        statement = with_expressions(statement, partial(_unbound, bound))
        left = dict(reads)  # what is read of them in other places
        for part in own:
            if isinstance(part, nodes.Name) and part.name in bound:
                left[part.name] -= 1
        statement, inside = _with_blocks(statement, bound, reads)
        for name, value in bound.items():
            if left.get(name, 0) > inside.get(name, 0):
                made.append(nodes.Assign(name, value, value.span))
        made.append(statement)
    return tuple(made)


def _with_blocks(
    node: nodes.Stmt, bound: dict[str, nodes.Expr], reads: dict[str, int]
) -> tuple[nodes.Stmt, dict[str, int]]:
    """Return a statement whose blocks assign what they read of the names, and how often they do."""
    updates: dict[str, Any] = {}
    inside: dict[str, int] = {}
    for field in ("then", "otherwise", "body"):
        block = getattr(node, field, None)
        if not block:
            continue
        read = _reads(block)
        sets = tuple(nodes.Assign(n, v, v.span) for n, v in bound.items() if n in read)
        updates[field] = (*sets, *_block(block, reads))
        for name in bound.keys() & read.keys():
            inside[name] = inside.get(name, 0) + read[name]
    return (replace(node, **updates) if updates else node), inside


def _unbound(bound: dict[str, nodes.Expr], node: nodes.Expr) -> nodes.Expr:
    """Return an expression with its bound values written out; they are added to ``bound``."""

    def change(part: Any) -> Any:
        if isinstance(part, nodes.Bind):
            bound[part.name] = part.value
            return part.value
        if isinstance(part, nodes.Name) and part.name in bound:
            return bound[part.name]
        return part

    return rewrite(node, change)
