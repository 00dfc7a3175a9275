"""Wall-clock times of repeated runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
SECONDS = 1.0  # about how long the runs of one measurement take together
FEWEST, MOST = 3, 25


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Return how many seconds an action took, and what it gave."""
    start = time.perf_counter()
    value = action()
    return time.perf_counter() - start, value


def time_runs(action: Callable[[], Any]) -> tuple[float, ...]:
    """Return the seconds of 3 to 25 runs, as many as fit about a second, after one that tells."""
    probe, _ = timed(action)
    count = max(FEWEST, min(MOST, round(SECONDS / max(probe, 1e-9))))
    return tuple(timed(action)[0] for _ in range(count))
