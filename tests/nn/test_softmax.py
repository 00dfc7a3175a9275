"""Softmax and its logarithm against NumPy on both devices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.softmax import log_softmax, softmax
from tests.nn.checks import check_gradient, check_values

RNG = np.random.default_rng(3)
BOTH: Any = (0, 1)
NONE: Any = None


def reference(x: np.ndarray, axis: int) -> np.ndarray:
    values = x.astype(np.float64)
    terms = np.exp(values - values.max(axis=axis, keepdims=True))
    found: np.ndarray = terms / terms.sum(axis=axis, keepdims=True)
    return found


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((3, 4), -1),
        ((3, 4), 0),
        ((2, 3, 5), 1),
        ((1, 1), 1),
        ((2, 2, 3, 2, 3), 2),
        ((2, 70), 1),
        ((0, 3), 1),
    ],
)
@pytest.mark.parametrize("scale", [1, 500])
def test_values_are_numpys(shape: Any, axis: int, scale: int, device: str) -> None:
    x = (RNG.normal(size=shape) * scale).astype(np.float32)
    check_values(softmax(nn.tensor(x), axis), reference(x, axis), 1e-5, 1e-7)
    with np.errstate(divide="ignore"):
        expected = np.log(reference(x, axis))
    seen = expected > -600  # the logarithm of softmax goes on where softmax is 0
    found = log_softmax(nn.tensor(x), axis).numpy()
    np.testing.assert_allclose(found[seen], expected[seen], 2e-6, 5e-5)


def test_ints_become_floats(device: str) -> None:
    x = np.array([[1, 2, 3], [-1000, 0, 1000]])
    check_values(softmax(nn.tensor(x)), reference(x, 1), 1e-6)


@pytest.mark.parametrize("n", [3, 70])
def test_infinities(n: int, device: str) -> None:
    x = np.full((3, n), -np.inf, np.float32)
    x[0, :2] = 1000, -1000
    x[2, 0] = np.inf
    found, logs = softmax(nn.tensor(x)).numpy(), log_softmax(nn.tensor(x)).numpy()
    assert found[0].tolist() == [1.0] + [0.0] * (n - 1)
    assert logs[0, :3].tolist() == [0.0, -2000.0, -np.inf]
    assert np.isnan(found[1]).all() and np.isnan(logs[1]).all()
    assert np.isnan(found[2, 0]) and np.isnan(logs[2, 0])


@pytest.mark.parametrize("f", [softmax, log_softmax])
@pytest.mark.parametrize(("shape", "axis"), [((2, 3), -1), ((2, 3, 2), 1)])
def test_gradients(f: Any, shape: Any, axis: int, device: str) -> None:
    check_gradient(lambda x: f(x, axis), RNG.normal(size=shape), device=device)


@pytest.mark.parametrize("f", [softmax, log_softmax])
def test_second_gradients(f: Any, device: str) -> None:
    check_gradient(f, RNG.normal(size=(2, 3)), device=device, order=2)


@pytest.mark.parametrize("f", [softmax, log_softmax])
def test_gradients_of_long_rows(f: Any, device: str) -> None:
    x, weights = RNG.normal(size=(2, 2, 70)).astype(np.float32)

    def total(x: nn.Tensor) -> nn.Tensor:
        found: nn.Tensor = (f(x) * nn.tensor(weights)).sum()
        return found

    with gk.device("cpu64"):
        expected = nn.grad(total)(nn.tensor(x)).numpy()
    np.testing.assert_allclose(nn.grad(total)(nn.tensor(x)).numpy(), expected, 1e-4, 1e-6)


@pytest.mark.parametrize("f", [softmax, log_softmax])
def test_gradients_of_large_numbers_are_finite(f: Any, device: str) -> None:
    found = nn.grad(lambda x: f(x)[0])(nn.tensor([1000.0, -1000.0, 1000.0])).numpy()
    expected = [0.25, 0, -0.25] if f is softmax else [0.5, 0, -0.5]
    np.testing.assert_allclose(found, expected, 1e-6)


def test_a_short_softmax_and_what_follows_are_one_launch(gl: Any) -> None:
    with gk.device("gl"):
        x = nn.tensor(RNG.normal(size=(3, 4)))
        assert (log_softmax(x) * 2.0).array.shape == (3, 4)
        before = gk.memory().launches
        assert (log_softmax(x) * 2.0).array.shape == (3, 4)
        assert gk.memory().launches == before + 1


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda x: softmax(x, 2), KernelShapeError, "nn.softmax: axis 2 is outside"),
        (lambda x: softmax(x, NONE), KernelTypeError, "nn.softmax: axis="),
        (lambda x: log_softmax(x, BOTH), KernelTypeError, "nn.log_softmax: axis="),
        (lambda x: softmax(1.0), KernelShapeError, "nn.softmax: axis -1 is outside"),
        (lambda x: softmax(np.zeros((2, 0))), KernelShapeError, "nn.softmax of no elements"),
    ],
)
def test_wrong_arguments(run: Any, error: type[Exception], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run(nn.tensor(np.zeros((2, 3))))
