"""Assignments that ignore the mask: which ones may, and that nobody can tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.runtime.interpreter_masks import free_assignments, own_variables
from gpukernel.runtime.lanes import choose, narrow, split, without
from tests.interpreter.programs import (
    BREAK,
    CONTINUE,
    assign,
    check,
    give,
    invoke_into,
    loop,
    op,
    repeat,
    var,
    when,
)

X, Y, Z = var("x"), var("y"), var("z")


def free(*body: nodes.Stmt) -> list[str]:
    """Return the printed assignments of these that are free, in the order of the text."""
    found = free_assignments(body)
    names = []
    for statement in _assignments(body):
        if id(statement) in found:
            names.append(statement.name)
    return names


def _assignments(block: tuple[nodes.Stmt, ...]) -> list[nodes.Assign]:
    found = []
    for statement in block:
        if isinstance(statement, nodes.Assign):
            found.append(statement)
        if isinstance(statement, nodes.If):
            found += _assignments(statement.then) + _assignments(statement.otherwise)
        if isinstance(statement, (nodes.For, nodes.While)):
            found += _assignments(statement.body)
    return found


def test_the_first_thing_is_to_set_it() -> None:
    assert free(assign("y", 1), assign("y", op("+", Y, 1)), give(Y)) == ["y", "y"]
    assert free(when(op("<", X, 3), [assign("y", 1), assign("z", Y)]), give(X)) == ["y", "z"]
    assert free(assign("y", 1), when(op("<", X, 3), [assign("y", 2)]), give(Y)) == ["y"]


def test_in_loops() -> None:
    body = loop("k", 0, 9, 1, assign("y", X), when(op("<", Y, 3), [BREAK]), assign("y", 2))
    assert free(body, give(X)) == ["y", "y"]
    assert free(body, give(Y)) == []
    carried = loop("k", 0, 9, 1, assign("z", Y), assign("y", X))
    assert free(assign("y", 0), carried, give(X)) == ["y", "z"]
    condition = repeat(op("<", Y, 3), assign("y", 4))
    assert free(assign("y", 0), condition, give(X)) == ["y"]


def test_a_statement_that_stands_in_two_places() -> None:
    twice = assign("y", X)
    assert free(twice, when(op("<", X, 3), [twice]), give(Y)) == []


def test_calls_set_variables_too() -> None:
    call = invoke_into(["y", "z"], "f")
    assert free_assignments((call, give(op("+", Y, Z)))) == {id(call)}
    inside = when(op("<", X, 3), [call, assign("x", Y)])
    assert id(call) not in free_assignments((assign("z", 1), inside, give(Z)))


def test_own_variables() -> None:
    body = (assign("y", X), when(op("<", Y, 3), [assign("z", Y)]), assign("x", op("+", X, Y)))
    assert own_variables(body) == {"y", "z"}
    assert own_variables((when(op("<", X, 3), [assign("z", 1)]), assign("y", Z))) == {"y"}


def test_variables_of_bodies_that_lanes_leave_at_different_times() -> None:
    def cell(x: int) -> int:
        total = 0
        for k in range(30):
            y = x * k % 7
            if y == 3:
                continue
            y += k
            if y > x + 9:
                break
            z = y * 2
            if z % 3 == 0:
                y = z
            total += y
        return total * 10 + x

    y, z, k, t = Y, Z, var("k"), var("t")
    body: list[Any] = [
        assign("t", 0),
        loop(
            "k", 0, 30, 1,
            assign("y", op("%", op("*", X, k), 7)),
            when(op("==", y, 3), [CONTINUE]),
            assign("y", op("+", y, k)),
            when(op(">", y, op("+", X, 9)), [BREAK]),
            assign("z", op("*", y, 2)),
            when(op("==", op("%", z, 3), 0), [assign("y", z)]),
            assign("t", op("+", t, y)),
        ),
        give(op("+", op("*", t, 10), X)),
    ]  # fmt: skip
    for shape in [(9,), (3, 5), (70, 40), (5000,)]:
        check(shape, cell, *body)


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize("seed", range(5))
def test_lanes_of_masks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [(4, 5), (4, 1), (1, 5)]
    for chance in (0.0, 0.3, 0.9, 1.0):
        condition = rng.random(shapes[seed % 3]) < chance
        whole = rng.random((4, 5)) < 0.5
        whole[0, 0] = True
        for mask in (True, whole):
            yes, no = split(mask, condition)
            wide = np.broadcast_to(mask, (4, 5))
            np.testing.assert_array_equal(np.broadcast_to(yes, (4, 5)), wide & condition)
            np.testing.assert_array_equal(np.broadcast_to(no, (4, 5)), wide & ~condition)
            np.testing.assert_array_equal(
                np.broadcast_to(narrow(mask, condition), (4, 5)), wide & condition
            )
            rest = np.broadcast_to(without(mask, condition), (4, 5))
            np.testing.assert_array_equal(rest, wide & ~condition)


@pytest.mark.parametrize("size", [5, 4096, 4097, 9999])
@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint32, np.bool_, np.float64])
def test_choosing_keeps_every_bit(size: int, dtype: Any) -> None:
    rng = np.random.default_rng(size)
    mask = rng.random(size) < 0.5
    bits = rng.integers(0, 2**31, (2, size))
    new, old = bits.astype(dtype) if dtype is np.bool_ else bits.view(dtype)[:, :size]
    for a, b in ((new, old), (new[0], old), (new, old[0]), (new[0], old[1])):
        got = choose(mask, a, b)
        assert got.dtype == dtype
        assert got.tobytes() == np.where(mask, a, b).tobytes()
