"""What a condition says about ints when it holds, or when it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.walk import rewrite, subexpressions
from gpukernel.lang.operators import COMPARE, UNARY
from gpukernel.lang.types import BOOL, INT

NEGATED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_SYMBOLS = {row.overload([INT, INT]): symbol for symbol, row in COMPARE.items()}
_NOT = UNARY["not"].overload([BOOL])

Comparison = tuple[str, nodes.Expr, nodes.Expr]  # symbol, left, right


def comparisons(condition: nodes.Expr, holds: bool) -> Iterator[Comparison]:
    """Yield comparisons of ints that are all true where the condition holds, or does not."""
    yield from _comparisons(_without_temporaries(condition), holds)


def _comparisons(node: nodes.Expr, holds: bool) -> Iterator[Comparison]:
    match node:
        case nodes.Logical() if (node.operator == "and") == holds:
            yield from _comparisons(node.left, holds)
            yield from _comparisons(node.right, holds)
        case nodes.Call() if node.overload is _NOT:
            yield from _comparisons(node.arguments[0], not holds)
        case nodes.Call() if node.overload in _SYMBOLS:
            symbol = _SYMBOLS[node.overload]
            left, right = node.arguments
            yield symbol if holds else NEGATED[symbol], left, right
        case nodes.Cast(value=value) if value.type == INT:
            yield "!=" if holds else "==", value, nodes.Constant(0, INT, node.span)


def _without_temporaries(node: nodes.Expr) -> nodes.Expr:
    """Return a condition with what it binds (``0 <= i + 1 < n``) written in full.

    A condition binds such a temporary in one place only.
    """
    binds = [part for part in subexpressions(node) if isinstance(part, nodes.Bind)]
    values = {bind.name: bind.value for bind in binds if bind.name.startswith("$")}

    def change(part: Any) -> Any:
        if isinstance(part, nodes.Name):
            return values.get(part.name, part)
        return part.value if isinstance(part, nodes.Bind) and part.name in values else part

    return rewrite(node, change) if values else node


def leaves(block: tuple[nodes.Stmt, ...]) -> bool:
    """Whether what follows after a block never runs, since the block always goes elsewhere."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, nodes.If):
        return leaves(last.then) and leaves(last.otherwise)
    return isinstance(last, (nodes.Return, nodes.Break, nodes.Continue))
