"""Short spellings of the typed nodes, and a way to run a program made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gpukernel.errors import SourceFile, Span
from gpukernel.ir import nodes
from gpukernel.ir.nodes import Expr, Function, Stmt, Variable
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.types import BOOL, FLOAT, INT, RESULT_DTYPES, ArrayType, Scalar
from gpukernel.runtime.interpreter import Interpreter

SPAN = Span(SourceFile("test.py", ("",)), 1, 1, 1, 1)
I, J = nodes.GridIndex(0, INT, SPAN), nodes.GridIndex(1, INT, SPAN)


def const(value: bool | int | float) -> nodes.Constant:
    kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT
    return nodes.Constant(value, kind, SPAN)


def expr(value: Any) -> Expr:
    """Return a node as it is, a Python number as a constant."""
    return const(value) if isinstance(value, (bool, int, float)) else value


def var(name: str, kind: Scalar = INT) -> nodes.Name:
    return nodes.Name(name, kind, SPAN)


def uniform(name: str, kind: Scalar = INT) -> nodes.Uniform:
    return nodes.Uniform(name, kind, SPAN)


def cast(value: Any, kind: Scalar) -> Expr:
    node = expr(value)
    return node if node.type == kind else nodes.Cast(node, kind, SPAN)


def op(symbol: str, *operands: Any) -> nodes.Call:
    given = tuple(expr(operand) for operand in operands)
    row = UNARY[symbol] if len(given) == 1 else {**BINARY, **COMPARE}[symbol]
    overload = row.overload([node.type for node in given])
    assert overload is not None
    arguments = tuple(cast(node, kind) for node, kind in zip(given, overload.params))
    return nodes.Call(row, overload, arguments, overload.result, SPAN)


def load(array: str, *indices: Any, kind: Scalar = FLOAT) -> nodes.Load:
    return nodes.Load(array, tuple(expr(index) for index in indices), kind, SPAN)


def extent(array: str, axis: int) -> nodes.Extent:
    return nodes.Extent(array, axis, INT, SPAN)


def invoke(function: str, *arguments: Any, kind: Scalar) -> nodes.Invoke:
    return nodes.Invoke(function, tuple(expr(a) for a in arguments), kind, SPAN)


def logical(operator: str, left: Any, right: Any) -> nodes.Logical:
    return nodes.Logical(operator, expr(left), expr(right), BOOL, SPAN)


def select(condition: Any, then: Any, otherwise: Any) -> nodes.Select:
    chosen = expr(then)
    return nodes.Select(expr(condition), chosen, expr(otherwise), chosen.type, SPAN)


def bind(name: str, value: Any) -> nodes.Bind:
    node = expr(value)
    return nodes.Bind(name, node, node.type, SPAN)


def assign(name: str, value: Any) -> nodes.Assign:
    return nodes.Assign(name, expr(value), SPAN)


def when(condition: Any, then: Sequence[Stmt], otherwise: Sequence[Stmt] = ()) -> nodes.If:
    return nodes.If(expr(condition), tuple(then), tuple(otherwise), SPAN)


def loop(name: str, start: Any, stop: Any, step: Any, *body: Stmt) -> nodes.For:
    return nodes.For(name, expr(start), expr(stop), expr(step), body, SPAN)


def repeat(condition: Any, *body: Stmt) -> nodes.While:
    return nodes.While(expr(condition), body, SPAN)


def give(value: Any) -> nodes.Return:
    return nodes.Return(expr(value), SPAN)


BREAK, CONTINUE = nodes.Break(SPAN), nodes.Continue(SPAN)


def function(
    name: str, params: Sequence[tuple[str, Scalar]], result: Scalar, *body: Stmt
) -> Function:
    parameters = tuple(Variable(parameter, kind) for parameter, kind in params)
    return Function(name, parameters, (), body, result, SPAN)


def run(
    shape: tuple[int, ...],
    result: Scalar,
    *body: Stmt,
    arrays: dict[str, np.ndarray] | None = None,
    uniforms: dict[str, bool | int | float] | None = None,
    functions: Sequence[Function] = (),
    float_dtype: Any = np.float32,
) -> np.ndarray:
    """Run a kernel of these statements over a grid of ``shape`` and return the result."""
    arrays, uniforms = arrays or {}, uniforms or {}
    program = nodes.Program(
        "kernel",
        len(shape),
        tuple(nodes.ArrayInput(n, ArrayType(str(a.dtype), a.ndim)) for n, a in arrays.items()),
        tuple(Variable(name, const(value).type) for name, value in uniforms.items()),
        (*functions, function("kernel", (), result, *body)),
    )
    dtype = float_dtype if result == FLOAT else RESULT_DTYPES[result]
    out = np.empty(shape, dtype)
    interpreter = Interpreter(program, float_dtype=float_dtype)
    interpreter.run(list(arrays.values()), list(uniforms.values()), out)
    return out
