"""Embedding: rows of a table, and gradients that add up over repeated ones."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelError, KernelIndexError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops.embedding import embedding
from tests.nn.checks import check_gradient, check_values

TABLE = np.random.default_rng(0).normal(size=(5, 3)).astype("f4")


@pytest.mark.parametrize("indices", [3, [1], [[0, 4, 4], [2, 0, 0]], np.zeros((2, 0), "i4")])
def test_rows(indices, device):
    places = np.asarray(indices, np.int32)
    check_values(embedding(nn.tensor(places), nn.tensor(TABLE)), TABLE[places])
    check_values(embedding(places, nn.tensor(TABLE)), TABLE[places])


def test_gradients_add_up(device):
    places = np.array([[0, 4, 4], [4, 0, 2]], np.int32)

    def f(table):
        return embedding(nn.tensor(places), table)

    check_gradient(f, TABLE, device=device)
    slope = nn.grad(lambda t: f(t).sum())(nn.tensor(TABLE)).numpy()
    np.testing.assert_array_equal(slope, np.repeat([[2], [0], [1], [0], [3]], 3, axis=1))
    check_gradient(lambda t: f(t * t), TABLE, device=device, order=2)


def test_errors(device):
    table = nn.tensor(TABLE)
    with pytest.raises(KernelTypeError, match="nn.embedding: indices are float32, not int32"):
        embedding([0.5], table)
    with pytest.raises(KernelShapeError, match=r"nn.embedding: table has shape \(3,\), wanted"):
        embedding([0], TABLE[0])
    with pytest.raises(KernelIndexError, match="nn.embedding: index"):
        embedding([5], table)


def test_tensors_of_two_devices(gl):
    with pytest.raises(KernelError, match="nn.embedding was given tensors on"):
        embedding(nn.tensor([1], device="cpu"), nn.tensor(TABLE, device="gl"))
