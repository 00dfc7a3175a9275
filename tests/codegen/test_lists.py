"""Local lists, and functions that take and give several values."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.codegen.loops import looping_functions
from gpukernel.codegen.plan import Planner
from gpukernel.ir.nodes import Expr, Stmt
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, ListType, Scalar
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import PLAIN, compare, make_program, shaders_of
from tests.interpreter.programs import (
    I,
    assign,
    bind,
    cast,
    copy,
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
    uint,
    var,
    when,
    whole,
)

STARTS = {INT: -1, FLOAT: 0.5, UINT: uint(7), BOOL: True}


@pytest.mark.parametrize("kind", [INT, FLOAT, UINT, BOOL])
@pytest.mark.parametrize("size", [1, 3, 32, 33, 100, 200])
def test_reads_and_writes_in_and_out_of_range(device: GLDevice, kind: Scalar, size: int) -> None:
    body: list[Stmt] = [
        fill("xs", STARTS[kind]),
        put("xs", op("-", I, 2), cast(I, kind)),
        put("xs", I, cast(5, kind)),
        put("xs", 0, cast(3, kind)),
        put("xs", size, cast(9, kind)),
        put("xs", -1, cast(9, kind)),
        assign("total", 0),
        loop("k", -3, size + 3, 1, _add(cast(element("xs", var("k"), kind), INT))),
        _add(cast(element("xs", op("-", I, 3), kind), INT)),
        _add(cast(element("xs", size, kind), INT)),
        _add(cast(element("xs", 0, kind), INT)),
        give(var("total")),
    ]
    variables = {"xs": ListType(kind, size)}
    compare(device, make_program(1, ["int32"], *body, variables=variables), (size + 5,))


def _add(value: Expr) -> Stmt:
    return assign("total", op("+", op("*", var("total"), 31), value))


def test_an_index_that_is_computed_is_computed_once(device: GLDevice) -> None:
    counted = op("+", bind("n", op("+", var("n"), 1)), 0)
    body: list[Stmt] = [
        assign("n", -1),
        fill("xs", 2),
        put("xs", counted, 4),
        assign("total", element("xs", counted)),
        give(
            op("+", op("*", var("n"), 100), op("+", var("total"), element("xs", element("xs", 1))))
        ),
    ]
    program = make_program(1, ["int32"], *body, variables={"xs": ints(8)})
    assert compare(device, program, (3,))[0].tolist() == [104] * 3


def test_copies_are_values(device: GLDevice) -> None:
    body: list[Stmt] = [
        fill("xs", I),
        copy("ys", "xs"),
        put("ys", 1, 50),
        give(op("+", op("*", element("xs", 1), 100), element("ys", 1))),
    ]
    variables = {"xs": ints(3), "ys": ints(3)}
    compare(device, make_program(1, ["int32"], *body, variables=variables), (9,))


def test_a_list_is_passed_by_reference(device: GLDevice) -> None:
    add = function(
        "add",
        [("xs", ints(3)), ("by", INT)],
        INT,
        put("xs", 0, op("+", element("xs", 0), var("by"))),
        give(element("xs", 0)),
    )
    twice = function(
        "twice",
        [("xs", ints(3))],
        INT,
        assign("a", invoke("add", whole("xs", ints(3)), 1, kind=INT)),
        assign("a", invoke("add", whole("xs", ints(3)), var("a"), kind=INT)),
        give(var("a")),
    )
    body: list[Stmt] = [
        fill("xs", I),
        assign("a", invoke("twice", whole("xs", ints(3)), kind=INT)),
        give(op("+", op("*", element("xs", 0), 1000), var("a"))),
    ]
    program = make_program(1, ["int32"], *body, functions=[add, twice], variables={"xs": ints(3)})
    assert compare(device, program, (4,))[0].tolist() == [2002, 4004, 6006, 8008]


def test_several_results_also_into_what_was_passed(device: GLDevice) -> None:
    kind = ints(3)
    rotate = function(
        "rotate",
        [("xs", kind), ("k", INT)],
        [kind, INT, FLOAT],
        copy("ys", "xs"),
        put("ys", 0, element("xs", 2)),
        put("xs", 1, 77),
        when(op(">", var("k"), 2), [give(whole("ys", kind), op("-", var("k"), 1), 0.25)]),
        give(whole("xs", kind), var("k"), 0.5),
        variables={"ys": kind},
    )
    body: list[Stmt] = [
        fill("xs", 4),
        put("xs", 2, I),
        assign("k", op("+", I, 1)),
        assign("f", 0.0),
        invoke_into(["xs", "k", "f"], "rotate", whole("xs", kind), var("k")),
        invoke_into(["ys", "k", "f"], "rotate", whole("xs", kind), op("+", var("k"), 1)),
        give(
            *[element("xs", k) for k in range(3)],
            *[element("ys", k) for k in range(3)],
            var("k"),
            var("f", FLOAT),
        ),
    ]
    program = make_program(
        1,
        ["int32"] * 7 + ["float32"],
        *body,
        functions=[rotate],
        variables={"xs": kind, "ys": kind},
    )
    compare(device, program, (6,))


@pytest.mark.parametrize("kind", [INT, ints(2)])
def test_one_result_into_a_variable(device: GLDevice, kind: Scalar | ListType) -> None:
    result = fill("r", var("k")) if isinstance(kind, ListType) else assign("r", var("k"))
    value = whole("r", kind) if isinstance(kind, ListType) else var("r")
    make = function("make", [("k", INT)], kind, result, give(value), variables={"r": kind})
    got = element("r", 1) if isinstance(kind, ListType) else var("r")
    body: list[Stmt] = [invoke_into(["r"], "make", op("*", I, 3)), give(got)]
    program = make_program(1, ["int32"], *body, functions=[make], variables={"r": kind})
    assert compare(device, program, (4,))[0].tolist() == [0, 3, 6, 9]


@pytest.mark.parametrize("optimize", [PLAIN, frozenset({"pack"})])
def test_filling_a_long_list_is_a_loop_and_a_short_one_is_not(optimize: frozenset[str]) -> None:
    for size, loops in [(32, 0), (33, 1)]:
        body: list[Stmt] = [fill("xs", 0), give(element("xs", I))]
        program = make_program(1, ["int32"], *body, variables={"xs": ints(size)})
        assert len(looping_functions(program)) == loops
        planner = Planner(program, optimize, max_draw_buffers=8, cuts_loops=True)
        variant = planner.plan((4,), ["folded"], [], planner.prove((4,), [], {})).variant
        assert variant.guarded == bool(loops)
        assert variant.packed == ("pack" in optimize)


def test_fills_count_as_loops_where_the_driver_ends_them(device: GLDevice) -> None:
    body: list[Stmt] = [
        assign("total", 0),
        loop(
            "k",
            0,
            40,
            1,
            fill("xs", var("k")),
            assign("total", op("+", var("total"), element("xs", op("*", var("k"), 100)))),
        ),
        give(var("total")),
    ]
    program = make_program(1, ["int32"], *body, variables={"xs": ints(4000)})
    assert compare(device, program, (2,), guard_loops=True)[0].tolist() == [780] * 2


@pytest.mark.parametrize("packed", [False, True])
def test_a_function_called_into_in_a_loop_is_not_unrolled_when_it_loops(packed: bool) -> None:
    pair = function("pair", [], [INT, INT], loop("k", 0, 9, 1, assign("a", var("k"))), give(1, 2))
    body: list[Stmt] = [loop("k", 0, I, 1, invoke_into(["a", "b"], "pair")), give(0)]
    program = make_program(1, ["int32"], *body, functions=[pair], variables={"a": INT, "b": INT})
    assert looping_functions(program) == {"pair", "kernel"}
    text = shaders_of(program, packed=packed, guard_loops=True).text
    assert text.count("pair(") == 2


def test_lists_are_sorted(device: GLDevice) -> None:
    size = 9
    values = np.random.default_rng(2).integers(-50, 50, (40, size)).astype(np.int32)
    inner = when(
        op(">", element("xs", op("-", var("j"), 1)), element("xs", var("j"))),
        [
            assign("t", element("xs", var("j"))),
            put("xs", var("j"), element("xs", op("-", var("j"), 1))),
            put("xs", op("-", var("j"), 1), var("t")),
        ],
    )
    body: list[Stmt] = [
        loop("i", 0, size, 1, put("xs", var("i"), load("a", I, var("i"), kind=INT))),
        loop("i", 1, size, 1, loop("j", var("i"), 0, -1, inner)),
        give(*[element("xs", k) for k in range(size)]),
    ]
    program = make_program(
        1, ["int32"] * size, *body, arrays={"a": values}, variables={"xs": ints(size)}
    )
    got = compare(device, program, (40,), {"a": values})
    np.testing.assert_array_equal(np.stack(got, 1), np.sort(values, 1))
