"""A generated program: a small tree of text templates, whose expressions know their domain.

A statement or an expression is a template with one ``{n}`` for each of its parts, so that a program
can be printed, and be made smaller, without knowing what the templates mean.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Union

import numpy as np

from gpukernel.passes.pipeline import OPTIMIZATIONS
from tests.fuzz.domains import Domain, Type

KERNEL = "program"  # the name of the generated kernel
VECTORIZED = "vectorized"  # and of what `vectorize` makes of it
FEW_CELLS, MANY_CELLS = 30, 700
SAMPLES, FEWER_SAMPLES = 24, 8  # of the cells of grids with more than few, and with many


@dataclass(frozen=True)
class Expr:
    """An expression; a template without parts is a name or a literal."""

    template: str
    type: Type
    parts: tuple[Expr, ...] = ()

    @property
    def domain(self) -> Domain:
        """The domain of a scalar expression."""
        assert isinstance(self.type, Domain), self
        return self.type

    def text(self) -> str:
        return "(" + self.template.format(*[part.text() for part in self.parts]) + ")"


@dataclass(frozen=True)
class Line:
    """A simple statement, or several that belong together."""

    template: str
    parts: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Clause:
    """A header with its block; ``first`` are lines that the block begins with."""

    header: str
    parts: tuple[Expr, ...]
    body: tuple[Statement, ...]
    first: str = ""


@dataclass(frozen=True)
class Compound:
    """``if``, ``for``, ``while`` or a nested function; ``before`` are lines it needs."""

    clauses: tuple[Clause, ...]
    before: str = ""


Statement = Union[Line, Compound]


@dataclass(frozen=True)
class Function:
    """A module-level function, with its parameter list as text."""

    name: str
    parameters: str
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Program:
    """A kernel, the functions and names it uses, and what it is launched with.

    ``results`` holds the type of each output.
    """

    preamble: tuple[str, ...]
    functions: tuple[Function, ...]  # the kernel is the last
    optimize: frozenset[str]  # names of OPTIMIZATIONS
    dtype: str  # of the result; empty where the kernel's own is kept
    arguments: Mapping[str, Any] = field(hash=False)
    grid: tuple[int, ...]
    results: tuple[Type, ...]
    seed: int = 0  # of the random numbers
    boundary: str | Mapping[str, str] = field(default="", hash=False)
    debug: bool = False
    vectorized: bool = False  # a function of numbers, applied to every element

    @property
    def cells(self) -> tuple[int, ...]:
        """The shape of the output, without the last axis of a vector."""
        shapes = [np.shape(v) for v in self.arguments.values() if isinstance(v, np.ndarray)]
        return np.broadcast_shapes(*shapes) if self.vectorized else self.grid

    @property
    def sampled(self) -> tuple[tuple[int, ...], ...]:
        """The cells that CPython computes; () for all."""
        size = math.prod(self.grid)
        if size <= FEW_CELLS or self.vectorized:
            return ()
        random = Random(size)
        count = SAMPLES if size <= MANY_CELLS else FEWER_SAMPLES
        cells = [tuple(random.randrange(n) for n in self.grid) for _ in range(count - 2)]
        return (tuple(0 for _ in self.grid), *cells, tuple(n - 1 for n in self.grid))

    def source(self) -> str:
        """Return the text of the program, as a person would set it."""
        lines = list(self.preamble)
        for function in self.functions:
            if function is self.functions[-1] and not self.vectorized:
                lines.append(f"@kernel({self.options()})")
            lines.append(f"def {function.name}({function.parameters}):")
            lines += _block(function.body, "")
        if self.vectorized:
            lines.append(f"{VECTORIZED} = gk.vectorize({self.options()})({KERNEL})")
        text = "\n".join(lines)
        return ast.unparse(ast.parse(text)) + "\n"

    def options(self) -> str:
        """Return the arguments of the decorator."""
        names = [name for name in OPTIMIZATIONS if name in self.optimize]
        found = [] if len(names) == len(OPTIMIZATIONS) else [f"optimize={names}"]
        found += [f"dtype={self.dtype!r}"] if self.dtype else []
        found += ["debug=True"] if self.debug else []
        found += [f"boundary={self.boundary!r}"] if self.boundary else []
        return ", ".join(found)


def _block(statements: tuple[Statement, ...], first: str) -> list[str]:
    lines = first.splitlines()
    for statement in statements:
        lines += _statement(statement)
    return ["    " + line for line in lines or ["pass"]]


def _statement(statement: Statement) -> list[str]:
    if isinstance(statement, Line):
        return _fill(statement.template, statement.parts).splitlines()
    lines = statement.before.splitlines()
    for clause in statement.clauses:
        lines.append(_fill(clause.header, clause.parts))
        lines += _block(clause.body, clause.first)
    return lines


def _fill(template: str, parts: tuple[Expr, ...]) -> str:
    return template.format(*[part.text() for part in parts])
