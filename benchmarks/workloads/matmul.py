"""The naive matrix product, one dot product a cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload
from gpukernel import index


def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def result_shape(a: Any, b: Any) -> tuple[int, ...]:
    return (a.shape[0], b.shape[1])


def make_arguments(size: int) -> Arguments:
    random = np.random.default_rng(0)
    return tuple(random.standard_normal((size, size), dtype=np.float32) for _ in range(2))


def reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a @ b)


MATMUL = Workload(
    name="matmul",
    summary="n x n matrix product (NumPy: BLAS)",
    function=matmul,
    shape=result_shape,
    make_arguments=make_arguments,
    reference=reference,
    sizes=(128, 256, 512),
    relative=1e-4,
    absolute=1e-3,
)
