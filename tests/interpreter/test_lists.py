"""Local lists: every program is compared, cell by cell, with the same Python code."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, ListType
from gpukernel.runtime.interpreter_blocks import cut
from gpukernel.runtime.interpreter_lists import LocalList
from tests.interpreter.programs import (
    BREAK,
    CONTINUE,
    SHAPES,
    I,
    J,
    assign,
    cast,
    check,
    copy,
    digits,
    element,
    fill,
    give,
    ints,
    loop,
    op,
    put,
    repeat,
    run,
    select,
    total_of,
    uint,
    var,
    when,
)

x, t, k, m = var("x"), var("t"), var("k"), var("m")
A5 = {"a": ints(5)}
A5_B5 = {"a": ints(5), "b": ints(5)}


@pytest.mark.parametrize("shape", SHAPES)
def test_uniform_and_dynamic_indices(shape):
    def cell(x):
        a = [7] * 5
        a[1] = x
        a[x % 5] = a[x // 5] + 1
        a[(x + 1) % 5] += a[1]
        return digits(a)

    body = [
        fill("a", 7),
        put("a", 1, x),
        put("a", op("%", x, 5), op("+", element("a", op("//", x, 5)), 1)),
        assign("k", op("%", op("+", x, 1), 5)),
        put("a", k, op("+", element("a", k), element("a", 1))),
        give(total_of("a", 5)),
    ]
    check(shape, cell, *body, variables=A5)


@pytest.mark.parametrize("shape", SHAPES)
def test_indices_out_of_range_read_zero_and_write_nothing(shape):
    def cell(x):
        a = [3, 1, 4, 1, 5]
        t = 0
        for k in range(-7, 9):
            t = t * 2 + (a[k] if 0 <= k < 5 else 0)
            t += a[x - k] if 0 <= x - k < 5 else 0
            if 0 <= x + k < 5:
                a[x + k] = k
        return digits(a) ^ t

    body = [
        *(put("a", position, value) for position, value in enumerate((3, 1, 4, 1, 5))),
        assign("t", 0),
        loop(
            "k", -7, 9, 1,
            assign("t", op("+", op("*", t, 2), element("a", k))),
            assign("t", op("+", t, element("a", op("-", x, k)))),
            put("a", op("+", x, k), k),
            put("a", 5, x),
            put("a", -1, x),
        ),
        give(op("^", total_of("a", 5), t)),
    ]  # fmt: skip
    check(shape, cell, *body, variables=A5)


@pytest.mark.parametrize("shape", [(4,), (900,)])
def test_extreme_indices(shape):
    far = op("+", op("*", I, 2**31 - 1), 2**31 - 1)
    body = [fill("a", 9), put("a", far, 1), give(op("+", element("a", far), element("a", I)))]
    got = run(shape, INT, *body, variables=A5)
    i = np.arange(shape[0])
    far_index = ((i + 1) * (2**31 - 1) + 2**31) % 2**32 - 2**31
    inside = (far_index >= 0) & (far_index < 5)
    same = inside & (far_index == i)
    expected = np.where(inside, 1, 0) + np.where(same, 1, np.where(i < 5, 9, 0))
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_sort_with_divergent_swaps(shape):
    def cell(x):
        return digits(sorted((x * (q + 3) + q * q) % 17 for q in range(5)))

    value = op("%", op("+", op("*", x, op("+", k, 3)), op("*", k, k)), 17)
    after = op("+", m, 1)
    swap: list[nodes.Stmt] = [
        assign("s", element("a", m)),  # must keep its value when a[m] is written
        put("a", m, element("a", after)),
        put("a", after, var("s")),
    ]
    body = [
        loop("k", 0, 5, 1, put("a", k, value)),
        loop(
            "k", 0, 4, 1,
            loop("m", 0, op("-", 4, k), 1,
                 when(op(">", element("a", m), element("a", after)), swap)),
        ),
        give(total_of("a", 5)),
    ]  # fmt: skip
    check(shape, cell, *body, variables=A5)


@pytest.mark.parametrize("shape", SHAPES)
def test_insertion_sort_in_a_while_that_lanes_leave(shape):
    def cell(x):
        return digits(sorted((x * (q + 3) + q * q) % 17 for q in range(5)))

    value = op("%", op("+", op("*", x, op("+", k, 3)), op("*", k, k)), 17)
    before = element("a", op("-", m, 1))
    going = nodes.Logical("and", op(">", m, 0), op(">", before, var("v")), BOOL, var("v").span)
    body = [
        loop(
            "k", 0, 5, 1,
            assign("v", value),
            assign("m", k),
            repeat(going, put("a", m, before), assign("m", op("-", m, 1))),
            put("a", m, var("v")),
        ),
        give(total_of("a", 5)),
    ]  # fmt: skip
    check(shape, cell, *body, variables=A5)


@pytest.mark.parametrize("shape", SHAPES)
def test_lists_in_a_loop_whose_lanes_are_gathered(shape):
    def cell(x):
        a, b, steps = [0] * 5, [2] * 5, 0
        while x != 1 and x != 0:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            a[x % 5] += 1
            if x % 3 == 0:
                b = list(a)
            a[2] = steps
            steps += 1
        return digits(a) ^ digits(b)

    collatz = select(op("==", op("%", x, 2), 0), op("//", x, 2), op("+", op("*", x, 3), 1))
    going = op(">", op("*", x, op("-", x, 1)), 0)
    place = op("%", x, 5)
    body = [
        fill("a", 0),
        fill("b", 2),
        assign("t", 0),
        repeat(
            going,
            assign("x", collatz),
            put("a", place, op("+", element("a", place), 1)),
            when(op("==", op("%", x, 3), 0), [copy("b", "a")]),
            put("a", 2, t),
            assign("t", op("+", t, 1)),
        ),
        give(op("^", total_of("a", 5), total_of("b", 5))),
    ]
    check(shape, cell, *body, variables=A5_B5)


@pytest.mark.parametrize("shape", SHAPES)
def test_early_return_break_and_continue_with_lists(shape):
    def cell(x):
        a = [x] * 5
        for k in range(30):
            if k % 3 == x % 3:
                continue
            a[k % 5] = a[(k + x) % 5] + k
            if a[k % 5] > 40:
                return digits(a) + k
            if k > x + 5:
                break
        a[0] = -1
        return digits(a)

    place = op("%", k, 5)
    body = [
        fill("a", x),
        loop(
            "k", 0, 30, 1,
            when(op("==", op("%", k, 3), op("%", x, 3)), [CONTINUE]),
            put("a", place, op("+", element("a", op("%", op("+", k, x), 5)), k)),
            when(op(">", element("a", place), 40), [give(op("+", total_of("a", 5), k))]),
            when(op(">", k, op("+", x, 5)), [BREAK]),
        ),
        put("a", 0, -1),
        give(total_of("a", 5)),
    ]  # fmt: skip
    check(shape, cell, *body, variables=A5)


@pytest.mark.parametrize("shape", [(6,), (40, 60)])
def test_values_read_before_a_write_stay(shape):
    body = [
        fill("a", x),
        assign("t", element("a", 2)),
        assign("k", element("a", op("%", x, 5))),
        loop("m", element("a", 1), op("+", element("a", 1), 3), 1, fill("a", m)),
        put("a", 2, -1),
        give(op("+", op("*", t, 1000), op("+", op("*", k, 10), element("a", 0)))),
    ]
    check(shape, lambda x: x * 1000 + x * 10 + x + 2, *body, variables=A5)


@pytest.mark.parametrize("kind", [INT, UINT, FLOAT, BOOL])
def test_lists_of_every_scalar_type(kind):
    small = ListType(kind, 3)
    value = {
        INT: op("-", I, 2),
        UINT: op("-", cast(I, UINT), uint(2)),
        FLOAT: op("/", I, 4),
        BOOL: op("==", op("%", I, 3), 0),
    }[kind]
    body = [put("a", 1, value), put("a", op("%", I, 3), value), give(element("a", 1, kind))]
    got = run((600,), kind, *body, variables={"a": small})
    i = np.arange(600)
    exact = {INT: i - 2, UINT: (i - 2) % 2**32, FLOAT: i / 4, BOOL: i % 3 == 0}[kind]
    np.testing.assert_array_equal(got, exact.astype(got.dtype))


def test_float_lists_in_double_precision():
    doubles = ListType(FLOAT, 3)
    body = [fill("a", op("/", I, 3.0)), give(element("a", op("%", I, 3), FLOAT))]
    got = run((9,), FLOAT, *body, variables={"a": doubles}, float_dtype=np.float64)
    np.testing.assert_array_equal(got, np.arange(9) / 3)


def test_long_lists_run_in_small_blocks():
    size = 200_000
    body = [
        fill("a", I),
        put("a", op("*", I, 999), J),
        give(op("+", element("a", op("*", J, 999)), element("a", size - 1))),
    ]
    got = run((9, 11), INT, *body, variables={"a": ints(size)})
    i, j = np.indices((9, 11))
    np.testing.assert_array_equal(got, np.where(i == j, j, i) + i)


def test_blocks_hold_a_bounded_number_of_elements():
    bounded = cut((3000, 3000), 2, 4096)
    sizes = [np.prod([stop - start for start, stop in block]) for block in bounded]
    assert sum(sizes) == 3000 * 3000
    assert max(sizes) <= 4096


def test_uniform_lists_stay_small():
    table = LocalList.zeros(4, np.dtype(np.int32), 2)
    table.set_element(np.int32(2), np.int32(5), True)
    rows = np.arange(6, dtype=np.int32).reshape(6, 1)
    assert table.values.shape == (4, 1, 1)
    np.testing.assert_array_equal(table.element(rows), [[0], [0], [5], [0], [0], [0]])
    table.set_element(np.int32(1), rows, True)
    assert table.values.shape == (4, 6, 1)
    table.fill(np.int32(3), rows.reshape(1, 6) > 2)
    assert table.values.shape == (4, 6, 6)
    table.fill(np.int32(0), True)
    assert table.values.shape == (4, 1, 1)
