"""One measured ratio or time, and what it should be."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

Times = tuple[float, ...]


@dataclass(frozen=True)
class Record:
    """What one measurement gave.

    Attributes:
        part: the measurement, as it is named on the command line.
        case: which of its cases, such as "512".
        other: what ours is compared with.
        ours, theirs: seconds of every run; ``theirs`` is empty where a time itself has a target.
        target: what ``measured`` should be at most, at least where ``at_least``; None for a
            number that is only shown.
        status: "ok", "WRONG" or "failed"; only "ok" has times.
        times: seconds of every run of everything that was timed for this record, by name.
    """

    part: str
    case: str
    other: str
    ours: Times = ()
    theirs: Times = ()
    target: float | None = None
    at_least: bool = False
    status: str = "ok"
    message: str = ""
    times: Mapping[str, Times] = field(default_factory=dict)

    @property
    def is_time(self) -> bool:
        """Whether a time in seconds is compared with the target, not a ratio."""
        return not self.theirs

    @property
    def measured(self) -> float | None:
        """Our best time over theirs, the reverse where more is better; None without times.

        The best of the runs, not the middle: what disturbs a run only makes it slower.
        """
        if not self.ours:
            return None
        if self.is_time:
            return min(self.ours)
        ratio = min(self.ours) / min(self.theirs)
        return 1 / ratio if self.at_least else ratio

    @property
    def verdict(self) -> str:
        """ "met", "missed", or "" where there is nothing to compare."""
        if self.measured is None or self.target is None:
            return ""
        met = self.measured >= self.target if self.at_least else self.measured <= self.target
        return "met" if met else "missed"


def middle(times: Times) -> float | None:
    """Return the median of some times, None for none."""
    return statistics.median(times) if times else None
