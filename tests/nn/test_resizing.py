"""Resizing: against weights written down by hand, torch, and central differences."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.resizing import resize_bilinear, resize_nearest
from tests.nn.checks import check_gradient, check_values


def numbers(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype("f4")


def weights(n, count, is_nearest, align_corners):
    """Return the matrix that resizes an axis."""
    matrix = np.zeros((count, n))
    for i in range(count):
        if align_corners:
            at = i * (n - 1) / (count - 1) if count > 1 else 0.0
            if is_nearest:
                matrix[i, int(np.floor(at + 0.5 + 1e-9))] = 1
                continue
        elif is_nearest:
            matrix[i, (2 * i + 1) * n // (2 * count)] = 1
            continue
        else:
            at = (i + 0.5) * n / count - 0.5
        low = int(np.floor(at + 1e-9))
        matrix[i, min(max(low, 0), n - 1)] += 1 - (at - low)
        matrix[i, min(max(low + 1, 0), n - 1)] += at - low
    return matrix


SIZES = [((3, 5), (6, 10)), ((5, 4), (7, 3)), ((6, 1), (2, 5)), ((4, 4), (1, 1)), ((1, 1), (1, 3))]


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("resize", [resize_bilinear, resize_nearest])
@pytest.mark.parametrize("old, new", SIZES)
def test_values_and_gradients(resize, old, new, align_corners, device):
    x = numbers(2, *old, 3)
    is_nearest = resize is resize_nearest
    down, along = (weights(n, m, is_nearest, align_corners) for n, m in zip(old, new))
    wanted = np.einsum("yr,xs,nrsc->nyxc", down, along, x).astype("f4")
    check_values(resize(nn.tensor(x), new, align_corners), wanted)
    check_gradient(lambda x: resize(x, new, align_corners), x[:1, ..., :1], device=device)


@pytest.mark.parametrize("resize", [resize_bilinear, resize_nearest])
def test_second_order(resize, device):
    check_gradient(lambda x: resize(x * x, (3, 4)), numbers(1, 2, 3, 1), device=device, order=2)


@pytest.mark.parametrize("new", [(8, 6), (3, 5), (2, 9)])
def test_equals_torch(new, device):
    torch = pytest.importorskip("torch")
    x = numbers(2, 4, 3, 2)
    image = torch.tensor(x.transpose(0, 3, 1, 2).copy())
    for align_corners in (False, True):
        wanted = torch.nn.functional.interpolate(
            image, new, mode="bilinear", align_corners=align_corners
        )
        found = resize_bilinear(nn.tensor(x), new, align_corners)
        check_values(found, wanted.numpy().transpose(0, 2, 3, 1))
    wanted = torch.nn.functional.interpolate(image, new, mode="nearest-exact")
    check_values(resize_nearest(nn.tensor(x), new), wanted.numpy().transpose(0, 2, 3, 1))


def test_the_same_size_is_exact(device):
    x = numbers(1, 5, 7, 3)
    for resize in (resize_bilinear, resize_nearest):
        for align_corners in (False, True):
            found = resize(nn.tensor(x), (5, 7), align_corners).numpy()
            np.testing.assert_array_equal(found, x)


def test_errors():
    x = numbers(1, 4, 4, 1)
    for resize in (resize_bilinear, resize_nearest):
        name = resize.__name__
        with pytest.raises(KernelShapeError, match=rf"nn.{name}: x has shape \(4, 4, 1\), wanted"):
            resize(x[0], 2)
        with pytest.raises(KernelShapeError, match=f"nn.{name}: size=0 is less than 1"):
            resize(x, (0, 4))
        with pytest.raises(KernelTypeError, match=f"nn.{name}: size=2.5 is not an int"):
            resize(x, 2.5)
        with pytest.raises(KernelShapeError, match="has 3 ints for 2 axes"):
            resize(x, (1, 2, 3))
        with pytest.raises(KernelShapeError, match="has no cells to resize"):
            resize(x[:, :0], 2)
        with pytest.raises(KernelTypeError, match="x is int32, not float32"):
            resize(np.ones((1, 4, 4, 1), int), 2)
