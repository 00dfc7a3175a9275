"""The CPU interpreter: runs a typed program over blocks of the grid with NumPy.

In: a typed program, arrays and launch scalars.  Out: the program's outputs, or the first cell in
which a check failed.  It is the definition of the language: where another device differs, that
device is wrong.

A block is a rectangle of the grid whose cells run in step as lanes of NumPy arrays; a pool of
threads takes one block after the other (NumPy computes outside of Python's lock).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.ir.nodes import Program
from gpukernel.lang.types import INT, Scalar
from gpukernel.runtime.interpreter_blocks import Block, Geometries
from gpukernel.runtime.interpreter_facts import WHOLE, num_list_elements
from gpukernel.runtime.interpreter_frame import Frame, Launch
from gpukernel.runtime.interpreter_functions import compile_program
from gpukernel.runtime.interpreter_threads import share, worker_count
from gpukernel.runtime.lanes import Lanes, Value, dtypes_for, saturate

# Measured: larger blocks fall out of the cache, and in smaller ones Python takes as long as NumPy.
BLOCK_LANES = 131072
BLOCK_LIST_ELEMENTS = 2**23  # of local lists, in all lanes of a block: 32 MiB a thread


class Interpreter:
    """A program made ready to run; it may run from several threads at once.

    ``float_dtype`` is the dtype in which float values are kept: float32 as the language says, or
    float64 for tests that compare with exact results.
    """

    def __init__(self, program: Program, *, float_dtype: npt.DTypeLike = np.float32) -> None:
        self._dtypes = dtypes_for(float_dtype)
        self._kernel = compile_program(program, float_dtype).run
        self._arrays = tuple(given.name for given in program.arrays)
        self._uniforms = tuple(
            (variable.name, self._dtypes[variable.type].type, variable.type in WHOLE)
            for variable in program.uniforms
            if isinstance(variable.type, Scalar)
        )
        self._outputs = tuple(
            (output.size, output.element == INT and output.dtype != "int32")
            for output in program.outputs
        )
        per_lane = max(num_list_elements(program), 1)
        max_lanes = min(BLOCK_LANES, max(BLOCK_LIST_ELEMENTS // per_lane, 1))
        self._geometries = Geometries(max_lanes, worker_count())

    def run(
        self,
        arrays: Sequence[Lanes],
        scalars: Sequence[bool | int | float],
        grid: tuple[int, ...],
        outputs: Sequence[Lanes],
    ) -> None:
        """Fill the outputs.

        Args:
            arrays: C-contiguous arrays in the order of ``Program.arrays``, of those ranks.
            scalars: values in the order of ``Program.uniforms``.
            grid: the shape of the grid.
            outputs: arrays in the order of ``Program.outputs``, of the shape ``grid``, or
                ``(*grid, size)`` where the output has a size; they share no memory with
                ``arrays``.

        Raises:
            CellFailed: a check of the program failed; the outputs hold no useful values.
        """
        if 0 in grid:
            return
        arrays = [a if a.flags.c_contiguous else np.ascontiguousarray(a) for a in arrays]
        uniforms, whole = {}, []
        for (name, kind, is_whole), scalar in zip(self._uniforms, scalars):
            uniforms[name] = kind(scalar)
            if is_whole:
                whole.append(scalar)
        launch = Launch(dict(zip(self._arrays, arrays)), uniforms, tuple(whole), grid)
        layout = tuple([(array.shape, array.itemsize) for array in arrays])
        blocks = self._geometries.blocks(grid, layout)
        if len(blocks) == 1:
            self._run_blocks(launch, blocks, outputs)
        else:
            share(lambda shared: self._run_blocks(launch, shared, outputs), blocks)
        if launch.first_failure.found is not None:
            raise launch.first_failure.found

    def _run_blocks(
        self, launch: Launch, blocks: Iterable[Block], outputs: Sequence[Lanes]
    ) -> None:
        """Run blocks until none is left; errors of arithmetic are values here, not warnings."""
        with np.errstate(all="ignore"):
            for block in blocks:
                if launch.first_failure.precedes(block.start):
                    continue  # no cell of the block could be the first to fail
                known = block.recall(launch.whole)
                frame = Frame(launch, block.shape, block.index, {}, block, known)
                self._write(block, self._kernel(frame, True), outputs)

    def _write(self, block: Block, results: Sequence[Value], outputs: Sequence[Lanes]) -> None:
        """Write the results of one block; storing rounds floats and wraps no int."""
        rest = iter(results)
        for (size, is_small), array in zip(self._outputs, outputs):
            for position in (None,) if size is None else range(size):
                value = next(rest)
                if is_small:
                    value = saturate(value, array.dtype)
                where: Any = block.cells if position is None else (*block.cells, position)
                array[where] = value
