"""Lane analysis: which variables differ between the cells of a fragment, and where cells part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, statements
from gpukernel.passes.lanes import LaneAnalysis, Lanes
from tests.passes.running import prepare

LINE = np.arange(6, dtype=np.int32)
GRID = np.arange(12, dtype=np.int32).reshape(3, 4)


def lanes_of(function: Callable[..., Any], *arguments: Any) -> Lanes:
    return LaneAnalysis(prepare(gk.kernel(function), *arguments).program, packed=True).kernel


def statements_of(lanes: Lanes, kind: type) -> list[Any]:
    """Return the statements of a kind, in order."""
    return [s for s in statements(_function(lanes).body) if isinstance(s, kind)]


def _function(lanes: Lanes) -> nodes.Function:
    return lanes.analysis._functions[lanes.version.function]


def parting(lanes: Lanes, kind: type) -> list[bool]:
    return [id(s) in lanes.parting for s in statements_of(lanes, kind)]


def merging(lanes: Lanes, name: str) -> list[bool]:
    """Return, for each assignment of a variable, whether cells that are away keep its value."""
    assigned = [s for s in statements_of(lanes, nodes.Assign) if s.name == name]
    return [id(s) in lanes.merging for s in assigned]


def test_only_the_last_axis_differs() -> None:
    def positions(a, n):
        i, j = index()
        row = i * n
        column = j + 1
        read = a[i, 0]
        other = a[0, j]
        both = read + other
        return both + row + column

    lanes = lanes_of(positions, GRID, 3)
    assert lanes.varying == {"j", "column", "other", "both"}
    assert lanes.results == [True]
    assert not lanes.parting and not lanes.merging


def test_everything_is_alike_in_the_cells_of_a_row() -> None:
    def row_number(a):
        i, j = index()
        total = 0
        for k in range(i):
            if a[i, k] > 2:
                total += k
        return total

    lanes = lanes_of(row_number, GRID)
    assert lanes.varying == {"j"}
    assert lanes.results == [False]
    assert not lanes.parting and not lanes.merging
    assert not lanes.version.masked  # its loop ends for cells beyond the grid as for the others


def test_nothing_differs_one_cell_after_the_other() -> None:
    def anything(a):
        xs = [0, 1]
        xs[a[index()] % 2] = 3
        while xs[0] < a[index()]:
            xs[0] += 1
        return xs[0]

    program = prepare(gk.kernel(anything), LINE).program
    lanes = LaneAnalysis(program, packed=False).kernel
    assert not lanes.varying and not lanes.parting and not lanes.merging
    assert lanes.results == [False] and not lanes.version.masked


def test_an_assignment_in_a_branch_of_some_cells() -> None:
    def branched(a, n):
        x = a[index()]
        y = n
        if x > 2:
            y = n + 1
            inner = n * 2
            y += inner
        z = n
        if n > 2:
            z = n + 1
        return y + z

    lanes = lanes_of(branched, LINE, 3)
    assert "y" in lanes.varying and not {"inner", "z"} & lanes.varying
    assert merging(lanes, "y") == [False, True, True]
    assert merging(lanes, "inner") == [False]
    assert merging(lanes, "z") == [False, False]
    assert parting(lanes, nodes.If) == [True, False]


def test_a_loop_that_cells_leave_at_different_times() -> None:
    def left(a, n):
        x = a[index()]
        steps = 0
        while steps < x:
            half = n * 2
            steps += half
        count = 0
        while count < n:
            count += 1
        return steps + count

    lanes = lanes_of(left, LINE, 3)
    assert "steps" in lanes.varying and not {"half", "count"} & lanes.varying
    assert lanes.version.masked  # cells beyond the grid must not loop
    assert parting(lanes, nodes.While) == [True, False]
    assert merging(lanes, "steps") == [False, True]
    assert merging(lanes, "count") == [False, False]


@pytest.mark.parametrize("leave", ["break", "continue", "return total"])
def test_jumps_of_some_cells(leave: str) -> None:
    text = f"""
def jumps(a, n):
    x = a[index()]
    total = 0
    for k in range(n):
        if k > 100:
            {leave}
        total += 1
        if k == x:
            {leave}
        total += 1
    return total
