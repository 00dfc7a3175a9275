"""Counters that are read after their loop: uniform in it, each cell's own after it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.passes.split_counters import split_counters
from gpukernel.runtime.device import Device
from tests.passes.running import prepare, text

A = (np.arange(54, dtype=np.float32).reshape(6, 9) * 7) % 23


def escape(a, limit):
    i, j = index()
    z = 0.0
    n = 0
    while n < limit and z < a[i, j]:
        z += 1.5
        n += 1
    return n


def left_by_break(a, limit):
    i, j = index()
    n = 3
    for k in range(limit):
        if a[i, j] < k:
            break
        n -= 2
    return n * 10 + i


def read_twice_after(a, limit):
    i, j = index()
    n = limit
    while n > 0 and a[i, j] > limit - n:
        n = n - 1
    late = n if n > 2 else -n
    return late + n


def one_loop_in_another(a, limit):
    i, j = index()
    total = 0
    for k in range(4):
        n = 0
        while n < limit and a[i, j] > n * k:
            n += 1
        total += n * n
    return total


def two_counters(a, limit):
    i, j = index()
    up = 0
    down = 5
    while up < limit and a[i, j] > up:
        up += 1
        down -= 1
    return up * 100 + down


def found_in_a_branch(a, limit):
    i, j = index()
    result = -1
    if a[i, j] > 4.0:
        n = 0
        while n < limit and a[i, j] > n:
            n += 1
        result = n
    return result


SPLIT = [
    escape,
    left_by_break,
    read_twice_after,
    one_loop_in_another,
    two_counters,
    found_in_a_branch,
]


def with_continue(a, limit):
    i, j = index()
    n = 0
    z = 0.0
    while n < limit and z < a[i, j]:
        z += 1.0
        if z > 3.0:
            z += 2.0
            continue
        n += 1
    return n


def set_twice(a, limit):
    i, j = index()
    n = 0
    while n < limit and n < a[i, j]:
        n += 1
        n += 2
    return n


def set_in_a_branch(a, limit):
    i, j = index()
    n = 0
    z = 0.0
    while n < limit and z < a[i, j]:
        z += 1.0
        if z > 3.0:
            n += 1
    return n


def read_before(a, limit):
    i, j = index()
    n = 2
    m = n + i
    while n < limit and n < a[i, j]:
        n += 1
    return n * m


def starts_with_the_cell(a, limit):
    i, j = index()
    n = i
    while n < limit and n < a[i, j]:
        n += 1
    return n


def set_after(a, limit):
    i, j = index()
    n = 0
    while n < limit and n < a[i, j]:
        n += 1
    n = n + 1
    return n


def steps_by_an_array(a, limit):
    i, j = index()
    n = 0
    while n < limit and n < a[i, j]:
        n += int(a[0, j]) + 1
    return n


def left_at_the_end_only(a, limit):
    i, j = index()
    n = 0
    total = 0.0
    for k in range(limit):
        total += a[i, k]
        n += 1
    return total + n


def read_outside_of_the_branch(a, limit):
    i, j = index()
    n = 8
    result = 0
    if a[i, j] > 4.0:
        n = 0
        while n < limit and n < a[i, j]:
            n += 1
        result = n
    return result + 10 * n


def never_read_after(a, limit):
    i, j = index()
    n = 0
    total = 0.0
    while n < limit and total < a[i, j]:
        total += n
        n += 1
    return total


KEPT = [
    with_continue,
    set_twice,
    set_in_a_branch,
    read_before,
    starts_with_the_cell,
    set_after,
    steps_by_an_array,
    left_at_the_end_only,
    read_outside_of_the_branch,
    never_read_after,
]


@pytest.mark.parametrize("function", SPLIT)
def test_counters_are_split(function):
    made = prepare(function, A, 7)
    program = made.check(split_counters)
    assert len(program.kernel.locals) > len(made.program.kernel.locals)
    assert re.search(r"\$\$\d+ = (n|up)\b", text(program))


def test_only_the_copy_is_read_after_the_loop():
    lines = text(prepare(escape, A, 7).check(split_counters)).splitlines()
    assert lines[-1] == "return $$0"
    assert "    $$0 = n" in lines
    assert "$$0 = 0" in lines


@pytest.mark.parametrize("function", KEPT)
def test_other_variables_are_not_split(function):
    program = prepare(function, A, 7).program
    assert split_counters(program) is program


@pytest.mark.parametrize("function", [*SPLIT, *KEPT])
@pytest.mark.parametrize("limit", [0, 1, 7])
def test_results_are_those_of_the_plain_cpu(gl: Device, function: Any, limit: int) -> None:
    plain = gk.kernel(optimize=False)(function)(A, limit, device="cpu")
    packed = gk.kernel(function)(A, limit, device="gl")
    np.testing.assert_array_equal(packed.numpy(), plain.numpy())


@pytest.mark.parametrize(
    ("function", "uniform"), [(escape, True), (left_by_break, True), (set_in_a_branch, False)]
)
def test_a_split_counter_is_one_number_for_four_cells(gl: Device, function: Any, uniform: bool):
    shader = gk.kernel(function).glsl(A, 7)
    assert bool(re.search(r"^ *int n\b", shader, re.MULTILINE)) == uniform
    assert bool(re.search(r"^ *ivec4 n\b", shader, re.MULTILINE)) != uniform
