"""What the interpreter keeps from launch to launch, and what takes the place of names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.ir.nodes import Output
from gpukernel.lang.types import BOOL, FLOAT, INT
from gpukernel.runtime import interpreter_lists
from gpukernel.runtime.interpreter import Interpreter
from gpukernel.runtime.interpreter_blocks import MAX_GEOMETRIES, Block, Geometries
from gpukernel.runtime.interpreter_facts import pure_functions
from gpukernel.runtime.interpreter_functions import MAX_COPIES
from gpukernel.runtime.interpreter_simplify import write_out
from tests.interpreter.programs import (
    I,
    J,
    assign,
    cast,
    check,
    digits,
    function,
    give,
    invoke,
    load,
    logical,
    loop,
    op,
    program,
    put,
    repeat,
    run,
    total_of,
    uniform,
    var,
    when,
)
from tests.interpreter.programs import ints as int_list

N = var("n")


def test_a_block_forgets_when_it_is_full() -> None:
    block = Block(((0, 4), (2, 5)), True, 1000)
    known = block.recall((1,))
    block.keep(known, "a", "small", 10)
    assert block.recall((1,)) is known
    assert block.recall((2,)) is not known
    block.keep(known, "b", "large", 900)
    assert known == {"b": "large"}
    assert block.recall((1,)) is not known


def test_another_axis_uses_the_room_of_the_block() -> None:
    block = Block(((3, 7),), True, 1000)
    more = block.repeated(5, 2)
    assert (more.start, more.shape) == ((5, 3), (2, 4))
    np.testing.assert_array_equal(more.index[0], [[5], [6]])
    np.testing.assert_array_equal(more.index[1], [[3, 4, 5, 6]])
    known = block.recall(())
    more.keep(more.recall(()), "a", "large", 900)
    block.keep(known, "b", "small", 0)
    assert block.recall(()) is not known


def test_the_last_grids_are_known() -> None:
    geometries = Geometries(max_lanes=100, workers=1)
    first = geometries.blocks((20, 20), "layout")
    assert len(first) == 4
    assert geometries.blocks((20, 20), "layout") is first
    assert geometries.blocks((20, 20), "other") is not first
    for size in range(1, MAX_GEOMETRIES + 1):
        geometries.blocks((size,), "layout")
    assert geometries.blocks((20, 20), "layout") is not first


def test_masks_of_other_scalars_and_grids() -> None:
    """One interpreter: what a launch keeps holds for launches with the same whole scalars."""
    outside = logical("or", op("<", I, uniform("low")), op(">=", J, uniform("high")))
    body = [when(outside, [give(op("*", I, uniform("low")))]), give(op("+", J, uniform("high")))]
    made = program(2, [Output("int32")], *body, uniforms={"low": 0, "high": 0})
    interpreter = Interpreter(made)
    for low, high, grid in [(1, 2, (3, 4)), (2, 1, (3, 4)), (1, 2, (5, 2)), (1, 2, (3, 4))] * 3:
        out = np.empty(grid, np.int32)
        interpreter.run([], [low, high], grid, [out])
        i, j = np.indices(grid)
        np.testing.assert_array_equal(out, np.where((i < low) | (j >= high), i * low, j + high))


def test_scalars_that_are_never_the_same() -> None:
    """Every launch keeps something; the interpreter forgets it in time."""
    made = program(
        1, [Output("int32")], give(op("^", op("+", I, uniform("n")), 5)), uniforms={"n": 0}
    )
    interpreter = Interpreter(made)
    out = np.empty(30000, np.int32)
    for n in range(100):
        interpreter.run([], [n], (30000,), [out])
        assert out[7] == (7 + n) ^ 5
    (block,) = interpreter._geometries.blocks((30000,), ())
    held = [value.size for known in block._known.values() for value in known.values()]
    assert sum(held) <= 2**20


# ---------------------------------------------------------------- names written out


def test_static_variables_are_written_out() -> None:
    x, y = var("x"), var("y")
    body = (
        assign("x", op("+", I, 1)),
        when(op("<", x, 5), [assign("y", op("*", x, uniform("n")))], [assign("y", 0)]),
        assign("z", op("*", x, 2)),
        give(op("+", op("+", y, var("z")), var("p"))),
    )
    whole = function("f", [("p", INT), ("q", INT)], INT, *body)
    made = write_out(whole, {"q": J})
    assert [parameter.name for parameter in made.params] == ["p"]
    assert len(made.body) == 2
    branch, end = made.body
    assert isinstance(branch, nodes.If)
    assert branch.condition == op("<", op("+", I, 1), 5)
    assert end == give(op("+", op("+", y, op("*", op("+", I, 1), 2)), var("p")))


def test_a_function_for_many_static_arguments() -> None:
    helper = function("f", [("n", INT), ("x", INT)], INT, give(op("+", op("*", N, 100), var("x"))))
    total: Any = 0
    for number in range(2 * MAX_COPIES):
        total = op("+", total, invoke("f", op("+", I, number), op("*", J, number), kind=INT))
    got = run((3, 4), INT, assign("t", total), give(var("t")), functions=[helper])
    i, j = np.indices((3, 4))
    exact = sum((i + number) * 100 + j * number for number in range(2 * MAX_COPIES))
    np.testing.assert_array_equal(got, exact)


COUNT_DOWN = function(
    "down", [("n", INT)], INT,
    assign("x", N), assign("c", 0),
    repeat(op("!=", var("x"), 0), assign("x", op("-", var("x"), 1)),
           assign("c", op("+", var("c"), 1))),
    give(var("c")),
)  # fmt: skip


def test_a_pure_function_is_not_run_for_lanes_that_do_not_ask() -> None:
    """With a negative number the function would count for ever."""
    body = [
        assign("t", -1),
        when(op(">=", op("-", I, 3), 0), [assign("t", invoke("down", op("-", I, 3), kind=INT))]),
        give(var("t")),
    ]
    made = program(1, [Output("int32")], *body, functions=[COUNT_DOWN])
    assert pure_functions(made) == {"down", "kernel"}
    interpreter = Interpreter(made)
    out = np.empty(9, np.int32)
    for _ in range(3):
        interpreter.run([], [], (9,), [out])
        assert out.tolist() == [-1] * 3 + list(range(6))


def test_a_pure_function_of_whole_scalars_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    value = invoke("down", op("+", I, uniform("n")), kind=INT)
    made = program(1, [Output("int32")], give(value), functions=[COUNT_DOWN], uniforms={"n": 0})
    interpreter = Interpreter(made)
    out = np.empty(5, np.int32)
    for n in (3, 8, 3):
        interpreter.run([], [n], (5,), [out])
        assert out.tolist() == [n + i for i in range(5)]


def test_what_is_pure() -> None:
    reads = function("reads", [("n", INT)], FLOAT, give(load("a", N)))
    calls = function("calls", [("n", INT)], FLOAT, give(invoke("reads", N, kind=FLOAT)))
    fills = function("fills", [("l", int_list(2))], INT, put("l", 0, 1), give(0))
    made = program(
        1, [Output("int32")], give(I), arrays={"a": np.zeros(3, np.float32)},
        functions=[COUNT_DOWN, reads, calls, fills],
    )  # fmt: skip
    assert pure_functions(made) == {"down", "kernel"}


# ---------------------------------------------------------------- lists in parts


@pytest.mark.parametrize("max_parts", [0, 64])
def test_lists_as_parts_and_as_one_array(max_parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constant, shared and varying indices, under masks and in loops that few lanes run."""
    monkeypatch.setattr(interpreter_lists, "MAX_PARTS", max_parts)

    def cell(x: int) -> int:
        items = [x, 7, x * 2, 0]
        for k in range(x):
            items[k % 4] += items[(k + 1) % 4] + k
            if x > 11:
                items[3] = items[x % 3]
        return digits(items)

    x, k = var("x"), var("k")

    def item(where: Any) -> nodes.Element:
        return nodes.Element("l", cast(where, INT), INT, x.span)

    body = [
        put("l", 0, x), put("l", 1, 7), put("l", 2, op("*", x, 2)), put("l", 3, 0),
        loop("k", 0, x, 1,
             put("l", op("%", k, 4),
                 op("+", op("+", item(op("%", k, 4)), item(op("%", op("+", k, 1), 4))), k)),
             when(op(">", x, 11), [put("l", 3, item(op("%", x, 3)))])),
        give(total_of("l", 4)),
    ]  # fmt: skip
    for shape in [(7,), (3, 5), (70, 40)]:
        check(shape, cell, *body, variables={"l": int_list(4)})


def test_bools_are_whole_scalars() -> None:
    chosen = nodes.Select(uniform("flag", BOOL), op("*", I, 2), op("+", I, 1), INT, I.span)
    made = program(1, [Output("int32")], give(chosen), uniforms={"flag": True})
    interpreter = Interpreter(made)
    out = np.empty(4, np.int32)
    for flag in (True, False, True):
        interpreter.run([], [flag], (4,), [out])
        assert out.tolist() == ([0, 2, 4, 6] if flag else [1, 2, 3, 4])
