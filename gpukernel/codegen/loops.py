"""Loops for drivers that end every loop after so many iterations, whatever its condition says.

Where it is not proven that loops end before that (see `passes.trip_counts`), they are guarded.

Mesa's software rasteriser counts the iterations of all loops of a fragment together and from the
65,535th on leaves every loop at its end.  So innermost loops do several iterations of the source in
one of their own, and the loop over the four lanes, which is around all others, notes that it was
left by its own condition: a fragment in which a loop was cut short never gets there.  Filling a
long list is a loop too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

from gpukernel.codegen.symbols import list_sizes
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, rewrite, subexpressions, substatements

MAX_COPIES = 8
SHORT = 64  # iterations that are not worth the copies
MAX_NODES = 512  # expressions that the copies of one loop body may have together
FILL_AT_ONCE = 32  # elements that an iteration of a filling loop writes; shorter lists need no loop

Loop = (nodes.For, nodes.While)


def looping_functions(program: nodes.Program) -> frozenset[str]:
    """Return the names of the functions in which a loop runs, directly or through calls."""
    found: set[str] = set()
    for function in program.functions:  # callees come first
        sizes = list_sizes((*function.params, *function.locals))
        if has_loop(function.body, sizes, found):
            found.add(function.name)
    return frozenset(found)


def has_loop(
    statements: tuple[nodes.Stmt, ...], sizes: Mapping[str, int], looping: Set[str]
) -> bool:
    """Whether a loop runs in the statements, also in the functions they call.

    Args:
        statements: of one function.
        sizes: how many elements the lists of that function have.
        looping: the functions known to run a loop.
    """
    for node in expressions(statements):
        if isinstance(node, nodes.Invoke) and node.function in looping:
            return True
    return any(_contains_loop(s, sizes, looping) for s in statements)


def copies_of(node: nodes.For | nodes.While, sizes: Mapping[str, int], looping: Set[str]) -> int:
    """Return how many iterations of a loop to do in one: more than one only for innermost loops."""
    if has_loop(node.body, sizes, looping):
        return 1
    if isinstance(node, nodes.For) and (node.is_short or _is_short(node)):
        return 1
    if not _continues_plainly(node.body):
        return 1
    size = sum(1 for _ in expressions(node.body)) + _stores(node.body, sizes) + 4
    if isinstance(node, nodes.While):
        size += sum(1 for _ in subexpressions(node.condition))
    return max(1, min(MAX_COPIES, MAX_NODES // size))


def with_copies_prepared(program: nodes.Program, looping: Set[str]) -> nodes.Program:
    """Return the program with no ``continue`` in the loops that do several iterations in one."""
    functions = []
    for function in program.functions:
        sizes = list_sizes((*function.params, *function.locals))

        def prepare(node: Any, sizes: Mapping[str, int] = sizes) -> Any:
            if isinstance(node, Loop) and copies_of(node, sizes, looping) > 1:
                return replace(node, body=without_continue(node.body))
            return node

        body = tuple(rewrite(statement, prepare) for statement in function.body)
        functions.append(replace(function, body=body))
    return replace(program, functions=tuple(functions))


def without_continue(body: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    """Return a loop body in which ``continue`` has become the other side of a branch."""
    kept: list[nodes.Stmt] = []
    for position, statement in enumerate(body):
        if isinstance(statement, nodes.Continue):
            break
        if isinstance(statement, nodes.If) and _continues(statement):
            rest = body[position + 1 :]
            then = without_continue((*statement.then, *rest))
            otherwise = without_continue((*statement.otherwise, *rest))
            kept.append(replace(statement, then=then, otherwise=otherwise))
            break
        kept.append(statement)
        if isinstance(statement, (nodes.Break, nodes.Return)):
            break
    return tuple(kept)


def _is_short(node: nodes.For) -> bool:
    """Whether the bounds are constants with few iterations between them."""
    bounds = [b.value for b in (node.start, node.stop, node.step) if isinstance(b, nodes.Constant)]
    if len(bounds) != 3 or bounds[2] == 0:
        return False
    return len(range(*map(int, bounds))) <= SHORT


def _continues_plainly(body: tuple[nodes.Stmt, ...]) -> bool:
    """Whether `without_continue` keeps the body's size: no branch only sometimes continues."""
    jumps = (nodes.Continue, nodes.Break, nodes.Return)
    for statement in body:
        if isinstance(statement, nodes.If) and _continues(statement):
            sides = (statement.then, statement.otherwise)
            if not any(side and isinstance(side[-1], jumps) for side in sides):
                return False
            if not all(map(_continues_plainly, sides)):
                return False
    return True


def _contains_loop(statement: nodes.Stmt, sizes: Mapping[str, int], looping: Set[str]) -> bool:
    if isinstance(statement, nodes.InvokeInto) and statement.function in looping:
        return True
    if isinstance(statement, nodes.Fill) and sizes[statement.name] > FILL_AT_ONCE:
        return True
    if isinstance(statement, Loop):
        return True
    return any(_contains_loop(s, sizes, looping) for s in substatements(statement))


def _stores(statements: Iterable[nodes.Stmt], sizes: Mapping[str, int]) -> int:
    """Return how many stores the fills in the statements are, written out."""
    count = 0
    for statement in statements:
        if isinstance(statement, nodes.Fill):
            count += sizes[statement.name]
        count += _stores(substatements(statement), sizes)
    return count


def _continues(statement: nodes.Stmt) -> bool:
    """Whether a ``continue`` of the loop around is in the statement."""
    if isinstance(statement, nodes.Continue):
        return True
    return isinstance(statement, nodes.If) and any(map(_continues, substatements(statement)))
