"""matmul: the product of two n x n matrices, one pass.  Both are uploaded, the product is read."""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel


@kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def multiply(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def make_inputs(n: int) -> Inputs:
    a, b = (uniforms(seed, n * n) - 0.5 for seed in (0x9E3779B9, 0x85EBCA6B))
    return {"a": a.astype(np.float32).reshape(n, n), "b": b.astype(np.float32).reshape(n, n)}


def run(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    return multiply(gk.array(a), gk.array(b)).numpy()


def reference(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    total = np.zeros((n, n), np.float32)
    for k in range(n):
        total += a[:, k, None] * b[k]
    return total


ROW = Row(
    name="matmul",
    summary="product of two n x n matrices",
    sizes={"quick": {"n": 64}, "bench": {"n": 512}, "full": {"n": 1024}},
    checksums={"quick": 0.0404864989238, "bench": -0.034839477425, "full": 0.00466963519036},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
)
