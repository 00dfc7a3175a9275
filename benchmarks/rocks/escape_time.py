"""escape-time: a Julia set, coloured smoothly by the number of steps until a point escapes.

One pass without inputs; the picture is read.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

CONSTANT = (-0.7269, 0.1889)
LIMIT = 100
EXTENT = 3.2  # of the picture from left to right, in the complex plane


@kernel(shape=lambda width, height: (height, width))
def escape_time(width, height):
    i, j = index()
    x = (j - width / 2) * (EXTENT / width)
    y = (i - height / 2) * (EXTENT / width)
    steps = 0
    size = 0.0
    while steps < LIMIT:
        size = x * x + y * y
        if size > 4096.0:
            break
        x, y = x * x - y * y + CONSTANT[0], 2.0 * x * y + CONSTANT[1]
        steps += 1
    if steps >= LIMIT:
        return float(LIMIT)
    return steps + 1 - math.log2(0.5 * math.log(size))


def make_inputs(width: int, height: int) -> Inputs:
    return {}


def run(width: int, height: int) -> np.ndarray:
    return escape_time(width, height).numpy()


def reference(width: int, height: int) -> np.ndarray:
    """Step only the points that have not escaped."""
    scale = EXTENT / width
    x, y = np.meshgrid(
        (np.arange(width) - width / 2) * scale, (np.arange(height) - height / 2) * scale
    )
    x, y = x.ravel().astype(np.float32), y.ravel().astype(np.float32)
    times = np.full(width * height, LIMIT, np.float32)
    active = np.arange(width * height)
    for steps in range(LIMIT):
        size = x * x + y * y
        inside = size <= 4096
        if not inside.all():
            escaped = size[~inside]
            times[active[~inside]] = steps + 1 - np.log2(0.5 * np.log(escaped))
            active, x, y = active[inside], x[inside], y[inside]
        x, y = x * x - y * y + CONSTANT[0], 2 * x * y + CONSTANT[1]
    return times.reshape(height, width)


ROW = Row(
    name="escape-time",
    summary="a Julia set of width x height points",
    sizes={
        "quick": {"width": 128, "height": 96},
        "bench": {"width": 1024, "height": 1024},
        "full": {"width": 2048, "height": 2048},
    },
    checksums={"quick": 225.600475841, "bench": 173.093922902, "full": 173.168464989},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
