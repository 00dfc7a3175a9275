"""Powers with small constant exponents, as products: for devices whose power is a long function.

In: any valid program.  Out: the same values; ``x ** 2`` is ``x * x``, and so on to 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import Locals, with_body
from gpukernel.ir.walk import rewrite
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import Scalar

_POWERS = frozenset(BINARY["**"].overloads)
_MULTIPLY = BINARY["*"]


def write_small_powers(program: nodes.Program) -> nodes.Program:
    """Return the program with small powers as products."""
    functions = tuple(_in_function(function) for function in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


def _in_function(function: nodes.Function) -> nodes.Function:
    variables = Locals(function)

    def change(node: Any) -> Any:
        if not isinstance(node, nodes.Call) or node.overload not in _POWERS:
            return node
        base, exponent = node.arguments
        if not isinstance(exponent, nodes.Constant) or exponent.value not in (2, 3, 4):
            return node
        return _product(node, base, int(exponent.value), variables)

    body = tuple(rewrite(statement, change) for statement in function.body)
    if all(a is b for a, b in zip(body, function.body)):
        return function
    return with_body(function, body, variables.added)


def _product(node: nodes.Call, base: nodes.Expr, count: int, variables: Locals) -> nodes.Expr:
    """Return ``x * x``, ``x * (x * x)`` or ``(x * x) * (x * x)``, the base evaluated once."""
    first, again = _twice(base, variables)
    if count == 2:
        return _times(node, first, again)
    if count == 3:
        return _times(node, first, _times(node, again, again))
    square, same = _twice(_times(node, first, again), variables)
    return _times(node, square, same)


def _twice(node: nodes.Expr, variables: Locals) -> tuple[nodes.Expr, nodes.Expr]:
    """Return an expression, and what reads its value again."""
    if isinstance(node, (nodes.Name, nodes.Uniform)):
        return node, node
    assert isinstance(node.type, Scalar)
    name = variables.temporary(node.type)
    return nodes.Bind(name, node, node.type, node.span), nodes.Name(name, node.type, node.span)


def _times(node: nodes.Call, left: nodes.Expr, right: nodes.Expr) -> nodes.Call:
    overload = _MULTIPLY.overload([left.type, right.type])
    assert overload is not None
    return nodes.Call(_MULTIPLY, overload, (left, right), node.type, node.span)
