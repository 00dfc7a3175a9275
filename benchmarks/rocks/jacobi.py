"""jacobi: sweeps of the mean of four neighbours plus a source, on n x n cells with a fixed border.

The start and the source are resident, the end is read; one call a sweep.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel
def sweep(u, source):
    i, j = index()
    if i == 0 or j == 0 or i == u.shape[0] - 1 or j == u.shape[1] - 1:
        return u[i, j]
    around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
    return 0.25 * around + source[i, j]


def make_inputs(n: int, sweeps: int) -> Inputs:
    x = (np.arange(n) - (n - 1) / 2) * float(np.float32(2 / (n - 1)))
    y = x[:, None]
    noise = uniforms(0x27D4EB2F, n * n).reshape(n, n) - 0.5
    start = 0.5 + 0.25 * np.sin(3 * np.pi * x) * np.sin(2 * np.pi * y) + 0.1 * noise
    source = (2 - x * x - y * y) / 1024
    return {"start": start.astype(np.float32), "source": source.astype(np.float32)}


def run(start: gk.Array, source: gk.Array, n: int, sweeps: int) -> np.ndarray:
    now, spare = sweep(start, source), gk.empty((n, n))
    for _ in range(sweeps - 1):
        now, spare = sweep(now, source, out=spare), now
    return now.numpy()


def reference(start: np.ndarray, source: np.ndarray, n: int, sweeps: int) -> np.ndarray:
    now = start.copy()
    for _ in range(sweeps):
        around = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:]
        now[1:-1, 1:-1] = np.float32(0.25) * around + source[1:-1, 1:-1]
    return now


ROW = Row(
    name="jacobi",
    summary="Jacobi sweeps of Poisson's equation on n x n cells",
    sizes={
        "quick": {"n": 64, "sweeps": 32},
        "bench": {"n": 512, "sweeps": 128},
        "full": {"n": 1024, "sweeps": 512},
    },
    checksums={"quick": 4.83490899047, "bench": 5.96778106497, "full": 10.384054789},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    resident=("start", "source"),
)
