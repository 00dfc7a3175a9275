"""Adjoints where indices leave the array, are chosen, wrapped or divided."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gpukernel import index, kernel
from gpukernel.adjoint import adjoint
from tests.adjoints.checking import check_adjoint, numbers

BOUNDARIES = ("zero", "clamp", "wrap", "reflect")


def blurred(a, b):
    i, j = index()
    total = 0.0
    for u in range(-2, 3):
        total += a[i + u, j - u] * b[u + 2]
    return total


def doubled(a, cells):
    i = index()
    return a[2 * i - 1] * a[i] + a[-i]


def diagonal(a):
    i, j = index()
    return a[i, i + j] * a[j, j - 1]


def cells_of(a: Any, cells: int) -> int:
    return cells


BLURRED = {mode: kernel(boundary={"a": mode})(blurred) for mode in BOUNDARIES}
DOUBLED = {mode: kernel(boundary=mode, shape=cells_of)(doubled) for mode in BOUNDARIES}
DIAGONAL = {mode: kernel(boundary=mode)(diagonal) for mode in BOUNDARIES}


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries(device: str, boundary: str) -> None:
    for shape in ((5, 6), (1, 4), (2, 1), (3, 3)):
        check_adjoint(BLURRED[boundary], {"a": numbers(*shape), "b": numbers(5)}, "a", "b")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries_of_strided_reads(device: str, boundary: str) -> None:
    for size, cells in ((1, 1), (2, 2), (7, 7), (6, 2), (6, 13), (1, 5)):
        check_adjoint(DOUBLED[boundary], {"a": numbers(size), "cells": cells}, "a")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_boundaries_of_one_variable_in_two_indices(device: str, boundary: str) -> None:
    for shape in ((3, 4), (4, 2)):
        check_adjoint(DIAGONAL[boundary], {"a": numbers(*shape)}, "a")


@kernel(shape=lambda a, start, step: (3,))
def with_steps(a, start, step):
    i = index()
    total = 0.0
    for k in range(start, a.shape[0], step):
        total += a[k] * (i + 1)
    return total


@kernel
def clamped_by_hand(a):
    i, j = index()
    h, w = a.shape
    up = a[max(i - 1, 0), j]
    down = a[min(i + 1, h - 1), j]
    left = a[i, j - 1 if j > 0 else w - 1]
    right = a[i, (j + 1) % w]
    return up * down + left * right


@kernel
def broadcast(a, b):
    i, j = index()
    return a[i, j] * b[0 if b.shape[0] == 1 else i, 0 if b.shape[1] == 1 else j]


@kernel(shape=lambda a, table: (a.shape[0] * 3,))
def interleaved(a, table):
    i = index()
    return a[i // 3] * table[i % 3]


@kernel(shape=lambda a, n: (n,))
def with_offsets(a, n):
    i = index()
    return a[i + n // 2] - a[i - n]


@kernel(shape=lambda a, s: (a.shape[0] // s,))
def with_stride(a, s):
    i = index()
    total = 0.0
    for u in range(s):
        total += a[s * i + u]
    return total / s


@kernel(shape=lambda values, starts: (starts.shape[0] - 1,))
def segments(values, starts):
    i = index()
    total = 0.0
    for e in range(starts[i], starts[i + 1]):
        total += values[e] * values[e]
    return total


@kernel(shape=lambda a: (a.shape[0], a.shape[0]))
def toeplitz(a):
    i, j = index()
    return a[i - j] * a[2 * j - 1]


@kernel(shape=lambda a: (a.shape[1],))
def diagonals(a):
    j = index()
    total = 0.0
    for u in range(a.shape[0]):
        total += a[u, j - u] * a[2 * u, 3 * j]
    return total


@kernel(shape=lambda a: (a.shape[0], 2))
def masked(a):
    i, j = index()
    return a[i] * a[i] if a[i] > 0.0 else -a[i] * j


@kernel(shape=lambda a: a.shape[0])
def last_ones(a):
    return a[index()] * a[-1] + a[-2]


CASES = [
    (clamped_by_hand, {"a": numbers(4, 5)}, ("a",)),
    (broadcast, {"a": numbers(4, 5), "b": numbers(1, 5)}, ("a", "b")),
    (broadcast, {"a": numbers(4, 5), "b": numbers(4, 1)}, ("a", "b")),
    (with_steps, {"a": numbers(7), "start": 1, "step": 2}, ("a",)),
    (with_steps, {"a": numbers(7), "start": -2, "step": 3}, ("a",)),
    (with_steps, {"a": numbers(7), "start": 9, "step": -1}, ("a",)),
    (interleaved, {"a": numbers(4), "table": numbers(3)}, ("a", "table")),
    (with_offsets, {"a": numbers(9), "n": 5}, ("a",)),
    (with_stride, {"a": numbers(11), "s": 2}, ("a",)),
    (with_stride, {"a": numbers(11), "s": 3}, ("a",)),
    (segments, {"values": numbers(9), "starts": np.array([0, 2, 2, 7, 9], np.int32)}, ("values",)),
    (toeplitz, {"a": numbers(6)}, ("a",)),
    (diagonals, {"a": numbers(4, 6)}, ("a",)),
    (masked, {"a": numbers(7)}, ("a",)),
    (last_ones, {"a": numbers(5)}, ("a",)),
]


@pytest.mark.parametrize(("made", "args", "names"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_kernels(device: str, made: Any, args: dict[str, Any], names: tuple[str, ...]) -> None:
    check_adjoint(made, args, *names)


def test_strides_are_read_anew(device: str) -> None:
    settings = SimpleNamespace(stride=2)

    @kernel(shape=lambda a: (3,))
    def strided(a):
        return a[settings.stride * index() + 1]

    a, g = np.zeros(8, np.float32), np.array([1, 2, 3], np.float32)
    gradient = adjoint(strided, "a")
    assert gradient(g, a).tolist() == [0, 1, 0, 2, 0, 3, 0, 0]
    settings.stride = 3
    assert gradient(g, a).tolist() == [0, 1, 0, 0, 2, 0, 0, 3]


def test_captured_arrays_and_numbers_are_read_anew(device: str) -> None:
    seen = SimpleNamespace(table=np.array([1.0, 2.0, 3.0], np.float32), factor=2.0)

    @kernel
    def scaled(a):
        i = index()
        return a[i] * seen.table[i] * seen.factor

    a = g = np.ones(3, np.float32)
    gradient = adjoint(scaled, "a")
    assert gradient(g, a).tolist() == [2, 4, 6]
    seen.table, seen.factor = np.array([5.0, 5.0, 5.0], np.float32), 3.0
    assert gradient(g, a).tolist() == [15, 15, 15]
