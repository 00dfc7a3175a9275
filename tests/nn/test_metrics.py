"""Metrics against NumPy over several batches, and what they leave on the device."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn import losses, metrics
from gpukernel.nn.metrics import get
from gpukernel.nn.metrics.measuring import metrics as registered
from gpukernel.nn.registry import custom_objects, serialize
from gpukernel.nn.tensor import Tensor, tensor
from gpukernel.runtime.device import Device

RNG = np.random.default_rng(8)
Floats = np.ndarray
SCORES = RNG.uniform(size=(12, 4)).astype(np.float32)
CLASSES = RNG.integers(0, 4, 12).astype(np.int32)
HOT = np.eye(4, dtype=np.float32)[CLASSES]
BITS = RNG.integers(0, 2, (12, 4)).astype(np.float32)
REAL = RNG.normal(size=(12, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(0, 2, 12).astype(np.float32)


def top(k: int) -> Floats:
    own = SCORES[np.arange(12), CLASSES][:, None]
    return np.asarray((SCORES > own).sum(-1) < k, float)


# What is given, and the number of every sample whose mean is wanted.
CASES: dict[str, tuple[Callable[[], Any], Floats, Floats, Floats]] = {
    "accuracy": (metrics.Accuracy, CLASSES, CLASSES * (CLASSES > 1), (CLASSES != 1) * 1.0),
    "binary": (metrics.BinaryAccuracy, BITS, SCORES, ((SCORES > 0.5) == BITS).mean(-1)),
    "categorical": (metrics.CategoricalAccuracy, HOT, SCORES, top(1)),
    "sparse": (metrics.SparseCategoricalAccuracy, CLASSES, SCORES, top(1)),
    "sparse_column": (metrics.SparseCategoricalAccuracy, CLASSES[:, None], SCORES, top(1)),
    "top_2": (lambda: metrics.TopKCategoricalAccuracy(2), HOT, SCORES, top(2)),
    "sparse_top_3": (lambda: metrics.SparseTopKCategoricalAccuracy(3), CLASSES, SCORES, top(3)),
    "mse": (metrics.MeanSquaredError, BITS, REAL, ((BITS - REAL) ** 2).mean(-1)),
    "mae": (metrics.MeanAbsoluteError, BITS, REAL, abs(BITS - REAL).mean(-1)),
    "cosine": (
        metrics.CosineSimilarity,
        HOT,
        REAL,
        REAL[np.arange(12), CLASSES] / np.sqrt((REAL**2).sum(-1)),
    ),
    "cross_entropy": (
        lambda: metrics.SparseCategoricalCrossentropy(from_logits=True),
        CLASSES,
        REAL,
        np.log(np.exp(REAL).sum(-1)) - REAL[np.arange(12), CLASSES],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_means_over_batches(device: str, case: str) -> None:
    make, y, p, each = CASES[case]
    metric = make()
    assert metric.result() == 0.0
    for start, stop in ((0, 4), (4, 8), (8, 12)):
        metric.update_state(y[start:stop], p[start:stop])
    assert metric.result() == pytest.approx(each.mean(), rel=1e-5)
    metric.reset_state()
    assert metric.result() == 0.0
    metric.update_state(y, p, WEIGHTS)
    assert metric.result() == pytest.approx((each * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)
    metric.update_state(y, p)
    wanted = (each * (WEIGHTS + 1)).sum() / (WEIGHTS + 1).sum()
    assert metric.result() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", ["mape", "msle", "huber", "hinge", "kld", "poisson", "logcosh"])
def test_losses_as_metrics(name: str) -> None:
    with gk.device("cpu"):
        y, p = np.abs(HOT) + 0.1, SCORES + 0.1
        loss = losses.get(name)
        metric = get(name) if registered.knows(name) else get(loss.call)
        assert metric(y, p) == pytest.approx(loss(y, p).item(), rel=1e-5)


def test_root_of_the_mean(device: str) -> None:
    metric = get("root_mean_squared_error")
    metric.update_state([0.0, 0.0], [1.0, 2.0])
    metric.update_state([[0.0]], [[2.0]])
    assert metric.result() == pytest.approx(math.sqrt(3.0))


def test_the_functions(device: str) -> None:
    assert metrics.categorical_accuracy(HOT, SCORES).tolist() == top(1).tolist()
    assert metrics.sparse_categorical_accuracy(CLASSES, SCORES).tolist() == top(1).tolist()
    assert metrics.top_k_categorical_accuracy(HOT, SCORES, 2).tolist() == top(2).tolist()
    found = metrics.sparse_top_k_categorical_accuracy(
        CLASSES.reshape(3, 4), SCORES.reshape(3, 4, 4), 2
    )
    assert found.tolist() == top(2).reshape(3, 4).tolist()
    found = metrics.binary_accuracy(BITS, SCORES, threshold=0.3)
    np.testing.assert_allclose(found.numpy(), ((SCORES > 0.3) == BITS).mean(-1))


def test_ties_and_labels_that_are_no_class(device: str) -> None:
    flat = np.zeros((3, 4), np.float32)
    assert metrics.sparse_categorical_accuracy([0, 1, 9], flat).tolist() == [1.0, 0.0, 0.0]
    assert metrics.sparse_top_k_categorical_accuracy([3, -1, 9], flat, 1).tolist() == [1, 0, 0]


def test_accuracy_of_many_predictions(device: str) -> None:
    p, labels = RNG.normal(size=(130, 5)).astype(np.float32), RNG.integers(0, 5, 130)
    wanted = (p.argmax(-1) == labels).mean()
    assert metrics.SparseCategoricalAccuracy()(labels, p) == pytest.approx(wanted)


# ---------------------------------------------------------------- by the shapes


def test_accuracy_is_chosen_by_the_shapes(device: str) -> None:
    column = SCORES[:, :1]
    for y, p, wanted in (
        (BITS[:, 0], column, ((column > 0.5) == BITS[:, :1]).mean()),
        (CLASSES, SCORES, top(1).mean()),
        (CLASSES[:, None], SCORES, top(1).mean()),
        (HOT, SCORES, top(1).mean()),
    ):
        metric = get("accuracy")
        assert metric.name == "accuracy"
        metric.update_state(tensor(y), tensor(p))
        assert metric.result() == pytest.approx(wanted, rel=1e-6)
    entropy = get("crossentropy", from_logits=True)
    assert entropy(CLASSES, REAL) == pytest.approx(CASES["cross_entropy"][3].mean(), rel=1e-5)
    signs = get("acc", from_logits=True)
    assert signs([1.0, 0.0], [0.2, -3.0]) == 1.0


# ---------------------------------------------------------------- precision, recall, areas


def counts(t: float, w: Any = 1.0) -> tuple[float, float, float]:
    above, yes = SCORES > t, BITS == 1
    w = np.broadcast_to(w, SCORES.shape)
    return (
        float(w[above & yes].sum()),
        float(w[above & ~yes].sum()),
        float(w[~above & yes].sum()),
    )


def test_precision_and_recall(device: str) -> None:
    precision, recall = metrics.Precision(), metrics.Recall([0.2, 0.7])
    for start, stop in ((0, 6), (6, 12)):
        precision.update_state(BITS[start:stop], SCORES[start:stop])
        recall.update_state(BITS[start:stop], SCORES[start:stop])
    right, wrong, _ = counts(0.5)
    assert precision.result() == pytest.approx(right / (right + wrong))
    wanted = [counts(t)[0] / (counts(t)[0] + counts(t)[2]) for t in (0.2, 0.7)]
    assert recall.result() == pytest.approx(wanted)
    weighted = metrics.Precision(0.4)
    weighted.update_state(BITS, SCORES, WEIGHTS)
    right, wrong, _ = counts(0.4, WEIGHTS[:, None])
    assert weighted.result() == pytest.approx(right / (right + wrong), rel=1e-5)
    weighted.reset_state()
    assert weighted.result() == 0.0


def test_area_under_the_roc_curve(device: str) -> None:
    p = np.round(SCORES * 199) / 199 + 0.001  # one threshold between any two
    yes, no = p[BITS == 1], p[BITS == 0]
    better = (yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean()
    metric = metrics.AUC()
    metric.update_state(BITS[:5], p[:5])
    metric.update_state(BITS[5:], p[5:])
    assert metric.result() == pytest.approx(better, abs=1e-5)
    logits = np.log(p / (1.002 - p))
    from_logits = metrics.AUC(1000, from_logits=True)
    from_logits.update_state(BITS, logits)
    assert from_logits.result() == pytest.approx(better, abs=5e-3)


def test_areas_of_a_small_example() -> None:
    y, p = [0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]
    with gk.device("cpu"):
        # with thresholds below 0, at 0.5 and above 1: recall 1, 0.5, 0; false positives 1, 0, 0
        for curve, method, wanted in (
            ("ROC", "interpolation", 0.75),
            ("ROC", "majoring", 1.0),
            ("ROC", "minoring", 0.5),
            ("PR", "majoring", 1.0),
        ):
            assert metrics.AUC(3, curve, method)(y, p) == pytest.approx(wanted, abs=1e-6)
        assert metrics.AUC(curve="PR")([1, 1], [0.5, 0.9]) == pytest.approx(1.0)
        # one is found at once; from there on precision is tp / (tp + 1) up to the second
        wanted = 0.5 + (1 - math.log(1.5)) / 2
        assert metrics.AUC(curve="PR")(y, p) == pytest.approx(wanted, abs=1e-6)


# ---------------------------------------------------------------- on the device


def test_updates_read_nothing_back(gl: Device) -> None:
    with gk.device("gl"):
        y, p, hot = tensor(CLASSES), tensor(SCORES), tensor(HOT)
        chosen = [get("accuracy"), get("mse"), metrics.AUC(), metrics.Precision()]
        for step in range(5):
            if step == 2:
                before = gk.memory()
            for metric, labels in zip(chosen, (y, hot, hot, hot)):
                metric.update_state(labels, p)
        after = gk.memory()
        assert after.downloads == before.downloads
        assert after.uploads == before.uploads
        assert after.compiles == before.compiles
        assert (after.arrays, after.textures) == (before.arrays, before.textures)
        before = gk.memory()
        chosen[0].update_state(y, p)
        assert gk.memory().launches - before.launches == 1
        assert 0 <= chosen[0].result() <= 1


# ---------------------------------------------------------------- names and errors


def test_names_and_configuration() -> None:
    for name in metrics.__all__:
        thing = getattr(metrics, name)
        if not isinstance(thing, type) or name in ("Metric", "MeanMetric", "FunctionMetric"):
            continue
        made = get(name)
        config = json.loads(json.dumps(made.get_config()))
        again = get({"class_name": name, "config": config})
        assert type(again) is type(made)
        assert again.name == made.name
    assert type(get("Accuracy")) is metrics.Accuracy
    assert get("rmse").name == "root_mean_squared_error"
    assert type(get(metrics.binary_accuracy)) is metrics.BinaryAccuracy


def test_a_function_is_a_metric(device: str) -> None:
    def most(y: Any, p: Any) -> Tensor:
        return tensor(p).max(-1)  # type: ignore[no-any-return]

    metric = get(most)
    assert metric.name == "most"
    assert metric([[0.0, 0.0]], [[1.0, 3.0]]) == 3.0
    with custom_objects({"most": most}):
        assert get("most").name == get(serialize(metric)).name == "most"
    with pytest.raises(KernelTypeError, match="metric <lambda> returned a float"):
        get(lambda y, p: 3.0)([1.0], [1.0])


def test_the_mean_of_numbers(device: str) -> None:
    loss = metrics.Mean("loss")
    loss.update_state(tensor(4.0), 3)
    loss.update_state([1.0, 0.0], [1.0, 0.0])
    assert loss.result() == pytest.approx(13 / 4)


def test_errors() -> None:
    with gk.device("cpu"):
        with pytest.raises(KernelValueError, match="(?s)no metric 'accurracy'.*mean 'Accuracy'"):
            get("accurracy")
        with pytest.raises(KernelShapeError, match=r"categorical_accuracy: y_true has shape"):
            metrics.CategoricalAccuracy()(CLASSES, SCORES)
        with pytest.raises(KernelShapeError, match="a class number for each"):
            metrics.SparseCategoricalAccuracy()(HOT, SCORES)
        with pytest.raises(KernelShapeError, match="sample_weight"):
            metrics.MeanSquaredError()(HOT, SCORES, np.ones(5))
        with pytest.raises(KernelValueError, match="k is 0"):
            metrics.TopKCategoricalAccuracy(0)
        with pytest.raises(KernelValueError, match="curve is 'roc'"):
            metrics.AUC(curve="roc")
        with pytest.raises(KernelValueError, match="a threshold is 2"):
            metrics.Precision(2.0)
