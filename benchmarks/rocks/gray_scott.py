"""gray-scott: two chemicals that diffuse and react on a torus; one pass a step fills both fields.

Both fields are uploaded and read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row, weighted_sum
from gpukernel import index, kernel

Fields = tuple[np.ndarray, np.ndarray]
PATCHES = 60


@kernel(boundary="wrap")
def react(u, v):
    i, j = index()
    a = u[i, j]
    b = v[i, j]
    spread_a = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4.0 * a
    spread_b = v[i - 1, j] + v[i + 1, j] + v[i, j - 1] + v[i, j + 1] - 4.0 * b
    reaction = a * b * b
    return (
        a + 0.16 * spread_a - reaction + 0.037 * (1.0 - a),
        b + 0.08 * spread_b + reaction - 0.097 * b,
    )


def make_inputs(n: int, steps: int) -> Inputs:
    u, v = np.ones((n, n), np.float32), np.zeros((n, n), np.float32)
    for x, y, size in uniforms(0x2545F491, 3 * PATCHES).reshape(PATCHES, 3):
        radius = 6 + int(12 * size)
        around = np.arange(-radius, radius + 1)
        patch = np.ix_((int(y * n) + around) % n, (int(x * n) + around) % n)
        u[patch], v[patch] = 0.5, 0.25
    return {"u": u, "v": v}


def run(u: np.ndarray, v: np.ndarray, n: int, steps: int) -> Fields:
    a, b = gk.array(u), gk.array(v)
    for _ in range(steps):
        a, b = react(a, b)
    return a.numpy(), b.numpy()


def reference(u: np.ndarray, v: np.ndarray, n: int, steps: int) -> Fields:
    for _ in range(steps):
        reaction = u * v * v
        spread_u, spread_v = laplacian(u), laplacian(v)
        u = u + 0.16 * spread_u - reaction + 0.037 * (1 - u)
        v = v + 0.08 * spread_v + reaction - 0.097 * v
    return u, v


def laplacian(a: np.ndarray) -> np.ndarray:
    """Return the sum of the four neighbours minus four times the cell, on a torus."""
    p = np.pad(a, 1, mode="wrap")
    return p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * a


def checksum(fields: Fields) -> float:
    u, v = fields
    return (weighted_sum(u) + weighted_sum(v, 13)) / u.size


ROW = Row(
    name="gray-scott",
    summary="reaction and diffusion of two n x n fields",
    sizes={
        "quick": {"n": 64, "steps": 16},
        "bench": {"n": 512, "steps": 64},
        "full": {"n": 1024, "steps": 384},
    },
    checksums={"quick": 5.02553812419, "bench": 8.30167392271, "full": 8.72554651511},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
)
