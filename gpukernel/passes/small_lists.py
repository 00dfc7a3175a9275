"""Elements of small lists at places that only the cell knows, as choices between all elements.

In: any valid program, best after `unroll_loops`.  Out: the same meaning; lists of a few elements
are read and written at constant places only, so that compilers keep them in registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.constants import round_to
from gpukernel.ir.variables import Locals, with_body
from gpukernel.ir.walk import expressions, rewrite, statements, substatements
from gpukernel.lang.operators import COMPARE
from gpukernel.lang.types import BOOL, INT, ListType, Scalar

SMALL = 8  # elements of a list for which choices cost no more than memory does
MAX_SIZE = 16  # the same for a list that is almost always used at constant places
RARE = 4  # times as many constant places as others
MAX_CHOICES = 256  # between elements of one list, in all places where it is used
_EQUAL = COMPARE["=="]


def choose_elements(program: nodes.Program) -> nodes.Program:
    """Return the program with small lists used at constant places only."""
    functions = tuple(_in_function(function) for function in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


def _in_function(function: nodes.Function) -> nodes.Function:
    lists = _worth_it(function)
    if not lists:
        return function
    chooser = _Chooser(function, lists)
    return with_body(function, chooser.block(function.body), chooser.locals.added)


def _worth_it(function: nodes.Function) -> Mapping[str, ListType]:
    """Return the lists that are used at few places that are not constant."""
    kinds = {v.name: v.type for v in function.locals if isinstance(v.type, ListType)}
    uses: Counter[str] = Counter()
    plain: Counter[str] = Counter()  # uses at constant places
    unfit: set[str] = set()
    for part in (*expressions(function.body), *statements(function.body)):
        if isinstance(part, nodes.ListName):
            unfit.add(part.name)
        if not isinstance(part, (nodes.Element, nodes.SetElement)):
            continue
        if isinstance(part.index, nodes.Constant):
            plain[part.name] += 1
            continue
        uses[part.name] += 1
        if isinstance(part, nodes.Element) and not isinstance(part.index, nodes.Name):
            unfit.add(part.name)  # its index would be computed for each element
    found = {}
    for name, count in uses.items():
        if name in kinds and name not in unfit:
            size, limit = kinds[name].size, MAX_SIZE if count * RARE <= plain[name] else SMALL
            if 1 < size <= limit and count * size <= MAX_CHOICES:
                found[name] = kinds[name]
    return found


class _Chooser:
    """Rewrites a function."""

    def __init__(self, function: nodes.Function, lists: Mapping[str, ListType]) -> None:
        self.locals = Locals(function)
        self._lists = lists

    def block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        made: list[nodes.Stmt] = []
        for statement in block:
            made += self._statement(statement)
        return tuple(made)

    def _statement(self, node: nodes.Stmt) -> list[nodes.Stmt]:
        if any(True for _ in substatements(node)):
            updates: dict[str, Any] = {}
            for name in ("then", "otherwise", "body"):
                inner = getattr(node, name, None)
                if inner:
                    updates[name] = self.block(inner)
            node = replace(node, **updates)
        node = rewrite(node, self._read)
        if not isinstance(node, nodes.SetElement) or isinstance(node.index, nodes.Constant):
            return [node]
        return self._written(node) if node.name in self._lists else [node]

    def _read(self, node: Any) -> Any:
        """Return the read of an element as a choice between all of them."""
        if not isinstance(node, nodes.Element) or node.name not in self._lists:
            return node
        if isinstance(node.index, nodes.Constant):
            return node
        found: nodes.Expr = nodes.Constant(round_to(0, node.type), node.type, node.span)
        for place in reversed(range(self._lists[node.name].size)):
            number = nodes.Constant(place, INT, node.span)
            element = replace(node, index=number)
            found = nodes.Select(_is(node.index, number), element, found, node.type, node.span)
        return found

    def _written(self, node: nodes.SetElement) -> list[nodes.Stmt]:
        """Return what sets every element to the new value or to its own."""
        kind = self._lists[node.name].element
        assert isinstance(kind, Scalar)
        index, value = self.locals.temporary(INT), self.locals.temporary(kind)
        made: list[nodes.Stmt] = [
            nodes.Assign(index, node.index, node.span),
            nodes.Assign(value, node.value, node.span),
        ]
        for place in range(self._lists[node.name].size):
            number = nodes.Constant(place, INT, node.span)
            old = nodes.Element(node.name, number, kind, node.span)
            new = nodes.Name(value, kind, node.span)
            is_here = _is(nodes.Name(index, INT, node.span), number)
            choice = nodes.Select(is_here, new, old, kind, node.span)
            made.append(nodes.SetElement(node.name, number, choice, node.span))
        return made


def _is(index: nodes.Expr, number: nodes.Constant) -> nodes.Expr:
    overload = _EQUAL.overload([INT, INT])
    assert overload is not None
    return nodes.Call(_EQUAL, overload, (index, number), BOOL, index.span)
