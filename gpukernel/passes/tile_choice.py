"""How many rows a fragment had better compute at once: a cost model in units of one addition.

Only loops count.  What the rows have in common in there costs one row's time for all of them; how
much that is of the whole says what several rows gain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gpukernel.ir import nodes
from gpukernel.ir.walk import children, expressions, statements, substatements
from gpukernel.lang.types import ListType
from gpukernel.passes.propagate import is_index_expression
from gpukernel.passes.row_analysis import Rows
from gpukernel.passes.write_out import constant_range

COUNTS = (8, 4, 2)  # of rows, the best first
MIN_GAIN = 1.25  # of several rows over one
MIN_STEP_GAIN = 1.05  # of so many rows over half as many
MAX_VARIABLES = 64  # numbers of all rows together: what no longer fits into registers is slow
MAX_NODES = 6000  # expressions that the statements of all rows may have
ASSUMED_TRIPS = 16  # of loops whose number of iterations is not known
FETCH, ALIKE_FETCH, FUNCTION, OPERATOR = 10.0, 3.0, 8.0, 1.0
_LOOPS = (nodes.For, nodes.While)


@dataclass
class _Costs:
    """What loops do for one row."""

    own: float = 0.0
    shared: float = 0.0
    arrays: dict[str, int] = field(default_factory=dict)  # that all rows read alike, with a line

    def gain(self, count: int) -> float:
        return (self.own + self.shared) / (self.own + self.shared / count)


def worth_tiling(program: nodes.Program, max_outputs: int) -> tuple[int, str]:
    """Return how many rows a fragment is to compute (8, 4, 2 or 1), and why, in words.

    Args:
        program: before or after loops are written out.
        max_outputs: how many outputs the device draws at once.
    """
    rows = Rows(program)
    reason = rows.refusal()
    if reason is not None:
        return 1, reason
    costs = _Model(rows).costs()
    if not costs.arrays:
        return 1, "no loop reads anything that several rows have in common"
    limit = min(max_outputs // len(program.outputs), _room(rows))
    if limit < 2:
        return 1, "several rows at once need more outputs or registers than there are"
    if costs.gain(min(limit, COUNTS[0])) < MIN_GAIN:
        return 1, "too little of the work of its loops is the same for several rows"
    for count in COUNTS:
        if count <= limit and costs.gain(count) >= MIN_STEP_GAIN * costs.gain(count // 2):
            names = " and ".join(f"`{name}`" for name in costs.arrays)
            line = next(iter(costs.arrays.values()))
            return count, f"the loop in line {line} reads {names} alike for all rows"
    return 1, "too little of the work of its loops is the same for several rows"


def _room(rows: Rows) -> int:
    """Return how many rows fit into registers, and into a program of a bearable length."""
    numbers = 0
    for variable in rows.program.kernel.locals:
        if variable.name in rows.variables:
            numbers += variable.type.size if isinstance(variable.type, ListType) else 1
    size = sum(1 for _ in expressions(rows.program.kernel.body))
    return min(MAX_VARIABLES // max(numbers, 1), MAX_NODES // max(size, 1))


class _Model:
    """Adds up what the loops of a kernel do."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lanes = Rows(rows.program, (rows.program.grid_rank - 1,))
        self._found = _Costs()
        self._functions: dict[str, float] = {}  # what a call of them costs
        for function in rows.program.functions[:-1]:
            self._functions[function.name] = self._function(function)

    def costs(self) -> _Costs:
        self._block(self._rows.program.kernel.body, 0.0, 0)
        return self._found

    def _function(self, function: nodes.Function) -> float:
        """Return roughly what a call costs; loops inside count as often as they are assumed to."""
        factor = ASSUMED_TRIPS if _contains_loop(function.body) else 1
        total = 0.0
        for node in expressions(function.body):
            total += FETCH if isinstance(node, nodes.Load) else self._cost(node)
        return factor * total

    def _block(self, block: tuple[nodes.Stmt, ...], weight: float, line: int) -> None:
        """Add what statements cost that run ``weight`` times, in the loop of this line."""
        for statement in block:
            inner, inner_line = weight, line
            if isinstance(statement, _LOOPS):
                inner, inner_line = max(weight, 1.0) * _trips(statement), statement.span.line
            of_own = inner if isinstance(statement, nodes.While) else weight
            for child in children(statement):
                self._expression(child, of_own, line)
            if isinstance(statement, nodes.InvokeInto):
                dependent = any(map(self._rows.depends, statement.arguments))
                self._add(self._functions[statement.function] * weight, dependent)
            self._block(tuple(substatements(statement)), inner, inner_line)

    def _expression(self, node: nodes.Expr, weight: float, line: int) -> None:
        if weight == 0.0:
            return
        dependent = self._rows.depends(node)
        if isinstance(node, nodes.Load):
            alike = not any(map(self._lanes.depends, node.indices))
            self._add((ALIKE_FETCH if alike else FETCH) * weight, dependent)
            if not dependent:
                self._found.arrays.setdefault(node.array, line)
        else:
            self._add(self._cost(node) * weight, dependent)
        for child in children(node):
            self._expression(child, weight, line)

    def _add(self, cost: float, dependent: bool) -> None:
        if dependent:
            self._found.own += cost
        else:
            self._found.shared += cost

    def _cost(self, node: nodes.Expr) -> float:
        """Return what a node costs without the nodes inside; sums of indices cost nothing."""
        if isinstance(node, nodes.Invoke):
            return self._functions[node.function]
        if isinstance(node, (nodes.Select, nodes.Cast, nodes.Element)):
            return OPERATOR
        if not isinstance(node, nodes.Call) or is_index_expression(node):
            return 0.0
        return OPERATOR if node.row.symbol in _CHEAP else FUNCTION


_CHEAP = frozenset("+ - * / < <= > >= == != & | ^ not".split())


def _contains_loop(block: tuple[nodes.Stmt, ...]) -> bool:
    return any(isinstance(statement, _LOOPS) for statement in statements(block))


def _trips(node: nodes.For | nodes.While) -> float:
    values = constant_range(node) if isinstance(node, nodes.For) else None
    return float(ASSUMED_TRIPS if values is None else len(values))
