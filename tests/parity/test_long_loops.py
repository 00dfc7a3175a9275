"""Loops that some drivers end early: right, or an error, never a wrong number."""

from __future__ import annotations

import numpy as np
import pytest

import gpukernel as gk


@gk.kernel(shape=6)
def count(n):
    total = 0
    for _ in range(n):
        total += 1
    return total


@gk.kernel(shape=6)
def count_nested(n):
    i = gk.index()
    total = 0
    for k in range(n):
        if k % 3 == i:
            continue
        w = 0
        while w < 3:
            w += 1
            if w == 2:
                continue
            total += w
    return total


@gk.kernel(shape=3)
def step_folds_to_zero(n):
    total = n
    for _ in range(0, 5, 2 - 2):
        total += 1
    return total


@gk.kernel(shape=6)
def sometimes_continues(n):
    i = gk.index()
    total = 0
    for k in range(n):
        if k % 2 == 0:
            if k % 3 == i:
                continue
            total += 1
        if k % 5 == 0:
            if k % 7 == i:
                continue
            total += 10
        total += 100
    return total


def test_a_step_of_zero_runs_nothing(device: str) -> None:
    assert step_folds_to_zero(7, device=device).tolist() == [7] * 3


def test_a_branch_that_sometimes_continues(device: str) -> None:
    expected = [sometimes_continues.at(i, 50) for i in range(6)]
    assert sometimes_continues(50, device=device).tolist() == expected


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 65535, 65536, 70000, 100_000])
def test_every_lane_runs_to_the_end(device: str, n: int) -> None:
    assert count(n, device=device).tolist() == [n] * 6


@pytest.mark.parametrize("n", [900, 5000, 9000, 30_000, 70_000])
def test_right_or_an_error(device: str, n: int) -> None:
    out = gk.full(6, -1, dtype=np.int32, device=device)
    expected = [4 * sum(k % 3 != i for k in range(n)) for i in range(6)]
    try:
        found = count_nested(n, out=out, device=device)
    except gk.DeviceError as problem:
        assert device == "gl" and "longer than this driver allows" in str(problem)
        assert out.tolist() == [-1] * 6
    else:
        assert found.tolist() == expected
    assert count_nested(9, device=device).tolist() == [4 * 6] * 3 + [4 * 9] * 3
