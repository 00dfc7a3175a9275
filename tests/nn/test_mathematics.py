"""Functions of one number: values of NumPy, at the edges too, and derivatives of both orders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from tests.nn.checks import check_gradient, check_values

erf = np.vectorize(math.erf, otypes=[np.float64])

# name: reference, range of the arguments, relative tolerance
FUNCTIONS: dict[str, tuple[Callable[..., Any], float, float, float]] = {
    "exp": (np.exp, -10, 10, 2e-6),
    "expm1": (np.expm1, -5, 5, 2e-6),
    "log": (np.log, 0.01, 50, 2e-6),
    "log1p": (np.log1p, -0.9, 20, 2e-6),
    "sqrt": (np.sqrt, 0.01, 50, 1e-6),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 0.01, 50, 1e-6),
    "square": (np.square, -5, 5, 1e-6),
    "reciprocal": (np.reciprocal, 0.3, 9, 1e-6),
    "erf": (erf, -3, 3, 2e-6),
    "sin": (np.sin, -6, 6, 2e-6),
    "cos": (np.cos, -6, 6, 2e-6),
    "tan": (np.tan, -1.3, 1.3, 4e-6),
    "asin": (np.arcsin, -0.95, 0.95, 4e-6),
    "acos": (np.arccos, -0.95, 0.95, 4e-6),
    "atan": (np.arctan, -5, 5, 4e-6),
    "sinh": (np.sinh, -4, 4, 4e-6),
    "cosh": (np.cosh, -4, 4, 4e-6),
    "tanh": (np.tanh, -4, 4, 4e-6),
    "asinh": (np.arcsinh, -5, 5, 4e-6),
    "acosh": (np.arccosh, 1.2, 9, 4e-6),
    "atanh": (np.arctanh, -0.9, 0.9, 4e-6),
}
EDGES = np.array([0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, np.inf, -np.inf, np.nan], np.float32)
STEPS: dict[str, Callable[..., Any]] = {
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
}


def points(low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(7).uniform(low, high, shape).astype(np.float32)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_those_of_numpy(name: str, device: str) -> None:
    reference, low, high, rtol = FUNCTIONS[name]
    x = points(low, high, (3, 7))
    wanted = reference(x.astype(np.float64))
    check_values(getattr(nn, name)(x), wanted, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_edges_are_those_of_numpy(name: str, device: str) -> None:
    reference = FUNCTIONS[name][0]
    angles = name in ("sin", "cos", "tan")
    x = EDGES[np.abs(EDGES) != 1000] if angles else EDGES
    with np.errstate(all="ignore"):
        wanted = reference(x)
    np.testing.assert_allclose(getattr(nn, name)(x).numpy(), wanted, rtol=4e-6, atol=4e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives(name: str, order: int, device: str) -> None:
    _, low, high, _ = FUNCTIONS[name]
    middle = (low + high) / 2
    near = points(middle + 0.6 * (low - middle), middle + 0.6 * (high - middle), (2, 3))
    check_gradient(getattr(nn, name), near, device=device, order=order)


def test_ints_and_bools_give_floats(device: str) -> None:
    check_values(nn.exp([0, 1, 2]), np.exp(np.array([0.0, 1.0, 2.0])))
    check_values(nn.sqrt([True, False]), [1.0, 0.0])
    check_values(nn.sin(2), np.sin(2.0))


def test_shapes_are_kept(device: str) -> None:
    for shape in ((), (1,), (0,), (2, 0, 3), (5,), (2, 1, 3, 1, 5)):
        x = points(0.5, 2, shape)
        check_values(nn.log(x), np.log(x))


@pytest.mark.parametrize("name", STEPS)
def test_steps_have_the_derivative_zero(name: str, device: str) -> None:
    x = np.array([0.5, -0.5, 1.5, 2.5, -2.5, 0.0, 2.4, -3e9, np.inf, np.nan], np.float32)
    function = getattr(nn, name)
    np.testing.assert_array_equal(function(x).numpy(), STEPS[name](x))
    slope = nn.grad(lambda t: (function(t) + t).sum())(nn.tensor(x[:7]))
    np.testing.assert_array_equal(slope.numpy(), np.ones(7))


def test_whole_numbers_stay_ints(device: str) -> None:
    x = np.array([3, -4, 0, 2**31 - 1, -(2**31)], np.int32)
    for function in (nn.floor, nn.ceil, nn.round):
        check_values(function(x), x)
        check_values(function([True, False]), np.array([1, 0]))
    check_values(nn.abs(x), np.abs(x))
    check_values(nn.sign(x), np.sign(x))
    check_values(nn.square(x), x * x)
    check_values(nn.abs([True, False]), np.array([1, 0]))


def test_rounding_of_a_variable_does_not_follow_it(device: str) -> None:
    count = nn.Variable(np.array([3, 4], np.int32))
    before = nn.floor(count)
    count.assign([5, 6])
    assert before.tolist() == [3, 4]


def test_abs_and_its_derivative_of_zero(device: str) -> None:
    x = np.array([-1.5, 0.0, 2.0, -np.inf], np.float32)
    check_values(nn.abs(x), np.abs(x))
    assert nn.grad(lambda t: nn.abs(t).sum())(nn.tensor(x)).tolist() == [-1.0, 0.0, 1.0, -1.0]
    check_values(abs(nn.tensor(x)), np.abs(x))


def test_the_slope_of_a_root_at_zero_is_infinite(device: str) -> None:
    slope = nn.grad(lambda t: nn.sqrt(t).sum())(nn.tensor([0.0, 4.0, np.inf]))
    assert slope.tolist() == [np.inf, 0.25, 0.0]


def test_derivatives_far_out(device: str) -> None:
    x = nn.tensor([-80.0, 80.0])
    for name, wanted in {
        "tanh": [0.0, 0.0],
        "erf": [0.0, 0.0],
        "atan": [1 / 6401, 1 / 6401],
        "expm1": [np.exp(-80.0), np.exp(80.0)],
    }.items():
        slope = nn.grad(lambda t: getattr(nn, name)(t).sum())(x)
        np.testing.assert_allclose(slope.numpy(), wanted, rtol=1e-5, atol=1e-30)


def test_atan2(device: str) -> None:
    y, x = points(-3, 3, (4, 1)), points(-3, 3, (1, 5))
    check_values(nn.atan2(y, x), np.arctan2(y, x), rtol=4e-6)
    quarter = np.array([0.0, 0.0, 1.0, -1.0], np.float32)
    check_values(nn.atan2(quarter, 0.0), np.arctan2(quarter, 0.0))
    check_values(nn.atan2(0.0, [1.0, -1.0]), [0.0, np.pi])


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_atan2(order: int, device: str) -> None:
    y = np.array([[0.8], [-1.3]])
    check_gradient(nn.atan2, y, [0.7, -1.2, 2.0], device=device, order=order)


def test_derivatives_of_atan2_at_the_origin_and_far_out(device: str) -> None:
    by_y, by_x = nn.grad(lambda y, x: nn.atan2(y, x).sum(), (0, 1))(
        nn.tensor([0.0, 1e30, 0.0]), nn.tensor([0.0, 1e30, -2.0])
    )
    np.testing.assert_allclose(by_y.numpy(), [0.0, 5e-31, -0.5], rtol=1e-5)
    np.testing.assert_allclose(by_x.numpy(), [0.0, -5e-31, 0.0], rtol=1e-5)
