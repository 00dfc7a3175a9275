"""What ``import gpukernel`` adds to ``import numpy``, each time in a process of its own.

Modules are compiled once before, into a folder that is removed at the end.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from benchmarks.limits.child import run_python
from benchmarks.limits.record import Record

PART = "import"
SECONDS = 0.060
PROCESSES = 9
SCRIPT = """
import time
start = time.perf_counter()
import numpy
middle = time.perf_counter()
import gpukernel
print(middle - start, time.perf_counter() - middle)
"""


def measure(quick: bool) -> Iterator[Record]:
    """Yield the seconds that the import takes when NumPy is there already."""
    with tempfile.TemporaryDirectory() as folder:
        _run_process(folder)
        runs = [_run_process(folder) for _ in range(2 if quick else PROCESSES)]
    numpy_times, ours = tuple(a for a, _ in runs), tuple(b for _, b in runs)
    yield Record(
        PART,
        "after numpy",
        "",
        ours=ours,
        target=SECONDS,
        times={"gpukernel": ours, "numpy": numpy_times},
    )


def _run_process(bytecode: str) -> tuple[float, float]:
    """Return the seconds of both imports, compiled modules kept in the folder ``bytecode``."""
    text = run_python(["-c", SCRIPT], PYTHONPYCACHEPREFIX=bytecode, PYTHONDONTWRITEBYTECODE="")
    before, added = text.split()
    return float(before), float(added)
