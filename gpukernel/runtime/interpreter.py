"""The CPU interpreter: runs a typed program over blocks of the grid with NumPy.

It is the definition of the language: where another device differs, that device is wrong.
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
from gpukernel.runtime.interpreter_compile import compile_functions
from gpukernel.runtime.lanes import Frame, Lanes, Launch, Value, dtypes_for

# Measured: larger blocks fall out of the cache, and in smaller ones the threads wait for Python's
# lock more than they compute.
BLOCK_LANES = 131072
MIN_BLOCK_LANES = 16384  # the least that a second thread is worth

_Block = tuple[tuple[int, int], ...]  # start and stop along each axis


class Interpreter:
    """A program made ready to run; it may run from several threads at once.

    ``float_dtype`` is the dtype in which float values are kept: float32 as the language says, or
    float64 for tests that compare with exact results.
    """

    def __init__(self, program: Program, *, float_dtype: npt.DTypeLike = np.float32) -> None:
        self._program = program
        self._dtypes = dtypes_for(float_dtype)
        functions = compile_functions(program.functions, float_dtype)
        self._kernel = functions[program.kernel.name].run

    def run(
        self, arrays: Sequence[Lanes], scalars: Sequence[bool | int | float], out: Lanes
    ) -> None:
        """Fill ``out``, whose shape is the grid.

        Args:
            arrays: C-contiguous arrays in the order of ``Program.arrays``, of those ranks.
            scalars: values in the order of ``Program.uniforms``.
            out: an array that shares no memory with ``arrays``.
        """
        if out.size == 0:
            return
        launch = self._launch(arrays, scalars)
        blocks = _blocks(out.shape, _worker_count())
        if len(blocks) == 1:
            self._run_blocks(launch, iter(blocks), out)
            return
        _share(lambda shared: self._run_blocks(launch, shared, out), blocks)

    def _launch(self, arrays: Sequence[Lanes], scalars: Sequence[bool | int | float]) -> Launch:
        """Name the arguments; uniforms become NumPy scalars of the run's dtypes."""
        program = self._program
        named = {
            given.name: np.ascontiguousarray(array) for given, array in zip(program.arrays, arrays)
        }
        uniforms: dict[str, Value] = {
            variable.name: self._dtypes[variable.type].type(scalar)
            for variable, scalar in zip(program.uniforms, scalars)
        }
        return Launch(named, uniforms)

    def _run_blocks(self, launch: Launch, blocks: Iterator[_Block], out: Lanes) -> None:
        """Run blocks until none is left; errors of arithmetic are values here, not warnings."""
        with np.errstate(all="ignore"):
            for block in blocks:
                shape = tuple(stop - start for start, stop in block)
                frame = Frame(launch, shape, _index(block), {})
                target = tuple(slice(start, stop) for start, stop in block)
                out[target] = self._kernel(frame, True)


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


def _blocks(shape: tuple[int, ...], workers: int) -> list[_Block]:
    """Cut the grid into blocks of about `BLOCK_LANES` cells, long along the last axes."""
    share = -(-int(np.prod(shape, dtype=np.int64)) // (2 * workers))
    room = min(BLOCK_LANES, max(MIN_BLOCK_LANES, share)) if workers > 1 else BLOCK_LANES
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
