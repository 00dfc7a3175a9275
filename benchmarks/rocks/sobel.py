"""sobel: how steep a picture is everywhere, how steep the result is, and so on, 16 times.

The picture is uploaded, the last result is read.  Its values are around 5e-9.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


def gradient(img, i, j):
    """Return the slopes along x and y at a pixel, weighted over 3 x 3 pixels."""
    left = img[i - 1, j - 1] + 2.0 * img[i, j - 1] + img[i + 1, j - 1]
    right = img[i - 1, j + 1] + 2.0 * img[i, j + 1] + img[i + 1, j + 1]
    top = img[i - 1, j - 1] + 2.0 * img[i - 1, j] + img[i - 1, j + 1]
    bottom = img[i + 1, j - 1] + 2.0 * img[i + 1, j] + img[i + 1, j + 1]
    return right - left, bottom - top


@kernel(boundary="clamp")
def slope(img):
    i, j = index()
    gx, gy = gradient(img, i, j)
    return math.sqrt(gx * gx + gy * gy) * 0.125


def make_inputs(n: int, passes: int) -> Inputs:
    x, y = np.arange(n), np.arange(n)[:, None]
    waves = 0.25 * np.sin(0.013 * x + 3 * np.cos(0.007 * y)) + 0.15 * np.cos(0.021 * y)
    noise = uniforms(0x2545F491, n * n).reshape(n, n) - 0.5
    return {"img": (0.5 + waves + 0.1 * noise).astype(np.float32)}


def run(img: np.ndarray, n: int, passes: int) -> np.ndarray:
    picture = gk.array(img)
    for _ in range(passes):
        picture = slope(picture)
    return picture.numpy()


def reference(img: np.ndarray, n: int, passes: int) -> np.ndarray:
    for _ in range(passes):
        gx, gy = gradient_reference(img)
        img = np.sqrt(gx * gx + gy * gy) * np.float32(0.125)
    return img


def gradient_reference(img: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = np.pad(img, 1, mode="edge")
    columns = p[:-2] + 2 * p[1:-1] + p[2:]
    rows = p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]
    return columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2]


ROW = Row(
    name="sobel",
    summary="repeated slopes of an n x n picture",
    sizes={
        "quick": {"n": 128, "passes": 4},
        "bench": {"n": 1024, "passes": 16},
        "full": {"n": 2048, "passes": 16},
    },
    checksums={
        "quick": 0.00398062046723,
        "bench": 4.57700796657e-08,
        "full": 4.56370194055e-08,
    },
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
