"""What plans say, and the Python lines beside the text of shaders."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.codegen.plan import Place, Planner
from gpukernel.codegen.writer import Writer
from gpukernel.passes.pipeline import OPTIMIZATIONS
from gpukernel.runtime.device import Device
from tests.passes.running import prepare

A = np.ones((16, 20), np.float32)
ALL = frozenset(OPTIMIZATIONS)
COMMENT = re.compile(r"^ *// (\d+): (.*)$", re.MULTILINE)


def straight(a):
    i, j = index()
    unused = 3
    x = a[i, j] * 2.0
    y = x + a[i, j + 1]
    return x * y


def blocks_and_loops(a):
    i, j = index()
    total = 0.0
    for k in range(3):
        total += a[i, k]
    if total > a[i, j]:
        total = 1.0
    else:
        total -= 2.0
    n = 0
    while n < a[i, j]:
        n += 1
    return total + n


# fmt: off
def over_several_lines(a):
    i, j = index()
    total = (
        a[i, j]
        + a[i, j + 1]
    )
    return total  # the sum
# fmt: on


def smaller(x, y):
    least = x
    if y < x:
        least = y
    return least


def with_a_helper(a):
    i, j = index()
    first = smaller(a[i, j], a[i, j + 1])
    return first + smaller(first, 3.0)


def own_lines(function: Callable[..., Any]) -> list[tuple[int, str]]:
    """Return the numbered lines of the body of a function."""
    lines, first = inspect.getsourcelines(function)
    return [(first + n, line.strip()) for n, line in enumerate(lines) if n]


def comments(function: Callable[..., Any], *, optimize: Any = True) -> list[tuple[int, str]]:
    shader = gk.kernel(optimize=optimize)(function).glsl(A)
    return [(int(number), line) for number, line in COMMENT.findall(shader)]


@pytest.mark.parametrize("optimize", [True, False])
def test_lines_are_shown_once_and_in_order(gl: Device, optimize: bool) -> None:
    found = comments(straight, optimize=optimize)
    assert found == own_lines(straight)


@pytest.mark.parametrize("function", [blocks_and_loops, over_several_lines])
@pytest.mark.parametrize("optimize", [["fold", "propagate", "pack"], ["fold"]])
def test_lines_of_blocks_are_all_there(gl: Device, function: Any, optimize: Any) -> None:
    found = comments(function, optimize=optimize)
    assert set(own_lines(function)) == set(found)
    if function is blocks_and_loops:
        assert len(found) == len(set(found))


@pytest.mark.parametrize("function", [straight, blocks_and_loops, over_several_lines])
def test_all_optimisations_lose_no_line(gl: Device, function: Any) -> None:
    assert set(own_lines(function)) <= set(comments(function))


def test_lines_of_inlined_helpers_are_shown(gl: Device) -> None:
    found = comments(with_a_helper)
    assert set(own_lines(with_a_helper)) <= set(found)
    *computing, _returning = own_lines(smaller)
    assert set(computing) <= set(found)
    own = [line for line in found if line in own_lines(with_a_helper)]
    assert sorted(set(own)) == own_lines(with_a_helper)
    assert own == sorted(own)


def test_a_writer_notes_where_lines_come_from():
    span = prepare(straight, A).program.kernel.body[0].span
    writer = Writer()
    writer.depth = 1
    writer.begin(span.line)
    writer.annotate(span)
    writer.write("x = 1;\ny = 2;", span.line)
    writer.annotate(span)
    text = span.file.lines[span.line - 1].strip()
    assert writer.lines == [f"    // {span.line}: {text}", "    x = 1;", "    y = 2;"]
    assert writer.origins == [span.line] * 3
    whole = Writer()
    whole.write("\n")
    whole.extend(writer)
    assert whole.lines[:2] == ["", ""]
    assert whole.origins == [None, None, *writer.origins]


def test_a_plan_is_what_its_launch_asks_for():
    made = prepare(blocks_and_loops, A)
    planner = Planner(made.program, ALL, 8, cuts_loops=False)
    proofs = planner.prove(made.grid, list(made.shapes.values()), made.ints)
    place = Place("rows", A.shape)
    plan = planner.plan(made.grid, ["rows"], [place], proofs)
    assert plan.variant.packed
    assert not plan.variant.guarded
    assert planner.plan(made.grid, ["rows"], [place], proofs) == plan
    narrow = planner.plan(made.grid, ["narrow"], [Place("narrow", A.shape)], proofs)
    assert not narrow.variant.packed
    assert narrow.notes["pack"].startswith("one cell after the other: rows of less than four")


def test_loops_that_may_be_cut_are_guarded():
    made = prepare(blocks_and_loops, A)
    for cuts_loops in (True, False):
        planner = Planner(made.program, ALL, 8, cuts_loops)
        proofs = planner.prove(made.grid, list(made.shapes.values()), made.ints)
        plan = planner.plan(made.grid, ["rows"], [Place("rows", A.shape)], proofs)
        assert plan.variant.guarded == cuts_loops


def test_what_is_switched_off_is_not_planned():
    made = prepare(straight, A)
    planner = Planner(made.program, frozenset(), 8, cuts_loops=True)
    proofs = planner.prove(made.grid, list(made.shapes.values()), made.ints)
    plan = planner.plan(made.grid, ["rows"], [Place("rows", A.shape)], proofs)
    variant = plan.variant
    assert not (variant.packed or variant.shares or variant.unrolls or variant.extents)
    assert plan.notes == {"pack": "one cell after the other: switched off"}
