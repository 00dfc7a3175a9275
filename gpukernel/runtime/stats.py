"""The counters behind ``gpukernel.memory()``.

Every device adds to the one `COUNTERS`; nothing here knows what a device is.  `Counters.add` may
be called from a finaliser, so its lock is re-entrant and it allocates nothing that is collected.
"""

from __future__ import annotations

import os
import threading
from dataclasses import fields

from gpukernel.records import record


@record(frozen=True)
class Memory:
    """What gpukernel holds and has done in this process, over all devices.

    Attributes:
        arrays: arrays alive on a device (reshaped views of one array count once).
        bytes: their size in bytes, without padding.
        pooled_bytes: bytes of idle textures kept for reuse.
        textures: textures alive, idle ones included.
        programs: compiled programs alive.
        compiles: programs compiled so far.
        launches: launches so far.
        uploads: copies from host to device so far.
        downloads: copies from device to host so far.
    """

    arrays: int = 0
    bytes: int = 0
    pooled_bytes: int = 0
    textures: int = 0
    programs: int = 0
    compiles: int = 0
    launches: int = 0
    uploads: int = 0
    downloads: int = 0

    def __str__(self) -> str:
        return "\n".join(f"{field.name:12} {getattr(self, field.name):,}" for field in fields(self))


class Counters:
    """Thread-safe running totals, one for each field of `Memory`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._totals = {field.name: 0 for field in fields(Memory)}

    def renew_lock(self) -> None:
        """Take a new lock, in a forked child: another thread may have held the old one."""
        self._lock = threading.RLock()

    def add(self, name: str, amount: int = 1) -> None:
        """Add ``amount`` (may be negative) to the counter ``name``."""
        with self._lock:
            self._totals[name] += amount

    def array_added(self, num_bytes: int) -> None:
        """Count one more live array of ``num_bytes``."""
        with self._lock:
            self._totals["arrays"] += 1
            self._totals["bytes"] += num_bytes

    def array_removed(self, num_bytes: int) -> None:
        """Count one live array of ``num_bytes`` less."""
        with self._lock:
            self._totals["arrays"] -= 1
            self._totals["bytes"] -= num_bytes

    def snapshot(self) -> Memory:
        """Return all counters as they are now."""
        with self._lock:
            return Memory(**self._totals)


COUNTERS = Counters()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=COUNTERS.renew_lock)
