"""Upload and read-back against a plain copy in memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import alternate
from benchmarks.limits.contest import finish
from benchmarks.limits.record import Record

PART = "transfers"
TARGET = 0.7  # of the speed of a copy


def measure(quick: bool) -> Iterator[Record]:
    """Yield the speed of both directions over that of ``array.copy()``."""
    size = 64 if quick else 2048
    host = np.random.default_rng(0).random((size, size), dtype=np.float32)
    with gk.array(host) as on_device:
        if not np.array_equal(on_device.numpy(), host):
            yield Record(PART, str(size), "a copy", status="WRONG", message="not what was uploaded")
            return
        times = alternate(
            {
                "upload": lambda: finish(gk.array(host)),
                "read-back": on_device.numpy,
                "copy": host.copy,
            }
        )
    for direction in ("upload", "read-back"):
        yield Record(
            PART,
            f"{direction} {size} x {size}",
            "a copy",
            ours=times[direction],
            theirs=times["copy"],
            target=TARGET,
            at_least=True,
            times=times,
        )
