"""bitonic-sort: n = 2**log numbers in ascending order, by log * (log + 1) / 2 passes.

In the pass (k, j) each slot is compared with the one whose position differs in the bit j, and the
bit k says whether this part becomes ascending (K. E. Batcher, Sorting networks, 1968).  The
numbers are uploaded, n are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel
def exchange(a, j, k):
    i = index()
    mine = a[i]
    theirs = a[i ^ j]
    low = (i & j) == 0
    ascending = (i & k) == 0
    return min(mine, theirs) if low == ascending else max(mine, theirs)


def make_inputs(log: int) -> Inputs:
    return {"keys": uniforms(0x27D4EB2F, 2**log).astype(np.float32)}


def run(keys: np.ndarray, log: int) -> np.ndarray:
    now = gk.array(keys)
    spare = gk.empty(len(keys))
    k = 2
    while k <= len(keys):
        j = k // 2
        while j > 0:
            now, spare = exchange(now, j, k, out=spare), now
            j //= 2
        k *= 2
    return now.numpy()


def reference(keys: np.ndarray, log: int) -> np.ndarray:
    now = keys.copy()
    k = 2
    while k <= len(keys):
        j = k // 2
        while j > 0:
            pairs = now.reshape(-1, k // (2 * j), 2, j)
            first, second = pairs[:, :, 0], pairs[:, :, 1]
            smaller, larger = np.minimum(first, second), np.maximum(first, second)
            first[0::2], second[0::2] = smaller[0::2], larger[0::2]
            first[1::2], second[1::2] = larger[1::2], smaller[1::2]
            j //= 2
        k *= 2
    return now


def checksum(result: np.ndarray) -> float:
    """Return the mean of all values, weighted by position, plus the number of descents."""
    n = result.size
    weighted = (result.astype(np.float64) * (1 + np.arange(n) / n)).sum() / n
    return float(weighted + np.count_nonzero(result[1:] < result[:-1]))


ROW = Row(
    name="bitonic-sort",
    summary="2**log numbers sorted by a bitonic network, one pass a step",
    sizes={"quick": {"log": 10}, "bench": {"log": 18}, "full": {"log": 22}},
    checksums={"quick": 0.833187821437, "bench": 0.832616710263, "full": 0.833170506346},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    exact=True,
)
