"""Shapes and orders of the same numbers, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops.shapes import (
    expand_dims,
    flatten,
    moveaxis,
    reshape,
    reverse,
    squeeze,
    swapaxes,
    tile,
    transpose,
)
from gpukernel.nn.tensor import Tensor, tensor
from tests.nn.checks import check_gradient, check_values


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((), (1,)),
        ((), (1, 1, 1)),
        ((1, 1), ()),
        ((12,), (3, 4)),
        ((3, 4), (2, -1, 1)),
        ((2, 3, 4), (-1,)),
        ((2, 3, 5), (5, 6)),
        ((2, 3, 4, 5), (2, 3, 2, 2, 5)),
        ((2, 3, 2, 2, 5, 1), (6, 4, 5)),
        ((0, 3), (3, 0, 2)),
        ((0, 3), (-1, 3)),
    ],
)
def test_reshape(device: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    x = numbers(*old)
    check_values(reshape(tensor(x), new), x.reshape(new))
    waiting = tensor(x) * 2  # its numbers are not there yet
    check_values(
        reshape(waiting, *new) + 1 if new else reshape(waiting, ()) + 1, 2 * x.reshape(new) + 1
    )


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_other_dtypes(device: str, dtype: str) -> None:
    x = (numbers(3, 5) > 0).astype(dtype)
    t = tensor(x)
    check_values(reshape(t, 5, 3), x.reshape(5, 3))
    check_values(transpose(t), x.T)
    check_values(reverse(t, 1), x[:, ::-1])
    check_values(tile(t, 2), np.tile(x, 2))
    check_values(reshape(reshape(t, 15), 3, 5, 1, 1, 1), x.reshape(3, 5, 1, 1, 1))


def test_a_reshape_that_moves_nothing_waits_with_its_input(gl: Any) -> None:
    with gk.device("gl"):
        x = tensor(numbers(2, 3, 4, 5))
        reshape(x * 2, (1, 2, 3, 4, 5)).numpy()
        before = gk.memory().launches
        (reshape(x * 2, (1, 2, 3, 4, 5)) + 1).numpy()
        assert gk.memory().launches == before + 1


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((), ()),
        ((5,), (0,)),
        ((3, 5), (1, 0)),
        ((1, 7), (1, 0)),
        ((2, 3, 5), (2, 0, 1)),
        ((2, 3, 5), (-1, 1, 0)),
        ((2, 3, 1, 4), (3, 2, 0, 1)),
        ((2, 3, 1, 4, 2), (3, 4, 2, 0, 1)),
        ((2, 3, 2, 2, 3, 2), (4, 5, 2, 3, 0, 1)),
        ((0, 3, 2), (2, 0, 1)),
    ],
)
def test_transpose(device: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    x = numbers(*shape)
    check_values(transpose(tensor(x), axes), x.transpose(axes))


def test_any_order_of_many_axes(device: str) -> None:
    x = numbers(2, 3, 2, 3, 2, 2)
    for axes in [(5, 4, 3, 2, 1, 0), (1, 0, 3, 2, 5, 4), (0, 2, 4, 1, 3, 5)]:
        check_values(transpose(tensor(x), axes), x.transpose(axes))
    check_values(tensor(x).sum(axis=(1, 3, 5)), x.sum((1, 3, 5)))
    check_gradient(lambda x: x.T * x.T, numbers(2, 1, 2, 2, 2, 2), device=device)


def test_transpose_reverses_the_axes(device: str) -> None:
    x = numbers(2, 3, 5)
    check_values(transpose(tensor(x)), x.T)
    check_values(transpose(tensor(x), None), x.T)
    check_values(transpose(tensor(x), 1, 0, 2), x.transpose(1, 0, 2))
    check_values(swapaxes(tensor(x), 0, -1), x.swapaxes(0, -1))
    check_values(moveaxis(tensor(x), 0, -1), np.moveaxis(x, 0, -1))
    check_values(moveaxis(tensor(x), (2, 0), (0, 1)), np.moveaxis(x, (2, 0), (0, 1)))


def test_axes_of_size_one(device: str) -> None:
    x = numbers(1, 3, 1)
    t = tensor(x)
    check_values(squeeze(t), x.squeeze())
    check_values(squeeze(t, -1), x.squeeze(-1))
    check_values(squeeze(t, (0, 2)), x.squeeze((0, 2)))
    check_values(expand_dims(t, 1), np.expand_dims(x, 1))
    check_values(expand_dims(t, (0, -1)), np.expand_dims(x, (0, -1)))
    check_values(expand_dims(tensor(2.0), 0), [2.0])
    check_values(flatten(t), x.ravel())


@pytest.mark.parametrize(("shape", "axis"), [((5,), 0), ((2, 3, 4), (0, -1)), ((2, 3, 2, 2, 3), 1)])
def test_reverse(device: str, shape: tuple[int, ...], axis: Any) -> None:
    x = numbers(*shape)
    check_values(reverse(tensor(x), axis), np.flip(x, axis))
    check_values(reverse(tensor(x)), np.flip(x))


@pytest.mark.parametrize(
    ("shape", "reps"),
    [
        ((), 3),
        ((3,), 2),
        ((3,), (2, 3)),
        ((2, 3), (1, 1)),
        ((2, 1, 3), (3, 2)),
        ((2, 3), (0, 2)),
        ((2, 3, 2, 2, 3), (2, 1, 1, 1, 2)),
    ],
)
def test_tile(device: str, shape: tuple[int, ...], reps: Any) -> None:
    x = numbers(*shape)
    check_values(tile(tensor(x), reps), np.tile(x, reps))


CURVES: list[Callable[[Tensor], Tensor]] = [
    lambda x: transpose(x * x, 2, 0, 1) * 2,
    lambda x: reshape(reverse(x * x, (0, 2)), 3, -1),
    lambda x: tile(x * x * x, (2, 1, 1, 3)),
    lambda x: squeeze(expand_dims(flatten(x * x), (0, 2)), 2),
    lambda x: transpose(reshape(x * x, 2, 1, 3, 1, 2, 1), (4, 5, 2, 3, 0, 1)),
]


@pytest.mark.parametrize("f", CURVES)
def test_gradients(device: str, f: Callable[[Tensor], Tensor]) -> None:
    check_gradient(f, numbers(2, 3, 2), device=device)


@pytest.mark.parametrize("f", CURVES)
def test_second_gradients(device: str, f: Callable[[Tensor], Tensor]) -> None:
    check_gradient(f, numbers(2, 3, 2), device=device, order=2)


def test_what_follows_a_transpose_runs_in_its_kernel(gl: Any) -> None:
    with gk.device("gl"):
        x = tensor(numbers(5, 7))
        (transpose(x) * 2 + 1).numpy()
        before = gk.memory().launches
        (transpose(x) * 2 + 1).numpy()
        assert gk.memory().launches == before + 1


X = np.zeros((2, 3), np.float32)
DEEP = np.zeros((2, 2, 2, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: reshape(X, 4, 2), KernelShapeError, r"6 elements of shape \(2, 3\) do not fill"),
        (lambda: reshape(X, -1, -1), KernelShapeError, "nn.reshape: 6 elements"),
        (lambda: reshape(X, -2, -3), KernelShapeError, "nn.reshape: 6 elements"),
        (lambda: reshape(X, -1, 4), KernelShapeError, "nn.reshape: 6 elements"),
        (lambda: reshape(X, 1.5), KernelTypeError, "nn.reshape: a shape is ints, not 1.5"),
        (lambda: transpose(X, 0), KernelShapeError, "nn.transpose: axes 0 are not all axes"),
        (lambda: transpose(X, 0, 0), KernelShapeError, "names an axis twice"),
        (lambda: transpose(X, 0, 2), KernelShapeError, "axis 2 is outside a tensor with 2 axes"),
        (
            lambda: reverse(DEEP, (0, 2, 4)),
            KernelShapeError,
            "nn.reverse: .*leaves 5 axes, and 4 are possible",
        ),
        (lambda: squeeze(X, 0), KernelShapeError, "axis 0 of shape .* has size 2, not 1"),
        (lambda: expand_dims(X, 3), KernelShapeError, "nn.expand_dims: axis 3 is outside"),
        (lambda: reverse(X, "x"), KernelTypeError, "nn.reverse: axis='x' is not an int"),
        (lambda: tile(X, -1), KernelShapeError, "nn.tile: .*negative"),
        (lambda: tile(X, 0.5), KernelTypeError, "nn.tile: reps is ints"),
        (lambda: moveaxis(X, 0, (0, 1)), KernelShapeError, "other numbers of axes"),
    ],
)
def test_errors(run: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run()


def test_shapes_and_axes_by_name(device: str) -> None:
    x = numbers(2, 3, 4)
    check_values(reshape(x, shape=(4, -1)), x.reshape(4, -1))
    check_values(transpose(x, axes=(2, 0, 1)), x.transpose(2, 0, 1))
    with pytest.raises(KernelTypeError, match="nn.reshape: shape is given twice"):
        reshape(x, 24, shape=24)
