"""Indices that are sums over the grid index, and what all lanes share of them.

In: the index expressions of a load.  Out: for each of them multiples of components of the grid
index, and a rest.  The factors and the rests are numbers that all lanes share, nearly always, but
that may be others each time: launch scalars, sizes, counters of loops.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpukernel.ir import nodes, walk
from gpukernel.ir.affine import Affine, affine, int_call, sum_of, to_expr
from gpukernel.ir.constants import round_to
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import INT
from gpukernel.records import record
from gpukernel.runtime.interpreter_facts import depends_on_grid
from gpukernel.runtime.interpreter_windows import Line, Steps

_PRODUCT = BINARY["*"].overload([INT, INT])


@record(frozen=True)
class Term:
    """``multiple * index(axis)``, and times ``factor`` where there is one."""

    axis: int  # counted from the last
    multiple: int
    factor: nodes.Expr | None


@record(frozen=True)
class Sum:
    """An index: terms, and a rest that all lanes share."""

    terms: tuple[Term, ...]
    rest: nodes.Expr

    @property
    def factors(self) -> tuple[nodes.Expr, ...]:
        return tuple(term.factor for term in self.terms if term.factor is not None)

    def steps(self, factors: Sequence[int]) -> Steps:
        """Return the step along each axis where the factors are these numbers."""
        numbers = iter(factors)
        steps: dict[int, int] = {}
        for term in self.terms:
            factor = 1 if term.factor is None else next(numbers)
            steps[term.axis] = steps.get(term.axis, 0) + term.multiple * factor
        wrapped = ((axis, int(round_to(step, INT))) for axis, step in steps.items())
        return tuple((axis, step) for axis, step in wrapped if step)


def line(steps: Steps, start: Sequence[int], rest: int) -> Line:
    """Return an index in a block that begins at ``start``."""
    return Line(rest + sum(step * start[axis] for axis, step in steps), steps)


def find_sums(indices: Sequence[nodes.Expr], grid_rank: int) -> tuple[Sum, ...] | None:
    """Return the indices as sums, or None if no index is one over the grid index."""
    if any(_does_more(index) for index in indices):
        return None
    sums = [_find_sum(index, grid_rank) for index in indices]
    found = tuple(each for each in sums if each is not None)
    is_useful = len(found) == len(sums) and any(each.terms for each in found)
    return found if is_useful else None


def _does_more(node: nodes.Expr) -> bool:
    return any(isinstance(e, (nodes.Bind, nodes.Invoke)) for e in walk.subexpressions(node))


def _find_sum(index: nodes.Expr, grid_rank: int) -> Sum | None:
    whole = affine(index)
    terms: list[Term] = []
    rests = [(Affine((), whole.constant), 1)]
    for atom, multiple in whole.terms:
        side, factor = _as_product(atom)
        inner = affine(side)
        if any(depends_on_grid(a) and not isinstance(a, nodes.GridIndex) for a, _ in inner.terms):
            return None
        for part, count in inner.terms:
            if isinstance(part, nodes.GridIndex):
                terms.append(Term(part.axis - grid_rank, multiple * count, factor))
            else:
                rests.append((_times(part, factor, index), multiple * count))
        if inner.constant:
            one = nodes.Constant(inner.constant, INT, index.span)
            rests.append((_times(one, factor, index), multiple))
    return Sum(tuple(terms), to_expr(sum_of(rests), index.span))


def _as_product(atom: nodes.Expr) -> tuple[nodes.Expr, nodes.Expr | None]:
    """Return what depends on the grid index, and the factor of that."""
    if isinstance(atom, nodes.Call) and atom.overload is _PRODUCT and depends_on_grid(atom):
        left, right = atom.arguments
        if not depends_on_grid(right):
            return left, right
        if not depends_on_grid(left):
            return right, left
    return atom, None


def _times(part: nodes.Expr, factor: nodes.Expr | None, index: nodes.Expr) -> Affine:
    if factor is None:
        return affine(part) if isinstance(part, nodes.Constant) else Affine(((part, 1),), 0)
    return affine(int_call("*", part, factor, index.span))
