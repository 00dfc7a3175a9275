"""Pooling: against a plain loop over windows, torch, and central differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops import pooling
from tests.nn.checks import check_gradient, check_values

POOLS = {
    "max": (pooling.max_pool1d, pooling.max_pool2d, pooling.max_pool3d, np.max),
    "avg": (pooling.avg_pool1d, pooling.avg_pool2d, pooling.avg_pool3d, np.mean),
}


def numbers(*shape):
    """Numbers without ties, far enough apart for differences."""
    count = int(np.prod(shape))
    return (np.random.default_rng(count).permutation(count).reshape(shape) / 7 - 3).astype("f4")


def pads_of(padding, sizes, size, strides):
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    if padding == "same":
        pads = []
        for n, k, s in zip(sizes, size, strides):
            total = max((-(-n // s) - 1) * s + k - n, 0)
            pads.append((total // 2, total - total // 2))
        return pads
    return list(padding)


def by_loops(x, size, strides, padding, fold):
    """Pool by looking at every window, with the cells of padding left out."""
    sizes = x.shape[1:-1]
    pads = pads_of(padding, sizes, size, strides)
    places = [(n + sum(p) - k) // s + 1 for n, p, k, s in zip(sizes, pads, size, strides)]
    result = np.zeros((x.shape[0], *places, x.shape[-1]), x.dtype)
    place: tuple[int, ...]
    for place in itertools.product(*map(range, places)):
        window: list[Any] = []
        for i, s, k, (before, _), n in zip(place, strides, size, pads, sizes):
            start = i * s - before
            window.append(slice(max(start, 0), min(start + k, n)))
        axes = tuple(range(1, x.ndim - 1))
        at: Any = (slice(None), *place)
        seen: Any = (slice(None), *window)
        result[at] = fold(x[seen], axis=axes)
    return result


CASES_2D = [
    ((2, 6, 4, 3), (2, 2), (2, 2), "valid"),
    ((1, 7, 5, 2), (3, 3), (2, 2), "same"),
    ((2, 5, 6, 1), (3, 2), (1, 2), ((2, 0), (0, 1))),
    ((1, 5, 5, 5), (2, 2), (3, 3), "valid"),
    ((1, 1, 1, 1), (1, 1), (1, 1), "same"),
]


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize("shape, size, strides, padding", CASES_2D)
def test_values_and_gradients(kind, shape, size, strides, padding, device):
    pool, fold = POOLS[kind][1], POOLS[kind][3]
    x = numbers(*shape)
    found = pool(nn.tensor(x), size, strides, padding)
    check_values(found, by_loops(x, size, strides, padding, fold))
    check_gradient(lambda x: pool(x, size, strides, padding), x, device=device)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_other_numbers_of_axes(kind, device):
    one, _, three, fold = POOLS[kind]
    x = numbers(2, 7, 3)
    check_values(one(nn.tensor(x), 3, 2, "same"), by_loops(x, (3,), (2,), "same", fold))
    check_gradient(lambda x: one(x, 2), x, device=device)
    x = numbers(2, 3, 4, 5, 2)
    wanted = by_loops(x, (2, 3, 2), (1, 2, 2), "same", fold)
    check_values(three(nn.tensor(x), (2, 3, 2), (1, 2, 2), "same"), wanted)
    check_gradient(lambda x: three(x, 2, padding="same"), x, device=device)


@pytest.mark.parametrize("kind", ["max", "avg"])
def test_second_order(kind, device):
    pool = POOLS[kind][1]
    check_gradient(lambda x: pool(x * x, 2, 1), numbers(1, 3, 3, 1) / 4, device=device, order=2)


def test_global(device):
    x = numbers(2, 3, 4, 5)
    check_values(pooling.global_max_pool2d(nn.tensor(x)), x.max((1, 2)))
    check_values(pooling.global_avg_pool2d(nn.tensor(x)), x.mean((1, 2)))
    check_gradient(pooling.global_max_pool2d, x, device=device)
    check_gradient(pooling.global_avg_pool2d, x, device=device)
    check_values(pooling.global_max_pool1d(nn.tensor(x[0])), x[0].max(1))
    check_values(pooling.global_avg_pool1d(nn.tensor(x[0])), x[0].mean(1))
    volume = numbers(2, 3, 2, 2, 3)
    check_values(pooling.global_max_pool3d(nn.tensor(volume)), volume.max((1, 2, 3)))
    check_values(pooling.global_avg_pool3d(nn.tensor(volume)), volume.mean((1, 2, 3)))


@pytest.mark.parametrize("size, strides", [(2, 2), (3, 1), (9, 1)])
def test_ties_give_the_gradient_to_the_first(size, strides, device):
    x = np.zeros((1, 9, 9, 1), "f4")
    slope = nn.grad(lambda x: pooling.max_pool2d(x, size, strides).sum())(nn.tensor(x)).numpy()
    wanted = np.zeros_like(x)
    wanted[0, : 10 - size : strides, : 10 - size : strides] = 1
    np.testing.assert_array_equal(slope, wanted)


def test_nothing_is_ignored_but_padding(device):
    x = np.full((1, 4, 4, 1), -np.inf, "f4")
    x[0, 0, 1, 0], x[0, 2, 2, 0], x[0, 2, 3, 0] = np.nan, 1, np.inf
    found = pooling.max_pool2d(nn.tensor(x), 2).numpy().reshape(-1)
    np.testing.assert_array_equal(found, [np.nan, -np.inf, -np.inf, np.inf])
    slope = nn.grad(lambda x: pooling.max_pool2d(x, 2).sum())(nn.tensor(x)).numpy()
    wanted = np.zeros((4, 4))
    wanted[0, 1] = wanted[0, 2] = wanted[2, 0] = wanted[2, 3] = 1
    np.testing.assert_array_equal(slope[0, :, :, 0], wanted)
    low = np.full((1, 2, 2, 1), -5, "f4")
    assert pooling.max_pool2d(nn.tensor(low), 2, padding="same").item() == -5
    assert pooling.avg_pool2d(nn.tensor(low), 2, 2, 1).tolist()[0][0][0][0] == -5


def test_equals_torch(device):
    torch = pytest.importorskip("torch")
    x = numbers(2, 9, 7, 3)
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    wanted = torch.nn.functional.max_pool2d(image, 3, 2, 1)
    (wanted**2).sum().backward()

    def pool(x):
        return pooling.max_pool2d(x, 3, 2, 1)

    check_values(pool(nn.tensor(x)), wanted.detach().numpy().transpose(0, 2, 3, 1))
    slope = nn.grad(lambda x: (pool(x) * pool(x)).sum())(nn.tensor(x))
    check_values(slope, image.grad.numpy().transpose(0, 2, 3, 1), rtol=1e-5)


def test_errors():
    x = np.ones((1, 4, 4, 1), "f4")
    for pool in (pooling.max_pool2d, pooling.avg_pool2d):
        name = pool.__name__
        with pytest.raises(KernelShapeError, match=rf"nn.{name}: x has shape \(4, 4, 1\), wanted"):
            pool(x[0], 2)
        with pytest.raises(KernelShapeError, match="window that reaches over 5 cells is larger"):
            pool(x, 5)
        with pytest.raises(KernelShapeError, match=r"padding \(2, 2\) is not less than the window"):
            pool(x, 2, padding=2)
        with pytest.raises(KernelTypeError, match=f"nn.{name}: padding='full' is unknown"):
            pool(x, 2, padding="full")
        with pytest.raises(KernelTypeError, match=f"nn.{name}: pool_size=2.5 is not an int"):
            pool(x, 2.5)
        with pytest.raises(KernelShapeError, match=f"nn.{name}: strides=0 is less than 1"):
            pool(x, 2, 0)
        with pytest.raises(KernelTypeError, match="x is int32, not float32"):
            pool(np.ones((1, 4, 4, 1), int), 2)
    with pytest.raises(KernelShapeError, match="has no cells to pool"):
        pooling.global_max_pool2d(np.ones((1, 0, 4, 1), "f4"))
