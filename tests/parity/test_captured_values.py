"""Captured numbers are read at each launch: a new value is seen, and costs no compilation."""

from __future__ import annotations

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index

factor = 2
LINE = np.arange(4, dtype=np.float32)


def scaled(x):
    return x * factor


@gk.kernel
def by_factor(a):
    return a[index()] * factor + scaled(1)


def test_new_value_is_seen_without_compiling(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_factor(LINE)
    compiles = gk.memory().compiles
    for value in (3, -4, 100):
        monkeypatch.setitem(globals(), "factor", value)
        np.testing.assert_array_equal(by_factor(LINE).numpy(), LINE * value + value)
    assert gk.memory().compiles == compiles


def test_new_type_is_seen(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    by_factor(LINE)
    monkeypatch.setitem(globals(), "factor", 0.5)
    np.testing.assert_array_equal(by_factor(LINE).numpy(), LINE * 0.5 + 0.5)


def test_new_helper_is_seen(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(x):
        return x - 10

    by_factor(LINE)
    monkeypatch.setitem(globals(), "scaled", replaced)
    np.testing.assert_array_equal(by_factor(LINE).numpy(), LINE * 2 - 9)


def test_scalars_and_sizes_do_not_compile_again(device: str) -> None:
    @gk.kernel
    def shifted(a, n, x):
        return a[index() + n] * x

    shifted(LINE, 1, 2.0)
    compiles = gk.memory().compiles
    result = shifted(np.arange(9, dtype=np.float32), 2, 3.0).numpy()
    np.testing.assert_array_equal(result, [6, 9, 12, 15, 18, 21, 24, 0, 0])
    assert gk.memory().compiles == compiles
