"""Loops that only add up: many iterations at once give the bits that one after the other gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.lang.types import FLOAT, INT, UINT
from gpukernel.runtime import interpreter_sums
from gpukernel.runtime.interpreter_sums import find_batch
from tests.interpreter.programs import (
    BREAK,
    I,
    J,
    assign,
    bind,
    cast,
    element,
    extent,
    give,
    ints,
    load,
    loop,
    op,
    put,
    run,
    select,
    uint,
    uniform,
    var,
    when,
)

T, U, K = var("t", FLOAT), var("u", FLOAT), var("k")
COUNT = extent("a", 0)
NUMBERS = np.random.default_rng(3).standard_normal(300).astype(np.float32) * 1000
ODD = np.array([-0.0, np.nan, np.inf, -0.0, 1e-45, -1e38, 1e38, 0.0] * 4, np.float32)


def add(value: Any, name: str = "t", kind: Any = FLOAT) -> nodes.Assign:
    return assign(name, op("+", var(name, kind), value))


# What stands in the loop over k, for sums t and u of floats that begin at -0.0 and at the cell.
BODIES: dict[str, list[nodes.Stmt]] = {
    "sum": [add(load("a", K))],
    "other_side": [assign("t", op("+", load("a", K), T))],
    "difference": [assign("t", op("-", T, load("a", op("+", K, I))))],
    "two": [add(load("a", K)), add(op("*", load("a", op("+", I, K)), 0.5), "u")],
    "temporary": [assign("v", op("*", load("a", op("+", K, I)), 3.0)), add(var("v", FLOAT)),
                  add(op("*", var("v", FLOAT), var("v", FLOAT)), "u")],
    "guarded": [when(op(">", load("a", op("+", K, I)), 0.0), [add(load("a", K))])],
    "never": [when(op("<", load("a", K), -3e38), [add(load("a", K))])],
    "either": [when(op("<", op("+", load("a", K), cast(I, FLOAT)), 0.0),
                    [add(load("a", K))], [add(1.5, "u")])],
    "same_in_all": [add(1.0), add(cast(K, FLOAT), "u")],
    "gather": [add(load("a", op("%", op("*", op("+", I, K), 7), 31)))],
    "select": [add(select(op("==", op("%", K, 3), 0), load("a", I), -0.0))],
}  # fmt: skip


def both(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], kind: Any, *body: Any, **extra: Any
) -> np.ndarray:
    """Run with several iterations at once, check that one after the other gives the same."""
    monkeypatch.setattr(interpreter_sums, "BATCH_LANES", 400)
    got = run(shape, kind, *body, **extra)
    monkeypatch.setattr(interpreter_sums, "BATCH_LANES", 0)
    want = run(shape, kind, *body, **extra)
    np.testing.assert_array_equal(bits(got), bits(want))
    return got


def bits(values: np.ndarray) -> np.ndarray:
    """Return what is compared: zeros have a sign, nans have none."""
    plain = np.where(np.isnan(values), np.float32(np.nan), values).astype(values.dtype)
    return plain.view(np.uint8)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("shape", [(1,), (2,), (7,), (33,), (100,), (3, 5), (1, 1)])
@pytest.mark.parametrize("numbers", [NUMBERS, ODD], ids=["numbers", "odd"])
def test_floats(monkeypatch, name, shape, numbers):
    start = [assign("t", -0.0), assign("u", cast(I, FLOAT))]
    body = [*start, loop("k", 0, COUNT, 1, *BODIES[name])]
    for result in (T, U):
        both(monkeypatch, shape, FLOAT, *body, give(result), arrays={"a": numbers})


def test_the_order_of_additions_is_that_of_the_iterations(monkeypatch):
    exact = np.add.accumulate(NUMBERS, dtype=np.float32)[-1]
    for shape in [(1,), (2,), (40,)]:
        body = [assign("t", 0.0), loop("k", 0, COUNT, 1, add(load("a", K))), give(T)]
        got = both(monkeypatch, shape, FLOAT, *body, arrays={"a": NUMBERS})
        assert (got == exact).all()


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [
        (0, op("%", op("*", I, 5), 17), 1),
        (op("-", I, 4), op("+", I, 9), 2),
        (op("*", I, 3), -40, -3),
        (uniform("n"), op("*", uniform("n"), 7), 4),
        (10, op("-", 10, op("*", I, I)), op("-", 0, 1)),
        (5, 5, 1),
        (0, 60, op("-", op("%", I, 3), 1)),
    ],
)
def test_ranges_that_differ_by_lane(monkeypatch, start, stop, step):
    body = [
        assign("t", 1), loop("k", start, stop, step, add(op("*", K, I), kind=INT)), give(var("t")),
    ]  # fmt: skip
    got = both(monkeypatch, (20,), INT, *body, uniforms={"n": 6})
    assert got.shape == (20,)


def test_ints_wrap(monkeypatch):
    body = [assign("t", 1), loop("k", 0, 50, 1, add(op("*", op("+", K, I), 2**30), kind=INT))]
    got = both(monkeypatch, (6,), INT, *body, give(var("t")))
    exact = [1 + sum((k + i) * 2**30 for k in range(50)) for i in range(6)]
    assert got.tolist() == [(value + 2**31) % 2**32 - 2**31 for value in exact]
    body = [
        assign("t", uint(5)),
        loop("k", 0, 50, 1, assign("t", op("-", var("t", UINT), uint(7)))),
    ]
    assert both(monkeypatch, (3,), UINT, *body, give(var("t", UINT))).tolist() == [2**32 - 345] * 3


def test_under_a_mask(monkeypatch):
    """Lanes that do not run the loop keep their sums; those that returned give what they did."""
    inner = loop("k", 0, 40, 1, add(op("+", K, I), kind=INT))
    t = var("t")
    branch = [assign("t", I), when(op("==", op("%", I, 3), 1), [inner]), give(t)]
    got = both(monkeypatch, (30,), INT, *branch)
    assert got.tolist() == [i + (780 + 40 * i) * (i % 3 == 1) for i in range(30)]
    early = [assign("t", I), when(op("<", I, 10), [give(-1)]), inner, give(t)]
    assert both(monkeypatch, (30,), INT, *early).tolist() == [
        -1 if i < 10 else 780 + 41 * i for i in range(30)
    ]


def test_inside_another_loop_and_with_lists(monkeypatch):
    weights = [put("w", position, position * position + 1) for position in range(9)]
    value = op("*", element("w", K), load("a", op("+", op("+", I, K), var("m")), kind=INT))
    body = [
        *weights, assign("t", 0),
        loop("m", 0, 5, 1, loop("k", 0, 9, 1, add(value, kind=INT))), give(var("t")),
    ]  # fmt: skip
    array = np.arange(40, dtype=np.int32) ** 2
    got = both(monkeypatch, (25,), INT, *body, arrays={"a": array}, variables={"w": ints(9)})
    exact = [
        sum((k * k + 1) * int(array[i + k + m]) for m in range(5) for k in range(9))
        for i in range(25)
    ]
    assert got.tolist() == exact


def test_after_each_other_in_one_interpreter(monkeypatch):
    """What is known of the first loop's iterations does not serve the second one."""
    first = loop("k", 0, 20, 1, add(load("a", op("+", I, K), kind=INT), kind=INT))
    second = loop("k", 3, 23, 1, add(load("a", op("+", I, K), kind=INT), kind=INT))
    array = np.random.default_rng(1).integers(-99, 99, 40).astype(np.int32)
    body = [assign("t", 0), first, second, give(var("t"))]
    got = both(monkeypatch, (9,), INT, *body, arrays={"a": array})
    assert got.tolist() == [array[i : i + 20].sum() + array[i + 3 : i + 23].sum() for i in range(9)]


