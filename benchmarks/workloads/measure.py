"""Run one workload at one size on one device, phase by phase.

A result is compared with NumPy's before anything is timed: a wrong one has no times.
Every time is in seconds of wall clock, and ends with the device idle.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.timing import timed
from benchmarks.workloads.workload import Arguments, Workload, find_mistake

COMPILE_SIZE = 2  # side of the input that a kernel is compiled with
BUDGET_SECONDS = 4.0  # no further repeat is begun after this long


@dataclass(frozen=True)
class Measurement:
    """What one run gave.  ``status`` is "ok", "WRONG" or "failed"; only "ok" has times.

    ``compile``, ``upload`` and ``readback`` are None where there is no such phase (NumPy).
    """

    workload: str
    size: int
    device: str
    status: str
    message: str = ""
    compile: float | None = None
    upload: float | None = None
    readback: float | None = None
    compute: tuple[float, ...] = field(default=())

    @property
    def median(self) -> float | None:
        """The median compute time, or None when there is none."""
        return statistics.median(self.compute) if self.compute else None

    @property
    def spread(self) -> float:
        """Half the distance between the slowest and the fastest compute time."""
        return (max(self.compute) - min(self.compute)) / 2 if self.compute else 0.0


def measure(
    workload: Workload, size: int, device: str, repeat: int, expected: np.ndarray
) -> Measurement:
    """Measure a workload on "gl", "cpu" or "numpy"; what goes wrong is in the result's status.

    Args:
        size: what ``workload.make_arguments`` takes.
        repeat: how often to compute, fewer when that takes longer than the budget.
        expected: the reference result for this size.
    """
    arguments = workload.make_arguments(size)
    if device == "numpy":
        workload.reference(*arguments)  # the first run is slower: let it pass
        compute = repeat_timed(lambda: workload.reference(*arguments), repeat)
        return Measurement(workload.name, size, device, "ok", compute=compute)
    try:
        with gk.device(device):
            return _measure_kernel(workload, size, device, repeat, arguments, expected)
    except gk.KernelError as error:
        return Measurement(workload.name, size, device, "failed", message=str(error))


def _measure_kernel(
    workload: Workload,
    size: int,
    device: str,
    repeat: int,
    arguments: Arguments,
    expected: np.ndarray,
) -> Measurement:
    kernel = gk.kernel(shape=workload.shape)(workload.function)
    tiny = workload.make_arguments(COMPILE_SIZE)
    compile_seconds, _ = timed(lambda: _finished(kernel(*tiny)))
    upload_seconds, on_device = timed(lambda: _upload(arguments))
    result = kernel(*on_device)
    gk.synchronize()
    readback_seconds, host = timed(result.numpy)
    mistake = find_mistake(workload, host, expected)
    if mistake is not None:
        return Measurement(workload.name, size, device, "WRONG", message=mistake)
    result.release()
    return Measurement(
        workload.name,
        size,
        device,
        "ok",
        compile=compile_seconds,
        upload=upload_seconds,
        readback=readback_seconds,
        compute=repeat_timed(lambda: _finished(kernel(*on_device)), repeat),
    )


def repeat_timed(action: Callable[[], Any], repeat: int) -> tuple[float, ...]:
    """Return the seconds of up to ``repeat`` runs, at least one, within the time budget."""
    times: list[float] = []
    while len(times) < max(1, repeat) and (not times or sum(times) < BUDGET_SECONDS):
        times.append(timed(action)[0])
    return tuple(times)


def _finished(result: gk.Array) -> None:
    """Wait for a result and give its memory back."""
    gk.synchronize()
    result.release()


def _upload(arguments: Arguments) -> Arguments:
    """Return the arguments with host arrays put on the current device."""
    uploaded = tuple(gk.array(a) if isinstance(a, np.ndarray) else a for a in arguments)
    gk.synchronize()
    return uploaded
