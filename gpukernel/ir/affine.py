"""Int expressions as sums of multiples: ``a + b*x + c*y``, the same sum always written alike.

Arithmetic of ints is exact modulo 2**32, so terms may be reordered and collected at will: the
value of the rebuilt expression is that of the original, overflow included.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import fields

from gpukernel.errors import Span
from gpukernel.ir.constants import round_to
from gpukernel.ir.nodes import Call, Constant, Expr, GridIndex
from gpukernel.ir.printer import print_expression
from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import INT, INT_MIN
from gpukernel.records import record


def _ints(row: Row) -> Overload:
    overload = row.overload([INT] * len(row.parameters))
    assert overload is not None
    return overload


# Functions such as `np.add` share the overloads of the operators, so overloads say what a call is.
_ADD, _SUBTRACT, _MULTIPLY = (_ints(BINARY[symbol]) for symbol in "+-*")
_NEGATE, _PLUS, _INVERT = (_ints(UNARY[symbol]) for symbol in "-+~")
_SHIFT = _ints(BINARY["<<"])

_KEY_FIELDS: dict[type, tuple[str, ...]] = {}


def key(node: Expr) -> Hashable:
    """Return what is equal for two expressions exactly if they are written alike.

    Spans do not count.  Two such expressions have the same value where the variables and lists
    that they read are the same.
    """
    kind = type(node)
    if isinstance(node, Constant):
        return kind, node.type.name, repr(node.value)
    names = _KEY_FIELDS.get(kind)
    if names is None:
        names = tuple(f.name for f in fields(kind) if f.name not in ("span", "row"))
        _KEY_FIELDS[kind] = names
    found: list[Hashable] = [kind.__name__]
    for name in names:
        value = getattr(node, name)
        if isinstance(value, tuple):
            for item in value:
                found.append(key(item) if hasattr(item, "span") else item)
        else:
            found.append(key(value) if hasattr(value, "span") else value)
    return tuple(found)


@record(frozen=True)
class Affine:
    """``constant`` plus the sum of ``coefficient * atom``; no two atoms are alike."""

    terms: tuple[tuple[Expr, int], ...]
    constant: int

    def coefficient(self, atom: Expr) -> int:
        """Return how often an atom is in the sum."""
        wanted = key(atom)
        return next((factor for term, factor in self.terms if key(term) == wanted), 0)

    def without(self, atom: Expr) -> Affine:
        """Return the sum with an atom left out."""
        wanted = key(atom)
        terms = tuple((term, factor) for term, factor in self.terms if key(term) != wanted)
        return Affine(terms, self.constant)


def affine(node: Expr) -> Affine:
    """Return an int expression as a sum.

    What is not a sum, difference or multiple is an atom.  An atom can fall out of the sum (``x -
    x``), so an expression that does more than give a value is not to be rebuilt from it.
    """
    terms: dict[Hashable, tuple[Expr, int]] = {}
    constant = _collect(node, 1, terms)
    kept = ((atom, _wrapped(factor)) for atom, factor in terms.values())
    return Affine(tuple((atom, factor) for atom, factor in kept if factor), _wrapped(constant))


def _wrapped(value: int) -> int:
    return int(round_to(value, INT))


def _collect(node: Expr, factor: int, terms: dict[Hashable, tuple[Expr, int]]) -> int:
    """Add ``factor * node`` to the terms, and return its constant part."""
    if isinstance(node, Constant):
        return factor * int(node.value)
    if isinstance(node, Call):
        overload, arguments = node.overload, node.arguments
        if overload is _ADD or overload is _SUBTRACT:
            left = _collect(arguments[0], factor, terms)
            sign = 1 if overload is _ADD else -1
            return left + _collect(arguments[1], sign * factor, terms)
        if overload is _NEGATE or overload is _PLUS:
            return _collect(arguments[0], -factor if overload is _NEGATE else factor, terms)
        if overload is _INVERT:  # -x - 1
            return _collect(arguments[0], -factor, terms) - factor
        multiple = _multiple(node)
        if multiple is not None:
            return _collect(multiple[0], factor * multiple[1], terms)
    identity = key(node)
    atom, count = terms.get(identity, (node, 0))
    terms[identity] = atom, count + factor
    return 0


def _multiple(node: Call) -> tuple[Expr, int] | None:
    """Return what a product has beside a constant, and the constant."""
    if node.overload is _SHIFT and isinstance(node.arguments[1], Constant):
        count = int(node.arguments[1].value)
        return node.arguments[0], 1 << count if 0 <= count < 32 else 0
    if node.overload is not _MULTIPLY:
        return None
    sides = [affine(argument) for argument in node.arguments]
    for side, other in zip(sides, reversed(node.arguments)):
        if not side.terms:
            return other, side.constant
    return None


def to_expr(value: Affine, span: Span) -> Expr:
    """Return a sum as an expression.

    Indices of the grid come last, the one of the last axis at the very end, so that what is the
    same in neighbouring cells is computed by itself.
    """
    terms = sorted(value.terms, key=_place)
    total: Expr | None = None
    constant = value.constant
    for position, (atom, factor) in enumerate(terms):
        if position == len(terms) - 1 and total is not None:
            total, constant = _plus_constant(total, constant, span), 0
        total = _plus(total, atom, factor, span)
    if total is None:
        return Constant(constant, INT, span)
    return _plus_constant(total, constant, span)


def _place(term: tuple[Expr, int]) -> tuple[bool, int, int, bool, str]:
    """Return what terms are sorted by: added ones come before those that are taken away."""
    atom, factor = term
    if isinstance(atom, GridIndex):
        return True, atom.axis, atom.tile, factor < 0, ""
    return False, 0, 0, factor < 0, print_expression(atom)


def _plus(total: Expr | None, atom: Expr, factor: int, span: Span) -> Expr:
    if total is None:
        if factor == -1:
            return Call(UNARY["-"], _NEGATE, (atom,), INT, span)
        return _times(atom, factor, span)
    if factor < 0 and factor != INT_MIN:
        return int_call("-", total, _times(atom, -factor, span), span)
    return int_call("+", total, _times(atom, factor, span), span)


def _times(atom: Expr, factor: int, span: Span) -> Expr:
    return atom if factor == 1 else int_call("*", atom, Constant(factor, INT, span), span)


def _plus_constant(total: Expr, constant: int, span: Span) -> Expr:
    if constant == 0:
        return total
    if constant < 0 and constant != INT_MIN:
        return int_call("-", total, Constant(-constant, INT, span), span)
    return int_call("+", total, Constant(constant, INT, span), span)


def int_call(symbol: str, left: Expr, right: Expr, span: Span) -> Call:
    """Return a binary operator applied to two ints."""
    row = BINARY[symbol]
    return Call(row, _ints(row), (left, right), INT, span)


def sum_of(parts: Iterable[tuple[Affine, int]]) -> Affine:
    """Return the sum of multiples of sums."""
    terms: dict[Hashable, tuple[Expr, int]] = {}
    constant = 0
    for part, factor in parts:
        constant += part.constant * factor
        for atom, count in part.terms:
            identity = key(atom)
            terms[identity] = atom, terms.get(identity, (atom, 0))[1] + count * factor
    kept = ((atom, _wrapped(factor)) for atom, factor in terms.values())
    return Affine(tuple((atom, factor) for atom, factor in kept if factor), _wrapped(constant))
