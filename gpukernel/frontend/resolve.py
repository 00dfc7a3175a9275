"""Bind every name: surface tree of a kernel in, surface trees of it and all it calls out.

A name is a local, or it is captured from the enclosing scope: a number, a tuple of numbers, an
array, a table row, a module on the way to one, or a plain function, which is then resolved too.
What each captured name stood for is kept, so that a launch can see whether a global was rebound.
"""

from __future__ import annotations

import builtins
import difflib
import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import CellType, FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gpukernel.errors import (
    Diagnostic,
    KernelNameError,
    KernelSyntaxError,
    KernelTypeError,
    Span,
    raise_errors,
)
from gpukernel.frontend.flow import (
    assigned_names,
    check_flow,
    comprehension_names,
    element_targets,
    target_names,
)
from gpukernel.frontend.negatives import literal_negatives
from gpukernel.frontend.objects import (
    CASTS,
    SPECIALS,
    VECTORS,
    find_row,
    is_data,
    is_library,
    vector_load,
)
from gpukernel.frontend.parse import parse_function
from gpukernel.frontend.refused import did_you_mean, refusal, refused_write
from gpukernel.frontend.source import FunctionSource, plain_function, read_source
from gpukernel.ir import syntax
from gpukernel.records import record

_NEAR = 0.7  # how alike names must be to be worth a "did you mean"
MISSING = object()  # a name that is not defined (yet)

CONSTANT_MODULES = (math, np)  # their numbers never change, so they are compiled in


@record(frozen=True)
class Capture:
    """A name read from outside a function: its path and what it stood for when resolved."""

    owner: FunctionType
    path: tuple[str, ...]
    value: object = field(compare=False)

    def read(self) -> object:
        """Return what the path stands for now, or `MISSING`."""
        value = _look_up(self.owner, self.path[0])
        for name in self.path[1:]:
            value = getattr(value, name, MISSING)
        return value


@dataclass
class Resolution:
    """A kernel and the functions it reaches, with names bound.

    ``deferred`` names were unknown and may be defined before the first launch.  ``baked`` are the
    captured numbers that were needed as constants, such as the size of a list: a new value of
    one of those compiles anew.  ``seen`` are the values of the captures, in their order, that a
    compilation goes by: other threads may rebind names meanwhile.
    """

    kernel: FunctionType
    functions: dict[FunctionType, syntax.Function] = field(default_factory=dict)
    captures: dict[tuple[FunctionType, tuple[str, ...]], Capture] = field(default_factory=dict)
    deferred: list[Diagnostic] = field(default_factory=list)
    baked: set[tuple[FunctionType, tuple[str, ...]]] = field(default_factory=set)
    seen: tuple[object, ...] | None = None

    def read(self) -> tuple[object, ...]:
        """Return what every captured name stands for now."""
        seen = []
        for place, space, (name, *attributes) in self._places:
            if place is None:
                value = space.get(name, MISSING)
                if value is MISSING:
                    value = getattr(builtins, name, MISSING)
            else:
                value = _inside(place)
            for attribute in attributes:
                value = getattr(value, attribute, MISSING)
            seen.append(value)
        return tuple(seen)

    @functools.cached_property
    def _places(self) -> list[tuple[CellType | None, dict[str, Any], tuple[str, ...]]]:
        """Where each captured name is kept: the cell of an enclosing function, or the globals."""
        captures = self.captures.values()
        return [(_cell(c.owner, c.path[0]), c.owner.__globals__, c.path) for c in captures]

    def value_of(self, capture: Capture) -> object:
        """Return what a captured name stands for in this compilation."""
        return capture.read() if self.seen is None else self.seen[self.positions[capture]]

    @functools.cached_property
    def positions(self) -> dict[Capture, int]:
        """The place of every capture in the order of their values."""
        return {capture: place for place, capture in enumerate(self.captures.values())}

    @functools.cached_property
    def literal_negatives(self) -> frozenset[tuple[str, int, int, int]]:
        """Where the functions have negative indices written as constants: for `ArrayView`."""
        places = (literal_negatives(_read(function)[0]) for function in self.functions)
        return frozenset(place for found in places for place in found)


