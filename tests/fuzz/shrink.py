"""Make a failing program smaller while it fails in the same way.

Statements are deleted, blocks take the place of their statement, and expressions are replaced by
literals or by parts of themselves; always within the domain of what is replaced, so that the
program keeps meaning the same under CPython and on the devices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.domains import Domain, fits
from tests.fuzz.generator_expressions import literal
from tests.fuzz.program import (
    Clause,
    Expr,
    Line,
    Program,
    Statement,
)

Block = tuple[Statement, ...]


def shrink(program: Program, still_fails: Callable[[Program], bool], seconds: float) -> Program:
    """Return a smaller program that still fails; stop after so many seconds."""
    end = time.monotonic() + seconds
    tried = {_key(program)}
    while True:
        for candidate in smaller(program):
            if time.monotonic() > end:
                return program
            key = _key(candidate)
            if key in tried:
                continue
            tried.add(key)
            if still_fails(candidate):
                program = candidate
                break
        else:
            return program


def _key(program: Program) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    return program.source(), program.grid, tuple(program.arguments)


def smaller(program: Program) -> Iterator[Program]:
    """Yield programs that are one step smaller, the largest steps first."""
    functions = program.functions
    for n in range(len(functions) - 1):
        yield replace(program, functions=functions[:n] + functions[n + 1 :])
    for n, function in reversed(list(enumerate(functions))):
        for body in blocks(function.body):
            made = replace(function, body=body)
            yield replace(program, functions=functions[:n] + (made,) + functions[n + 1 :])
    for n in range(len(program.preamble)):
        yield replace(program, preamble=program.preamble[:n] + program.preamble[n + 1 :])
    for axis, extent in enumerate(program.grid):
        if extent > 1 and not program.vectorized:
            for fewer in (extent // 2, extent - 1):
                yield replace(
                    program, grid=program.grid[:axis] + (fewer,) + program.grid[axis + 1 :]
                )
    if program.debug:
        yield replace(program, debug=False)
    if program.boundary:
        yield replace(program, boundary="")
    for name in sorted(program.optimize):
        yield replace(program, optimize=program.optimize - {name})
    yield from with_fewer_arguments(program)


def with_fewer_arguments(program: Program) -> Iterator[Program]:
    for name in program.arguments:
        if len(program.arguments) > 1:
            kept = {n: value for n, value in program.arguments.items() if n != name}
            kernel = replace(program.functions[-1], parameters=", ".join(kept))
            functions = program.functions[:-1] + (kernel,)
            yield replace(program, arguments=kept, functions=functions)


def blocks(block: Block) -> Iterator[Block]:
    """Yield smaller versions of a block."""
    size = len(block)
    while size:
        for start in range(0, len(block), size):
            yield block[:start] + block[start + size :]
        size //= 2
    for n, statement in enumerate(block):
        for found in statements(statement):
            yield block[:n] + found + block[n + 1 :]


def statements(statement: Statement) -> Iterator[Block]:
    """Yield what can take the place of a statement."""
    if isinstance(statement, Line):
        for parts in part_lists(statement.parts):
            yield (replace(statement, parts=parts),)
        return
    clauses = statement.clauses
    before: Block = (Line(statement.before),) if statement.before else ()
    for clause in clauses:
        yield before + clause.body
    for n in range(1, len(clauses)):
        yield (replace(statement, clauses=clauses[:n] + clauses[n + 1 :]),)
    for n, clause in enumerate(clauses):
        for found in clause_versions(clause):
            yield (replace(statement, clauses=clauses[:n] + (found,) + clauses[n + 1 :]),)


def clause_versions(clause: Clause) -> Iterator[Clause]:
    for body in blocks(clause.body):
        yield replace(clause, body=body)
    for parts in part_lists(clause.parts):
        yield replace(clause, parts=parts)


def part_lists(parts: tuple[Expr, ...]) -> Iterator[tuple[Expr, ...]]:
    for n, part in enumerate(parts):
        for found in expressions(part):
            yield parts[:n] + (found,) + parts[n + 1 :]


def expressions(value: Expr) -> Iterator[Expr]:
    """Yield simpler expressions whose values are possible values of this one."""
    if not value.parts and not value.template.isidentifier():
        return
    if isinstance(value.type, Domain) and value.type.kind != "uint":
        for number in (0, 1, 2):
            found = literal(number, value.type.kind)
            if found.domain.fits(value.type) and found.template != value.template:
                yield found
    for part in descendants(value):
        if fits(part.type, value.type):
            yield part
    for parts in part_lists(value.parts):
        yield replace(value, parts=parts)


def descendants(value: Expr) -> Iterator[Expr]:
    for part in value.parts:
        yield part
        yield from descendants(part)
