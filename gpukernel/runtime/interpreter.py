"""The CPU interpreter: runs a typed program over blocks of the grid with NumPy.

In: a typed program, arrays and launch scalars.  Out: the program's outputs, or the first cell in
which a check failed.  It is the definition of the language: where another device differs, that
device is wrong.

A block is a rectangle of the grid whose cells run in step as lanes of NumPy arrays; a pool of
threads takes one block after the other (NumPy computes outside of Python's lock).
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from gpukernel.ir.nodes import Program
from gpukernel.lang.types import Scalar
from gpukernel.runtime.interpreter_compile import compile_functions
from gpukernel.runtime.interpreter_facts import num_list_elements
from gpukernel.runtime.interpreter_frame import Frame, Launch
from gpukernel.runtime.lanes import Lanes, Value, dtypes_for, saturate

# Measured: larger blocks fall out of the cache, and in smaller ones the threads wait for Python's
# lock more than they compute.
BLOCK_LANES = 131072
MIN_BLOCK_LANES = 16384  # the least that a second thread is worth
BLOCK_LIST_ELEMENTS = 2**23  # of local lists, in all lanes of a block: 32 MiB a thread

_Block = tuple[tuple[int, int], ...]  # start and stop along each axis


class Interpreter:
    """A program made ready to run; it may run from several threads at once.

    ``float_dtype`` is the dtype in which float values are kept: float32 as the language says, or
    float64 for tests that compare with exact results.
    """

    def __init__(self, program: Program, *, float_dtype: npt.DTypeLike = np.float32) -> None:
        self._program = program
        self._dtypes = dtypes_for(float_dtype)
        self._kernel = compile_functions(program, float_dtype)[program.kernel.name].run
        per_lane = max(num_list_elements(program), 1)
        self._block_lanes = min(BLOCK_LANES, max(BLOCK_LIST_ELEMENTS // per_lane, 1))

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
        launch = self._launch(arrays, scalars, grid)
        blocks = _blocks(grid, _worker_count(), self._block_lanes)
        if len(blocks) == 1:
            self._run_blocks(launch, iter(blocks), outputs)
        else:
            _share(lambda shared: self._run_blocks(launch, shared, outputs), blocks)
        if launch.first_failure.found is not None:
            raise launch.first_failure.found

    def _launch(
        self,
        arrays: Sequence[Lanes],
        scalars: Sequence[bool | int | float],
        grid: tuple[int, ...],
    ) -> Launch:
        """Name the arguments; uniforms become NumPy scalars of the run's dtypes."""
        program = self._program
        named = {
            given.name: np.ascontiguousarray(array) for given, array in zip(program.arrays, arrays)
        }
        uniforms: dict[str, Value] = {
            variable.name: self._dtypes[variable.type].type(scalar)
            for variable, scalar in zip(program.uniforms, scalars)
            if isinstance(variable.type, Scalar)
        }
        return Launch(named, uniforms, grid)

    def _run_blocks(
        self, launch: Launch, blocks: Iterator[_Block], outputs: Sequence[Lanes]
    ) -> None:
        """Run blocks until none is left; errors of arithmetic are values here, not warnings."""
        with np.errstate(all="ignore"):
            for block in blocks:
                if launch.first_failure.precedes(tuple(start for start, _ in block)):
                    continue  # no cell of the block could be the first to fail
                shape = tuple(stop - start for start, stop in block)
                frame = Frame(launch, shape, _index(block), {})
                self._write(block, self._kernel(frame, True), outputs)

    def _write(self, block: _Block, results: Sequence[Value], outputs: Sequence[Lanes]) -> None:
        """Write the results of one block; storing rounds floats and wraps no int."""
        cells = tuple(slice(start, stop) for start, stop in block)
        rest = iter(results)
        for output, array in zip(self._program.outputs, outputs):
            block_of = array[cells]
            if output.size is None:
                block_of[...] = saturate(next(rest), array.dtype)
                continue
            for position in range(output.size):
                block_of[..., position] = saturate(next(rest), array.dtype)


def _index(block: _Block) -> tuple[Value, ...]:
    """Return the grid index along each axis: it varies along that axis only."""
    index: list[Value] = []
    for axis, (start, stop) in enumerate(block):
        if stop - start == 1:
            index.append(np.int32(start))
            continue
        shape = [1] * len(block)
        shape[axis] = stop - start
        index.append(np.arange(start, stop, dtype=np.int32).reshape(shape))
    return tuple(index)


def _blocks(shape: tuple[int, ...], workers: int, limit: int) -> list[_Block]:
    """Cut the grid into blocks of at most ``limit`` cells, long along the last axes."""
    share = -(-int(np.prod(shape, dtype=np.int64)) // (2 * workers))
    room = min(limit, max(MIN_BLOCK_LANES, share)) if workers > 1 else limit
    cuts: list[list[tuple[int, int]]] = []
    for extent in reversed(shape):
        length = min(extent, max(room, 1))
        cuts.append([(at, min(at + length, extent)) for at in range(0, extent, length)])
        room //= length
    return [block[::-1] for block in itertools.product(*cuts)]


# ---------------------------------------------------------------- threads

_pool: ThreadPoolExecutor | None = None
_pool_process = 0
_pool_lock = threading.Lock()


def _worker_count() -> int:
    return os.cpu_count() or 1


def _shared_pool() -> ThreadPoolExecutor:
    """Return this process's pool: made when first used, and anew in a forked child."""
    global _pool, _pool_process
    with _pool_lock:
        if _pool is None or _pool_process != os.getpid():
            _pool = ThreadPoolExecutor(_worker_count(), thread_name_prefix="gpukernel")
            _pool_process = os.getpid()
        return _pool


def _reset_lock() -> None:
    global _pool_lock
    _pool_lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # another thread may have held the lock at the fork
    os.register_at_fork(after_in_child=_reset_lock)


class _SharedBlocks:
    """An iterator that several threads may take from; `stop` ends it for all of them."""

    def __init__(self, blocks: list[_Block]) -> None:
        self._blocks = iter(blocks)
        self._lock = threading.Lock()
        self._stopped = False

    def __iter__(self) -> Iterator[_Block]:
        return self

    def __next__(self) -> _Block:
        with self._lock:
            if self._stopped:
                raise StopIteration
            return next(self._blocks)

    def stop(self) -> None:
        self._stopped = True


def _share(work: Callable[[Iterator[_Block]], None], blocks: list[_Block]) -> None:
    """Let the calling thread and the pool work the blocks off; raise the first error of any."""
    shared = _SharedBlocks(blocks)
    helpers = min(_worker_count(), len(blocks)) - 1
    futures: list[Future[None]] = [_shared_pool().submit(work, shared) for _ in range(helpers)]
    try:
        work(shared)
    except BaseException:
        shared.stop()
        raise
    finally:
        started = [future for future in futures if not future.cancel()]
        errors = [future.exception() for future in started]
    for error in errors:
        if error is not None:
            raise error
