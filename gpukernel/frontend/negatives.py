"""Where a function has negative indices written as constants: for `runtime.view` under CPython."""

from __future__ import annotations

import ast

from gpukernel.frontend.source import FunctionSource


def literal_negatives(source: FunctionSource) -> set[tuple[str, int, int, int]]:
    """Return the places of every negative index written as a constant, each in two forms.

    They are (file, end line, end byte column, axis), where the end is that of the subscript or of
    the call of ``load``, and (file, line, axis, value) for an interpreter that keeps no columns. An
    axis is never negative and the value always is, so the forms cannot be mistaken for each other.
    """
    found: set[tuple[str, int, int, int]] = set()
    name = source.parsed.file.name
    for node in ast.walk(source.node):
        for axis, part in enumerate(_indices(node)):
            value = _literal_int(part)
            if value is not None and value < 0 and isinstance(node, ast.expr):
                found.add((name, node.end_lineno or 0, node.end_col_offset or 0, axis))
                found.add((name, node.lineno, axis, value))
    return found


def _indices(node: ast.AST) -> list[ast.expr]:
    """Return the indices of a subscript, or those that ``vec3.load(a, i, j)`` takes."""
    if isinstance(node, ast.Subscript):
        return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.args[1:] if node.func.attr == "load" else []
    return []


def _literal_int(node: ast.expr) -> int | None:
    """Return the int that an expression of int literals is, or None."""
    literals = (ast.Expression, ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    if not all(isinstance(part, literals) for part in ast.walk(node)):
        return None
    try:
        value = eval(compile(ast.Expression(node), "<index>", "eval"), {"__builtins__": {}})
    except Exception:
        return None
    return value if isinstance(value, int) else None
