"""The sum of every row of an n x n array, one cell a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload
from gpukernel import index


def sum_rows(a):
    i = index()
    total = 0.0
    for j in range(a.shape[1]):
        total += a[i, j]
    return total


def result_shape(a: Any) -> tuple[int, ...]:
    return (a.shape[0],)


def make_arguments(size: int) -> Arguments:
    return (np.random.default_rng(0).random((size, size), dtype=np.float32),)


def reference(a: np.ndarray) -> np.ndarray:
    return np.asarray(a.sum(axis=1))


SUM_ROWS = Workload(
    name="sum_rows",
    summary="the sum of every row, n x n",
    function=sum_rows,
    shape=result_shape,
    make_arguments=make_arguments,
    reference=reference,
    sizes=(512, 1024, 2048),
    relative=2e-4,  # one float32 sum from left to right; NumPy sums in pairs
)
