"""The naive kernels that are in no workload, each as a user would write it."""

from __future__ import annotations

from typing import Any

from gpukernel import index, kernel


def valid_conv2d(img, weights):
    i, j = index()
    total = 0.0
    for r in range(weights.shape[0]):
        for s in range(weights.shape[1]):
            total += img[i + r, j + s] * weights[r, s]
    return total


def valid_shape(img: Any, weights: Any) -> tuple[int, int]:
    return (img.shape[0] - weights.shape[0] + 1, img.shape[1] - weights.shape[1] + 1)


@kernel
def scale_and_add(a, b):
    i, j = index()
    return a[i, j] * 2.0 + b[i, j]


@kernel(boundary="clamp")
def blur_rows(img):
    i, j = index()
    total = 0.0
    for d in range(-8, 9):
        total += img[i, j + d]
    return total * (1.0 / 17.0)


@kernel(boundary="clamp")
def blur_columns(img):
    i, j = index()
    total = 0.0
    for d in range(-8, 9):
        total += img[i + d, j]
    return total * (1.0 / 17.0)


@kernel
def scaled(a, factor):
    i, j = index()
    return a[i, j] * factor
