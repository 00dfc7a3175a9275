"""How often the loops of a cell run in all, at most: decided from what a launch is given.

A `for` runs as often as its bounds say.  A `while` is known to end if its condition compares a
counter that every iteration moves towards the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import affine
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import statements
from gpukernel.lang.types import INT, INT_MAX, INT_MIN, ListType
from gpukernel.passes.conditions import MIRRORED, comparisons
from gpukernel.passes.intervals import Interval

ENDLESS = 1 << 40  # more than any driver allows
BUILTIN_TURNS = 4 * 96  # of the longest loops of a builtin (gamma), for four cells
FILLED_AT_ONCE = 32  # elements of a list that one turn of a loop fills
Range = Callable[[Any], Interval]  # of the facts of a launch
Trips = tuple[Range, ...]  # of the loops around a place


class Turns:
    """The loops of a program, and the calls of its functions, with the loops around each."""

    def __init__(self, program: nodes.Program) -> None:
        self._kernel = program.kernel.name
        self._loops: dict[str, list[Trips]] = {f.name: [] for f in program.functions}
        self._calls: dict[str, list[tuple[str, Trips]]] = {f.name: [] for f in program.functions}
        self._sizes = {
            (f.name, v.name): v.type.size
            for f in program.functions
            for v in (*f.params, *f.locals)
            if isinstance(v.type, ListType)
        }

    def add_loop(self, function: str, trips: Trips) -> None:
        """Take down a loop: its own trips come last."""
        self._loops[function].append(trips)

    def add_call(self, function: str, callee: str, trips: Trips) -> None:
        """Take down a call of another function."""
        self._calls[function].append((callee, trips))

    def add_builtin(self, function: str, trips: Trips) -> None:
        """Take down a call of a builtin whose own function loops."""
        self._loops[function].append((*trips, lambda facts: (0, BUILTIN_TURNS)))

    def add_list(self, function: str, name: str, trips: Trips) -> None:
        """Take down that all elements of a list are set."""
        count = self._sizes[function, name] // FILLED_AT_ONCE
        if count:
            self._loops[function].append((*trips, lambda facts: (0, count)))

    def at_most(self, facts: Any) -> int:
        """Return how many iterations of all loops together a cell can run."""
        known: dict[str, int] = {}

        def total(function: str) -> int:
            if function not in known:
                found = sum(_product(trips, facts) for trips in self._loops[function])
                for callee, trips in self._calls[function]:
                    found += _product(trips, facts) * total(callee)
                known[function] = min(found, ENDLESS)
            return known[function]

        return total(self._kernel)


def _product(trips: Trips, facts: Any) -> int:
    found = 1
    for trip in trips:
        found = min(found * (trip(facts)[1] + 1), ENDLESS)
    return found


def trips_of_for(counter: Range, step: nodes.Expr) -> Range:
    """Return how often a loop runs whose variable lies in a range."""
    size = abs(int(step.value)) if isinstance(step, nodes.Constant) else 1

    def trips(facts: Any) -> Interval:
        first, last = counter(facts)
        return 0, max(0, (last - first) // max(size, 1) + 1)

    return trips


def trips_of_while(
    node: nodes.While, function: nodes.Function, range_of: Callable[[nodes.Expr], Range]
) -> Range:
    """Return how often a loop runs; `ENDLESS` where its condition counts nothing."""
    found = [
        _steps_to(starts, limit, by, symbol, range_of)
        for symbol, name, limit in _compared(node.condition)
        for by in _moves(node, name)
        for starts in _starts(function, node, name)
    ]

    def trips(facts: Any) -> Interval:
        return 0, min((steps(facts) for steps in found), default=ENDLESS)

    return trips


def _compared(condition: nodes.Expr) -> Iterator[tuple[str, str, nodes.Expr]]:
    """Yield the comparisons of a variable that hold in the loop: symbol, variable, other side."""
    for symbol, left, right in comparisons(condition, True):
        if isinstance(left, nodes.Name):
            yield symbol, left.name, right
        if isinstance(right, nodes.Name):
            yield MIRRORED[symbol], right.name, left


def _moves(node: nodes.While, name: str) -> Iterator[int]:
    """Yield what every iteration adds to a variable, if it does that once."""
    if any(isinstance(s, nodes.Continue) for s in statements(node.body)):
        return
    for position, statement in enumerate(node.body):
        if isinstance(statement, nodes.Assign) and statement.name == name:
            total = affine(statement.value)
            others = (*node.body[:position], *node.body[position + 1 :])
            plain = len(total.terms) == 1 and total.terms[0][1] == 1
            atom = total.terms[0][0] if plain else None
            if isinstance(atom, nodes.Name) and atom.name == name and name not in assigned(others):
                yield total.constant


def _starts(function: nodes.Function, node: nodes.While, name: str) -> Iterator[list[nodes.Expr]]:
    """Yield all that is assigned to a variable outside of the loop, if it is plainly assigned."""
    inside = {id(statement) for statement in statements(node.body)}
    values: list[nodes.Expr] = []
    for statement in statements(function.body):
        if id(statement) in inside:
            continue
        if isinstance(statement, nodes.Assign):
            values += [statement.value] if statement.name == name else []
        elif name in _set_by(statement):
            return
    if values and all(value.type == INT for value in values):
        yield values


def _set_by(statement: nodes.Stmt) -> tuple[str, ...]:
    """Return the variables that a statement sets to what is not plainly there."""
    if isinstance(statement, nodes.InvokeInto):
        return statement.targets
    return (statement.name,) if isinstance(statement, nodes.For) else ()


def _steps_to(
    starts: list[nodes.Expr],
    limit: nodes.Expr,
    by: int,
    symbol: str,
    range_of: Callable[[nodes.Expr], Range],
) -> Callable[[Any], int]:
    """Return how many steps it takes from any start to where the comparison no longer holds."""
    ranges, end = [range_of(start) for start in starts], range_of(limit)
    towards = by > 0 if symbol in ("<", "<=") else by < 0
    if symbol not in ("<", "<=", ">", ">=") or not towards:
        return lambda facts: ENDLESS

    def steps(facts: Any) -> int:
        first, last = end(facts)
        lows, highs = zip(*(r(facts) for r in ranges))
        if last + by > INT_MAX or first + by < INT_MIN:  # the counter could wrap, and never end
            return ENDLESS
        distance: int = last - min(lows) if by > 0 else max(highs) - first
        return max(0, (distance + (len(symbol) == 2) + abs(by) - 1) // abs(by))

    return steps
