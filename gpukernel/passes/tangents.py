"""One function with tangents: every float that changes is joined by a variable for its derivative.

In: a function and what changes in it.  Out: the function that computes the derivatives beside the
values, or, for the outermost function, the derivative alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gpukernel.errors import InternalError, Span
from gpukernel.ir import nodes
from gpukernel.ir.float_algebra import choice, product, simplified, total, zero
from gpukernel.ir.variables import Locals, read_names, with_body
from gpukernel.ir.walk import children, rewrite
from gpukernel.lang.types import FLOAT, ListType, Scalar
from gpukernel.passes.activity import Activity
from gpukernel.passes.propagate import without_dead
from gpukernel.passes.row_derivatives import (
    RESULT,
    applied,
    parameters_used,
    row_derivative,
)
from gpukernel.passes.short_temporaries import forward_temporaries, is_long

Dual = tuple[nodes.Expr, nodes.Expr | None]  # a value and its tangent; None stands for zero
# Gives the name of a function with tangents, for the places of the parameters that change.
Called = Callable[[str, frozenset[int]], str]
_LEAVES = (nodes.Constant, nodes.Name, nodes.Uniform, nodes.Extent, nodes.ListName)


class TangentWriter:
    """One function in the making, with tangents."""

    def __init__(self, activity: Activity, called: Called, *, is_outermost: bool) -> None:
        self.activity = activity
        self.called = called
        self.is_outermost = is_outermost
        self.locals = Locals(activity.function)
        self.tangents: dict[str, str] = {}
        self.block: list[nodes.Stmt] = []

    def run(self, name: str) -> nodes.Function:
        function = self.activity.function
        changing = [p for p in function.params if p.name in self.activity.changing]
        extra = []
        if not self.is_outermost:
            extra = [nodes.Variable(self.tangent_name(p.name), p.type) for p in changing]
            self.locals.added.clear()
        made = self.inner(function.body)
        results: tuple[Scalar | ListType, ...] = (FLOAT,)
        if not self.is_outermost:
            pairs = zip(function.results, self.activity.results)
            results = (*function.results, *(kind for kind, changes in pairs if changes))
        lists = {v.name for v in function.locals if isinstance(v.type, ListType)}
        lists |= {v.name for v in self.locals.added if isinstance(v.type, ListType)}
        made = without_dead(made, lists)
        made = without_dead(forward_temporaries(made), lists)
        params = (*function.params, *extra)
        whole = replace(function, name=name, params=params, results=results)
        return with_body(whole, made, self.locals.added)

    # ------------------------------------------------------------ variables

    def tangent_name(self, name: str) -> str:
        found = self.tangents.get(name)
        if found is None:
            kind = self.activity.types[name]
            plain = name.removesuffix(".in").split("^")[-1]
            if name.startswith("$"):
                found = self.locals.temporary(kind)
            else:
                found = self.locals.named(f"d_{plain}", kind)
            self.tangents[name] = found
        return found

    def tangent(self, name: str, span: Span) -> nodes.Expr | None:
        """Return a read of a number's tangent."""
        if name not in self.activity.changing:
            return None
        is_param = any(p.name == name for p in self.activity.function.params)
        if is_param and self.is_outermost:
            return nodes.Constant(1.0, FLOAT, span)
        return nodes.Name(self.tangent_name(name), FLOAT, span)

    def keep(self, value: nodes.Expr, into: str | None = None) -> nodes.Expr:
        """Return a read of a value that is computed here, once."""
        if is_leaf(value):
            return value
        assert isinstance(value.type, Scalar)
        name = into or self.locals.temporary(value.type)
        self.block.append(nodes.Assign(name, value, value.span))
        return nodes.Name(name, value.type, value.span)

    def aside(self, node: nodes.Expr) -> tuple[Dual, tuple[nodes.Stmt, ...]]:
        outer, self.block = self.block, []
        found = self.dual(node)
        inner, self.block = self.block, outer
        return found, tuple(inner)

    # ------------------------------------------------------------ statements

    def inner(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        outer, self.block = self.block, []
        for statement in block:
            self.statement(statement)
        made, self.block = self.block, outer
        return tuple(made)

    def statement(self, node: nodes.Stmt) -> None:
        changing = self.activity.changing
        match node:
            case nodes.Assign(value=nodes.Invoke() as call) if self.activity.changes_in(call):
                self.call((node.name,), call)
            case nodes.InvokeInto() if self.activity.changes_in(node):
                self.call(node.targets, node)
            case nodes.InvokeInto():
                self.block.append(node)
                for target in changing.intersection(node.targets):
                    self.clear(target, node.span)
            case nodes.Assign() if node.name in changing:
                self.assign(node)
            case nodes.SetElement() | nodes.Fill() | nodes.CopyList() if node.name in changing:
                self.elements(node)
            case nodes.If():
                then, otherwise = self.inner(node.then), self.inner(node.otherwise)
                self.block.append(replace(node, then=then, otherwise=otherwise))
            case nodes.For() | nodes.While():
                self.block.append(replace(node, body=self.inner(node.body)))
            case nodes.Return():
                self.leave(node)
            case _:
                self.block.append(node)

    def assign(self, node: nodes.Assign) -> None:
        into = None if node.name in read_names(node.value) else node.name
        value, tangent = self.dual(node.value, into)
        name = self.tangent_name(node.name)
        given = tangent or zero(node.span)
        is_kept = isinstance(value, nodes.Name) and value.name == node.name
        if not (isinstance(given, nodes.Name) and given.name == name):
            self.block.append(nodes.Assign(name, given, node.span))
        if not is_kept:
            self.block.append(replace(node, value=value))

    def elements(self, node: nodes.SetElement | nodes.Fill | nodes.CopyList) -> None:
        name = self.tangent_name(node.name)
        if isinstance(node, nodes.CopyList):
            changes = node.source in self.activity.changing
            nothing = nodes.Fill(name, zero(node.span), node.span)
            source = self.tangent_name(node.source) if changes else ""
            self.block.append(nodes.CopyList(name, source, node.span) if changes else nothing)
            self.block.append(node)
            return
        value, tangent = self.dual(node.value)
        given = tangent or zero(node.span)
        if isinstance(node, nodes.SetElement):
            self.block.append(nodes.SetElement(name, node.index, given, node.span))
        else:
            self.block.append(nodes.Fill(name, given, node.span))
        self.block.append(replace(node, value=value))

    def leave(self, node: nodes.Return) -> None:
        if self.is_outermost:
            tangent = self.dual(node.values[0])[1]
            self.block.append(nodes.Return((tangent or zero(node.span),), node.span))
            return
        values: list[nodes.Expr] = []
        tangents: list[nodes.Expr] = []
        for value, changes in zip(node.values, self.activity.results):
            if isinstance(value, nodes.ListName):
                values.append(value)
                tangents += [self.list_tangent(value)] if changes else []
                continue
            number, tangent = self.dual(value)
            values.append(number)
            tangents += [tangent or zero(node.span)] if changes else []
        self.block.append(nodes.Return((*values, *tangents), node.span))

    def list_tangent(self, node: nodes.ListName) -> nodes.ListName:
        """Return the tangent of a whole list; a new list of zeros where it has none."""
        if node.name in self.activity.changing:
            return replace(node, name=self.tangent_name(node.name))
        name = self.locals.temporary(node.type)
        self.block.append(nodes.Fill(name, zero(node.span), node.span))
        return replace(node, name=name)

    def call(self, targets: tuple[str, ...], node: nodes.Invoke | nodes.InvokeInto) -> None:
        """Call a function with tangents, where something in it changes."""
        changes = self.activity.call(node)
        arguments: list[nodes.Expr] = []
        tangents: list[nodes.Expr] = []
        for place, argument in enumerate(node.arguments):
            if isinstance(argument, nodes.ListName):
                arguments.append(argument)
                tangents += [self.list_tangent(argument)] if place in changes.params else []
                continue
            number, tangent = self.dual(argument)
            arguments.append(number)
            tangents += [tangent or zero(node.span)] if place in changes.params else []
        function = node.function
        into = list(targets)
        if changes.params or any(changes.results):
            function = self.called(node.function, changes.params)
            into += [self.tangent_name(t) for t, c in zip(targets, changes.results) if c]
        call = nodes.InvokeInto(tuple(into), function, (*arguments, *tangents), node.span)
        self.block.append(call)
        for target, changed in zip(targets, changes.results):
            if target in self.activity.changing and not changed:
                self.clear(target, node.span)

    def clear(self, name: str, span: Span) -> None:
        tangent, kind = self.tangent_name(name), self.activity.types[name]
        clears = nodes.Fill if isinstance(kind, ListType) else nodes.Assign
        self.block.append(clears(tangent, zero(span), span))

    # ------------------------------------------------------------ expressions

    def dual(self, node: nodes.Expr, into: str | None = None) -> Dual:
        """Return a number and its tangent; ``into`` is a variable that may keep the number."""
        if not self.activity.depends(node):
            return node, None
        match node:
            case nodes.Name():
                return node, self.tangent(node.name, node.span)
            case nodes.Element():
                return node, replace(node, name=self.tangent_name(node.name))
            case nodes.Call():
                return self.dual_call(node, into)
            case nodes.Select():
                return self.dual_choice(node)
            case nodes.Invoke():
                value = into or self.locals.temporary(FLOAT)
                tangent = self.locals.temporary(FLOAT)
                self.invoke(value, tangent, node)
                found = (nodes.Name(n, FLOAT, node.span) for n in (value, tangent))
                return next(found), next(found)
            case _:
                raise InternalError(f"no derivative of {type(node).__name__}")

    def invoke(self, value: str, tangent: str, node: nodes.Invoke) -> None:
        self.activity.types[value] = FLOAT
        had = self.tangents.get(value)
        self.tangents[value] = tangent
        self.call((value,), node)
        del self.tangents[value]
        if had is not None:
            self.tangents[value] = had

    def dual_call(self, node: nodes.Call, into: str | None) -> Dual:
        places = self.activity.changing_arguments(node)
        derivatives = {p: row_derivative(node.row, node.overload, p) for p in places}
        used = frozenset().union(*map(parameters_used, derivatives.values()))
        arguments: list[nodes.Expr] = []
        tangents: dict[int, nodes.Expr] = {}
        for place, argument in enumerate(node.arguments):
            number, tangent = self.dual(argument)
            is_used = node.row.parameters[min(place, len(node.row.parameters) - 1)] in used
            arguments.append(self.keep(number) if is_used else number)
            if place in derivatives and tangent is not None:
                tangents[place] = self.keep(tangent) if is_long(tangent) else tangent
        value: nodes.Expr = replace(node, arguments=tuple(arguments))
        if RESULT in used:
            value = self.keep(value, into)
        found: nodes.Expr | None = None
        for place, tangent in tangents.items():
            slope = rewrite(applied(derivatives[place], node.row, arguments, value), simplified)
            if isinstance(slope, nodes.Select):
                tangent = self.keep(tangent)
            found = total(found, product(slope, tangent))
        return value, found

    def dual_choice(self, node: nodes.Select) -> Dual:
        (then, d_then), before_then = self.aside(node.then)
        (otherwise, d_otherwise), before_otherwise = self.aside(node.otherwise)
        condition = node.condition
        if not before_then and not before_otherwise:
            condition = self.keep(condition) if _is_costly(condition) else condition
            value = replace(node, condition=condition, then=then, otherwise=otherwise)
            return value, choice(condition, d_then, d_otherwise, node.span)
        name, tangent = self.locals.temporary(FLOAT), self.locals.temporary(FLOAT)
        sides: list[tuple[nodes.Stmt, ...]] = []
        for before, number, slope in (
            (before_then, then, d_then),
            (before_otherwise, otherwise, d_otherwise),
        ):
            given = slope or zero(node.span)
            kept = nodes.Assign(name, number, node.span), nodes.Assign(tangent, given, node.span)
            sides.append((*before, *kept))
        self.block.append(nodes.If(condition, sides[0], sides[1], node.span))
        return nodes.Name(name, FLOAT, node.span), nodes.Name(tangent, FLOAT, node.span)


def is_leaf(node: nodes.Expr) -> bool:
    """Whether an expression costs nothing to evaluate again."""
    if isinstance(node, nodes.Cast):
        return is_leaf(node.value)
    return isinstance(node, _LEAVES)


def _is_costly(condition: nodes.Expr) -> bool:
    """Whether a condition is more than a comparison of things at hand."""
    return not is_leaf(condition) and not all(map(is_leaf, children(condition)))
