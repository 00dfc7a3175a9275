"""Comparisons, logic, choices and casts: values of NumPy, and what gradients pass through."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.tensor import Tensor
from tests.nn.checks import check_gradient, check_values

COMPARISONS = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
LOGIC: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "logical_and": (np.logical_and, operator.and_),
    "logical_or": (np.logical_or, operator.or_),
    "logical_xor": (np.logical_xor, operator.xor),
}
X = np.array([[1.0, np.nan, np.inf], [-2.0, 0.0, -np.inf]], np.float32)
Y = np.array([1.0, np.nan, 0.0], np.float32)
BOOLS = np.array([True, False, True])
INTS = np.array([1, 0, -3], np.int32)


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name: str, device: str) -> None:
    symbol, function = COMPARISONS[name], getattr(nn, name)
    check_values(function(X, Y), symbol(X, Y))
    check_values(function(INTS, BOOLS), symbol(INTS, BOOLS))
    check_values(symbol(nn.tensor(INTS), 0), symbol(INTS, 0))
    check_values(symbol(0.5, nn.tensor(INTS)), symbol(0.5, INTS))
    check_values(symbol(Y, nn.tensor(X)), symbol(Y, X))


@pytest.mark.parametrize("name", LOGIC)
def test_logic(name: str, device: str) -> None:
    reference, symbol = LOGIC[name]
    check_values(getattr(nn, name)(X, Y), reference(X, Y))
    check_values(symbol(nn.tensor(BOOLS), INTS), reference(BOOLS, INTS))
    check_values(symbol(True, nn.tensor(INTS)), reference(True, INTS))
    check_values(symbol(INTS, nn.tensor(BOOLS)), reference(INTS, BOOLS))


def test_not(device: str) -> None:
    check_values(~nn.tensor(BOOLS), ~BOOLS)
    check_values(nn.logical_not(X), np.logical_not(X))
    check_values(nn.logical_not(INTS), np.logical_not(INTS))


@pytest.mark.parametrize("name", ["isnan", "isinf", "isfinite"])
def test_kinds_of_floats(name: str, device: str) -> None:
    check_values(getattr(nn, name)(X), getattr(np, name)(X))
    check_values(getattr(nn, name)(INTS), getattr(np, name)(INTS))


def test_shapes_of_comparisons(device: str) -> None:
    check_values(nn.less(1, 2), np.array(True))
    check_values(nn.tensor(np.zeros((0, 2))) == 0, np.zeros((0, 2), bool))
    check_values(nn.tensor([[1], [2]]) > [1, 2, 0], np.array([[1], [2]]) > np.array([1, 2, 0]))
    with pytest.raises(KernelShapeError, match="nn.less: shapes"):
        nn.less([1, 2], [1, 2, 3])


def test_a_mask_is_a_constant_of_gradients(device: str) -> None:
    slope = nn.grad(lambda x: (x * (x > 0)).sum())(nn.tensor([3.0, -3.0]))
    assert slope.tolist() == [1.0, 0.0]


# ---------------------------------------------------------------- where


def test_where(device: str) -> None:
    x = np.array([[1.5], [-2.0]], np.float32)
    check_values(nn.where(BOOLS, x, 0), np.where(BOOLS, x, np.float32(0)))
    check_values(nn.where(nn.tensor(BOOLS), 1, INTS), np.where(BOOLS, np.int32(1), INTS))
    check_values(nn.where(INTS, BOOLS, False), np.where(INTS, BOOLS, False))
    check_values(nn.where([0.0, np.nan, 2.0], 5, 7), np.array([7, 5, 5]))
    check_values(nn.where(True, nn.tensor(INTS), 0), INTS)
    check_values(nn.where(BOOLS, BOOLS, INTS), np.where(BOOLS, BOOLS, INTS))
    check_values((nn.tensor(X) > 0).where(1.0, 2.0), np.where(X > 0, 1.0, 2.0))
    with pytest.raises(KernelShapeError, match="nn.where: shapes"):
        nn.where(BOOLS, [1, 2], 0)


@pytest.mark.parametrize("order", [1, 2])
def test_derivatives_of_where(order: int, device: str) -> None:
    def f(x: Tensor, y: Tensor) -> Any:
        return nn.where(x > y, x * x * y, y * y)

    check_gradient(f, [[0.5, 1.5], [2.5, -3.0]], [1.0, -1.2], device=device, order=order)


def test_what_was_not_chosen_gives_no_nan(device: str) -> None:
    slope = nn.grad(lambda x: nn.where(x > 0, x, x * np.inf).sum())(nn.tensor([1.0, 2.0]))
    safe = nn.grad(lambda x: nn.where(x > 0, nn.sqrt(nn.where(x > 0, x, 1)), 0).sum())
    assert np.isnan(slope.tolist()).all() or slope.tolist() == [1.0, 1.0]
    assert safe(nn.tensor([4.0, -4.0])).tolist() == [0.25, 0.0]


# ---------------------------------------------------------------- clip


def test_clip(device: str) -> None:
    x = np.array([-3.0, -1.0, 0.25, 1.0, np.inf, np.nan], np.float32)
    check_values(nn.clip(x, -1, 1), np.clip(x, -1, 1))
    check_values(nn.clip(x, None, 0.5), np.minimum(x, np.float32(0.5)))
    check_values(nn.clip(x, 0.5), np.maximum(x, np.float32(0.5)))
    check_values(nn.clip(INTS, -1, [0, 1, 2]), np.clip(INTS, -1, np.array([0, 1, 2], np.int32)))
    check_values(nn.clip(BOOLS, 0, 5), np.clip(BOOLS.astype(np.int32), 0, 5))
    check_values(nn.tensor(x).clip(1.0, -1.0), np.clip(x, 1.0, -1.0))
    with pytest.raises(KernelTypeError, match="nn.clip: min and max are both None"):
        nn.clip(x, None, None)


def test_derivatives_of_clip(device: str) -> None:
    x = np.array([-3.0, -1.0, 0.25, 1.0, 2.0])
    slope = nn.grad(lambda t: nn.clip(t, -1, 1).sum())(nn.tensor(x))
    assert slope.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert nn.grad(lambda t: nn.clip(t, -1).sum())(nn.tensor(x)).tolist() == [0.0, 1, 1, 1, 1]
    assert nn.grad(lambda t: nn.clip(t, None, 1).sum())(nn.tensor(x)).tolist() == [1.0, 1, 1, 1, 0]
    x = np.array([-3.0, 0.25, 2.0])
    for order in (1, 2):
        check_gradient(
            lambda x, low, high: nn.clip(x * x, low * low, high * high),
            x,
            [[-0.5], [-0.8]],
            1.3,
            device=device,
            order=order,
        )


# ---------------------------------------------------------------- cast


def test_cast(device: str) -> None:
    x = np.array([1.9, -1.9, 0.0, 0.4], np.float32)
    check_values(nn.cast(x, "int32"), x.astype(np.int32))
    check_values(nn.tensor(x).astype("int32"), x.astype(np.int32))
    check_values(nn.cast(x, bool), x.astype(bool))
    check_values(nn.cast(np.array([np.nan, 3e9, -3e9]), int), [0, 2**31 - 1, -(2**31)])
    check_values(nn.cast(INTS, np.float64), INTS.astype(np.float32))
    check_values(nn.cast(INTS, bool), INTS.astype(bool))
    check_values(nn.cast(BOOLS, np.int32), BOOLS.astype(np.int32))
    check_values(nn.tensor(BOOLS).cast("float32"), BOOLS.astype(np.float32))
    check_values(nn.tensor([1.5, 0.0], dtype="int32"), np.array([1, 0]))
    with pytest.raises(KernelTypeError, match="nn.cast: tensors are float32, int32 or bool, not"):
        nn.cast(x, "complex64")
    with pytest.raises(KernelTypeError, match="nn.cast: 'floaty' is not a dtype"):
        nn.cast(x, "floaty")


def test_a_cast_to_the_same_dtype_does_not_follow_a_variable(device: str) -> None:
    v = nn.Variable([1.0])
    before = nn.cast(v, "float32")
    v.assign([2.0])
    assert before.tolist() == [1.0]


def test_no_gradient_through_a_cast_to_ints(device: str) -> None:
    for dtype in ("int32", "bool"):
        with pytest.raises(KernelError, match="nn.cast has no derivative"):
            nn.grad(lambda x: (nn.cast(x, dtype) * x).cast("float32").sum())(nn.tensor([1.5]))
    slope = nn.grad(lambda x: (x.cast("float32") * nn.cast([2, 3], "float32")).sum())
    assert slope(nn.tensor([1.5, 1.5])).tolist() == [2.0, 3.0]
    stopped = nn.grad(lambda x: (nn.cast(nn.stop_gradient(x), "int32") * x).sum())
    assert stopped(nn.tensor([2.5])).tolist() == [2.0]
