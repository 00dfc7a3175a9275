"""Checks: which failure a launch reports."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.types import BOOL, INT
from gpukernel.runtime.failure import CellFailed
from tests.interpreter.programs import (
    SPAN,
    I,
    J,
    assign,
    fill,
    function,
    give,
    ints,
    invoke,
    invoke_into,
    loop,
    op,
    repeat,
    require,
    run,
    uniform,
    var,
    when,
    whole,
)

x, k, t = var("x"), var("k"), var("t")
SHAPES = [(40,), (5000,), (40, 60), (700, 900), (6, 50, 70)]


def failure_of(shape, *body, **extra):
    with pytest.raises(CellFailed) as caught:
        run(shape, INT, *body, give(0), num_failures=3, **extra)
    failed = caught.value
    return failed.cell, failed.failure, failed.values


@pytest.mark.parametrize("shape", SHAPES)
def test_the_first_cell_in_row_major_order(shape):
    last = [size - 1 for size in shape]
    places = {1: [3], 2: [2, 44]}.get(len(shape), [2, 44, 60])
    total = sum(place * 1000**axis for axis, place in enumerate(places))
    number: nodes.Expr = I
    for axis in range(1, len(shape)):
        component = nodes.GridIndex(axis, INT, SPAN)
        number = op("+", number, op("*", component, 1000**axis))
    got = failure_of(shape, require(op("!=", number, total), 2, number, 5, I))
    assert got == (tuple(places), 2, (total, 5, places[0]))
    assert all(place <= end for place, end in zip(places, last))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_later_check_may_fail_in_an_earlier_cell(shape):
    first, second = require(op("<", I, 5), 0, I), require(op("<", I, 3), 1, I)
    rest = (0,) * (len(shape) - 1)
    assert failure_of(shape, first, second) == ((3, *rest), 1, (3,))
    assert failure_of(shape, second, first) == ((3, *rest), 1, (3,))
    same = require(op("<", I, 3), 2, I)
    assert failure_of(shape, same, second) == ((3, *rest), 2, (3,))


def test_uniform_checks():
    fails = require(uniform("ok", BOOL), 1, 7, -8)
    assert failure_of((50, 70), fails, uniforms={"ok": False}) == ((0, 0), 1, (7, -8))
    assert run((3,), INT, fails, give(4), num_failures=2, uniforms={"ok": True}).tolist() == [4] * 3


def test_only_lanes_that_run_the_check_can_fail():
    body = when(op(">", I, 9), [require(op(">", J, 3), 0, J)], [require(op("<", J, 44), 1, J)])
    assert failure_of((30, 50), body) == ((0, 44), 1, (44,))
    assert failure_of((30, 40), body) == ((10, 0), 0, (0,))
    assert run((10, 44), INT, body, give(1), num_failures=2).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_checks_in_loops_whose_lanes_are_gathered(shape):
    # Cell i runs i % 37 times and fails in turn 20, with another failure from turn 25 on.
    body = [
        assign("x", op("%", I, 37)),
        assign("k", 0),
        repeat(
            op("<", k, x),
            require(op("<", k, 25), 1, k),
            require(op("!=", op("*", k, op(">=", I, 22)), 20), 0, k, x, I),
            assign("k", op("+", k, 1)),
        ),
    ]
    if shape[0] < 22:
        assert run(shape, INT, *body, give(3), num_failures=3).all()
        return
    rest = (0,) * (len(shape) - 1)
    assert failure_of(shape, *body) == ((22, *rest), 0, (20, 22, 22))


def test_the_first_failed_turn_of_a_loop_counts():
    body = loop("k", 0, 90, 1, require(op("<", k, op("-", 80, op("*", I, 7))), 0, k, I))
    assert failure_of((4,), body) == ((0,), 0, (80, 0))


@pytest.mark.parametrize("shape", SHAPES)
def test_checks_in_functions(shape):
    n = var("n")
    callee = function(
        "callee", [("n", INT)], INT,
        require(op("!=", op("%", n, 11), 10), 2, n),
        when(op(">", n, 17), [give(1)]),
        require(op("<", n, 4), 0, n),
        give(0),
    )  # fmt: skip
    value = assign("t", invoke("callee", I, kind=INT))
    chosen = when(op(">", I, 7), [value])
    rest = (0,) * (len(shape) - 1)
    assert failure_of(shape, value, functions=[callee])[0] == ((4, *rest))
    if shape[0] > 8:
        assert failure_of(shape, chosen, functions=[callee]) == ((8, *rest), 0, (8,))


def test_a_function_that_only_checks_runs_for_its_effect():
    callee = function(
        "callee", [("a", ints(4)), ("n", INT)], [], require(op("<", var("n"), 600), 1), give()
    )
    body = [fill("a", 0), invoke_into([], "callee", whole("a", ints(4)), I)]
    got = failure_of((1000,), *body, functions=[callee], variables={"a": ints(4)})
    assert got == ((600,), 1, ())


def test_the_outcome_is_the_same_in_every_run():
    odd = op("==", op("&", op("+", op("*", I, 1103), op("*", J, 12345)), 65535), 65521)
    body = require(op("not", odd), 0, I, J)
    first = failure_of((1500, 1100), body)
    i, j = np.indices((1500, 1100))
    where = np.argwhere(((i * 1103 + j * 12345) & 65535) == 65521)[0]
    assert first == (tuple(where), 0, tuple(where))
    for _ in range(5):
        assert failure_of((1500, 1100), body) == first
