"""Names that stand for static values, replaced by those values before closures are made.

In: a function, and static expressions for some of its parameters.  Out: the same function with
these parameters, and every variable that is set once and to a static value, written out where they
are read.  An index that was a variable then says by itself how to read an array.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from gpukernel.ir import nodes, walk
from gpukernel.ir.affine import int_call
from gpukernel.ir.variables import assigned
from gpukernel.lang.types import INT
from gpukernel.runtime.interpreter_facts import depends_on_grid, is_static

NodeT = TypeVar("NodeT")
MAX_NODES = 64  # of a value that takes the place of its name


def write_out(function: nodes.Function, given: Mapping[str, nodes.Expr]) -> nodes.Function:
    """Return the function without the parameters ``given`` and without static variables."""
    return _Writer(function, given).function()


def replace_names(node: NodeT, values: Mapping[str, nodes.Expr]) -> NodeT:
    """Return a statement or expression with values in the place of names that it reads."""

    def written_out(part: Any) -> Any:
        return values.get(part.name, part) if isinstance(part, nodes.Name) else part

    return walk.rewrite(node, written_out)


def is_brief(node: nodes.Expr) -> bool:
    """Whether the expression is static, and short enough to be written wherever it is read."""
    return is_static(node) and sum(1 for _ in walk.subexpressions(node)) <= MAX_NODES


class _Writer:
    """Rewrites one function, in the order of its statements."""

    def __init__(self, function: nodes.Function, given: Mapping[str, nodes.Expr]) -> None:
        self._function = function
        self._values = dict(given)
        self._once = _set_once(function)
        self._set = assigned(function.body) - _counters(function.body)

    def function(self) -> nodes.Function:
        body = self._block(self._function.body)
        params = tuple(p for p in self._function.params if p.name not in self._values)
        return replace(self._function, params=params, body=body)

    def _block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        made: list[nodes.Stmt] = []
        for statement in block:
            changed = self._statement(statement)
            if isinstance(changed, nodes.Assign) and self._stands_for(changed):
                self._values[changed.name] = changed.value
            else:
                made.append(changed)
        return tuple(made)

    def _statement(self, node: nodes.Stmt) -> nodes.Stmt:
        node = walk.with_expressions(node, self._expression)
        if isinstance(node, nodes.If):
            return replace(node, then=self._block(node.then), otherwise=self._block(node.otherwise))
        if isinstance(node, nodes.While):
            return replace(node, body=self._block(node.body))
        if isinstance(node, nodes.For):
            return self._loop(node)
        return node

    def _loop(self, node: nodes.For) -> nodes.Stmt:
        """Write the counter as its start and how many iterations are done, where that differs.

        So it does not differ between lanes which iteration it is.
        """
        varies = is_brief(node.start) and depends_on_grid(node.start)
        again = node.name in assigned(node.body) or node.name in self._set
        if not varies or again or not isinstance(node.step, nodes.Constant):
            return replace(node, body=self._block(node.body))
        done = nodes.Name(iterations_done(node), INT, node.span)
        counter = int_call("+", node.start, int_call("*", node.step, done, node.span), node.span)
        self._values[node.name] = counter
        body = self._block(node.body)
        del self._values[node.name]
        return replace(node, body=body)

    def _stands_for(self, node: nodes.Assign) -> bool:
        return node.name in self._once and is_brief(node.value)

    def _expression(self, node: nodes.Expr) -> nodes.Expr:
        if not self._values:
            return node
        return replace_names(node, self._values)


def iterations_done(node: nodes.For) -> str:
    """Return the variable that counts the iterations of a loop, where its body reads that."""
    return f"{node.name}#done"


def _set_once(function: nodes.Function) -> frozenset[str]:
    """Return the variables that one assignment sets, and nothing else."""
    assigns = (s for s in walk.statements(function.body) if isinstance(s, nodes.Assign))
    counts = Counter(assign.name for assign in assigns)
    once = {name for name, count in counts.items() if count == 1}
    return frozenset(once) - _counters(function.body) - _set_by_calls(function)


def _counters(block: tuple[nodes.Stmt, ...]) -> frozenset[str]:
    return frozenset(s.name for s in walk.statements(block) if isinstance(s, nodes.For))


def _set_by_calls(function: nodes.Function) -> frozenset[str]:
    """Return the variables that calls or expressions set."""
    calls = (s for s in walk.statements(function.body) if isinstance(s, nodes.InvokeInto))
    binds = (e for e in walk.expressions(function.body) if isinstance(e, nodes.Bind))
    targets = frozenset(target for call in calls for target in call.targets)
    return targets | {bind.name for bind in binds}
