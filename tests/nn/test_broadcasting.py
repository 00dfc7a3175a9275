"""`broadcast_to` against NumPy's, of any rank, with gradients."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel import nn
from gpukernel.errors import KernelShapeError, KernelTypeError
from tests.nn.checks import check_values

SHAPES = [
    ((), (3,)),
    ((1,), (2, 3)),
    ((3, 1), (2, 3, 4)),
    ((0, 1), (0, 3)),
    ((1,), (0,)),
    ((2, 1, 3), (2, 2, 3)),
    ((4, 5), (2, 3, 1, 4, 5)),
    ((3, 1, 1, 2), (2, 3, 2, 3, 2)),
    ((2, 1, 3, 1, 2, 1, 2), (2, 3, 3, 2, 2, 3, 2)),
    ((1, 1, 1, 1, 1, 1), (1, 2, 1, 1, 3, 1)),
]


@pytest.mark.parametrize(("shape", "wanted"), SHAPES)
def test_values_and_gradient(shape: tuple[int, ...], wanted: tuple[int, ...], device: str) -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=shape).astype(np.float32)
    weights = random.normal(size=wanted).astype(np.float32)
    check_values(nn.broadcast_to(x, wanted), np.broadcast_to(x, wanted))
    check_values(nn.broadcast_to(x > 0, wanted), np.broadcast_to(x > 0, wanted))
    padded = (1,) * (len(wanted) - len(shape)) + shape
    repeated = tuple(axis for axis, (n, m) in enumerate(zip(padded, wanted)) if n != m)
    slope = nn.grad(lambda x: (nn.broadcast_to(x, wanted) * nn.tensor(weights)).sum())(x)
    check_values(slope, weights.sum(axis=repeated).reshape(shape), rtol=1e-5, atol=1e-5)


def test_sizes_may_be_a_number_or_numpy_ints(device: str) -> None:
    assert nn.broadcast_to(2, 3).tolist() == [2, 2, 2]
    found = nn.broadcast_to(2, tuple(np.array([1, 2]))).shape
    assert found == (1, 2)
    assert all(type(n) is int for n in found)


def test_wrong_shapes() -> None:
    x = nn.tensor([1.0, 2.0], device="cpu")
    for shape in ((3,), (-1, 2), (), (2, 3)):
        with pytest.raises(KernelShapeError, match=r"nn.broadcast_to: \(2,\) does not broadcast"):
            nn.broadcast_to(x, shape)
    for wrong in ((2.0, 2), "ab", None):
        with pytest.raises(KernelTypeError, match="nn.broadcast_to: a shape is ints"):
            nn.broadcast_to(x, wrong)  # type: ignore[arg-type]
