"""Whether a program of two numbers gives the same for both orders of them.

That is seen from its text: the result, an expression, is the same after the two change places, if
the operands of sums, products and the like are put in one order.  Functions that are the same for
other reasons are not found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import key
from gpukernel.ir.printer import print_expression
from gpukernel.ir.walk import rewrite
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, COMPARE
from gpukernel.passes.inline_functions import inline_functions

# `min` and `max` of Python go by the order only where one of the two is a nan or they are equal.
_ROWS = (
    *(BINARY[symbol] for symbol in "+*&|^"),
    *(COMPARE[symbol] for symbol in ("==", "!=")),
    *(row for row in BUILTINS if row.name in ("min", "max", "np.minimum", "np.maximum")),
)
_SYMMETRIC = frozenset(overload for row in _ROWS for overload in row.overloads)


def is_symmetric(program: nodes.Program, first: str, second: str) -> bool:
    """Return whether a program certainly gives the same when two of its uniforms are exchanged."""
    body = inline_functions(program).kernel.body
    if len(body) != 1 or not isinstance(body[0], nodes.Return):
        return False
    other = {first: second, second: first}

    def exchanged(node: Any) -> Any:
        if isinstance(node, nodes.Uniform) and node.name in other:
            return replace(node, name=other[node.name])
        return node

    for value in body[0].values:
        swapped = rewrite(rewrite(value, exchanged), _in_order)
        if key(rewrite(value, _in_order)) != key(swapped):
            return False
    return True


def _in_order(node: Any) -> Any:
    """Return a node with its operands, if their order does not matter, in that of their text."""
    if isinstance(node, nodes.Logical):
        left, right = sorted((node.left, node.right), key=print_expression)
        return replace(node, left=left, right=right)
    if isinstance(node, nodes.Call) and node.overload in _SYMMETRIC:
        return replace(node, arguments=tuple(sorted(node.arguments, key=print_expression)))
    return node
