"""Broadcasting is decided before a launch: plain fetches for equal shapes, a program a pattern."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions
from gpukernel.passes.size_tests import outcomes_of, size_tests, with_outcomes
from gpukernel.runtime.device import Device
from tests.passes.running import prepare

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((7,), (7,)),
    ((7,), (1,)),
    ((1,), (7,)),
    ((1,), (1,)),
    ((3, 1), (7,)),
    ((7,), (3, 1)),
    ((3, 7), (3, 7)),
    ((3, 7), (1, 7)),
    ((1, 7), (3, 1)),
    ((1, 1), (3, 7)),
    ((3, 70), (70,)),
]


def numbers(shape: tuple[int, ...], first: int) -> np.ndarray:
    size = int(np.prod(shape))
    return (np.arange(first, first + size, dtype=np.float32) * 3).reshape(shape)


def combined(x, y):
    return x * 2.0 - y + 1.0


@pytest.mark.parametrize(("left", "right"), SHAPES, ids=str)
def test_shapes_broadcast_as_in_numpy(device, left, right):
    a, b = numbers(left, 1), numbers(right, 50)
    result = gk.vectorize(combined)(a, b)
    np.testing.assert_array_equal(result.numpy(), a * 2 - b + 1)


@pytest.mark.parametrize("shape", [(700,), (30, 70), (2, 3, 9)], ids=str)
def test_equal_shapes_are_fetched_whole(gl: Device, shape):
    shader = gk.vectorize(combined).glsl(numbers(shape, 1), numbers(shape, 5))
    assert len(re.findall(r"= fetch_[xy]\(", shader)) == 2
    assert "load_" not in shader
    assert "?" not in shader.split("vec4 combined")[1].split("}")[0]


def test_an_axis_of_one_is_read_at_0(gl: Device):
    shader = gk.vectorize(combined).glsl(numbers((40, 1), 1), numbers((40, 70), 5))
    assert re.search(r"load_x\(gk_index\.x, 0\)", shader)
    assert "fetch_y(gk_index.x, gk_texel)" in shader


def test_only_another_pattern_of_ones_compiles(gl: Device):
    made = gk.vectorize(combined)

    def compiles(left: tuple[int, ...], right: tuple[int, ...]) -> int:
        before = gk.memory().compiles
        a, b = gk.array(numbers(left, 1)), gk.array(numbers(right, 9))
        result = made(a, b, device="gl")
        np.testing.assert_array_equal(result.numpy(), a.numpy() * 2 - b.numpy() + 1)
        return gk.memory().compiles - before

    assert compiles((30, 70), (30, 70)) == 1
    assert compiles((31, 70), (31, 70)) == 0
    assert compiles((90, 200), (90, 200)) == 0
    assert compiles((30, 1), (30, 70)) == 1
    assert compiles((50, 1), (50, 90)) == 0
    assert compiles((30, 70), (30, 70)) == 0


def chosen(a, b):
    i, j = gk.index()
    x = a[0 if a.shape[0] == 1 else i, j]
    y = b[i if 1 != b.shape[0] else 0, 0 if b.shape[1] == 1 else j]
    return x + y if a.shape[0] == 1 else x - y


def selects(program: nodes.Program) -> int:
    return sum(isinstance(e, nodes.Select) for e in expressions(program.kernel.body))


def decided(function: Any, *arguments: Any) -> tuple[tuple[bool, ...], nodes.Program]:
    made = prepare(function, *arguments, shape=(4, 5))
    tests = size_tests(made.program)
    outcomes = outcomes_of(tests, made.grid, made.shapes)
    return outcomes, made.check(lambda program: with_outcomes(program, tests, outcomes))


def test_each_comparison_is_found_once_and_decided():
    outcomes, program = decided(chosen, numbers((4, 5), 0), numbers((1, 5), 0))
    assert outcomes == (False, False, False)  # `!=` is one of them
    assert selects(program) == 0
    outcomes, program = decided(chosen, numbers((1, 5), 0), numbers((4, 1), 0))
    assert outcomes == (True, True, True)
    assert selects(program) == 0


def not_sizes(a, b):
    i, j = gk.index()
    x = 1.0 if a.shape[0] > 3 else 2.0
    y = 3.0 if i == 2 else 4.0
    return a[i, j] + x + (y if b[0, 0] == 1 else b[i, j])


def test_other_conditions_stay():
    outcomes, program = decided(not_sizes, numbers((4, 5), 0), numbers((4, 5), 0))
    assert outcomes == ()
    assert selects(program) == 3
