"""Indices of reads as equations: which iterations read the element at a given position.

An index that is a choice (`select`, ``min``, ``max``, a boundary that clamps) gives several
`Case`s, each with its condition; the index of a case is then a sum of multiples of the iteration
variables, or the remainder of one, and the position that it reads gives an `Equation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from gpukernel.errors import Diagnostic, Span, raise_errors
from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.types import BOOL, INT
from gpukernel.passes.adjoint_reverse import Contribution, Loop
from gpukernel.passes.adjoint_terms import Sum, Term, Terms
from gpukernel.records import record

MAX_CASES = 64  # of one read


@record(frozen=True)
class Case:
    """A contribution where all of some conditions hold; its indices choose nothing."""

    value: Term
    indices: tuple[Term, ...]
    conditions: tuple[Term, ...]
    loops: tuple[Loop, ...]


@record(frozen=True)
class Equation:
    """``total == 0``, or with a modulus that ``total`` is a multiple of it.

    With an ``edge``, which is (whether the position is the first one, whether it is the last one),
    ``total`` may also be below 0 at the first position, and above 0 at the last one.
    """

    total: Sum
    modulus: Term | None = None
    edge: tuple[Term, Term] | None = None


class Indices:
    """Cases and equations of reads of one array.

    Args:
        terms: makes terms.
        array: the array's name.
        boundary: what an index out of range reads.
        refuse: makes the diagnostic for an index that cannot be inverted: a span and a reason.
    """

    def __init__(
        self, terms: Terms, array: str, boundary: str, refuse: Callable[[Span, str], Diagnostic]
    ) -> None:
        self.terms = terms
        self._array = array
        self._boundary = boundary
        self._refuse = refuse

    def cases(self, contribution: Contribution) -> list[Case]:
        """Return the cases of a contribution; values that are zero by a condition are left out.

        Raises:
            KernelTypeError: there are too many.
        """
        value, conditions = self._peeled(contribution.value)
        indices = tuple(
            self._inside(self._without_minima(index), axis)
            for axis, index in enumerate(contribution.indices)
        )
        pending = [Case(value, indices, conditions, contribution.loops)]
        found: list[Case] = []
        while pending:
            case = pending.pop()
            choice = next((s for index in case.indices for s in _choices(index)), None)
            if choice is None:
                found.append(case)
            else:
                pending += self._split(case, choice)
            if len(found) + len(pending) > MAX_CASES:
                reason = f"its index chooses between more than {MAX_CASES} places"
                raise_errors([self._refuse(contribution.span, reason)])
        return found[::-1]

    def _peeled(self, value: Term) -> tuple[Term, tuple[Term, ...]]:
        """Take off the conditions under which a value is not zero."""
        conditions: list[Term] = []
        while value.kind == "select":
            condition, then, otherwise = value.children
            if otherwise.is_constant(0.0):
                conditions += self.conjuncts(condition)
                value = then
            elif then.is_constant(0.0):
                conditions += self.conjuncts(self.terms.invert(condition))
                value = otherwise
            else:
                break
        return value, tuple(conditions)

    def conjuncts(self, condition: Term) -> Iterator[Term]:
        """Yield conditions that hold together exactly if one does."""
        negated = condition.kind == "call" and condition.data[0] is UNARY["not"]
        inner = condition.children[0] if negated else condition
        if inner.kind == "logical" and inner.data == ("or" if negated else "and"):
            for part in inner.children:
                yield from self.conjuncts(self.terms.invert(part) if negated else part)
        else:
            yield condition

    def _split(self, case: Case, choice: Term) -> list[Case]:
        """Return the case where a choice takes its first side, and that where its second."""
        condition = choice.children[0]
        found = []
        for side, holds in ((1, condition), (2, self.terms.invert(condition))):
            indices = tuple(
                self._with(index, choice, choice.children[side]) for index in case.indices
            )
            conditions = (*case.conditions, *self.conjuncts(holds))
            found.append(Case(case.value, indices, conditions, case.loops))
        return found

    def _with(self, term: Term, old: Term, new: Term) -> Term:
        """Return a term with ``new`` in the place of ``old``."""
        if term is old:
            return new
        children = tuple(self._with(child, old, new) for child in term.children)
        if all(a is b for a, b in zip(children, term.children)):
            return term
        return self.terms.rebuild(term, children)

    def _inside(self, index: Term, axis: int) -> Term:
        """Return the element that is read along an axis, unless the boundary clamps."""
        terms, span = self.terms, index.span
        extent = terms.extent(self._array, axis, span)
        if self._boundary == "wrap":
            return terms.operator("%", index, extent, span)
        if self._boundary == "reflect":
            twice = terms.as_sum(extent).times(2).plus(Sum({}, -2))
            period = terms.larger(terms.from_sum(twice, span), terms.whole(1, span))
            place = terms.operator("%", index, period, span)
            is_first = terms.operator("<", place, extent, span)
            return terms.select(is_first, place, terms.operator("-", period, place, span), span)
        return index

    def _without_minima(self, term: Term) -> Term:
        """Return an index with ``min``, ``max`` and ``clamp`` of ints as choices."""
        children = tuple(map(self._without_minima, term.children))
        if any(a is not b for a, b in zip(children, term.children)):
            term = self.terms.rebuild(term, children)
        if term.kind != "call" or term.type != INT:
            return term
        name = term.data[0].name.removeprefix("np.")
        if name in ("min", "minimum", "max", "maximum"):
            symbol = "<=" if name.startswith("min") else ">="
            left, right = term.children
            return self._choose(symbol, left, right)
        if name in ("clamp", "clip"):
            value, low, high = term.children
            return self._choose("<=", self._choose(">=", value, low), high)
        return term

    def _choose(self, symbol: str, left: Term, right: Term) -> Term:
        condition = self.terms.operator(symbol, left, right, left.span)
        return self.terms.select(condition, left, right, left.span)

    # ------------------------------------------------------------ equations

    def equations(
        self, case: Case, positions: Sequence[Term]
    ) -> tuple[list[Equation], list[Loop], list[Term]]:
        """Return what holds where a case reads the element at ``positions``.

        Returns:
            The equations, the loops with those that had to be added, and all conditions.

        Raises:
            KernelTypeError: an index is no sum of multiples of the iteration variables.
        """
        loops, conditions = list(case.loops), list(case.conditions)
        equations: list[Equation] = []
        for axis, (index, position) in enumerate(zip(case.indices, positions)):
            total = self.terms.as_sum(index).plus(Sum({position: 1}, 0), -1)
            found = self._equations_of(total, loops, conditions)
            if self._boundary == "clamp":
                (only,) = found if len(found) == 1 and found[0].modulus is None else (None,)
                if only is None:
                    self._fail(index, "a quotient or remainder is combined with clamping")
                found = [Equation(total, None, self._edge(axis, position))]
            equations += found
        return equations, loops, conditions

    def _edge(self, axis: int, position: Term) -> tuple[Term, Term]:
        """Return whether a position is the first one along an axis, and the last one."""
        extent = self.terms.extent(self._array, axis, position.span)
        away = Sum({position: 1, extent: -1}, 1)
        first = self.terms.is_zero(Sum({position: 1}, 0), position.span)
        return first, self.terms.is_zero(away, position.span)

    def _equations_of(
        self, total: Sum, loops: list[Loop], conditions: list[Term]
    ) -> list[Equation]:
        """Return equations for ``total == 0`` in which all atoms that vary are variables."""
        unknown = {loop.var for loop in loops}
        odd = [a for a in total.factors if a not in unknown and not a.free.isdisjoint(unknown)]
        if not odd:
            return [Equation(total)]
        atom = odd[0]
        self._check_invertible(atom, unknown)
        inner, divisor = atom.children
        if atom.data[0] is BINARY["//"]:
            quotient = self.terms.leaf("var", "quotient", INT, atom.span)
            remainder = self.terms.leaf("var", "offset", INT, atom.span)
            zero, one = self.terms.whole(0, atom.span), self.terms.whole(1, atom.span)
            loops.append(Loop(quotient, zero, None, one))
            loops.append(Loop(remainder, zero, divisor, one))
            rest = total.without(atom).plus(Sum({quotient: total.factors[atom]}, 0))
            parts = Sum({quotient: int(divisor.value), remainder: 1}, 0)
            divided = self.terms.as_sum(inner).plus(parts, -1)
            return [
                *self._equations_of(divided, loops, conditions),
                *self._equations_of(rest, loops, conditions),
            ]
        rest, factor = total.without(atom), total.factors[atom]
        if abs(factor) != 1 or any(a in unknown for a in rest.factors) or len(odd) > 1:
            self._fail(atom, "a remainder is combined with other variables")
        residue = self.terms.from_sum(rest.times(-factor), atom.span)
        conditions[:] = [self._with(condition, atom, residue) for condition in conditions]
        value, end = self.terms.as_sum(residue), self.terms.as_sum(divisor)
        conditions.append(self.terms.natural(value, atom.span))
        conditions.append(self.terms.natural(end.plus(value, -1).plus(Sum({}, -1)), atom.span))
        congruent = self.terms.as_sum(inner).plus(self.terms.as_sum(residue), -1)
        if any(a not in unknown and not a.free.isdisjoint(unknown) for a in congruent.factors):
            self._fail(atom, "a remainder is taken of something that is no sum of variables")
        return [Equation(congruent, divisor)]

    def _check_invertible(self, atom: Term, unknown: set[Term]) -> None:
        """Raise KernelTypeError unless an atom is a quotient or remainder that can be solved."""
        if atom.kind == "call" and atom.data[0] in (BINARY["//"], BINARY["%"]):
            divisor = atom.children[1]
            if divisor.kind == "constant" and divisor.value > 0:
                return
            is_size = divisor.kind == "extent" or divisor.data == self.terms.larger_row
            if atom.data[0] is BINARY["%"] and is_size:
                return
        self._fail(atom, _reason(atom, unknown))

    def _fail(self, atom: Term, reason: str) -> NoReturn:
        raise_errors([self._refuse(atom.span, reason)])


def _choices(term: Term) -> Iterator[Term]:
    """Yield the choices in an index, those inside others later."""
    if term.type == BOOL:
        return
    if term.kind == "select":
        yield term
    if term.kind not in ("load", "sum"):
        for child in term.children:
            yield from _choices(child)


def _reason(atom: Term, unknown: set[Term]) -> str:
    """Return why an index with this part cannot be inverted."""
    if atom.kind == "load":
        return "its index is data, read from an array"
    if atom.kind == "sum":
        return "its index is counted in a loop"
    if atom.kind == "cast":
        return f"its index is converted from {atom.children[0].type}"
    if atom.kind != "call":
        return "its index is no sum of multiples of index() and loop variables"
    symbol = atom.data[0].symbol or atom.data[0].name
    if symbol == "*":
        varying = [c for c in atom.children if not c.free.isdisjoint(unknown)]
        if len(varying) == 1:
            return "its index is multiplied by a number that is not a constant"
        return "its index is a product of two variables"
    return f"its index uses `{symbol}`, which cannot be solved for the iteration"
