"""Tensors of given numbers against NumPy's functions of the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import (
    KernelError,
    KernelOverflowError,
    KernelShapeError,
    KernelTypeError,
)
from gpukernel.nn.ops.creation import (
    _anchor,
    arange,
    eye,
    full,
    linspace,
    one_hot,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from gpukernel.nn.tensor import tensor
from tests.nn.checks import check_values


@pytest.mark.parametrize("shape", [(), 3, (2, 5), (0, 3), (1, 2, 3, 2, 2), [4]])
def test_zeros_and_ones(device: str, shape: Any) -> None:
    check_values(zeros(shape), np.zeros(shape, np.float32))
    check_values(ones(shape, "int32"), np.ones(shape, np.int32))


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_full_converts_the_number(device: str, dtype: str) -> None:
    check_values(full((2, 3), 1, dtype), np.full((2, 3), 1, dtype))
    check_values(full(3, True, dtype), np.full(3, True, dtype))


@pytest.mark.parametrize(
    ("value", "dtype"), [(7, "int32"), (0.5, "float32"), (True, "bool"), (np.int64(3), "int32")]
)
def test_full_has_the_dtype_of_its_number(device: str, value: Any, dtype: str) -> None:
    made = full((2,), value)
    assert (made.dtype.name, made.tolist()) == (dtype, [value, value])


def test_like(device: str) -> None:
    x = tensor([[1, 2, 3]])
    check_values(zeros_like(x), np.zeros((1, 3), np.int32))
    check_values(ones_like(x, "float32"), np.ones((1, 3), np.float32))
    check_values(ones_like(x > 1), np.ones((1, 3), np.bool_))


def test_numbers_everywhere_upload_and_compile_nothing_new(device: str) -> None:
    zeros((3, 4)).numpy(), full((3, 4), 2.5).numpy()
    before = gk.memory()
    ones((5, 6)).numpy(), full((2, 7), -1.5).numpy()
    after = gk.memory()
    assert (after.uploads, after.compiles) == (before.uploads, before.compiles)


def test_numbers_made_first_inside_tidy(device: str) -> None:
    _anchor.cache_clear()
    gk.tidy(lambda: zeros(3).numpy())
    assert zeros(3).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("rows", "columns", "k"), [(3, None, 0), (2, 4, 1), (4, 2, -1), (0, 2, 0)])
def test_eye(device: str, rows: int, columns: int | None, k: int) -> None:
    check_values(eye(rows, columns, k), np.eye(rows, columns, k, np.float32))


@pytest.mark.parametrize("arguments", [(5,), (2, 9), (1, 0, -0.1), (0, 1, 0.3), (3, 3)])
def test_arange(device: str, arguments: Any) -> None:
    expected = np.arange(*arguments)
    check_values(arange(*arguments), expected)
    check_values(arange(0, 3, 0.5, dtype="int32"), np.array([0, 0, 1, 1, 2, 2]))


def test_linspace(device: str) -> None:
    check_values(linspace(-1, 2, 7), np.linspace(-1, 2, 7))
    check_values(linspace(0, 1, 4, endpoint=False), np.linspace(0, 1, 4, endpoint=False))
    check_values(linspace(0, 10, 5, dtype="int32"), np.linspace(0, 10, 5, dtype=np.int32))


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 1, 2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_one_hot(device: str, shape: tuple[int, ...], dtype: str) -> None:
    indices = np.random.default_rng(0).integers(-1, 5, shape).astype(np.int32)
    expected = (indices[..., None] == np.arange(4)).astype(dtype)
    check_values(one_hot(tensor(indices), 4, dtype), expected)


def test_the_device_is_the_one_asked_for() -> None:
    for made in (zeros(2, device="cpu"), eye(2, device="cpu"), arange(2, device="cpu")):
        assert made.device == "cpu"


WRONG: Any = [2.5]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: zeros((2, -1)), KernelShapeError, r"nn.zeros: .*\(2, -1\) cannot be negative"),
        (lambda: ones(WRONG[0]), KernelTypeError, "nn.ones: a shape is ints, not 2.5"),
        (lambda: ones(2, "uint8"), KernelTypeError, "float32, int32 or bool, not uint8"),
        (lambda: full(2, "a"), KernelTypeError, "nn.full: fill_value='a' is not a number"),
        (lambda: full(2, 2**31), KernelOverflowError, "nn.full: 2147483648 does not fit int32"),
        (lambda: full(2, float("nan"), "int32"), KernelOverflowError, "nan does not fit int32"),
        (lambda: arange(0, 5, 0), KernelTypeError, "nn.arange: .*steps of 0"),
        (lambda: linspace(0, 1, -1), KernelShapeError, "nn.linspace: .*negative"),
        (lambda: one_hot([0.5], 3), KernelTypeError, "nn.one_hot: indices are ints, not float32"),
        (lambda: one_hot([1], -3), KernelShapeError, "nn.one_hot: .*negative"),
    ],
)
def test_errors(make: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        make()
