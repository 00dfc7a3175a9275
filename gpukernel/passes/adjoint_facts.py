"""What is known of ints in an adjoint: which comparisons hold, and what they bound."""

from __future__ import annotations

from collections.abc import Mapping

from gpukernel.lang.operators import COMPARE, UNARY
from gpukernel.lang.types import INT
from gpukernel.passes.adjoint_terms import Sum, Term, Terms

_SYMBOLS = {COMPARE[symbol]: symbol for symbol in ("<", "<=", ">", ">=")}


class Facts:
    """Ranges of variables.

    Args:
        terms: makes terms.
        ranges: the least and the greatest value of variables; one made later comes later, and is
            bounded by those before.
    """

    def __init__(self, terms: Terms, ranges: Mapping[Term, tuple[Sum, Sum]]) -> None:
        self._terms = terms
        self._ranges = ranges

    def is_natural(self, total: Sum) -> bool:
        """Whether a sum is known to be 0 or above."""
        for var in reversed(list(self._ranges)):
            factor = total.factors.get(var, 0)
            if factor:
                bound = self._ranges[var][0 if factor > 0 else 1]
                total = total.without(var).plus(bound, factor)
        sizes = all(f > 0 and atom.kind == "extent" for atom, f in total.factors.items())
        return sizes and total.constant >= 0

    def decided(self, condition: Term) -> bool | None:
        """Return whether a comparison is known to hold or not."""
        total = self.natural(condition)
        if total is None:
            return None
        if self.is_natural(total):
            return True
        if self.is_natural(Sum({}, -1).plus(total, -1)):
            return False
        return None

    def natural(self, condition: Term) -> Sum | None:
        """Return what is 0 or above exactly if a comparison of ints by order holds, else None."""
        negated = condition.kind == "call" and condition.data[0] is UNARY["not"]
        if negated:
            condition = condition.children[0]
        if condition.kind != "call" or condition.data[0] not in _SYMBOLS:
            return None
        left, right = condition.children
        if left.type != INT:
            return None
        symbol = _SYMBOLS[condition.data[0]]
        low, high = (left, right) if symbol.startswith("<") else (right, left)
        strict = len(symbol) == 1
        if negated:
            low, high, strict = high, low, not strict
        return (
            self._terms.as_sum(high)
            .plus(self._terms.as_sum(low), -1)
            .plus(Sum({}, 1 if strict else 0), -1)
        )
