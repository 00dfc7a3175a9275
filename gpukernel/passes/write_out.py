"""Constant loops written out from the outside in, with what is then known carried along.

In: any valid program, best after `propagate` and `fold_constants`.  Out: the same meaning; a loop
whose bounds are known where it starts is its iterations one after the other, in which its variable
and all that follows from it are constants.  So the bounds of inner loops may depend on outer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned, with_body
from gpukernel.ir.walk import expressions, statements
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT
from gpukernel.passes.propagate import Knowledge, Walk, without_dead

MAX_TRIPS = 32  # of a loop that is written out
MAX_NODES = 2000  # expressions that one loop may become
MAX_LIST_NODES = 5000  # the same for one by which places in lists become known
LOOPS = (nodes.For, nodes.While)
MAX_DEPTH = 12  # turns of a `while` that become branches in each other
_Written = tuple[list[nodes.Stmt], Knowledge | None]
_LEAVING = (nodes.Break, nodes.Continue)


class _Stays(Exception):
    """A loop cannot be written out, or becomes too long."""


class LoopWriter(Walk):
    """The walk of `propagate` over a function, which writes loops out on its way.

    Args:
        function: the function.
        size: gives how many expressions a block has, with what it calls.
        runs_loop: whether a loop runs in a block, or in a function that it calls.
        limit: how many expressions all loops may become together.
    """

    constants = (INT, BOOL, UINT, FLOAT)

    def __init__(
        self,
        function: nodes.Function,
        size: Callable[[tuple[nodes.Stmt, ...]], int],
        runs_loop: Callable[[tuple[nodes.Stmt, ...]], bool],
        limit: int,
    ) -> None:
        super().__init__(function)
        self.spent = 0  # expressions that loops have become
        self._function = function
        self._size = size
        self._runs_loop = runs_loop
        self._limit = limit
        self._end: int | None = None  # what may be spent on the loop that is being written out
        self._found = False
        self._branches = 0  # undecided ones around the present place, in its iteration
        self._depth = 0  # of turns of a `while` in each other
        self._left: tuple[nodes.Stmt, Knowledge] | None = None  # how an iteration ended early

    def run(self) -> nodes.Function:
        """Return the function with its loops written out, or as it is if there are none such."""
        body = self.block(self._function.body, {})[0]
        if not self._found:
            return self._function
        return with_body(self._function, without_dead(body, self.own_lists), self.locals.added)

    def block(
        self, block: tuple[nodes.Stmt, ...], known: Knowledge | None
    ) -> tuple[tuple[nodes.Stmt, ...], Knowledge | None]:
        made: list[nodes.Stmt] = []
        known = known or {}
        for statement in block:
            written, known = self._statements(statement, known)
            made += written
            if known is None:
                break  # the rest is never reached
        same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
        return block if same else tuple(made), known

    def _statements(self, node: nodes.Stmt, known: Knowledge) -> _Written:
        """Return what takes the place of a statement, and what is known after it."""
        written = self._written_out(node, known)
        if written is not None:
            return written
        if isinstance(node, nodes.If):
            condition = self.with_known(_own_part(node), known).condition
            if isinstance(condition, nodes.Constant):
                side, after = self.block(node.then if condition.value else node.otherwise, known)
                return list(side), after
        if self._end is not None:
            if isinstance(node, _LEAVING) and not self._branches:
                self._left = node, known
                return [], None
            if isinstance(node, _LEAVING) or self._runs_loop((_own_part(node),)):
                raise _Stays
        before, changed, after = self.statement(node, known)
        if self._end is not None:
            self.spent += self._size((_own_part(changed),))
            if self.spent > self._end:
                raise _Stays
        return [*before, changed], after

    def branch(self, node: nodes.If, known: Knowledge) -> tuple[nodes.Stmt, Knowledge | None]:
        self._branches += 1
        made = super().branch(node, known)
        self._branches -= 1
        return made

    def _written_out(self, node: nodes.Stmt, known: Knowledge) -> _Written | None:
        if isinstance(node, nodes.For):
            return self._iterations(node, known)
        return self._turns(node, known) if isinstance(node, nodes.While) else None

    def _iterations(self, node: nodes.For, known: Knowledge) -> _Written | None:
        """Return a loop's iterations and what is known after them, None if it stays a loop."""
        values = constant_range(self.with_known(node, known))
        if values is None or len(values) > MAX_TRIPS or node.name in assigned(node.body):
            return None
        if len(values) <= MAX_DEPTH and _has_places(node):
            first = _inside_each_other(node, values)
            if first is not None:
                return self._attempt(node, lambda: self._listed(first, known))
        return self._attempt(node, lambda: self._one_after_the_other(node, values, known))

    def _listed(self, block: tuple[nodes.Stmt, ...], known: Knowledge) -> _Written:
        made, after = self.block(block, known)
        return list(made), after

    def _turns(self, node: nodes.While, known: Knowledge) -> _Written | None:
        """Return a `while` as branches in each other, None if it stays a loop.

        That is only worth it where places in lists become known.
        """
        body = _followed_by(node.body, (node,))
        if leaves_iteration(body) or self._depth >= MAX_DEPTH or not _has_places(node):
            return None
        turn = nodes.If(node.condition, body, (), node.span)

        def write() -> _Written:
            self._depth += 1
            written = self._statements(turn, known)
            self._depth -= 1
            return written

        return self._attempt(node, write)

    def _attempt(
        self, node: nodes.For | nodes.While, write: Callable[[], _Written]
    ) -> _Written | None:
        """Return what is written for a loop, None if it stays a loop."""
        around = self._branches
        if self._end is not None:  # it is inside of one that is being written out
            written = write()
            self._branches = around
            return written
        spent = self.spent
        limit = MAX_LIST_NODES if _has_places(node) else MAX_NODES
        self._end = min(spent + limit, self._limit)
        try:
            written = write()
            self._found = True
            return written
        except _Stays:
            self.spent = spent
            return None
        finally:
            self._end, self._branches, self._depth = None, around, 0

    def _one_after_the_other(self, node: nodes.For, values: range, known: Knowledge) -> _Written:
        made: list[nodes.Stmt] = []
        after: Knowledge | None = known
        self._branches = 0
        iteration = _without_continue(node.body)
        for value in values:
            number = nodes.Constant(value, INT, node.span)
            assign = nodes.Assign(node.name, number, node.span)
            body, after = self.block((assign, *iteration), after)
            made += body
            left, self._left = self._left, None
            if left is not None:
                after = left[1]
            if after is None or (left is not None and isinstance(left[0], nodes.Break)):
                break
        return made, after


