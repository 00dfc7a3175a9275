"""Formulas: what a kernel computes, as one expression without variables or statements.

A `Term` is made by `Terms` only, which gives equal formulas the same object, folds constants, and
writes sums of ints always alike.  A loop that adds up has become a term of kind ``sum``:

=============  ==================================================  ===========================
kind           children                                            data
=============  ==================================================  ===========================
``constant``                                                       (its repr, the number)
``grid``                                                           the axis
``var``                                                            (name, a number of its own)
``carry``                                                          (name, a number of its own)
``extent``                                                         (array, axis)
``uniform``                                                        its name
``load``       the indices                                         the array
``call``       the arguments                                       (row, overload)
``logical``    left, right                                         ``and`` or ``or``
``select``     condition, then, otherwise
``cast``       the value
``sum``        start, stop, step, what is added                    (its ``var``, a name)
``unknown``                                                        a `Diagnostic`: why
=============  ==================================================  ===========================

``carry`` is the value that a variable has when an iteration begins: see `adjoint_formulas`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpukernel.errors import Diagnostic, Span
from gpukernel.ir.constants import DTYPES, round_to
from gpukernel.lang.builtins import find_builtin
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, Scalar

_NOTHING: frozenset[Any] = frozenset()
_LEAVES = ("grid", "var", "carry")  # what a term can depend on inside one cell


@dataclass(frozen=True, eq=False)
class Term:
    """A formula; ``number`` grows, so that it is above those of the children.

    ``free`` are the leaves of kind grid, var and carry that it depends on, ``reads`` the arrays
    and launch scalars, as (kind, name).
    """

    kind: str
    children: tuple[Term, ...]
    data: Any
    type: Scalar
    span: Span
    number: int
    free: frozenset[Term]
    reads: frozenset[tuple[str, str]]
    has_sum: bool
    unknown: Diagnostic | None

    @property
    def value(self) -> Any:
        """The number that a constant is."""
        return self.data[1]

    def is_constant(self, value: object) -> bool:
        return self.kind == "constant" and bool(self.value == value)


@dataclass(frozen=True)
class Sum:
    """An int term as ``constant + sum of factor * atom``."""

    factors: Mapping[Term, int]
    constant: int

    def plus(self, other: Sum, times: int = 1) -> Sum:
        factors = dict(self.factors)
        for atom, factor in other.factors.items():
            factors[atom] = factors.get(atom, 0) + times * factor
        kept = {atom: factor for atom, factor in factors.items() if factor}
        return Sum(kept, self.constant + times * other.constant)

    def times(self, factor: int) -> Sum:
        return Sum({}, 0).plus(self, factor)

    def without(self, atom: Term) -> Sum:
        return Sum({a: f for a, f in self.factors.items() if a is not atom}, self.constant)


def _overload(row: Row, kind: Scalar) -> Overload:
    found = row.overload([kind] * len(row.parameters))
    assert found is not None
    return found


_INT_ADD, _INT_SUBTRACT, _INT_MULTIPLY = (_overload(BINARY[s], INT) for s in "+-*")
_INT_NEGATE, _INT_PLUS = (_overload(UNARY[s], INT) for s in "-+")
_OPPOSITES = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
_MINIMUM, _MAXIMUM = ((row, _overload(row, INT)) for row in map(find_builtin, (min, max)) if row)
_LINEAR = (_INT_ADD, _INT_SUBTRACT, _INT_MULTIPLY, _INT_NEGATE, _INT_PLUS)


class Terms:
    """Makes terms."""

    larger_row = _MAXIMUM

    def __init__(self) -> None:
        self._made: dict[Hashable, Term] = {}
        self._sums: dict[Term, Sum] = {}
        self._leaves = 0

    # ------------------------------------------------------------ leaves

    def constant(self, value: bool | int | float, kind: Scalar, span: Span) -> Term:
        number = round_to(value, kind)
        return self._make("constant", (), (repr(number), number), kind, span)

    def zero(self, span: Span) -> Term:
        return self.constant(0.0, FLOAT, span)

    def whole(self, value: int, span: Span) -> Term:
        return self.constant(value, INT, span)

    def leaf(self, kind: str, name: str, scalar: Scalar, span: Span) -> Term:
        """Return a new ``var`` or ``carry``."""
        self._leaves += 1
        return self._make(kind, (), (name, self._leaves), scalar, span)

    def grid(self, axis: int, span: Span) -> Term:
        return self._make("grid", (), axis, INT, span)

    def extent(self, array: str, axis: int, span: Span) -> Term:
        return self._make("extent", (), (array, axis), INT, span)

    def uniform(self, name: str, kind: Scalar, span: Span) -> Term:
        return self._make("uniform", (), name, kind, span)

    def unknown(self, problem: Diagnostic, kind: Scalar) -> Term:
        return self._make("unknown", (), problem, kind, problem.span)

    # ------------------------------------------------------------ expressions

    def load(self, array: str, indices: tuple[Term, ...], kind: Scalar, span: Span) -> Term:
        return self._make("load", indices, array, kind, span)

    def call(self, row: Row, overload: Overload, arguments: tuple[Term, ...], span: Span) -> Term:
        """Return a table row's value; sums of ints are put in order."""
        if all(a.kind == "constant" for a in arguments):
            operands = [DTYPES[p](a.value) for p, a in zip(overload.params, arguments)]
            with np.errstate(all="ignore"):
                value: Any = np.asarray(overload.numpy(*operands))[()]
            return self.constant(value, overload.result, span)
        if overload in _LINEAR:
            total = self._linear(overload, arguments)
            if total is not None:
                return self.from_sum(total, span)
        return self._raw(row, overload, arguments, span)

    def operator(self, symbol: str, left: Term, right: Term, span: Span) -> Term:
        """Return an operator or comparison of two numbers of one type, simplified."""
        if left.type == FLOAT and symbol in "+-*":
            simple = self._simplified(symbol, left, right, span)
            if simple is not None:
                return simple
        row = BINARY.get(symbol) or COMPARE[symbol]
        return self.call(row, _overload(row, left.type), (left, right), span)

    def _simplified(self, symbol: str, left: Term, right: Term, span: Span) -> Term | None:
        """Return a float sum or product with a neutral operand without it, choices outermost."""
        if symbol == "*":
            return self._simple_product(left, right, span)
        if right.is_constant(0.0):
            return left
        if left.is_constant(0.0):
            return right if symbol == "+" else self.negative(right)
        if symbol == "+" and right.kind == "call" and right.data[0] is UNARY["-"]:
            return self.operator("-", left, right.children[0], span)
        if left.kind == right.kind == "select" and left.children[0] is right.children[0]:
            pairs = zip(left.children[1:], right.children[1:])
            then, otherwise = (self.operator(symbol, a, b, span) for a, b in pairs)
            return self.select(left.children[0], then, otherwise, span)
        return None

    def _simple_product(self, left: Term, right: Term, span: Span) -> Term | None:
        if left.is_constant(1.0):
            return right
        if right.is_constant(0.0) or left.is_constant(0.0):
            return self.zero(span)
        if right.is_constant(-1.0):
            return self.negative(left)
        if left.kind == "select" and any(c.is_constant(0.0) for c in left.children[1:]):
            condition, *sides = left.children
            then, otherwise = (self.operator("*", side, right, span) for side in sides)
            return self.select(condition, then, otherwise, span)
        return left if right.is_constant(1.0) else None

    def larger(self, left: Term, right: Term) -> Term:
        """Return the maximum of two ints."""
        return self.call(*self.larger_row, (left, right), left.span)

    def smaller(self, left: Term, right: Term) -> Term:
        """Return the minimum of two ints."""
        return self.call(*_MINIMUM, (left, right), left.span)

    def negative(self, value: Term) -> Term:
        row = UNARY["-"]
        return self.call(row, _overload(row, value.type), (value,), value.span)

    def invert(self, condition: Term) -> Term:
        """Return whether a condition does not hold."""
        row = UNARY["not"]
        if condition.kind == "call" and condition.data[0] is row:
            return condition.children[0]
        if condition.kind == "call" and condition.data[1].params[0] == INT:
            opposite = _OPPOSITES.get(condition.data[0].symbol)
            if opposite is not None:  # of floats they are not: there is nan
                left, right = condition.children
                return self.operator(opposite, left, right, condition.span)
        return self.call(row, row.overloads[0], (condition,), condition.span)

    def logical(self, operator: str, left: Term, right: Term, span: Span) -> Term:
        for one, other in ((left, right), (right, left)):
            if one.kind == "constant":
                return other if bool(one.value) == (operator == "and") else one
        return self._make("logical", (left, right), operator, BOOL, span)

    def select(self, condition: Term, then: Term, otherwise: Term, span: Span) -> Term:
        if condition.kind == "constant":
            return then if condition.value else otherwise
        if then is otherwise:
            return then
        return self._make("select", (condition, then, otherwise), None, then.type, span)

    def cast(self, value: Term, kind: Scalar, span: Span) -> Term:
        if value.type == kind:
            return value
        if value.kind == "constant":
            return self.constant(value.value, kind, span)
        return self._make("cast", (value,), None, kind, span)

    def summed(
        self, loop: tuple[Term, Term, Term], var: Term, name: str, added: Term, span: Span
    ) -> Term:
        """Return the sum of ``added`` over ``var`` in ``range(*loop)``."""
        if added.is_constant(0):
            return added
        return self._make("sum", (*loop, added), (var, name), added.type, span)

    # ------------------------------------------------------------ ints

    def as_sum(self, term: Term) -> Sum:
        """Return an int term as a sum of multiples of others."""
        found = self._sums.get(term)
        if found is None:
            found = self._sum_of(term)
            self._sums[term] = found
        return found

    def _sum_of(self, term: Term) -> Sum:
        if term.kind == "constant":
            return Sum({}, int(term.value))
        if term.kind == "call" and term.data[1] in _LINEAR:
            total = self._linear(term.data[1], term.children)
            if total is not None:
                return total
        return Sum({term: 1}, 0)

    def _linear(self, overload: Overload, arguments: tuple[Term, ...]) -> Sum | None:
        """Return a sum, difference or multiple of ints; None for a product of unknowns."""
        left = self.as_sum(arguments[0])
        if len(arguments) == 1:
            return left.times(-1) if overload is _INT_NEGATE else left
        right = self.as_sum(arguments[1])
        if overload is not _INT_MULTIPLY:
            return left.plus(right, 1 if overload is _INT_ADD else -1)
        if not left.factors:
            return right.times(left.constant)
        return None if right.factors else left.times(right.constant)

    def from_sum(self, total: Sum, span: Span) -> Term:
        """Return a sum as a term: what is added first, then what is taken away."""
        atoms = sorted(total.factors.items(), key=lambda item: (item[1] < 0, item[0].number))
        term: Term | None = None
        for atom, factor in atoms:
            size = factor if term is None else abs(factor)
            part = self._multiple(atom, size, span)
            if term is not None:
                part = self._int("+" if factor > 0 else "-", term, part, span)
            term = part
        if term is None or total.constant == 0:
            return term or self.whole(total.constant, span)
        symbol = "+" if total.constant > 0 else "-"
        return self._int(symbol, term, self.whole(abs(total.constant), span), span)

    def natural(self, total: Sum, span: Span) -> Term:
        """Return the condition that a sum is 0 or above."""
        right = Sum({a: f for a, f in total.factors.items() if f > 0}, max(total.constant, 0))
        left = right.plus(total, -1)
        if left.constant == 1 and left.factors:  # x + 1 <= y
            return self._compared("<", Sum(left.factors, 0), right, span)
        return self._compared("<=", left, right, span)

    def is_zero(self, total: Sum, span: Span) -> Term:
        """Return the condition that a sum is 0, written for a variable if there is one."""
        for atom, factor in total.factors.items():
            if atom.kind == "var" and abs(factor) == 1:
                rest = total.without(atom).times(-factor)
                return self._compared("==", Sum({atom: 1}, 0), rest, span)
        left = Sum({a: f for a, f in total.factors.items() if f > 0}, max(total.constant, 0))
        return self._compared("==", left, left.plus(total, -1), span)

    def _compared(self, symbol: str, left: Sum, right: Sum, span: Span) -> Term:
        return self.operator(symbol, self.from_sum(left, span), self.from_sum(right, span), span)

    def _multiple(self, atom: Term, factor: int, span: Span) -> Term:
        if factor == 1:
            return atom
        if factor == -1:
            return self._raw(UNARY["-"], _INT_NEGATE, (atom,), span)
        return self._int("*", self.whole(factor, span), atom, span)

    def _int(self, symbol: str, left: Term, right: Term, span: Span) -> Term:
        row = BINARY[symbol]
        return self._raw(row, _overload(row, INT), (left, right), span)

    # ------------------------------------------------------------ rebuilding

    def substitute(self, term: Term, given: Mapping[Term, Term]) -> Term:
        """Return a term with leaves replaced."""
        return self._replace(term, given, {})

    def _replace(self, term: Term, given: Mapping[Term, Term], done: dict[Term, Term]) -> Term:
        if term in given:
            return given[term]
        if term.free.isdisjoint(given):
            return term
        if term not in done:
            children = tuple(self._replace(child, given, done) for child in term.children)
            done[term] = self.rebuild(term, children)
        return done[term]

    def rebuild(self, term: Term, children: tuple[Term, ...]) -> Term:
        """Return the term with other children."""
        span = term.span
        match term.kind:
            case "call":
                row, overload = term.data
                return self.call(row, overload, children, span)
            case "logical":
                return self.logical(term.data, children[0], children[1], span)
            case "select":
                return self.select(children[0], children[1], children[2], span)
            case "cast":
                return self.cast(children[0], term.type, span)
        return self._make(term.kind, children, term.data, term.type, span)

    def _raw(self, row: Row, overload: Overload, arguments: tuple[Term, ...], span: Span) -> Term:
        return self._make("call", arguments, (row, overload), overload.result, span)

    def _make(
        self, kind: str, children: tuple[Term, ...], data: Any, scalar: Scalar, span: Span
    ) -> Term:
        identity = (kind, data, scalar.name, tuple(child.number for child in children))
        if identity in self._made:
            return self._made[identity]
        number = len(self._made)
        free = _NOTHING.union(*(child.free for child in children))
        reads = _NOTHING.union(*(child.reads for child in children))
        if kind == "sum":
            free -= {data[0]}
        if kind in ("load", "uniform"):
            reads |= {(kind, data)}
        has_sum = kind == "sum" or any(child.has_sum for child in children)
        problems = (child.unknown for child in children if child.unknown)
        unknown = data if kind == "unknown" else next(problems, None)
        made = Term(kind, children, data, scalar, span, number, free, reads, has_sum, unknown)
        if kind in _LEAVES:
            object.__setattr__(made, "free", frozenset((made,)))
        self._made[identity] = made
        return made
