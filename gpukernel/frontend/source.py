"""Find the source of a Python function: function object in, checked `ast` node out.

The whole file is parsed once and cached by content, the function is picked by name and position,
and the tree is compiled and compared with the running code object, so that a file edited after
import is an error and never a changed meaning.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import linecache
import re
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Union

from gpukernel.errors import KernelSyntaxError, SourceFile, Span
from gpukernel.records import record

FunctionNode = Union[ast.FunctionDef, ast.Lambda]

_FUTURE_FLAGS = 0
for _name in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag


@record(frozen=True)
class ParsedFile:
    """A source file and its functions, by name and first line, decorators included.

    ``bound`` has every name bound at module level somewhere.
    """

    file: SourceFile
    text: str
    functions: dict[tuple[str, int], list[FunctionNode]]
    bound: frozenset[str]


@record(frozen=True)
class FunctionSource:
    """A function's node inside its parsed file."""

    parsed: ParsedFile
    node: FunctionNode

    def span(self, node: ast.AST) -> Span:
        """Return the span of a node, in characters counted from 1."""
        return span_of(self.parsed.file, node)


def read_source(function: FunctionType) -> FunctionSource:
    """Return the source of a function.

    Raises:
        KernelSyntaxError: when there is no source text, when it cannot be told which function of
            the text it is, or when the text has changed since the function was made.
    """
    code = function.__code__
    linecache.lazycache(code.co_filename, function.__globals__)
    found = _find(function)
    if found is None:  # the cached lines may be older than a reloaded module
        linecache.checkcache(code.co_filename)
        found = _find(function)
    if found is None:
        raise _stale(function)
    return found


