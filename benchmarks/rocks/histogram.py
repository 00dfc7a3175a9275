"""histogram: how often the gradient of a periodic n x n image points each of 256 ways.

Three passes: the bin of every pixel, the counts of every image row, their sums.  The image is
uploaded, 256 counts are read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from benchmarks.rocks.stencils import wrapped
from gpukernel import index, kernel

BINS = 256


@kernel(boundary="wrap")
def orientations(img):
    y, x = index()
    gx = img[y, x + 1] - img[y, x - 1]
    gy = img[y + 1, x] - img[y - 1, x]
    turn = (math.atan2(gy, gx) + math.pi) / (2 * math.pi)
    return math.floor(turn * BINS) % BINS


@kernel(shape=lambda bins: (bins.shape[0], BINS))
def count_rows(bins):
    y, wanted = index()
    count = 0
    for x in range(bins.shape[1]):
        if bins[y, x] == wanted:
            count += 1
    return count


@kernel(shape=BINS)
def add_rows(counts):
    wanted = index()
    total = 0
    for y in range(counts.shape[0]):
        total += counts[y, wanted]
    return total


def make_inputs(n: int) -> Inputs:
    return {"img": uniforms(0xC2B2AE35, n * n).astype(np.float32).reshape(n, n)}


def run(img: np.ndarray, n: int) -> np.ndarray:
    return add_rows(count_rows(orientations(gk.array(img)))).numpy()


def reference(img: np.ndarray, n: int) -> np.ndarray:
    bins = find_bins(img)
    rows = np.stack([np.count_nonzero(bins == wanted, axis=1) for wanted in range(BINS)])
    return rows.sum(axis=1)


def find_bins(img: np.ndarray) -> np.ndarray:
    gx = wrapped(img, 0, 1) - wrapped(img, 0, -1)
    gy = wrapped(img, 1, 0) - wrapped(img, -1, 0)
    turns = (np.arctan2(gy, gx) + np.float32(np.pi)) / np.float32(2 * np.pi)
    return (turns * BINS).astype(np.int32) % BINS


def checksum(result: np.ndarray) -> float:
    """Return a sum with smooth weights: rounding moves a few pixels to the next bin."""
    weights = 1 + np.arange(BINS) / BINS
    return float((result * weights).sum() / result.sum())


ROW = Row(
    name="histogram",
    summary="256-bin histogram of the gradient orientation of an n x n image",
    sizes={"quick": {"n": 128}, "bench": {"n": 1024}, "full": {"n": 3072}},
    checksums={"quick": 1.50237941742, "bench": 1.4983037971, "full": 1.49812680441},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
)
