"""Random tensors: moments, seeds, and the same numbers on both devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops.random import (
    permutation,
    random_normal,
    random_uniform,
    shuffle,
    truncated_normal,
)
from gpukernel.nn.tensor import Tensor, tensor
from gpukernel.runtime.device import Device

MAKERS = (random_normal, truncated_normal, random_uniform)


def test_moments_of_the_normal_distribution(device: str) -> None:
    x = random_normal((100, 211), mean=3.0, stddev=0.5, seed=1).numpy()
    z = (x.astype(np.float64) - 3.0) / 0.5
    moments = [float((z**n).mean()) for n in (1, 2, 3, 4)]
    assert np.allclose(moments, [0, 1, 0, 3], atol=[0.03, 0.04, 0.1, 0.3])


def test_moments_of_the_truncated_distribution(device: str) -> None:
    x = truncated_normal((100, 211), mean=-1.0, stddev=2.0, seed=2).numpy()
    z = (x.astype(np.float64) + 1.0) / 2.0
    assert np.abs(z).max() <= 2.0 + 1e-6
    assert np.isclose(z.mean(), 0, atol=0.02)
    assert np.isclose(z.var(), 0.7737, atol=0.02)  # 1 - 4 phi(2) / (Phi(2) - Phi(-2))
    assert np.isclose((np.abs(z) < 1).mean(), 0.68269 / 0.95450, atol=0.02)
    assert len(np.unique(np.round(z, 5))) > 0.9 * len(np.unique(z))  # nothing heaps up


def test_moments_of_the_uniform_distribution(device: str) -> None:
    x = random_uniform((100, 211), -2.0, 4.0, seed=3).numpy().astype(np.float64)
    assert x.min() >= -2.0 and x.max() < 4.0
    assert np.isclose(x.mean(), 1.0, atol=0.05) and np.isclose(x.var(), 3.0, atol=0.06)


def test_uniform_ints(device: str) -> None:
    x = random_uniform(7000, -3, 4, seed=4, dtype="int32")
    assert x.dtype == np.int32
    values, counts = np.unique(x.numpy(), return_counts=True)
    assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert abs(counts - 1000).max() < 150


@pytest.mark.parametrize("make", MAKERS)
def test_seeds(device: str, make: Callable[..., Tensor]) -> None:
    first = make((3, 5), seed=9).numpy()
    assert np.array_equal(first, make((3, 5), seed=9).numpy())
    assert not np.array_equal(first, make((3, 5), seed=10).numpy())
    assert np.array_equal(first.reshape(-1), make(15, seed=9).numpy())
    gk.seed(5)
    stream = [make(4).numpy(), make(4).numpy()]
    gk.seed(5)
    assert np.array_equal(stream[0], make(4).numpy())
    assert np.array_equal(stream[1], make(4).numpy())
    assert not np.array_equal(stream[0], stream[1])


@pytest.mark.parametrize("make", MAKERS)
def test_both_devices_draw_the_same(gl: Device, make: Callable[..., Tensor]) -> None:
    drawn = [make((7, 13), 0.5, 2.0, seed=11, device=name).numpy() for name in ("cpu", "gl")]
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-6, atol=1e-6)
    drawn = [make((7, 13), seed=11, device=name).numpy() for name in ("cpu", "gl")]
    assert np.array_equal(drawn[0], drawn[1])


def test_permutations_are_the_same_everywhere(device: str) -> None:
    order = permutation(50, seed=6)
    assert (order.device, order.dtype.name) == (device, "int32")
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() == permutation(50, seed=6, device="cpu").tolist()
    assert order.tolist() != permutation(50, seed=7).tolist()
    firsts = [permutation(4, seed=s, device="cpu").tolist()[0] for s in range(200)]
    assert min(np.bincount(firsts)) > 25  # every element comes first a quarter of the time


def test_shuffle(device: str) -> None:
    x = np.arange(30, dtype=np.float32).reshape(5, 6)
    order = permutation(6, seed=8).numpy()
    assert np.array_equal(shuffle(tensor(x), axis=1, seed=8).numpy(), x[:, order])


@pytest.mark.parametrize("shape", [(), 1, (0, 4), (2, 1, 3, 2, 2)])
def test_any_shape(device: str, shape: Any) -> None:
    for make in MAKERS:
        assert make(shape, seed=1).numpy().shape == np.zeros(shape).shape
    assert permutation(0).tolist() == []


def test_equal_ends(device: str) -> None:
    assert random_uniform(3, 2.0, 2.0).tolist() == [2.0, 2.0, 2.0]
    assert random_uniform(3, 2, 2, dtype="int32").tolist() == [2, 2, 2]


WRONG: Any = ["a", 1.5]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: random_normal((2, -1)), KernelShapeError, "nn.random_normal: .*negative"),
        (lambda: random_normal(2, stddev=-1), KernelTypeError, "stddev=-1 is negative"),
        (lambda: random_normal(2, mean=np.inf), KernelTypeError, "mean=inf is not a finite"),
        (lambda: truncated_normal(2, WRONG[0]), KernelTypeError, "nn.truncated_normal: mean='a'"),
        (lambda: random_uniform(2, 3, 1), KernelShapeError, "between 3 and 1"),
        (lambda: random_uniform(2, 0.5, 3, dtype="int32"), KernelTypeError, "low=0.5"),
        (lambda: random_uniform(2, dtype="bool"), KernelTypeError, "float32 or int32, not bool"),
        (lambda: random_uniform(2, seed=WRONG[1]), KernelTypeError, "seeds are ints"),
        (lambda: permutation(-1), KernelShapeError, "nn.permutation: .*negative"),
    ],
)
def test_errors(make: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        make()
