"""What an `Adjoint` is beside its values: text, shapes, devices, debug, and ``@k.vjp``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.adjoint import adjoint
from gpukernel.errors import KernelTypeError
from tests.adjoints.checking import check_adjoint, numbers


@kernel(shape=lambda a, b, bias: (a.shape[0], b.shape[1]))
def dense(a, b, bias):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return math.tanh(total + bias[j])


DENSE = (np.ones((4, 3), np.float32), np.ones((3, 2), np.float32), np.ones(2, np.float32))
G = np.ones((4, 2), np.float32)


def test_text() -> None:
    assert adjoint(dense, "b").text(G, *DENSE) == (
        "@kernel(shape=lambda g, a, b, bias: (g.shape[0], g.shape[1],))\n"
        "def dense_cotangent(g, a, b, bias):\n"
        "    i, j = index()\n"
        "    total = 0.0\n"
        "    for k in range(a.shape[1]):\n"
        "        total += a[i, k] * b[k, j]\n"
        "    value = math.tanh(total + bias[j])\n"
        "    return g[i, j] * (1.0 - value * value)\n"
        "\n\n"
        "@kernel(shape=lambda g, cotangent, a, b, bias: b.shape)\n"
        "def dense_gradient_b(g, cotangent, a, b, bias):\n"
        "    p, q = index()\n"
        "    total = 0.0\n"
        "    for i in range(g.shape[0]):\n"
        "        total += cotangent[i, q] * a[i, p]\n"
        "    return total\n"
    )


@kernel(shape=lambda img, w: (img.shape[0] // 2, img.shape[1] // 2))
def conv(img, w):
    i, j = index()
    total = 0.0
    for u in range(w.shape[0]):
        for v in range(w.shape[1]):
            total += img[2 * i + u, 2 * j + v] * w[u, v]
    return total


def test_text_of_strides() -> None:
    img, w = np.ones((6, 8), np.float32), np.ones((3, 3), np.float32)
    assert adjoint(conv, "img").text(np.ones((3, 4), np.float32), img, w) == (
        "@kernel(shape=lambda g, img, w: img.shape)\n"
        "def conv_gradient_img(g, img, w):\n"
        "    p, q = index()\n"
        "    total = 0.0\n"
        "    for u in range(p % 2, w.shape[0], 2):\n"
        "        i = (p - u) // 2\n"
        "        for v in range(q % 2, w.shape[1], 2):\n"
        "            j = (q - v) // 2\n"
        "            total += g[i, j] * w[u, v]\n"
        "    return total\n"
    )


def test_an_adjoint_is_made_once() -> None:
    assert adjoint(dense, "a") is adjoint(dense, "a")
    assert adjoint(dense, "a") is not adjoint(dense, "b")
    assert repr(adjoint(dense, "a")) == "<adjoint of dense with respect to a>"


def test_a_second_call_compiles_nothing(device: str) -> None:
    adjoint(dense, "a")(G, *DENSE)
    before = gk.memory().compiles
    adjoint(dense, "a")(2.0 * G, *(2.0 * array for array in DENSE))
    assert gk.memory().compiles == before


def test_keywords_and_the_device_of_the_call(gl: Any) -> None:
    a, b, bias = DENSE
    found = adjoint(dense, "bias")(G, a, b=b, bias=bias, device="cpu")
    assert found.device == "cpu"
    assert adjoint(dense, "bias")(G, a, b=b, bias=bias, device="gl").device == "gl"


def test_other_shapes_than_the_rule(device: str) -> None:
    @kernel
    def first(a):
        return a[index()] ** 2

    a = np.arange(1, 6, dtype=np.float32)
    found = adjoint(first, "a")(np.ones(3, np.float32), a, shape=3)
    assert found.tolist() == [2, 4, 6, 0, 0]


def test_arguments_that_are_not_read_have_a_gradient_of_zero(device: str) -> None:
    @kernel(shape=lambda a, b: (a.shape[0],))
    def squared(a, b):
        return b[index()] ** 2 + a.shape[0]

    a, b = np.ones((3, 2), np.float32), np.ones(3, np.float32)
    assert adjoint(squared, "a")(b, a, b).tolist() == [[0, 0], [0, 0], [0, 0]]


def test_ints_and_comparisons_count_as_constant(device: str) -> None:
    @kernel
    def stepped(a):
        x = a[index()]
        return x * (x > 0.0) + float(int(x)) + float(math.floor(x))

    a = np.array([-1.5, 0.5, 2.5], np.float32)
    assert adjoint(stepped, "a")(np.ones(3, np.float32), a).tolist() == [0, 1, 1]


def test_a_table_is_interpolated(device: str) -> None:
    @kernel
    def interpolated(x, table):
        place = x[index()]
        k = int(place)
        return table[k] * (k + 1 - place) + table[k + 1] * (place - k)

    args = {"x": np.array([0.25, 2.75, 1.5]), "table": numbers(5)}
    check_adjoint(interpolated, args, "x")


def test_parameters_with_the_names_of_functions(device: str) -> None:
    @kernel
    def odd(p, max, g, total, range):
        i = index()
        found = 0.0
        for sum in range_of(3):
            found += p[i + sum] * g[sum] * max
        return found + total[i] * range[i]

    args = {"p": numbers(4), "max": 2.0, "g": numbers(3), "total": numbers(4), "range": numbers(4)}
    check_adjoint(odd, args, *args)


range_of = range


def test_debug_kernels(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUKERNEL_DEBUG", "1")

    @kernel(shape=lambda a: (a.shape[0] - 2,), debug=True)
    def checked(a):
        i = index()
        assert i >= 0
        return a[i + 2] - a[i]

    g, a = np.array([1.0, 10.0, 100.0], np.float32), np.zeros(5, np.float32)
    assert adjoint(checked, "a")(g, a).tolist() == [-1, -10, -99, 10, 100]


def test_empty_arrays(device: str) -> None:
    a, b, bias = np.ones((4, 0)), np.ones((0, 2)), np.ones(2)
    assert adjoint(dense, "a")(G, a, b, bias).shape == (4, 0)
    assert adjoint(dense, "bias")(G[:0], a[:0], b, bias).tolist() == [0, 0]


def test_float16_arrays_have_float32_gradients(device: str) -> None:
    @kernel
    def squared(a):
        return a[index()] ** 2

    a = np.array([1.0, -2.0], np.float16)
    found = adjoint(squared, "a")(np.ones(2, np.float32), a)
    assert found.dtype == np.float32
    assert found.tolist() == [2, -4]


def test_adjoints_have_adjoints(device: str) -> None:
    """The kernels that are made are such that they can be differentiated again."""
    a, b, bias = (0.5 * numbers(*array.shape) for array in DENSE)
    save, gather, captured = adjoint(dense, "a").kernels(G, *DENSE)
    assert save is not None
    assert captured == ()
    args = {"g": numbers(4, 2), "cotangent": numbers(4, 2), "a": a, "b": b, "bias": bias}
    check_adjoint(gather, args, "cotangent", "b")
    del args["cotangent"]
    check_adjoint(save, args, "g", "a", "b", "bias")


def test_vjp_keeps_the_function() -> None:
    @kernel
    def doubled(a):
        return 2.0 * a[index()]

    assert doubled._vjp is None

    @doubled.vjp
    def doubled_vjp(g, a):
        return doubled(g)

    assert doubled._vjp is doubled_vjp
    assert doubled_vjp(np.ones(2), np.ones(2)).tolist() == [2, 2]
    with pytest.raises(KernelTypeError, match="@doubled.vjp needs a function, not a int"):
        doubled.vjp(3)  # type: ignore[type-var]
