"""life: Conway's game of life on a periodic n x n grid.  The soup is uploaded, the end is read."""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from benchmarks.rocks.stencils import wrapped
from gpukernel import index, kernel


@kernel(boundary="wrap", dtype="uint8")
def step(cells):
    i, j = index()
    neighbours = -cells[i, j]
    for di in range(-1, 2):
        for dj in range(-1, 2):
            neighbours += cells[i + di, j + dj]
    return 1 if neighbours == 3 or (neighbours == 2 and cells[i, j] == 1) else 0


def make_inputs(n: int, generations: int) -> Inputs:
    return {"soup": (uniforms(0x9E3779B9, n * n) < 0.3).astype(np.uint8).reshape(n, n)}


def run(soup: np.ndarray, n: int, generations: int) -> np.ndarray:
    now, spare = gk.array(soup), gk.empty((n, n), dtype="uint8")
    for _ in range(generations):
        now, spare = step(now, out=spare), now
    return now.numpy()


def reference(soup: np.ndarray, n: int, generations: int) -> np.ndarray:
    now = soup
    for _ in range(generations):
        rows = wrapped(now, -1, 0) + now + wrapped(now, 1, 0)
        neighbours = wrapped(rows, 0, -1) + rows + wrapped(rows, 0, 1) - now
        now = ((neighbours == 3) | ((neighbours == 2) & (now == 1))).astype(np.uint8)
    return now


ROW = Row(
    name="life",
    summary="Conway's game of life on n x n periodic cells",
    sizes={
        "quick": {"n": 128, "generations": 8},
        "bench": {"n": 512, "generations": 96},
        "full": {"n": 2048, "generations": 96},
    },
    checksums={"quick": 2.11596679688, "bench": 0.866985321045, "full": 0.871058225632},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    exact=True,
)
