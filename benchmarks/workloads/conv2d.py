"""A 5 x 5 convolution of an n x n picture; pixels beyond the border are zero."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload
from gpukernel import index


def conv2d(img, weights):
    i, j = index()
    total = 0.0
    for r in range(weights.shape[0]):
        for s in range(weights.shape[1]):
            y = i + r - weights.shape[0] // 2
            x = j + s - weights.shape[1] // 2
            total += img[y, x] * weights[r, s]
    return total


def make_arguments(size: int) -> Arguments:
    random = np.random.default_rng(0)
    return (
        random.random((size, size), dtype=np.float32),
        random.standard_normal((5, 5), dtype=np.float32),
    )


def reference(img: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum shifted copies of the picture: the usual way without a library for it."""
    rows, cols = weights.shape
    height, width = img.shape
    padded = np.pad(img, ((rows // 2, rows // 2), (cols // 2, cols // 2)))
    total = np.zeros_like(img)
    for r in range(rows):
        for s in range(cols):
            total += padded[r : r + height, s : s + width] * weights[r, s]
    return total


CONV2D = Workload(
    name="conv2d",
    summary="5 x 5 convolution of n x n (NumPy: shifted sums)",
    function=conv2d,
    shape=None,
    make_arguments=make_arguments,
    reference=reference,
    sizes=(256, 512, 1024),
    relative=1e-4,
    absolute=1e-4,
)
