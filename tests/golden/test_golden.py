"""The emitted text of a few kernels, which also compiles where there is OpenGL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.runtime import device as devices

HERE = Path(__file__).parent
MATRIX = np.ones((3, 5), np.float32)
WIDE = np.ones((40, 24), np.float32)
WEIGHTS = np.arange(9, dtype=np.float32).reshape(3, 3)


@gk.kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


@gk.kernel(shape=(8,))
def early_return(n):
    target = index() * n
    for i in range(10):
        for j in range(i, 0, -2):
            if i * j == target:
                return i
            if i + j > 12:
                continue
            target -= 1
    return -1


def falloff(x, strength=2):
    if x < 0:
        return 0.0
    return x**strength / (1 + x)


@gk.kernel
def helper(a, input):
    i, j = index()
    return falloff(a[i, j]) + falloff(a[-1, j], 3) * input


@gk.kernel(boundary="clamp")
def stencil(a, weights):
    i, j = index()
    total = 0.0
    for y in range(3):
        for x in range(3):
            total += a[i + y - 1, j + x - 1] * weights[y, x]
    return total


@gk.kernel
def column(a, limit):
    i, j = index()
    total = 0.0
    k = i
    while k < a.shape[0] and total < limit:
        if a[k, j] > 0.5:
            total += a[k, j]
        k += 1
    return total


KERNELS: list[tuple[gk.Kernel, tuple[Any, ...]]] = [
    (matmul, (WIDE, WIDE.T)),
    (stencil, (WIDE, WEIGHTS)),
    (column, (MATRIX, 1.5)),
    (early_return, (3,)),
    (helper, (MATRIX, 0.5)),
]
every_kernel = pytest.mark.parametrize(
    "made, arguments", KERNELS, ids=[made.__name__ for made, _ in KERNELS]
)


@every_kernel
def test_text(made: gk.Kernel, arguments: tuple[Any, ...]) -> None:
    path = HERE / f"{made.__name__}.glsl"
    text = made.glsl(*arguments)
    if os.environ.get("GPUKERNEL_REGENERATE"):
        path.write_text(text)
    assert text == path.read_text(), "if the change is meant, set GPUKERNEL_REGENERATE=1"


@every_kernel
def test_compiles_and_agrees(
    made: gk.Kernel, arguments: tuple[Any, ...], gl: devices.Device
) -> None:
    on_gl, on_cpu = (made(*arguments, device=name).numpy() for name in ("gl", "cpu"))
    np.testing.assert_allclose(on_gl, on_cpu, rtol=1e-6)