def resolve_names(
    kernel: FunctionType,
    *,
    may_defer: bool,
    baked: Iterable[tuple[FunctionType, tuple[str, ...]]] = (),
) -> Resolution:
    """Return the kernel and all functions it calls, with every name bound.

    Args:
        kernel: the function.
        may_defer: accept names that the module may still define.
        baked: captures that an earlier compilation needed as constants.

    Raises:
        KernelNameError: for unknown and possibly unset names, all of one function at once.
        KernelSyntaxError: for what the language does not have.
        KernelTypeError: for captured objects that kernels cannot use.
    """
    resolution = Resolution(kernel)
    resolution.baked |= set(baked)
    pending = [kernel]
    while pending:
        function = pending.pop()
        if function not in resolution.functions:
            pending += _resolve_function(function, resolution, may_defer)
    return resolution


def _resolve_function(
    function: FunctionType, resolution: Resolution, may_defer: bool
) -> list[FunctionType]:
    """Bind one function's names and return the functions it calls."""
    source, tree, refused = _read(function)
    resolver = _Resolver(function, source, tree, may_defer)
    bound = resolver.function_tree(tree)
    if function is resolution.kernel:
        resolver.refuse_array_writes(bound)
    bound, flow_errors = check_flow(bound, is_kernel=function is resolution.kernel)
    diagnostics = [*resolver.diagnostics, *flow_errors]
    if refused:  # what else is wrong may follow from that; unknown names do not
        unknown = [d for d in resolver.diagnostics if d.error is KernelNameError]
        diagnostics = [*refused, *unknown]
    if diagnostics:
        raise_errors(diagnostics)
    resolution.functions[function] = bound
    resolution.deferred += resolver.deferred
    for capture in resolver.captures.values():
        resolution.captures[(function, capture.path)] = capture
    return resolver.called


# What was read when a function was first seen: its file may change afterwards.
_Parsed = tuple[FunctionSource, syntax.Function, tuple[Diagnostic, ...]]
_sources: WeakKeyDictionary[FunctionType, _Parsed]
_sources = WeakKeyDictionary()


def _read(function: FunctionType) -> _Parsed:
    found = _sources.get(function)
    if found is None:
        source = read_source(function)
        found = _sources[function] = (source, *parse_function(source))
    return found


def _look_up(function: FunctionType, name: str) -> object:
    """Return what a free name means inside a function now, or `MISSING`."""
    cell = _cell(function, name)
    if cell is not None:
        return _inside(cell)
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, MISSING)


def _cell(function: FunctionType, name: str) -> CellType | None:
    """Return the cell of a name of an enclosing function, None for other names."""
    names = function.__code__.co_freevars
    return (function.__closure__ or ())[names.index(name)] if name in names else None


