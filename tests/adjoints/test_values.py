"""Adjoints of products, convolutions, stencils and sums have the values of finite differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.adjoint import adjoint
from tests.adjoints.checking import check_adjoint, numbers

# ---------------------------------------------------------------- products


@kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def matmul(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


@kernel(shape=lambda a, b: (a.shape[0], b.shape[0]))
def matmul_nt(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total = total + a[i, k] * b[j, k]
    return total


@kernel(shape=lambda a, b: (a.shape[1], b.shape[1]))
def matmul_tn(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[0]):
        total = a[k, i] * b[k, j] + total
    return total


@kernel(shape=lambda a, b: (a.shape[0], a.shape[1], b.shape[2]))
def matmul_batched(a, b):
    n, i, j = index()
    total = 0.0
    for k in range(a.shape[2]):
        total += a[n, i, k] * b[n, k, j]
    return total


@kernel(shape=lambda x, w, bias: (x.shape[0], w.shape[1]))
def dense(x, w, bias):
    i, j = index()
    total = 0.0
    for k in range(x.shape[1]):
        total += x[i, k] * w[k, j]
    return math.tanh(total + bias[j])


@kernel(shape=lambda x, w, bias: (x.shape[0], w.shape[1]))
def dense_relu(x, w, bias):
    i, j = index()
    total = bias[j]
    for k in range(x.shape[1]):
        total += x[i, k] * w[k, j]
    if total > 0.0:
        return total
    return 0.1 * total


@kernel(shape=lambda a, b: (a.shape[0], b.shape[0]))
def distances(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += (a[i, k] - b[j, k]) ** 2
    return total


@kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def exponentials(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += math.exp(0.25 * a[i, k] * b[k, j])
    return total


@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 1, 1), (7, 3, 2), (2, 9, 6)])
def test_matmul(device: str, sizes: tuple[int, int, int]) -> None:
    rows, inner, cols = sizes
    check_adjoint(matmul, {"a": numbers(rows, inner), "b": numbers(inner, cols)}, "a", "b")


def test_matmul_is_the_product_with_the_transposed(device: str) -> None:
    a, b = numbers(33, 17), numbers(17, 29)
    g = numbers(33, 29)
    given = [x.astype(np.float32) for x in (g, a, b)]
    np.testing.assert_allclose(adjoint(matmul, "a")(*given).numpy(), g @ b.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(adjoint(matmul, "b")(*given).numpy(), a.T @ g, rtol=1e-4, atol=1e-4)


def test_matmul_of_sizes_that_do_not_fit(device: str) -> None:
    check_adjoint(matmul, {"a": numbers(3, 4), "b": numbers(6, 5)}, "a", "b")
    check_adjoint(matmul, {"a": numbers(3, 6), "b": numbers(4, 5)}, "a", "b")


def test_transposed_and_batched_matmul(device: str) -> None:
    check_adjoint(matmul_nt, {"a": numbers(3, 5), "b": numbers(4, 5)}, "a", "b")
    check_adjoint(matmul_tn, {"a": numbers(5, 3), "b": numbers(5, 4)}, "a", "b")
    check_adjoint(matmul_batched, {"a": numbers(2, 3, 5), "b": numbers(2, 5, 4)}, "a", "b")


@pytest.mark.parametrize("layer", [dense, dense_relu], ids=["tanh", "relu"])
def test_dense_layers(device: str, layer: Any) -> None:
    args = {"x": 0.5 * numbers(5, 7), "w": 0.5 * numbers(7, 3), "bias": numbers(3)}
    check_adjoint(layer, args, "x", "w", "bias")


def test_terms_that_are_no_products(device: str) -> None:
    check_adjoint(distances, {"a": numbers(4, 3), "b": numbers(5, 3)}, "a", "b")
    check_adjoint(exponentials, {"a": numbers(4, 3), "b": numbers(3, 5)}, "a", "b")


# ---------------------------------------------------------------- convolutions


@kernel(shape=lambda x, w: (x.shape[0] - w.shape[0] + 1,))
def correlate1d(x, w):
    i = index()
    total = 0.0
    for u in range(w.shape[0]):
        total += x[i + u] * w[u]
    return total


@kernel(shape=lambda x, w: (x.shape[0] + w.shape[0] - 1,))
def convolve1d(x, w):
    i = index()
    total = 0.0
    for u in range(w.shape[0]):
        total += x[i - u] * w[u]
    return total


def strided(stride):
    @kernel(shape=lambda img, w: tuple(-(-n // stride) for n in img.shape))
    def conv(img, w):
        i, j = index()
        total = 0.0
        for u in range(w.shape[0]):
            for v in range(w.shape[1]):
                total += img[stride * i + u - 1, stride * j + v - 1] * w[u, v]
        return total

    return conv


@kernel(
    shape=lambda x, w: (x.shape[0], x.shape[1] // 2, x.shape[2] // 2, w.shape[3]),
)
def conv_nhwc(x, w):
    n, i, j, c = index()
    total = 0.0
    for u in range(w.shape[0]):
        for v in range(w.shape[1]):
            for k in range(w.shape[2]):
                total += x[n, 2 * i + u - 1, 2 * j + v - 1, k] * w[u, v, k, c]
    return max(total, 0.0)


@kernel(shape=lambda x, w: (x.shape[0] - 2 * (w.shape[0] - 1),))
def dilated(x, w):
    i = index()
    total = 0.0
    for u in range(w.shape[0]):
        total += x[i + 2 * u] * w[u]
    return total


@kernel(shape=lambda x: (x.shape[0] // 2, x.shape[1] // 2))
def average_pool(x):
    i, j = index()
    total = 0.0
    for u in range(2):
        for v in range(2):
            total += x[2 * i + u, 2 * j + v]
    return total / 4.0


@kernel(shape=lambda x: (2 * x.shape[0], 3 * x.shape[1]))
def upsample(x):
    i, j = index()
    return x[i // 2, j // 3]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_one_axis(device: str, size: int) -> None:
    args = {"x": numbers(size + 4), "w": numbers(size)}
    check_adjoint(correlate1d, args, "x", "w")
    check_adjoint(convolve1d, args, "x", "w")


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_two_axes(device: str, stride: int) -> None:
    check_adjoint(strided(stride), {"img": numbers(7, 8), "w": numbers(3, 2)}, "img", "w")


def test_channels(device: str) -> None:
    check_adjoint(conv_nhwc, {"x": numbers(2, 4, 5, 2), "w": numbers(3, 3, 2, 1)}, "x", "w")


def test_dilation_pooling_and_enlarging(device: str) -> None:
    check_adjoint(dilated, {"x": numbers(9), "w": numbers(3)}, "x", "w")
    check_adjoint(average_pool, {"x": numbers(5, 7)}, "x")
    check_adjoint(upsample, {"x": numbers(3, 4)}, "x")


# ---------------------------------------------------------------- stencils and elementwise


@kernel
def heat(a, rate):
    i, j = index()
    around = a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1]
    return a[i, j] + rate * (around - 4.0 * a[i, j])


@kernel
def heat_inside(a):
    i, j = index()
    h, w = a.shape
    if i == 0 or j == 0 or i == h - 1 or j == w - 1:
        return a[i, j]
    total = 0.0
    for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        total += a[i + di, j + dj] * a[i, j]
    return 0.25 * total


@kernel
def square_root(a, b):
    return (a[index()] ** 2 + b[index()] * b[index()] + 1.0) ** 0.5 / (2.0 + math.cos(b[index()]))


@kernel(shape=lambda a, bias: (a.shape[1], a.shape[0]))
def transposed(a, bias):
    i, j = index()
    return a[j, i] * bias[j]


@kernel(shape=lambda a: a.shape[:1])
def row_sums(a):
    i = index()
    total, squares = 0.0, 0.0
    for k in range(a.shape[1]):
        total += a[i, k]
        squares += a[i, k] * a[i, k]
    return total / (1.0 + squares)


@kernel
def softmax(a):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += math.exp(a[i, k])
    return math.exp(a[i, j]) / total


@kernel
def reversed_and_diagonal(a):
    i, j = index()
    n = a.shape[0]
    return a[n - 1 - i, j] * a[i, i] + a[-1, j] - a[0, 1]


@kernel
def triangular(a):
    i = index()
    total = 0.0
    for k in range(i + 1):
        total += a[k] * a[i]
    return total


@kernel(shape=lambda a: a.shape[:1])
def downwards(a):
    i = index()
    total = 0.0
    for k in range(a.shape[1] - 1, 0, -2):
        total -= a[i, k] * (k + 1)
    return total


@kernel
def sorted_three(a):
    i = index()
    values = [a[i - 1], a[i], a[i + 1]]
    for n in range(3):
        values[n] = values[n] * (n + 1)
    return max(values[0], values[1]) * values[2]


@kernel
def horner(a, c):
    i = index()
    total = 0.0
    for n in range(4):
        total = total * a[i] + c[n]
    return total


@kernel
def both(a, b):
    i = index()
    return a[i] * b[i], a[i + 1] - b[i]


@kernel
def vectors(a):
    i = index()
    return gk.vec2(a[i], a[i] * a[i + 1])


@kernel(shape=lambda a: a.shape[:1])
def skipping(a):
    i = index()
    total = 0.0
    for k in range(a.shape[1]):
        if k == i:
            continue
        if k > 2:
            total += a[i, k]
        else:
            total -= a[i, k] * a[i, k]
    return total


@kernel(shape=lambda a: a.shape[:1])
def nested(a):
    i = index()
    total = 0.0
    for k in range(a.shape[1]):
        inner = 0.0
        for m in range(k + 1):
            inner += a[i, m]
        total += inner * inner
    return total


def mean_of(values):
    total = 0.0
    for n in range(len(values)):
        total += values[n]
    return total / len(values)


def around(image, i, j):
    values = [image[i, j]] * 4
    values[1] = image[i + 1, j]
    values[2], values[3] = image[i, j + 1], image[i + 1, j + 1]
    return mean_of(values)


@kernel
def helped(a, bias=0.5):
    i, j = index()
    return around(a, i, j) * a[i, j] + bias


@kernel(shape=lambda points, direction: (points.shape[0],))
def lit(points, direction):
    i = index()
    p = gk.vec3(points[i, 0], points[i, 1], points[i, 2])
    return max(gk.dot(gk.normalize(p), direction), 0.0)


@kernel
def counted(a):
    i = index()
    return a[i] * a[i - 1], i


CASES = [
    (helped, {"a": numbers(4, 3), "bias": 0.25}, ("a", "bias")),
    (lit, {"points": numbers(5, 3), "direction": gk.vec3(0.5, 0.5, 1.0)}, ("points",)),
    (counted, {"a": numbers(4)}, ("a",)),
    (heat, {"a": numbers(5, 6), "rate": 0.25}, ("a", "rate")),
    (heat_inside, {"a": numbers(5, 6)}, ("a",)),
    (square_root, {"a": numbers(3, 5), "b": numbers(3, 5)}, ("a", "b")),
    (transposed, {"a": numbers(3, 5), "bias": numbers(3)}, ("a", "bias")),
    (row_sums, {"a": numbers(4, 5)}, ("a",)),
    (softmax, {"a": numbers(4, 5)}, ("a",)),
    (reversed_and_diagonal, {"a": numbers(5, 5)}, ("a",)),
    (triangular, {"a": numbers(7)}, ("a",)),
    (downwards, {"a": numbers(3, 8)}, ("a",)),
    (sorted_three, {"a": numbers(9)}, ("a",)),
    (horner, {"a": numbers(6), "c": numbers(4)}, ("a", "c")),
    (both, {"a": numbers(6), "b": numbers(6)}, ("a", "b")),
    (vectors, {"a": numbers(6)}, ("a",)),
    (skipping, {"a": numbers(5, 7)}, ("a",)),
    (nested, {"a": numbers(3, 5)}, ("a",)),
]


@pytest.mark.parametrize(("made", "args", "names"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_kernels(device: str, made: Any, args: dict[str, Any], names: tuple[str, ...]) -> None:
    check_adjoint(made, args, *names)
