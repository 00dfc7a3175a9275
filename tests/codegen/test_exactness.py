"""Floats are rounded after every operation, wherever their value goes."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.nodes import Call, Function, Name, Program, Stmt
from gpukernel.lang.types import FLOAT, INT
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import compare, make_program, run_cpu, run_gl, shaders_of
from tests.interpreter.programs import (
    I,
    Kind,
    assign,
    cast,
    element,
    fill,
    function,
    give,
    ints,
    invoke,
    invoke_into,
    load,
    loop,
    op,
    put,
    repeat,
    select,
    var,
    when,
)

VALUES = np.array([1, 2, np.inf, np.nan, -1, 1e30, 1e-3, 7, np.nan, 0.5], np.float32)
X = op("+", cast(I, FLOAT), 1e7)


def f(name: str) -> Name:
    return var(name, FLOAT)


def small_steps(start: object) -> Call:
    """Return a sum that is ``start`` when each step is rounded away, and more when they join."""
    return op("+", op("+", op("+", start, 0.3), 0.3), 0.3)


HELPER = function("steps", [("x", FLOAT)], FLOAT, give(small_steps(f("x"))))
WHOLE = function("whole", [("x", FLOAT)], INT, give(cast(small_steps(f("x")), INT)))
PAIR = function("pair", [("x", FLOAT)], [FLOAT, INT], give(small_steps(f("x")), 1))
CALLED = invoke("steps", X, kind=FLOAT)
COUNT: list[Stmt] = [
    assign("s", cast(I, FLOAT)),
    assign("n", 0),
    repeat(
        op("<", f("s"), 20.0),
        assign("s", op("+", f("s"), 0.1)),
        assign("n", op("+", var("n"), 1)),
    ),
    give(var("n")),
]
DIFFERENCE = op("-", load("a", I), load("a", I))
BODIES: dict[str, list[Stmt]] = {
    "a sum in a loop": [
        assign("s", 0.0),
        loop("k", 0, 100, 1, assign("s", op("+", f("s"), 0.1))),
        give(cast(op("*", f("s"), 1e6), INT)),
    ],
    "the count of a loop": COUNT,
    "a variable in a condition": [
        assign("s", op("+", X, 0.3)),
        assign("s", op("+", f("s"), 0.3)),
        when(op("==", f("s"), X), [give(1)]),
        give(2),
    ],
    "a condition": [when(op("==", small_steps(X), X), [give(1)]), give(2)],
    "a condition on reads": [when(op("==", DIFFERENCE, 0.0), [give(1)]), give(2)],
    "a selection": [give(select(op("==", small_steps(load("a", I)), load("a", I)), 1, 2))],
    "a cast": [give(cast(small_steps(X), INT))],
    "a function's result": [give(cast(CALLED, INT))],
    "a function's result in a condition": [when(op("==", CALLED, X), [give(1)]), give(2)],
    "a function's int": [give(invoke("whole", X, kind=INT))],
    "one of several results": [invoke_into(["s", "n"], "pair", X), give(cast(f("s"), INT))],
    "a loop's bound": [
        assign("n", 0),
        loop("k", 0, cast(op("-", small_steps(X), 1e7), INT), 1, assign("n", var("k"))),
        give(var("n")),
    ],
    "an index": [
        fill("xs", 0),
        put("xs", 5, 9),
        give(element("xs", cast(op("-", small_steps(op("+", 1e7, 5.0)), 1e7), INT))),
    ],
}


def program_of(name: str) -> Program:
    functions: list[Function] = [HELPER, WHOLE, PAIR]
    variables: dict[str, Kind] = {"xs": ints(8), "s": FLOAT, "n": INT}
    return make_program(
        1,
        ["int32"],
        *BODIES[name],
        arrays={"a": VALUES},
        functions=functions,
        variables=variables,
    )


@pytest.mark.parametrize("name", list(BODIES))
@pytest.mark.parametrize("guard_loops", [False, True])
def test_rounding_is_kept_in(device: GLDevice, name: str, guard_loops: bool) -> None:
    compare(device, program_of(name), (10,), {"a": VALUES}, guard_loops=guard_loops)


Y = load("a", I)
ZEROS = {
    "0 * x": op("*", 0.0, Y),
    "x * -0": op("*", Y, -0.0),
    "0 / x": op("/", 0.0, Y),
    "x + 0": op("+", Y, 0.0),
    "0 - x": op("-", 0.0, Y),
    "x / x": op("/", Y, Y),
    "x - x": op("-", Y, Y),
}


@pytest.mark.parametrize("name", list(ZEROS))
def test_zero_times_infinity_is_nan_and_zeros_have_signs(
    device: GLDevice, name: str, optimize: frozenset[str]
) -> None:
    values = np.array([0.0, -0.0, 1, -2, np.inf, -np.inf, np.nan], np.float32)
    program = make_program(1, ["float32"], give(ZEROS[name]), arrays={"a": values})
    wanted = run_cpu(program, (7,), {"a": values})[0]
    got = run_gl(device, program, (7,), {"a": values}, optimize=optimize)[0]
    np.testing.assert_array_equal(got, wanted)
    numbers = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(wanted)[numbers])


@pytest.mark.parametrize("packed", [False, True])
def test_a_program_without_floats_needs_none_of_this(packed: bool) -> None:
    program = make_program(1, ["int32"], when(op("<", I, 3), [give(1)]), give(op("*", I, 2)))
    text = shaders_of(program, packed=packed).text
    assert "gk_exact" not in text and "invariant" not in text
