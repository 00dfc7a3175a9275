"""``a * b + sin(a)``: one multiply, one add and one sine a cell."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload
from gpukernel import index


def elementwise(a, b):
    i, j = index()
    return a[i, j] * b[i, j] + math.sin(a[i, j])


def make_arguments(size: int) -> Arguments:
    random = np.random.default_rng(0)
    return tuple(random.standard_normal((size, size), dtype=np.float32) for _ in range(2))


def reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a * b + np.sin(a))


ELEMENTWISE = Workload(
    name="elementwise",
    summary="a * b + sin(a), n x n",
    function=elementwise,
    shape=None,
    make_arguments=make_arguments,
    reference=reference,
    sizes=(512, 1024, 2048),
)
