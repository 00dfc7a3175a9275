"""Idle textures kept for reuse, within a byte budget.

`Pool` knows nothing of GL: it stores anything with a ``key``, a ``num_bytes`` and a ``release``.
It is not thread-safe; its owner calls it under the lock of the GL context.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from gpukernel.runtime.stats import COUNTERS


class Poolable(Protocol):
    """What a pool can hold."""

    @property
    def key(self) -> Hashable:
        """Equal for resources that can stand in for each other."""

    @property
    def num_bytes(self) -> int:
        """Device memory that the resource takes."""

    def release(self) -> None:
        """Give the resource back to the driver."""


Resource = TypeVar("Resource", bound=Poolable)


class Pool(Generic[Resource]):
    """Resources by key; the least recently used keys give way when ``max_bytes`` is exceeded."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._idle: OrderedDict[Hashable, list[Resource]] = OrderedDict()

    @property
    def num_bytes(self) -> int:
        """Bytes of all idle resources, at most ``max_bytes``."""
        return self._num_bytes

    def take(self, key: Hashable) -> Resource | None:
        """Remove and return an idle resource with this key, or None."""
        found = self._idle.get(key)
        if not found:
            return None
        resource = found.pop()
        if not found:
            del self._idle[key]
        self._count(-resource.num_bytes)
        return resource

    def give(self, resource: Resource) -> None:
        """Keep a resource for reuse, releasing old ones that no longer fit the budget."""
        if resource.num_bytes > self._max_bytes:
            resource.release()
            return
        self._idle.setdefault(resource.key, []).append(resource)
        self._idle.move_to_end(resource.key)
        self._count(resource.num_bytes)
        while self._num_bytes > self._max_bytes:
            self._evict()

    def clear(self) -> None:
        """Release every idle resource."""
        while self._idle:
            self._evict()

    def _evict(self) -> None:
        key, found = next(iter(self._idle.items()))
        resource = found.pop(0)
        if not found:
            del self._idle[key]
        self._count(-resource.num_bytes)
        resource.release()

    def _count(self, num_bytes: int) -> None:
        self._num_bytes += num_bytes
        COUNTERS.add("pooled_bytes", num_bytes)
