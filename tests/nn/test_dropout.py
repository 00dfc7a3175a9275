"""Dropout: how much is left, which elements, and that the gradient takes the same ones."""

from __future__ import annotations

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.dropout import dropout


def test_the_others_make_up_for_it(device):
    x = np.random.default_rng(0).normal(size=(50, 61)).astype("f4") + 3
    y = dropout(nn.tensor(x), 0.4, seed=7).numpy()
    left = y != 0
    assert abs(left.mean() - 0.6) < 0.03
    np.testing.assert_allclose(y[left], (x / np.float32(0.6))[left], rtol=1e-6)


def test_the_gradient_takes_the_same_elements(device):
    x = nn.tensor(np.ones((7, 33), "f4"))
    y, slope = nn.value_and_grad(lambda x: ((d := dropout(x, 0.5)) * d).sum())(x)
    slope = slope.numpy()
    assert set(np.unique(slope)) == {0.0, 8.0}  # 2 * d / (1 - rate)
    assert y.item() == slope.sum() / 2
    second = nn.grad(lambda x: nn.grad(lambda x: (dropout(x, 0.5, seed=1) ** 3).sum())(x).sum())
    assert set(np.unique(second(x).numpy())) == {0.0, 48.0}


def test_seeds(device):
    x = nn.tensor(np.ones(1001, "f4"))
    first, again, other = (dropout(x, 0.5, seed=s).numpy() for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.4
    assert (dropout(x, 0.5).numpy() != dropout(x, 0.5).numpy()).mean() > 0.4
    gk.seed(5)
    one = dropout(x, 0.5).numpy()
    gk.seed(5)
    np.testing.assert_array_equal(one, dropout(x, 0.5).numpy())


def test_the_same_elements_on_every_device(gl):
    x = np.ones((3, 5, 7), "f4")
    found = [dropout(nn.tensor(x, device=d), 0.3, seed=2**40 + 1).numpy() for d in ("gl", "cpu")]
    np.testing.assert_array_equal(found[0] != 0, found[1] != 0)


def test_shared_draws(device):
    y = dropout(nn.tensor(np.ones((40, 6, 5), "f4")), 0.5, seed=1, noise_shape=(None, 1, 5)).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert 0.3 < (y == 0).mean() < 0.7
    y = dropout(nn.tensor(np.ones((4, 6), "f4")), 0.5, seed=1, noise_shape=(1, 1)).numpy()
    assert len(np.unique(y)) == 1


def test_what_is_not_a_number_is_dropped_too(device):
    y = dropout(nn.tensor(np.full(200, np.inf, "f4")), 0.5, seed=1).numpy()
    assert set(y.tolist()) == {0.0, np.inf}


def test_nothing_to_drop(device):
    x = nn.tensor(np.ones(3, "f4"))
    assert dropout(x, 0) is x
    assert dropout(x, 0.9, training=False) is x
    assert dropout(nn.tensor(np.ones((0, 3), "f4")), 0.5).shape == (0, 3)
    assert dropout(1.0, 0.5, seed=1).item() in (0.0, 2.0)


def test_errors():
    x = np.ones((2, 3), "f4")
    for rate in (1, 1.0, -0.1, float("nan")):
        with pytest.raises(KernelShapeError, match=r"nn.dropout: rate=.* is outside 0 <= rate < 1"):
            dropout(x, rate)
    with pytest.raises(KernelTypeError, match="nn.dropout: rate='half' is not a number"):
        dropout(x, "half")  # type: ignore[arg-type]
    with pytest.raises(
        KernelShapeError, match=r"noise_shape \(3,\) does not broadcast to \(2, 3\)"
    ):
        dropout(x, 0.5, noise_shape=(3,))
    with pytest.raises(KernelShapeError, match="does not broadcast"):
        dropout(x, 0.5, noise_shape=(2, 2))
    with pytest.raises(KernelTypeError, match="nn.dropout: x is int32, not float32"):
        dropout(np.ones(3, int), 0.5)
