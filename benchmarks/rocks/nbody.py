"""nbody: how strongly each of n bodies is pulled by all, one pass.

Positions and masses are uploaded, the n sizes of the accelerations are read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel
def pull(x, y, z, mass):
    i = index()
    ax = 0.0
    ay = 0.0
    az = 0.0
    for j in range(len(x)):
        dx = x[j] - x[i]
        dy = y[j] - y[i]
        dz = z[j] - z[i]
        square = dx * dx + dy * dy + dz * dz + 0.01
        strength = mass[j] / (square * math.sqrt(square))
        ax += dx * strength
        ay += dy * strength
        az += dz * strength
    return math.sqrt(ax * ax + ay * ay + az * az)


def make_inputs(n: int) -> Inputs:
    u = uniforms(0xC2B2AE35, 4 * n).reshape(n, 4)
    x, y, z = (2 * u[:, :3] - 1).astype(np.float32).T.copy()
    return {"x": x, "y": y, "z": z, "mass": ((0.5 + u[:, 3]) / n).astype(np.float32)}


def run(x: np.ndarray, y: np.ndarray, z: np.ndarray, mass: np.ndarray, n: int) -> np.ndarray:
    return pull(gk.array(x), gk.array(y), gk.array(z), gk.array(mass)).numpy()


def reference(x: np.ndarray, y: np.ndarray, z: np.ndarray, mass: np.ndarray, n: int) -> np.ndarray:
    result = np.empty(n, np.float32)
    for i in range(n):
        dx, dy, dz = x - x[i], y - y[i], z - z[i]
        square = dx * dx + dy * dy + dz * dz + np.float32(0.01)
        strength = mass / (square * np.sqrt(square))
        result[i] = math.sqrt((dx @ strength) ** 2 + (dy @ strength) ** 2 + (dz @ strength) ** 2)
    return result


ROW = Row(
    name="nbody",
    summary="gravity between all pairs of n bodies",
    sizes={"quick": {"n": 256}, "bench": {"n": 4096}, "full": {"n": 16384}},
    checksums={"quick": 4.1259210089, "bench": 4.04451808746, "full": 4.05652117949},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
