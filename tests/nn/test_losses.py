"""Losses against NumPy and torch: values, gradients, weights, and logits of any size."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import losses
from gpukernel.nn.autodiff import grad
from gpukernel.nn.losses import get
from gpukernel.nn.registry import custom_objects, serialize
from gpukernel.nn.tensor import Tensor, tensor
from gpukernel.runtime.device import Device
from tests.nn.checks import check_gradient, check_values

RNG = np.random.default_rng(5)
Floats = np.ndarray


def softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


# Predictions and labels: any numbers, positive numbers, probabilities, signs and bits.
REAL = (RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3)))
POSITIVE = (RNG.uniform(0.2, 2, (5, 3)), RNG.uniform(0.2, 2, (5, 3)))
BITS = (RNG.integers(0, 2, (5, 3)).astype(float), RNG.uniform(0.05, 0.95, (5, 3)))
SIGNS = (RNG.choice([-1.0, 1.0], (5, 3)), RNG.normal(size=(5, 3)))
SHARES = (softmax(RNG.normal(size=(5, 3))), softmax(RNG.normal(size=(5, 3))))
ONE_HOT = (np.eye(3)[[0, 2, 1, 1, 0]], RNG.normal(size=(5, 3)) * 2)


def mean(x: Floats) -> Floats:
    return np.asarray(x.mean(-1))


def bce(y: Floats, p: Floats) -> Floats:
    return mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


def cce(y: Floats, x: Floats) -> Floats:
    return np.asarray(-(y * np.log(softmax(x))).sum(-1))


def unit(x: Floats) -> Floats:
    return np.asarray(x / np.sqrt((x**2).sum(-1, keepdims=True)))


CASES: dict[str, tuple[Callable[..., Tensor], tuple[Floats, Floats], Callable[..., Floats]]] = {
    "mse": (losses.mean_squared_error, REAL, lambda y, p: mean((y - p) ** 2)),
    "mae": (losses.mean_absolute_error, REAL, lambda y, p: mean(abs(y - p))),
    "mape": (
        losses.mean_absolute_percentage_error,
        REAL,
        lambda y, p: mean(100 * abs((y - p) / y)),
    ),
    "msle": (
        losses.mean_squared_logarithmic_error,
        POSITIVE,
        lambda y, p: mean((np.log1p(y) - np.log1p(p)) ** 2),
    ),
    "huber": (
        losses.huber,
        REAL,
        lambda y, p: mean(np.where(abs(y - p) <= 1, 0.5 * (y - p) ** 2, abs(y - p) - 0.5)),
    ),
    "log_cosh": (losses.log_cosh, REAL, lambda y, p: mean(np.log(np.cosh(p - y)))),
    "poisson": (losses.poisson, POSITIVE, lambda y, p: mean(p - y * np.log(p + 1e-7))),
    "hinge": (losses.hinge, SIGNS, lambda y, p: mean(np.maximum(1 - y * p, 0))),
    "hinge_of_bits": (
        losses.hinge,
        (BITS[0], REAL[0]),
        lambda y, p: mean(np.maximum(1 - (2 * y - 1) * p, 0)),
    ),
    "squared_hinge": (
        losses.squared_hinge,
        SIGNS,
        lambda y, p: mean(np.maximum(1 - y * p, 0) ** 2),
    ),
    "categorical_hinge": (
        losses.categorical_hinge,
        ONE_HOT,
        lambda y, p: np.maximum(1 + ((1 - y) * p).max(-1) - (y * p).sum(-1), 0),
    ),
    "kl_divergence": (losses.kl_divergence, SHARES, lambda y, p: (y * np.log(y / p)).sum(-1)),
    "binary_crossentropy": (losses.binary_crossentropy, BITS, bce),
    "binary_crossentropy_of_logits": (
        lambda y, p: losses.binary_crossentropy(y, p, from_logits=True),
        (BITS[0], REAL[0]),
        lambda y, p: bce(y, 1 / (1 + np.exp(-p))),
    ),
    "binary_crossentropy_smoothed": (
        lambda y, p: losses.binary_crossentropy(y, p, label_smoothing=0.2),
        BITS,
        lambda y, p: bce(0.8 * y + 0.1, p),
    ),
    "categorical_crossentropy": (
        losses.categorical_crossentropy,
        (ONE_HOT[0], POSITIVE[0]),
        lambda y, p: -(y * np.log(p / p.sum(-1, keepdims=True))).sum(-1),
    ),
    "categorical_crossentropy_of_logits": (
        lambda y, p: losses.categorical_crossentropy(y, p, from_logits=True),
        (SHARES[0], ONE_HOT[1]),
        cce,
    ),
    "categorical_crossentropy_smoothed": (
        lambda y, p: losses.categorical_crossentropy(y, p, True, 0.3),
        ONE_HOT,
        lambda y, p: cce(0.7 * y + 0.1, p),
    ),
    "cosine_similarity": (
        losses.cosine_similarity,
        REAL,
        lambda y, p: -(unit(y) * unit(p)).sum(-1),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_values(device: str, case: str) -> None:
    function, (y, p), formula = CASES[case]
    check_values(function(y, p), formula(y, p), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_gradients_by_predictions(device: str, case: str) -> None:
    function, (y, p), _ = CASES[case]
    check_gradient(lambda x: function(tensor(y), x), p, device=device)


@pytest.mark.parametrize("case", ["mse", "mape", "msle", "huber", "kl_divergence", "poisson"])
def test_gradients_by_labels(device: str, case: str) -> None:
    function, (y, p), _ = CASES[case]
    check_gradient(lambda x: function(x, tensor(p)), y, device=device)


@pytest.mark.parametrize(
    "case",
    ["mse", "log_cosh", "binary_crossentropy_of_logits", "categorical_crossentropy_of_logits"],
)
def test_second_gradients(case: str) -> None:
    function, (y, p), _ = CASES[case]
    with gk.device("cpu"):
        check_gradient(lambda x: function(tensor(y), x), p, device="cpu", order=2)


# ---------------------------------------------------------------- numbers of classes


LABELS = np.array([0, 2, 1, 1, 0], np.int32)


def sparse(x: Floats) -> Floats:
    return np.asarray(-np.log(softmax(x))[np.arange(5), LABELS])


def test_sparse_crossentropy(device: str) -> None:
    x = ONE_HOT[1]
    for labels in (LABELS, LABELS[:, None], LABELS.astype(np.float32)):
        found = losses.sparse_categorical_crossentropy(labels, x, from_logits=True)
        check_values(found, sparse(x), rtol=1e-5)
    check_values(losses.sparse_categorical_crossentropy(LABELS, softmax(x)), sparse(x), rtol=1e-5)


@pytest.mark.parametrize("order", [1, 2])
def test_sparse_gradients(device: str, order: int) -> None:
    if order == 2 and device == "gl":
        return
    for from_logits, x in ((True, ONE_HOT[1]), (False, SHARES[1])):
        check_gradient(
            lambda p: losses.sparse_categorical_crossentropy(tensor(LABELS), p, from_logits),
            x,
            device=device,
            order=order,
        )


def test_classes_along_other_axes(device: str) -> None:
    x = RNG.normal(size=(2, 3, 4))
    labels = RNG.integers(0, 3, (2, 4))
    logs = np.log(softmax(np.moveaxis(x, 1, -1)))
    wanted = -np.take_along_axis(logs, labels[..., None], -1)[..., 0]
    found = losses.sparse_categorical_crossentropy(labels, x, True, axis=1)
    check_values(found, wanted, rtol=1e-5)
    hot = np.moveaxis(np.eye(3)[labels], -1, 1)
    found = losses.categorical_crossentropy(hot, x, True, axis=1)
    check_values(found, wanted, rtol=1e-5)
    last = losses.sparse_categorical_crossentropy(labels, np.moveaxis(x, 1, -1), True)
    check_values(last, wanted, rtol=1e-5)


def test_a_label_that_is_no_class_gives_nan(device: str) -> None:
    x = np.zeros((3, 2), np.float32)
    found = losses.sparse_categorical_crossentropy([0, 2, -1], x, from_logits=True).numpy()
    assert np.isnan(found).tolist() == [False, True, True]


# ---------------------------------------------------------------- extremes


def test_logits_of_any_size(device: str) -> None:
    x = np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [1000.0, 999.0]], np.float32)
    labels, hot = np.array([0, 0, 1]), np.eye(2)[[0, 0, 1]]
    wanted = [0.0, 2000.0, 1.0 + math.log1p(math.exp(-1))]
    slopes = [[0.0, 0.0], [-1.0, 1.0], [0.7310586, -0.7310586]]

    def check(loss: Callable[[Tensor], Tensor]) -> None:
        check_values(loss(tensor(x)), np.array(wanted), rtol=1e-6)
        found = grad(lambda p: loss(p).sum())(tensor(x)).numpy()
        np.testing.assert_allclose(found, slopes, atol=1e-6)

    check(lambda p: losses.sparse_categorical_crossentropy(labels, p, True))
    check(lambda p: losses.categorical_crossentropy(hot, p, True))


def test_binary_logits_of_any_size(device: str) -> None:
    x = np.array([[1000.0], [-1000.0], [1000.0], [0.0]], np.float32)
    y = np.array([[1.0], [1.0], [0.0], [0.5]])
    loss = losses.binary_crossentropy(y, x, from_logits=True)
    check_values(loss, np.array([0.0, 1000.0, 1000.0, math.log(2)]))
    slope = grad(lambda p: losses.binary_crossentropy(y, p, from_logits=True).sum())(tensor(x))
    np.testing.assert_allclose(slope.numpy(), [[0.0], [-1.0], [1.0], [0.0]], atol=1e-6)


def test_certain_probabilities_are_kept_from_the_ends(device: str) -> None:
    found = losses.binary_crossentropy([[1.0], [1.0]], [[0.0], [1.0]]).numpy()
    np.testing.assert_allclose(found, [-math.log(1e-7), 1.19e-7], rtol=1e-2)
    hot = losses.categorical_crossentropy([[1.0, 0.0]], [[0.0, 1.0]]).item()
    assert hot == pytest.approx(-math.log(1e-7), rel=1e-5)
    assert np.isfinite(losses.kl_divergence([[0.0, 1.0]], [[1.0, 0.0]]).item())
    assert losses.log_cosh([[0.0]], [[5000.0]]).item() == pytest.approx(5000 - math.log(2))
    assert losses.cosine_similarity([[0.0, 0.0]], [[1.0, 0.0]]).item() == 0.0


# ---------------------------------------------------------------- classes


NAMES = {
    "mse": "mse",
    "mae": "mae",
    "MeanAbsolutePercentageError": "mape",
    "msle": "msle",
    "huber": "huber",
    "LogCosh": "log_cosh",
    "poisson": "poisson",
    "hinge": "hinge",
    "squared_hinge": "squared_hinge",
    "categorical_hinge": "categorical_hinge",
    "kl_divergence": "kl_divergence",
    "binary_crossentropy": "binary_crossentropy",
    "categorical_crossentropy": "categorical_crossentropy",
    "cosine_similarity": "cosine_similarity",
}
WEIGHTS = np.array([1.0, 0.0, 0.5, 2.0, 1.0], np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_reductions(device: str, name: str) -> None:
    _, (y, p), formula = CASES[NAMES[name]]
    each, weighted = formula(y, p), formula(y, p) * WEIGHTS
    for reduction, wanted in (
        ("sum_over_batch_size", (each.mean(), weighted.mean())),
        ("sum", (each.sum(), weighted.sum())),
        ("none", (each, weighted)),
    ):
        loss = get({"class_name": name, "config": {"reduction": reduction}})
        check_values(loss(y, p), wanted[0], rtol=1e-5, atol=1e-5)
        check_values(loss(y, p, WEIGHTS), wanted[1], rtol=1e-5, atol=1e-5)


def test_weights_of_many_shapes(device: str) -> None:
    y, p = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 4))
    each = ((y - p) ** 2).mean(-1)
    for shape in ((2,), (2, 1), (2, 3), (2, 3, 1), (1,)):
        w = RNG.uniform(size=shape)
        aligned = w.reshape(w.shape + (1,) * (2 - w.ndim)) if w.ndim < 3 else w[..., 0]
        found = losses.MeanSquaredError()(y, p, w)
        check_values(found, (each * aligned).mean(), rtol=1e-5)
    mask = losses.MeanSquaredError()(y, p, np.array([True, False]))
    check_values(mask, each[0].sum() / each.size, rtol=1e-5)
    with pytest.raises(KernelShapeError, match=r"sample_weight has shape \(3,\).*\(2, 3\)"):
        losses.MeanSquaredError()(y, p, np.ones(3))


def test_losses_of_many_numbers(device: str) -> None:
    y, p = RNG.normal(size=(70, 30)), RNG.normal(size=(70, 30))
    loss = losses.MeanSquaredError()
    check_values(loss(y, p), ((y - p) ** 2).mean(), rtol=1e-5)
    slope = grad(lambda x: loss(y, x))(tensor(p)).numpy()
    np.testing.assert_allclose(slope, 2 * (p - y) / y.size, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    "loss",
    [
        losses.MeanSquaredError(),
        losses.SparseCategoricalCrossentropy(from_logits=True),
        losses.CategoricalCrossentropy(from_logits=True),
        losses.CategoricalHinge(),
    ],
)
def test_gradients_of_classes(device: str, loss: losses.Loss, weights: Any) -> None:
    y = LABELS if isinstance(loss, losses.SparseCategoricalCrossentropy) else ONE_HOT[0]
    check_gradient(lambda p: loss(tensor(y), p, weights), ONE_HOT[1], device=device)


def test_shapes_that_differ_by_a_last_axis_of_one(device: str) -> None:
    y, p = np.array([1.0, 2.0]), np.array([[1.5], [4.0]])
    assert losses.MeanSquaredError()(y, p).item() == pytest.approx((0.25 + 4) / 2)
    assert losses.MeanSquaredError()(p, y).item() == pytest.approx((0.25 + 4) / 2)
    assert losses.MeanSquaredError()(y, y + 1, [1.0, 0.0]).item() == pytest.approx(0.5)
    check_values(losses.mean_squared_error(np.array([True, False]), np.array([1, 1])), 0.5)


# ---------------------------------------------------------------- launches


def test_a_classifier_needs_few_launches(gl: Device) -> None:
    with gk.device("gl"):
        w = nn.Variable(np.zeros((4, 3)))
        x, y = tensor(np.ones((6, 4))), tensor(np.zeros(6, np.int32))
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)

        def step() -> Tensor:
            cost, grads = nn.value_and_gradients(lambda: loss(y, x @ w), [w])
            grads[0].array  # noqa: B018
            return cost  # type: ignore[no-any-return]

        step().item()
        before = gk.memory()
        cost = step()
        # the logits, the losses, the cotangent of the logits, the gradient
        assert gk.memory().launches - before.launches <= 4
        cost.array  # noqa: B018
        assert gk.memory().launches - before.launches <= 5
        assert gk.memory().compiles == before.compiles


# ---------------------------------------------------------------- names and errors


def test_names_and_configuration() -> None:
    assert isinstance(get("mse"), losses.MeanSquaredError)
    assert isinstance(get("kullback_leibler_divergence"), losses.KLDivergence)
    assert isinstance(get(losses.huber), losses.Huber)
    assert get("kld").name == "kl_divergence"
    assert get("sparse_categorical_crossentropy").name == "sparse_categorical_crossentropy"
    loss = losses.CategoricalCrossentropy(True, 0.1, reduction="sum", name="mine")
    config = json.loads(json.dumps(loss.get_config()))
    again = losses.CategoricalCrossentropy.from_config(config)
    assert again.get_config() == config
    assert again.from_logits


def test_a_function_is_a_loss(device: str) -> None:
    def twice(y: Any, p: Any) -> Tensor:
        return 2.0 * losses.mean_squared_error(y, p)

    loss = get(twice)
    assert loss.name == "twice"
    assert loss([[0.0], [0.0]], [[1.0], [2.0]]).item() == 5.0
    assert loss([[0.0], [0.0]], [[1.0], [2.0]], [1.0, 0.0]).item() == 1.0
    with custom_objects({"twice": twice}):
        assert get("twice").name == get(serialize(loss)).name == "twice"
    with pytest.raises(KernelValueError, match="custom_objects"):
        get(serialize(loss))
    with pytest.raises(KernelTypeError, match="returned a float"):
        get(lambda y, p: 3.0)([1.0], [1.0])


def test_errors() -> None:
    with gk.device("cpu"):
        with pytest.raises(KernelValueError, match="no loss 'mean_square_error'.*known are"):
            get("mean_square_error")
        with pytest.raises(KernelValueError, match="did you mean 'mse'"):
            get("mss")
        with pytest.raises(KernelShapeError, match=r"mean_squared_error: y_true has shape \(2,\)"):
            losses.MeanSquaredError()([1.0, 2.0], [1.0, 2.0, 3.0])
        with pytest.raises(KernelShapeError, match=r"to be \(2,\), a class number for each"):
            losses.SparseCategoricalCrossentropy()(np.ones((2, 3)), np.ones((2, 3)))
        with pytest.raises(KernelValueError, match="reduction is 'average'"):
            losses.MeanSquaredError(reduction="average")
        with pytest.raises(KernelValueError, match="label_smoothing is 2"):
            losses.BinaryCrossentropy(label_smoothing=2)
        with pytest.raises(KernelShapeError, match="no samples"):
            losses.MeanSquaredError()(np.ones((0, 3)), np.ones((0, 3)))
        with pytest.raises((KernelError, TypeError)):
            get(3)  # type: ignore[arg-type]
