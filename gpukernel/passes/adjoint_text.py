"""Gathers and formulas as text of the kernel language."""

from __future__ import annotations

import builtins
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gpukernel.errors import InternalError
from gpukernel.lang.builtins import find_builtin
from gpukernel.lang.operators import UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT
from gpukernel.passes.adjoint_plan import Gather, Guard, Let, Step
from gpukernel.passes.adjoint_terms import Term

# How tightly the parts of an expression hold together, as in Python.
_CHOICE, _OR, _AND, _NOT, _COMPARED, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_LEVELS = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), _COMPARED),
    **dict.fromkeys("+-", _SUM),
    **dict.fromkeys(("*", "/", "//", "%"), _PRODUCT),
}
_LARGE = 5  # the parts of a value that is worth a variable when it is used twice

Printed = tuple[str, int]  # an expression and how tightly it holds together


class Names:
    """Identifiers that differ from each other."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {*taken, *dir(builtins), "index", "kernel", "math", "np"}

    def new(self, wish: str) -> str:
        """Return the name wished for, or one close to it."""
        wish = re.sub(r"\W+", "_", wish).strip("_") or "t"
        name, count = wish, 1
        while name in self._taken:
            count += 1
            name = f"{wish}{count}"
        self._taken.add(name)
        return name

    def release(self, name: str) -> None:
        """Let a name be given again."""
        self._taken.discard(name)


class Writer:
    """Writes one kernel's body.

    Args:
        names: makes names of variables.
        spelled: the text of launch scalars, arrays, and variables that exist already.

    Attributes:
        lines: the text so far.
        namespace: the functions that it calls by names that Python does not know.
    """

    def __init__(
        self, names: Names, spelled: Callable[[str, str], str], known: Mapping[Term, str]
    ) -> None:
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {}
        self._names = names
        self._spelled = spelled
        self._scopes: list[dict[Term, str]] = [dict(known)]
        self._uses: Counter[Term] = Counter()

    # ------------------------------------------------------------ statements

    def line(self, text: str) -> None:
        self.lines.append("    " * len(self._scopes) + text)

    @contextmanager
    def _block(self) -> Iterator[None]:
        self._scopes.append({})
        yield
        self._scopes.pop()

    def returned(self, values: Sequence[Term]) -> None:
        """Write the end of a kernel that returns formulas."""
        self._count(values)
        self.line(f"return {', '.join([self.text(value) for value in values])}")

    def gathered(self, gathers: Sequence[Gather]) -> None:
        """Write the end of a kernel that returns the sum of gathers."""
        together: dict[tuple[Step, ...], list[Term]] = {}
        for gather in gathers:
            together.setdefault(gather.steps, []).append(gather.value)
        values = together.pop((), [])
        self._count(values)
        plain = self._sum(values) if values else "0.0"
        if not together:
            self.line(f"return {plain}")
            return
        total = self._names.new("total")
        self.line(f"{total} = {plain}")
        for steps, parts in together.items():
            self._uses.clear()
            conditions = [step.condition for step in steps if isinstance(step, Guard)]
            self._count([*parts, *conditions])
            self._steps(steps, parts, total)
        self.line(f"return {total}")

    def _steps(self, steps: Sequence[Step], values: Sequence[Term], total: str) -> None:
        """Write steps inside each other, and at their end what is added."""
        if not steps:
            self.line(f"{total} += {self._sum(values)}")
            return
        step, rest = steps[0], steps[1:]
        if isinstance(step, Let):
            value = self.text(step.value)
            self.line(f"{self._bind(step.var)} = {value}")
            self._steps(rest, values, total)
            return
        if isinstance(step, Guard):
            conditions = [step.condition]
            while rest and isinstance(rest[0], Guard):
                conditions.append(rest[0].condition)
                rest = rest[1:]
            level = _NOT if len(conditions) > 1 else _CHOICE
            tests = [self._inside(condition, level) for condition in conditions]
            self.line(f"if {' and '.join(tests)}:")
        else:
            assert step.stop is not None
            bounds = self._range(step.start, step.stop, step.step)
            counter = self._bind(step.var)
            self.line(f"for {counter} in range({bounds}):")
            with self._block():
                self._steps(rest, values, total)
            self._names.release(counter)
            return
        with self._block():
            self._steps(rest, values, total)

    def _bind(self, var: Term) -> str:
        """Return the name of a variable that is being set."""
        wish = "ijkl"[var.data] if var.kind == "grid" else var.data[0]
        name = self._names.new(wish)
        self._scopes[-1][var] = name
        return name

    def _range(self, start: Term, stop: Term, step: Term) -> str:
        if not step.is_constant(1):
            return ", ".join(map(self.text, (start, stop, step)))
        return self.text(stop) if start.is_constant(0) else f"{self.text(start)}, {self.text(stop)}"

    def _sum(self, values: Sequence[Term]) -> str:
        """Return a sum, what is taken away with a minus sign."""
        text = self._inside(values[0], _SUM)
        for value in values[1:]:
            if value.kind == "call" and value.data[0] is UNARY["-"]:
                text += f" - {self._inside(value.children[0], _PRODUCT)}"
            else:
                text += f" + {self._inside(value, _SUM)}"
        return text

    def _count(self, values: Iterable[Term]) -> None:
        """Count how often each part of some values is used."""
        pending = list(values)
        for value in pending:
            self._uses[value] += 1
        while pending:
            value = pending.pop()
            for child in value.children:
                self._uses[child] += 1
                if self._uses[child] == 1:
                    pending.append(child)

    # ------------------------------------------------------------ expressions

    def text(self, term: Term) -> str:
        """Return a term as text, what it needs first written before."""
        return self._printed(term)[0]

    def _inside(self, term: Term, level: int) -> str:
        """Return a term as an operand of something that holds together so tightly."""
        text, own = self._printed(term)
        return text if own >= level else f"({text})"

    def _printed(self, term: Term) -> Printed:
        for scope in reversed(self._scopes):
            if term in scope:
                return scope[term], _ATOM
        if term.kind == "sum":
            return self._written_sum(term), _ATOM
        printed = self._expression(term)
        if self._uses[term] > 1 and term.type == FLOAT and _size(term) >= _LARGE:
            name = self._names.new("value")
            self.line(f"{name} = {printed[0]}")
            self._scopes[-1][term] = name
            return name, _ATOM
        return printed

    def _written_sum(self, term: Term) -> str:
        """Write the loop of a sum and return its variable."""
        total = self._names.new(term.data[1])
        self.line(f"{total} = {'0.0' if term.type == FLOAT else '0'}")
        self._summed(total, term)
        self._scopes[-1][term] = total
        return total

    def _summed(self, total: str, term: Term) -> None:
        """Write the loop of a sum, which adds to a variable."""
        start, stop, step, added = term.children
        bounds = self._range(start, stop, step)
        counter = self._names.new(term.data[0].data[0])
        self.line(f"for {counter} in range({bounds}):")
        with self._block():
            self._scopes[-1][term.data[0]] = counter
            self._added(total, added)
        self._names.release(counter)

    def _added(self, total: str, added: Term) -> None:
        if added.kind == "select" and added.children[2].is_constant(0):
            self.line(f"if {self.text(added.children[0])}:")
            with self._block():
                self._added(total, added.children[1])
            return
        if added.kind == "sum" and self._uses[added] <= 1:
            self._summed(total, added)
            return
        self.line(f"{total} += {self._inside(added, _SUM)}")

    def _expression(self, term: Term) -> Printed:
        match term.kind:
            case "constant":
                return _number(term)
            case "extent":
                array, axis = term.data
                return f"{self._spelled('load', array)}.shape[{axis}]", _ATOM
            case "uniform":
                return self._spelled("uniform", term.data), _ATOM
            case "load":
                indices = ", ".join(map(self.text, term.children))
                return f"{self._spelled('load', term.data)}[{indices}]", _ATOM
            case "call":
                return self._call(term)
            case "cast":
                function = {INT: "int", FLOAT: "float", BOOL: "bool", UINT: "np.uint32"}[term.type]
                return f"{function}({self.text(term.children[0])})", _ATOM
        return self._choice(term)

    def _choice(self, term: Term) -> Printed:
        if term.kind == "logical":
            level = _AND if term.data == "and" else _OR
            left, right = (self._inside(child, level) for child in term.children)
            return f"{left} {term.data} {right}", level
        if term.kind == "select":
            condition, then, otherwise = (self._inside(c, _OR) for c in term.children)
            return f"{then} if {condition} else {otherwise}", _CHOICE
        raise InternalError(f"no text for {term.kind}")

    def _call(self, term: Term) -> Printed:
        row: Row = term.data[0]
        if not row.symbol:
            arguments = ", ".join([self.text(child) for child in term.children])
            return f"{self._function(row)}({arguments})", _ATOM
        if len(term.children) == 1:
            level = _NOT if row.symbol == "not" else _SIGN
            operand = self._inside(term.children[0], level)
            return row.symbol + (" " if row.symbol == "not" else "") + operand, level
        # Other operators are rare: their operands are put in parentheses.
        level = _LEVELS.get(row.symbol, _SIGN)
        strict = level in (_COMPARED, _SIGN)
        left = self._inside(term.children[0], _ATOM if level == _SIGN else level + strict)
        right = self._inside(term.children[1], _ATOM if level == _SIGN else level + 1)
        return f"{left} {row.symbol} {right}", min(level, _PRODUCT)

    def _function(self, row: Row) -> str:
        """Return how a builtin is called."""
        if row.name.startswith("np."):
            return row.name
        found: object = getattr(math, row.name, None)
        if found is not None and find_builtin(found) is row:
            return f"math.{row.name}"
        found = getattr(builtins, row.name, None)
        if found is not None and find_builtin(found) is row:
            return row.name
        name = f"gk_{row.name}"
        self.namespace[name] = row.python[0]
        return name


def _number(term: Term) -> Printed:
    value = term.value
    if term.type == FLOAT:
        if math.isfinite(value):
            text = str(np.float32(value))
            return text, _SIGN if text.startswith("-") else _ATOM
        special = "math.nan" if math.isnan(value) else "math.inf"
        return (f"-{special}", _SIGN) if value < 0 else (special, _ATOM)
    if term.type == UINT:
        return f"np.uint32({value})", _ATOM
    return str(value), _SIGN if term.type == INT and value < 0 else _ATOM


def _size(term: Term) -> int:
    """Return how many parts a term has, as it is written."""
    pending, count = [term], 0
    while pending and count < _LARGE:
        count += 1
        pending += pending.pop().children
    return count
