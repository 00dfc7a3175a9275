"""Convolutions: against a plain loop over taps, torch, and central differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops import convolution
from gpukernel.nn.ops.convolution import (
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    depthwise_conv2d,
    separable_conv2d,
)
from tests.nn.checks import check_gradient, check_values

CONVOLUTIONS = {1: conv1d, 2: conv2d, 3: conv3d}


def numbers(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).normal(size=shape).astype("f4")


def pads_of(padding, sizes, spans, strides):
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if padding == "same":
        totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(sizes, spans, strides)]
        return [(t // 2, t - t // 2) for t in totals]
    return list(padding)


def by_loops(x, f, strides, padding="valid", dilation=None, groups=1):
    """Convolve in float64: for every tap, add what it sees times its weights."""
    rank = x.ndim - 2
    dilation = dilation or (1,) * rank
    taps, sizes = f.shape[:rank], x.shape[1:-1]
    spans = [(k - 1) * d + 1 for k, d in zip(taps, dilation)]
    pads = pads_of(padding, sizes, spans, strides)
    x = np.pad(x.astype(np.float64), [(0, 0), *pads, (0, 0)])
    places = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], spans, strides)]
    parts = []
    for own, mine in zip(np.split(x, groups, -1), np.split(f, groups, -1)):
        total = np.zeros((x.shape[0], *places, mine.shape[-1]))
        for tap in itertools.product(*map(range, taps)):
            met = [
                slice(t * d, t * d + (p - 1) * s + 1, s)
                for t, d, p, s in zip(tap, dilation, places, strides)
            ]
            total += own[(slice(None), *met)] @ mine[tap]
        parts.append(total)
    return np.concatenate(parts, -1).astype("f4")


CASES = [  # of x, of filters, strides, padding, dilation, groups
    ((2, 7, 5, 3), (3, 2, 3, 4), (1, 1), "valid", (1, 1), 1),
    ((2, 6, 7, 2), (3, 3, 2, 5), (2, 2), "same", (1, 1), 1),
    ((1, 8, 9, 1), (2, 3, 1, 2), (3, 2), ((1, 0), (0, 2)), (1, 2), 1),
    ((2, 9, 8, 4), (3, 2, 2, 6), (1, 2), "same", (2, 1), 2),
    ((1, 9, 9, 2), (2, 3, 2, 1), (2, 3), ((1, 1), (2, 2)), (2, 2), 1),
    ((3, 4, 4, 6), (3, 3, 1, 6), (1, 1), "same", (1, 1), 6),
    ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), "valid", (1, 1), 1),
]


@pytest.mark.parametrize("shape, taps, strides, padding, dilation, groups", CASES)
def test_values_and_gradients(shape, taps, strides, padding, dilation, groups, device):
    x, f = numbers(*shape), numbers(*taps)

    def convolved(x, f):
        return conv2d(x, f, strides, padding, dilation, groups)

    wanted = by_loops(x, f, strides, padding, dilation, groups)
    check_values(convolved(nn.tensor(x), nn.tensor(f)), wanted, rtol=1e-5, atol=1e-5)
    check_gradient(convolved, x[:2], f, device=device)


@pytest.mark.parametrize(
    "shape, taps, strides, padding, dilation, groups",
    [
        ((2, 9, 3), (4, 3, 5), (2,), "same", (1,), 1),
        ((1, 8, 4), (3, 2, 2), (1,), "valid", (2,), 2),
        ((2, 4, 5, 3, 2), (2, 3, 2, 2, 3), (2, 1, 1), "same", (1, 1, 1), 1),
        ((1, 5, 4, 5, 2), (2, 2, 2, 1, 2), (1, 2, 3), ((0, 1), (1, 0), (0, 0)), (2, 1, 1), 2),
    ],
)
def test_one_and_three_axes(shape, taps, strides, padding, dilation, groups, device):
    x, f = numbers(*shape), numbers(*taps)
    convolve = CONVOLUTIONS[len(strides)]

    def convolved(x, f):
        return convolve(x, f, strides, padding, dilation, groups)

    wanted = by_loops(x, f, strides, padding, dilation, groups)
    check_values(convolved(nn.tensor(x), nn.tensor(f)), wanted, rtol=1e-5, atol=1e-5)
    check_gradient(convolved, x, f, device=device)


@pytest.mark.parametrize("strides, dilation, groups", [(2, 1, 1), (1, 2, 2)])
def test_second_order(strides, dilation, groups, device):
    x, f = numbers(1, 4, 3, 2), numbers(2, 1, 2 // groups, 2)

    def convolved(x, f):
        return conv2d(x, f, strides, "same", dilation, groups) ** 2

    check_gradient(convolved, x, f, device=device, order=2)


@pytest.mark.parametrize(
    "strides, padding, dilation, groups", [(1, 1, 1, 1), (2, 2, 2, 4), (3, 0, 1, 2)]
)
def test_equals_torch(strides, padding, dilation, groups, device):
    torch = pytest.importorskip("torch")
    x, f = numbers(3, 11, 9, 4), numbers(3, 2, 4 // groups, 8)
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    weights = torch.tensor(f.transpose(3, 2, 0, 1).copy(), requires_grad=True)
    wanted = torch.nn.functional.conv2d(image, weights, None, strides, padding, dilation, groups)
    (wanted**2).sum().backward()

    def total(x, f):
        y = conv2d(x, f, strides, padding, dilation, groups)
        return (y * y).sum(), y

    (_, y), slopes = nn.value_and_grad(total, (0, 1), has_aux=True)(nn.tensor(x), nn.tensor(f))
    check_values(y, wanted.detach().numpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-4)
    check_values(slopes[0], image.grad.numpy().transpose(0, 2, 3, 1), rtol=1e-4, atol=1e-3)
    check_values(slopes[1], weights.grad.numpy().transpose(2, 3, 1, 0), rtol=1e-4, atol=1e-3)


def test_depthwise_and_separable(device):
    x, own, mixing = numbers(2, 5, 6, 3), numbers(3, 2, 3, 2), numbers(1, 1, 6, 4)
    middle = by_loops(x, own.reshape(3, 2, 1, 6), (2, 1), "same", None, 3)
    found = depthwise_conv2d(nn.tensor(x), own, (2, 1), "same")
    check_values(found, middle, rtol=1e-5, atol=1e-5)
    found = separable_conv2d(nn.tensor(x), own, mixing, (2, 1), "same")
    check_values(found, by_loops(middle, mixing, (1, 1)), rtol=1e-5, atol=1e-5)
    check_gradient(lambda x, f: depthwise_conv2d(x, f, 1, "same", 2), x[:1], own, device=device)
    check_gradient(separable_conv2d, x[:1], own, mixing, device=device)


def scattered(x, f, strides, dilation, before, sizes):
    """Return the transposed convolution: every cell of ``x`` adds its weights to the result."""
    padded = np.zeros((x.shape[0], *(n + 20 for n in sizes), f.shape[2]))
    for r, s, i, j in itertools.product(*map(range, (*f.shape[:2], *x.shape[1:3]))):
        row, column = i * strides[0] + r * dilation[0], j * strides[1] + s * dilation[1]
        padded[:, row, column] += x[:, i, j] @ f[r, s].T
    top, left = before
    return padded[:, top : top + sizes[0], left : left + sizes[1]].astype("f4")


@pytest.mark.parametrize(
    "strides, padding, more, before, sizes",
    [
        ((1, 1), "valid", None, (0, 0), (5, 7)),
        ((2, 3), "valid", None, (0, 0), (7, 15)),
        ((2, 2), "same", None, (0, 0), (6, 10)),
        ((1, 2), "same", 0, (1, 1), (3, 9)),
        ((2, 2), "same", (1, 0), (0, 1), (6, 9)),
        ((2, 2), ((1, 0), (0, 1)), None, (1, 0), (6, 10)),
    ],
)
def test_transposed(strides, padding, more, before, sizes, device):
    x, f = numbers(2, 3, 5, 3), numbers(3, 3, 2, 3)
    found = conv2d_transpose(nn.tensor(x), nn.tensor(f), strides, padding, more)
    assert found.shape == (2, *sizes, 2)
    wanted = scattered(x, f, strides, (1, 1), before, sizes)
    check_values(found, wanted, rtol=1e-5, atol=1e-5)
    check_gradient(
        lambda x, f: conv2d_transpose(x, f, strides, padding, more), x[:1], f, device=device
    )


def test_transposed_equals_torch(device):
    torch = pytest.importorskip("torch")
    x, f = numbers(2, 4, 3, 5), numbers(4, 3, 2, 5)
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy())
    weights = torch.tensor(f.transpose(3, 2, 0, 1).copy())
    wanted = torch.nn.functional.conv_transpose2d(image, weights, None, 2, 1, 1, dilation=2)
    found = conv2d_transpose(nn.tensor(x), f, 2, 1, 1, 2)
    check_values(found, wanted.numpy().transpose(0, 2, 3, 1), rtol=1e-5, atol=1e-5)


def test_it_is_the_gradient_by_the_image(device):
    x, f = numbers(1, 7, 8, 2), numbers(3, 2, 2, 3)
    g = nn.tensor(numbers(1, 4, 4, 3))
    slope = nn.grad(lambda x: (conv2d(x, f, 2, "same") * g).sum())(nn.tensor(x))
    even = nn.grad(lambda x: (conv2d(x, f, 2, "same") * g).sum())(nn.tensor(numbers(1, 8, 8, 2)))
    assert slope.shape == (1, 7, 8, 2)
    np.testing.assert_allclose(
        conv2d_transpose(g, f, 2, "same").numpy(), even.numpy(), rtol=1e-5, atol=1e-6
    )


def test_sums_in_parts_are_the_same(device, monkeypatch):
    x, g, f = numbers(7, 5, 5, 2), numbers(7, 3, 3, 4), numbers(3, 3, 2, 4)

    def slope():
        return nn.grad(lambda f: (conv2d(x, f) * nn.tensor(g)).sum())(nn.tensor(f)).numpy()

    whole = slope()
    for parts in (1, 150, 300):
        monkeypatch.setattr(convolution, "MAX_PARTS", parts)
        np.testing.assert_allclose(slope(), whole, rtol=1e-4, atol=1e-5)


BLOCKS = [  # of x, of filters, strides, dilation: which weights one cell computes
    ((3, 4, 13, 3), (2, 3, 3, 5), (1, 1), (1, 1)),  # a row of taps
    ((2, 5, 16, 2), (3, 9, 2, 3), (2, 3), (1, 1)),  # three of the taps
    ((2, 9, 9, 1), (2, 5, 1, 4), (2, 1), (1, 2)),  # taps that lie apart
    ((3, 5, 4, 6), (3, 1, 6, 4), (1, 2), (2, 1)),  # six channels
    ((2, 3, 14, 4), (1, 11, 4, 2), (1, 1), (1, 1)),  # four channels
    ((2, 3, 3, 11), (1, 1, 11, 2), (1, 1), (1, 1)),  # one weight
]


@pytest.mark.parametrize("shape, taps, strides, dilation", BLOCKS)
def test_weights_of_a_block(shape, taps, strides, dilation, gl, monkeypatch):
    x, f = numbers(*shape), numbers(*taps)

    def slope(device):
        with gk.device(device):
            return nn.grad(lambda f: conv2d(x, f, strides, "same", dilation).square().sum())(f)

    wanted = slope("cpu").numpy()
    np.testing.assert_allclose(slope("gl").numpy(), wanted, rtol=2e-4, atol=2e-4)
    monkeypatch.setattr(convolution, "MAX_PARTS", 1)
    np.testing.assert_allclose(slope("gl").numpy(), wanted, rtol=2e-4, atol=2e-4)


def test_bias_and_activation_run_in_the_same_kernel(gl):
    with gk.device("gl"):
        x, f, bias = (nn.tensor(numbers(*s)) for s in ((2, 6, 6, 3), (3, 3, 3, 4), (4,)))
        before = gk.memory().launches
        found = nn.relu(conv2d(x, f) + bias).numpy()
        assert gk.memory().launches == before + 1
    wanted = by_loops(x.numpy(), f.numpy(), (1, 1)) + bias.numpy()
    np.testing.assert_allclose(found, np.maximum(wanted, 0), rtol=1e-5, atol=1e-5)


def test_no_images(device):
    f = numbers(2, 2, 1, 3)
    found, slope = nn.value_and_grad(lambda f: conv2d(np.zeros((0, 4, 4, 1), "f4"), f).sum())(
        nn.tensor(f)
    )
    assert found.item() == 0
    np.testing.assert_array_equal(slope.numpy(), np.zeros_like(f))


def test_padding_in_capitals_is_the_same(device):
    x, f = numbers(1, 5, 4, 2), numbers(3, 2, 2, 3)
    for name in ("same", "valid"):
        expected = conv2d(x, f, 2, name).numpy()
        np.testing.assert_array_equal(conv2d(x, f, 2, name.upper()).numpy(), expected)
        expected = conv2d_transpose(x, numbers(3, 2, 3, 2), 2, name).numpy()
        found = conv2d_transpose(x, numbers(3, 2, 3, 2), 2, name.upper()).numpy()
        np.testing.assert_array_equal(found, expected)


def test_errors():
    x, f = numbers(1, 5, 5, 2), numbers(3, 3, 2, 4)
    with pytest.raises(KernelShapeError, match=r"nn.conv2d: x has shape \(5, 5, 2\), wanted"):
        conv2d(x[0], f)
    with pytest.raises(KernelShapeError, match=r"nn.conv2d: filters has shape \(3, 2, 4\), wanted"):
        conv2d(x, f[0])
    with pytest.raises(KernelShapeError, match=r"x has 2 channels, but filters of shape .* take 3"):
        conv2d(x, numbers(3, 3, 3, 4))
    with pytest.raises(KernelShapeError, match="2 channels in and 4 channels out do not divide"):
        conv2d(x, f, groups=3)
    with pytest.raises(KernelShapeError, match="reaches over 7 cells is larger than an axis of 5"):
        conv2d(x, f, dilation=3)
    with pytest.raises(KernelTypeError, match="nn.conv2d: padding='full' is unknown"):
        conv2d(x, f, padding="full")
    with pytest.raises(KernelShapeError, match="padding=-1 is less than 0"):
        conv2d(x, f, padding=-1)
    with pytest.raises(KernelShapeError, match="nn.conv2d: strides=0 is less than 1"):
        conv2d(x, f, 0)
    with pytest.raises(KernelTypeError, match="nn.conv2d: strides=1.5 is not an int"):
        conv2d(x, f, 1.5)
    with pytest.raises(KernelTypeError, match="nn.conv2d: x is int32, not float32"):
        conv2d(np.ones((1, 5, 5, 2), int), f)
    with pytest.raises(KernelShapeError, match="take 3\n.*multiplier"):
        depthwise_conv2d(x, numbers(3, 3, 3, 1))
    with pytest.raises(KernelShapeError, match=r"pointwise has shape \(1, 1, 3, 4\), wanted"):
        separable_conv2d(x, numbers(3, 3, 2, 1), numbers(1, 1, 3, 4))
    with pytest.raises(KernelShapeError, match="nn.conv2d_transpose: x has 2 channels, but"):
        conv2d_transpose(x, f)
    with pytest.raises(KernelShapeError, match="output_padding=2 is not less than strides"):
        conv2d_transpose(x, numbers(3, 3, 4, 2), 2, "same", 2)


def test_tensors_of_two_devices(gl):
    x, f = nn.tensor(numbers(1, 3, 3, 1), device="gl"), nn.tensor(numbers(1, 1, 1, 1), device="cpu")
    with pytest.raises(KernelError, match="nn.conv2d was given tensors on"):
        conv2d(x, f)
