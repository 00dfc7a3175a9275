"""heat: explicit steps of diffusion on an n x n grid whose outermost cells stay as they are.

The start is resident, the end is read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row, weighted_sum
from gpukernel import index, kernel

ALPHA = float(np.float32(0.2))


@kernel
def diffuse(u):
    i, j = index()
    if i == 0 or j == 0 or i == u.shape[0] - 1 or j == u.shape[1] - 1:
        return u[i, j]
    around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
    return u[i, j] + ALPHA * (around - 4.0 * u[i, j])


def make_inputs(n: int, steps: int) -> Inputs:
    wave = np.sin(2 * np.pi / 32 * np.arange(n))
    noise = uniforms(0x1B873593, n * n).reshape(n, n) - 0.5
    return {"start": (0.5 + 0.45 * wave * wave[:, None] + 0.05 * noise).astype(np.float32)}


def run(start: gk.Array, n: int, steps: int) -> np.ndarray:
    now, spare = diffuse(start), gk.empty((n, n))
    for _ in range(steps - 1):
        now, spare = diffuse(now, out=spare), now
    return now.numpy()


def reference(start: np.ndarray, n: int, steps: int) -> np.ndarray:
    now = start.copy()
    alpha = np.float32(ALPHA)
    for _ in range(steps):
        inner = now[1:-1, 1:-1]
        around = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:]
        inner += alpha * (around - 4 * inner)
    return now


def checksum(result: np.ndarray) -> float:
    """Return the weighted mean of the squares: the mean is the same after any number of steps."""
    return weighted_sum(result.astype(np.float64) ** 2) / result.size


ROW = Row(
    name="heat",
    summary="diffusion on n x n cells, one pass a step",
    sizes={
        "quick": {"n": 64, "steps": 32},
        "bench": {"n": 512, "steps": 128},
        "full": {"n": 1024, "steps": 1024},
    },
    checksums={"quick": 2.42140776045, "bench": 2.2597472355, "full": 2.25036149285},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    resident=("start",),
)
