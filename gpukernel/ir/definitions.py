"""Which variables of a typed function may be read before they are set, and where indices come from.

The typed program starts every variable with zeros; text in the kernel language must say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from gpukernel.ir import nodes
from gpukernel.ir.variables import read_names
from gpukernel.ir.walk import children, expressions, statements
from gpukernel.lang.operators import BINARY, COMPARE
from gpukernel.lang.types import INT, INT_MAX


def unset_names(function: nodes.Function) -> tuple[str, ...]:
    """Return the locals that some path may read before it sets them, in their order.

    A list is set as a whole; writing to an element of it reads it.
    """
    unset: set[str] = set()
    _walk(function.body, frozenset(v.name for v in function.params), unset)
    return tuple(v.name for v in function.locals if v.name in unset)


_Set = frozenset[str]


def _walk(block: tuple[nodes.Stmt, ...], known: _Set, unset: set[str]) -> _Set | None:
    """Return what is set after a block, None if nothing comes after it."""
    for statement in block:
        after = _statement(statement, known, unset)
        if after is None:
            return None
        known = after
    return known


def _statement(node: nodes.Stmt, known: _Set, unset: set[str]) -> _Set | None:
    for child in children(node):
        unset.update(name for name in read_names(child) if name not in known)
    match node:
        case nodes.Assign() | nodes.Fill():
            return known | {node.name}
        case nodes.SetElement():
            unset.update({node.name} - known)
            return known
        case nodes.CopyList():
            unset.update({node.source} - known)
            return known | {node.name}
        case nodes.InvokeInto():
            return known.union(node.targets)
        case nodes.If():
            return _branch(node, known, unset)
        case nodes.For() | nodes.While():
            return _loop(node, known, unset)
        case _:  # Return, Break, Continue
            return None


def _loop(node: nodes.For | nodes.While, known: _Set, unset: set[str]) -> _Set | None:
    if isinstance(node, nodes.For):
        _walk(node.body, known | {node.name}, unset)
        return known
    _walk(node.body, known, unset)
    never_ends = isinstance(node.condition, nodes.Constant) and node.condition.value
    ends = any(isinstance(s, nodes.Break) for s in statements(node.body))
    return None if never_ends and not ends else known


def _branch(node: nodes.If, known: _Set, unset: set[str]) -> _Set | None:
    then = _walk(node.then, known, unset)
    otherwise = _walk(node.otherwise, known, unset)
    if then is None or otherwise is None:
        return otherwise if then is None else then
    return then & otherwise


def list_places(function: nodes.Function) -> dict[str, nodes.Expr]:
    """Return what to write for the variables that hold places in local lists, as text means it.

    In the typed program a place is counted from the beginning, and what is not in the list is
    outside; in the text a negative index counts from the end.  Some variables hold a place that was
    written ``xs[i]``: for those the ``i`` is returned.
    """
    counts = Counter(s.name for s in statements(function.body) if isinstance(s, nodes.Assign))
    found: dict[str, nodes.Expr] = {}
    for statement in statements(function.body):
        if isinstance(statement, nodes.Assign) and statement.name.startswith("$"):
            index = _counted_from_end(statement.value)
            if index is not None and counts[statement.name] == 1:
                found[statement.name] = index
    return found


def written_place(place: nodes.Expr, known: Mapping[str, nodes.Expr]) -> nodes.Expr:
    """Return what to write between the brackets for a place in a list.

    ``known`` is what `list_places` found.
    """
    if isinstance(place, nodes.Name):
        return known.get(place.name, place)
    index = _counted_from_end(place)
    return far_outside(place) if index is None else index


def far_outside(place: nodes.Expr) -> nodes.Expr:
    """Return a place with one that no list has, counted from either side, in place of -1."""
    if isinstance(place, nodes.Select) and _is_none(place.otherwise):
        return replace(place, otherwise=nodes.Constant(INT_MAX, INT, place.span))
    return place


def lost_places(function: nodes.Function) -> frozenset[str]:
    """Return the variables that hold a place or -1, and are places in lists only."""
    found = {
        s.name
        for s in statements(function.body)
        if isinstance(s, nodes.Assign)
        and isinstance(s.value, nodes.Select)
        and _is_none(s.value.otherwise)
    }
    reads: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for statement in statements(function.body):
        if isinstance(statement, nodes.SetElement):
            places.update(n.name for n in (statement.index,) if isinstance(n, nodes.Name))
    for node in expressions(function.body):
        if isinstance(node, nodes.Name):
            reads[node.name] += 1
        elif isinstance(node, nodes.Element) and isinstance(node.index, nodes.Name):
            places[node.index.name] += 1
    return frozenset(name for name in found if reads[name] == places[name])


def _is_none(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Constant) and node.type == INT and node.value == -1


def _counted_from_end(node: nodes.Expr) -> nodes.Expr | None:
    match node:
        case nodes.Select(
            condition=nodes.Call(row=is_less, arguments=(first, nodes.Constant(value=0))),
            then=nodes.Call(row=plus, arguments=(second, nodes.Constant())),
            otherwise=nodes.Name() as index,
        ) if is_less is COMPARE["<"] and plus is BINARY["+"]:
            names = [part.name for part in (first, second) if isinstance(part, nodes.Name)]
            return index if names == [index.name] * 2 else None
        case _:
            return None
