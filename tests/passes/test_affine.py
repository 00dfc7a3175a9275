"""Sums of multiples: the same sum is written alike, and has the value of the original."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.affine import Affine, affine, key, sum_of, to_expr
from gpukernel.ir.nodes import Expr
from gpukernel.ir.printer import print_expression
from gpukernel.lang.types import FLOAT, INT
from tests.interpreter.programs import (
    SPAN,
    I,
    J,
    assign,
    cast,
    const,
    extent,
    give,
    load,
    op,
    run,
    select,
    uniform,
    var,
)

X, Y = var("x"), var("y")


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (op("-", op("+", I, X), 2), "((x - 2) + index(0))"),
        (op("-", op("+", J, X), op("%", Y, 2)), "((x - (y % 2)) + index(1))"),
        (op("*", op("-", X, op("*", 3, Y)), op("+", 1, 1)), "((x * 2) - (y * 6))"),
        (op("-", X, X), "0"),
        (op("-", X), "(-x)"),
        (op("+", X), "x"),
        (op("~", X), "((-x) - 1)"),
        (op("+", J, op("<<", X, 3)), "((x * 8) + index(1))"),
        (op("<<", X, 32), "0"),
        (op("-", op("+", I, 1), 1), "index(0)"),
        (op("+", op("-", J, 1), I), "((index(0) - 1) + index(1))"),
        (op("*", X, Y), "(x * y)"),
        (op("+", op("*", op("+", I, J), 5), op("*", J, -5)), "(index(0) * 5)"),
        (op("*", op("+", X, 2**30), 4), "(x * 4)"),
    ],
)
def test_sums_are_written_in_one_way(node, written):
    assert print_expression(to_expr(affine(node), SPAN)) == written


def test_parts_of_a_sum():
    total = affine(op("+", op("-", op("*", X, 3), Y), 7))
    assert (total.coefficient(X), total.coefficient(Y), total.coefficient(I)) == (3, -1, 0)
    assert total.constant == 7
    assert total.without(X) == Affine(((Y, -1),), 7)
    assert sum_of([(total, 1), (affine(Y), 1), (affine(const(1)), -7)]) == Affine(((X, 3),), 0)


def test_keys_tell_values_apart():
    nodes: list[Expr] = [
        const(1), const(1.0), const(True), const(0.0), const(-0.0), X, uniform("x"),
        var("x", FLOAT), I, J, extent("a", 0), extent("a", 1), load("a", I), load("a", J),
        op("+", X, 1), op("-", X, 1), op("+", cast(X, FLOAT), 1.0), select(op("<", X, 1), X, Y),
    ]  # fmt: skip
    assert len({key(node) for node in nodes}) == len(nodes)
    assert key(op("+", X, 1)) == key(op("+", X, 1))


def test_sums_have_the_value_of_the_original():
    random = np.random.default_rng(1)

    def tree(depth):
        if depth == 0:
            return [I, J, X, Y, int(random.integers(-(2**31), 2**31))][random.integers(5)]
        symbol = ["+", "-", "*", "<<", "~", "//"][random.integers(6)]
        if symbol == "~":
            return op("~", op("+", tree(depth - 1), 0))
        if symbol == "<<":
            return op("<<", op("+", tree(depth - 1), 0), int(random.integers(-1, 34)))
        return op(symbol, tree(depth - 1), tree(depth - 1))

    for depth in [1, 2, 3, 4] * 20:
        node = tree(depth)
        start = [assign("x", op("-", op("*", I, 2**29), J)), assign("y", op("*", J, -(2**30)))]
        for other in (to_expr(affine(node), SPAN), to_expr(sum_of([(affine(node), 1)]), SPAN)):
            got, wanted = (run((3, 4), INT, *start, give(value)) for value in (other, node))
            np.testing.assert_array_equal(got, wanted)
