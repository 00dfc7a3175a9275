"""optical-flow: how far every pixel moved between two frames, by the method of Lucas and Kanade.

Four passes: both derivatives, the difference of the frames, then sums over windows of 17 x 17 and
a linear system of two equations.  The frames are uploaded, both components of the flow are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel, vec2

RADIUS = 8
DAMPING = 0.001  # added to the diagonal of the system


@kernel(boundary="clamp")
def derivative_x(img):
    i, j = index()
    return (img[i, j + 1] - img[i, j - 1]) / 2.0


@kernel(boundary="clamp")
def derivative_y(img):
    i, j = index()
    return (img[i + 1, j] - img[i - 1, j]) / 2.0


@kernel
def difference(after, before):
    i, j = index()
    return after[i, j] - before[i, j]


@kernel
def solve(along_x, along_y, along_t):
    i, j = index()
    height, width = along_x.shape
    if i < RADIUS or j < RADIUS or i >= height - RADIUS or j >= width - RADIUS:
        return vec2(0.0)
    xx = 0.0
    xy = 0.0
    yy = 0.0
    xt = 0.0
    yt = 0.0
    for r in range(i - RADIUS, i + RADIUS + 1):
        for s in range(j - RADIUS, j + RADIUS + 1):
            x = along_x[r, s]
            y = along_y[r, s]
            t = along_t[r, s]
            xx += x * x
            xy += x * y
            yy += y * y
            xt += x * t
            yt += y * t
    a = xx + DAMPING
    d = yy + DAMPING
    return vec2(xy * yt - d * xt, xy * xt - a * yt) / (a * d - xy * xy)


def make_inputs(width: int, height: int) -> Inputs:
    x, y = np.arange(width), np.arange(height)[:, None]
    before = 0.5 + 0.22 * np.sin(0.07 * x + 0.031 * y) + 0.16 * np.cos(0.021 * x - 0.045 * y)
    before += 0.12 * np.sin(0.13 * (x + y))
    before += 0.03 * (uniforms(0x3C6EF35F, width * height).reshape(height, width) - 0.5)
    before[620:780] = 0.5 + 0.3 * np.sin(0.35 * y[620:780])
    before[120:300, 700:880] = 0.42
    before = before.astype(np.float32)
    fx, fy = 2 * np.pi * x / width, 2 * np.pi * y / height
    moved_x = x + 1.4 * np.sin(fx) * np.cos(fy)
    moved_y = y + 1.1 * np.cos(fx + 0.6) * np.sin(fy + 0.3)
    return {"before": before, "after": sample(before.astype(np.float64), moved_y, moved_x)}


def sample(img: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return a picture interpolated between pixels; only the pixels are limited to the picture."""
    height, width = img.shape
    i = np.clip(np.floor(y), 0, height - 2).astype(int)
    j = np.clip(np.floor(x), 0, width - 2).astype(int)
    down, right = y - i, x - j
    top = img[i, j] * (1 - right) + img[i, j + 1] * right
    bottom = img[i + 1, j] * (1 - right) + img[i + 1, j + 1] * right
    return (top * (1 - down) + bottom * down).astype(np.float32)


def run(before: np.ndarray, after: np.ndarray, width: int, height: int) -> np.ndarray:
    first, second = gk.array(before), gk.array(after)
    along_x, along_y = derivative_x(first), derivative_y(first)
    return solve(along_x, along_y, difference(second, first)).numpy()


def reference(before: np.ndarray, after: np.ndarray, width: int, height: int) -> np.ndarray:
    p = np.pad(before, 1, mode="edge")
    x = (p[1:-1, 2:] - p[1:-1, :-2]) / 2
    y = (p[2:, 1:-1] - p[:-2, 1:-1]) / 2
    t = after - before
    xx, xy, yy, xt, yt = (window_sums(a) for a in (x * x, x * y, y * y, x * t, y * t))
    a, d = xx + DAMPING, yy + DAMPING
    flow = np.zeros((height, width, 2), np.float32)
    solved = np.stack((xy * yt - d * xt, xy * xt - a * yt), axis=-1)
    flow[RADIUS:-RADIUS, RADIUS:-RADIUS] = solved / (a * d - xy * xy)[..., None]
    return flow


def window_sums(a: np.ndarray) -> np.ndarray:
    """Return the sums over all full windows."""
    size = 2 * RADIUS + 1
    rows, cols = a.shape[0] - size + 1, a.shape[1] - size + 1
    total = np.zeros((rows, cols), np.float32)
    for r in range(size):
        for s in range(size):
            total += a[r : r + rows, s : s + cols]
    return total


ROW = Row(
    name="optical-flow",
    summary="motion between two width x height frames",
    sizes={
        "quick": {"width": 64, "height": 64},
        "bench": {"width": 512, "height": 512},
        "full": {"width": 1024, "height": 1024},
    },
    checksums={"quick": -0.714022059302, "bench": 0.00322939598514, "full": 0.0329430136884},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
