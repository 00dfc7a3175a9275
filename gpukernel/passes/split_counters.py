"""Counters that are read after their loop: one variable for the loop, a copy for what follows.

In ``while n < limit and ...: n += 1``, all cells that are still in the loop have the same ``n``,
but after it each has its own.  With a variable for each of the two, the one in the loop is uniform
(see `passes.lanes`).

In: any valid program.  Out: the same meaning; only counters of loops that are left in the middle,
or on a condition, get a copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import Locals, assigned, read_names, with_body
from gpukernel.ir.walk import expressions, rewrite, statements
from gpukernel.lang.types import INT

_Block = tuple[nodes.Stmt, ...]
_PLAIN = (nodes.Constant, nodes.Uniform, nodes.Extent, nodes.GridExtent)
_NAMED = (nodes.Assign, nodes.SetElement, nodes.Fill, nodes.CopyList)


def split_counters(program: nodes.Program) -> nodes.Program:
    """Return the program with a copy of every counter that is read after its loop."""
    functions = tuple(_split(function) for function in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


def _split(function: nodes.Function) -> nodes.Function:
    splitter = _Splitter(function)
    body = splitter.block(function.body)
    added = splitter.variables.added
    return with_body(function, body, added) if added else function


class _Splitter:
    def __init__(self, function: nodes.Function) -> None:
        self.variables = Locals(function)
        self._ints = {v.name for v in function.locals if v.type == INT}
        self._uses = _count_uses(function.body)

    def block(self, block: _Block) -> _Block:
        """Return a block with the counters of its loops split, inner loops first."""
        local = {n for n, count in _count_uses(block).items() if count == self._uses[n]}
        found: list[nodes.Stmt] = []
        rest = [self._inside(statement) for statement in block]
        while rest:
            statement = rest.pop(0)
            if isinstance(statement, (nodes.For, nodes.While)):
                counters = _counters_of(statement) & self._ints & local
                for name in sorted(counters - assigned(tuple(rest))):
                    starts = [s for s in found if name in _count_uses((s,))]
                    read_later = any(name in _reads(later) for later in rest)
                    if not read_later or not all(map(_starts, starts)):
                        continue
                    copy = self.variables.temporary(INT)
                    found = _with_copies(found, name, copy)
                    statement = replace(
                        statement, body=tuple(_with_copies(statement.body, name, copy))
                    )
                    rest = [_renamed(later, name, copy) for later in rest]
            found.append(statement)
        return tuple(found)

    def _inside(self, node: nodes.Stmt) -> nodes.Stmt:
        updates: dict[str, Any] = {}
        for part in ("then", "otherwise", "body"):
            old: _Block = getattr(node, part, ())
            new = self.block(old)
            if len(new) != len(old) or any(a is not b for a, b in zip(new, old)):
                updates[part] = new
        return replace(node, **updates) if updates else node


def _counters_of(loop: nodes.For | nodes.While) -> set[str]:
    """Return the variables that every iteration sets once, from themselves and launch values."""
    jumps = [type(s) for s in statements(loop.body)]
    ends_early = nodes.Break in jumps or nodes.Return in jumps or isinstance(loop, nodes.While)
    if not ends_early or nodes.Continue in jumps:
        return set()
    set_once = [s.name for s in loop.body if isinstance(s, nodes.Assign) and _counts(s)]
    inner = Counter(s.name for s in statements(loop.body) if isinstance(s, _NAMED))
    results = {
        t for s in statements(loop.body) if isinstance(s, nodes.InvokeInto) for t in s.targets
    }
    bound = {e.name for e in expressions(loop.body) if isinstance(e, nodes.Bind)}
    return {name for name in set_once if inner[name] == 1} - results - bound


def _counts(node: nodes.Assign) -> bool:
    """Whether a variable becomes what a launch value and the variable itself give."""
    if not isinstance(node.value, nodes.Call) or node.name not in read_names(node.value):
        return False
    return all(
        isinstance(a, _PLAIN) or (isinstance(a, nodes.Name) and a.name == node.name)
        for a in node.value.arguments
    )


def _count_uses(block: _Block) -> Counter[str]:
    """Return how often each variable is read or set."""
    uses: Counter[str] = Counter()
    for statement in statements(block):
        if isinstance(statement, (*_NAMED, nodes.For)):
            uses[statement.name] += 1
        if isinstance(statement, nodes.CopyList):
            uses[statement.source] += 1
        if isinstance(statement, nodes.InvokeInto):
            uses.update(statement.targets)
    for node in expressions(block):
        if isinstance(node, (nodes.Name, nodes.Element, nodes.ListName, nodes.Bind)):
            uses[node.name] += 1
    return uses


def _reads(node: nodes.Stmt) -> set[str]:
    return {name for e in expressions((node,)) for name in read_names(e)}


def _starts(node: nodes.Stmt) -> bool:
    """Whether a statement sets a variable to what can be written twice."""
    return isinstance(node, nodes.Assign) and isinstance(node.value, _PLAIN)


def _with_copies(block: Iterable[nodes.Stmt], name: str, copy: str) -> list[nodes.Stmt]:
    """Return statements that set a copy wherever they set a counter."""
    found: list[nodes.Stmt] = []
    for statement in block:
        found.append(statement)
        if isinstance(statement, nodes.Assign) and statement.name == name:
            start = isinstance(statement.value, _PLAIN)
            value = statement.value if start else nodes.Name(name, INT, statement.span)
            found.append(nodes.Assign(copy, value, statement.span))
    return found


def _renamed(node: nodes.Stmt, name: str, copy: str) -> nodes.Stmt:
    """Return a statement that reads the copy; it does not assign the counter."""

    def change(part: Any) -> Any:
        if isinstance(part, nodes.Name) and part.name == name:
            return replace(part, name=copy)
        return part

    return rewrite(node, change)
