"""Which variables of a typed function change with the parameters of which derivatives are taken.

In: a function, and its parameters that change.  Out: the floats and lists of floats that may change
with them, wherever they are assigned.  Ints and bools never do: they are constant but for jumps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from gpukernel.errors import Diagnostic, KernelTypeError, Span
from gpukernel.ir import nodes
from gpukernel.ir.float_algebra import is_number
from gpukernel.ir.walk import statements
from gpukernel.lang.types import FLOAT, ListType
from gpukernel.passes.row_derivatives import has_derivative, row_derivative
from gpukernel.records import record


@record(frozen=True)
class Changes:
    """What changes in a function: its list parameters and its results, by their places."""

    params: frozenset[int]
    results: tuple[bool, ...]


class Activity(ABC):
    """The variables of one function that change."""

    def __init__(self, function: nodes.Function, params: frozenset[int]) -> None:
        self.function = function
        self.types = {v.name: v.type for v in (*function.params, *function.locals)}
        self.changing = {function.params[place].name for place in params}
        self.results = [False] * len(function.results)
        self.diagnostics: list[Diagnostic] = []
        self._known: dict[int, bool] = {}

    @abstractmethod
    def callee(self, name: str, params: frozenset[int], span: Span) -> Changes:
        """Return what changes in another function of the program."""

    def settle(self) -> None:
        """Walk the function until nothing more is found to change."""
        before = None
        while before != (state := (frozenset(self.changing), tuple(self.results))):
            before = state
            self.diagnostics, self._known = [], {}
            for statement in statements(self.function.body):
                self._statement(statement)

    @property
    def changes(self) -> Changes:
        params = self.function.params
        places = (i for i, p in enumerate(params) if p.name in self.changing)
        return Changes(frozenset(places), tuple(self.results))

    def _statement(self, node: nodes.Stmt) -> None:
        match node:
            case nodes.Assign(value=nodes.Invoke() as call):
                self._call((node.name,), call)
            case nodes.Assign() | nodes.SetElement() | nodes.Fill():
                if self.depends(node.value):
                    self._add(node.name)
            case nodes.CopyList():
                if node.source in self.changing:
                    self._add(node.name)
            case nodes.InvokeInto():
                self._call(node.targets, node)
            case nodes.Return():
                for place, value in enumerate(node.values):
                    self.results[place] |= self.depends(value)
            case _:
                pass

    def _add(self, name: str) -> None:
        if name not in self.changing:
            self.changing.add(name)
            self._known = {}

    def _call(self, targets: tuple[str, ...], node: nodes.Invoke | nodes.InvokeInto) -> None:
        found = self.call(node)
        for target, changes in zip(targets, found.results):
            if changes:
                self._add(target)
        for place in found.params:
            argument = node.arguments[place]
            if isinstance(argument, nodes.ListName):
                self._add(argument.name)

    def call(self, node: nodes.Invoke | nodes.InvokeInto) -> Changes:
        """Return what changes in a called function."""
        params = frozenset(i for i, a in enumerate(node.arguments) if self.depends(a))
        return self.callee(node.function, params, node.span)

    def changes_in(self, node: nodes.Invoke | nodes.InvokeInto) -> bool:
        """Whether anything changes in a called function."""
        found = self.call(node)
        return bool(found.params) or any(found.results)

    def depends(self, node: nodes.Expr) -> bool:
        """Whether the value of an expression changes."""
        kind = node.type.element if isinstance(node.type, ListType) else node.type
        if kind != FLOAT:
            return False
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = self._depends(node)
        return found

    def _depends(self, node: nodes.Expr) -> bool:
        match node:
            case nodes.Name() | nodes.Element() | nodes.ListName():
                return node.name in self.changing
            case nodes.Call():
                return bool(self.changing_arguments(node))
            case nodes.Select():
                sides = [self.depends(node.then), self.depends(node.otherwise)]
                return any(sides)
            case nodes.Cast() | nodes.Bind():
                return self.depends(node.value)
            case nodes.Invoke():
                return self.call(node).results[0]
            case _:
                return False

    def changing_arguments(self, node: nodes.Call) -> list[int]:
        """Return the places of the arguments that change the result of a call."""
        found = []
        for place, argument in enumerate(node.arguments):
            if not self.depends(argument):
                continue
            if not has_derivative(node, place):
                self._refuse(node, place)
            elif not is_number(row_derivative(node.row, node.overload, place), 0.0):
                found.append(place)
        return found

    def _refuse(self, node: nodes.Call, place: int) -> None:
        name = node.row.symbol or node.row.name
        message = f"`{name}` has no derivative"
        if len(node.arguments) > 1:
            message += f" by its argument `{node.row.parameters[place]}`"
        hint = "write what it computes with functions that have one"
        self.diagnostics.append(Diagnostic(KernelTypeError, node.span, message, hint))
