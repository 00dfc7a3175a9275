"""Regularizers and constraints against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import constraints, regularizers
from gpukernel.nn.autodiff import grad
from gpukernel.nn.tensor import tensor
from tests.nn.checks import check_gradient, check_values

W = np.array([[1.5, -2.0, 0.0], [0.5, 3.0, 0.1]], np.float32)


def test_penalties(device: str) -> None:
    absolute, squares = np.abs(W).sum(), (W**2).sum()
    check_values(regularizers.L1()(W), 0.01 * absolute)
    check_values(regularizers.L2()(W), 0.01 * squares)
    check_values(regularizers.L1L2(0.5, 0.25)(W), 0.5 * absolute + 0.25 * squares)
    assert regularizers.L1L2()(W).item() == 0.0


@pytest.mark.parametrize("name", ["l1", "l2", "l1_l2"])
def test_penalty_gradients(device: str, name: str) -> None:
    config = {"l1_l2": {"l1": 0.5, "l2": 0.2}}.get(name, {name: 0.3})
    made = regularizers.get({"class_name": name, "config": config})
    assert made is not None
    check_gradient(made, W + 0.05, device=device)


def test_the_slope_at_zero_is_zero(device: str) -> None:
    assert grad(regularizers.L1(1.0))(tensor([0.0, 2.0, -2.0])).tolist() == [0.0, 1.0, -1.0]


def norms(w: np.ndarray, axis: Any) -> Any:
    return np.sqrt((w**2).sum(axis=axis, keepdims=True))


def test_constraints(device: str) -> None:
    check_values(constraints.NonNeg()(W), np.maximum(W, 0))
    for axis in (0, 1, (0, 1)):
        n = norms(W, axis)
        check_values(constraints.MaxNorm(1.6, axis)(W), W * np.minimum(n, 1.6) / (n + 1e-7))
        check_values(constraints.UnitNorm(axis)(W), W / (n + 1e-7))
        wanted = 0.5 * np.clip(n, 1.0, 2.0) + 0.5 * n
        check_values(constraints.MinMaxNorm(1.0, 2.0, 0.5, axis)(W), W * wanted / (n + 1e-7))
    assert not constraints.UnitNorm()(np.zeros((3, 2))).numpy().any()


def test_configuration_and_names() -> None:
    assert constraints.get(None) is None
    assert regularizers.get(None) is None
    for made in (constraints.MaxNorm(3, (0, 1)), constraints.MinMaxNorm(0.5)):
        assert type(made).from_config(made.get_config()).get_config() == made.get_config()
    assert repr(constraints.get("max_norm")) == "MaxNorm(max_value=2.0, axis=0)"
    assert repr(regularizers.get("l1l2")) == "L1L2(l1=0.0, l2=0.0)"


def test_errors() -> None:
    with pytest.raises(KernelValueError, match="no regularizer 'l3'; known are L1, L1L2, L2"):
        regularizers.get("l3")
    with pytest.raises(KernelValueError, match="no constraint"):
        constraints.get("maxnrm")
    with pytest.raises(KernelValueError, match="l2 is -1"):
        regularizers.L2(-1.0)
    with pytest.raises(KernelValueError, match=r"min_value 2\.0 is more"):
        constraints.MinMaxNorm(2.0, 1.0)
    with pytest.raises(KernelTypeError, match="axis is 'x'"):
        constraints.MaxNorm(axis="x")  # type: ignore[arg-type]
    with pytest.raises((KernelShapeError, KernelError), match="axis 3"):
        constraints.MaxNorm(axis=3)(W)


def test_functions_and_other_names() -> None:
    assert isinstance(regularizers.l2(0.3), regularizers.L2)
    assert isinstance(constraints.max_norm(2.0, axis=1), constraints.MaxNorm)
    largest = regularizers.get(lambda w: w.abs().max())
    assert largest is not None
    assert largest(W).item() == 3.0
    halved = constraints.get(lambda w: w * 0.5)
    assert halved is not None
    check_values(halved(W), W / 2)
    with pytest.raises(KernelShapeError, match=r"regularizer <lambda> gave shape \(2, 3\)"):
        regularizers.get(lambda w: w)(W)  # type: ignore[misc]
    with pytest.raises(KernelShapeError, match=r"constraint <lambda> gave shape \(\), wanted"):
        constraints.get(lambda w: w.sum())(W)  # type: ignore[misc]
    with pytest.raises(KernelValueError, match="there is no regularizer 'mine'"):
        regularizers.get({"class_name": "FunctionRegularizer", "config": {"function": "mine"}})
