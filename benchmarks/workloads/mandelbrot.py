"""Steps until each point of the plane escapes, at most 200."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload
from gpukernel import index


def mandelbrot(size, limit):
    i, j = index()
    x0 = j * (3.0 / size) - 2.25
    y0 = i * (3.0 / size) - 1.5
    x = 0.0
    y = 0.0
    steps = 0
    while steps < limit and x * x + y * y <= 4.0:
        x, y = x * x - y * y + x0, 2.0 * x * y + y0
        steps += 1
    return steps


def result_shape(size: int, limit: int) -> tuple[int, ...]:
    return (size, size)


def make_arguments(size: int) -> Arguments:
    return (size, 200)


def reference(size: int, limit: int) -> np.ndarray:
    """The hand-written masked version: only points that have not escaped are stepped."""
    scale = np.float32(3.0) / np.float32(size)
    position = np.arange(size, dtype=np.float32) * scale
    x0, y0 = np.meshgrid(position - np.float32(2.25), position - np.float32(1.5))
    x0, y0 = x0.ravel(), y0.ravel()
    steps = np.zeros(x0.size, np.int32)
    active = np.arange(x0.size)
    x, y = np.zeros_like(x0), np.zeros_like(y0)
    for _ in range(limit):
        x, y = x * x - y * y + x0, np.float32(2) * x * y + y0
        steps[active] += 1
        inside = x * x + y * y <= np.float32(4)
        if not inside.all():
            active, x, y, x0, y0 = (values[inside] for values in (active, x, y, x0, y0))
    return steps.reshape(size, size)


MANDELBROT = Workload(
    name="mandelbrot",
    summary="200 steps of n x n points (NumPy: masked by hand)",
    function=mandelbrot,
    shape=result_shape,
    make_arguments=make_arguments,
    reference=reference,
    sizes=(256, 512, 1024),
    relative=0.0,
    absolute=0.0,
    stray=0.02,  # a fused multiply-add moves when points on the boundary escape
)
