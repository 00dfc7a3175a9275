"""Bind every name: surface tree of a kernel in, surface trees of it and all it calls out.

A name is a local, or it is captured from the enclosing scope: a number, a table row, a module on
the way to one, or a plain function, which is then resolved too.  What each captured name stood for
is kept, so that a launch can see whether a global was rebound.
"""

from __future__ import annotations

import builtins
import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from gpukernel.errors import Diagnostic, KernelNameError, KernelTypeError, Span, raise_errors
from gpukernel.frontend.flow import assigned_names, check_flow
from gpukernel.frontend.parse import literal_negatives, parse_function
from gpukernel.frontend.source import FunctionSource, plain_function, read_source
from gpukernel.ir import syntax
from gpukernel.lang.builtins import find_builtin
from gpukernel.lang.grid import index
from gpukernel.lang.operators import BINARY, OPERATORS
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, Scalar

_NEAR = 0.7  # how alike names must be to be worth a "did you mean"
MISSING = object()  # a name that is not defined (yet)

# What to use instead of functions that kernels do not have.
_INSTEAD: tuple[tuple[object, str], ...] = (
    (sum, "add the values up in a for loop"),
    (enumerate, "loop over range(len(a)) and read a[i]"),
    (zip, "loop over range(len(a)) and read each array at [i]"),
    (print, "run the kernel in Python with `.at(index, ...)`, where print works"),
)

# Objects with a meaning of their own in `frontend.infer`.
SPECIALS: tuple[object, ...] = (index, range, len, divmod)
CASTS: dict[object, Scalar] = {
    int: INT,
    float: FLOAT,
    bool: BOOL,
    np.int32: INT,
    np.float32: FLOAT,
    np.bool_: BOOL,
}
_OPERATOR_ROWS = {function: row for row in OPERATORS for function in row.python}
CONSTANT_MODULES = (math, np)  # their numbers never change, so they are compiled in


def find_row(value: object) -> Row | None:
    """Return the table row that a Python object stands for, or None."""
    row = find_builtin(value)
    if row is not None:
        return row
    if value is pow:
        return BINARY["**"]
    try:
        return _OPERATOR_ROWS.get(value)  # type: ignore[call-overload, no-any-return]
    except TypeError:
        return None


def is_number(value: object) -> bool:
    """Whether a captured object is a number that kernels can use."""
    return isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating))


@dataclass(frozen=True)
class Capture:
    """A name read from outside a function: its path and what it stood for when resolved."""

    owner: FunctionType
    path: tuple[str, ...]
    value: object

    def read(self) -> object:
        """Return what the path stands for now, or `MISSING`."""
        value = _look_up(self.owner, self.path[0])
        for name in self.path[1:]:
            value = getattr(value, name, MISSING)
        return value


@dataclass
class Resolution:
    """A kernel and the functions it reaches, with names bound.

    ``deferred`` names were unknown and may be defined before the first launch.
    """

    kernel: FunctionType
    functions: dict[FunctionType, syntax.Function] = field(default_factory=dict)
    captures: dict[tuple[FunctionType, tuple[str, ...]], Capture] = field(default_factory=dict)
    deferred: list[Diagnostic] = field(default_factory=list)

    @property
    def literal_negatives(self) -> frozenset[tuple[str, int, int, int]]:
        """Where the functions have negative indices written as constants: for `ArrayView`."""
        places = (literal_negatives(_read(function)[0]) for function in self.functions)
        return frozenset(place for found in places for place in found)


def resolve_names(kernel: FunctionType, *, may_defer: bool) -> Resolution:
    """Return the kernel and all functions it calls, with every name bound.

    Args:
        kernel: the function.
        may_defer: accept names that the module may still define.

    Raises:
        KernelNameError: for unknown and possibly unset names, all of one function at once.
        KernelSyntaxError: for what the language does not have.
        KernelTypeError: for captured objects that kernels cannot use.
    """
    resolution = Resolution(kernel)
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
    bound = replace(tree, body=tuple(resolver.statement(s) for s in tree.body))
    bound, flow_errors = check_flow(bound)
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
    names = function.__code__.co_freevars
    if name in names:
        try:
            return (function.__closure__ or ())[names.index(name)].cell_contents
        except ValueError:  # the enclosing function has not assigned it yet
            return MISSING
    if name in function.__globals__:
        return function.__globals__[name]
    return getattr(builtins, name, MISSING)