"""
    program = prepare(gk.from_source(text, "jumps"), LINE, 3).program
    lanes = LaneAnalysis(program, packed=True).kernel
    kind = {"break": nodes.Break, "continue": nodes.Continue}.get(leave, nodes.Return)
    first, second = parting(lanes, kind)[:2]
    assert second
    # Where all that are still in the loop leave it, or its iteration, GLSL's own jump will do.
    assert first == (kind is nodes.Return)
    assert parting(lanes, nodes.For) == [leave != "continue"]
    loops = statements_of(lanes, nodes.For)
    assert [id(s) in lanes.continuing for s in loops] == [leave == "continue"]
    assert merging(lanes, "total") == [False, leave != "continue", True]
    assert lanes.parts_at_return == (kind is nodes.Return)
    assert lanes.results == [True]


def test_a_break_of_all_after_some_cells_continued() -> None:
    def broken(a, n):
        x = a[index()]
        total = 0
        for k in range(20):
            if (x + k) % 4 == 0:
                continue
            total += k
            if k > n:
                break
        return total

    lanes = lanes_of(broken, LINE, 3)
    assert parting(lanes, nodes.Break) == [True]
    assert parting(lanes, nodes.For) == [True]


def test_loop_variables() -> None:
    def counted(a, n):
        x = a[index()]
        total = 0
        for alike in range(n):
            total += alike
        for apart in range(x, n):
            total += apart
        for longer in range(n, x):
            total += longer
        last = 0
        for last in range(n, x):
            total += last
        return total + last

    lanes = lanes_of(counted, LINE, 3)
    assert {"apart", "last"} <= lanes.varying and not {"alike", "longer"} & lanes.varying
    assert parting(lanes, nodes.For) == [False, True, True, True]


def doubled(x):
    y = x * 2
    return y


def searched(xs, x):
    for k in range(3):
        if xs[k] == x:
            return k
    return -1


def column():
    j = index()
    return j * 2


def looped_column():
    total = 0
    while total < index():
        total += 1
    return total


def test_a_version_for_each_kind_of_arguments() -> None:
    def calls(a, n):
        x = a[index()]
        return doubled(x) + doubled(n)

    lanes = lanes_of(calls, LINE, 3)
    calls_made = [e for e in expressions(_function(lanes).body) if isinstance(e, nodes.Invoke)]
    versions = [lanes.called(call, masked=True) for call in calls_made]
    assert [version.varying for version in versions] == [(True,), (False,)]
    assert not any(version.masked for version in versions)  # who calls it makes no difference
    assert [lanes.analysis.of(version).results for version in versions] == [[True], [False]]
    assert [lanes.analysis.of(version).varying for version in versions] == [{"x", "y"}, set()]
    assert [lanes.varies(call) for call in calls_made] == [True, False]


def test_functions_that_mind_who_calls_them() -> None:
    def calls(a, n):
        x = a[index()]
        xs = [1, 2, 3]
        found = searched(xs, n)
        other = column()
        third = looped_column()
        return found + x + other + third + doubled(n)

    lanes = lanes_of(calls, LINE, 3)
    calls_made = [e for e in expressions(_function(lanes).body) if isinstance(e, nodes.Invoke)]
    versions = {}
    for call in calls_made:
        version = lanes.called(call, masked=True)
        versions[version.function.split("$")[0].split(".")[0].rstrip("0123456789_")] = version
    assert {name: version.masked for name, version in versions.items()} == {
        "searched": True,
        "column": False,
        "looped_column": True,
        "doubled": False,
    }
    assert {"xs", "found", "other", "third"} <= lanes.varying


def test_lists_differ_and_keep_what_is_away() -> None:
    def lists(a, n):
        x = a[index()]
        xs = [0, 1, 2]
        xs[1] = n
        if x > 2:
            xs[n] = 5
        return xs[0]

    lanes = lanes_of(lists, LINE, 1)
    assert "xs" in lanes.varying and lanes.results == [True]
    puts = [s for s in statements_of(lanes, nodes.SetElement) if id(s) in lanes.merging]
    assert len(puts) == 1


def test_kernels_without_loops_and_lists_need_no_mask() -> None:
    def simple(a):
        x = a[index()]
        return x if x > 2 else doubled(x)

    assert not lanes_of(simple, LINE).version.masked
