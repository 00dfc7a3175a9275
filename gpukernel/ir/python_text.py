"""Typed functions in, Python text in the kernel language out: what compilers wrote, to be read.

The text means what the function means, on the devices and under CPython: variables keep the user's
names, rows are called by their Python names (``math.sin``, ``np.floor``, ``gk.mix``), and a local
list is written as a list.  Checks of debug mode have no text: programs made with them are refused.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.certain_floats import CertainFloats
from gpukernel.ir.definitions import (
    far_outside,
    list_places,
    lost_places,
    unset_names,
    written_place,
)
from gpukernel.ir.python_words import identifiers, number_text, zero_text
from gpukernel.ir.walk import children, statements
from gpukernel.lang import functions
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.grid import index
from gpukernel.lang.random import normal, randint, random
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, ListType
from gpukernel.records import record

# What the package offers to kernels, beside the functions of vectors, which are written out.
_OWN = {
    function.__name__: function
    for row in BUILTINS
    for function in row.python
    if getattr(function, "__module__", "") == functions.__name__
}
_OWN |= {f.__name__: f for f in (index, random, randint, normal)}
MODULES: dict[str, Any] = {
    "builtins": builtins, "math": math, "np": np, "gk": SimpleNamespace(**_OWN)
}  # fmt: skip
# The names that a text expects: where a parameter has the name of a module, others stand for it.
ALIASES = {name + "_" * count: module for name, module in MODULES.items() for count in range(4)}
_CASTS = {INT: "int", FLOAT: "float", BOOL: "bool"}
# How tightly each form binds; what binds less than its place asks for is put in parentheses.
_CHOICE, _OR, _AND, _NOT, _COMPARED, _UNARY, _POWER, _ATOM = 1, 2, 3, 4, 5, 12, 13, 14
_BINARY_LEVELS = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARED),
    "|": 6, "^": 7, "&": 8, "<<": 9, ">>": 9, "+": 10, "-": 10,
    "*": 11, "/": 11, "//": 11, "%": 11, "**": _POWER,
}  # fmt: skip
_MIXING = ("+", "-", "*", "/", "**", "==", "!=", "<", "<=", ">", ">=")
_INDENT = "    "


@record(frozen=True)
class Spelling:
    """What the names of a program are written as.

    ``uniforms`` and ``arrays`` give the text of a captured number and array; ``functions`` the
    names of the functions that are called.  ``reserved`` are names that no variable may take.
    """

    uniforms: Mapping[str, str]
    arrays: Mapping[str, str]
    functions: Mapping[str, str]
    reserved: frozenset[str]


def print_function(
    function: nodes.Function,
    spelling: Spelling,
    doc: str = "",
    parameters: str | None = None,
    *,
    as_float: bool = False,
) -> str:
    """Return the text of a function.

    Args:
        function: the function, typed.
        spelling: how everything is written that is not its own.
        doc: one line for its docstring, if it is to have one.
        parameters: the text between the parentheses of its ``def``, if that is given.
        as_float: whether it is to return a float even where it is called with ints.
    """
    floats = CertainFloats(function) if as_float else None
    return _Printer(function, spelling, floats).text(doc, parameters)


class _Printer:
    """The text of one function."""

    def __init__(
        self, function: nodes.Function, spelling: Spelling, floats: CertainFloats | None
    ) -> None:
        self.function = function
        self.floats = floats
        self.spelling = spelling
        self.names = identifiers(function, spelling.reserved)
        self.shadowing = frozenset(self.names.values())
        self.indices = list_places(function)
        self.lost = lost_places(function)
        self.lists = {
            v.name: v.type
            for v in (*function.params, *function.locals)
            if isinstance(v.type, ListType)
        }
        self.unread = self._unread()
        self.lines: list[str] = []

    def _unread(self) -> frozenset[str]:
        """Return the temporaries that only places in lists read: those are written without."""
        read: set[str] = set()
        for statement in statements(self.function.body):
            for child in children(statement):
                is_place = isinstance(statement, nodes.SetElement) and child is statement.index
                read.update(self._reads(self._place(child) if is_place else child))
        return frozenset(self.indices.keys() - read)

    def _reads(self, node: nodes.Expr) -> Iterable[str]:
        """Yield the variables that the text of an expression reads."""
        if isinstance(node, nodes.Element):
            yield from self._reads(self._place(node.index))
        elif isinstance(node, nodes.Name):
            yield node.name
        else:
            for child in children(node):
                yield from self._reads(child)

    def text(self, doc: str, parameters: str | None) -> str:
        if parameters is None:
            parameters = ", ".join(self.names[p.name] for p in self.function.params)
        name = self.spelling.functions[self.function.name]
        self.lines = [f"def {name}({parameters}):"]
        if doc:
            self.write(1, f'"""{doc}"""')
        types = {v.name: v.type for v in self.function.locals}
        for unset in unset_names(self.function):
            self.write(1, f"{self.names[unset]} = {zero_text(types[unset])}")
        self.block(self.function.body, 1)
        return "\n".join(self.lines) + "\n"

    def write(self, depth: int, line: str) -> None:
        self.lines.append(_INDENT * depth + line)

    # ------------------------------------------------------------ statements

    def block(self, block: tuple[nodes.Stmt, ...], depth: int) -> None:
        before = len(self.lines)
        for statement in block:
            self.statement(statement, depth)
        if len(self.lines) == before:
            self.write(depth, "pass")

    def statement(self, node: nodes.Stmt, depth: int) -> None:
        match node:
            case nodes.If():
                self.branch(node, depth)
            case nodes.For():
                bounds = self.range(node)
                self.write(depth, f"for {self.names[node.name]} in range({bounds}):")
                self.block(node.body, depth + 1)
            case nodes.While():
                self.write(depth, f"while {self.value(node.condition)}:")
                self.block(node.body, depth + 1)
            case nodes.Break():
                self.write(depth, "break")
            case nodes.Continue():
                self.write(depth, "continue")
            case nodes.Return():
                values = ", ".join(map(self.returned, node.values))
                self.write(depth, f"return {values}" if values else "return")
            case _:
                line = self.assignment(node)
                if line:
                    self.write(depth, line)

    def returned(self, node: nodes.Expr) -> str:
        if self.floats is None or self.floats.holds(node):
            return self.value(node)
        return f"{self.global_name('float')}({self.value(node)})"

    def branch(self, node: nodes.If, depth: int, word: str = "if") -> None:
        if not node.then and node.otherwise:
            self.write(depth, f"{word} not {self.expression(node.condition, _NOT)}:")
            self.block(node.otherwise, depth + 1)
            return
        self.write(depth, f"{word} {self.value(node.condition)}:")
        self.block(node.then, depth + 1)
        match node.otherwise:
            case ():
                pass
            case (nodes.If() as inner,):
                self.branch(inner, depth, "elif")
            case _:
                self.write(depth, "else:")
                self.block(node.otherwise, depth + 1)

    def assignment(self, node: nodes.Stmt) -> str:
        """Return the line of an assignment, "" where nothing is left of it."""
        match node:
            case nodes.Assign():
                given = far_outside(node.value) if node.name in self.lost else node.value
                name, value = self.names[node.name], self.value(given)
                return "" if name == value or node.name in self.unread else f"{name} = {value}"
            case nodes.SetElement():
                place = self.value(self._place(node.index))
                return f"{self.names[node.name]}[{place}] = {self.value(node.value)}"
            case nodes.Fill():
                value, size = self.value(node.value), self.lists[node.name].size
                return f"{self.names[node.name]} = [{value}] * {size}"
            case nodes.CopyList():
                return f"{self.names[node.name]} = list({self.names[node.source]})"
            case nodes.InvokeInto():
                call = self.invoke(node.function, node.arguments)
                targets = ", ".join(self.names[t] for t in node.targets)
                return f"{targets} = {call}" if targets else call
            case _:
                raise InternalError(f"no Python text for {type(node).__name__}")

    def range(self, node: nodes.For) -> str:
        bounds = [node.start, node.stop, node.step]
        if _is_constant(node.step, 1):
            bounds.pop()
            if _is_constant(node.start, 0):
                bounds.pop(0)
        return ", ".join(map(self.value, bounds))

    # ------------------------------------------------------------ expressions

    def value(self, node: nodes.Expr) -> str:
        return self.expression(node, 0)

    def expression(self, node: nodes.Expr, level: int) -> str:
        """Return the text of an expression for a place that asks for at least ``level``."""
        text, binds = self.bound_text(node)
        return text if binds >= level else f"({text})"

    def bound_text(self, node: nodes.Expr) -> tuple[str, int]:
        """Return the text of an expression, and how tightly it binds."""
        match node:
            case nodes.Constant():
                text = number_text(node, self.global_name)
                return text, _UNARY if text.startswith("-") else _ATOM
            case nodes.Call():
                return self.call(node)
            case nodes.Select():
                condition = self.expression(node.condition, _OR)
                then = self.expression(node.then, _OR)
                otherwise = self.expression(node.otherwise, _CHOICE)
                return f"{then} if {condition} else {otherwise}", _CHOICE
            case nodes.Logical():
                level = _OR if node.operator == "or" else _AND
                left = self.expression(node.left, level)
                right = self.expression(node.right, level + 1)
                return f"{left} {node.operator} {right}", level
            case nodes.Cast():
                kind = _CASTS.get(node.type)
                word = f"{self.global_name('np')}.uint32" if kind is None else None
                word = word or self.global_name(str(kind))
                return f"{word}({self.value(node.value)})", _ATOM
            case _:
                return self.atom(node), _ATOM

    def atom(self, node: nodes.Expr) -> str:
        match node:
            case nodes.Name() | nodes.ListName():
                return self.names[node.name]
            case nodes.Uniform():
                return self.spelling.uniforms[node.name]
            case nodes.Element():
                return f"{self.names[node.name]}[{self.value(self._place(node.index))}]"
            case nodes.Load():
                indices = ", ".join(map(self.value, node.indices))
                return f"{self.spelling.arrays[node.array]}[{indices}]"
            case nodes.Extent():
                return f"{self.spelling.arrays[node.array]}.shape[{node.axis}]"
            case nodes.Invoke():
                return self.invoke(node.function, node.arguments)
            case nodes.GridIndex(axis=0):
                return f"{self.global_name('gk')}.index()"
            case _:
                raise InternalError(f"no Python text for {type(node).__name__}")

    def invoke(self, function: str, arguments: tuple[nodes.Expr, ...]) -> str:
        module, dot, name = self.spelling.functions[function].rpartition(".")
        title = f"{self.global_name(module)}.{name}" if dot else name
        return f"{title}({', '.join(map(self.value, arguments))})"

    def call(self, node: nodes.Call) -> tuple[str, int]:
        row = node.row
        if row.symbol and len(node.arguments) == 1:
            if row.symbol == "not":
                return f"not {self.expression(node.arguments[0], _NOT)}", _NOT
            return f"{row.symbol}{self.expression(node.arguments[0], _UNARY)}", _UNARY
        if row.symbol:
            return self.binary(node, row.symbol)
        arguments = [self.value(argument) for argument in node.arguments]
        for place, default in enumerate(row.defaults):
            if default is not None:  # Python wants some of them by name
                arguments[place] = f"{row.parameters[place]}={arguments[place]}"
        return f"{self.row_name(row)}({', '.join(arguments)})", _ATOM

    def binary(self, node: nodes.Call, symbol: str) -> tuple[str, int]:
        level = _BINARY_LEVELS[symbol]
        left, right = _without_casts(node) if symbol in _MIXING else node.arguments
        if symbol == "**":
            below, above = _ATOM, _UNARY
        else:
            below, above = level + (level == _COMPARED), level + 1
        return f"{self.expression(left, below)} {symbol} {self.expression(right, above)}", level

    def row_name(self, row: Row) -> str:
        """Return what a row is called by: the first of its objects that has a name."""
        for found in row.python:
            name = getattr(found, "__name__", "")
            for alias, module in MODULES.items():
                if getattr(module, name, None) is found:
                    if module is builtins:
                        return self.global_name(name)
                    return f"{self.global_name(alias)}.{name}"
        raise InternalError(f"the row {row.name} has no name in Python")

    def global_name(self, name: str) -> str:
        """Return the text for a module or builtin, also where a parameter has taken its name."""
        if name not in self.shadowing:
            return name
        if name not in MODULES:
            return f"{self.global_name('builtins')}.{name}"
        candidates = (name + "_" * count for count in range(4))
        return next(alias for alias in candidates if alias not in self.shadowing)

    def _place(self, index: nodes.Expr) -> nodes.Expr:
        return written_place(index, self.indices)


def _is_constant(node: nodes.Expr, value: int) -> bool:
    return isinstance(node, nodes.Constant) and node.value == value


def _without_casts(node: nodes.Call) -> tuple[nodes.Expr, ...]:
    """Return the operands; an int beside a float becomes one without being asked to."""
    left, right = node.arguments
    if node.overload.params[0] != FLOAT:
        return left, right
    mixes = [isinstance(side, nodes.Cast) for side in (left, right)]
    if mixes == [True, False] and isinstance(left, nodes.Cast) and left.value.type == INT:
        return left.value, right
    if mixes == [False, True] and isinstance(right, nodes.Cast) and right.value.type == INT:
        return left, right.value
    return left, right
