"""Powers with small exponents, as products that evaluate their base once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.passes.small_powers import write_small_powers
from gpukernel.runtime.device import Device
from tests.passes.running import prepare, text

F = (np.random.default_rng(1).standard_normal((6, 9)) * 20).astype(np.float32)
N = np.arange(-27, 27, dtype=np.int32).reshape(6, 9)


def second(a):
    return a[index()] ** 2


def third(a):
    return a[index()] ** 3


def fourth(a):
    return a[index()] ** 4


def float_exponent(a):
    return a[index()] ** 2.0


POWERS = [(second, 2), (third, 3), (fourth, 4), (float_exponent, 2)]


@pytest.mark.parametrize(("function", "exponent"), POWERS)
def test_floats(gl: Device, function: Any, exponent: int) -> None:
    made = gk.kernel(function)
    result, plain = made(F, device="gl").numpy(), made(F, device="cpu").numpy()
    assert result.dtype == plain.dtype
    if exponent == 2:
        np.testing.assert_array_equal(result, plain)
    np.testing.assert_array_max_ulp(result, plain, 2)
    np.testing.assert_allclose(result, F.astype(np.float64) ** exponent, 3e-7)


@pytest.mark.parametrize(("function", "exponent"), POWERS[:3])
def test_ints_are_exact(gl: Device, function: Any, exponent: int) -> None:
    made = gk.kernel(function)
    result, plain = made(N, device="gl").numpy(), made(N, device="cpu").numpy()
    assert result.dtype == plain.dtype
    np.testing.assert_array_equal(result, plain)
    np.testing.assert_array_equal(result, N.astype(np.float64) ** exponent)


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-30, -3e15, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("function", "exponent"), POWERS)
def test_extremes(gl: Device, function: Any, exponent: int, value: float) -> None:
    a = np.array([value], np.float32)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        wanted = a**exponent
    np.testing.assert_array_equal(gk.kernel(function)(a, device="gl").numpy(), wanted)


def sums(a):
    i, j = index()
    return (i + 1) ** 2 + (a[i, j] - 2.0) ** 3 * (i - j) ** 4


def powers_of_powers(a):
    i, j = index()
    return ((a[i, j] + 1.0) ** 2 - 3.0) ** 2 + (j**2) ** 2


def in_conditions(a):
    i, j = index()
    if i > 0 and (a[i - 1, j] + 1.0) ** 2 > 30.0:
        return 1.0
    return 2.0 if (a[i, j] * 0.5) ** 3 < 0.0 or (i - 3) ** 2 == 4 else 3.0


def in_loops(a):
    i, j = index()
    z = a[i, j] * 0.01
    n = 0
    while n < 20 and (z + 0.5) ** 2 < 4.0:
        z = (z * 1.5) ** 2 + 0.25
        n += 1
    total = 0.0
    for k in range((i + 1) ** 2):
        total += (k - j) ** 3
    return total + n


@pytest.mark.parametrize("function", [sums, powers_of_powers, in_conditions, in_loops])
def test_bases_with_parts(gl: Device, function: Any) -> None:
    for data in (N, np.round(F)):
        plain = gk.kernel(optimize=False)(function)(data, device="cpu").numpy()
        made = gk.kernel(function)(data, device="gl").numpy()
        np.testing.assert_allclose(made, plain, 1e-6)


def test_what_is_written():
    program = write_small_powers(prepare(sums, F).program)
    lines = text(program)
    assert "**" not in lines
    assert "(($$0 := (i + 1)) * $$0)" in lines
    assert lines.count(":=") == 4  # three bases, and the square of the fourth power


def names_only(a, x):
    i, j = index()
    return x**2 + i**3


def test_names_are_read_again():
    assert ":=" not in text(write_small_powers(prepare(names_only, F, 2.0).program))


def other_exponents(a, n):
    i, j = index()
    x = a[i, j]
    return x**5 + x**0.5 + x**-2 + x**n + 2.0**x


def test_other_powers_stay():
    program = prepare(other_exponents, F, 2).program
    assert write_small_powers(program) is program
