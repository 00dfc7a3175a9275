"""Variables of typed functions: which ones statements change and read, and new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, statements, subexpressions
from gpukernel.lang.types import ListType, Scalar

_NAMED = (nodes.Assign, nodes.SetElement, nodes.Fill, nodes.CopyList, nodes.For)


def assigned(block: tuple[nodes.Stmt, ...]) -> frozenset[str]:
    """Return the variables that a block may change, at any depth.

    A list that is passed to a function counts: the function may write to it.
    """
    found: set[str] = set()
    for statement in statements(block):
        if isinstance(statement, _NAMED):
            found.add(statement.name)
        elif isinstance(statement, nodes.InvokeInto):
            found.update(statement.targets)
    for node in expressions(block):
        if isinstance(node, (nodes.Bind, nodes.ListName)):
            found.add(node.name)
    return frozenset(found)


def read_names(node: nodes.Expr) -> Iterator[str]:
    """Yield the variables, lists too, that an expression reads; one read twice comes twice."""
    for part in subexpressions(node):
        if isinstance(part, (nodes.Name, nodes.Element, nodes.ListName)):
            yield part.name


def is_pure(node: nodes.Expr) -> bool:
    """Whether the expression does nothing but give a value."""
    return not any(isinstance(part, (nodes.Bind, nodes.Invoke)) for part in subexpressions(node))


class Locals:
    """The variables of a function while a pass adds to them."""

    def __init__(self, function: nodes.Function) -> None:
        self._taken = {v.name for v in (*function.params, *function.locals)}
        self.added: list[nodes.Variable] = []

    def temporary(self, kind: Scalar | ListType) -> str:
        """Return a new variable that no source names."""
        number = len(self.added)
        while f"$${number}" in self._taken:
            number += 1
        return self._add(f"$${number}", kind)

    def like(self, name: str, kind: Scalar | ListType, number: int) -> str:
        """Return a new variable with a name close to another one's."""
        candidate = f"{name}_{number}"
        while candidate in self._taken:
            candidate += "_"
        return self._add(candidate, kind)

    def named(self, wish: str, kind: Scalar | ListType) -> str:
        """Return a new variable of this name, or of one close to it."""
        if wish not in self._taken:
            return self._add(wish, kind)
        return self.like(wish, kind, 2)

    def _add(self, name: str, kind: Scalar | ListType) -> str:
        self._taken.add(name)
        self.added.append(nodes.Variable(name, kind))
        return name


def with_body(
    function: nodes.Function, body: tuple[nodes.Stmt, ...], added: Iterable[nodes.Variable] = ()
) -> nodes.Function:
    """Return the function with another body; locals that it does not use are dropped."""
    if body is function.body and not added:
        return function
    used = set(assigned(body))
    for node in expressions(body):
        used.update(read_names(node))
    for statement in statements(body):
        if isinstance(statement, nodes.CopyList):
            used.add(statement.source)
    kept = tuple(v for v in (*function.locals, *added) if v.name in used)
    return replace(function, body=body, locals=kept)
