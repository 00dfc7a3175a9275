"""Time several things in turn, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.limits.record import Times


@dataclass
class Timing:
    """How things are timed.

    Attributes:
        seconds: no further round is begun after this long for each case.
        fewest, most: rounds.
        clock: seconds since some moment.
    """

    seconds: float = 1.5
    fewest: int = 3
    most: int = 120
    clock: Callable[[], float] = time.perf_counter


TIMING = Timing()


def use_cpu_time() -> None:
    """Time the seconds that this process computes, from now on.

    Other programs do not change them.  They are the work of software OpenGL alone, which is made to
    use no threads; that holds when OpenGL was not used before.
    """
    os.environ["LP_NUM_THREADS"] = "0"
    TIMING.clock = time.process_time


def alternate(
    cases: Mapping[str, Callable[[], object]],
    *,
    clock: Callable[[], float] | None = None,
    seconds: float | None = None,
) -> dict[str, Times]:
    """Run all cases once, then time them round after round; return the seconds of each run.

    Args:
        cases: what to run, by name.
        clock, seconds: instead of those of `TIMING`.
    """
    now = clock or TIMING.clock
    for action in cases.values():
        action()
    times: dict[str, list[float]] = {name: [] for name in cases}
    budget = TIMING.seconds if seconds is None else seconds
    deadline = time.perf_counter() + budget * len(cases)
    for done in range(TIMING.most):
        if done >= TIMING.fewest and time.perf_counter() > deadline:
            break
        for name, action in cases.items():
            start = now()
            action()
            times[name].append(now() - start)
    return {name: tuple(runs) for name, runs in times.items()}
