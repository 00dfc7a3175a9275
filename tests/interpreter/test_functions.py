"""Functions that take, change and return lists, and functions of several results."""

from __future__ import annotations

import pytest

from gpukernel.lang.types import INT
from tests.interpreter.programs import (
    SHAPES,
    I,
    assign,
    check,
    digits,
    element,
    fill,
    function,
    give,
    ints,
    invoke,
    invoke_into,
    loop,
    op,
    put,
    repeat,
    run,
    total_of,
    var,
    when,
    whole,
)

x, t, k = var("x"), var("t"), var("k")
a5, b5 = whole("a", ints(5)), whole("b", ints(5))
A5 = {"a": ints(5)}
A5_B5 = {"a": ints(5), "b": ints(5)}


PUSH = function(  # writes to the caller's list, in a loop that lanes leave one by one
    "push", [("a", ints(5)), ("n", INT)], INT,
    assign("left", var("n")),
    repeat(
        op(">", var("left"), 0),
        put("a", op("%", var("left"), 5), op("+", element("a", op("%", var("left"), 5)), 1)),
        when(op("==", element("a", 3), 4), [give(var("left"))]),
        assign("left", op("-", var("left"), 1)),
    ),
    put("a", 0, -3),
    give(-1),
)  # fmt: skip


def push(a, n):
    while n > 0:
        a[n % 5] += 1
        if a[3] == 4:
            return n
        n -= 1
    a[0] = -3
    return -1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_function_writes_into_the_callers_list(shape):
    def cell(x):
        a = [0] * 5
        t = 0
        if x % 2 == 0:
            t = push(a, x)
        a[1] += 10
        for k in range(x):
            t += push(a, k)
        return digits(a) ^ t

    def again(argument):
        return invoke("push", a5, argument, kind=INT)

    body = [
        fill("a", 0),
        assign("t", 0),
        when(op("==", op("%", x, 2), 0), [assign("t", again(x))]),
        put("a", 1, op("+", element("a", 1), 10)),
        loop("k", 0, x, 1, assign("r", again(k)), assign("t", op("+", t, var("r")))),
        give(op("^", total_of("a", 5), t)),
    ]
    check(shape, cell, *body, variables=A5, functions=[PUSH])


@pytest.mark.parametrize("shape", SHAPES)
def test_lists_go_down_through_several_functions(shape):
    def cell(x):
        a = [1] * 5
        b = [x] * 5
        b[x % 5] = 0
        t = push(b, x)
        t += push(a, t + 3)
        a[4] += b[4]
        return digits(a) ^ digits(b) ^ t

    middle = function(
        "middle", [("a", ints(5)), ("b", ints(5)), ("n", INT)], INT,
        fill("b", var("n")),
        put("b", op("%", var("n"), 5), 0),
        assign("t", invoke("push", b5, var("n"), kind=INT)),
        assign("r", invoke("push", a5, op("+", t, 3), kind=INT)),
        put("a", 4, op("+", element("a", 4), element("b", 4))),
        give(op("+", t, var("r"))),
    )  # fmt: skip
    body = [
        fill("a", 1),
        assign("t", invoke("middle", a5, b5, x, kind=INT)),
        give(op("^", op("^", total_of("a", 5), total_of("b", 5)), t)),
    ]
    check(shape, cell, *body, variables=A5_B5, functions=[PUSH, middle])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_returned_list_is_a_copy(shape):
    def turn(a, n):
        b = [0] * 5
        for k in range(5):
            b[(k + n) % 5] = a[k]
            if k > n:
                a[0] = 21
                return list(a), k
        return b, -n

    def cell(x):
        a = [q * q for q in range(5)]
        b, t = [9] * 5, 0
        if x % 3:
            b, t = turn(a, x % 7)
        a[1] = 25
        a, k = turn(b, 2) if x % 2 else (a, 0)
        b[2] = 4
        return digits(a) ^ digits(b) ^ t ^ k

    n = var("n")
    compiled = function(
        "turn", [("a", ints(5)), ("n", INT)], [ints(5), INT],
        fill("b", 0),
        loop(
            "k", 0, 5, 1,
            put("b", op("%", op("+", k, n), 5), element("a", k)),
            when(op(">", k, n), [put("a", 0, 21), give(a5, k)]),
        ),
        give(b5, op("-", n)),
        variables={"b": ints(5)},
    )  # fmt: skip
    body = [
        loop("k", 0, 5, 1, put("a", k, op("*", k, k))),
        fill("b", 9),
        assign("t", 0),
        when(op("!=", op("%", x, 3), 0), [invoke_into(["b", "t"], "turn", a5, op("%", x, 7))]),
        put("a", 1, 25),
        assign("k", 0),
        when(op("==", op("%", x, 2), 1), [invoke_into(["a", "k"], "turn", b5, 2)]),
        put("b", 2, 4),
        give(op("^", op("^", total_of("a", 5), total_of("b", 5)), op("^", t, k))),
    ]
    check(shape, cell, *body, variables=A5_B5, functions=[compiled])


@pytest.mark.parametrize("shape", SHAPES)
def test_results_that_are_scalars(shape):
    def both(n):
        while n > 9:
            if n % 4 == 3:
                return n, 1
            n -= 3
        return -n, 2

    def cell(x):
        q, r = both(x)
        if x % 2:
            r, q = both(x + 5)
        return q * 100 + r

    left = var("left")
    compiled = function(
        "both", [("n", INT)], [INT, INT],
        assign("left", var("n")),
        repeat(
            op(">", left, 9),
            when(op("==", op("%", left, 4), 3), [give(left, 1)]),
            assign("left", op("-", left, 3)),
        ),
        give(op("-", left), 2),
    )  # fmt: skip
    again = [invoke_into(["r", "q"], "both", op("+", x, 5))]
    body = [
        invoke_into(["q", "r"], "both", x),
        when(op("==", op("%", x, 2), 1), again),
        give(op("+", op("*", var("q"), 100), var("r"))),
    ]
    check(shape, cell, *body, variables={"q": INT, "r": INT}, functions=[compiled])


def test_a_function_without_results_writes_to_its_list():
    mark = function("mark", [("a", ints(5)), ("n", INT)], [], put("a", var("n"), 8), give())
    body = [fill("a", 1), invoke_into([], "mark", a5, op("%", I, 6)), give(total_of("a", 5))]
    got = run((12,), INT, *body, variables=A5, functions=[mark])
    lists = [[8 if position == i % 6 else 1 for position in range(5)] for i in range(12)]
    assert got.tolist() == [digits(values) for values in lists]


def test_a_parameter_keeps_its_value_when_its_list_changes():
    callee = function(
        "late", [("a", ints(5)), ("n", INT)], INT,
        fill("a", -1),
        give(var("n")),
    )  # fmt: skip
    value = element("a", 2)
    body = [fill("a", x), assign("t", invoke("late", a5, value, kind=INT)), give(t)]
    check((3000,), lambda x: x, *body, variables=A5, functions=[callee])
