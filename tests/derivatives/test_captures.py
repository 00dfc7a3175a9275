"""Derivatives read what their functions capture where it is, at each launch."""

from __future__ import annotations

import gc
import math
import types
import weakref
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.derivative import derivative_text, partial
from gpukernel.frontend.text_function import function_from_text

SCALE = 2.0
PAIR = (2.0, 3.0)
SIZE = 3
SETTINGS = types.SimpleNamespace(rate=4.0)
TABLE = np.array([1.0, 2.0, 4.0], np.float32)


def helper(x):
    return SCALE * x * x


def scaled(x):
    return SCALE * x


def with_helper(x):
    return helper(x) + x


def with_settings(x):
    return SETTINGS.rate * x + PAIR[1] * x + PAIR[0]


def sized(x):
    xs = [x] * SIZE
    return sum(xs)


def looked_up(x, i):
    return TABLE[i] * x + TABLE[-1] * len(TABLE)


def test_a_rebound_global_is_seen(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    plain = partial(scaled, 0)
    compiled = gk.vectorize(plain)
    assert (plain(1.0), compiled(1.0)) == (2.0, 2.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert (plain(1.0), compiled(1.0)) == (5.0, 5.0)
    assert partial(scaled, 0) is plain


def test_a_global_of_another_function(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    plain = partial(with_helper, 0)
    compiled = gk.vectorize(plain)
    assert (plain(1.0), compiled(1.0)) == (5.0, 5.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert (plain(1.0), compiled(1.0)) == (11.0, 11.0)
    second = gk.vectorize(partial(plain, 0))
    assert second(3.0) == 10.0


def test_a_rebound_variable_of_an_enclosing_function(device: str) -> None:
    scale = 2.0

    def inner(x):
        return scale * x * x

    plain = partial(inner, 0)
    compiled = gk.vectorize(plain)
    assert (plain(3.0), compiled(3.0)) == (12.0, 12.0)
    scale = 10.0
    assert (plain(3.0), compiled(3.0)) == (60.0, 60.0)
    second = partial(plain, 0)
    assert (second(3.0), gk.vectorize(second)(3.0)) == (20.0, 20.0)
    scale = 1.0
    assert (second(3.0), gk.vectorize(second)(3.0)) == (2.0, 2.0)


def test_attributes_and_tuples(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    plain = partial(with_settings, 0)
    compiled = gk.vectorize(plain)
    assert (plain(1.0), compiled(1.0)) == (7.0, 7.0)
    monkeypatch.setattr(SETTINGS, "rate", 0.5)
    monkeypatch.setitem(globals(), "PAIR", (1.0, 1.0))
    assert (plain(1.0), compiled(1.0)) == (1.5, 1.5)


def test_a_number_that_was_compiled_in_makes_another_derivative(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    first = partial(sized, 0)
    assert first(2.0) == 3.0
    monkeypatch.setitem(globals(), "SIZE", 5)
    second = partial(sized, 0)
    assert second is not first
    assert (second(2.0), gk.vectorize(second)(2.0)) == (5.0, 5.0)


def test_a_rebound_helper_makes_another_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    first = partial(with_helper, 0)

    def other(x):
        return 7.0 * x

    monkeypatch.setitem(globals(), "helper", other)
    second = partial(with_helper, 0)
    assert second is not first
    assert second(1.0) == 8.0


def test_captured_arrays(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    plain = partial(looked_up, 0, {1: int})
    compiled = gk.vectorize(plain)
    assert compiled(np.ones(3, np.float32), np.arange(3)).tolist() == [1.0, 2.0, 4.0]
    assert plain(1.0, 1) == 2.0
    monkeypatch.setitem(globals(), "TABLE", np.array([5.0, 6.0], np.float32))
    assert compiled(np.ones(3, np.float32), np.arange(3)).tolist() == [5.0, 6.0, 0.0]


def test_a_kernel_may_call_a_derivative(device: str) -> None:
    def potential(x, k):
        return SCALE * math.cos(k * x)

    slope = partial(potential, 0)
    curvature = partial(slope, 0)

    @gk.kernel
    def force(a, k):
        x = a[gk.index()]
        return -slope(x, k) + 0.0 * curvature(x, k=k)

    x = np.linspace(-1, 1, 7, dtype=np.float32)
    np.testing.assert_allclose(force(x, 3.0), 6.0 * np.sin(3.0 * x), rtol=1e-5, atol=1e-6)


def test_functions_that_are_made_and_dropped_go_away() -> None:
    names: dict[str, Any] = {}
    function = function_from_text("def f(x):\n    return x * x\n", "f", names, "dropped")
    derivative = partial(function, 0)
    assert derivative(3.0) == 6.0
    watch = weakref.ref(function)
    del function, derivative
    names.clear()
    gc.collect()
    assert watch() is None


def test_a_vectorized_function_is_its_plain_one(device: str) -> None:
    @gk.vectorize
    def swish(x):
        return x / (1.0 + math.exp(-x))

    assert partial(swish, 0) is partial(swish.py_func, 0)
    assert swish.py_func.__name__ == "swish"
    assert abs(gk.vectorize(partial(swish, 0))(0.0) - 0.5) < 1e-6


def test_defaults_and_kinds_of_parameters_are_kept(device: str) -> None:
    def shaped(x, a=2.0, *, n: int = 3, flag: bool = True):
        return a * x**n if flag else x

    derivative = partial(shaped, 0, {2: int, 3: bool})
    assert derivative(2.0) == 24.0
    assert derivative(2.0, 1.0, n=2, flag=False) == 1.0
    compiled = gk.vectorize(derivative)
    assert (compiled(2.0), compiled(2.0, n=2), compiled(2.0, flag=False)) == (24.0, 8.0, 1.0)
    assert derivative.__name__ == "d_shaped"


def test_names_of_the_text_do_not_clash(device: str) -> None:
    def crowded(math, np, float, abs, gk, int):
        d_math = math * np
        range = d_math * d_math
        return range + max(math, float) * abs - gk**2 + int

    derivative = partial(crowded, 0)
    point = (2.0, 3.0, 1.0, 5.0, 7.0, 1.0)
    assert derivative(*point) == 2 * 2.0 * 9.0 + 5.0
    assert gk_vectorize(derivative)(*point) == 41.0


gk_vectorize = gk.vectorize


def test_a_derivative_is_a_float_for_ints_too(device: str) -> None:
    def product(x, y):
        return x * y + SCALE * x

    def remembered(x, y):
        t = x * y
        return t * t

    for function, wanted in ((product, [5.0, 6.0]), (remembered, [18.0, 32.0])):
        derivative = partial(function, 0)
        assert type(derivative(1, 3)) is float
        found = gk.vectorize(derivative)(np.array([1, 1]), np.array([3, 4]))
        assert (found.dtype, found.tolist()) == ("float32", wanted)


def test_the_text_is_short_and_keeps_names() -> None:
    def wave(x, speed):
        phase = speed * x
        return SCALE * math.sin(phase) + 3.0

    text = derivative_text(wave, 0)
    assert text == (
        "def d_wave(x, speed):\n"
        '    """The derivative of wave by x."""\n'
        "    d_phase = speed\n"
        "    phase = speed * x\n"
        "    return of_wave.SCALE * (math.cos(phase) * d_phase)\n"
    )


def test_literals_keep_their_digits() -> None:
    def tanh_gelu(x):
        return 0.5 * x * (1.0 + math.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))

    assert "0.7978845608028654" in derivative_text(tanh_gelu, 0)
    assert "0.044715" in derivative_text(tanh_gelu, 0)
