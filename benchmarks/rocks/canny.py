"""canny: the edges of a picture, in 12 passes.

A blur, the gradient, the ridges of the gradient, two thresholds, then eight passes in which strong
edges spread along weak ones.  The picture is uploaded, the map of 0 (none), 1 (weak) and 2
(strong) is read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.rocks.pictures import add_noise, paint_discs
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row, mean_weighted
from benchmarks.rocks.sobel import gradient, gradient_reference
from gpukernel import index, kernel

BINOMIAL = (1.0, 4.0, 6.0, 4.0, 1.0)
STRONG, WEAK = 60000.0, 8000.0
SPREADS = 8
DISCS = 24


@kernel(boundary="clamp")
def blur(img):
    i, j = index()
    total = 0.0
    for r in range(5):
        for s in range(5):
            total += BINOMIAL[r] * BINOMIAL[s] * img[i + r - 2, j + s - 2]
    return total


@kernel(boundary="clamp")
def find_gradient(img):
    i, j = index()
    gx, gy = gradient(img, i, j)
    sector = 3
    if 2.0 * abs(gy) < abs(gx):
        sector = 0
    elif 2.0 * abs(gx) < abs(gy):
        sector = 2
    elif gx * gy < 0.0:
        sector = 1
    return abs(gx) + abs(gy), sector


@kernel(boundary="clamp")
def find_ridges(size, sector):
    i, j = index()
    direction = sector[i, j]
    if direction == 0:
        dy, dx = 0, 1
    elif direction == 1:
        dy, dx = -1, 1
    elif direction == 2:
        dy, dx = 1, 0
    else:
        dy, dx = 1, 1
    here = size[i, j]
    if here >= size[i + dy, j + dx] and here >= size[i - dy, j - dx]:
        return here
    return 0.0


@kernel
def classify(ridges):
    i, j = index()
    if ridges[i, j] > STRONG:
        return 2
    return 1 if ridges[i, j] > WEAK else 0


@kernel(boundary="clamp")
def spread(edges):
    i, j = index()
    if edges[i, j] == 1:
        for y in range(i - 1, i + 2):
            for x in range(j - 1, j + 2):
                if edges[y, x] == 2:
                    return 2
    return edges[i, j]


def make_inputs(n: int) -> Inputs:
    stream = uniforms(0x7F4A7C15, 4 * DISCS + n * n)
    x, y = np.arange(n), np.arange(n)[:, None]
    image = 110 + 40 * np.cos(0.003 * y) * np.sin(0.004 * x)
    bars = (x // 128 % 5 == 0) & between(y, 0.1, 0.9)
    image = np.where(bars, 230, image)
    bands = (y // 256 % 4 == 1) & between(x, 0.05, 0.95)
    image = np.where(bands, 0.4 * image + 20, image).astype(np.float32)
    paint_discs(image, stream[: 4 * DISCS], radius=(40, 220), level=(30, 200))
    return {"img": add_noise(image, stream[4 * DISCS :], 6)}


def between(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return which coordinates lie between two parts of the length of the axis."""
    return (x > int(low * x.size + 0.5)) & (x < int(high * x.size + 0.5))


def run(img: np.ndarray, n: int) -> np.ndarray:
    size, sector = find_gradient(blur(gk.array(img)))
    edges = classify(find_ridges(size, sector))
    for _ in range(SPREADS):
        edges = spread(edges)
    return edges.numpy()


def reference(img: np.ndarray, n: int) -> np.ndarray:
    size, sector = sectors_reference(blur_reference(img))
    p = np.pad(size, 1, mode="edge")
    one = np.choose(sector, (p[1:-1, 2:], p[:-2, 2:], p[2:, 1:-1], p[2:, 2:]))
    other = np.choose(sector, (p[1:-1, :-2], p[2:, :-2], p[:-2, 1:-1], p[:-2, :-2]))
    ridges = np.where((size >= one) & (size >= other), size, 0)
    edges = np.where(ridges > STRONG, 2, np.where(ridges > WEAK, 1, 0)).astype(np.uint8)
    for _ in range(SPREADS):
        strong = np.pad(edges == 2, 1, mode="edge")
        near = strong[:, :-2] | strong[:, 1:-1] | strong[:, 2:]
        near = near[:-2] | near[1:-1] | near[2:]
        edges = np.where((edges == 1) & near, 2, edges)
    return edges


def blur_reference(img: np.ndarray) -> np.ndarray:
    height, width = img.shape
    p = np.pad(img, 2, mode="edge")
    total = np.zeros_like(img)
    for r in range(5):
        for s in range(5):
            total += BINOMIAL[r] * BINOMIAL[s] * p[r : r + height, s : s + width]
    return total


def sectors_reference(img: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gx, gy = gradient_reference(img)
    across, down = np.abs(gx), np.abs(gy)
    steep = np.where(2 * across < down, 2, np.where(gx * gy < 0, 1, 3))
    return across + down, np.where(2 * down < across, 0, steep)


def checksum(edges: Any) -> float:
    return mean_weighted(np.asarray(edges) == 2)


ROW = Row(
    name="canny",
    summary="edges of an n x n picture",
    sizes={"quick": {"n": 256}, "bench": {"n": 1024}, "full": {"n": 2048}},
    checksums={"quick": 0.0273895263672, "bench": 0.0380744934082, "full": 0.0270261764526},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    exact=True,
)
