"""Arithmetic: values and dtypes of NumPy, operators with numbers and arrays, derivatives."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from tests.nn.checks import check_gradient, check_values

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
}
PAIRS: dict[str, Callable[..., Any]] = {**OPERATORS, "maximum": np.maximum, "minimum": np.minimum}
FLOATS = np.array([[1.5, -2.25, 0.5], [-0.75, 3.0, 2.0]], np.float32)
DIVISORS = np.array([2.0, -0.5, 1.25], np.float32)
INTS = np.array([[7, -7, 2**31 - 1], [5, -8, 0]], np.int32)
SMALL = np.array([3, 2, 4], np.int32)


@pytest.mark.parametrize("name", PAIRS)
def test_floats(name: str, device: str) -> None:
    x = np.abs(FLOATS) if name == "pow" else FLOATS
    check_values(getattr(nn, name)(x, DIVISORS), PAIRS[name](x, DIVISORS), rtol=4e-6)


@pytest.mark.parametrize("name", PAIRS)
def test_ints(name: str, device: str) -> None:
    wanted = PAIRS[name](INTS, SMALL)
    check_values(getattr(nn, name)(INTS, SMALL), wanted)


@pytest.mark.parametrize("name", PAIRS)
def test_bools_count_as_ints(name: str, device: str) -> None:
    x, y = np.array([True, False]), np.array([True, True])
    check_values(getattr(nn, name)(x, y), PAIRS[name](x.astype(np.int32), y.astype(np.int32)))


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_take_numbers_and_arrays_on_both_sides(name: str, device: str) -> None:
    symbol = OPERATORS[name]
    x = np.array([[1.5], [2.0], [3.25]], np.float32)
    t = nn.tensor(x)
    check_values(symbol(t, 2), symbol(x, np.float32(2)), rtol=4e-6)
    check_values(symbol(2.5, t), symbol(np.float32(2.5), x), rtol=4e-6)
    check_values(symbol(DIVISORS[:1], t), symbol(DIVISORS[:1], x), rtol=4e-6)
    check_values(symbol(np.float32(3), t), symbol(np.float32(3), x), rtol=4e-6)
    whole = nn.tensor(SMALL)
    check_values(symbol(7, whole), symbol(np.int32(7), SMALL), rtol=4e-6)
    check_values(symbol(whole, 2.0), symbol(SMALL.astype(np.float32), np.float32(2)), rtol=4e-6)


def test_signs(device: str) -> None:
    check_values(-nn.tensor(INTS), -INTS)
    check_values(-nn.tensor(FLOATS), -FLOATS)
    check_values(-nn.tensor([True, False]), np.array([-1, 0]))
    check_values(nn.square(INTS), INTS * INTS)
    check_values(nn.reciprocal(SMALL), 1 / SMALL)


def test_broadcasting_of_every_kind(device: str) -> None:
    shapes = [((), (3,)), ((1,), (5, 1)), ((4, 1), (1, 3)), ((2, 3), (5, 1, 1)), ((0, 3), (1, 3))]
    for left, right in shapes:
        x = np.full(left, 2.0, np.float32)
        y = np.arange(np.prod(right), dtype=np.float32).reshape(right)
        check_values(nn.sub(x, y), x - y)


def test_methods_and_functions_are_the_same(device: str) -> None:
    t = nn.tensor(FLOATS)
    check_values(t.sub(1).square().maximum(2.0), np.maximum(np.square(FLOATS - 1), 2))


def test_division_at_the_edges(device: str) -> None:
    check_values(nn.div([1, -1, 0], 0), [np.inf, -np.inf, np.nan])
    check_values(nn.floordiv([1, -1, 0], 0), np.array([0, 0, 0]))
    check_values(nn.mod([1, -1, 0], 0), np.array([0, 0, 0]))
    check_values(nn.mod([1.0, -1.0], 0.0), [np.nan, np.nan])
    check_values(nn.floordiv(-(2**31), nn.tensor([-1])), np.array([-(2**31)]))
    x = np.array([5.5, -5.5, 5.5, -5.5], np.float32)
    y = np.array([2.0, 2.0, -2.0, -2.0], np.float32)
    check_values(nn.floordiv(x, y), x // y)
    check_values(nn.mod(x, y), x % y)


def test_powers(device: str) -> None:
    x = np.array([-2.0, -1.5, 0.0, 0.5, 3.0], np.float32)
    for y in (0.0, 1.0, 2, 3.0, -1.0, -2.0, 5.0):
        with np.errstate(all="ignore"):
            check_values(nn.pow(x, y), x ** np.float32(y), rtol=4e-6)
    check_values(nn.pow(x, 0.5), [np.nan, np.nan, 0.0, np.sqrt(0.5), np.sqrt(3)], rtol=4e-6)
    check_values(nn.pow(INTS, 2), INTS**2)
    check_values(nn.pow(SMALL, 2.0), np.array([9.0, 4.0, 16.0]), rtol=4e-6)
    check_values(nn.pow([2, -3], nn.tensor([-1, 3])), np.array([0, -27]))
    check_values(nn.pow(2, 3), np.array(8))
    check_values(2 ** nn.tensor([1, 10, 31, 32]), np.array([2, 1024, -(2**31), 0], np.int32))


def test_negative_powers_of_ints_are_refused(device: str) -> None:
    with pytest.raises(
        KernelTypeError, match="nn.pow: the power -1 of a tensor of int32 is no int"
    ):
        nn.tensor([1, 2]) ** -1
    check_values(nn.tensor([1, 2]) ** -1.0, [1.0, 0.5], rtol=4e-6)


def test_nan_passes_through_maximum_and_minimum(device: str) -> None:
    x = np.array([np.nan, 1.0, np.inf, -np.inf], np.float32)
    y = np.array([1.0, np.nan, 0.0, 0.0], np.float32)
    np.testing.assert_array_equal(nn.maximum(x, y).numpy(), np.maximum(x, y))
    np.testing.assert_array_equal(nn.minimum(x, y).numpy(), np.minimum(x, y))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "minimum"])
@pytest.mark.parametrize("order", [1, 2])
def test_derivatives(name: str, order: int, device: str) -> None:
    x = np.array([[0.8, -1.3, 2.1], [1.7, 0.4, -0.6]])
    y = np.array([[1.1], [-0.9]])
    check_gradient(getattr(nn, name), x, y, device=device, order=order)


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_powers(order: int, device: str) -> None:
    x = np.array([[0.8, 1.3, 2.1], [1.7, 0.4, 0.6]])
    check_gradient(nn.pow, x, [[1.1], [-0.9]], device=device, order=order)
    check_gradient(lambda t: t**3 - 2.0**t, [-1.5, 0.7, 2.0], device=device, order=order)
    check_gradient(lambda t: t**2, [-1.5, 0.7, 0.0], device=device, order=order)


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_remainders(order: int, device: str) -> None:
    check_gradient(nn.mod, [5.3, -5.3, 0.7], [2.0, 1.5, -3.1], device=device, order=order)


def test_slopes_of_powers_at_zero(device: str) -> None:
    def slopes(y: float) -> Any:
        return nn.grad(lambda x: (x**y).sum())(nn.tensor([0.0, -2.0])).tolist()

    assert slopes(2) == [0.0, -4.0]
    assert slopes(1.0) == [1.0, 1.0]
    assert slopes(0) == [0.0, 0.0]
    assert slopes(3)[0] == 0.0
    curve = nn.grad(lambda x: nn.grad(lambda u: (u**3.0).sum())(x).sum())(nn.tensor([0.0, 2.0]))
    np.testing.assert_allclose(curve.numpy(), [0.0, 12.0], rtol=1e-5)
    by_y = nn.grad(lambda y: (nn.tensor([0.0, -2.0, 2.0]) ** y).sum())(nn.tensor([2.0, 2.0, 2.0]))
    np.testing.assert_allclose(by_y.numpy(), [0.0, 0.0, 4 * np.log(2)], rtol=1e-5)


def test_ties_share_the_derivative(device: str) -> None:
    for function in (nn.maximum, nn.minimum):
        by_x, by_y = nn.grad(lambda x, y: function(x, y).sum(), (0, 1))(
            nn.tensor([1.0, 2.0]), nn.tensor([1.0, 2.0])
        )
        assert by_x.tolist() == by_y.tolist() == [0.5, 0.5]


def test_floor_division_has_the_derivative_zero(device: str) -> None:
    slope = nn.grad(lambda x: (x // 2 * x).sum())(nn.tensor([5.5, -1.0]))
    assert slope.tolist() == [2.0, -1.0]


def test_gradients_are_added_up_over_broadcast_axes(device: str) -> None:
    x, y = nn.tensor(np.ones((2, 3))), nn.tensor([[2.0], [3.0]])
    by_x, by_y = nn.grad(lambda x, y: (x * y).sum(), (0, 1))(x, y)
    assert by_x.tolist() == [[2.0] * 3, [3.0] * 3]
    assert by_y.tolist() == [[3.0], [3.0]]


def test_wrong_arguments_are_named(device: str) -> None:
    with pytest.raises(
        KernelShapeError, match=r"nn.add: shapes \(2,\) and \(3,\) do not broadcast"
    ):
        nn.tensor([1.0, 2.0]) + [1.0, 2.0, 3.0]
    with pytest.raises(KernelTypeError, match=r"nn.mul\(x, y\): missing a required argument: 'y'"):
        nn.mul([1.0])
    with pytest.raises(KernelTypeError, match="not numbers"):
        nn.tensor([1.0]) - "one"
    other = nn.tensor([1.0], device="cpu64")
    with pytest.raises(KernelError, match="nn.maximum was given tensors on"):
        nn.maximum(nn.tensor([1.0]), other)
