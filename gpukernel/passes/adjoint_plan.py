"""One way to turn a scatter into a gather: equations solved, and what is left put in order.

Of an equation one variable is computed, or becomes a loop over what solves the equation where
that is more than one value (remainders, clamped indices).  Iterations that do not exist are left
out by conditions, unless a factor of what is added is zero for them anyway: a read of an array
that is zero out of range.  (There the gradient is nan where another factor is infinite.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.types import FLOAT
from gpukernel.passes.adjoint_facts import Facts
from gpukernel.passes.adjoint_indices import Equation
from gpukernel.passes.adjoint_reverse import Loop
from gpukernel.passes.adjoint_terms import Sum, Term, Terms
from gpukernel.records import record

# Which solutions of an equation a plan is for.
ALL, ONE, BEYOND = "all", "one", "beyond"

# Rows whose value is finite for finite operands.
_FINITE = ("add", "subtract", "multiply", "negative", "positive", "tanh", "sin", "cos")


@record(frozen=True)
class Guard:
    """What follows counts only if the condition holds."""

    condition: Term


@record(frozen=True)
class Let:
    """A variable that follows from others."""

    var: Term
    value: Term


Step = Union[Guard, Let, Loop]


@record(frozen=True)
class Gather:
    """What one read adds to one element: ``value`` at the end of every way through the steps."""

    steps: tuple[Step, ...]
    value: Term


@record(frozen=True)
class Arrays:
    """What is known of arrays: their boundaries, and which have the axes of another one."""

    boundaries: Mapping[str, str]
    like: Mapping[str, str]


class Plan:
    """One choice of what is solved for what.

    Args:
        terms: makes terms.
        value: what every iteration adds.
        loops: the iterations.
        wanted: the variables that equations are to be solved for.
        arrays: what is known of all arrays.
        facts: what is known of the positions.

    Attributes:
        conditions: what must hold for an iteration to count.
        sizes: those of them that equations solved for `ONE` solution stand under.
    """

    def __init__(
        self,
        terms: Terms,
        value: Term,
        loops: Sequence[Loop],
        wanted: set[Term],
        arrays: Arrays,
        facts: Facts,
    ) -> None:
        self.terms = terms
        self.value = value
        self.loops = list(loops)
        self.conditions: list[Term] = []
        self.sizes: list[Term] = []
        self._wanted = wanted  # the variables that equations are solved for
        self._arrays = arrays
        self._facts = facts  # about the positions
        self._strided: dict[Term, Loop] = {}
        self._solved: dict[Term, Term] = {}
        self._lets: list[Let] = []

    # ------------------------------------------------------------ solving

    def solve(self, equation: Equation, var: Term | None, part: str = ALL) -> bool:
        """Solve an equation for a variable, or for none; False if that cannot be done.

        Args:
            equation: that an index is a position.
            var: what to solve it for; for None it becomes a condition.
            part: `ALL`, or which of the solutions to take where there may be several: the `ONE`
                inside the array, or those `BEYOND` an edge.
        """
        total = self._known(equation.total)
        if var is None:
            self._test(total, equation)
            return True
        factor = total.factors.get(var, 0)
        loop = self._loop(var)
        if factor == 0 or loop is None or var in self._strided:
            return False
        rest = total.without(var)
        if any(var in atom.free for atom in rest.factors):
            return False  # inside the remainder that another variable became
        if equation.modulus is not None and abs(factor) != 1:
            return False
        if equation.modulus is not None:
            choose = self._wrap if part == ONE else self._stride
            return choose(loop, rest.times(-factor), equation.modulus)
        if equation.edge is not None and part != ONE:
            choose_edge = self._clamp if part == ALL else self._beyond
            return choose_edge(loop, rest, factor, equation.edge)
        if not _is_countable(loop) or (part == ONE and abs(factor) != 1):
            return False
        self.loops = [other for other in self.loops if other is not loop]
        if abs(factor) == 1:
            self._substitute(var, self.terms.from_sum(rest.times(-factor), var.span))
        else:
            self._divide(var, rest, factor)
        self._limit(loop, var)
        return True

    def _known(self, total: Sum) -> Sum:
        term = self.terms.from_sum(total, next(iter(total.factors)).span) if total.factors else None
        return self.terms.as_sum(self.terms.substitute(term, self._solved)) if term else total

    def _loop(self, var: Term) -> Loop | None:
        return next((loop for loop in self.loops if loop.var is var), None)

    def _test(self, total: Sum, equation: Equation) -> None:
        """Make an equation that determines nothing a condition."""
        terms, span = self.terms, self.value.span
        condition = terms.is_zero(total, span)
        if equation.modulus is not None:
            rest = terms.operator("%", terms.from_sum(total, span), equation.modulus, span)
            condition = terms.operator("==", rest, terms.whole(0, span), span)
        if equation.edge is not None:
            for is_edge, side in zip(equation.edge, (-1, 1)):
                beyond = terms.natural(total.times(side), span)
                beyond = terms.logical("and", is_edge, beyond, span)
                condition = terms.logical("or", condition, beyond, span)
        self.conditions.append(condition)

    def _substitute(self, var: Term, value: Term) -> None:
        for other, old in self._solved.items():
            self._solved[other] = self.terms.substitute(old, {var: value})
        self._solved[var] = value

    def _divide(self, var: Term, rest: Sum, factor: int) -> None:
        """Set ``var`` to ``-rest / factor`` where that is whole."""
        size, span = abs(factor), var.span
        dividend = rest.times(-1 if factor > 0 else 1)
        divisor = self.terms.whole(size, span)
        value = self.terms.operator("//", self.terms.from_sum(dividend, span), divisor, span)
        self._lets.append(Let(var, value))
        taken = self._wanted | self._strided.keys()
        for loop in (other for other in self.loops if other.var not in taken):
            sign = dividend.factors.get(loop.var, 0)
            target = dividend.without(loop.var).times(-sign)
            if abs(sign) == 1 and self._stride(loop, target, divisor):
                return
        self._test(dividend, Equation(dividend, divisor))

    def _stride(self, loop: Loop, target: Sum, modulus: Term) -> bool:
        """Let a loop run over the values that are ``target`` modulo something."""
        if loop.stop is None or not loop.step.is_constant(1):
            return False
        span = loop.var.span
        away = target.plus(self.terms.as_sum(loop.start), -1)
        first = self._remainder(away, modulus, modulus)
        start = self.terms.operator("+", loop.start, first, span)
        self._strided[loop.var] = Loop(loop.var, start, loop.stop, modulus)
        return True

    def _clamp(self, loop: Loop, rest: Sum, factor: int, edge: tuple[Term, Term]) -> bool:
        """Let a loop run over what gives a position: one value, or all beyond an edge."""
        if loop.stop is None or not loop.step.is_constant(1):
            return False
        span, terms = loop.var.span, self.terms
        divisor = terms.whole(abs(factor), span)
        exact = terms.from_sum(rest.times(-1 if factor > 0 else 1), span)
        opposite = terms.negative(exact)
        # The least and the greatest value: the quotient rounded up, and down.
        least = terms.negative(terms.operator("//", opposite, divisor, span))
        greatest = terms.operator("//", exact, divisor, span)
        after = terms.operator("+", greatest, terms.whole(1, span), span)
        if abs(factor) == 1:
            least, after = exact, terms.operator("+", exact, terms.whole(1, span), span)
        low, high = edge if factor > 0 else edge[::-1]
        start = terms.select(low, loop.start, terms.larger(loop.start, least), span)
        stop = terms.select(high, loop.stop, terms.smaller(loop.stop, after), span)
        self._strided[loop.var] = Loop(loop.var, start, stop, loop.step)
        return True

    def _remainder(self, total: Sum, modulus: Term, written: Term) -> Term:
        """Return a sum modulo a size, which is ``written`` like an equal one."""
        value = self.terms.from_sum(total, modulus.span)
        below = self.terms.as_sum(modulus).plus(total, -1).plus(Sum({}, -1))
        if self._facts.is_natural(total) and self._facts.is_natural(below):
            return value
        return self.terms.operator("%", value, written, modulus.span)

    def _wrap(self, loop: Loop, target: Sum, modulus: Term) -> bool:
        """Solve for a variable that runs once around: only where sizes are equal."""
        if loop.stop is None or loop.stop.kind != "extent":
            return False
        if not (loop.start.is_constant(0) and loop.step.is_constant(1)):
            return False
        span = loop.var.span
        if loop.stop is not modulus:
            self.sizes.append(self.terms.operator("==", loop.stop, modulus, span))
            self.conditions.append(self.sizes[-1])
        value = self._remainder(target, modulus, loop.stop)
        self.loops = [other for other in self.loops if other is not loop]
        self._substitute(loop.var, value)
        return True

    def _beyond(self, loop: Loop, rest: Sum, factor: int, edge: tuple[Term, Term]) -> bool:
        """Let a loop run over what is clamped to a position from outside."""
        if loop.stop is None or not loop.step.is_constant(1) or abs(factor) != 1:
            return False
        span, terms = loop.var.span, self.terms
        inside = rest.times(-factor)
        low, high = edge if factor > 0 else edge[::-1]
        after = terms.from_sum(inside.plus(Sum({}, 1)), span)
        start = terms.select(low, loop.start, terms.larger(loop.start, after), span)
        value = terms.from_sum(inside, span)
        stop = terms.select(high, loop.stop, terms.smaller(loop.stop, value), span)
        self._strided[loop.var] = Loop(loop.var, start, stop, loop.step)
        self.conditions.append(terms.logical("or", low, high, span))
        self.conditions.append(terms.operator("!=", loop.var, value, span))
        return True

    def _limit(self, loop: Loop, var: Term) -> None:
        """Add the conditions for a solved variable to be a value that its loop has."""
        if loop.stop is None:
            return
        span, step = var.span, loop.step.value
        below, above = self._vanishes(loop)
        sign = 1 if step > 0 else -1
        value = Sum({var: sign}, 0)
        since = value.plus(self.terms.as_sum(loop.start), -sign)
        until = self.terms.as_sum(loop.stop).times(sign).plus(value, -1).plus(Sum({}, -1))
        if not below:
            self.conditions.append(self.terms.natural(since, span))
        if not above:
            self.conditions.append(self.terms.natural(until, span))
        if abs(step) != 1:
            away = self.terms.operator("-", var, loop.start, span)
            size = self.terms.whole(abs(step), span)
            rest = self.terms.operator("%", away, size, span)
            self.conditions.append(self.terms.operator("==", rest, self.terms.whole(0, span), span))

    def _vanishes(self, loop: Loop) -> tuple[bool, bool]:
        """Whether the value is zero for a variable below its range, and above."""
        factors = _factors(self.value)
        if not loop.start.is_constant(0) or not loop.step.is_constant(1):
            return False, False
        if not all(map(_is_finite, factors)):
            return False, False
        below = above = False
        for factor in factors:
            if factor.kind != "load" or self._arrays.boundaries[factor.data] != "zero":
                continue
            like = self._arrays.like.get(factor.data, factor.data)
            for axis in (a for a, index in enumerate(factor.children) if index is loop.var):
                below = True
                above = above or loop.stop is self.terms.extent(like, axis, factor.span)
        return below, above

    # ------------------------------------------------------------ ordering

    def known_loops(self) -> list[Loop]:
        """Return the loops that are left, their bounds without what was solved."""
        found = []
        for loop in self.loops:
            bounds = (loop.start, loop.stop or loop.start, loop.step)
            start, stop, step = (self.terms.substitute(b, self._solved) for b in bounds)
            found.append(Loop(loop.var, start, stop if loop.stop else None, step))
        return found

    def is_impossible(self, facts: Facts) -> bool:
        """Whether a condition never holds."""
        self.conditions = [self.terms.substitute(c, self._solved) for c in self.conditions]
        decided = [(c, facts.decided(c)) for c in self.conditions]
        self.conditions = [c for c, holds in dict(decided).items() if not _is_true(c, holds)]
        return any(holds is False or c.is_constant(False) for c, holds in decided)

    def scheduled(self, facts: Facts, known: set[Term]) -> Gather | None:
        """Return the gather, its steps as early as they can be; None if they need each other."""
        if any(loop.stop is None for loop in self.loops):
            return None
        steps: list[Step] = []
        lets = [Let(x.var, self.terms.substitute(x.value, self._solved)) for x in self._lets]
        self.loops = [self._strided.get(loop.var, loop) for loop in self.loops]
        loops = sorted(self.known_loops(), key=lambda loop: self._contiguous(loop.var))
        conditions = list(self.conditions)
        while True:
            ready = [c for c in conditions if c.free <= known]
            steps += map(Guard, ready)
            conditions = [c for c in conditions if c not in ready]
            let = next((x for x in lets if x.value.free <= known), None)
            if let is not None:
                steps.append(let)
                lets.remove(let)
                known.add(let.var)
                continue
            free = next((x for x in loops if _bounds(x) <= known), None)
            if free is None:
                break
            loops.remove(free)
            steps.append(self._tightened(free, conditions, facts, known))
            known.add(free.var)
        if loops or lets or conditions:
            return None
        return Gather(tuple(steps), self.terms.substitute(self.value, self._solved))

    def _contiguous(self, var: Term) -> int:
        """Return how many reads a variable moves along their last axis: its loop is inner."""
        pending, seen, count = [self.value], {self.value}, 0
        while pending:
            term = pending.pop()
            if term.kind == "load":
                count += var in term.children[-1].free
            fresh = [child for child in term.children if child not in seen]
            seen.update(fresh)
            pending += fresh
        return count

    def _tightened(
        self, loop: Loop, conditions: list[Term], facts: Facts, known: set[Term]
    ) -> Loop:
        """Return a loop without the iterations that conditions, which are removed, leave out."""
        assert loop.stop is not None
        start, stop = loop.start, loop.stop
        if not loop.step.is_constant(1):
            return loop
        for condition in [c for c in conditions if c.free <= known | {loop.var}]:
            total = facts.natural(condition)
            factor = total.factors.get(loop.var, 0) if total is not None else 0
            if total is None or abs(factor) != 1:
                continue
            rest = total.without(loop.var)
            if any(loop.var in atom.free for atom in rest.factors):
                continue
            conditions.remove(condition)
            if factor > 0:
                start = self._extreme(start, rest.times(-1), facts, is_largest=True)
            else:
                stop = self._extreme(stop, rest.plus(Sum({}, 1)), facts, is_largest=False)
        return Loop(loop.var, start, stop, loop.step)

    def _extreme(self, bound: Term, other: Sum, facts: Facts, *, is_largest: bool) -> Term:
        """Return the larger or smaller of two bounds."""
        sign = 1 if is_largest else -1
        away = other.plus(self.terms.as_sum(bound), -1).times(sign)
        if facts.is_natural(away):
            return self.terms.from_sum(other, bound.span)
        if facts.is_natural(away.times(-1)):
            return bound
        value = self.terms.from_sum(other, bound.span)
        return self.terms.larger(bound, value) if is_largest else self.terms.smaller(bound, value)


def _is_true(condition: Term, decided: bool | None) -> bool:
    return decided is True or condition.is_constant(True)


def _is_countable(loop: Loop) -> bool:
    """Whether it can be said of a value whether a loop has it."""
    return loop.stop is None or (loop.step.kind == "constant" and loop.step.value != 0)


def _bounds(loop: Loop) -> frozenset[Term]:
    """Return what the bounds of a loop depend on."""
    assert loop.stop is not None
    return loop.start.free | loop.stop.free | loop.step.free


def _factors(value: Term) -> list[Term]:
    """Return the factors of a product, each once."""
    found: dict[Term, None] = {}
    pending, seen = [value], {value}
    while pending:
        term = pending.pop()
        is_product = term.kind == "call" and term.data[0] in (BINARY["*"], UNARY["-"])
        if is_product and term.type == FLOAT:
            fresh = [child for child in term.children if child not in seen]
            seen.update(fresh)
            pending += fresh
        else:
            found[term] = None
    return list(found)


def _is_finite(value: Term) -> bool:
    """Whether a term is finite as long as what it reads is."""
    pending, seen = [value], {value}
    while pending:
        term = pending.pop()
        if term.type != FLOAT:
            continue
        if term.kind == "call" and term.data[0].name not in _FINITE:
            return False
        fresh = [child for child in term.children if child not in seen]
        seen.update(fresh)
        pending += fresh
    return True
