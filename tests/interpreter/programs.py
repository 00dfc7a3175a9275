"""Short spellings of the typed nodes, and ways to run a program made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Union

import numpy as np

from gpukernel.errors import SourceFile, Span
from gpukernel.ir import nodes, walk
from gpukernel.ir.nodes import Expr, Function, Output, Stmt, Variable
from gpukernel.ir.verify import verify
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.types import (
    BOOL,
    ELEMENT_TYPES,
    FLOAT,
    INT,
    RESULT_DTYPES,
    UINT,
    ArrayType,
    ListType,
    Scalar,
)
from gpukernel.runtime.interpreter import Interpreter

Kind = Union[Scalar, ListType]

SPAN = Span(SourceFile("test.py", ("",)), 1, 1, 1, 1)
I, J = nodes.GridIndex(0, INT, SPAN), nodes.GridIndex(1, INT, SPAN)


def ints(size: int) -> ListType:
    return ListType(INT, size)


def const(value: bool | int | float) -> nodes.Constant:
    kind = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT
    return nodes.Constant(value, kind, SPAN)


def uint(value: int) -> nodes.Constant:
    return nodes.Constant(value, UINT, SPAN)


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
    assert isinstance(chosen.type, Scalar)
    return nodes.Select(expr(condition), chosen, expr(otherwise), chosen.type, SPAN)


def bind(name: str, value: Any) -> nodes.Bind:
    node = expr(value)
    assert isinstance(node.type, Scalar)
    return nodes.Bind(name, node, node.type, SPAN)


def assign(name: str, value: Any) -> nodes.Assign:
    return nodes.Assign(name, expr(value), SPAN)


def when(condition: Any, then: Sequence[Stmt], otherwise: Sequence[Stmt] = ()) -> nodes.If:
    return nodes.If(expr(condition), tuple(then), tuple(otherwise), SPAN)


def loop(name: str, start: Any, stop: Any, step: Any, *body: Stmt) -> nodes.For:
    return nodes.For(name, expr(start), expr(stop), expr(step), body, SPAN)


def repeat(condition: Any, *body: Stmt) -> nodes.While:
    return nodes.While(expr(condition), body, SPAN)


def give(*values: Any) -> nodes.Return:
    return nodes.Return(tuple(expr(value) for value in values), SPAN)


BREAK, CONTINUE = nodes.Break(SPAN), nodes.Continue(SPAN)


def element(name: str, index: Any, kind: Scalar = INT) -> nodes.Element:
    return nodes.Element(name, expr(index), kind, SPAN)


def whole(name: str, kind: ListType) -> nodes.ListName:
    return nodes.ListName(name, kind, SPAN)


def put(name: str, index: Any, value: Any) -> nodes.SetElement:
    return nodes.SetElement(name, expr(index), expr(value), SPAN)


def fill(name: str, value: Any) -> nodes.Fill:
    return nodes.Fill(name, expr(value), SPAN)


def copy(name: str, source: str) -> nodes.CopyList:
    return nodes.CopyList(name, source, SPAN)


def invoke_into(targets: Sequence[str], function: str, *arguments: Any) -> nodes.InvokeInto:
    return nodes.InvokeInto(tuple(targets), function, tuple(expr(a) for a in arguments), SPAN)


def require(condition: Any, failure: int, *values: Any) -> nodes.Check:
    return nodes.Check(expr(condition), failure, tuple(expr(value) for value in values), SPAN)


def function(
    name: str,
    params: Sequence[tuple[str, Kind]],
    results: Kind | Sequence[Kind],
    *body: Stmt,
    variables: Mapping[str, Kind] | None = None,
) -> Function:
    """Return a function; ``variables`` are its lists and the targets of its calls."""
    known: dict[str, Kind] = {**dict(_assigned_scalars(body)), **(variables or {})}
    parameters = tuple(Variable(parameter, kind) for parameter, kind in params)
    names = {parameter.name for parameter in parameters}
    local = tuple(Variable(name, kind) for name, kind in known.items() if name not in names)
    given = (results,) if isinstance(results, (Scalar, ListType)) else tuple(results)
    return Function(name, parameters, local, body, given, SPAN)


def _assigned_scalars(body: tuple[Stmt, ...]) -> Iterator[tuple[str, Scalar]]:
    """Yield the variables whose type their assignment says."""
    for statement in body:
        if isinstance(statement, nodes.Assign):
            assert isinstance(statement.value.type, Scalar)
            yield statement.name, statement.value.type
        if isinstance(statement, nodes.For):
            yield statement.name, INT
        yield from _assigned_scalars(tuple(walk.substatements(statement)))
    for node in walk.expressions(body):
        if isinstance(node, nodes.Bind):
            yield node.name, node.type


def run(
    shape: tuple[int, ...], result: Scalar, *body: Any, float_dtype: Any = np.float32, **extra: Any
) -> np.ndarray:
    """Run a kernel of these statements over a grid of ``shape`` and return its one result."""
    outputs = [Output(RESULT_DTYPES[result])]
    return run_outputs(shape, outputs, *body, float_dtype=float_dtype, **extra)[0]


def run_outputs(
    shape: tuple[int, ...],
    outputs: Sequence[Output],
    *body: Any,
    arrays: dict[str, np.ndarray] | None = None,
    uniforms: dict[str, Any] | None = None,
    float_dtype: Any = np.float32,
    **extra: Any,
) -> list[np.ndarray]:
    """Run a kernel of these statements and return all that it fills; uint uniforms are np.uint32.

    With another ``float_dtype``, outputs of floats and arrays of float64 are allowed too.
    """
    arrays, uniforms = arrays or {}, uniforms or {}
    made = program(len(shape), outputs, *body, arrays=arrays, uniforms=uniforms, **extra)
    filled = [_empty_output(shape, output, float_dtype) for output in outputs]
    interpreter = Interpreter(made, float_dtype=float_dtype)
    interpreter.run(list(arrays.values()), list(uniforms.values()), shape, filled)
    return filled


def program(
    rank: int,
    outputs: Sequence[Output],
    *body: Any,
    arrays: Mapping[str, np.ndarray] = MappingProxyType({}),
    boundaries: Mapping[str, str] = MappingProxyType({}),
    uniforms: Mapping[str, Any] = MappingProxyType({}),
    functions: Sequence[Function] = (),
    variables: Mapping[str, Kind] | None = None,
    num_failures: int = 0,
) -> nodes.Program:
    """Return a verified program whose kernel has these statements."""
    results = [ELEMENT_TYPES[o.dtype] for o in outputs for _ in range(o.size or 1)]
    made = nodes.Program(
        "kernel",
        rank,
        tuple(
            nodes.ArrayInput(name, _array_type(array), boundaries.get(name, "zero"))
            for name, array in arrays.items()
        ),
        tuple(Variable(name, _uniform_type(value)) for name, value in uniforms.items()),
        (*functions, function("kernel", (), results, *body, variables=variables)),
        tuple(outputs),
        tuple(nodes.Failure("assert", "", SPAN) for _ in range(num_failures)),
    )
    verify(made)
    return made


def _array_type(array: np.ndarray) -> ArrayType:
    dtype = "float32" if array.dtype == np.float64 else str(array.dtype)
    return ArrayType(dtype, array.ndim)


def _uniform_type(value: Any) -> Scalar:
    return UINT if isinstance(value, np.uint32) else const(value).type


def _empty_output(shape: tuple[int, ...], output: Output, float_dtype: Any) -> np.ndarray:
    wide = output.dtype == "float32" and float_dtype != np.float32
    whole_shape = shape if output.size is None else (*shape, output.size)
    return np.empty(whole_shape, float_dtype if wide else output.dtype)


# ---------------------------------------------------------------- comparison with Python

# One lane, few, enough to be gathered in sparse loops, and every rank.
SHAPES = [(1,), (7,), (5000,), (3, 5), (70, 40), (40, 3000), (3, 4, 5)]
SEED = assign("x", op("%", op("+", op("*", I, 7), 3), 23))  # an uneven value a row
SEED_2D = assign("x", op("%", op("+", op("*", I, 7), op("*", J, 5)), 23))


def expected(shape: tuple[int, ...], cell: Callable[[int], int], flat: bool) -> np.ndarray:
    """Apply ``cell`` to the seed value of every cell of the grid."""
    i, j = np.indices(shape)[0], np.indices(shape)[min(1, len(shape) - 1)]
    seed = (i * 7 + 3) % 23 if flat else (i * 7 + j * 5) % 23
    table = np.array([cell(value) for value in range(23)])
    return np.asarray(table[seed], np.int32)


def check(shape: tuple[int, ...], cell: Callable[[int], int], *body: Any, **extra: Any) -> None:
    """Compare a kernel of the variable ``x`` with ``cell``, for seeds that vary by row and cell."""
    seeds = [SEED] + ([SEED_2D] if len(shape) > 1 else [])
    for seed in seeds:
        got = run(shape, INT, seed, *body, **extra)
        np.testing.assert_array_equal(got, expected(shape, cell, seed is SEED))


def total_of(name: str, size: int) -> Expr:
    """Return the elements as digits of a number to the base 31, which shows any difference."""
    value: Expr = element(name, 0)
    for position in range(1, size):
        value = op("+", op("*", value, 31), element(name, position))
    return value


def digits(values: Sequence[int]) -> int:
    """Return what `total_of` gives for a list of these values."""
    number = 0
    for value in values:
        number = number * 31 + value
    return int(np.int64(number).astype(np.int32))
