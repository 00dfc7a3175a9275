"""residency: edges at ten distances taken out of an image, three passes each.

For every distance d: the Laplacian of the source image at distance d, 0 in the border of width d;
the sum of its sizes over 3 x 3 pixels, 0 on the outermost ring; the image so far plus the
Laplacian where that sum is small.  The image is uploaded, the result is read, and all that is
between stays on the device.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.pictures import add_noise, paint_discs
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row, weighted_sum
from gpukernel import index, kernel

DISTANCES = range(1, 11)
DISCS = 16


def is_inside(y, x, shape, border):
    return border <= y < shape[0] - border and border <= x < shape[1] - border


@kernel
def laplacian(img, d):
    y, x = index()
    if not is_inside(y, x, img.shape, d):
        return 0.0
    around = img[y - d, x] + img[y + d, x] + img[y, x - d] + img[y, x + d]
    return 4.0 * img[y, x] - around


@kernel
def activity(edges):
    y, x = index()
    if not is_inside(y, x, edges.shape, 1):
        return 0.0
    total = 0.0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            total += abs(edges[y + dy, x + dx])
    return total


@kernel
def enhance(img, edges, active):
    y, x = index()
    gain = max(0.0, 1024.0 - active[y, x]) / 2048.0
    return gk.clamp(img[y, x] + edges[y, x] * gain, 0.0, 255.0)


def make_inputs(width: int, height: int) -> Inputs:
    u = uniforms(0x5BD1E995, 4 * DISCS + width * height)
    x, y = np.arange(width), np.arange(height)
    image = 120 + 50 * np.cos(0.007 * y)[:, None] * np.sin(0.011 * x)
    image[:, x // 64 % 5 == 0] = 210
    dark = y // 128 % 4 == 1
    image[dark] = 0.5 * image[dark] + 20
    image = image.astype(np.float32)
    paint_discs(image, u[: 4 * DISCS], radius=(20, 130), level=(20, 210))
    return {"img": add_noise(image, u[4 * DISCS :], 8)}


def run(img: np.ndarray, width: int, height: int) -> np.ndarray:
    source = gk.array(img)
    result = source
    for d in DISTANCES:
        edges = laplacian(source, d)
        result = enhance(result, edges, activity(edges))
    return result.numpy()


def reference(img: np.ndarray, width: int, height: int) -> np.ndarray:
    result = img
    for d in DISTANCES:
        edges = np.zeros_like(img)
        edges[d:-d, d:-d] = (
            4 * img[d:-d, d:-d]
            - (img[: -2 * d, d:-d] + img[2 * d :, d:-d])
            - (img[d:-d, : -2 * d] + img[d:-d, 2 * d :])
        )
        sizes = np.abs(edges)
        active = np.zeros_like(img)
        for dy in range(3):
            for dx in range(3):
                active[1:-1, 1:-1] += sizes[dy : height - 2 + dy, dx : width - 2 + dx]
        gain = np.maximum(0, 1024 - active) / 2048
        result = np.clip(result + edges * gain, 0, 255)
    return result


def checksum(result: np.ndarray) -> float:
    return weighted_sum(result.astype(np.float64) ** 2) / result.size


ROW = Row(
    name="residency",
    summary="edges of an image at ten distances: 30 passes, one upload, one read",
    sizes={
        "quick": {"width": 128, "height": 96},
        "bench": {"width": 512, "height": 512},
        "full": {"width": 1536, "height": 1536},
    },
    checksums={"quick": 110013.122992, "bench": 228391.383323, "full": 191836.913377},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    exact=True,
)
