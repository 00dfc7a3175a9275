"""Data of a training run: batches, their order, and what does not fit together."""

from __future__ import annotations

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.batches import Batches


def test_batches_hold_all_samples_in_order(device: str) -> None:
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7)
    batches = list(Batches(x, y, np.ones(7)).each(3))
    assert [batch.count for batch in batches] == [3, 3, 1]
    joined = np.concatenate([batch.arrays["x"].numpy() for batch in batches])
    np.testing.assert_array_equal(joined, x)
    np.testing.assert_array_equal(batches[2].arrays["y"].numpy(), [6])
    assert batches[0].arrays["weight"].dtype == np.float32


def test_shuffled_together(device: str) -> None:
    x, y = np.arange(20.0)[:, None], np.arange(20)
    mixed = Batches(x, y).shuffled(np.random.default_rng(1))
    order = mixed.arrays["y"].numpy()
    assert sorted(order) == list(range(20)) and (order != y).any()
    np.testing.assert_array_equal(mixed.arrays["x"].numpy()[:, 0], order)


def test_several_inputs(device: str) -> None:
    data = Batches([np.zeros((4, 2)), np.arange(4)], np.zeros((4, 1)))
    (first, second) = data.each(2)
    assert [one.shape for one in second.arrays["x"]] == [(2, 2), (2,)]
    assert first.arrays["weight"] is None
    nested = Batches([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])  # one array as lists
    assert nested.arrays["x"].shape == (3, 2)


def test_weights_are_multiplied(device: str) -> None:
    data = Batches(np.zeros(3), np.zeros(3), [1.0, 2.0, 3.0])
    weights = data.weighted(np.array([1.0, 10.0, 0.5])).arrays["weight"]
    np.testing.assert_allclose(weights.numpy(), [1.0, 20.0, 1.5])


def test_what_does_not_fit() -> None:
    with gk.device("cpu"):
        with pytest.raises(KernelShapeError, match=r"x has 3 samples, but y of shape \(2,\) has 2"):
            Batches(np.zeros((3, 1)), [1, 2])
        with pytest.raises(KernelShapeError, match="sample_weight of shape"):
            Batches(np.zeros((3, 1)), np.zeros(3), np.zeros(4))
        with pytest.raises(KernelShapeError, match=r"there are no samples: x has shape \(0, 4\)"):
            Batches(np.zeros((0, 4)))
        with pytest.raises(KernelTypeError, match="x has samples along its first axis"):
            Batches(3.0)
        with pytest.raises(KernelTypeError, match="y: .*the data.* is <U1, not numbers"):
            Batches(np.zeros((2, 1)), ["a", "b"])
        with pytest.raises(KernelTypeError, match="x is None"):
            Batches(None)


def test_data_goes_where_the_model_is(device: str) -> None:
    with gk.device("cpu"):
        model = nn.Sequential([nn.layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    x = nn.tensor(np.ones((4, 2)))  # on the device of the test
    assert model.fit(x, np.ones(4), verbose=0).history["loss"]
    assert model.predict(x).shape == (4, 1)
    assert model.layers[0].weights[0].device == "cpu"