@pytest.mark.parametrize(
    "body",
    [
        [assign("t", op("*", T, 2.0))],
        [add(T)],
        [add(1.0), add(2.0)],
        [add(op("+", T, 1.0))],
        [add(1.0), BREAK],
        [add(1.0), when(op(">", T, 3.0), [add(1.0, "u")])],
        [add(U), assign("u", op("*", U, 2.0))],
        [add(bind("b", 1.0))],
        [add(1.0), assign("k", 3)],
        [add(1.0), put("w", 0, 1)],
        [add(1.0), loop("m", 0, 3, 1, assign("x", 1.0))],
        [assign("x", 1.0)],
        [when(op("<", K, 3), [assign("x", 1.0)]), add(var("x", FLOAT))],
    ],
)
def test_loops_that_do_more(body):
    node = loop("k", 0, 9, 1, *body)
    assert find_batch(node, (node,)) is None


def test_a_variable_of_the_body_that_is_read_later():
    node = loop("k", 0, 9, 1, assign("x", cast(K, FLOAT)), add(var("x", FLOAT)))
    assert find_batch(node, (node, give(T))) is not None
    assert find_batch(node, (node, give(var("x", FLOAT)))) is None


def test_a_grid_of_two_axes_in_blocks(monkeypatch):
    array = np.random.default_rng(0).integers(-9, 9, (40, 60)).astype(np.int32)
    value = op("*", load("a", I, K, kind=INT), load("b", K, J, kind=INT))
    body = [assign("t", 0), loop("k", 0, extent("a", 1), 1, add(value, kind=INT)), give(var("t"))]
    for cols in (1, 3, 50):
        other = np.random.default_rng(1).integers(-9, 9, (60, cols)).astype(np.int32)
        monkeypatch.setattr(interpreter_sums, "BATCH_LANES", 16384)
        got = run((40, cols), INT, *body, arrays={"a": array, "b": other})
        np.testing.assert_array_equal(got, array @ other)
