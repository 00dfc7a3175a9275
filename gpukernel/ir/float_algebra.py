"""Sums and products of floats that are written as short as they can be.

For derivatives, whose zeros and ones are known: these functions drop ``x + 0``, ``1 * x`` and
``0 * x``, move a factor into the two sides of a choice, and evaluate constants with 64 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.errors import Span
from gpukernel.ir import nodes
from gpukernel.ir.walk import children
from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.types import BOOL, FLOAT

_ADD, _SUBTRACT, _MULTIPLY = (BINARY[symbol] for symbol in "+-*")
_DIVIDE, _POWER, _NEGATE = BINARY["/"], BINARY["**"], UNARY["-"]


def zero(span: Span) -> nodes.Constant:
    return nodes.Constant(0.0, FLOAT, span)


def is_number(node: nodes.Expr, value: float) -> bool:
    return isinstance(node, nodes.Constant) and node.type == FLOAT and node.value == value


def same(a: nodes.Expr, b: nodes.Expr) -> bool:
    """Whether two expressions are the same text, wherever it stands."""
    if a is b:
        return True
    if type(a) is not type(b) or a.type != b.type or _mark(a) != _mark(b):
        return False
    inside = list(children(a)), list(children(b))
    return len(inside[0]) == len(inside[1]) and all(map(same, *inside))


def _mark(node: Any) -> object:
    """Return what tells nodes of one kind apart, other than their parts."""
    marks = ("name", "value", "operator", "array", "function", "axis", "boundaries", "row")
    found = [getattr(node, mark, None) for mark in marks]
    return [None if isinstance(value, nodes.Expr.__args__) else value for value in found]  # type: ignore[attr-defined]


def negative(node: nodes.Expr) -> nodes.Expr:
    match node:
        case nodes.Constant():
            return nodes.Constant(-node.value, FLOAT, node.span)
        case nodes.Call(row=row, arguments=(inner,)) if row is _NEGATE:
            return inner
        case nodes.Select(then=then, otherwise=otherwise) if _is_flat(node):
            return _choice(node.condition, negative(then), negative(otherwise), node.span)
        case _:
            return _call(_NEGATE, (node,), node.span)


def total(a: nodes.Expr | None, b: nodes.Expr | None) -> nodes.Expr | None:
    """Return the sum; None stands for nothing."""
    if a is None or is_number(a, 0.0):
        return b
    if b is None or is_number(b, 0.0):
        return a
    if isinstance(a, nodes.Select) and isinstance(b, nodes.Select) and _join(a, b):
        then, otherwise = total(a.then, b.then), total(a.otherwise, b.otherwise)
        return choice(a.condition, then, otherwise, a.span)
    match b:
        case nodes.Call(row=row, arguments=(inner,)) if row is _NEGATE:
            return _call(_SUBTRACT, (a, inner), a.span)
        case _:
            return _call(_ADD, (a, b), a.span)


def product(a: nodes.Expr, b: nodes.Expr) -> nodes.Expr | None:
    """Return the product, None where a factor is zero whatever the other one is."""
    for one, other in ((a, b), (b, a)):
        if is_number(one, 0.0):
            return None
        if is_number(one, 1.0):
            return other
        if is_number(one, -1.0):
            return negative(other)
    for one, other in ((a, b), (b, a)):
        if isinstance(one, nodes.Select) and _is_flat(one):
            sides = product(one.then, other), product(one.otherwise, other)
            return choice(one.condition, *sides, one.span)
        if isinstance(one, nodes.Call) and one.row is _NEGATE:
            inner = one.arguments[0]
            found = product(inner, b) if one is a else product(a, inner)
            return found and negative(found)
    if isinstance(a, nodes.Call) and a.row is _DIVIDE and is_number(a.arguments[0], 1.0):
        return _call(_DIVIDE, (b, a.arguments[1]), a.span)
    return _call(_MULTIPLY, (a, b), a.span)


def choice(
    condition: nodes.Expr, then: nodes.Expr | None, otherwise: nodes.Expr | None, span: Span
) -> nodes.Expr | None:
    """Return ``then if condition else otherwise``; None stands for zero."""
    if isinstance(condition, nodes.Constant):
        return then if condition.value else otherwise
    if then is None and otherwise is None:
        return None
    return _choice(condition, then or zero(span), otherwise or zero(span), span)


def _choice(
    condition: nodes.Expr, then: nodes.Expr, otherwise: nodes.Expr, span: Span
) -> nodes.Expr:
    if same(then, otherwise):
        return then
    return nodes.Select(condition, then, otherwise, FLOAT, span)


def simplified(node: nodes.Expr) -> nodes.Expr:
    """Return an expression whose parts are simplified already, shorter if it can be."""
    match node:
        case nodes.Select(condition=nodes.Constant(value=known)):
            return node.then if known else node.otherwise
        case nodes.Logical(left=nodes.Constant(value=known)):
            decided = (node.operator == "or") == bool(known)
            return node.left if decided else node.right
        case nodes.Call(arguments=(left, right)) if node.overload.params == (FLOAT, FLOAT):
            return evaluated(_with_neutral(node, left, right))
        case nodes.Call(row=row, arguments=(inner,)) if row is _NEGATE and node.type == FLOAT:
            return negative(inner)
        case _:
            return evaluated(node)


def _with_neutral(node: nodes.Call, left: nodes.Expr, right: nodes.Expr) -> nodes.Expr:
    """Return an operator on floats without an operand that changes nothing."""
    if node.row is _MULTIPLY:
        found = product(left, right)
        return zero(node.span) if found is None else found
    if node.row is _ADD:
        return total(left, right) or zero(node.span)
    if node.row is _DIVIDE and isinstance(left, nodes.Call) and left.row is _NEGATE:
        return negative(_call(_DIVIDE, (left.arguments[0], right), node.span))
    if node.row in (_DIVIDE, _POWER) and is_number(right, 1.0):
        return left
    if node.row is _POWER and is_number(right, 0.0):
        return nodes.Constant(1.0, FLOAT, node.span)
    return node


def evaluated(node: nodes.Expr) -> nodes.Expr:
    """Return the constant that a call of constant floats gives, with 64 bits, or the node."""
    if not isinstance(node, nodes.Call) or node.type not in (FLOAT, BOOL):
        return node
    values = [a.value for a in node.arguments if isinstance(a, nodes.Constant) and a.type == FLOAT]
    if len(values) != len(node.arguments):
        return node
    with np.errstate(all="ignore"):
        found = node.overload.numpy(*map(np.float64, values))
    kind = bool if node.type == BOOL else float
    return nodes.Constant(kind(np.asarray(found)[()]), node.type, node.span)


def _call(row: Any, arguments: tuple[nodes.Expr, ...], span: Span) -> nodes.Expr:
    overload = row.overload([FLOAT] * len(arguments))
    return evaluated(nodes.Call(row, overload, arguments, FLOAT, span))


def _join(a: nodes.Select, b: nodes.Select) -> bool:
    """Whether the sum of two choices is one choice, no longer than they are."""
    sides = (a.then, a.otherwise, b.then, b.otherwise)
    return any(is_number(side, 0.0) for side in sides) and same(a.condition, b.condition)


def _is_flat(node: nodes.Select) -> bool:
    """Whether a choice is among numbers only, so that a factor moves into it."""
    sides = (node.then, node.otherwise)
    return any(
        isinstance(side, nodes.Constant) or (isinstance(side, nodes.Select) and _is_flat(side))
        for side in sides
    )
