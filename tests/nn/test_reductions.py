"""Folds over axes against NumPy, on both devices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops import reductions, statistics
from tests.nn.checks import check_gradient, check_values

RNG = np.random.default_rng(1)
BOTH: Any = (0, 1)
TEXT: Any = "1"
FUNCTIONS = ["sum", "mean", "prod", "min", "max", "any", "all", "var", "std", "logsumexp"]


def op(name: str) -> Any:
    return getattr(reductions if name in reductions.__all__ else statistics, name)


def reference(name: str) -> Any:
    def logsumexp(x: np.ndarray, axis: Any, keepdims: bool) -> Any:
        values = np.asarray(x, np.float64)
        return np.log(np.exp(values).sum(axis=axis, keepdims=keepdims))

    return logsumexp if name == "logsumexp" else getattr(np, name)


def numbers(shape: tuple[int, ...], kind: str) -> np.ndarray:
    x = np.asarray(RNG.normal(size=shape) * 2)
    return {"f": x.astype(np.float32), "i": x.astype(np.int32), "b": x > 0}[kind]


CASES = [
    ((3, 4, 5), (0, -1), "f"),
    ((3, 4, 5), 1, "i"),
    ((7,), 0, "b"),
    ((), None, "f"),
    ((2, 3), (), "i"),
    ((1, 1), None, "f"),
    ((2, 3, 2, 3, 2), (1, 4), "f"),
    ((2, 3, 2, 1, 2), (2, 3), "i"),
    ((700, 3), 0, "f"),
    ((600, 2), 0, "b"),
    ((900,), None, "i"),
]


@pytest.mark.parametrize(("shape", "axis", "kind"), CASES)
def test_values_are_numpys(shape: tuple[int, ...], axis: Any, kind: str, device: str) -> None:
    x = numbers(shape, kind)
    for name in FUNCTIONS:
        if name == "prod" and x.size > 500:
            continue
        for keepdims in (False, True):
            found = op(name)(nn.tensor(x), axis=axis, keepdims=keepdims)
            check_values(found, reference(name)(x, axis=axis, keepdims=keepdims), 1e-5, 1e-5)


@pytest.mark.parametrize("name", ["sum", "prod", "any", "all", "mean", "var"])
@pytest.mark.parametrize("axis", [0, 1, None])
def test_folds_of_nothing_are_numpys(name: str, axis: Any, device: str) -> None:
    x = np.zeros((0, 3), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(np, name)(x, axis=axis)
    check_values(op(name)(nn.tensor(x), axis), expected)


@pytest.mark.parametrize("name", ["max", "min", "logsumexp", "argmax"])
def test_what_needs_an_element_says_so(name: str, device: str) -> None:
    with pytest.raises(KernelShapeError, match=rf"nn.{name} of no elements .* shape \(0, 3\)"):
        op(name)(nn.tensor(np.zeros((0, 3))), 0)


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize(
    ("shape", "axis"), [((3, 4), 1), ((3, 4), None), ((2, 3, 2), -2), ((1,), 0), ((700, 2), 0)]
)
def test_positions_are_numpys(name: str, shape: Any, axis: Any, device: str) -> None:
    x = RNG.integers(0, 4, shape)
    expected = getattr(np, name)(x, axis=axis, keepdims=True)
    check_values(op(name)(nn.tensor(x), axis, keepdims=True), expected, 0, 0)
    check_values(op(name)(nn.tensor(x), axis), getattr(np, name)(x, axis=axis), 0, 0)


def test_nan_and_infinities(device: str) -> None:
    x = np.array([[1, np.nan, 3], [-np.inf, -np.inf, -np.inf], [np.inf, 0, 1]], np.float32)
    for name in ("max", "min", "argmax", "argmin"):
        check_values(op(name)(nn.tensor(x), 1), getattr(np, name)(x, axis=1))
    found = statistics.logsumexp(nn.tensor(x), 1)
    check_values(found, np.array([np.nan, -np.inf, np.inf], np.float32))
    assert reductions.max(nn.tensor([-(2**31), -(2**31)])).item() == -(2**31)


def test_ints_stay_exact_and_means_of_them_do_not_wrap(device: str) -> None:
    x = np.full(4, 2_000_000_001, np.int32)
    assert reductions.sum(nn.tensor(x)).item() == int(x.sum(dtype=np.int32))
    assert reductions.mean(nn.tensor(x)).item() == pytest.approx(2_000_000_001, rel=1e-6)


def test_large_sums_and_variances_stay_accurate(device: str) -> None:
    total = reductions.sum(nn.tensor(np.full(10**6, 0.1, np.float32))).item()
    assert total == pytest.approx(1e5, rel=2e-6)
    columns = nn.tensor(np.full((10**5, 2), 0.1, np.float32))
    check_values(reductions.sum(columns, 0), np.full(2, 1e4, np.float32), 2e-7)
    x = (1e4 + RNG.normal(size=(300, 20))).astype(np.float32)
    expected = x.astype(np.float64).var(axis=0)
    check_values(statistics.var(nn.tensor(x), 0), expected.astype(np.float32), 1e-3)
    check_values(statistics.var(nn.tensor(x)), x.astype(np.float64).var(), 1e-3)


def test_logsumexp_neither_overflows_nor_vanishes(device: str) -> None:
    x = np.array([[1000, 1000], [-1000, -1000], [1000, -np.inf]], np.float32)
    expected = np.array([1000 + np.log(2), -1000 + np.log(2), 1000], np.float32)
    check_values(statistics.logsumexp(nn.tensor(x), 1), expected, 1e-6)
    long = np.full(600, 1000, np.float32)
    check_values(statistics.logsumexp(nn.tensor(long)), np.float32(1000 + np.log(600)), 1e-6)


def test_ddof(device: str) -> None:
    x = numbers((4, 3), "f")
    check_values(statistics.var(nn.tensor(x), 0, 1), x.var(axis=0, ddof=1), 1e-5)
    check_values(statistics.std(nn.tensor(x), 0, 1), x.std(axis=0, ddof=1), 1e-5)
    assert np.isnan(statistics.var(nn.tensor([1.0]), ddof=1).item())


def test_moments_are_mean_and_variance(device: str) -> None:
    x = numbers((3, 4), "f")
    mean, variance = statistics.moments(nn.tensor(x), 1, keepdims=True)
    check_values(mean, x.mean(axis=1, keepdims=True), 1e-5)
    check_values(variance, x.var(axis=1, keepdims=True), 1e-5)


# ---------------------------------------------------------------- gradients


SMOOTH = ["sum", "mean", "prod", "max", "min", "var", "std", "logsumexp"]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("axis", [(0, 2), None])
def test_gradients(name: str, axis: Any, device: str) -> None:
    check_gradient(lambda x: op(name)(x, axis), RNG.normal(size=(2, 3, 2)), device=device)


@pytest.mark.parametrize("name", ["prod", "var", "std", "logsumexp"])
def test_second_gradients(name: str, device: str) -> None:
    x = RNG.normal(size=(2, 3))
    check_gradient(lambda x: op(name)(x, 1), x, device=device, order=2)


@pytest.mark.parametrize("name", ["sum", "max", "var", "logsumexp"])
def test_gradients_of_many_elements(name: str, device: str) -> None:
    x = RNG.normal(size=(600,)).astype(np.float32)
    with gk.device("cpu64"):
        expected = nn.grad(op(name))(nn.tensor(x)).numpy()
    np.testing.assert_allclose(nn.grad(op(name))(nn.tensor(x)).numpy(), expected, 1e-4, 1e-6)


@pytest.mark.parametrize("zeros", [1, 2])
def test_the_gradient_of_a_product_with_zeros(zeros: int, device: str) -> None:
    x = np.array([2.0, 3.0, 4.0])
    x[:zeros] = 0
    check_gradient(reductions.prod, x, device=device)
    found = nn.grad(reductions.prod)(nn.tensor(x)).tolist()
    assert found == ([12.0, 0.0, 0.0] if zeros == 1 else [0.0, 0.0, 0.0])


def test_ties_share_the_gradient_evenly(device: str) -> None:
    x = nn.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    found = nn.grad(lambda x: reductions.max(x, 1).sum())(x)
    check_values(found, np.array([[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]], np.float32))


def test_edges_have_no_nan_in_their_gradients(device: str) -> None:
    assert nn.grad(statistics.std)(nn.tensor([2.0, 2.0])).tolist() == [0.0, 0.0]
    rows = nn.tensor([-np.inf, 1000.0])
    assert nn.grad(statistics.logsumexp)(rows).tolist() == [0.0, 1.0]


def test_a_fold_and_what_follows_are_one_launch(gl: Any) -> None:
    with gk.device("gl"):
        x = nn.tensor(numbers((3, 4), "f"))
        assert (reductions.sum(x, 1) * 2.0 + 1.0).array.shape == (3,)
        before = gk.memory().launches
        assert (reductions.sum(x, 1) * 2.0 + 1.0).array.shape == (3,)
        assert gk.memory().launches == before + 1


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda x: reductions.sum(x, 2), KernelShapeError, "nn.sum: axis 2 is outside"),
        (lambda x: reductions.max(x, (0, -2)), KernelShapeError, "names an axis twice"),
        (lambda x: reductions.mean(x, 1.0), KernelTypeError, "nn.mean: axis=1.0"),
        (lambda x: reductions.argmax(x, BOTH), KernelTypeError, "nn.argmax: axis="),
        (lambda x: statistics.var(x, ddof=TEXT), KernelTypeError, "nn.var: ddof='1'"),
    ],
)
def test_wrong_arguments(run: Any, error: type[Exception], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run(nn.tensor(numbers((2, 3), "f")))