def _has_places(node: nodes.For | nodes.While) -> bool:
    """Whether a loop reads or writes elements of lists at places that it computes."""
    found = (*expressions(node.body), *statements(node.body))
    return any(
        isinstance(part, (nodes.Element, nodes.SetElement))
        and not isinstance(part.index, nodes.Constant)
        for part in found
    )


def _without_continue(block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
    """Return an iteration in which what ``if c: continue`` skips is in its ``else``."""
    for position, statement in enumerate(block):
        if isinstance(statement, nodes.Continue):
            return block[:position]
        if isinstance(statement, nodes.If) and leaves_iteration((statement,)):
            rest = block[position + 1 :]
            sides = statement.then, statement.otherwise
            ends = [any(isinstance(inner, nodes.Continue) for inner in side) for side in sides]
            if not any(ends):
                continue
            then, otherwise = (
                _without_continue(side if is_end else (*side, *rest))
                for side, is_end in zip(sides, ends)
            )
            return *block[:position], replace(statement, then=then, otherwise=otherwise)
    return block


def _inside_each_other(node: nodes.For, values: range) -> tuple[nodes.Stmt, ...] | None:
    """Return the first iteration of a loop with a `break`, and in its branches the loop's rest.

    None: there is no `break`, or one that is not the end of a branch.
    """
    iteration = _without_continue(node.body)
    if not values or not leaves_iteration(iteration):
        return None
    first = nodes.Constant(values[0], INT, node.span)
    rest: tuple[nodes.Stmt, ...] = ()
    if len(values) > 1:
        second = nodes.Constant(values[1], INT, node.span)
        rest = (replace(node, start=second),)
    block = _followed_by((nodes.Assign(node.name, first, node.span), *iteration), rest)
    return None if leaves_iteration(block) else block


def _followed_by(
    block: tuple[nodes.Stmt, ...], rest: tuple[nodes.Stmt, ...]
) -> tuple[nodes.Stmt, ...]:
    """Return an iteration and what comes after it, unless ``if c: break`` skips that."""
    for position, statement in enumerate(block):
        if isinstance(statement, nodes.Break):
            return block[:position]
        if isinstance(statement, nodes.If) and leaves_iteration((statement,)):
            sides = statement.then, statement.otherwise
            ends = [any(isinstance(inner, nodes.Break) for inner in side) for side in sides]
            if not any(ends):
                return (*block, *rest)  # it still has its `break`
            then, otherwise = (
                _followed_by(side if is_end else (*side, *block[position + 1 :]), rest)
                for side, is_end in zip(sides, ends)
            )
            return *block[:position], replace(statement, then=then, otherwise=otherwise)
    return (*block, *rest)


def _own_part(node: nodes.Stmt) -> Any:
    """Return a statement without the blocks that branches have."""
    return replace(node, then=(), otherwise=()) if isinstance(node, nodes.If) else node


def constant_range(node: nodes.For) -> range | None:
    """Return the values of a loop whose bounds are constants."""
    bounds = [b.value for b in (node.start, node.stop, node.step) if isinstance(b, nodes.Constant)]
    if len(bounds) < 3:
        return None
    start, stop, step = (int(bound) for bound in bounds)
    return range(start, stop, step) if step else range(0)


def leaves_iteration(body: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a `break` or `continue` of the loop with this body is inside."""
    for statement in body:
        if isinstance(statement, (nodes.Break, nodes.Continue)):
            return True
        if isinstance(statement, nodes.If) and leaves_iteration(
            (*statement.then, *statement.otherwise)
        ):
            return True
    return False
