"""Divergent control flow: every program is compared, cell by cell, with the same Python code."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.types import BOOL, FLOAT, INT
from tests.interpreter.programs import (
    BREAK,
    CONTINUE,
    SHAPES,
    I,
    assign,
    bind,
    check,
    function,
    give,
    invoke,
    logical,
    loop,
    op,
    repeat,
    run,
    select,
    uniform,
    var,
    when,
)

x, t, k, m = var("x"), var("t"), var("k"), var("m")


@pytest.mark.parametrize("shape", SHAPES)
def test_if_else(shape):
    body = [
        when(op("<", x, 9), [assign("t", op("*", x, 2))], [assign("t", op("-", 0, x))]),
        give(t),
    ]
    check(shape, lambda x: x * 2 if x < 9 else -x, *body)


@pytest.mark.parametrize("shape", SHAPES)
def test_return_inside_nested_loops(shape):
    def cell(x):
        t = 0
        for k in range(x):
            for m in range(k):
                t += m
                if t > 20:
                    return t * 100 + k
        return -t

    add = assign("t", op("+", t, m))
    leave = when(op(">", t, 20), [give(op("+", op("*", t, 100), k))])
    inner = loop("m", 0, k, 1, add, leave)
    check(shape, cell, assign("t", 0), loop("k", 0, x, 1, inner), give(op("-", t)))


@pytest.mark.parametrize("shape", SHAPES)
def test_continue_and_break_in_nested_loops(shape):
    def cell(x):
        t = 0
        for k in range(12):
            if (k + x) % 3 == 0:
                continue
            for m in range(x, -2, -2):
                if m % 5 == 2:
                    continue
                if m + k > 22:
                    break
                t += m
            t += k
            if t > 150:
                break
        return t * 1000 + k

    skip = when(op("==", op("%", op("+", k, x), 3), 0), [CONTINUE])
    inner = loop(
        "m", x, -2, -2,
        when(op("==", op("%", m, 5), 2), [CONTINUE]),
        when(op(">", op("+", m, k), 22), [BREAK]),
        assign("t", op("+", t, m)),
    )  # fmt: skip
    outer = loop(
        "k", 0, 12, 1, skip, inner, assign("t", op("+", t, k)), when(op(">", t, 150), [BREAK])
    )
    check(shape, cell, assign("t", 0), outer, give(op("+", op("*", t, 1000), k)))


@pytest.mark.parametrize("shape", SHAPES)
def test_while_that_lanes_leave_one_by_one(shape):
    def cell(x):
        t = 0
        while x != 1 and x != 0:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            t += 1
        return t * 100 + x

    collatz = select(op("==", op("%", x, 2), 0), op("//", x, 2), op("+", op("*", x, 3), 1))
    going = logical("and", op("!=", x, 1), op("!=", x, 0))
    body = [assign("t", 0), repeat(going, assign("x", collatz), assign("t", op("+", t, 1)))]
    check(shape, cell, *body, give(op("+", op("*", t, 100), x)))


@pytest.mark.parametrize("shape", SHAPES)
def test_return_from_a_loop_whose_lanes_were_gathered(shape):
    def cell(x):
        t = 0
        while True:
            t += x
            if t > 100:
                return t
            if x == 0:
                break
        return -1

    body = [
        assign("t", 0),
        repeat(
            True,
            assign("t", op("+", t, x)),
            when(op(">", t, 100), [give(t)]),
            when(op("==", x, 0), [BREAK]),
        ),
        give(-1),
    ]
    check(shape, cell, *body)


@pytest.mark.parametrize("shape", SHAPES)
def test_counter_assigned_in_the_body_keeps_the_iteration(shape):
    def cell(x):
        k = t = 0
        for k in range(3, x):
            k = k * 2
            t += k
        return t * 100 + k

    body = assign("k", op("*", k, 2)), assign("t", op("+", t, k))
    start = [assign("k", 0), assign("t", 0)]
    check(shape, cell, *start, loop("k", 3, x, 1, *body), give(op("+", op("*", t, 100), k)))


@pytest.mark.parametrize("shape", SHAPES)
def test_counter_keeps_its_last_value_of_each_lane(shape):
    def cell(x):
        k = -1
        for k in range(x):
            if k * k > 2 * x:
                break
        return k

    leave = when(op(">", op("*", k, k), op("*", 2, x)), [BREAK])
    check(shape, cell, assign("k", -1), loop("k", 0, x, 1, leave), give(k))


@pytest.mark.parametrize("shape", SHAPES)
def test_inner_loop_reuses_the_outer_counter(shape):
    def cell(x):
        t = 0
        for k in range(4):
            for k in range(x):  # noqa: B020
                t += k
            t += 100 * k
        return t

    inner = loop("k", 0, x, 1, assign("t", op("+", t, k)))
    outer = loop("k", 0, 4, 1, inner, assign("t", op("+", t, op("*", 100, k))))
    check(shape, cell, assign("t", 0), outer, give(t))


@pytest.mark.parametrize("step", [-5, -1, 0, 1, 2, 7])
@pytest.mark.parametrize("shape", [(7,), (900,), (40, 60)])
def test_dynamic_bounds_and_steps(shape, step):
    def cell(x):
        t = 0
        for k in range(x, 11, step) if step else ():
            t = t * 3 + k
            t %= 1009
        return t

    mix = assign("t", op("%", op("+", op("*", t, 3), k), 1009))
    check(
        shape, cell, assign("t", 0), loop("k", x, 11, uniform("step"), mix), give(t),
        uniforms={"step": step},
    )  # fmt: skip


def test_step_that_differs_between_lanes():
    def cell(x):
        t = 0
        for k in range(0, 40, x - 11) if x != 11 else ():
            t += k
        for k in range(0, -40, x - 11) if x != 11 else ():
            t += k
        return t

    step, add = op("-", x, 11), assign("t", op("+", t, k))
    body = [loop("k", 0, 40, step, add), loop("k", 0, -40, step, add)]
    check((300,), cell, assign("t", 0), *body, give(t))


@pytest.mark.parametrize("lanes", [False, True])
def test_trip_counts_near_the_limits_of_int(lanes):
    base = op("*", I, 0) if lanes else 0
    top, bottom = 2**31 - 1, -(2**31)
    ranges = [
        (top - 3, top, 2),
        (bottom, top, top),
        (top, bottom, bottom),
        (bottom + 5, bottom, -2),
    ]
    for start, stop, step in ranges:
        body = assign("t", op("+", t, 1)), assign("last", k)
        got = run(
            (4,), INT, assign("t", 0), assign("last", 0),
            loop("k", op("+", base, start), stop, step, *body),
            give(op("^", t, var("last"))),
        )  # fmt: skip
        numbers = range(start, stop, step)
        assert got.tolist() == [len(numbers) ^ numbers[-1]] * 4


def test_long_loop_with_a_dynamic_bound():
    got = run(
        (2,), INT, assign("t", 0),
        loop("k", 0, op("+", 100000, I), 1, assign("t", op("+", t, k))), give(t),
    )  # fmt: skip
    exact = [sum(range(100000)), sum(range(100001))]
    assert got.tolist() == np.array(exact).astype(np.int32).tolist()


COUNT_DOWN = function(  # never ends for odd arguments
    "down", [("n", INT)], INT,
    assign("s", 0),
    assign("left", var("n")),
    repeat(
        op("!=", var("left"), 0),
        assign("left", op("-", var("left"), 2)),
        assign("s", op("+", var("s"), 1)),
    ),
    give(var("s")),
)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_helper_runs_for_the_lanes_asked_only(shape):
    even = op("==", op("%", x, 2), 0)
    chosen = select(even, invoke("down", x, kind=INT), -7)
    check(shape, lambda x: x // 2 if x % 2 == 0 else -7, give(chosen), functions=[COUNT_DOWN])
    both = logical("and", even, op(">", invoke("down", x, kind=INT), 3))
    either = logical("or", op("!=", op("%", x, 2), 0), op(">", invoke("down", x, kind=INT), 3))
    picked = [give(select(both, 1, 0))], [give(select(either, 1, 0))]
    check(shape, lambda x: int(x % 2 == 0 and x // 2 > 3), *picked[0], functions=[COUNT_DOWN])
    check(shape, lambda x: int(x % 2 != 0 or x // 2 > 3), *picked[1], functions=[COUNT_DOWN])
    branch = when(even, [give(invoke("down", x, kind=INT))])
    check(shape, lambda x: x // 2 if x % 2 == 0 else -7, branch, give(-7), functions=[COUNT_DOWN])


@pytest.mark.parametrize("shape", SHAPES)
def test_early_returns_in_a_helper_called_in_a_loop(shape):
    def helper(n, limit):
        for q in range(n):
            if q * q > limit:
                return q
        return -n

    def cell(x):
        t = 0
        while t < 200:
            t += abs(helper(x, t)) + 1
        return t

    n, q = var("n"), var("q")
    compiled = function(
        "root", [("n", INT), ("limit", INT)], INT,
        loop("q", 0, n, 1, when(op(">", op("*", q, q), var("limit")), [give(q)])),
        give(op("-", n)),
    )  # fmt: skip
    value = bind("r", invoke("root", x, t, kind=INT))
    size = select(op("<", value, 0), op("-", var("r")), var("r"))
    body = [assign("t", 0), repeat(op("<", t, 200), assign("t", op("+", op("+", t, size), 1)))]
    check(shape, cell, *body, give(t), functions=[compiled])


def test_uniform_conditions_choose_one_side():
    body = when(uniform("flag", BOOL), [give(op("*", x, 2))], [give(x)])
    for flag in (False, True):
        check((30, 4), lambda x: x * (1 + flag), body, uniforms={"flag": flag})


def test_a_loop_with_no_iteration_leaves_its_counter():
    got = run((5,), INT, assign("k", 42), loop("k", 3, 3, 1), give(k))
    assert got.tolist() == [42] * 5


def test_float_rounding_after_every_operation():
    s = var("s", FLOAT)
    body: list[nodes.Stmt] = [
        assign("s", 0.0),
        loop("k", 0, 1000, 1, assign("s", op("+", s, 0.1))),
        give(s),
    ]
    single, double = np.float32(0), 0.0
    for _ in range(1000):
        single, double = single + np.float32(0.1), double + 0.1
    assert run((2,), FLOAT, *body)[0] == single
    assert run((2,), FLOAT, *body, float_dtype=np.float64)[0] == double
