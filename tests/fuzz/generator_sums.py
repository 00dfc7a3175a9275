"""Random sums over the axes of arrays, as in products of matrices and in filters.

They are the loops that a compiler writes out, and of which it computes several rows at once.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import ArrayType, whole
from tests.fuzz.generator_expressions import int_literal
from tests.fuzz.generator_loops import Loops
from tests.fuzz.generator_statements import DEEPEST, is_leave
from tests.fuzz.program import Clause, Compound, Expr, Line, Statement

LONGEST = 64  # of an axis that is summed over


class Sums(Loops):
    """Adds the statement of ``sums``."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        self.same_rows = False  # whether all rows run the same code, so that some run at once
        if "sums" in features:
            self.statements += [self.sum_over] * 2

    def sum_over(self, depth: int) -> Statement | None:
        """``for k in range(a.shape[1]): total += a[i, k] * b[k, j]`` and the like."""
        arrays = [(n, t) for n, t in self.scope.arrays() if t.element.kind in ("int", "float")]
        if not arrays or depth >= DEEPEST:
            return None
        name, array = self.random.choice(arrays)
        axes = self.random.sample(
            range(len(array.shape)), min(len(array.shape), self.choose(1, 1, 2))
        )
        turns = 1
        for axis in axes:
            turns *= array.shape[axis]
        if turns > LONGEST or not self.scope.may_loop(turns):
            return None
        counters = {axis: self.fresh("k") for axis in axes}
        with self.scope.block(turns):
            for axis, counter in counters.items():
                self.scope.variables[counter] = whole(0, array.shape[axis] - 1)
                self.scope.constant.add(counter)
            body = self.others(depth + len(axes))
            if body and is_leave(body[-1]):
                return None
            term = self.term(name, array, counters)
            guard = self.guard() if self.chance(0.25) else None
        return self.accumulated(name, counters, body, term, guard, turns)

    def accumulated(
        self,
        name: str,
        counters: dict[int, str],
        body: tuple[Statement, ...],
        term: Expr,
        guard: Expr | None,
        turns: int,
    ) -> Statement | None:
        """Return the loops that add up a term, None where the sum is no exact number."""
        found = domains.multiply(term.domain, int_literal(turns).domain)
        found = found and domains.hull(found, replace(found, low=0, high=0))
        if found is None or not found.is_exact:
            return None
        total = self.fresh("sum_")
        style = self.choose(
            "{t} += {{0}}", "{t} += {{0}}", "{t} = {t} + {{0}}", "{t} = max({{0}}, {t})"
        )
        line: Statement = Line(style.format(t=total), (term,))
        if guard is not None:
            line = Compound((Clause("if {0}:", (guard,), (line,)),))
        body = (*body, line) if self.chance(0.7) else (line, *body)
        for axis, counter in counters.items():
            size = self.choose(f"{name}.shape[{axis}]", f"0, {name}.shape[{axis}]")
            body = (Compound((Clause(f"for {counter} in range({size}):", (), body),)),)
        (loop,) = body
        assert isinstance(loop, Compound)
        self.scope.variables[total] = replace(found, nonzero=False)
        return replace(loop, before=f"{total} = {'0.0' if found.kind == 'float' else '0'}")

    def others(self, depth: int) -> tuple[Statement, ...]:
        """Return other statements of the loop; often the same for all rows."""
        if self.chance(0.6) or depth >= DEEPEST:
            return ()
        with self.scope.block():
            if self.same_rows or self.chance(0.6):
                self.hide(self.axes[:-1])
            return self.block(depth, 2)

    def guard(self) -> Expr:
        with self.scope.block():
            if self.same_rows or self.chance(0.6):
                self.hide(self.axes[:-1])
            return self.condition(1)

    def hide(self, axes: list[str]) -> None:
        """Forget some indices of the cell, and what may be made of them."""
        kept = {
            name: kind
            for name, kind in self.scope.variables.items()
            if isinstance(kind, ArrayType) or name in self.scope.constant
        }
        self.scope.variables = {n: t for n, t in kept.items() if n not in axes}

    def term(self, name: str, array: ArrayType, counters: dict[int, str]) -> Expr:
        """Return what is added up: an element, or a product with others."""
        found = self.summand(name, array, counters)
        for _ in range(self.choose(0, 1, 1, 2)):
            others = [(n, t) for n, t in self.scope.arrays() if t.element.kind in ("int", "float")]
            with self.scope.block():
                self.hide(self.choose([], self.axes[:-1], self.axes[:-1], self.axes))
                other = self.summand(*self.random.choice(others), {})
            product = domains.multiply(found.domain, other.domain)
            if product is not None and not product.is_wrapping:
                found = Expr("{0} * {1}", product, (found, other))
        return found

    def summand(self, name: str, array: ArrayType, counters: dict[int, str]) -> Expr:
        """Return an element of an array; of others than the one summed over, mostly near a loop."""
        indices = tuple(
            self.variable(counters[axis])
            if axis in counters and self.chance(0.8)
            else self.index(extent, 1, f"{name}.shape[{axis}]")
            for axis, extent in enumerate(array.shape)
        )
        places = ", ".join(f"{{{n}}}" for n in range(len(indices)))
        return Expr(f"{name}[{places}]", array.element, indices)
