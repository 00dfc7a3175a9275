"""`Readback`: values on their way from a device to the host."""

from __future__ import annotations

import threading
from typing import Protocol

import numpy as np


class Source(Protocol):
    """What a device makes of a read-back that it has begun."""

    def arrived(self) -> bool:
        """Whether `fetch` would return at once; asking never waits where that can be known."""

    def fetch(self) -> np.ndarray:
        """Wait for the values and return them; called once, unless it raises."""


class Readback:
    """The values that an array had when `Array.numpy_async` was called.

    What happens to the array later (a launch with ``out=``, its release) does not show in them.
    All methods may be called from any thread.

    Example:
        >>> import gpukernel as gk
        >>> there = gk.array([1, 2, 3])
        >>> waiting = there.numpy_async()
        >>> there.release()
        >>> waiting.result()
        array([1, 2, 3], dtype=int32)
        >>> waiting.done()
        True
    """

    def __init__(self, source: Source) -> None:
        self._lock = threading.Lock()
        self._source: Source | None = source
        self._values: np.ndarray | None = None

    def done(self) -> bool:
        """Return whether the values have arrived, so that `result` would not wait.

        Asking does not wait, except with a driver that cannot be asked.

        Raises:
            DeviceError: the device cannot be used.
        """
        if not self._lock.acquire(blocking=False):
            return False  # another thread is waiting for the values
        try:
            return self._source is None or self._source.arrived()
        finally:
            self._lock.release()

    def result(self) -> np.ndarray:
        """Wait for the values and return them, C-contiguous; the same array at every call.

        Raises:
            DeviceError: the driver failed, or the device cannot be used in this process.
        """
        with self._lock:
            if self._values is None:
                assert self._source is not None
                self._values = self._source.fetch()
                self._source = None
            return self._values

    def __repr__(self) -> str:
        return f"<readback, {'waiting' if self._values is None else 'done'}>"


class Arrived:
    """A source whose values are there already."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def arrived(self) -> bool:
        """Return True."""
        return True

    def fetch(self) -> np.ndarray:
        """Return the values."""
        return self._values
