"""Names, types and sizes of whole programs."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.nodes import Constant, GridExtent, Stmt
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MIN, UINT, UINT_MAX, Scalar
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import Scalars, compare, make_program, shaders_of
from tests.interpreter.programs import (
    SPAN,
    I,
    assign,
    cast,
    function,
    give,
    invoke,
    load,
    op,
    uniform,
    var,
    when,
)


def test_names_that_glsl_does_not_have(device: GLDevice) -> None:
    scalars: Scalars = {
        "$seed.low": np.uint32(3_000_000_000),
        "pos.0": 2.5,
        "pos_0": 4,
        "sample": True,
    }
    body: list[Stmt] = [
        assign("$0", cast(uniform("$seed.low", UINT), FLOAT)),
        assign("input", op("+", var("$0", FLOAT), uniform("pos.0", FLOAT))),
        assign("a__b", cast(uniform("sample", BOOL), INT)),
        assign("gl_x", op("+", var("a__b"), uniform("pos_0"))),
        assign("größe", op("+", var("gl_x"), 1)),
        give(op("+", var("input", FLOAT), cast(var("größe"), FLOAT)), uniform("$seed.low", UINT)),
    ]
    program = make_program(1, ["float32", "uint32"], *body, scalars=scalars)
    got = compare(device, program, (3,), None, scalars)
    assert got[1].tolist() == [3_000_000_000] * 3


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_the_size_of_the_grid(device: GLDevice, rank: int) -> None:
    grid = (2, 3, 5, 21)[:rank]
    extents = [GridExtent(axis, INT, SPAN) for axis in range(rank)]
    got = compare(device, make_program(rank, ["int32"] * rank, give(*extents)), grid)
    assert [int(values.flat[0]) for values in got] == list(grid)


NUMBERS = {
    INT: np.array([0, 1, -1, INT_MIN, 2**31 - 1, 16777217, -16777217, 2**30 + 63], np.int32),
    UINT: np.array([0, 1, 2**31, UINT_MAX, 16777217, 16777219, 2**32 - 129], np.uint32),
    FLOAT: np.array(
        [0, 0.5, -0.5, -0.0, 1e9, 3e9, 4.294967e9, 4294967296.0, 1e30, -1e30, -1.5, 2147483648.0]
        + [np.inf, -np.inf, np.nan],
        np.float32,
    ),
    BOOL: np.array([False, True]),
}
DTYPES = {INT: "int32", UINT: "uint32", FLOAT: "float32", BOOL: "bool"}


@pytest.mark.parametrize("target", list(NUMBERS))
@pytest.mark.parametrize("source", list(NUMBERS))
def test_casts(device: GLDevice, source: Scalar, target: Scalar) -> None:
    values = NUMBERS[source]
    body = give(cast(load("a", I, kind=source), target))
    program = make_program(1, [DTYPES[target]], body, arrays={"a": values})
    compare(device, program, values.shape, {"a": values})


def test_constants_have_their_exact_bits(device: GLDevice) -> None:
    floats = [0.1, -0.1, 1e-38, 3.4028234663852886e38, float("inf"), -float("inf"), 16777217.0]
    values = [Constant(float(np.float32(x)), FLOAT, SPAN) for x in floats]
    values += [Constant(x, INT, SPAN) for x in (INT_MIN, -1, 2**31 - 1)]
    values += [Constant(x, UINT, SPAN) for x in (0, 2**31, UINT_MAX)]
    outputs = ["float32"] * len(floats) + ["int32"] * 3 + ["uint32"] * 3
    compare(device, make_program(1, outputs, give(*values)), (2,))


def test_long_and_deep_programs(device: GLDevice) -> None:
    body: list[Stmt] = [assign("x", I)]
    body += [assign("x", op("+", op("*", var("x"), 3), k)) for k in range(3000)]
    deep: list[Stmt] = [assign("x", op("+", var("x"), 1))]
    for k in range(100):
        deep = [when(op("!=", var("x"), k), deep)]
    longs = function("long", [("n", INT)], INT, *body, *deep, give(var("x")))
    program = make_program(1, ["int32"], give(invoke("long", I, kind=INT)), functions=[longs])
    compare(device, program, (5,))


@pytest.mark.parametrize("packed", [False, True])
def test_every_line_is_mapped_to_its_python_line(packed: bool) -> None:
    program = make_program(1, ["int32"], assign("x", I), give(var("x")))
    shader = shaders_of(program, packed=packed).passes[0]
    lines = shader.fragment.splitlines()
    assert len(lines) == len(shader.lines)
    assert shader.lines[lines.index("    return x;")] == SPAN.line
