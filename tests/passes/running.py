"""Typed programs of kernels with their data, ready to be changed by a pass and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from gpukernel.ir import nodes
from gpukernel.ir.affine import int_call
from gpukernel.ir.printer import print_program
from gpukernel.ir.verify import verify
from gpukernel.ir.walk import rewrite
from gpukernel.kernel import Kernel, kernel
from gpukernel.lang.types import INT
from gpukernel.launch import Captured
from gpukernel.passes.fold_constants import fold_constants
from gpukernel.passes.propagate import propagate
from gpukernel.runtime.interpreter import Interpreter

Pass = Callable[[nodes.Program], nodes.Program]


@dataclass(frozen=True)
class Prepared:
    """A program as it is after type inference, and what a launch would give it."""

    program: nodes.Program
    arrays: tuple[np.ndarray, ...]
    scalars: tuple[Any, ...]
    grid: tuple[int, ...]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {a.name: v.shape for a, v in zip(self.program.arrays, self.arrays)}

    @property
    def ints(self) -> Mapping[str, int]:
        return {u.name: v for u, v in zip(self.program.uniforms, self.scalars)}

    @cached_property
    def wanted(self) -> list[np.ndarray]:
        """What the program gives as it is."""
        return self.run()

    def run(
        self, program: nodes.Program | None = None, grid: tuple[int, ...] | None = None
    ) -> list[np.ndarray]:
        """Run a program on the data, with the interpreter."""
        program, grid = program or self.program, grid or self.grid
        verify(program)
        filled = [
            np.empty(grid if o.size is None else (*grid, o.size), o.dtype) for o in program.outputs
        ]
        Interpreter(program).run(self.arrays, self.scalars, grid, filled)
        return filled

    def check(self, *passes: Pass) -> nodes.Program:
        """Return the program after passes, which must not change what it computes."""
        changed = self.program
        for run in passes:
            changed = run(changed)
            verify(changed)
        for got, wanted in zip(self.run(changed), self.wanted):
            np.testing.assert_array_equal(got, wanted)
        return changed


def prepare(
    function: Callable[..., Any], *arguments: Any, shape: tuple[int, ...] | None = None
) -> Prepared:
    """Return the program of a function for these arguments."""
    made: Kernel = function if isinstance(function, Kernel) else kernel(function)
    typed, values, grid = made._program(arguments, {}, shape, "infer")
    meaning = made._current()
    captured = Captured(meaning.resolution.positions, meaning.seen)
    arrays = tuple(np.asarray(made._array(s, values, captured)) for s in typed.arrays)
    scalars = tuple(made._scalars(typed, values, captured, seed=7))
    return Prepared(typed.program, arrays, scalars, grid)


def simplify(program: nodes.Program) -> nodes.Program:
    """Return the program as it is when both of these passes were run on it."""
    return fold_constants(propagate(fold_constants(program)))


def text(program: nodes.Program) -> str:
    """Return the statements of the kernel, without its declarations."""
    lines = print_program(program).split("\n")
    first = max(number for number, line in enumerate(lines) if line.startswith("def "))
    body = [line for line in lines[first + 1 :] if line.startswith("    ")]
    return "\n".join(line[4:] for line in body if not line.startswith("    var "))


def one_row_after_the_other(
    program: nodes.Program, count: int, grid: tuple[int, ...]
) -> nodes.Program:
    """Return a program of several rows as one that the interpreter runs.

    Its rows are those of a grid that is ``count`` times smaller along the last axis but one.
    """
    axis = len(grid) - 2

    def change(node: Any) -> Any:
        if isinstance(node, nodes.GridIndex) and node.axis == axis:
            plain = replace(node, tile=0)
            factor, tile = (nodes.Constant(n, INT, node.span) for n in (count, node.tile))
            return int_call("+", int_call("*", plain, factor, node.span), tile, node.span)
        if isinstance(node, nodes.GridIndex):
            return replace(node, tile=0)
        if isinstance(node, nodes.GridExtent):
            return nodes.Constant(grid[node.axis], INT, node.span)
        return node

    functions = tuple(
        replace(f, body=tuple(rewrite(statement, change) for statement in f.body))
        for f in program.functions
    )
    return replace(program, functions=functions)
