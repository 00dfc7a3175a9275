"""What the intervals of a program's ints are made of: closures over the facts of one launch.

Also what is known at one place of a program: the loops and conditions around it, and the variables
that have one value only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from gpukernel.ir import nodes
from gpukernel.ir.affine import Affine, key
from gpukernel.ir.variables import read_names
from gpukernel.ir.walk import expressions, rewrite, statements, subexpressions
from gpukernel.lang.types import INT_MAX, INT_MIN
from gpukernel.passes.intervals import EMPTY, FULL, Interval, inside_int32
from gpukernel.passes.propagate import is_index_expression
from gpukernel.records import record


class Facts:
    """What is known of one launch, and the intervals found for it so far."""

    __slots__ = ("grid", "known", "scalars", "shapes")

    def __init__(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> None:
        self.grid = grid
        self.shapes = shapes
        self.scalars = scalars
        self.known: dict[int, Interval] = {}  # of the variables, by their number


Range = Callable[[Facts], Interval]


@record(frozen=True)
class Constraint:
    """A comparison that holds: of some sum with ``limit``.

    It says something only if the two sides that are compared do not wrap.
    """

    symbol: str
    limit: Range
    sides: tuple[Range, Range]

    def narrow(self, found: Interval, facts: Facts) -> Interval:
        """Return the part of a range in which the comparison holds."""
        if any(low < INT_MIN or high > INT_MAX for low, high in (s(facts) for s in self.sides)):
            return found
        low, high = found
        first, last = self.limit(facts)
        if self.symbol == "!=":
            is_point = first == last
            return low + (is_point and low == first), high - (is_point and high == first)
        if self.symbol in ("<", "<=", "=="):
            high = min(high, last - (self.symbol == "<"))
        if self.symbol in (">", ">=", "=="):
            low = max(low, first + (self.symbol == ">"))
        return low, high


@record(frozen=True)
class Scope:
    """A function, the loops around the place that is looked at, and the conditions there."""

    function: nodes.Function
    fixed: Mapping[str, nodes.Expr]  # variables that have one value, and what it is
    counters: Mapping[str, Range] = field(default_factory=dict)  # of the loops around, only theirs
    loops: tuple[Range, ...] = ()
    trips: tuple[Range, ...] = ()  # of all loops around, also of those without a variable
    constraints: Mapping[Hashable, tuple[Constraint, ...]] = field(default_factory=dict)
    number: int = 0  # one for each set of constraints

    @property
    def name(self) -> str:
        return self.function.name

    def inside(self, name: str, counter: Range, is_own: bool) -> Scope:
        """Return the scope of a loop's body."""
        counters = {n: c for n, c in self.counters.items() if n != name}
        if is_own:
            counters[name] = counter
        return replace(self, counters=counters, loops=(*self.loops, counter))

    def is_steady(self, atom: nodes.Expr) -> bool:
        """Whether an atom keeps its value from a condition to the code that it decides about."""
        if isinstance(atom, nodes.Name):
            params = (param.name for param in self.function.params)
            return atom.name in self.counters or atom.name in params
        return isinstance(atom, nodes.GridIndex)


# ---------------------------------------------------------------- closures


def always(found: Interval) -> Range:
    """Return the closure of what is known before any launch."""
    return lambda facts: found


def leaf(node: nodes.Expr) -> Range:
    """Return the closure of an int that is not computed."""
    match node:
        case nodes.Constant():
            value = int(node.value)
            return always((value, value))
        case nodes.GridIndex(axis=axis):
            return lambda facts: (0, facts.grid[axis] - 1)
        case nodes.GridExtent(axis=axis):
            return lambda facts: (facts.grid[axis], facts.grid[axis])
        case nodes.Extent(array=array, axis=axis):
            return lambda facts: (facts.shapes[array][axis], facts.shapes[array][axis])
        case nodes.Uniform(name=name):
            return lambda facts: (facts.scalars[name], facts.scalars[name])
        case _:  # an element of a local list
            return always(FULL)


def applied(rule: Callable[..., Interval], operands: Sequence[Range]) -> Range:
    """Return the closure of a function of ints."""

    def closure(facts: Facts) -> Interval:
        found = [operand(facts) for operand in operands]
        return EMPTY if any(low > high for low, high in found) else rule(*found)

    return closure


def total_of(terms: Iterable[tuple[Range, int]]) -> Range:
    """Return the range of a sum of multiples, which may leave int32."""
    parts = tuple(terms)
    if len(parts) == 1 and parts[0][1] == 1:
        return parts[0][0]

    def closure(facts: Facts) -> Interval:
        low = high = 0
        for part, factor in parts:
            first, last = part(facts)
            if first > last:
                return EMPTY
            low += factor * (first if factor > 0 else last)
            high += factor * (last if factor > 0 else first)
        return low, high

    return closure


def wrapped(found: Interval) -> Interval:
    """Return the range of the int32 that holds an exact sum."""
    return EMPTY if found[0] > found[1] else inside_int32(*found)


def form_of(terms: Iterable[tuple[nodes.Expr, int]]) -> Hashable:
    """Return what is equal for equal sums."""
    return frozenset((key(atom), factor) for atom, factor in terms)


def is_huge(total: Affine) -> bool:
    """Whether a difference with another sum could wrap in its factors."""
    return any(abs(n) >= 2**30 for n in (total.constant, *(factor for _, factor in total.terms)))


def split(total: Affine) -> tuple[list[tuple[nodes.Expr, int]], Affine]:
    """Return the terms of a sum that vary from cell to cell, and a sum of the others."""
    varying = [term for term in total.terms if not _is_of_launch(term[0])]
    others = tuple(term for term in total.terms if _is_of_launch(term[0]))
    return varying, Affine(others, total.constant)


def _is_of_launch(node: nodes.Expr) -> bool:
    """Whether an int is the same in all cells of a launch."""
    kinds = (nodes.Constant, nodes.Extent, nodes.GridExtent, nodes.Uniform, nodes.Call)
    return all(isinstance(part, kinds) for part in subexpressions(node))


def element_range(dtype: str) -> Interval:
    """Return the range of the elements of an array of ints, and of 0, which is read outside."""
    if dtype in ("int8", "int16", "uint8", "uint16"):
        limits = np.iinfo(dtype)
        return int(limits.min), int(limits.max)
    return FULL


# ---------------------------------------------------------------- variables with one value


def resolved(node: nodes.Expr, fixed: Mapping[str, nodes.Expr]) -> nodes.Expr:
    """Return an expression with the variables that have one value replaced by it."""

    def change(part: Any) -> Any:
        return fixed.get(part.name, part) if isinstance(part, nodes.Name) else part

    return rewrite(node, change) if fixed else node


def fixed_variables(function: nodes.Function) -> dict[str, nodes.Expr]:
    """Return the variables that are assigned once, from what is the same all the time."""
    values: dict[str, list[nodes.Expr]] = {}
    others = {param.name for param in function.params}
    for statement in statements(function.body):
        if isinstance(statement, nodes.Assign):
            values.setdefault(statement.name, []).append(statement.value)
        elif isinstance(statement, nodes.For):
            others.add(statement.name)
        elif isinstance(statement, nodes.InvokeInto):
            others.update(statement.targets)
    binds = (node for node in expressions(function.body) if isinstance(node, nodes.Bind))
    others.update(bind.name for bind in binds)
    fixed: dict[str, nodes.Expr] = {}
    for name, found in values.items():
        if len(found) == 1 and name not in others and is_index_expression(found[0]):
            value = resolved(found[0], fixed)
            if not any(True for _ in read_names(value)):
                fixed[name] = value
    return fixed
