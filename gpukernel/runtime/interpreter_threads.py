"""The threads of the interpreter: they take one block of a launch after the other.

NumPy computes outside of Python's lock, so threads help where blocks are large.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

_pool: ThreadPoolExecutor | None = None
_pool_process = 0
_pool_lock = threading.Lock()


def worker_count() -> int:
    """Return how many threads can compute at the same time."""
    return os.cpu_count() or 1


def _shared_pool() -> ThreadPoolExecutor:
    """Return this process's pool: made when first used, and anew in a forked child."""
    global _pool, _pool_process
    with _pool_lock:
        if _pool is None or _pool_process != os.getpid():
            _pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="gpukernel")
            _pool_process = os.getpid()
        return _pool


def _reset_lock() -> None:
    global _pool_lock
    _pool_lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # another thread may have held the lock at the fork
    os.register_at_fork(after_in_child=_reset_lock)


class _Shared(Generic[ItemT]):
    """An iterator that several threads may take from; `stop` ends it for all of them."""

    def __init__(self, items: Sequence[ItemT]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()
        self._stopped = False

    def __iter__(self) -> Iterator[ItemT]:
        return self

    def __next__(self) -> ItemT:
        with self._lock:
            if self._stopped:
                raise StopIteration
            return next(self._items)

    def stop(self) -> None:
        self._stopped = True


def share(work: Callable[[Iterator[ItemT]], None], items: Sequence[ItemT]) -> None:
    """Let the calling thread and the pool work the items off; raise the first error of any."""
    shared = _Shared(items)
    helpers = min(worker_count(), len(items)) - 1
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
