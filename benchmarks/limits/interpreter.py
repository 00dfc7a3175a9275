"""The CPU interpreter against NumPy, and the time of a naive matrix product on it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import alternate
from benchmarks.limits.contest import finish
from benchmarks.limits.record import Record
from benchmarks.workloads.elementwise import ELEMENTWISE
from benchmarks.workloads.mandelbrot import MANDELBROT
from benchmarks.workloads.matmul import MATMUL
from benchmarks.workloads.workload import Workload, find_mistake

PART = "interpreter"
MATMUL_SECONDS = 0.6


def measure(quick: bool) -> Iterator[Record]:
    """Yield the interpreter's times over NumPy's, and that of matmul."""
    yield _against_numpy(ELEMENTWISE, 64 if quick else 2048, target=1.3)
    yield _against_numpy(MANDELBROT, 64 if quick else 1024, target=1.2)
    yield _against_numpy(MATMUL, 64 if quick else 512, target=MATMUL_SECONDS, a_time=True)


def _against_numpy(workload: Workload, size: int, target: float, a_time: bool = False) -> Record:
    """Compare a kernel with its reference in NumPy, or with a time in seconds."""
    host = workload.make_arguments(size)
    arguments = tuple(gk.array(a) if isinstance(a, np.ndarray) else a for a in host)
    kernel = gk.kernel(shape=workload.shape)(workload.function)
    case = f"{workload.name} {size}"
    mistake = find_mistake(workload, kernel(*arguments).numpy(), workload.reference(*host))
    if mistake is not None:
        return Record(PART, case, "NumPy", status="WRONG", message=mistake)
    times = alternate(
        {
            "interpreter": lambda: finish(kernel(*arguments)),
            "NumPy": lambda: workload.reference(*host),
        },
        clock=time.perf_counter,  # it uses several threads
    )
    return Record(
        PART,
        case,
        "" if a_time else "NumPy",
        ours=times["interpreter"],
        theirs=() if a_time else times["NumPy"],
        target=target,
        times=times,
    )
