"""The scatter of a derivative turned into a gather.

A read adds to the element at its index.  Seen from one element, the iterations that read it are
the solutions of the equations ``index == position``: some iteration variables follow from the
position and the others, which become the loops of the gather (see `adjoint_plan`).  Which
variables are solved for is chosen here: those of the grid first, since they run furthest.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from gpukernel.errors import Diagnostic, Span, raise_errors
from gpukernel.passes.adjoint_facts import Facts
from gpukernel.passes.adjoint_indices import Case, Equation, Indices
from gpukernel.passes.adjoint_plan import ALL, BEYOND, ONE, Arrays, Gather, Plan
from gpukernel.passes.adjoint_reverse import Contribution, Loop
from gpukernel.passes.adjoint_terms import Sum, Term, Terms

_GUARD_ONLY = 1000  # what it costs to solve an equation for nothing, and test it instead


class Gathers:
    """Turns contributions to one array into gathers.

    Args:
        terms: makes terms.
        array: the array's name.
        positions: the variables that are the element's position.
        arrays: what is known of all arrays.
        refuse: makes the diagnostic for a read that cannot be inverted: a span and a reason.
    """

    def __init__(
        self,
        terms: Terms,
        array: str,
        positions: Sequence[Term],
        arrays: Arrays,
        refuse: Callable[[Span, str], Diagnostic],
    ) -> None:
        self.terms = terms
        self._array = array
        self._positions = tuple(positions)
        self._arrays = arrays
        self._refuse = refuse
        self._indices = Indices(terms, array, arrays.boundaries[array], refuse)

    def of(self, contribution: Contribution) -> list[Gather]:
        """Return the gathers of a contribution.

        Raises:
            KernelTypeError: an index cannot be solved for the iteration.
        """
        found: list[Gather] = []
        for case in self._indices.cases(contribution):
            found += self._of_case(case, contribution.span)
        return found

    def _of_case(self, case: Case, span: Span) -> list[Gather]:
        """Return the gathers of a case: none where no iteration can reach an element."""
        equations, loops, conditions = self._indices.equations(case, self._positions)
        case = replace(case, loops=tuple(loops), conditions=tuple(conditions))
        for chosen in _choices(equations, loops):
            for parts in (_split(equations, chosen), [(ALL,) * len(equations)]):
                found = self._planned(case, equations, chosen, parts)
                if found is not None:
                    return found
        self._fail(span, "its index cannot be solved for the iteration that reads it")

    def _planned(
        self,
        case: Case,
        equations: Sequence[Equation],
        chosen: Sequence[Term | None],
        parts: Sequence[tuple[str, ...]],
    ) -> list[Gather] | None:
        """Return a gather for each of the parts that the solutions are divided into."""
        gathers: list[Gather] = []
        wanted = {var for var in chosen if var is not None}
        others: Term | None = None  # where what has been planned does not hold
        for part in parts:
            facts = Facts(self.terms, self._ranges(()))
            plan = Plan(self.terms, case.value, case.loops, wanted, self._arrays, facts)
            plan.conditions += case.conditions
            if others is not None:
                plan.conditions.append(others)
            if not all(plan.solve(*given) for given in zip(equations, chosen, part)):
                return None
            for size in plan.sizes:
                differs = self.terms.invert(size)
                either = others and self.terms.logical("or", others, differs, differs.span)
                others = either or differs
            facts = Facts(self.terms, self._ranges(plan.known_loops()))
            if not plan.is_impossible(facts):
                gather = plan.scheduled(facts, set(self._positions))
                if gather is None:
                    return None
                gathers.append(gather)
            if others is None and parts[-1] == (ALL,) * len(part):
                break  # nothing is left for the other part: sizes are always equal
        return gathers

    def _ranges(self, loops: Sequence[Loop]) -> dict[Term, tuple[Sum, Sum]]:
        """Return the least and the greatest value of the positions and of loop variables."""
        ranges: dict[Term, tuple[Sum, Sum]] = {}
        for axis, position in enumerate(self._positions):
            extent = self.terms.extent(self._array, axis, position.span)
            ranges[position] = Sum({}, 0), Sum({extent: 1}, -1)
        for loop in loops:
            if loop.stop is not None and loop.step.kind == "constant" and loop.step.value > 0:
                stop = self.terms.as_sum(loop.stop)
                ranges[loop.var] = self.terms.as_sum(loop.start), stop.plus(Sum({}, -1))
        return ranges

    def _fail(self, span: Span, reason: str) -> NoReturn:
        raise_errors([self._refuse(span, reason)])


def number_gathers(contribution: Contribution, cell: Mapping[Term, Term]) -> Gather:
    """Return what one cell adds to the gradient of a number, all its loops run.

    Args:
        contribution: what reaches a read of the number.
        cell: the variables of the grid, which are given.
    """
    loops = tuple(loop for loop in contribution.loops if loop.var not in cell)
    return Gather(loops, contribution.value)


def _choices(
    equations: Sequence[Equation], loops: Sequence[Loop]
) -> Iterator[tuple[Term | None, ...]]:
    """Yield for which variable each equation could be solved, the best choices first."""
    options: list[list[tuple[int, Term | None]]] = []
    for equation in equations:
        found: list[tuple[int, Term | None]] = [(_GUARD_ONLY, None)]
        for loop in loops:
            factor = equation.total.factors.get(loop.var, 0)
            if factor and not (equation.modulus is not None and abs(factor) != 1):
                found.append((_cost(loop, factor), loop.var))
        if not any(var is not None for _, var in found):
            found = [(0, None)]
        options.append(found)
    ways = [
        way
        for way in itertools.product(*options)
        if len({var for _, var in way if var}) == sum(var is not None for _, var in way)
    ]
    for way in sorted(ways, key=lambda w: sum(cost for cost, _ in w)):
        yield tuple(var for _, var in way)


def _split(equations: Sequence[Equation], chosen: Sequence[Term | None]) -> list[tuple[str, ...]]:
    """Return how to divide the solutions, so that most elements have few iterations to run.

    Clamped indices have one solution inside, and others at the edges.  For remainders the first
    part is for equal sizes, and what follows for all others.
    """
    solved = [equation if var is not None else None for equation, var in zip(equations, chosen)]
    moduli = [e.modulus if e is not None else None for e in solved]
    if any(modulus is not None and modulus.kind == "extent" for modulus in moduli):
        return [tuple(ONE if m is not None else ALL for m in moduli), (ALL,) * len(moduli)]
    options = [(ONE, BEYOND) if e is not None and e.edge is not None else (ALL,) for e in solved]
    return list(itertools.product(*options))


def _cost(loop: Loop, factor: int) -> int:
    """Return how little is won by solving for a variable: the grid is larger than other loops."""
    if loop.stop is None:
        return 0
    return (0 if loop.var.kind == "grid" else 2) + (abs(factor) != 1)