class _Resolver:
    def __init__(
        self, function: FunctionType, source: FunctionSource, tree: syntax.Function, may_defer: bool
    ) -> None:
        self.function = function
        self.source = source
        self.may_defer = may_defer
        self.locals = {p.name for p in tree.params}
        self.locals |= {target.name for target in assigned_names(tree.body)}
        self.locals |= {*function.__code__.co_varnames, *function.__code__.co_cellvars}
        self.diagnostics: list[Diagnostic] = []
        self.deferred: list[Diagnostic] = []
        self.captures: dict[tuple[str, ...], Capture] = {}
        self.called: list[FunctionType] = []
        self.expressions: dict[type, Callable[[Any], syntax.Expr]] = {
            syntax.Name: self.name,
            syntax.Attribute: self.attribute,
        }

    # ------------------------------------------------------------ statements

    def statement(self, node: syntax.Stmt) -> syntax.Stmt:
        if isinstance(node, (syntax.Assign, syntax.Augmented, syntax.Return)):
            return replace(node, value=self.expression(node.value))
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
            return replace(node, iterable=iterable, body=self.block(node.body))
        if isinstance(node, syntax.While):
            condition = self.expression(node.condition)
            return replace(node, condition=condition, body=self.block(node.body))
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
            return replace(
                node,
                function=self.expression(node.function),
                arguments=self.each(node.arguments),
                keywords=tuple((name, self.expression(v)) for name, v in node.keywords),
            )
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
        if isinstance(node, syntax.Sequence):
            return replace(node, elements=self.each(node.elements))
        return node

    def each(self, nodes: tuple[syntax.Expr, ...]) -> tuple[syntax.Expr, ...]:
        return tuple(self.expression(node) for node in nodes)

    def name(self, node: syntax.Name, *, dotted: bool = False) -> syntax.Expr:
        if node.name in self.locals:
            return syntax.Local(node.name, node.span)
        value = _look_up(self.function, node.name)
        if value is MISSING:
            self.unknown(node)
            return syntax.Global((node.name,), MISSING, node.span)
        return self.capture((node.name,), value, node.span, dotted=dotted)

    def attribute(self, node: syntax.Attribute, *, dotted: bool = False) -> syntax.Expr:
        inner = self.before_dot(node.value)
        if not isinstance(inner, syntax.Global) or inner.value is MISSING:
            return replace(node, value=inner)
        path = (*inner.path, node.name)
        value = getattr(inner.value, node.name, MISSING)
        if value is MISSING:
            near = difflib.get_close_matches(node.name, dir(inner.value), 1, _NEAR)
            message = f"`{'.'.join(inner.path)}` has no `{node.name}`"
            self.diagnostics.append(
                Diagnostic(KernelNameError, node.span, message, _did_you_mean(near))
            )
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
        known = [*self.locals, *self.function.__globals__, *dir(builtins)]
        near = difflib.get_close_matches(node.name, known, 1, _NEAR)
        hint = _did_you_mean(near) or "define it before the kernel, or pass it as an argument"
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
        if is_number(value):
            self.check_constant(path, value, span)
        elif not (dotted and isinstance(value, (type, SimpleNamespace))) and not self.usable(value):
            message, hint = _refusal(".".join(path), value)
            self.diagnostics.append(Diagnostic(KernelTypeError, span, message, hint))
            return syntax.Global(path, MISSING, span)
        return syntax.Global(path, value, span)

    def check_constant(self, path: tuple[str, ...], value: object, span: Span) -> None:
        """Numbers of `math` and `numpy` are compiled in, so a launch need not read them again."""
        if len(path) == 2 and _look_up(self.function, path[0]) in CONSTANT_MODULES:
            del self.captures[path]

    def usable(self, value: object) -> bool:
        if isinstance(value, ModuleType) or find_row(value) is not None:
            return True
        if any(value is special for special in SPECIALS) or _cast_target(value) is not None:
            return True
        function = plain_function(value)
        if function is not None and function is value:
            self.called.append(function)
            return True
        return False


def _cast_target(value: object) -> Scalar | None:
    """Return the scalar type that a captured type converts to, or None."""
    return CASTS.get(value) if isinstance(value, type) else None


def _refusal(name: str, value: object) -> tuple[str, str]:
    """Return the message and hint for a captured object that kernels cannot use."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray) or kind == "Array":
        return f"captured array `{name}` cannot be read here", "pass it as an argument"
    if isinstance(value, (str, bytes, list, dict, set, tuple)):
        hint = "capture numbers, or pass an array as an argument"
        return f"captured `{name}` is a {kind}, which kernels do not have", hint
    if hasattr(value, "py_func"):
        hint = "move what both need into a plain function and call that"
        return f"`{name}` is a kernel, which another kernel cannot call", hint
    if value is None:
        return f"captured `{name}` is None, not a number", "capture ints, floats or bools"
    if callable(value):
        hint = next((text for known, text in _INSTEAD if known is value), "")
        hint = hint or "use the functions of `math` and `gpukernel`, or a plain Python function"
        return f"`{name}` cannot be called in a kernel", hint
    return f"captured `{name}` is a {kind}, not a number", "capture ints, floats or bools"


def _did_you_mean(near: list[str]) -> str:
    return f"did you mean `{near[0]}`?" if near else ""
