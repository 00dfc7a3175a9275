"""Gradients: of functions, by containers and variables, of gradients, and their refusals."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.nn.optimizers import SGD


def test_gradient_of_a_number(device: str) -> None:
    value, slope = nn.value_and_grad(lambda x: x**3)(nn.tensor(2.0))
    assert (value.item(), slope.item()) == (8.0, 12.0)


def test_argnums(device: str) -> None:
    def f(x: nn.Tensor, y: nn.Tensor) -> nn.Tensor:
        total: nn.Tensor = (x * y).sum()
        return total

    x, y = nn.tensor([1.0, 2.0]), nn.tensor([3.0, 4.0])
    assert nn.grad(f, 1)(x, y).tolist() == [1.0, 2.0]
    assert nn.grad(f, -1)(x, y).tolist() == [1.0, 2.0]
    assert [g.tolist() for g in nn.grad(f, (0, 1))(x, y)] == [[3.0, 4.0], [1.0, 2.0]]
    with pytest.raises(gk.KernelError, match="argnums=2, but f was called with 2 arguments"):
        nn.grad(f, 2)(x, y)


class Pair(NamedTuple):
    a: Any
    b: Any


def test_containers(device: str) -> None:
    parameters = {"w": [nn.tensor(2.0), nn.tensor(3.0)], "p": Pair(nn.tensor(4.0), (5.0,))}
    slopes = nn.grad(lambda p: p["w"][0] * p["w"][1] + p["p"].a ** 2 * p["p"].b[0])(parameters)
    assert isinstance(slopes["p"], Pair)
    assert [g.item() for g in slopes["w"]] == [3.0, 2.0]
    assert slopes["p"].a.item() == 40.0 and slopes["p"].b[0].item() == 16.0


def test_derivatives_of_derivatives(device: str) -> None:
    f = nn.tanh
    for wanted in (1 - math.tanh(0.5) ** 2, -2 * math.tanh(0.5) * (1 - math.tanh(0.5) ** 2)):
        f = nn.grad(f)
        assert f(nn.tensor(0.5)).item() == pytest.approx(wanted, rel=1e-5)
    assert nn.grad(nn.grad(nn.grad(lambda x: x**4)))(nn.tensor(2.0)).item() == 48.0


def test_inner_gradients_do_not_see_outer_arguments_as_their_own(device: str) -> None:
    outer = nn.grad(lambda x: x * nn.grad(lambda y: x + y)(nn.tensor(1.0)))
    assert outer(nn.tensor(3.0)).item() == 1.0
    mixed = nn.grad(lambda x: nn.grad(lambda y: x * x * y * y)(nn.tensor(3.0)))
    assert mixed(nn.tensor(2.0)).item() == 24.0


def test_what_does_not_depend_has_a_gradient_of_zeros(device: str) -> None:
    slope = nn.grad(lambda x, y: (y * y).sum())(nn.ones((2, 3)), nn.tensor([1.0]))
    assert slope.tolist() == [[0.0] * 3] * 2


def test_stopped_gradients(device: str) -> None:
    assert nn.grad(lambda x: x * nn.stop_gradient(x))(nn.tensor(3.0)).item() == 3.0
    assert nn.grad(lambda x: x * x.stop_gradient())(nn.tensor(3.0)).item() == 3.0

    def f(x: nn.Tensor) -> nn.Tensor:
        with nn.no_grad():
            factor = x * 2
        return factor * x

    assert nn.grad(f)(nn.tensor(3.0)).item() == 6.0


def test_gradients_of_ones_own(device: str) -> None:
    @nn.custom_grad
    def halved(x: nn.Tensor) -> Any:
        return x * 1.0, lambda g: g / 2

    assert nn.grad(lambda x: 5 * halved(x))(nn.tensor(3.0)).item() == 2.5

    @nn.custom_grad
    def wrong(x: nn.Tensor, y: nn.Tensor) -> Any:
        return x + y, lambda g: g

    with pytest.raises(gk.KernelError, match="wrong gave 1 cotangents for 2 arguments"):
        nn.grad(lambda x: wrong(x, x))(nn.tensor(1.0))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: x, r"returns a single number, not shape \(2,\)"),
        (lambda x: 1.0, "returns a tensor, not a float"),
        (lambda x: nn.argmax(x), "float32 value, not int32"),
    ],
)
def test_functions_that_have_no_gradient(f: Any, words: str, device: str) -> None:
    with pytest.raises((gk.KernelShapeError, gk.KernelTypeError), match=words):
        nn.grad(f)(nn.tensor([1.0, 2.0]))


def test_a_missing_derivative_names_its_operation(device: str) -> None:
    with pytest.raises(gk.KernelError, match="argmax"):
        nn.grad(lambda x: nn.cast(nn.argmax(x), "float32"))(nn.tensor([1.0, 2.0]))
    with pytest.raises(gk.KernelError, match="cast"):
        nn.grad(lambda x: nn.cast(nn.cast(x, "int32"), "float32").sum())(nn.tensor([1.5]))


def test_gradients_by_ints_are_refused() -> None:
    with pytest.raises(gk.KernelTypeError, match="dtype int32, not float32"):
        nn.grad(lambda x: x * 2.0)(nn.tensor(3))


def test_variables(device: str) -> None:
    w, b = nn.Variable([1.0, 2.0]), nn.Variable(0.5)
    value, (by_w, by_b) = nn.value_and_gradients(lambda: (w * w).sum() * b, [w, b])
    assert value.item() == 2.5 and by_w.tolist() == [1.0, 2.0] and by_b.item() == 5.0
    with pytest.raises(ZeroDivisionError):
        nn.value_and_gradients(lambda: 1 / 0, [w])
    assert w._node is None


def test_minimize_returns_the_cost(device: str) -> None:
    w = nn.Variable(4.0)
    optimizer = SGD(0.25)
    costs = [optimizer.minimize(lambda: w * w, [w]).item() for _ in range(3)]
    assert costs == [16.0, 4.0, 1.0]


def test_nothing_is_recorded_without_a_gradient(device: str) -> None:
    x = nn.Variable([1.0])
    assert (x * 2)._node is None


def test_check_grad_finds_a_wrong_gradient(device: str) -> None:
    @nn.custom_grad
    def wrong(x: nn.Tensor) -> Any:
        return x * x, lambda g: g * 3.0

    assert nn.check_grad(lambda x: x * x, [1.0, 2.0]) < 1e-4
    with pytest.raises(gk.KernelError, match="differences give"):
        nn.check_grad(wrong, [1.0, 2.0])
    assert nn.check_grad(lambda x: nn.sin(x) * x, [1.0, 2.0], order=2) < 1e-4


# ---------------------------------------------------------------- users' functions and kernels


@gk.vectorize
def bent(x, w):
    if x > 0.0:
        return x / (1.0 + w * x * x)
    return 0.1 * x


@gk.vectorize
def polynomial(x, n):
    total = 1.0
    for k in range(n):
        total = total * x + float(k)
    return total


@pytest.mark.parametrize("order", [1, 2])
def test_vectorized_functions_are_differentiable(order: int, device: str) -> None:
    x = np.array([-1.5, -0.2, 0.3, 2.0])
    nn.check_grad(lambda x, w: bent(x, w), x, np.array(2.0), order=order)
    nn.check_grad(lambda x: polynomial(x, 3), x, order=order)
    nn.check_grad(lambda x: polynomial(x, nn.tensor([1, 2, 3, 0])), x, order=order)


FACTOR = 2.0


@gk.vectorize
def scaled(x):
    return x * FACTOR


def test_what_a_function_captures_is_what_it_is_at_the_call(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = nn.tensor([1.0, 2.0])
    early = scaled(x)
    monkeypatch.setitem(globals(), "FACTOR", 7.0)
    assert early.tolist() == [2.0, 4.0] and scaled(x).tolist() == [7.0, 14.0]
    assert nn.grad(lambda x: scaled(x).sum())(x).tolist() == [7.0, 7.0]

    def rebinding(x: nn.Tensor) -> Any:
        y = scaled(x).sum()
        monkeypatch.setitem(globals(), "FACTOR", 1.0)
        return y

    with pytest.raises(gk.KernelError, match="what scaled captures has changed"):
        nn.grad(rebinding)(x)


def test_lambdas_are_differentiable(device: str) -> None:
    cube = gk.vectorize(lambda x: x * x * x)
    assert nn.grad(lambda x: cube(x).sum())(nn.tensor([2.0])).tolist() == [12.0]


def test_gradients_pass_through_nn_tensor(device: str) -> None:
    def stacked(x: nn.Tensor) -> Any:
        return (nn.tensor([[x, 2 * x], [x * x, x]]) * nn.tensor(x)).sum()

    assert nn.grad(stacked)(nn.tensor(3.0)).item() == 8 * 3.0 + 27.0


def test_vectorized_functions_fuse(device: str) -> None:
    x = nn.tensor([1.0, 2.0])
    before = gk.memory().launches
    (bent(x * 2.0, 1.0) + 1.0).array  # noqa: B018
    assert gk.memory().launches - before == 1


@gk.kernel(shape=lambda a, b: (a.shape[0], b.shape[1]))
def product(a, b):
    i, j = gk.index()
    total = 0.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j]
    return math.tanh(total)


@gk.kernel
def two(a):
    i = gk.index()
    return a[i] * a[i], a[i + 1] - a[i]


@gk.kernel
def squared(a):
    return a[gk.index()] ** 2


@squared.vjp
def squared_vjp(g, a):
    return 2.0 * a * g


@gk.kernel
def climbing(a):
    x = a[gk.index()]
    while x < 3.0:
        x = x * 2.0
    return a[int(x)]


@pytest.mark.parametrize("order", [1, 2])
def test_kernels_are_differentiable(order: int, device: str) -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(3, 4)), generator.normal(size=(4, 5))
    nn.check_grad(product, a, b, order=order)
    nn.check_grad(lambda x: two(x)[0] * two(x)[1] + two(x)[1], a[0], order=order)
    nn.check_grad(squared, a, order=order)


def test_a_kernel_that_cannot_be_derived_is_refused(device: str) -> None:
    with pytest.raises(gk.KernelError, match=r"climbing.*\n(.*\n)*hint.*climbing\.vjp"):
        nn.grad(lambda a: climbing(a).sum())(nn.tensor([1.0, 2.0]))


def test_kernels_refuse_what_tensors_do_not_do(device: str) -> None:
    x = nn.tensor([1.0])
    with pytest.raises(gk.KernelTypeError, match="out= is for arrays"):
        squared(x, out=gk.zeros(1))
    with pytest.raises(gk.KernelShapeError, match="at most 4 axes"):
        squared(nn.ones((1, 1, 1, 1, 1)))
