"""Loops written out: short constant ones as a whole, others by four along the rows of an array.

In: any valid program, best after `propagate` and `fold_constants`.  Out: the same meaning, every
iteration in its order.  Copies of a body begin with an assignment of the loop's variable, which
`propagate` and `fold_constants` turn into constant indices; `write_out` does so on its way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeGuard

from gpukernel.ir import nodes
from gpukernel.ir.affine import affine, int_call
from gpukernel.ir.constants import evaluate
from gpukernel.ir.variables import Locals, assigned, read_names, with_body
from gpukernel.ir.walk import expressions, statements
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.types import INT
from gpukernel.passes.write_out import LOOPS, LoopWriter, constant_range, leaves_iteration

MAX_PROGRAM_NODES = 6000  # expressions that all written-out loops may become together
HELPER_NODES = 10  # that a call of a builtin counts for, where it is more than an instruction
STRIP = 4  # iterations at once of a loop that is not written out: the elements of a texel
MAX_STRIP_NODES = 128  # expressions in the body of such a loop
_MAX = next(row for row in BUILTINS if row.name == "max")


def unroll_loops(program: nodes.Program) -> nodes.Program:
    """Return the program with its loops written out where that is worth it."""
    unroller = _Unroller()
    functions = tuple(unroller.function(function) for function in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


class _Unroller:
    """Works through a program; callees come first, so their sizes are known to their callers."""

    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}  # of the functions so far, with what they call
        self.looping: set[str] = set()  # those of them that run a loop
        self.left = MAX_PROGRAM_NODES

    def function(self, function: nodes.Function) -> nodes.Function:
        if any(isinstance(statement, nodes.For) for statement in statements(function.body)):
            writer = LoopWriter(function, self.size, self.loops, self.left)
            function = writer.run()
            self.left -= writer.spent
        self.locals = Locals(function)
        made = with_body(function, self.block(function.body), self.locals.added)
        self.sizes[made.name] = self.size(made.body)
        if self.loops(made.body):
            self.looping.add(made.name)
        return made

    def block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        made: list[nodes.Stmt] = []
        for statement in block:
            made += self.statement(statement)
        same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
        return block if same else tuple(made)

    def statement(self, node: nodes.Stmt) -> list[nodes.Stmt]:
        """Return what takes the place of a statement, inner loops first."""
        node = self.with_inner(node)
        if not isinstance(node, nodes.For):
            return [node]
        if self.loops(node.body) or leaves_iteration(node.body) or node.name in assigned(node.body):
            return [node]
        return self.strips(node) if self.is_strippable(node) else [node]

    def with_inner(self, node: nodes.Stmt) -> nodes.Stmt:
        updates: dict[str, Any] = {}
        for name in ("then", "otherwise", "body"):
            old = getattr(node, name, None)
            if old is not None and (new := self.block(old)) is not old:
                updates[name] = new
        return replace(node, **updates) if updates else node

    # ------------------------------------------------------------ what is inside

    def size(self, block: tuple[nodes.Stmt, ...]) -> int:
        """Return the number of expressions in a block and in all that it calls."""
        count = 0
        for node in expressions(block):
            count += 1
            if isinstance(node, nodes.Invoke):
                count += self.sizes[node.function]
            elif isinstance(node, nodes.Call) and node.overload.helpers:
                count += HELPER_NODES
        for statement in statements(block):
            if isinstance(statement, nodes.InvokeInto):
                count += self.sizes[statement.function]
        return count

    def loops(self, block: tuple[nodes.Stmt, ...]) -> bool:
        """Whether a loop runs in a block, or in a function that it calls."""
        for statement in statements(block):
            if isinstance(statement, LOOPS):
                return True
            if isinstance(statement, nodes.InvokeInto) and statement.function in self.looping:
                return True
        invokes = (node for node in expressions(block) if isinstance(node, nodes.Invoke))
        return any(node.function in self.looping for node in invokes)

    # ------------------------------------------------------------ four iterations at a time

    def is_strippable(self, node: nodes.For) -> bool:
        """Whether four iterations at a time read from one texel."""
        if not isinstance(node.step, nodes.Constant) or node.step.value != 1:
            return False
        if any(isinstance(statement, nodes.Return) for statement in statements(node.body)):
            return False
        if self.size(node.body) > MAX_STRIP_NODES:
            return False
        return any(_walks_along_row(part, node.name) for part in expressions(node.body))

    def strips(self, node: nodes.For) -> list[nodes.Stmt]:
        """Return a loop over blocks of four iterations, and one over those that are left."""
        made: list[nodes.Stmt] = []
        start, stop = self.kept(node.start, made), self.kept(node.stop, made)
        middle = self.kept(_end_of_strips(start, stop, node), made)
        counter = self.locals.temporary(INT)
        copies: list[nodes.Stmt] = []
        for offset in range(STRIP):
            value: nodes.Expr = nodes.Name(counter, INT, node.span)
            if offset:
                value = int_call("+", value, _int(offset, node), node.span)
            copies += [nodes.Assign(node.name, value, node.span), *node.body]
        made.append(nodes.For(counter, start, middle, _int(STRIP, node), tuple(copies), node.span))
        rest = replace(node, start=middle, stop=stop, is_short=True)
        values = constant_range(rest)
        return [*made, *([rest] if values is None else _written_out(rest, values))]

    def kept(self, value: nodes.Expr, before: list[nodes.Stmt]) -> nodes.Expr:
        """Return a read of a number that is computed once, before the loops."""
        if isinstance(value, (nodes.Constant, nodes.Uniform, nodes.Extent, nodes.GridExtent)):
            return value
        name = self.locals.temporary(INT)
        before.append(nodes.Assign(name, value, value.span))
        return nodes.Name(name, INT, value.span)


def _end_of_strips(start: nodes.Expr, stop: nodes.Expr, node: nodes.For) -> nodes.Expr:
    """Return ``start + (max(stop - start, 0) & -4)``.

    Where ``stop - start`` passes the end of the int range no block is taken as a whole.
    """
    span = node.span
    overload = _MAX.overload([INT, INT])
    assert overload is not None
    distance = evaluate(int_call("-", stop, start, span))
    if isinstance(start, nodes.Constant) and start.value == 0:
        distance = stop
    count = evaluate(nodes.Call(_MAX, overload, (distance, _int(0, node)), INT, span))
    whole = evaluate(int_call("&", count, _int(-STRIP, node), span))
    if isinstance(start, nodes.Constant) and start.value == 0:
        return whole
    return evaluate(int_call("+", start, whole, span))


def _int(value: int, node: nodes.Stmt) -> nodes.Constant:
    return nodes.Constant(value, INT, node.span)


def _walks_along_row(node: nodes.Expr, counter: str) -> TypeGuard[nodes.Load]:
    """Whether the next iteration reads the next element of the same row."""
    if not isinstance(node, nodes.Load):
        return False
    *others, last = node.indices
    if counter in {name for index in others for name in read_names(index)}:
        return False
    found = [(atom, factor) for atom, factor in affine(last).terms if counter in read_names(atom)]
    return len(found) == 1 and isinstance(found[0][0], nodes.Name) and found[0][1] == 1


def _written_out(node: nodes.For, values: range) -> list[nodes.Stmt]:
    """Return the loop's body once for each value of its variable."""
    made: list[nodes.Stmt] = []
    for value in values:
        made += [nodes.Assign(node.name, _int(value, node), node.span), *node.body]
    return made
