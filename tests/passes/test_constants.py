"""Captured ints that loops run by: their first numbers are compiled in, others are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.passes.specialize import arrays_alike, loop_constants, with_constants
from gpukernel.runtime.device import Device
from tests.passes.running import prepare, text

A = (np.arange(70, dtype=np.float32).reshape(7, 10) * 3) % 11
WEIGHTS = np.arange(9, dtype=np.float32).reshape(3, 3)
RADIUS = 2
SCALE = 3
STEP = 2


def around(a):
    i, j = index()
    total = 0.0
    for d in range(-RADIUS, RADIUS + 1):
        total += a[i, j + d]
    return total * SCALE


def sums_around(radius: int) -> np.ndarray:
    padded = np.pad(A, ((0, 0), (radius, radius)))
    windows = [padded[:, d : d + A.shape[1]] for d in range(2 * radius + 1)]
    total: np.ndarray = 3 * np.sum(windows, axis=0)
    return total


@pytest.fixture
def launches(gl: Device, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A launch with a radius: it checks the result and returns how much was compiled."""
    made = gk.kernel(around)

    def launch(radius: int) -> int:
        monkeypatch.setitem(globals(), "RADIUS", radius)
        before = gk.memory().compiles
        result = made(A, device="gl").numpy()
        np.testing.assert_array_equal(result, sums_around(radius))
        return gk.memory().compiles - before

    return launch


def test_the_first_number_is_compiled_in_and_all_others_are_read(launches):
    assert launches(2) == 1
    assert launches(2) == 0
    assert launches(3) == 1
    assert launches(1) == 0
    assert launches(4) == 0
    assert launches(2) == 0
    assert launches(0) == 1  # all reads are inside, which is a program of its own
    assert launches(3) == 0


def test_results_do_not_depend_on_it(device, monkeypatch):
    made = gk.kernel(around)
    for radius in (1, 4, 0, 1, -1):
        monkeypatch.setitem(globals(), "RADIUS", radius)
        wanted = sums_around(radius) if radius >= 0 else np.zeros_like(A)
        np.testing.assert_array_equal(made(A).numpy(), wanted)


def test_explain_says_so(gl: Device):
    made = gk.kernel(around)
    assert "RADIUS = 2 compiled in until it changes" in made.explain(A)
    assert "SCALE =" not in made.explain(A)
    without = gk.kernel(optimize=["pack", "bounds"])(around).explain(A)
    assert "compiled in" not in without


def test_the_loop_is_written_out(gl: Device):
    shader = gk.kernel(around).glsl(A)
    assert "for (" not in shader
    assert "while (" not in shader


def stepped(a, count):
    i, j = index()
    width = RADIUS * 2
    total = 0.0
    for d in range(1, width, STEP):
        for e in range(count):
            total += a[i, j + d + e] * SCALE
    return total


def left_early(a):
    i, j = index()
    total = 0.0
    for d in range(RADIUS):
        if a[i, j + d] > 5.0:
            break
        total += a[i, j]
    return total


def loops_of(a):
    i, j = index()
    n = 0
    while n < RADIUS:
        n += 1
    return a[i, j] * n


def test_which_numbers_decide():
    names = {u.name for u in prepare(stepped, A, 2).program.uniforms if u.is_captured}
    assert {"RADIUS", "STEP", "SCALE"} <= names
    assert set(loop_constants(prepare(stepped, A, 2).program)) == {"RADIUS", "STEP"}
    assert loop_constants(prepare(around, A).program) == ("RADIUS",)
    assert loop_constants(prepare(left_early, A).program) == ()
    assert loop_constants(prepare(loops_of, A).program) == ()


def test_numbers_take_the_place_of_names():
    made = prepare(stepped, A, 2)
    program = made.check(lambda p: with_constants(p, {"RADIUS": 2, "STEP": 2}))
    assert "uniform(RADIUS)" not in text(program)
    assert "uniform(SCALE)" in text(program)
    assert "range(1, 4, 2)" in text(program)


def convolved(a, weights):
    i, j = index()
    total = 0.0
    for di in range(weights.shape[0]):
        for dj in range(weights.shape[1]):
            total += weights[di, dj] * a[i + di - 1, j + dj - 1]
    return total


def multiplied(a, b):
    i, j = index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return total


def through_variables(a, weights):
    i, j = index()
    k = i
    m = k + 1
    return a[m % 3, 0] + weights[0, 1]


def left_at_an_element(a, weights):
    i, j = index()
    total = 0.0
    for k in range(3):
        if a[i, j] > k:
            break
        total += weights[k, k]
    return total


def counted_by_the_cell(a, weights):
    i, j = index()
    total = 0.0
    for k in range(i):
        total += weights[k, 0]
    return total + a[0, 0]


def at_an_element(a, weights):
    i, j = index()
    return weights[int(a[i, j]), 0] + weights[int(a[0, 0]), 1]


@pytest.mark.parametrize(
    ("function", "alike"),
    [
        (convolved, {"weights"}),
        (multiplied, set()),
        (through_variables, {"weights"}),
        (left_at_an_element, {"weights"}),
        (counted_by_the_cell, {"a"}),
        (at_an_element, set()),
    ],
)
def test_arrays_of_which_all_cells_read_the_same(function, alike):
    made = prepare(function, A, WEIGHTS, shape=(7, 10))
    assert arrays_alike(made.program) == alike


def test_the_size_of_a_matrix_product_compiles_little(gl: Device):
    made = gk.kernel(multiplied)
    before = gk.memory().compiles
    for size in (20, 21, 32, 47, 64, 100, 130, 202, 255, 256, 399, 400):
        a = (np.arange(size * size, dtype=np.float32) % 7 - 3).reshape(size, size)
        result = made(a, a.T.copy(), device="gl").numpy()
        np.testing.assert_array_equal(result, a @ a.T)
    assert gk.memory().compiles - before <= 5


def test_small_sizes_of_a_matrix_product_compile_little(gl: Device):
    made = gk.kernel(multiplied)
    before = gk.memory().compiles
    for size in range(5, 15):
        a = np.ones((40, size), np.float32)
        b = np.full((size, 40), 2, np.float32)
        assert (made(a, b, shape=(40, 40), device="gl").numpy() == 2 * size).all()
    assert gk.memory().compiles - before <= 3


def test_sizes_of_weights_are_compiled_in(gl: Device):
    made = gk.kernel(convolved)
    for size in (1, 2, 3):
        weights = np.ones((size, size), np.float32)
        shader = made.glsl(A, weights, shape=(7, 10))
        assert "for (" not in shader
        np.testing.assert_array_equal(
            made(A, weights, shape=(7, 10), device="gl").numpy(),
            made(A, weights, shape=(7, 10), device="cpu").numpy(),
        )