def _find(function: FunctionType) -> FunctionSource | None:
    """Return the source when the text in `linecache` still means what the function runs."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise KernelSyntaxError(
            f"{code.co_filename}:{code.co_firstlineno}: error: cannot read the source of "
            f"{function.__name__}()\n"
            "hint: put the function in a file, or make it with gk.from_source(text, name)"
        )
    try:
        parsed = _parse_file(code.co_filename, "".join(lines))
    except SyntaxError:
        return None
    node = _pick(parsed, function)
    if node is None or not _same_code(parsed, node, function):
        return None
    return FunctionSource(parsed, node)


def span_of(file: SourceFile, node: Any) -> Span:
    """Return the span of an `ast` node that has a position."""
    line, end_line = node.lineno, node.end_lineno
    column, end_column = node.col_offset, node.end_col_offset
    start, end = _characters(file, line, column), _characters(file, end_line, end_column)
    return Span(file, line, start, end_line, end)


def _characters(file: SourceFile, line: int, offset: int) -> int:
    """Turn a 0-based UTF-8 byte offset into a 1-based character column."""
    text = file.lines[line - 1] if line <= len(file.lines) else ""
    return len(text.encode()[:offset].decode(errors="replace")) + 1


@lru_cache(maxsize=256)
def _parse_file(name: str, text: str) -> ParsedFile:
    tree = ast.parse(text, name)
    lines = _lines(text)
    whole = "".join(f"{line}\n" for line in lines)
    return ParsedFile(SourceFile(name, lines), whole, _functions(tree), _bound_names(tree))


def _lines(text: str) -> tuple[str, ...]:
    """Split where Python does; `str.splitlines` also splits at form feeds and the like."""
    lines = re.split("\r\n|\r|\n", text)
    return tuple(lines[:-1] if not lines[-1] else lines)


def _bound_names(tree: ast.Module) -> frozenset[str]:
    """Return the names that the module binds outside functions and classes."""
    names: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        pending.extend(ast.iter_child_nodes(node))
    return frozenset(names)


def _pick(parsed: ParsedFile, function: FunctionType) -> FunctionNode | None:
    """Return the node of the function, by its name and where its code begins."""
    code = function.__code__
    found = parsed.functions.get((code.co_name, code.co_firstlineno), [])
    if code.co_name == "<lambda>" and len(found) > 1:
        found = _lambdas_at(found, code, parsed.file)
        if len(found) > 1:
            raise KernelSyntaxError(
                f"{parsed.file.name}:{code.co_firstlineno}: error: cannot tell apart the lambdas "
                "on this line\nhint: put each lambda on a line of its own, or use def"
            )
    return found[0] if found else None


def _functions(tree: ast.AST) -> dict[tuple[str, int], list[FunctionNode]]:
    """Return the functions of a file, by their name and where their code begins."""
    found: dict[tuple[str, int], list[FunctionNode]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            found.setdefault(("<lambda>", node.lineno), []).append(node)
        elif isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.setdefault((node.name, first), []).append(node)
    return found


def _lambdas_at(nodes: list[FunctionNode], code: CodeType, file: SourceFile) -> list[FunctionNode]:
    """Narrow lambdas of one line by the columns of their bytecode (Python 3.11 and newer)."""
    if not hasattr(code, "co_positions"):
        return [n for n in nodes if _code_matches(_compile_lambda(n, code), code)]
    positions = [p for p in code.co_positions() if p[2] is not None and p[0] == p[1]]
    starts = [(p[0], p[2]) for p in positions if p[2] or p[3]]
    return [
        node
        for node in nodes
        if isinstance(node, ast.Lambda)
        and any((node.body.lineno, node.body.col_offset) == start for start in starts)
        and all(_inside(node.body, p) for p in positions if p[2] or p[3])
    ]


def _inside(body: ast.expr, position: tuple[int | None, ...]) -> bool:
    _, _, column, end_column = position
    return bool(
        column is not None
        and end_column is not None
        and body.col_offset <= column
        and (body.end_col_offset or 0) >= end_column
    )


def _compile_lambda(node: FunctionNode, code: CodeType) -> CodeType:
    assert isinstance(node, ast.Lambda)
    flags = code.co_flags & _FUTURE_FLAGS
    module: CodeType = compile(ast.Expression(node), code.co_filename, "eval", flags, True)
    return next(c for c in module.co_consts if isinstance(c, CodeType))


def _same_code(parsed: ParsedFile, node: FunctionNode, function: FunctionType) -> bool:
    """Whether the text still means what the function runs.

    A function that contains ``assert`` is taken on trust: test runners rewrite those.
    """
    if any(isinstance(child, ast.Assert) for child in ast.walk(node)):
        return True
    code = function.__code__
    flags = code.co_flags & _FUTURE_FLAGS
    compiled = _compiled_file(parsed.file.name, parsed.text, flags)
    candidates = compiled.get((code.co_name, code.co_firstlineno), [])
    return any(_code_matches(candidate, code) for candidate in candidates)


@lru_cache(maxsize=64)
def _compiled_file(name: str, text: str, flags: int) -> dict[tuple[str, int], list[CodeType]]:
    """Return the code of all functions of a text, by name and first line."""
    found: dict[tuple[str, int], list[CodeType]] = {}
    pending: list[CodeType] = [compile(text, name, "exec", flags, True)]
    while pending:
        for constant in pending.pop().co_consts:
            if isinstance(constant, CodeType):
                key = constant.co_name, constant.co_firstlineno
                found.setdefault(key, []).append(constant)
                pending.append(constant)
    return found


def _code_matches(a: CodeType, b: CodeType) -> bool:
    return (
        a.co_name == b.co_name
        and a.co_firstlineno == b.co_firstlineno
        and a.co_code == b.co_code
        and a.co_names == b.co_names
        and a.co_varnames == b.co_varnames
        and len(a.co_consts) == len(b.co_consts)
        and all(_constant_matches(x, y) for x, y in zip(a.co_consts, b.co_consts))
    )


def _constant_matches(a: object, b: object) -> bool:
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return _code_matches(a, b)
    return type(a) is type(b) and repr(a) == repr(b)


def _stale(function: FunctionType) -> KernelSyntaxError:
    code = function.__code__
    return KernelSyntaxError(
        f"{code.co_filename}:{code.co_firstlineno}: error: the file has changed since "
        f"{function.__name__}() was imported, so its source cannot be trusted\n"
        "hint: restart Python or reload the module"
    )


def plain_function(function: object) -> FunctionType | None:
    """Return the Python function under decorators, or None when there is none."""
    unwrapped = inspect.unwrap(function) if callable(function) else function
    if inspect.ismethod(unwrapped):
        return None
    return unwrapped if isinstance(unwrapped, FunctionType) else None
