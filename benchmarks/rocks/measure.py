"""Run one row on one device: check the checksum, then time whole runs.

A run hands over the inputs that are uploaded each time, executes all passes and reads the result.
The first run is checked, and so is the last: a wrong result has no times.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import gpukernel as gk
from benchmarks.rocks.row import Inputs, Row
from benchmarks.timing import time_runs

KERNEL_DEVICES = ("gl", "cpu")


@dataclass(frozen=True)
class Measurement:
    """What one row gave on one device.  ``status`` is "ok", "WRONG" or "failed".

    ``seconds`` are the times of the runs; there are none unless the status is "ok".
    """

    row: str
    tier: str
    device: str
    status: str
    message: str = ""
    seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float | None:
        """The median time in seconds, or None when there is none."""
        return statistics.median(self.seconds) if self.seconds else None


def measure(
    row: Row, tier: str, device: str, inputs: Inputs, peer: Callable[..., Any] | None = None
) -> Measurement:
    """Measure a row on "gl", "cpu", "numpy" or, with a function ``peer``, with another library."""
    result = partial(Measurement, row.name, tier, device)
    with gk.device(device) if device in KERNEL_DEVICES else nullcontext():
        try:
            run = prepare(row, tier, device, inputs, peer)
            return check_and_time(row, tier, run, result)
        except Exception as error:  # reported with the row's name, and the others still run
            return result("failed", message=f"{type(error).__name__}: {error}")


def prepare(
    row: Row, tier: str, device: str, inputs: Inputs, peer: Callable[..., Any] | None = None
) -> Callable[[], Any]:
    """Return what a run is, with the resident inputs on the current device."""
    parameters = row.sizes[tier]
    if device not in KERNEL_DEVICES:
        return partial(peer or row.reference, **inputs, **parameters)
    placed = {name: gk.array(a) if name in row.resident else a for name, a in inputs.items()}
    return partial(row.run, **placed, **parameters)


def check_and_time(
    row: Row, tier: str, run: Callable[[], Any], result: Callable[..., Measurement]
) -> Measurement:
    """Run until the caches are warm, then time; the first and the last result must be right."""
    latest: list[Any] = [run()]

    def run_and_keep() -> None:
        latest[0] = run()

    seconds: tuple[float, ...] = ()
    mistake = row.find_mistake(latest[0], tier)
    if mistake is None:
        run_and_keep()
        seconds = time_runs(run_and_keep)
        mistake = row.find_mistake(latest[0], tier)
    if mistake is not None:
        return result("WRONG", message=mistake)
    return result("ok", seconds=seconds)
