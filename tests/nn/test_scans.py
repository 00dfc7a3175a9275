"""Running sums and products, and the largest elements, against NumPy on both devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops import scans
from gpukernel.nn.ops.selection import topk
from tests.nn.checks import check_gradient, check_values

RNG = np.random.default_rng(2)
BOTH: Any = (0, 1)
ONE: Any = 1.0


def reference(name: str, x: np.ndarray, axis: int, exclusive: bool, reverse: bool) -> np.ndarray:
    turned = np.moveaxis(x, axis, 0)[:: -1 if reverse else 1]
    dtype = np.float64 if x.dtype.kind == "f" else np.int32
    found: np.ndarray = getattr(np, name)(turned, axis=0, dtype=dtype)
    if exclusive:
        found = np.concatenate([np.full_like(found[:1], name == "cumprod"), found[:-1]])
    return np.moveaxis(found[:: -1 if reverse else 1], 0, axis)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize(
    ("shape", "axis", "kind"),
    [
        ((3, 4), -1, "f"),
        ((2, 3, 4), 1, "i"),
        ((5,), 0, "b"),
        ((1, 1), 0, "f"),
        ((2, 2, 3, 2, 3), 2, "f"),
        ((2, 70), 1, "f"),
        ((70, 2), 0, "b"),
        ((0, 3), 0, "f"),
        ((3, 0), 0, "f"),
    ],
)
def test_scans_are_numpys(name: str, shape: Any, axis: int, kind: str, device: str) -> None:
    x = RNG.uniform(0.8, 1.2, shape) * RNG.choice([-1, 1], shape)
    values = {"f": x.astype(np.float32), "i": (x * 3).astype(np.int32), "b": x > 0}[kind]
    for exclusive in (False, True):
        for reverse in (False, True):
            found = getattr(scans, name)(nn.tensor(values), axis, exclusive, reverse)
            check_values(found, reference(name, values, axis, exclusive, reverse), 1e-5, 1e-5)


def test_without_an_axis_the_tensor_is_flat(device: str) -> None:
    check_values(scans.cumsum(nn.tensor([[1, 2], [3, 4]])), np.array([1, 3, 6, 10]), 0, 0)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("order", [1, 2])
def test_gradients(name: str, exclusive: bool, reverse: bool, order: int, device: str) -> None:
    x = RNG.normal(size=(2, 4))
    x[0, 1] = x[1, 0] = x[1, 3] = 0  # nothing is divided by them

    def f(x: nn.Tensor) -> nn.Tensor:
        found: nn.Tensor = getattr(scans, name)(x, 1, exclusive, reverse)
        return found * found if order == 2 else found

    check_gradient(f, x, device=device, order=order)


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_gradients_of_many_elements(name: str, device: str) -> None:
    x = (RNG.uniform(0.9, 1.1, 70) * RNG.choice([-1, 1], 70)).astype(np.float32)
    weights = RNG.normal(size=70).astype(np.float32)

    def f(x: nn.Tensor) -> nn.Tensor:
        scanned = getattr(scans, name)(x, 0, reverse=True)
        found: nn.Tensor = (scanned * nn.tensor(weights)).sum()
        return found

    with gk.device("cpu64"):
        expected = nn.grad(f)(nn.tensor(x)).numpy()
    np.testing.assert_allclose(nn.grad(f)(nn.tensor(x)).numpy(), expected, 1e-4, 1e-4)


# ---------------------------------------------------------------- the largest


def largest(x: np.ndarray, k: int) -> np.ndarray:
    return np.lexsort((-x.astype(np.float64), x == x), axis=-1)[..., :k]


SPECIAL = np.array([1, np.nan, np.inf, 3, np.nan, -np.inf, 3], np.float32)


@pytest.mark.parametrize(
    ("x", "k"),
    [
        (RNG.normal(size=(3, 7)).astype(np.float32), 3),
        (RNG.integers(0, 4, (2, 2, 9)), 9),
        (RNG.integers(0, 2, (2, 5)) > 0, 2),
        (SPECIAL, 4),
        (np.array([5.0], np.float32), 1),
        (np.array([5.0, 1.0], np.float32), 0),
        (RNG.integers(0, 50, (2, 300)), 20),
        (np.tile(SPECIAL, 40), 85),
    ],
)
def test_topk(x: np.ndarray, k: int, device: str) -> None:
    values, places = topk(nn.tensor(x), k)
    expected = largest(x, k)
    check_values(places, expected, 0, 0)
    check_values(values, np.take_along_axis(x, expected, -1), 0, 0)


@pytest.mark.parametrize("order", [1, 2])
def test_the_gradient_of_topk(order: int, device: str) -> None:
    def f(x: nn.Tensor) -> nn.Tensor:
        values, _ = topk(x, 2)
        return values * values * values if order == 2 else values

    check_gradient(f, RNG.normal(size=(2, 4)), device=device, order=order)


def test_the_places_of_topk_have_no_gradient(device: str) -> None:
    x = nn.tensor([1.0, 5.0, 2.0])
    with pytest.raises(KernelError, match="nn.topk has no derivative"):
        nn.grad(lambda x: topk(x, 2)[1].cast("float32").sum())(x)
    slope = nn.grad(lambda x: nn.gather(x, topk(x, 2)[1]).sum())(x)
    assert slope.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda x: scans.cumsum(x, 2), KernelShapeError, "nn.cumsum: axis 2 is outside"),
        (lambda x: scans.cumprod(x, BOTH), KernelTypeError, "nn.cumprod: axis="),
        (lambda x: topk(x, 4), KernelShapeError, r"no k=4 elements .* shape \(2, 3\)"),
        (lambda x: topk(x, ONE), KernelTypeError, "nn.topk: k=1.0 is not an int"),
        (lambda x: topk(3.0, 1), KernelShapeError, r"no k=1 elements .* shape \(\)"),
    ],
)
def test_wrong_arguments(run: Any, error: type[Exception], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run(nn.tensor(np.zeros((2, 3))))
