"""Random draws as calls again: ``random()`` in place of the counter and hash behind it.

In: typed functions as inference makes them.  Out: functions without the hidden number of draws,
where each draw is a call of `RANDOM`, `RANDINT` or `NORMAL`, which no program has: this is for
printing functions as Python text, whose compilation counts the draws anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import with_body
from gpukernel.ir.walk import expressions, rewrite
from gpukernel.lang.random_rows import RANDOM_BITS, RANDOM_FLOAT, RANDOM_INT, RANDOM_NORMAL
from gpukernel.lang.types import FLOAT, INT
from gpukernel.passes.propagate import without_dead

RANDOM, RANDINT, NORMAL = DRAWS = ("gk.random", "gk.randint", "gk.normal")
_NAMES = {RANDOM_FLOAT: RANDOM, RANDOM_INT: RANDINT, RANDOM_NORMAL: NORMAL}
_HIDDEN = "%"  # how the names of hidden variables begin


def with_named_draws(functions: Mapping[str, nodes.Function]) -> dict[str, nodes.Function]:
    """Return functions that draw by calls, under their names."""
    return {name: _named(function) for name, function in functions.items()}


def _named(function: nodes.Function) -> nodes.Function:
    variables = (*function.params, *function.locals)
    if not any(_is_hidden(variable.name) for variable in variables):
        return function
    draws = {
        node.arguments[0].name: node
        for node in expressions(function.body)
        if isinstance(node, nodes.Call)
        and node.row in _NAMES
        and isinstance(node.arguments[0], nodes.Name)
    }
    body = without_dead(_block(function.body, draws))
    hidden = sum(_is_hidden(p.name) for p in function.params)
    made = replace(
        function,
        params=tuple(p for p in function.params if not _is_hidden(p.name)),
        locals=tuple(_retyped(v, draws) for v in function.locals if not _is_hidden(v.name)),
        results=function.results[: len(function.results) - hidden],
    )
    return with_body(made, body)


def _is_hidden(name: str) -> bool:
    return name.startswith(_HIDDEN)


def _retyped(variable: nodes.Variable, draws: Mapping[str, nodes.Call]) -> nodes.Variable:
    """Return a variable, with a draw's own type where it held the bits of one."""
    draw = draws.get(variable.name)
    return variable if draw is None else replace(variable, type=draw.type)


def _block(
    block: tuple[nodes.Stmt, ...], draws: Mapping[str, nodes.Call]
) -> tuple[nodes.Stmt, ...]:
    made: list[nodes.Stmt] = []
    for statement in block:
        if isinstance(statement, nodes.Assign):
            value = statement.value
            if _is_hidden(statement.name) or (
                isinstance(value, nodes.Name) and _is_hidden(value.name)
            ):
                continue
            if isinstance(value, nodes.Call) and value.row is RANDOM_BITS:
                made.append(_draw(statement, draws))
                continue
        made.append(_with_calls(statement, draws))
    return tuple(made)


def _draw(node: nodes.Assign, draws: Mapping[str, nodes.Call]) -> nodes.Assign:
    draw = draws.get(node.name)
    if draw is None:
        return replace(node, value=nodes.Invoke(RANDOM, (), FLOAT, node.span))
    kind = INT if draw.row is RANDOM_INT else FLOAT
    bounds = tuple(rewrite(bound, _change) for bound in draw.arguments[1:])
    return replace(node, value=nodes.Invoke(_NAMES[draw.row], bounds, kind, node.span))


def _with_calls(node: nodes.Stmt, draws: Mapping[str, nodes.Call]) -> nodes.Stmt:
    """Return a statement that reads the draws themselves, and passes nothing hidden."""
    updates: dict[str, Any] = {}
    for name in ("then", "otherwise", "body"):
        if hasattr(node, name):
            updates[name] = _block(getattr(node, name), draws)
    if isinstance(node, nodes.InvokeInto):
        updates["targets"] = tuple(t for t in node.targets if not _is_hidden(t))
    if isinstance(node, nodes.Return):
        updates["values"] = tuple(v for v in node.values if not _reads_hidden(v))
    return rewrite(replace(node, **updates) if updates else node, _change)


def _change(node: Any) -> Any:
    if isinstance(node, nodes.Call) and node.row in _NAMES:
        bits = node.arguments[0]
        return replace(bits, type=node.type) if isinstance(bits, nodes.Name) else node
    if isinstance(node, (nodes.Invoke, nodes.InvokeInto)):
        kept = tuple(a for a in node.arguments if not _reads_hidden(a))
        return node if len(kept) == len(node.arguments) else replace(node, arguments=kept)
    return node


def _reads_hidden(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and _is_hidden(node.name)
