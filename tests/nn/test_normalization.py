"""Normalisation: against NumPy, torch, and central differences."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.normalization import (
    batch_norm,
    batch_norm_training,
    layer_norm,
    local_response_norm,
)
from tests.nn.checks import check_gradient, check_values


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("f4")


def normalized(x, mean, variance, epsilon=1e-3):
    return (x - mean) / np.sqrt(variance + epsilon)


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4, 5), (1, 1)])
def test_batch_norm(shape, device):
    x, channels = numbers(*shape), shape[-1]
    mean, offset, scale = (numbers(channels, seed=s) for s in (1, 2, 3))
    variance = numbers(channels, seed=4) ** 2
    plain = normalized(x, mean, variance)
    check_values(batch_norm(nn.tensor(x), mean, variance), plain, rtol=1e-5, atol=1e-5)
    wanted = plain * scale + offset
    found = batch_norm(nn.tensor(x), mean, variance, offset, scale)
    check_values(found, wanted, rtol=1e-5, atol=1e-5)
    only = batch_norm(nn.tensor(x), mean, variance, scale=scale, epsilon=0.1)
    check_values(only, normalized(x, mean, variance, 0.1) * scale, rtol=1e-5, atol=1e-5)


def test_gradients_of_batch_norm(device):
    x, variance = numbers(3, 2, 2), np.array([0.5, 2.0])
    rest = numbers(2, seed=1), variance, numbers(2, seed=2), numbers(2, seed=3)
    check_gradient(batch_norm, x, *rest, device=device)
    check_gradient(lambda x: batch_norm_training(x)[0], x, device=device)
    check_gradient(lambda x, b, s: batch_norm_training(x, b, s)[0], x, *rest[2:], device=device)


def test_gradients_of_the_statistics(device):
    x = numbers(4, 2)

    def f(x):
        result, mean, variance = batch_norm_training(x)
        return result * mean + variance

    check_gradient(f, x, device=device)
    check_gradient(f, x[:3], device=device, order=2)


def test_batch_norm_training(device):
    x = numbers(4, 3, 5)
    result, mean, variance = batch_norm_training(nn.tensor(x))
    check_values(mean, x.mean((0, 1)), atol=1e-5)
    check_values(variance, x.var((0, 1)), rtol=1e-5)
    check_values(result, normalized(x, x.mean((0, 1)), x.var((0, 1))), rtol=1e-5, atol=1e-5)
    result, mean, variance = batch_norm_training(nn.tensor(x), axis=1, epsilon=0.01)
    assert mean.shape == variance.shape == (4, 5)
    wanted = normalized(x, x.mean(1, keepdims=True), x.var(1, keepdims=True), 0.01)
    check_values(result, wanted, rtol=1e-5, atol=1e-5)


def test_constant_features_are_zero(device):
    x = nn.tensor(np.full((4, 3), 1000.0, "f4"))
    assert not batch_norm_training(x)[0].numpy().any()
    assert not layer_norm(x).numpy().any()


@pytest.mark.parametrize("shape, axis", [((4, 6), -1), ((2, 3, 5), (1, 2)), ((3, 1), 1), ((7,), 0)])
def test_layer_norm(shape, axis, device):
    x = numbers(*shape)
    plain = normalized(x, x.mean(axis, keepdims=True), x.var(axis, keepdims=True))
    check_values(layer_norm(nn.tensor(x), axis), plain, rtol=1e-5, atol=1e-5)
    gamma, beta = numbers(shape[-1], seed=1), numbers(shape[-1], seed=2)
    found = layer_norm(nn.tensor(x), axis, gamma, beta)
    check_values(found, plain * gamma + beta, rtol=1e-5, atol=1e-5)


def test_gradients_of_layer_norm(device):
    x, gamma, beta = numbers(3, 4), numbers(4, seed=1), numbers(4, seed=2)
    check_gradient(lambda x, g, b: layer_norm(x, -1, g, b), x, gamma, beta, device=device)
    check_gradient(lambda x: layer_norm(x, 0, epsilon=0.5), x[:, :2], device=device, order=2)


@pytest.mark.parametrize("radius", [0, 1, 5])
def test_local_response_norm(radius, device):
    x = numbers(2, 3, 1, 7)
    wanted = np.empty_like(x)
    for c in range(7):
        near = x[..., max(c - radius, 0) : c + radius + 1]
        wanted[..., c] = x[..., c] / (0.5 + 2 * (near**2).sum(-1)) ** 0.75
    found = local_response_norm(nn.tensor(x), radius, 0.5, 2.0, 0.75)
    check_values(found, wanted, rtol=2e-5, atol=1e-5)


def test_gradients_of_local_response_norm(device):
    x = numbers(1, 2, 1, 5)
    check_gradient(lambda x: local_response_norm(x, 1), x, device=device)
    check_gradient(lambda x: local_response_norm(x, 2), x[:, :1], device=device, order=2)


def test_equals_torch(device):
    torch = pytest.importorskip("torch")
    x, scale, offset = numbers(4, 2, 3), numbers(3, seed=1), numbers(3, seed=2)
    inputs = [torch.tensor(a, requires_grad=True) for a in (x, scale, offset)]
    wanted = torch.nn.functional.batch_norm(
        inputs[0].reshape(-1, 3), None, None, *inputs[1:], training=True, eps=1e-3
    ).reshape(4, 2, 3)
    (wanted**3).sum().backward()

    def total(x, scale, offset):
        y = batch_norm_training(x, offset, scale)[0]
        return (y * y * y).sum()

    slopes = nn.grad(total, (0, 1, 2))(*[nn.tensor(a) for a in (x, scale, offset)])
    for slope, one in zip(slopes, inputs):
        check_values(slope, one.grad.numpy(), rtol=1e-4, atol=1e-4)


def test_errors():
    x = numbers(4, 3)
    with pytest.raises(KernelShapeError, match=r"nn.batch_norm: mean of shape \(4,\) does not"):
        batch_norm(x, numbers(4), numbers(3))
    with pytest.raises(KernelShapeError, match=r"nn.batch_norm: scale of shape \(2,\) does not"):
        batch_norm(x, numbers(3), numbers(3), scale=numbers(2))
    with pytest.raises(KernelTypeError, match="nn.layer_norm: epsilon=-1 is not a number of at"):
        layer_norm(x, epsilon=-1)
    with pytest.raises(KernelShapeError, match=r"nn.layer_norm: gamma of shape \(4, 1, 3\)"):
        layer_norm(x, gamma=numbers(4, 1, 3))
    with pytest.raises(KernelShapeError, match="nn.layer_norm: axis 2 is outside"):
        layer_norm(x, 2)
    with pytest.raises(KernelShapeError, match="nn.batch_norm_training: x of shape .0, 3. has no"):
        batch_norm_training(x[:0])
    with pytest.raises(KernelTypeError, match="nn.layer_norm: x is int32, not float32"):
        layer_norm(np.ones((2, 3), int))
    with pytest.raises(KernelShapeError, match="nn.local_response_norm: x has shape"):
        local_response_norm(x)
    with pytest.raises(KernelShapeError, match="depth_radius=-1 is less than 0"):
        local_response_norm(numbers(1, 1, 1, 3), -1)
