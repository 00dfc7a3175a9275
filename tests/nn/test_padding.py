"""Borders around tensors, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops.padding import pad
from gpukernel.nn.tensor import Tensor, tensor
from tests.nn.checks import check_gradient, check_values

MODES = ("constant", "reflect", "symmetric")


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("shape", "widths"),
    [
        ((5,), 2),
        ((5,), (0, 3)),
        ((1,), (2, 3)),
        ((3, 4), ((1, 2), (3, 0))),
        ((3, 4), ((7, 9), (0, 11))),
        ((1, 3, 2, 2), ((0, 0), (2, 1), (1, 2), (0, 0))),
        ((2, 2, 1, 3, 2), ((0, 0), (0, 0), (0, 0), (1, 2), (0, 0))),
        ((2, 3), 0),
        ((2, 3), [[1, 1]]),
    ],
)
def test_pad(device: str, shape: tuple[int, ...], widths: Any, mode: Any) -> None:
    x = numbers(*shape)
    check_values(pad(tensor(x), widths, mode), np.pad(x, widths, mode))


@pytest.mark.parametrize(
    ("dtype", "value"), [("float32", -1.5), ("float32", 2), ("int32", 7), ("bool", True)]
)
def test_values(device: str, dtype: str, value: Any) -> None:
    x = (numbers(3, 4) > 0).astype(dtype)
    widths = ((1, 0), (2, 3))
    check_values(
        pad(tensor(x), widths, constant_values=value), np.pad(x, widths, constant_values=value)
    )
    check_values(pad(tensor(x), widths), np.pad(x, widths))
    check_values(pad(tensor(x), widths, "reflect"), np.pad(x, widths, "reflect"))


def test_infinities_stay_inside(device: str) -> None:
    x = np.array([np.inf, np.nan, -np.inf], np.float32)
    check_values(pad(tensor(x), 1), np.pad(x, 1))
    check_values(pad(tensor([1.0]), 1, constant_values=-np.inf), [-np.inf, 1.0, -np.inf])


def test_empty_tensors(device: str) -> None:
    check_values(pad(tensor(numbers(0, 2)), ((1, 2), (0, 1))), np.zeros((3, 3)))
    check_values(pad(tensor(numbers(0, 2)), 1, constant_values=3.0), np.full((2, 4), 3.0))
    check_values(
        pad(tensor(numbers(0, 2)), ((0, 0), (1, 1)), "reflect"), np.zeros((0, 4), np.float32)
    )


CURVES: list[Callable[[Tensor], Tensor]] = [
    lambda x: pad(x * x, ((1, 2), (0, 3))) * 2,
    lambda x: pad(x * x, ((1, 0), (2, 3)), constant_values=1.5),
    lambda x: pad(x * x, ((2, 1), (3, 0)), "reflect"),
    lambda x: pad(x * x, ((5, 7), (11, 6)), "reflect"),
    lambda x: pad(x * x, ((3, 2), (9, 4)), "symmetric"),
]


@pytest.mark.parametrize("f", CURVES)
def test_gradients(device: str, f: Callable[[Tensor], Tensor]) -> None:
    check_gradient(f, numbers(3, 4), device=device)


@pytest.mark.parametrize("f", CURVES)
@pytest.mark.parametrize("shape", [(3, 1), (1, 2)])
def test_gradients_of_short_axes(
    device: str, f: Callable[[Tensor], Tensor], shape: tuple[int, int]
) -> None:
    check_gradient(f, numbers(*shape), device=device)


@pytest.mark.parametrize("f", CURVES)
def test_second_gradients(device: str, f: Callable[[Tensor], Tensor]) -> None:
    check_gradient(f, numbers(3, 4), device=device, order=2)


X = np.zeros((2, 3), np.float32)
WRONG: Any = ["a"]


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: pad(X, 1, "edge"), KernelTypeError, "nn.pad: mode 'edge' is not one of"),
        (lambda: pad(X, -1), KernelShapeError, "nn.pad: pad_width=-1 cannot be negative"),
        (lambda: pad(X, [[1, 1]] * 3), KernelShapeError, "is not a pair for each axis of shape"),
        (lambda: pad(X, [[1, 1], [2]]), KernelShapeError, "is not a pair for each axis"),
        (lambda: pad(X, 1.5), KernelTypeError, "nn.pad: pad_width is ints, not 1.5"),
        (
            lambda: pad(X, 1, constant_values=WRONG[0]),
            KernelTypeError,
            "constant_values='a' is not a number",
        ),
        (
            lambda: pad(X.astype(int), 1, constant_values=0.5),
            KernelTypeError,
            "does not fit dtype int32",
        ),
        (lambda: pad(X > 0, 1, constant_values=2), KernelTypeError, "does not fit dtype bool"),
        (
            lambda: pad(X[:0], 1, "reflect"),
            KernelShapeError,
            "is empty: mode 'reflect' has nothing",
        ),
    ],
)
def test_errors(run: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run()
