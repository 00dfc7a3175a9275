"""Array sizes as constants: which ones are worth it, and the program for given ones.

A loop over the weights of a filter can be written out once the size of the weights is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import expressions, rewrite, statements, subexpressions
from gpukernel.lang.types import INT
from gpukernel.passes.fold_constants import fold_constants
from gpukernel.passes.propagate import propagate
from gpukernel.passes.write_out import leaves_iteration

Axis = tuple[str, int]  # an array's name and one of its axes
MAX_NODES = 500  # expressions in the body of a loop that may be written out


def loop_extents(program: nodes.Program) -> tuple[Axis, ...]:
    """Return the array sizes that decide how often loops run which could be written out."""
    found: dict[Axis, None] = {}  # in order
    for function in program.functions:
        values = _values(function.body)
        for loop in statements(function.body):
            if isinstance(loop, nodes.For) and _could_be_written_out(loop):
                for bound in (loop.start, loop.stop, loop.step):
                    parts = _deciding(bound, values, set())
                    extents = (p for p in parts if isinstance(p, nodes.Extent))
                    found.update(((extent.array, extent.axis), None) for extent in extents)
    return tuple(found)


def loop_constants(program: nodes.Program) -> tuple[str, ...]:
    """Return the captured ints that decide how often loops run which could be written out."""
    captured = {u.name for u in program.uniforms if u.is_captured and u.type == INT}
    found: dict[str, None] = {}
    for function in program.functions:
        values = _values(function.body)
        for loop in statements(function.body):
            if isinstance(loop, nodes.For) and _could_be_written_out(loop):
                for bound in (loop.start, loop.stop, loop.step):
                    parts = _deciding(bound, values, set())
                    found.update((p.name, None) for p in parts if isinstance(p, nodes.Uniform))
    return tuple(name for name in found if name in captured)


def with_constants(program: nodes.Program, numbers: Mapping[str, int]) -> nodes.Program:
    """Return the program for captured ints that are these numbers."""

    def change(node: Any) -> Any:
        if isinstance(node, nodes.Uniform) and node.name in numbers:
            return nodes.Constant(numbers[node.name], INT, node.span)
        return node

    return _rewritten(program, change)


def arrays_alike(program: nodes.Program) -> frozenset[str]:
    """Return the arrays of which all cells read the same elements, such as the weights of a filter.

    Jumps do not count: cells that leave a loop early read less of the same.
    """
    apart = _depending_on_cell(program.kernel)
    found = {array.name for array in program.arrays}
    for function in program.functions:
        for node in expressions(function.body):
            if isinstance(node, nodes.Load):
                elsewhere = function is not program.kernel
                if elsewhere or any(_depends(index, apart) for index in node.indices):
                    found.discard(node.array)
    return frozenset(found)


def _depending_on_cell(function: nodes.Function) -> set[str]:
    """Return the variables that differ between cells."""
    found: set[str] = set()
    before = -1
    while len(found) != before:
        before = len(found)
        for statement in statements(function.body):
            found.update(_set_apart(statement, found))
    return found


def _set_apart(statement: nodes.Stmt, apart: set[str]) -> tuple[str, ...]:
    """Return the variables that a statement sets to what differs between cells."""
    match statement:
        case nodes.Assign() | nodes.SetElement() | nodes.Fill():
            values: tuple[nodes.Expr, ...] = (statement.value,)
        case nodes.For():
            values = (statement.start, statement.stop, statement.step)
        case nodes.CopyList():
            return (statement.name,) if statement.source in apart else ()
        case nodes.InvokeInto():
            return statement.targets
        case _:
            return ()
    return (statement.name,) if any(_depends(value, apart) for value in values) else ()


def _depends(node: nodes.Expr, apart: set[str]) -> bool:
    """Whether an expression differs between cells, as far as it says itself."""
    return any(
        isinstance(part, (nodes.GridIndex, nodes.Invoke, nodes.Bind))
        or (isinstance(part, (nodes.Name, nodes.Element)) and part.name in apart)
        for part in subexpressions(node)
    )


def _values(body: tuple[nodes.Stmt, ...]) -> dict[str, list[nodes.Expr]]:
    """Return all that is assigned to each variable."""
    found: dict[str, list[nodes.Expr]] = {}
    for statement in statements(body):
        if isinstance(statement, nodes.Assign):
            found.setdefault(statement.name, []).append(statement.value)
    return found


def _could_be_written_out(loop: nodes.For) -> bool:
    if leaves_iteration(loop.body) or loop.name in assigned(loop.body):
        return False
    return sum(1 for _ in expressions(loop.body)) <= MAX_NODES


def _deciding(
    node: nodes.Expr, values: Mapping[str, list[nodes.Expr]], seen: set[str]
) -> Iterator[nodes.Expr]:
    """Yield what an expression depends on, also through variables."""
    for part in subexpressions(node):
        yield part
        if isinstance(part, nodes.Name) and part.name not in seen:
            seen.add(part.name)
            for value in values.get(part.name, ()):
                yield from _deciding(value, values, seen)


def with_extents(program: nodes.Program, sizes: Mapping[Axis, int]) -> nodes.Program:
    """Return the program for arrays that have these sizes along these axes."""

    def change(node: Any) -> Any:
        if isinstance(node, nodes.Extent) and (node.array, node.axis) in sizes:
            return nodes.Constant(sizes[node.array, node.axis], INT, node.span)
        return node

    return _rewritten(program, change)


def _rewritten(program: nodes.Program, change: Callable[[Any], Any]) -> nodes.Program:
    functions = tuple(
        replace(function, body=tuple(rewrite(statement, change) for statement in function.body))
        for function in program.functions
    )
    return fold_constants(propagate(fold_constants(replace(program, functions=functions))))
