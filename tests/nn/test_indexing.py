"""Slices and tensors of indices, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelIndexError, KernelShapeError, KernelTypeError
from gpukernel.nn.autodiff import grad
from gpukernel.nn.ops.indexing import gather, getitem, take_along_axis
from gpukernel.nn.ops.indexing import slice as part_of
from gpukernel.nn.tensor import Tensor, tensor
from tests.nn.checks import check_gradient, check_values

s_ = np.s_


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


KEYS: list[Any] = [
    s_[1],
    s_[-1],
    s_[...],
    s_[None],
    s_[()],
    s_[1:],
    s_[:, ::-1],
    s_[:, 3:0:-2],
    s_[::2, 1::3],
    s_[5:2],
    s_[..., 2],
    s_[1, ..., None],
    s_[None, 1, :, None, -2],
    s_[1, 2, 3],
    s_[:, 1:2, np.int64(3)],
    s_[-100:100, :-1, ::-3],
]


@pytest.mark.parametrize("key", KEYS)
def test_getitem_and_its_gradient(device: str, key: Any) -> None:
    x = numbers(3, 4, 5)
    check_values(getitem(tensor(x), key), x[key])
    weights = numbers(*x[key].shape)
    expected = np.zeros_like(x)
    expected[key] = weights
    found = grad(lambda t: (getitem(t, key) * tensor(weights)).sum())(tensor(x))
    check_values(found, expected)


@pytest.mark.parametrize("key", [s_[1], s_[1:, 0], s_[:, :, 1, ..., None], s_[..., ::-1], s_[0, 1]])
def test_many_axes(device: str, key: Any) -> None:
    x = numbers(2, 3, 2, 2, 3, 1)
    check_values(getitem(tensor(x), key), x[key])
    expected = np.zeros_like(x)
    expected[key] = 2.0
    check_values(grad(lambda t: (getitem(t, key) * 2.0).sum())(tensor(x)), expected)


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_other_dtypes(device: str, dtype: str) -> None:
    x = (numbers(3, 5) > 0).astype(dtype)
    check_values(getitem(tensor(x), s_[1:, ::-2]), x[1:, ::-2])
    check_values(gather(tensor(x), [2, 0], 1), x[:, [2, 0]])
    check_values(take_along_axis(tensor(x), [[1], [0], [4]], 1), x[[0, 1, 2], [1, 0, 4]][:, None])


def test_empty_tensors(device: str) -> None:
    x = numbers(0, 3)
    check_values(getitem(tensor(x), s_[:, 1]), x[:, 1])
    check_values(getitem(tensor(x), s_[::-1, None]), x[::-1, None])
    check_values(gather(tensor(x), np.zeros(0, np.int32)), x)
    deep = numbers(4, 3, 4, 1, 1)
    check_values(getitem(tensor(deep), s_[:, 1, :, 2:]), deep[:, 1, :, 2:])
    slope = grad(lambda t: getitem(t, s_[..., 2:]).sum() + t.sum())(tensor(deep))
    check_values(slope, np.ones_like(deep))
    check_values(gather(tensor(numbers(3, 2)), []), numbers(3, 2)[:0])


def test_batches_compile_nothing(device: str) -> None:
    x = tensor(numbers(40, 3))
    (getitem(x, s_[8:16]) * 2).numpy()
    before = gk.memory()
    for start in (0, 16, 24, 32):
        (getitem(x, s_[start : start + 8]) * 2).numpy()
    after = gk.memory()
    assert (after.compiles, after.uploads) == (before.compiles, before.uploads)
    assert after.launches == before.launches + 4


def test_results_do_not_share_memory(device: str) -> None:
    x = gk.array(numbers(4, 3))
    view = getitem(tensor(x), s_[1:3])
    expected = view.numpy()
    gk.kernel(lambda a: 0.0 * a[gk.index()])(x, out=x)
    check_values(view, expected)


def test_part(device: str) -> None:
    x = numbers(3, 4, 5)
    check_values(part_of(tensor(x), (1, 0, 2), (2, -1, 3)), x[1:, :, 2:])


@pytest.mark.parametrize(
    ("shape", "indices", "axis"),
    [
        ((5,), 3, 0),
        ((5,), [3, 0, -1, 3], 0),
        ((5, 3), [[1, 4], [0, 0]], 0),
        ((2, 5, 3), [4, 1, 1, 2], 1),
        ((2, 3, 5), [[2, -5]], -1),
        ((2, 3, 2, 4), [[1, 0, 1]], 2),
        ((2, 3, 2, 2, 3), [1, 0, 1], 1),
    ],
)
def test_gather(device: str, shape: tuple[int, ...], indices: Any, axis: int) -> None:
    x, places = numbers(*shape), np.asarray(indices)
    check_values(gather(tensor(x), indices, axis), x.take(places, axis))
    check_values(gather(tensor(x), tensor(places), axis), x.take(places, axis))
    check_gradient(lambda t: gather(t * t, places, axis), x, device=device)


def test_rows_by_their_numbers(device: str) -> None:
    x = numbers(4, 3)
    check_values(getitem(tensor(x), tensor([2, 2, 0])), x[[2, 2, 0]])
    check_values(getitem(tensor(x), [1, -1]), x[[1, -1]])
    check_values(getitem(tensor(x), np.array([[1], [0]])), x[[[1], [0]]])


def test_places_outside_read_zeros(device: str) -> None:
    x = numbers(3, 2)
    places = tensor([1, 3, -3, -4])
    expected = np.stack([x[1], 0 * x[0], x[0], 0 * x[0]])
    check_values(gather(tensor(x), places), expected)
    gradient = grad(lambda t: gather(t, places).sum())(tensor(x))
    check_values(gradient, np.array([[1, 1], [1, 1], [0, 0]], np.float32))
    columns = tensor([[2], [-1], [-3]])
    check_values(take_along_axis(tensor(x), columns, 1), [[0.0], [x[1, 1]], [0.0]])


@pytest.mark.parametrize(
    ("shape", "axis"), [((5,), 0), ((3, 4), 0), ((2, 3, 4), -1), ((2, 2, 3, 2, 2), 2)]
)
def test_take_along_axis(device: str, shape: tuple[int, ...], axis: int) -> None:
    x = numbers(*shape)
    order = np.argsort(x, axis).take(range(2), axis)
    check_values(take_along_axis(tensor(x), order, axis), np.take_along_axis(x, order, axis))
    check_gradient(lambda t: take_along_axis(t * t, order, axis), x, device=device)


CURVES: list[Callable[[Tensor], Tensor]] = [
    lambda x: getitem(x * x, s_[1, ..., None, ::-2]),
    lambda x: gather(x * x * x, [[1, 1], [0, -1]], 1),
    lambda x: (
        take_along_axis(x * x * x, np.argsort(numbers(2, 3, 4)[:, :, :2], 0), 0)
        if x.shape[2] == 2
        else take_along_axis(x * x * x, np.argsort(numbers(2, 3, 4), 2), 2)
    ),
]


@pytest.mark.parametrize("f", CURVES)
def test_second_gradients(device: str, f: Callable[[Tensor], Tensor]) -> None:
    check_gradient(f, numbers(2, 3, 4), device=device, order=2)


X = np.zeros((2, 3), np.float32)
T = np.zeros((2, 2, 2, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: getitem(X, 2), KernelIndexError, r"index 2 is outside axis 0 of shape \(2, 3\)"),
        (lambda: getitem(X, (0, 0, 0)), KernelIndexError, r"3 indices for shape \(2, 3\)"),
        (lambda: getitem(X, s_[..., ...]), KernelIndexError, "more than once"),
        (lambda: getitem(X, True), KernelTypeError, "bools are no indices here"),
        (lambda: getitem(X, [True, False]), KernelTypeError, "indices are ints, not bool"),
        (lambda: getitem(X, tensor([True])), KernelTypeError, "indices are ints, not bool"),
        (lambda: getitem(X, (0, [1])), KernelTypeError, "among other indices are not supported"),
        (lambda: getitem(X, 1.0), KernelTypeError, "an index is an int, a slice"),
        (lambda: getitem(X, "a"), KernelTypeError, "not 'a'"),
        (lambda: getitem(X, s_[1.5:]), KernelTypeError, "is no slice"),
        (lambda: getitem(X, s_[::0]), KernelTypeError, "is no slice"),
        (
            lambda: getitem(T, s_[::-1, ::-1, ::-1, ::-1, ::-1]),
            KernelShapeError,
            "nn.getitem: .*leaves 5 axes",
        ),
        (lambda: gather(X, [3], 1), KernelIndexError, "nn.gather: index 3 is outside axis 1"),
        (lambda: gather(X, [-3]), KernelIndexError, "nn.gather: index -3 is outside axis 0"),
        (lambda: gather(X, [0.5]), KernelTypeError, "nn.gather: indices are ints, not float64"),
        (lambda: gather(X, [0], 2), KernelShapeError, "nn.gather: axis 2 is outside"),
        (lambda: gather(1.0, [0]), KernelShapeError, "axis 0 is outside a tensor with 0 axes"),
        (lambda: take_along_axis(X, [0], 0), KernelShapeError, "in more than axis 0"),
        (lambda: take_along_axis(X, [[0]], 1), KernelShapeError, "in more than axis 1"),
        (lambda: part_of(X, (0, 1), (2, 3)), KernelShapeError, "reach outside shape"),
        (lambda: part_of(X, (0,), (2,)), KernelShapeError, "one for each axis"),
        (lambda: part_of(X, (-1, 0), (1, 1)), KernelShapeError, "reach outside shape"),
    ],
)
def test_errors(run: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run()
