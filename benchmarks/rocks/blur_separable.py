"""blur-separable: the mean of 17 x 17 pixels, clamped at the border: rows first, then columns.

The image is uploaded, the blurred one is read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel(boundary="clamp")
def blur_rows(img):
    y, x = index()
    total = 0.0
    for d in range(-8, 9):
        total += img[y, x + d]
    return total / 17.0


@kernel(boundary="clamp")
def blur_columns(img):
    y, x = index()
    total = 0.0
    for d in range(-8, 9):
        total += img[y + d, x]
    return total / 17.0


def make_inputs(width: int, height: int) -> Inputs:
    u = uniforms(0x6C078965, width * height)
    return {"img": u.astype(np.float32).reshape(height, width)}


def run(img: np.ndarray, width: int, height: int) -> np.ndarray:
    return blur_columns(blur_rows(gk.array(img))).numpy()


def reference(img: np.ndarray, width: int, height: int) -> np.ndarray:
    padded = np.pad(img, ((0, 0), (8, 8)), mode="edge")
    rows = np.zeros_like(img)
    for d in range(17):
        rows += padded[:, d : d + width]
    padded = np.pad(rows / np.float32(17), ((8, 8), (0, 0)), mode="edge")
    columns = np.zeros_like(img)
    for d in range(17):
        columns += padded[d : d + height]
    return columns / np.float32(17)


ROW = Row(
    name="blur-separable",
    summary="mean of 17 x 17 pixels in two passes",
    sizes={
        "quick": {"width": 128, "height": 96},
        "bench": {"width": 1024, "height": 1024},
        "full": {"width": 3072, "height": 3072},
    },
    checksums={"quick": 4.52917315237, "bench": 4.50327301531, "full": 4.49896393414},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
