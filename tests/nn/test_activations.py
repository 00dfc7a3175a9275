"""Activations: values of plain NumPy in 64 bits, derivatives, and how they behave far out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from tests.nn.checks import check_gradient, check_values

erf = np.vectorize(math.erf, otypes=[np.float64])


def softplus(x: Any) -> Any:
    return np.logaddexp(x, 0)


def tanh_gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


SMOOTH: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sigmoid": (nn.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "log_sigmoid": (nn.log_sigmoid, lambda x: -softplus(-x)),
    "softplus": (nn.softplus, softplus),
    "tanh": (nn.tanh, np.tanh),
    "swish": (nn.swish, lambda x: x / (1 + np.exp(-x))),
    "mish": (nn.mish, lambda x: x * np.tanh(softplus(x))),
    "gelu": (nn.gelu, lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2)))),
    "tanh_gelu": (lambda x: nn.gelu(x, approximate=True), tanh_gelu),
}
BENT: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (nn.relu, lambda x: np.maximum(x, 0)),
    "relu6": (nn.relu6, lambda x: np.clip(x, 0, 6)),
    "leaky_relu": (nn.leaky_relu, lambda x: np.where(x > 0, x, 0.2 * x)),
    "elu": (nn.elu, lambda x: np.where(x > 0, x, np.expm1(x))),
    "selu": (
        nn.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    ),
    "hard_sigmoid": (nn.hard_sigmoid, lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
    "softsign": (nn.softsign, lambda x: x / (1 + np.abs(x))),
}
ALL = {**SMOOTH, **BENT}
POINTS = np.array([[-7.5, -3.1, -2.5, -1.2, -0.4, -1e-3], [0.0, 0.7, 1.9, 2.5, 6.0, 8.25]])
FAR = np.array([-1000.0, -100.0, -31.0, -20.5, 20.5, 31.0, 100.0, 1000.0])


@pytest.mark.parametrize("name", ALL)
def test_values(name: str, device: str) -> None:
    function, reference = ALL[name]
    check_values(function(POINTS), reference(POINTS), rtol=4e-6, atol=1e-6)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives(name: str, order: int, device: str) -> None:
    x = [[-3.2, -0.9, 0.0], [0.4, 1.7, 4.1]]
    check_gradient(SMOOTH[name][0], x, device=device, order=order)


@pytest.mark.parametrize("name", BENT)
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_beside_the_bends(name: str, order: int, device: str) -> None:
    check_gradient(BENT[name][0], [[-3.2, -0.9], [0.4, 7.1]], device=device, order=order)


@pytest.mark.parametrize("name", ALL)
def test_far_out_everything_is_finite(name: str, device: str) -> None:
    function, reference = ALL[name]
    x, step = nn.tensor(FAR), 1e-3
    with np.errstate(over="ignore"):
        wanted = reference(FAR)
        slopes = (reference(FAR + step) - reference(FAR - step)) / (2 * step)
    np.testing.assert_allclose(function(x).numpy(), wanted, rtol=4e-6, atol=1e-6)
    slope = nn.grad(lambda t: function(t).sum())
    curve = nn.grad(lambda t: slope(t).sum())
    np.testing.assert_allclose(slope(x).numpy(), slopes, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(curve(x).numpy(), np.zeros(8), atol=2e-3)


@pytest.mark.parametrize("name", ALL)
def test_nan_stays_nan(name: str, device: str) -> None:
    assert np.isnan(ALL[name][0]([np.nan]).numpy()).all()


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "gelu", "log_sigmoid", "mish"])
def test_small_results_are_accurate(name: str, device: str) -> None:
    function, reference = ALL[name]
    x = np.array([4.0, 5.5, 7.0]) if name == "log_sigmoid" else -np.array([4.0, 5.5, 7.0])
    if name == "gelu":
        wanted = 0.5 * x * np.array([math.erfc(-v / math.sqrt(2)) for v in x])
    else:
        wanted = reference(x)
    np.testing.assert_allclose(function(x).numpy(), wanted, rtol=1e-5)
    differences = (reference(x + 1e-5) - reference(x - 1e-5)) / 2e-5
    slope = nn.grad(lambda t: function(t).sum())(nn.tensor(x))
    np.testing.assert_allclose(slope.numpy(), differences, rtol=2e-4, atol=1e-10)


def slope_at(function: Callable[..., Any], *x: float) -> Any:
    return nn.grad(lambda t: function(t).sum())(nn.tensor(list(x))).tolist()


def test_slopes_at_the_bends(device: str) -> None:
    assert slope_at(nn.relu, 0.0) == [0.0]
    assert slope_at(nn.relu6, 0.0, 6.0) == [0.0, 0.0]
    assert slope_at(lambda t: nn.leaky_relu(t, 0.5), 0.0) == [0.5]
    assert slope_at(lambda t: nn.elu(t, 0.5), 0.0) == [0.5]
    assert slope_at(nn.softsign, 0.0) == [1.0]
    np.testing.assert_allclose(slope_at(nn.hard_sigmoid, -2.5, 2.5, 3.0), np.array([0.2, 0.2, 0.0]))
    np.testing.assert_allclose(slope_at(nn.selu, 0.0), np.array([1.7580993]), rtol=1e-6)


def test_parameters(device: str) -> None:
    x = np.array([-2.0, 3.0], np.float32)
    check_values(nn.leaky_relu(x, alpha=0.5), [-1.0, 3.0])
    check_values(nn.leaky_relu(x, 0), [0.0, 3.0])
    check_values(nn.elu(x, alpha=2), [2 * np.expm1(-2.0), 3.0])
    check_values(nn.tensor(x).elu(0.5), [0.5 * np.expm1(-2.0), 3.0])
    assert nn.silu is nn.swish


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_by_a_learned_slope(order: int, device: str) -> None:
    x = np.array([[-1.5, 0.7], [2.0, -0.3], [-2.0, -1.0]])
    check_values(nn.prelu(x, [0.25, 0.5]), np.where(x > 0, x, x * [0.25, 0.5]))
    check_gradient(nn.prelu, x, [0.25, 0.5], device=device, order=order)
    check_gradient(nn.elu, x, [0.25, 0.5], device=device, order=order)


def test_ints_and_bools_give_floats(device: str) -> None:
    x = np.array([-3, 0, 9], np.int32)
    for function, reference in ALL.values():
        wanted = reference(x.astype(np.float64))
        check_values(function(x), wanted, rtol=4e-6, atol=1e-6)
    check_values(nn.relu([True, False]), [1.0, 0.0])
    check_values(nn.softplus([True, False]), softplus(np.array([1.0, 0.0])))


def test_against_torch(device: str) -> None:
    torch = pytest.importorskip("torch")
    ours = {"elu": nn.elu, "selu": nn.selu, "mish": nn.mish, "silu": nn.silu, "relu6": nn.relu6}
    x = POINTS.astype(np.float32)
    for name, function in ours.items():
        wanted = getattr(torch.nn.functional, name)(torch.tensor(x)).numpy()
        check_values(function(x), wanted, rtol=4e-6, atol=1e-6)
