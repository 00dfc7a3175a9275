"""Checks: the first failing cell, its first failing check, and the values."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.nodes import Output, Program
from gpukernel.lang.types import INT
from gpukernel.runtime.failure import CellFailed
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import build, make_program, run_cpu, run_gl, shaders_of
from tests.interpreter.programs import (
    I,
    J,
    assign,
    bind,
    function,
    give,
    invoke,
    loop,
    op,
    require,
    uniform,
    var,
)

GRIDS = [(1, 1), (5, 7), (7, 5), (3, 70), (70, 3), (40, 21)]
OUTPUTS: list[list[str | Output]] = [
    ["int32"],
    [Output("int32", 2)],
    [Output("int32", 3)],
    [Output("int32", 4)],
]
OUTPUTS += [["int32"] * 9, ["int32", Output("int32", 3)], [Output("int32", 3), "int32"]]


def at_cell(outputs: list[str | Output], row: str = "row", column: str = "column") -> Program:
    """Return a program that fails from the cell (row, column) on, in either direction."""
    here = op("+", op("*", op("-", I, uniform(row)), 1000), op("-", J, uniform(column)))
    count = sum(1 if isinstance(o, str) else o.size or 1 for o in outputs)
    return make_program(
        2,
        outputs,
        require(op("!=", op("%", here, 7), 0), 1, I, J, here, 44),
        require(op("<", here, 5), 0, op("-", here, 5)),
        give(*[op("+", I, k) for k in range(count)]),
        scalars={"row": 0, "column": 0},
        num_failures=2,
    )


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("number", range(len(OUTPUTS)))
def test_the_first_cell_in_row_major_order(
    device: GLDevice, grid: tuple[int, int], number: int, optimize: frozenset[str]
) -> None:
    program = at_cell(OUTPUTS[number])
    for row, column in [(0, 0), (grid[0] - 1, grid[1] - 1), (grid[0] // 2, grid[1] // 2)]:
        scalars = {"row": row, "column": column}
        with pytest.raises(CellFailed) as wanted:
            run_cpu(program, grid, None, scalars)
        with pytest.raises(CellFailed) as got:
            run_gl(device, program, grid, None, scalars, optimize)
        assert got.value.args == wanted.value.args


@pytest.mark.parametrize("number", range(len(OUTPUTS)))
def test_padding_never_fails(device: GLDevice, number: int, optimize: frozenset[str]) -> None:
    inside = op("&", op("<", I, 5), op("<", J, 18))
    count = sum(1 if isinstance(o, str) else o.size or 1 for o in OUTPUTS[number])
    program = make_program(
        2, OUTPUTS[number], require(inside, 0), give(*[I] * count), num_failures=1
    )
    run_gl(device, program, (5, 18), optimize=optimize)
    with pytest.raises(CellFailed) as caught:
        run_gl(device, program, (5, 19), optimize=optimize)
    assert caught.value.args == ((0, 18), 0, ())


def test_what_a_check_binds_is_there_in_every_pass(
    device: GLDevice, optimize: frozenset[str]
) -> None:
    program = make_program(
        1,
        ["int32"] * 4,
        require(op(">=", bind("n", op("*", I, 2)), 0), 0),
        give(*[op("+", var("n"), k) for k in range(4)]),
        num_failures=1,
    )
    shaders = shaders_of(program, max_draw_buffers=3)
    assert [shader.checked for shader in shaders.passes] == [True, False]
    got = run_gl(device, program, (5,), optimize=optimize, max_draw_buffers=3)
    for k, values in enumerate(got):
        np.testing.assert_array_equal(values, np.arange(5) * 2 + k)


def test_checks_in_loops_of_functions(device: GLDevice, optimize: frozenset[str]) -> None:
    body = function(
        "inner",
        [("n", INT)],
        INT,
        assign("total", 0),
        loop(
            "k",
            0,
            var("n"),
            1,
            require(op("!=", op("*", var("k"), var("k")), 49), 0, var("k"), var("n")),
            require(op("!=", var("k"), 5), 1, var("k")),
            assign("total", op("+", var("total"), var("k"))),
        ),
        give(var("total")),
    )
    program = make_program(
        1,
        ["int32"],
        give(invoke("inner", op("-", I, 20), kind=INT)),
        functions=[body],
        num_failures=2,
    )
    for guard in (False, True):
        run_gl(device, program, (25,), optimize=optimize, guard_loops=guard)
        with pytest.raises(CellFailed) as caught:
            run_gl(device, program, (70,), optimize=optimize, guard_loops=guard)
        assert caught.value.args == ((26,), 1, (5,))


def test_a_program_with_checks_may_fail(device: GLDevice, optimize: frozenset[str]) -> None:
    assert build(device, at_cell(["int32"]), optimize).may_fail
    assert not build(device, make_program(1, ["int32"], give(I)), optimize).may_fail
