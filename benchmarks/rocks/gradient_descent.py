"""gradient-descent: 256 steps down a surface from each of many starting points, one pass.

The starting points are uploaded, the height at every end is read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel
def descend(x0, y0):
    i = index()
    x = x0[i]
    y = y0[i]
    for _ in range(256):
        xx = x * x
        yy = y * y
        x -= x * (1.0 + 0.5 * yy) / 256.0
        y -= y * (2.0 + 0.5 * xx) / 256.0
    return 0.5 * (x * x + 2.0 * y * y) + 0.25 * x * x * y * y


def make_inputs(starts: int) -> Inputs:
    x0, y0 = (4 * uniforms(seed, starts) - 2 for seed in (0x9E3779B9, 0xC2B2AE35))
    return {"x0": x0.astype(np.float32), "y0": y0.astype(np.float32)}


def run(x0: np.ndarray, y0: np.ndarray, starts: int) -> np.ndarray:
    return descend(gk.array(x0), gk.array(y0)).numpy()


def reference(x0: np.ndarray, y0: np.ndarray, starts: int) -> np.ndarray:
    x, y = x0.copy(), y0.copy()
    step = np.float32(1 / 256)
    for _ in range(256):
        xx, yy = x * x, y * y
        x -= x * (1 + np.float32(0.5) * yy) * step
        y -= y * (2 + np.float32(0.5) * xx) * step
    xx, yy = x * x, y * y
    height: np.ndarray = 0.5 * (xx + 2 * yy) + 0.25 * xx * yy
    return height


ROW = Row(
    name="gradient-descent",
    summary="256 steps of gradient descent from many starts",
    sizes={"quick": {"starts": 2**10}, "bench": {"starts": 2**18}, "full": {"starts": 2**20}},
    checksums={"quick": 0.818262564988, "bench": 0.79949138541, "full": 0.800614564518},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
