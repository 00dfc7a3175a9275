"""Comparisons of sizes that decide between expressions: known at a launch, so decided before it.

``0 if a.shape[0] == 1 else i`` is how an array is broadcast.  Which of the two it is stays the same
from launch to launch, and every index that is written so is plain once it is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import key
from gpukernel.ir.walk import expressions, rewrite
from gpukernel.lang.operators import COMPARE
from gpukernel.lang.types import BOOL, INT
from gpukernel.passes.fold_constants import fold_constants

_OUTCOMES = {
    COMPARE["=="].overload([INT, INT]): lambda x, y: x == y,
    COMPARE["!="].overload([INT, INT]): lambda x, y: x != y,
}
Test = nodes.Call


def size_tests(program: nodes.Program) -> tuple[Test, ...]:
    """Return the comparisons of sizes that decide between expressions, each once."""
    found = {}
    for function in program.functions:
        for node in expressions(function.body):
            if isinstance(node, nodes.Select) and _is_test(node.condition):
                assert isinstance(node.condition, nodes.Call)
                found[key(node.condition)] = node.condition
    return tuple(found.values())


def _is_test(node: nodes.Expr) -> bool:
    if not isinstance(node, nodes.Call) or node.overload not in _OUTCOMES:
        return False
    kinds = {type(argument) for argument in node.arguments}
    return nodes.Extent in kinds and kinds <= {nodes.Extent, nodes.GridExtent, nodes.Constant}


def outcomes_of(
    tests: Sequence[Test], grid: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]
) -> tuple[bool, ...]:
    """Return what the tests give for a launch."""

    def size(node: nodes.Expr) -> int:
        if isinstance(node, nodes.Extent):
            return shapes[node.array][node.axis]
        if isinstance(node, nodes.GridExtent):
            return grid[node.axis]
        assert isinstance(node, nodes.Constant)
        return int(node.value)

    return tuple(_OUTCOMES[test.overload](*map(size, test.arguments)) for test in tests)


def with_outcomes(
    program: nodes.Program, tests: Sequence[Test], outcomes: Sequence[bool]
) -> nodes.Program:
    """Return the program for launches in which the tests give this."""
    known = {key(test): outcome for test, outcome in zip(tests, outcomes)}

    def change(node: Any) -> Any:
        if isinstance(node, nodes.Call) and node.overload in _OUTCOMES:
            outcome = known.get(key(node))
            return node if outcome is None else nodes.Constant(outcome, BOOL, node.span)
        return node

    functions = tuple(
        replace(f, body=tuple(rewrite(statement, change) for statement in f.body))
        for f in program.functions
    )
    return fold_constants(replace(program, functions=functions))
