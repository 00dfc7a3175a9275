"""Gradients where arguments repeat, functions return too little, and devices change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from tests.conftest import gl_problem
from tests.nn.checks import check_values


def square(x: nn.Tensor) -> nn.Tensor:
    total: nn.Tensor = (x * x).sum()
    return total


def test_what_is_named_twice_has_its_gradient_twice(device: str) -> None:
    x, w = nn.tensor([3.0, 1.0]), nn.Variable([3.0, 1.0])
    assert [g.tolist() for g in nn.grad(square, (0, -1))(x)] == [[6.0, 2.0], [6.0, 2.0]]
    _, found = nn.value_and_gradients(lambda: square(w), [w, w])
    assert [g.tolist() for g in found] == [[6.0, 2.0], [6.0, 2.0]]


def test_gradients_by_variables_nest(device: str) -> None:
    w = nn.Variable(3.0)

    def slope_squared() -> nn.Tensor:
        _, (g,) = nn.value_and_gradients(lambda: w * w * w, [w])
        return g * g

    _, (g,) = nn.value_and_gradients(slope_squared, [w])
    assert g.item() == 972.0  # of 9 w**4


def test_errors_leave_variables_clean(device: str) -> None:
    w = nn.Variable(3.0)

    def fails() -> nn.Tensor:
        w * w
        raise ValueError("no loss today")

    with pytest.raises(ValueError, match="no loss today"):
        nn.value_and_gradients(fails, [w])
    assert (w * 2)._node is None
    assert nn.grad(lambda x: x * w)(nn.tensor(2.0)).item() == 3.0


def test_assigning_inside_counts_from_there(device: str) -> None:
    w = nn.Variable(3.0)

    def doubled() -> nn.Tensor:
        w.assign(w * 2)
        return w * w

    value, (g,) = nn.value_and_gradients(doubled, [w])
    assert (value.item(), g.item(), w.item()) == (36.0, 12.0, 6.0)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_gradients_of_ones_own_have_gradients(order: int, device: str) -> None:
    @nn.custom_grad
    def logistic(x: nn.Tensor) -> Any:
        s = nn.sigmoid(x)
        return s, lambda g: g * s * (1 - s)

    own: Any = logistic
    plain: Any = nn.sigmoid
    for _ in range(order):
        own, plain = nn.grad(own), nn.grad(plain)
    check_values(own(nn.tensor(0.7)), plain(nn.tensor(0.7)).numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("f", "error", "words"),
    [
        (lambda x: x, KernelTypeError, "returns .value, backward.*not a Tensor"),
        (lambda x: (x * 1, 3), KernelTypeError, "returns .value, backward"),
        (lambda x: (x * 1, lambda g: None), KernelError, "gives none for argument 0"),
        (lambda x: (x * 1, lambda g: (g, g)), KernelError, "2 cotangents for 1 arguments"),
        (lambda x: (x * 1, lambda g: nn.ones(3)), KernelShapeError, r"gave shape \(3,\)"),
    ],
)
def test_gradients_of_ones_own_that_are_wrong(f: Any, error: Any, words: str, device: str) -> None:
    with pytest.raises(error, match=words):
        nn.grad(nn.custom_grad(f))(nn.tensor(2.0))


def test_wrong_calls_are_told() -> None:
    x, w = nn.tensor(2.0, device="cpu"), nn.Variable(nn.tensor(2.0, device="cpu"))
    with pytest.raises(KernelTypeError, match="has_aux=True a function returns"):
        nn.value_and_grad(square, has_aux=True)(x)
    with pytest.raises(KernelTypeError, match="argnums='0' is not an int"):
        nn.grad(square, "0")  # type: ignore[arg-type]
    with pytest.raises(KernelError, match="called with 0 arguments by place"):
        nn.grad(square)(x=x)
    with pytest.raises(KernelTypeError, match="asked by None"):
        nn.grad(lambda t: t["a"] * 2)({"a": x, "b": None})
    with pytest.raises(KernelTypeError, match="by a list of variables, not by a single one"):
        nn.value_and_gradients(lambda: square(w), w)  # type: ignore[arg-type]
    with pytest.raises(KernelTypeError, match="asked by a int, not a Variable"):
        nn.value_and_gradients(lambda: square(w), [3])  # type: ignore[list-item]


def test_gradients_come_back_from_another_device() -> None:
    if gl_problem():
        pytest.skip(gl_problem())
    x = nn.tensor([1.0, 2.0], device="cpu")
    found = nn.grad(lambda x: square(x.to("gl")).to("cpu"))(x)
    assert (found.tolist(), found.device) == ([2.0, 4.0], "cpu")


def test_tensors_of_traced_tensors_are_traced(device: str) -> None:
    x = nn.tensor(2.0)
    assert nn.grad(lambda x: nn.tensor(x) * 3)(x).item() == 3.0
    assert nn.grad(lambda x: nn.tensor([[x, x * x], [x, x]]).sum())(x).item() == 7.0


def test_two_gradients_in_one_another_by_different_arguments(device: str) -> None:
    inner = nn.grad(lambda x: x * nn.grad(lambda y: x * y)(nn.tensor(1.0)))
    assert inner(nn.tensor(3.0)).item() == 6.0
    with nn.no_grad():
        assert nn.grad(square)(nn.tensor([1.0, -2.0])).tolist() == [2.0, -4.0]
    assert nn.grad(lambda x: nn.zeros(()))(np.ones((0, 3), np.float32)).shape == (0, 3)
