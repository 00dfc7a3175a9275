"""Captured names: read at each launch, and what they may stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel

FACTOR = 3
FLAG = True
OBJECT: object = 1


def helper(x):
    return x + 1


@kernel
def times_factor(a):
    return a[index()] * FACTOR


@kernel
def through_helper(a):
    return helper(a[index()])


@kernel
def flagged(a):
    return a[index()] if FLAG else 0


@kernel
def reads_object(a):
    return a[index()] + OBJECT


@kernel
def defined_later(a):
    return later(a[index()])


def later(x):
    return x * 100


def test_value_is_read_at_each_launch(device, monkeypatch):
    a = np.array([1, 2])
    assert times_factor(a).tolist() == [3, 6]
    before = gk.memory().compiles
    monkeypatch.setitem(globals(), "FACTOR", 5)
    assert times_factor(a).tolist() == [5, 10]
    assert gk.memory().compiles == before
    monkeypatch.setitem(globals(), "FACTOR", 0.5)
    assert times_factor(a).tolist() == [0.5, 1.0]
    monkeypatch.setitem(globals(), "FACTOR", np.int64(7))
    assert times_factor(a).tolist() == [7, 14]


def test_bool_capture(device, monkeypatch):
    a = np.array([4])
    assert flagged(a).tolist() == [4]
    monkeypatch.setitem(globals(), "FLAG", False)
    assert flagged(a).tolist() == [0]


def test_rebound_function_is_seen(device, monkeypatch):
    a = np.array([1, 2])
    assert through_helper(a).tolist() == [2, 3]
    for n in range(10):
        text = f"def helper(x): return x * {n}"
        space: dict[str, object] = {}
        made = gk.from_source(text, "helper", space).py_func
        monkeypatch.setitem(globals(), "helper", made)
        assert through_helper(a).tolist() == [n, 2 * n]


def test_bad_capture_then_good(device, monkeypatch):
    a = np.array([1])
    assert reads_object(a).tolist() == [2]
    unusable: list[object] = ["text", None, [1], {}]
    for bad in unusable:
        monkeypatch.setitem(globals(), "OBJECT", bad)
        with pytest.raises(gk.KernelError):
            reads_object(a)
    monkeypatch.setitem(globals(), "OBJECT", 2**40)
    with pytest.raises(gk.KernelOverflowError, match="OBJECT"):
        reads_object(a)
    monkeypatch.setitem(globals(), "OBJECT", 2)
    assert reads_object(a).tolist() == [3]


def test_deleted_capture(device, monkeypatch):
    a = np.array([1])
    assert reads_object(a).tolist() == [2]
    monkeypatch.delitem(globals(), "OBJECT")
    with pytest.raises(gk.KernelNameError, match="OBJECT"):
        reads_object(a)


def test_defined_after_the_kernel(device):
    assert defined_later(np.array([1, 2])).tolist() == [100, 200]


def test_closures_are_separate(device):
    def make(n):
        @kernel
        def add(a):
            return a[index()] + n

        return add

    one, two = make(1), make(2.5)
    a = np.array([1])
    assert one(a).tolist() == [2]
    assert two(a).tolist() == [3.5]


def test_closure_rebinding(device):
    n = 1

    @kernel
    def add(a):
        return a[index()] + n

    assert add(np.array([1])).tolist() == [2]
    n = 10
    assert add(np.array([1])).tolist() == [11]


def test_modules_and_aliases(device):
    from math import sqrt as root

    @kernel
    def roots(a):
        return root(a[index()]) + math.pi * 0 + np.sqrt(4.0)

    assert roots(np.array([9.0])).tolist() == [5.0]


class settings:
    gain = 0.5


@kernel
def with_settings(a):
    return a[index()] * settings.gain


def test_numbers_of_a_class_are_captured(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.arange(3, dtype=np.float32)
    assert with_settings(a, device=device).tolist() == [0.0, 0.5, 1.0]
    monkeypatch.setattr(settings, "gain", 2.0)
    assert with_settings(a, device=device).tolist() == [0.0, 2.0, 4.0]


def test_an_array_that_becomes_another_in_place(device: str) -> None:
    table = np.arange(6, dtype=np.int32)

    @kernel
    def lookup(a):
        return table[a[index()]]

    @kernel
    def lookup_row(a):
        return table[1, a[index()]]

    a = np.array([0, 2])
    assert lookup(a).tolist() == [0, 2]
    table[2] = 7
    assert lookup(a).tolist() == [0, 7]
    table.resize((2, 3), refcheck=False)
    with pytest.raises(gk.KernelTypeError):
        lookup(a)
    assert lookup_row(a).tolist() == [3, 5]
    table.resize(6, refcheck=False)
    assert lookup(a).tolist() == [0, 7]


def test_a_vector_that_is_changed_in_place(device: str) -> None:
    offset = gk.vec2(1.0, 2.0)

    @kernel
    def moved(a):
        return a[index()] + offset.x * offset.y

    a = np.array([1.0])
    assert moved(a).tolist() == [3.0]
    offset.y = 5.0
    assert moved(a).tolist() == [6.0]


def test_a_constant_that_is_compiled_in_comes_back(device: str) -> None:
    count = 2

    @kernel
    def ones(a):
        values = [1.0] * count
        total = 0.0
        for value in values:
            total += value
        return total * a[index()]

    a = np.array([1.0])
    for _ in range(2):
        for count in (2, 3):
            assert ones(a).tolist() == [count]
            assert ones(a, device=device).tolist() == [count]
    before = gk.memory().compiles
    count = 2
    assert ones(a).tolist() == [2.0]
    assert gk.memory().compiles == before


def test_functions_that_take_turns_compile_once(device: str) -> None:
    def double(x):
        return 2 * x

    def square(x):
        return x * x

    chosen = double

    @kernel
    def apply(a):
        return chosen(a[index()])

    a = np.array([3])
    assert apply(a).tolist() == [6]
    chosen = square
    assert apply(a).tolist() == [9]
    before = gk.memory().compiles
    for chosen in (double, square, double):
        assert apply(a).tolist() == [chosen(3)]
    assert gk.memory().compiles == before
