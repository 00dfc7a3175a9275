"""Tensors put together and taken apart, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.ops.joining import concat, split, stack, unstack
from gpukernel.nn.tensor import Tensor, tensor
from tests.nn.checks import check_gradient, check_values


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("shapes", "axis"),
    [
        ([(3,)], 0),
        ([(3,), (1,), (4,)], 0),
        ([(2, 3), (2, 1)], -1),
        ([(2, 3), (0, 3), (5, 3)], 0),
        ([(2, 3, 5), (2, 2, 5)], 1),
        ([(2, 1, 3, 2, 2), (2, 1, 3, 5, 2)], 3),
    ],
)
def test_concat(device: str, shapes: list[tuple[int, ...]], axis: int) -> None:
    parts = [numbers(*shape) + place for place, shape in enumerate(shapes)]
    check_values(concat([tensor(p) for p in parts], axis), np.concatenate(parts, axis))


@pytest.mark.parametrize(
    ("shape", "axis"), [((), 0), ((3,), 0), ((3,), -1), ((2, 3), 1), ((2, 3, 1, 2), 2)]
)
def test_stack(device: str, shape: tuple[int, ...], axis: int) -> None:
    parts = [numbers(*shape) + place for place in range(3)]
    check_values(stack([tensor(p) for p in parts], axis), np.stack(parts, axis))


def test_many_tensors(device: str) -> None:
    parts = [numbers(2, 3) + place for place in range(19)]
    tensors = [tensor(p) for p in parts]
    check_values(concat(tensors, 1), np.concatenate(parts, 1))
    check_values(stack(tensors, 1), np.stack(parts, 1))


def test_dtypes_join(device: str) -> None:
    f, i, b = tensor([0.5]), tensor([2]), tensor([True])
    check_values(concat([i, f, b]), np.array([2.0, 0.5, 1.0], np.float32))
    check_values(stack([b, i]), np.array([[1], [2]], np.int32))
    check_values(concat([b, b]), np.array([True, True]))


def test_lists_of_tensors_become_tensors(device: str) -> None:
    check_values(concat([[1, 2], tensor([3])]), np.array([1, 2, 3]))
    check_values(stack(tensor([[1, 2], [3, 4]]), 1), np.array([[1, 3], [2, 4]]))


@pytest.mark.parametrize(
    ("sections", "axis"), [(3, 1), (1, 0), ([1, 3], 1), ([0, 2, -1], -1), ([], 1)]
)
def test_split(device: str, sections: Any, axis: int) -> None:
    x = numbers(4, 6)
    parts = split(tensor(x), sections, axis)
    for part, expected in zip(parts, np.split(x, sections, axis), strict=True):
        check_values(part, expected)


def test_unstack(device: str) -> None:
    x = numbers(2, 3, 4)
    for axis in range(3):
        parts = unstack(tensor(x), axis)
        assert len(parts) == x.shape[axis]
        for i, part in enumerate(parts):
            check_values(part, x.take(i, axis))
    deep = numbers(2, 2, 3, 2, 2)
    check_values(unstack(tensor(deep))[1], deep[1])


CURVES: list[Callable[[Tensor, Tensor], Tensor]] = [
    lambda x, y: concat([x * x, y * y, x * y], 1),
    lambda x, y: stack([x * y, y * y], 2) * 3,
    lambda x, y: concat([a * b for a, b in zip(split(x, [1], 1), unstack(y * y, 1))], 1),
]


@pytest.mark.parametrize("f", CURVES)
def test_gradients(device: str, f: Callable[..., Tensor]) -> None:
    if f is CURVES[2]:
        check_gradient(
            lambda x, y: f(x, y.reshape(2, 3, 1)), numbers(2, 3), numbers(2, 3), device=device
        )
    else:
        check_gradient(f, numbers(2, 3), numbers(2, 3) + 1, device=device)


@pytest.mark.parametrize("f", CURVES[:2])
def test_second_gradients(device: str, f: Callable[..., Tensor]) -> None:
    check_gradient(f, numbers(2, 3), numbers(2, 3) + 1, device=device, order=2)


def test_what_follows_runs_in_the_same_kernel(gl: Any) -> None:
    with gk.device("gl"):
        x = tensor(numbers(5, 7))
        (concat([x, x], 1) * 2 + 1).numpy()
        before = gk.memory()
        (concat([x, x], 1) * 2 + 1).numpy()
        after = gk.memory()
    assert (after.launches, after.compiles) == (before.launches + 1, before.compiles)


X = np.zeros((2, 3), np.float32)
WRONG: Any = ["a"]


@pytest.mark.parametrize(
    ("run", "error", "words"),
    [
        (lambda: concat([]), KernelShapeError, "nn.concat: there are no tensors"),
        (lambda: concat(3), KernelTypeError, "nn.concat: a list of tensors is joined, not 3"),
        (lambda: concat([X, X[0]]), KernelShapeError, r"shapes \(2, 3\), \(3,\) differ"),
        (lambda: concat([X, X[:1]], 1), KernelShapeError, "more than the size of axis 1"),
        (lambda: concat([X, X], 2), KernelShapeError, "axis 2 is outside a tensor with 2 axes"),
        (lambda: concat([1.0, 2.0]), KernelShapeError, "nn.concat: axis 0 is outside"),
        (lambda: stack([X, X[:1]]), KernelShapeError, "are not all the same"),
        (lambda: stack([X, X], 3), KernelShapeError, "nn.stack: axis 3 is outside"),
        (lambda: split(X, 2, 1), KernelShapeError, "cannot be cut into 2 equal parts"),
        (
            lambda: split(X, [2, 1], 1),
            KernelShapeError,
            r"\[2, 1\] are no ascending places of axis 1",
        ),
        (lambda: split(X, [4], 1), KernelShapeError, "are no ascending places of axis 1"),
        (lambda: split(X, WRONG[0]), KernelTypeError, "nn.split: indices_or_sections is ints"),
        (lambda: unstack(X, 2), KernelShapeError, "nn.unstack: axis 2 is outside"),
    ],
)
def test_errors(run: Callable[[], Any], error: type[KernelError], words: str) -> None:
    with gk.device("cpu"), pytest.raises(error, match=words):
        run()


def test_tensors_of_two_devices_are_refused(gl: Any) -> None:
    with pytest.raises(KernelError, match="nn.concat was given tensors on 'cpu' and 'gl'"):
        concat([tensor([1], device="cpu"), tensor([1], device="gl")])
