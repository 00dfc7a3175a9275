"""Reverse mode on formulas: from results and their cotangents to what reaches each read.

The derivative of each table row is the text in its row.  Where a cotangent needs the value of a
sum (``tanh(total)``), it becomes an array of its own, filled by a kernel over the grid before the
gradient is gathered from it: see `Reverse.saved`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from gpukernel.errors import Diagnostic, InternalError, Span, raise_errors
from gpukernel.ir import nodes
from gpukernel.ir.walk import children
from gpukernel.lang.types import FLOAT, INT
from gpukernel.passes.adjoint_terms import Term, Terms
from gpukernel.passes.row_derivatives import RESULT, row_derivative
from gpukernel.records import record

LEFT_OUT = {"base": math.e}  # parameters that a shorter overload does not have


@record(frozen=True)
class Loop:
    """What ``var`` runs over: ``range(start, stop, step)``; without a ``stop`` over all ints."""

    var: Term
    start: Term
    stop: Term | None
    step: Term


@record(frozen=True)
class Contribution:
    """What one read adds to the gradient: ``value`` for every iteration of the loops.

    It goes to the element at ``indices``, or to the only one where the target is a number.
    """

    value: Term
    indices: tuple[Term, ...]
    loops: tuple[Loop, ...]
    span: Span


class Reverse:
    """Cotangents of the formulas of one kernel.

    Args:
        terms: makes terms.
        target: what the gradient is with respect to: ``("load", array)`` or ``("uniform", name)``.
        grid: the loops over the cells.
        refuse: makes the diagnostic for what has no derivative: a span and a reason.

    Attributes:
        contributions: what was found.
        saved: cotangents that are arrays over the grid, by the names of those.
    """

    def __init__(
        self,
        terms: Terms,
        target: tuple[str, str],
        grid: Sequence[Loop],
        refuse: Callable[[Span, str], Diagnostic],
        names: Callable[[str], str],
    ) -> None:
        self.terms = terms
        self.contributions: list[Contribution] = []
        self.saved: dict[str, Term] = {}
        self._target = target
        self._grid = tuple(grid)
        self._refuse = refuse
        self._names = names

    def run(self, results: Sequence[tuple[Term, Term]]) -> None:
        """Go back from (result, cotangent) pairs; ints and bools count as constant.

        Raises:
            KernelTypeError: something on the way has no derivative.
        """
        self._back(results, self._grid)
        self.contributions.reverse()  # as the reads are written

    def _back(self, results: Sequence[tuple[Term, Term]], loops: tuple[Loop, ...]) -> None:
        """Go back from formulas, in every iteration of some loops."""
        pending: dict[Term, Term] = {}
        for term, cotangent in results:
            self._add(pending, term, cotangent)
        while pending:
            term = max(pending, key=lambda t: t.number)  # nothing that is pending is made of it
            cotangent = pending.pop(term)
            if term.kind in ("load", "uniform"):
                self._reach(term, cotangent, loops)
            elif term.kind == "sum":
                self._enter(term, cotangent, loops)
            else:
                for child, part in self._parts(term, cotangent):
                    self._add(pending, child, part)

    def _add(self, pending: dict[Term, Term], term: Term, cotangent: Term) -> None:
        if self._target not in term.reads or cotangent.is_constant(0.0):
            return
        old = pending.get(term)
        if old is not None:
            cotangent = self.terms.operator("+", old, cotangent, cotangent.span)
        pending[term] = cotangent

    def _reach(self, read: Term, cotangent: Term, loops: tuple[Loop, ...]) -> None:
        """Note what arrives at a read of the target."""
        if (read.kind, read.data) != self._target:
            return  # its index is computed from the target: ints count as constant
        if read.kind == "load":
            cotangent = self._in_array(cotangent, loops)
        found = Contribution(cotangent, read.children, loops, read.span)
        self.contributions.append(found)

    def _enter(self, term: Term, cotangent: Term, loops: tuple[Loop, ...]) -> None:
        """Go back into what a loop adds up."""
        start, stop, step, added = term.children
        cotangent = self._in_array(cotangent, loops)
        old = term.data[0]
        var = self.terms.leaf("var", old.data[0], INT, old.span)  # the cotangent may have the old
        inside = self.terms.substitute(added, {old: var})
        self._back([(inside, cotangent)], (*loops, Loop(var, start, stop, step)))

    def _in_array(self, cotangent: Term, loops: tuple[Loop, ...]) -> Term:
        """Return a cotangent of the grid's cells as a read, if it would take a loop to compute."""
        if not cotangent.has_sum or len(loops) > len(self._grid):
            return cotangent
        name = next((n for n, value in self.saved.items() if value is cotangent), None)
        if name is None:
            name = self._names("cotangent")
            self.saved[name] = cotangent
        cell = tuple(loop.var for loop in self._grid)
        return self.terms.load(name, cell, FLOAT, cotangent.span)

    # ------------------------------------------------------------ derivatives

    def _parts(self, term: Term, cotangent: Term) -> list[tuple[Term, Term]]:
        """Return what reaches each operand."""
        if term.kind == "select":
            span = term.span
            condition, then, otherwise = term.children
            zero = self.terms.zero(span)
            return [
                (then, self.terms.select(condition, cotangent, zero, span)),
                (otherwise, self.terms.select(condition, zero, cotangent, span)),
            ]
        if term.kind == "call":
            return self._through_row(term, cotangent)
        if term.kind == "cast":  # of an int or a bool: those count as constant
            return []
        raise InternalError(f"no derivative of {term.kind}")

    def _through_row(self, term: Term, cotangent: Term) -> list[tuple[Term, Term]]:
        row, _ = term.data
        found = []
        for position, child in enumerate(term.children):
            if child.type != FLOAT or self._target not in child.reads:
                continue
            if row.derivative is None or row.derivative[position] is None:
                shown = row.symbol or row.name
                what = f"parameter {position + 1} of " if len(term.children) > 1 else ""
                self._fail(term.span, f"{what}`{shown}` has no derivative")
            found.append((child, self._scaled(cotangent, term, position)))
        return found

    def _scaled(self, cotangent: Term, term: Term, position: int) -> Term:
        """Return a cotangent times the derivative of a call by one of its arguments."""
        row, overload = term.data
        if row.symbol == "/":
            return self._through_division(cotangent, term, position)
        if row.symbol == "**" and position == 0 and term.children[1].kind == "constant":
            return self.terms.operator("*", cotangent, self._power_slope(term), term.span)
        given = {**self._left_out(term.span), **dict(zip(row.parameters, term.children))}
        given[RESULT] = term
        slope = self._term(row_derivative(row, overload, position), given, term.span)
        return self._product(cotangent, slope)

    def _left_out(self, span: Span) -> dict[str, Term]:
        return {n: self.terms.constant(v, FLOAT, span) for n, v in LEFT_OUT.items()}

    def _product(self, cotangent: Term, slope: Term) -> Term:
        """Return a product; a factor that is one or zero by a condition becomes the condition."""
        if slope.kind == "select" and any(c.kind == "constant" for c in slope.children[1:]):
            condition, then, otherwise = slope.children
            sides = self._product(cotangent, then), self._product(cotangent, otherwise)
            return self.terms.select(condition, sides[0], sides[1], slope.span)
        return self.terms.operator("*", cotangent, slope, slope.span)

    def _term(self, node: nodes.Expr, given: Mapping[str, Term], span: Span) -> Term:
        """Return the derivative of a row, an expression over its parameters, as a term."""
        if isinstance(node, nodes.Constant):
            return self.terms.constant(node.value, node.type, span)
        if isinstance(node, nodes.Uniform):
            return given[node.name]
        parts = tuple(self._term(child, given, span) for child in children(node))
        match node:
            case nodes.Call():
                if node.type == FLOAT and len(parts) == 2 and node.row.symbol in ("+", "-", "*"):
                    return self.terms.operator(node.row.symbol, parts[0], parts[1], span)
                return self.terms.call(node.row, node.overload, parts, span)
            case nodes.Select():
                return self.terms.select(parts[0], parts[1], parts[2], span)
            case nodes.Logical():
                return self.terms.logical(node.operator, parts[0], parts[1], span)
            case nodes.Cast():
                return self.terms.cast(parts[0], node.type, span)
        raise InternalError(f"no term for {type(node).__name__}")

    def _through_division(self, cotangent: Term, term: Term, position: int) -> Term:
        """Return what reaches the dividend, or the divisor: ``g / y``, ``-g * (x / y) / y``."""
        divisor, span = term.children[1], term.span
        if position == 1:
            cotangent = self.terms.operator("*", self.terms.negative(cotangent), term, span)
        return self.terms.operator("/", cotangent, divisor, span)

    def _power_slope(self, term: Term) -> Term:
        """Return the derivative of a power with a constant exponent."""
        terms, span = self.terms, term.span
        row, overload = term.data
        base, exponent = term.children
        if exponent.value == 0.0:
            return terms.zero(span)
        less = terms.constant(exponent.value - 1.0, FLOAT, span)
        power = base if exponent.value == 2.0 else terms.call(row, overload, (base, less), span)
        if exponent.value == 1.0:
            power = terms.constant(1.0, FLOAT, span)
        return terms.operator("*", exponent, power, span)

    def _fail(self, span: Span, reason: str) -> NoReturn:
        raise_errors([self._refuse(span, reason)])
