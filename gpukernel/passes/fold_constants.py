"""Fold constants: calls, casts, selections and branches whose operands are known.

In: any valid program.  Out: the same meaning with fewer nodes.  The value of a folded call is the
table row's own NumPy implementation in float32.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.constants import evaluate
from gpukernel.ir.walk import rewrite


def fold_constants(program: nodes.Program) -> nodes.Program:
    """Return the program with every constant expression evaluated."""
    functions = tuple(_fold_function(f) for f in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


def _fold_function(function: nodes.Function) -> nodes.Function:
    body = tuple(rewrite(statement, _fold) for statement in function.body)
    body = _splice(body)
    unchanged = len(body) == len(function.body) and all(a is b for a, b in zip(body, function.body))
    return function if unchanged else replace(function, body=body)


def _fold(node: Any) -> Any:
    if isinstance(node, (nodes.If, nodes.For, nodes.While)):
        return _fold_block(node)
    return fold_expression(node)


def fold_expression(node: Any) -> Any:
    """Return what an expression comes to whose parts are folded; other nodes stay."""
    match node:
        case nodes.Call() | nodes.Cast():
            return evaluate(node)
        case nodes.Select(condition=nodes.Constant(value=known)):
            return node.then if known else node.otherwise
        case nodes.Logical(left=nodes.Constant(value=known)):
            decided = (node.operator == "or") == bool(known)
            return node.left if decided else node.right
        case _:
            return node


def _fold_block(node: Any) -> Any:
    """Splice decided branches into the blocks of a statement."""
    updates: dict[str, Any] = {}
    for name in ("then", "otherwise", "body"):
        old = getattr(node, name, None)
        if old is not None:
            new = _splice(old)
            if new is not old:
                updates[name] = new
    return replace(node, **updates) if updates else node


def _splice(statements: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    """Replace every `If` with a constant condition by the side that is taken."""
    found: list[nodes.Stmt] = []
    changed = False
    for statement in statements:
        if isinstance(statement, nodes.If) and isinstance(statement.condition, nodes.Constant):
            found += statement.then if statement.condition.value else statement.otherwise
            changed = True
        else:
            found.append(statement)
    return tuple(found) if changed else statements
