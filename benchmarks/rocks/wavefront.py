"""wavefront: local alignment of two sequences of n letters, one small pass for each diagonal.

The cells of a diagonal depend on the two diagonals before.  The sequences stay; the weighted sum
of the scores of every letter is read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import draws
from benchmarks.rocks.row import Inputs, Row, weighted_sum
from gpukernel import index, kernel


@kernel
def align(first, second, before, last, totals, diagonal):
    i = index()
    j = diagonal - i
    if j < 0 or j >= len(second):
        return 0, totals[i]
    match = 2 if first[i] == second[j] else -1
    score = max(0, before[i - 1] + match, last[i - 1] - 1, last[i] - 1)
    return score, totals[i] + score * (1 + (2 * i + j) % 7)


def make_inputs(n: int) -> Inputs:
    letters = (draws(0x27D4EB2F, 2 * n) >> 30).astype(np.int32)
    return {"first": letters[:n], "second": letters[n:]}


def run(first: gk.Array, second: gk.Array, n: int) -> np.ndarray:
    before, last, totals = (gk.zeros(n, dtype="int32") for _ in range(3))
    for diagonal in range(2 * n - 1):
        score, totals = align(first, second, before, last, totals, diagonal)
        before, last = last, score
    return totals.numpy()


def reference(first: np.ndarray, second: np.ndarray, n: int) -> np.ndarray:
    # Scores are kept at i + 1, so that there is a zero before the first.
    before, last = np.zeros(n + 1, np.int32), np.zeros(n + 1, np.int32)
    totals = np.zeros(n, np.int32)
    for diagonal in range(2 * n - 1):
        low, high = max(0, diagonal - n + 1), min(n, diagonal + 1)
        i = np.arange(low, high, dtype=np.int32)
        j = diagonal - i
        match = np.where(first[low:high] == second[j], 2, -1)
        gap = np.maximum(last[low:high], last[low + 1 : high + 1]) - 1
        score = np.zeros(n + 1, np.int32)
        score[low + 1 : high + 1] = np.maximum(0, np.maximum(before[low:high] + match, gap))
        totals[low:high] += score[low + 1 : high + 1] * (1 + (2 * i + j) % 7)
        before, last = last, score
    return totals


def checksum(totals: np.ndarray) -> float:
    # At full size totals exceed 2**24; what is expected was computed from them as float32.
    return weighted_sum(totals.astype(np.float32), 13) / totals.size


ROW = Row(
    name="wavefront",
    summary="alignment of two sequences of n letters",
    sizes={"quick": {"n": 128}, "bench": {"n": 2048}, "full": {"n": 6144}},
    checksums={"quick": 111546.734375, "bench": 30769031.7456, "full": 281205483.836},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    exact=True,
    resident=("first", "second"),
)
