"""The cases of all devices through every pass: the same numbers as without."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gpukernel.ir import nodes
from gpukernel.passes.hoist_invariants import hoist_invariants
from gpukernel.passes.inline_functions import inline_functions
from gpukernel.passes.propagate import propagate
from gpukernel.passes.ranges import find_bounds
from gpukernel.passes.specialize import loop_extents, with_extents
from gpukernel.passes.tile_choice import worth_tiling
from gpukernel.passes.tile_rows import tile_rows
from gpukernel.passes.unroll_loops import unroll_loops
from tests.cases import ALL_CASES
from tests.passes.running import Pass, Prepared, one_row_after_the_other, prepare, simplify

CASES = {case.name: case for case in ALL_CASES}
every_case = pytest.mark.parametrize("name", CASES)


@cache
def prepared(name: str) -> Prepared:
    case = CASES[name]
    return prepare(case.kernel(), *case.arguments, shape=case.shape)


def optimized(made: Prepared) -> nodes.Program:
    return unroll_loops(hoist_invariants(simplify(made.program)))


@every_case
def test_values_stay_the_same(name: str) -> None:
    made = prepared(name)
    made.check(propagate)
    made.check(hoist_invariants)
    made.check(inline_functions)
    made.check(unroll_loops)
    made.check(
        inline_functions, simplify, hoist_invariants, with_small_sizes(made), unroll_loops, simplify
    )


def with_small_sizes(made: Prepared) -> Pass:
    """Return the pass that compiles in the sizes that decide about loops."""

    def run(program: nodes.Program) -> nodes.Program:
        sizes = {(a, axis): made.shapes[a][axis] for a, axis in loop_extents(program)}
        return with_extents(program, sizes)

    return run


@pytest.mark.parametrize("name", [n for n, case in CASES.items() if len(case.grid) > 1])
def test_several_rows_are_those_rows(name: str) -> None:
    made, count = prepared(name), 3
    program = optimized(made)
    tiled = tile_rows(program, count)
    if isinstance(tiled, str):
        assert worth_tiling(program, 8) == (1, tiled)
        return
    rows = -(-made.grid[-2] // count)
    grid = (*made.grid[:-2], rows, made.grid[-1])
    results = made.run(one_row_after_the_other(tiled, count, made.grid), grid)
    for number, wanted in enumerate(made.wanted):
        axis = len(grid) - 2
        parts = [results[number + tile * len(program.outputs)] for tile in range(count)]
        got = np.stack(parts, axis + 1).reshape(*grid[:-2], rows * count, *wanted.shape[axis + 1 :])
        np.testing.assert_array_equal(np.take(got, range(wanted.shape[axis]), axis), wanted)


@every_case
def test_reads_that_are_proven_inside_need_no_boundary(name: str) -> None:
    """Whatever stands for elements outside of an array, reads that stay inside do not see it."""
    made = prepared(name)
    program = optimized(made)
    inside = find_bounds(program).proven(made.grid, made.shapes, made.ints)
    if not inside or any(0 in made.shapes[array] for array in inside):
        return
    for boundary in nodes.BOUNDARIES:
        arrays = tuple(
            replace(a, boundary=boundary) if a.name in inside else a for a in program.arrays
        )
        for got, wanted in zip(made.run(replace(program, arrays=arrays)), made.wanted):
            np.testing.assert_array_equal(got, wanted)
