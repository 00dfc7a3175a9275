"""Which assignments may ignore the mask: where no other lane could see the difference.

In: the body of a function.  Out: the identities of statements.  Setting a variable in all lanes
costs nothing, in those of a mask it costs as much as the arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator

from gpukernel.ir import nodes, walk
from gpukernel.records import record

_Block = tuple[nodes.Stmt, ...]


@record(frozen=True)
class _Use:
    """A statement that reads or sets a variable: where, and whether it does nothing but set it."""

    path: tuple[int, ...]  # of the blocks around it
    statement: int
    is_plain: bool


def free_assignments(body: _Block) -> frozenset[int]:
    """Return the identities of the statements that may set their variables in every lane.

    They stand directly in the innermost block that has all that is done with the variable, and
    the first thing done with it there is to set it.  A lane that does not run such a statement
    has left the block: it reads the variable no more before it sets it anew.
    """
    uses: dict[str, list[_Use]] = {}
    _collect_uses(body, (), uses)
    free: set[int] = set()
    bound: set[int] = set()  # a statement may stand in several places
    for found in uses.values():
        for use in found:
            if use.is_plain:
                may = found[0].is_plain and all(_is_inside(other, use.path) for other in found)
                (free if may else bound).add(use.statement)
    return frozenset(free - bound)


def own_variables(block: _Block) -> frozenset[str]:
    """Return the variables that the block sets before it reads them, every time it runs."""
    uses: dict[str, list[_Use]] = {}
    _collect_uses(block, (), uses)
    return frozenset(
        name
        for name, found in uses.items()
        if found[0].is_plain and all(_is_inside(use, found[0].path) for use in found)
    )


def _is_inside(use: _Use, path: tuple[int, ...]) -> bool:
    return use.path[: len(path)] == path


def _collect_uses(block: _Block, path: tuple[int, ...], uses: dict[str, list[_Use]]) -> None:
    """Note every use in the order of the statements; what a statement reads comes first."""
    for statement in block:
        for name in _reads(statement):
            uses.setdefault(name, []).append(_Use(path, id(statement), False))
        for name in _sets(statement):
            plain = not isinstance(statement, nodes.For)
            uses.setdefault(name, []).append(_Use(path, id(statement), plain))
        for inner in _blocks(statement):
            _collect_uses(inner, (*path, id(inner)), uses)


def _reads(statement: nodes.Stmt) -> Iterator[str]:
    """Yield the variables in the statement's own expressions, also those bound there."""
    for child in walk.children(statement):
        for part in walk.subexpressions(child):
            if isinstance(part, (nodes.Name, nodes.Bind)):
                yield part.name


def _sets(statement: nodes.Stmt) -> tuple[str, ...]:
    if isinstance(statement, (nodes.Assign, nodes.For)):
        return (statement.name,)
    return statement.targets if isinstance(statement, nodes.InvokeInto) else ()


def _blocks(statement: nodes.Stmt) -> tuple[_Block, ...]:
    if isinstance(statement, nodes.If):
        return statement.then, statement.otherwise
    return (statement.body,) if isinstance(statement, (nodes.For, nodes.While)) else ()
