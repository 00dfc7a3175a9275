"""Which arrays a launch reads only inside their bounds, decided from its sizes and scalars.

`find_bounds` looks at a program once and makes closures; `Bounds.proven` runs them for one launch.
Every int gets an interval that holds all of its values: indices of the grid and loop variables
from their bounds, other variables the union of all that is assigned to them.  Conditions narrow
what is said about indices of the grid, loop variables and parameters, and about sums of those: so
code that does not run in a cell may read outside there, if it is evaluated all the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import field, replace

from gpukernel.ir import nodes
from gpukernel.ir.affine import Affine, affine, key, sum_of
from gpukernel.ir.variables import assigned, read_names
from gpukernel.ir.walk import children, substatements
from gpukernel.lang.types import BOOL, INT
from gpukernel.passes.conditions import MIRRORED, comparisons, leaves
from gpukernel.passes.intervals import (
    EMPTY,
    FULL,
    Interval,
    rule_for,
    steps,
    union,
)
from gpukernel.passes.propagate import propagate
from gpukernel.passes.range_facts import (
    Constraint,
    Facts,
    Range,
    Scope,
    always,
    applied,
    element_range,
    fixed_variables,
    form_of,
    is_huge,
    leaf,
    resolved,
    split,
    total_of,
    wrapped,
)
from gpukernel.passes.read_groups import Group, group_of, near
from gpukernel.passes.trip_counts import Turns, trips_of_for, trips_of_while
from gpukernel.records import record

INSIDE, NEAR, ANYWHERE = _REACHES = ("inside", "near", "anywhere")


@record(frozen=True)
class _Reads:
    """Reads of one group along one axis of an array whose indices differ by a constant only."""

    group: Group
    axis: int
    base: Range  # may leave int32: the sum of all is exact, whatever its parts do
    low: int
    high: int
    loops: tuple[Range, ...]  # the variables of the loops around: code in an empty one never runs

    def reach(self, facts: Facts) -> str:
        low, high = self.base(facts)
        array, boundaries, _ = self.group
        size = facts.shapes[array][self.axis]
        if (low + self.low >= 0 and high + self.high < size) or low > high:
            return INSIDE
        if any(first > last for first, last in (loop(facts) for loop in self.loops)):
            return INSIDE
        boundary = boundaries[self.axis] if boundaries else ""
        first, last = near(boundary, size)
        return NEAR if low + self.low >= first and high + self.high <= last else ANYWHERE


@record(frozen=True)
class Bounds:
    """All that decides whether reads are inside; ``scalars`` are the uniforms among that."""

    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    reads: tuple[_Reads, ...] = field(repr=False)
    turns: Turns = field(repr=False)

    def proven(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> frozenset[str]:
        """Return the arrays that a launch reads inside their bounds only.

        Args:
            grid: the shape of the grid.
            shapes: the shape of every array of the program, by name.
            scalars: the values of the uniforms ``self.scalars``, by name.
        """
        reach = self.reach(grid, shapes, scalars)
        return frozenset(name for name in self.arrays if set(reach[name]) <= {INSIDE})

    def iterations(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> int:
        """Return how many iterations of all loops together one cell of a launch runs at most.

        Arguments as of `proven`.
        """
        return self.turns.at_most(Facts(grid, shapes, scalars))

    def reach(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> dict[str, list[str]]:
        """Return, for each axis of each array, how far the indices of a launch reach.

        That is `INSIDE`, or `NEAR`: from ``-(size - 1)`` to ``2 * size - 2``, or `ANYWHERE`.
        Arguments as of `proven`.
        """
        found = {name: [INSIDE] * len(shapes[name]) for name in self.arrays}
        for (name, _, _), axes in self.reaches(grid, shapes, scalars).items():
            found[name] = [farther(a, b) for a, b in zip(found[name], axes)]
        return found

    @property
    def groups(self) -> frozenset[Group]:
        """All groups of reads."""
        return frozenset(read.group for read in self.reads)

    def reaches(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> dict[Group, list[str]]:
        """Return the same for each group of reads.

        The reach along an axis is at most `NEAR` only if the axis' boundary applies to all indices
        that are outside (see `nodes.Load`).
        """
        found = {read.group: [INSIDE] * len(shapes[read.group[0]]) for read in self.reads}
        if 0 in grid:
            return found
        facts = Facts(grid, shapes, scalars)
        for read in self.reads:
            axes = found[read.group]
            if axes[read.axis] != ANYWHERE:
                axes[read.axis] = farther(axes[read.axis], read.reach(facts))
        return found


def farther(reach: str, other: str) -> str:
    """Return the reach of indices that have one of two reaches."""
    return max(reach, other, key=_REACHES.index)


def find_bounds(program: nodes.Program) -> Bounds:
    """Return what decides, at a launch, which arrays are read inside their bounds only."""
    return _Finder(propagate(program)).bounds()


class _Finder:
    """Makes the closures of one program."""

    def __init__(self, program: nodes.Program) -> None:
        self._program = program
        self._dtypes = {array.name: array.type.dtype for array in program.arrays}
        self._boundaries = {array.name: array.boundary for array in program.arrays}
        self._params = {function.name: function.params for function in program.functions}
        self._sources: dict[Hashable, list[Range]] = {}  # of variables, parameters and results
        self._numbers: dict[Hashable, int] = {}  # in `Facts.known`
        self._made: dict[Hashable, Range] = {}
        self._scalars: dict[str, None] = {}  # in order
        self._reads: dict[Hashable, _Reads] = {}
        self._num_scopes = 0
        self._turns = Turns(program)

    def bounds(self) -> Bounds:
        for function in self._program.functions:
            self._block(function.body, Scope(function, fixed_variables(function)))
        return Bounds(
            tuple(self._scalars), tuple(self._dtypes), tuple(self._reads.values()), self._turns
        )

    # ------------------------------------------------------------ statements

    def _block(self, block: tuple[nodes.Stmt, ...], scope: Scope) -> None:
        for statement in block:
            if isinstance(statement, nodes.If):
                scope = self._branch(statement, scope)
                continue
            for child in children(statement):
                self._expression(child, scope)
            inner = self._sources_of(statement, scope)
            self._block(tuple(substatements(statement)), inner)

    def _branch(self, node: nodes.If, scope: Scope) -> Scope:
        """Look through both sides of a branch, and return the scope of what comes after it."""
        self._expression(node.condition, scope)
        then = self._where(node.condition, True, scope)
        otherwise = self._where(node.condition, False, scope)
        self._block(node.then, then)
        self._block(node.otherwise, otherwise)
        if leaves(node.then):
            return otherwise
        return then if leaves(node.otherwise) else scope

    def _sources_of(self, statement: nodes.Stmt, scope: Scope) -> Scope:
        """Take down what a statement gives to variables, and return the scope inside of it."""
        match statement:
            case nodes.Assign():
                self._assign((scope.name, statement.name), statement.value, scope)
            case nodes.InvokeInto():
                self._pass(statement, scope)
                for place, target in enumerate(statement.targets):
                    result = self._variable((statement.function, place))
                    self._add_source((scope.name, target), result)
            case nodes.Return():
                for place, value in enumerate(statement.values):
                    self._assign((scope.name, place), value, scope)
            case nodes.For():
                return self._loop(statement, scope)
            case nodes.While():
                inner = self._where(statement.condition, True, scope)
                trips = trips_of_while(
                    statement, scope.function, lambda node: self._range(node, scope)
                )
                return self._counted(inner, trips)
            case nodes.Fill() | nodes.CopyList():
                self._turns.add_list(scope.name, statement.name, scope.trips)
        return scope

    def _loop(self, node: nodes.For, scope: Scope) -> Scope:
        bounds = [self._range(bound, scope) for bound in (node.start, node.stop, node.step)]
        counter = applied(steps, bounds)
        self._add_source((scope.name, node.name), counter)
        inner = scope.inside(node.name, counter, node.name not in assigned(node.body))
        return self._counted(inner, trips_of_for(counter, node.step))

    def _counted(self, scope: Scope, trips: Range) -> Scope:
        """Take down a loop, and return the scope of its body."""
        scope = replace(scope, trips=(*scope.trips, trips))
        self._turns.add_loop(scope.name, scope.trips)
        return scope

    def _expression(self, node: nodes.Expr, scope: Scope) -> None:
        """Take down what an expression reads, binds and passes on."""
        match node:
            case nodes.Load():
                for axis, index in enumerate(node.indices):
                    self._read(node, axis, index, scope)
            case nodes.Bind():
                self._assign((scope.name, node.name), node.value, scope)
            case nodes.Invoke():
                self._pass(node, scope)
            case nodes.Call() if node.overload.loops:
                self._turns.add_builtin(scope.name, scope.trips)
            case nodes.Select():
                self._expression(node.condition, scope)
                self._expression(node.then, self._where(node.condition, True, scope))
                self._expression(node.otherwise, self._where(node.condition, False, scope))
                return
            case nodes.Logical():
                self._expression(node.left, scope)
                goes_on = node.operator == "and"
                self._expression(node.right, self._where(node.left, goes_on, scope))
                return
        for child in children(node):
            self._expression(child, scope)

    def _assign(self, variable: Hashable, value: nodes.Expr, scope: Scope) -> None:
        if value.type == INT:
            self._add_source(variable, self._range(value, scope))

    def _pass(self, node: nodes.Invoke | nodes.InvokeInto, scope: Scope) -> None:
        self._turns.add_call(scope.name, node.function, scope.trips)
        for param, argument in zip(self._params[node.function], node.arguments):
            self._assign((node.function, param.name), argument, scope)

    def _add_source(self, variable: Hashable, source: Range) -> None:
        self._sources.setdefault(variable, []).append(source)

    def _read(self, node: nodes.Load, axis: int, index: nodes.Expr, scope: Scope) -> None:
        """Take down a read, or widen one that differs from it by a constant."""
        total = affine(resolved(index, scope.fixed))
        terms = frozenset((key(atom), factor) for atom, factor in total.terms)
        counters = frozenset((n, id(r)) for n, r in scope.counters.items())
        group = group_of(node, self._boundaries[node.array])
        identity = group, axis, terms, scope.name, counters, scope.number
        known = self._reads.get(identity)
        low = high = total.constant
        if known is not None:
            low, high = min(low, known.low), max(high, known.high)
        base = self._sum(total, scope) if known is None else known.base
        self._reads[identity] = _Reads(group, axis, base, low, high, scope.loops)

    # ------------------------------------------------------------ conditions

    def _where(self, condition: nodes.Expr, holds: bool, scope: Scope) -> Scope:
        """Return the scope of code that runs where a condition holds, or where it does not."""
        found = dict(scope.constraints)
        for symbol, left, right in comparisons(condition, holds):
            sides = [affine(resolved(side, scope.fixed)) for side in (left, right)]
            if any(map(is_huge, sides)):
                continue
            whole = [self._shifted(side, scope) for side in sides]
            varying, constant = split(sum_of([(sides[0], 1), (sides[1], -1)]))
            if not varying or not all(scope.is_steady(atom) for atom, _ in varying):
                continue
            for sign, seen in ((1, symbol), (-1, MIRRORED[symbol])):
                limit = self._shifted(sum_of([(constant, -sign)]), scope)
                form = form_of((atom, sign * factor) for atom, factor in varying)
                constraint = Constraint(seen, limit, (whole[0], whole[1]))
                found[form] = (*found.get(form, ()), constraint)
        if found == scope.constraints:
            return scope
        self._num_scopes += 1
        return replace(scope, constraints=found, number=self._num_scopes)

    # ------------------------------------------------------------ expressions

    def _range(self, node: nodes.Expr, scope: Scope) -> Range:
        """Return the closure of an int; equal expressions in one place have the same one."""
        node = resolved(node, scope.fixed)
        own = tuple((n, id(scope.counters[n])) for n in read_names(node) if n in scope.counters)
        identity = scope.name, key(node), own, scope.number
        if identity not in self._made:
            self._made[identity] = self._make(node, scope)
        return self._made[identity]

    def _make(self, node: nodes.Expr, scope: Scope) -> Range:
        match node:
            case nodes.Name():
                closure = scope.counters.get(node.name) or self._variable((scope.name, node.name))
                return self._narrowed(closure, [(node, 1)], scope)
            case nodes.GridIndex():
                return self._narrowed(leaf(node), [(node, 1)], scope)
            case nodes.Call():
                return self._call(node, scope)
            case nodes.Select():
                then = self._range(node.then, self._where(node.condition, True, scope))
                other = self._range(node.otherwise, self._where(node.condition, False, scope))
                return lambda facts: union((then(facts), other(facts)))
            case nodes.Bind():
                return self._range(node.value, scope)
            case nodes.Invoke():
                return self._variable((node.function, 0))
            case nodes.Load():
                return always(element_range(self._dtypes[node.array]))
            case nodes.Cast():
                return always((0, 1) if node.value.type == BOOL else FULL)
            case nodes.Uniform():
                self._scalars[node.name] = None
        return leaf(node)

    def _call(self, node: nodes.Call, scope: Scope) -> Range:
        total = affine(node)
        if not total.terms or total.terms[0][0] is not node:
            exact = self._shifted(total, scope)
            return lambda facts: wrapped(exact(facts))
        rule = rule_for(node.overload)
        if rule is None:
            return always(FULL)
        return applied(rule, [self._range(a, scope) for a in node.arguments if a.type == INT])

    def _sum(self, total: Affine, scope: Scope) -> Range:
        """Return the range of a sum without its constant; it may leave int32."""
        varying, constant = split(total)
        terms = [(self._range(atom, scope), factor) for atom, factor in varying]
        found = total_of(terms)
        if len(varying) > 1 or any(factor != 1 for _, factor in varying):
            found = self._narrowed(found, varying, scope)
        if not constant.terms:
            return found
        rest = [(self._range(atom, scope), factor) for atom, factor in constant.terms]
        return total_of([(found, 1), *rest])

    def _shifted(self, total: Affine, scope: Scope) -> Range:
        """Return the range of a sum with its constant; it may leave int32."""
        base, constant = self._sum(total, scope), total.constant
        return total_of([(base, 1), (always((constant, constant)), 1)]) if constant else base

    def _narrowed(
        self, found: Range, terms: Sequence[tuple[nodes.Expr, int]], scope: Scope
    ) -> Range:
        """Return the range of a sum where the conditions around it hold."""
        constraints = scope.constraints.get(form_of(terms), ())
        if not constraints:
            return found

        def closure(facts: Facts) -> Interval:
            interval = found(facts)
            for constraint in constraints:
                if interval[0] > interval[1]:
                    return EMPTY
                interval = constraint.narrow(interval, facts)
            return interval if interval[0] <= interval[1] else EMPTY

        return closure

    def _variable(self, variable: Hashable) -> Range:
        """Return the union of all that a variable gets, which may depend on itself."""
        number = self._numbers.setdefault(variable, len(self._numbers))
        sources = self._sources.setdefault(variable, [])

        def closure(facts: Facts) -> Interval:
            found = facts.known.get(number)
            if found is None:
                facts.known[number] = FULL  # for reads of itself
                found = union([source(facts) for source in sources]) if sources else FULL
                facts.known[number] = found
            return found

        return self._made.setdefault(("variable", variable), closure)