def _inside(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # the enclosing function has not assigned it yet
        return MISSING


class _Resolver:
    def __init__(
        self, function: FunctionType, source: FunctionSource, tree: syntax.Function, may_defer: bool
    ) -> None:
        self.function = function
        self.source = source
        self.may_defer = may_defer
        # The variables of the function and of those nested in it, innermost last.
        self.scopes: list[set[str]] = []
        self.outer: list[set[str]] = []  # what each of them reads of those around it
        self.diagnostics: list[Diagnostic] = []
        self.deferred: list[Diagnostic] = []
        self.captures: dict[tuple[str, ...], Capture] = {}
        self.called: list[FunctionType] = []
        self.expressions: dict[type, Callable[[Any], syntax.Expr]] = {
            syntax.Name: self.name,
            syntax.Attribute: self.attribute,
            syntax.Comprehension: self.comprehension,
            syntax.Lambda: lambda node: replace(node, function=self.function_tree(node.function)),
        }

    # ------------------------------------------------------------ functions

    def function_tree(self, tree: syntax.Function) -> syntax.Function:
        """Resolve a function, or one nested in it."""
        names = {p.name for p in tree.params} | {t.name for t in assigned_names(tree.body)}
        params = tuple(self.parameter(p) for p in tree.params)
        if not self.scopes:  # of refused statements too
            code = self.function.__code__
            names |= {*code.co_varnames, *code.co_cellvars} - comprehension_names(tree)
        self.scopes.append(names)
        self.outer.append(set())
        body = self.block(tree.body)
        self.scopes.pop()
        outer = tuple(sorted(self.outer.pop()))
        return replace(tree, params=params, body=body, outer=outer)

    def parameter(self, node: syntax.Parameter) -> syntax.Parameter:
        default = node.default
        return node if default is None else replace(node, default=self.expression(default))

    def refuse_array_writes(self, kernel: syntax.Function) -> None:
        """Report writes to elements of the kernel's arguments and of captured objects."""
        own = {target.name for target in assigned_names(kernel.body)}
        for target in element_targets(kernel.body):
            root: syntax.Expr = target.value
            while isinstance(root, (syntax.Subscript, syntax.Attribute)):
                root = root.value
            if not isinstance(root, syntax.Local) or root.name not in own:
                message, hint = refused_write(target, root)
                self.diagnostics.append(Diagnostic(KernelSyntaxError, target.span, message, hint))

    # ------------------------------------------------------------ statements

    def statement(self, node: syntax.Stmt) -> syntax.Stmt:
        if isinstance(node, syntax.Return):
            return replace(node, value=self.expression(node.value))
        if isinstance(node, syntax.Evaluate):
            return replace(node, value=self.call(node.value))
        if isinstance(node, syntax.Assign):
            targets = tuple(self.target(t) for t in node.targets)
            return replace(node, targets=targets, value=self.expression(node.value))
        if isinstance(node, syntax.Augmented):
            target = self.target(node.target)
            return replace(node, target=target, value=self.expression(node.value))
        if isinstance(node, syntax.Define):
            return replace(node, function=self.function_tree(node.function))
        return self.compound(node)

    def compound(self, node: syntax.Stmt) -> syntax.Stmt:
        if isinstance(node, syntax.Assert):
            return replace(node, condition=self.expression(node.condition))
        if isinstance(node, syntax.If):
            return replace(
                node,
                condition=self.expression(node.condition),
                then=self.block(node.then),
                otherwise=self.block(node.otherwise),
            )
        if isinstance(node, syntax.For):
            iterable = self.expression(node.iterable)
            body, otherwise = self.block(node.body), self.block(node.otherwise)
            return replace(node, iterable=iterable, body=body, otherwise=otherwise)
        if isinstance(node, syntax.While):
            condition = self.expression(node.condition)
            body, otherwise = self.block(node.body), self.block(node.otherwise)
            return replace(node, condition=condition, body=body, otherwise=otherwise)
        return node

    def target(self, node: Any) -> Any:
        """Resolve what a target reads: the list or vector that is written to, and the indices."""
        if isinstance(node, syntax.TargetTuple):
            return replace(node, elements=tuple(self.target(e) for e in node.elements))
        if isinstance(node, syntax.TargetElement):
            value = self.expression(node.value)
            return replace(node, value=value, indices=self.each(node.indices))
        if isinstance(node, syntax.TargetAttribute):
            return replace(node, value=self.expression(node.value))
        return node

    def block(self, statements: tuple[syntax.Stmt, ...]) -> tuple[syntax.Stmt, ...]:
        return tuple(self.statement(s) for s in statements)

    # ------------------------------------------------------------ expressions

    def expression(self, node: syntax.Expr) -> syntax.Expr:
        method = self.expressions.get(type(node))
        return self.descend(node) if method is None else method(node)

    def descend(self, node: syntax.Expr) -> syntax.Expr:
        """Resolve the children of any other expression."""
        if isinstance(node, syntax.Apply):
            return self.call(node)
        if isinstance(node, syntax.Subscript):
            value = self.expression(node.value)
            return replace(node, value=value, indices=self.each(node.indices))
        if isinstance(node, syntax.Unary):
            return replace(node, operand=self.expression(node.operand))
        if isinstance(node, syntax.Binary):
            return replace(node, left=self.expression(node.left), right=self.expression(node.right))
        if isinstance(node, (syntax.Comparison, syntax.Boolean)):
            return replace(node, operands=self.each(node.operands))
        if isinstance(node, syntax.Conditional):
            condition = self.expression(node.condition)
            then, otherwise = self.expression(node.then), self.expression(node.otherwise)
            return replace(node, condition=condition, then=then, otherwise=otherwise)
        if isinstance(node, (syntax.Sequence, syntax.ListDisplay)):
            return replace(node, elements=self.each(node.elements))
        return node

    def call(self, node: syntax.Apply) -> syntax.Apply:
        return replace(
            node,
            function=self.expression(node.function),
            arguments=self.each(node.arguments),
            keywords=tuple((name, self.expression(v)) for name, v in node.keywords),
        )

    def each(self, nodes: tuple[syntax.Expr, ...]) -> tuple[syntax.Expr, ...]:
        return tuple(self.expression(node) for node in nodes)

    def comprehension(self, node: syntax.Comprehension) -> syntax.Expr:
        iterable = self.expression(node.iterable)
        self.scopes[-1] |= {target.name for target in target_names(node.target)}
        conditions, element = self.each(node.conditions), self.expression(node.element)
        return replace(node, element=element, iterable=iterable, conditions=conditions)

    def name(self, node: syntax.Name, *, dotted: bool = False) -> syntax.Expr:
        for depth in range(len(self.scopes) - 1, -1, -1):
            if node.name in self.scopes[depth]:
                for outer in self.outer[depth + 1 :]:
                    outer.add(node.name)
                return syntax.Local(node.name, node.span)
        value = _look_up(self.function, node.name)
        if value is MISSING:
            self.unknown(node)
            return syntax.Global((node.name,), MISSING, node.span)
        return self.capture((node.name,), value, node.span, dotted=dotted)

    def attribute(self, node: syntax.Attribute, *, dotted: bool = False) -> syntax.Expr:
        inner = self.before_dot(node.value)
        if not isinstance(inner, syntax.Global) or inner.value is MISSING or is_data(inner.value):
            return replace(node, value=inner)
        path = (*inner.path, node.name)
        value = getattr(inner.value, node.name, MISSING)
        if value is MISSING:
            near = difflib.get_close_matches(node.name, dir(inner.value), 1, _NEAR)
            message = f"`{'.'.join(inner.path)}` has no `{node.name}`"
            hint = did_you_mean(near) or f"dir({'.'.join(inner.path)}) lists what it has"
            self.diagnostics.append(Diagnostic(KernelNameError, node.span, message, hint))
            return syntax.Global(path, MISSING, node.span)
        self.captures.pop(inner.path, None)
        return self.capture(path, value, node.span, dotted=dotted)

    def before_dot(self, node: syntax.Expr) -> syntax.Expr:
        """Resolve what an attribute is read from: it may be a class or a namespace too."""
        if isinstance(node, syntax.Name):
            return self.name(node, dotted=True)
        if isinstance(node, syntax.Attribute):
            return self.attribute(node, dotted=True)
        return self.expression(node)

    def unknown(self, node: syntax.Name) -> None:
        known = [*self.scopes[-1], *self.function.__globals__, *dir(builtins)]
        near = difflib.get_close_matches(node.name, known, 1, _NEAR)
        hint = did_you_mean(near) or "define it before the kernel, or pass it as an argument"
        message = f"name `{node.name}` is not defined"
        diagnostic = Diagnostic(KernelNameError, node.span, message, hint)
        later = node.name in self.source.parsed.bound
        later = later or node.name in self.function.__code__.co_freevars
        (self.deferred if later and self.may_defer else self.diagnostics).append(diagnostic)

    def capture(
        self, path: tuple[str, ...], value: object, span: Span, *, dotted: bool
    ) -> syntax.Expr:
        """Record a captured object and check that kernels can use it.

        ``dotted`` says that only an attribute of it is used.
        """
        self.captures[path] = Capture(self.function, path, value)
        if is_data(value):
            self.check_constant(path, value, span)
        elif not dotted and not self.usable(value):  # before a dot, any object will do
            message, hint = refusal(".".join(path), value)
            found = Diagnostic(KernelTypeError, span, message, hint)
            waits = value is None and self.may_defer  # the module may still assign it
            (self.deferred if waits else self.diagnostics).append(found)
            return syntax.Global(path, MISSING, span)
        return syntax.Global(path, value, span)

    def check_constant(self, path: tuple[str, ...], value: object, span: Span) -> None:
        """Numbers of `math` and `numpy` are compiled in, so a launch need not read them again."""
        module = _look_up(self.function, path[0]) if len(path) == 2 else None
        if any(module is known for known in CONSTANT_MODULES):
            del self.captures[path]

    def usable(self, value: object) -> bool:
        if isinstance(value, ModuleType) or find_row(value) is not None:
            return True
        if any(value is special for special in (*SPECIALS, *VECTORS)) or vector_load(value):
            return True
        if isinstance(value, type) and value in CASTS:
            return True
        function = plain_function(value)
        if function is None or function is not value:
            return False
        if is_own(function) and not (is_library(function) or is_own(self.function)):
            return False  # such as gk.sum: it launches kernels itself
        self.called.append(function)
        return True


def is_own(function: FunctionType) -> bool:
    """Whether a function is one of this package that kernels do not call.

    Those in the kernel language have no annotations: their types are inferred.
    """
    module = function.__module__ or ""  # None for what exec made in a namespace without a name
    return module.startswith("gpukernel.") and bool(function.__annotations__)
