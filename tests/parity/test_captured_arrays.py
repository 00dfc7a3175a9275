"""Captured arrays, tuples and functions are read at each launch, like captured numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index

LINE = np.arange(4, dtype=np.float32)
table: Any = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
pair: Any = (2, 3)
size = 3


def looked_up(k):
    return table[k]


def combine(x, y):
    return x + y


@gk.kernel
def reads_table(a):
    i = index()
    return a[i] + looked_up(i) * 10 + len(table) * 100


@gk.kernel
def reads_pair(a):
    return a[index()] * pair[0] + pair[1]


@gk.kernel
def sized_by_a_global(a):
    xs = [1] * size
    return a[index()] + sum(xs)


@gk.kernel
def calls_a_global(a):
    return combine(a[index()], 10.0)


def test_new_values_are_uploaded(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A NumPy array may have been changed in place between two launches."""
    values = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    monkeypatch.setitem(globals(), "table", values)
    np.testing.assert_array_equal(reads_table(LINE).numpy(), LINE + values * 10 + 400)
    compiles = gk.memory().compiles
    values[:] = [5, 6, 7, 8]
    np.testing.assert_array_equal(reads_table(LINE).numpy(), LINE + values * 10 + 400)
    assert gk.memory().compiles == compiles


def test_new_array_of_another_size(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_table(LINE)
    compiles = gk.memory().compiles
    values = np.arange(7, dtype=np.float32)
    monkeypatch.setitem(globals(), "table", values)
    np.testing.assert_array_equal(reads_table(LINE).numpy(), LINE + values[:4] * 10 + 700)
    assert gk.memory().compiles == compiles


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float16", "bool"])
def test_new_array_of_another_dtype(
    device: str, monkeypatch: pytest.MonkeyPatch, dtype: str
) -> None:
    reads_table(LINE)
    values = np.array([0, 1, 0, 1], dtype)
    monkeypatch.setitem(globals(), "table", values)
    np.testing.assert_array_equal(
        reads_table(LINE).numpy(), LINE + values.astype(np.float32) * 10 + 400
    )


def test_gk_array_stays_on_its_device(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = gk.array(np.array([4.0, 3.0, 2.0, 1.0], np.float32))
    monkeypatch.setitem(globals(), "table", values)
    reads_table(LINE)
    uploads = gk.memory().uploads
    np.testing.assert_array_equal(reads_table(LINE).numpy(), LINE + values.numpy() * 10 + 400)
    assert gk.memory().uploads <= uploads + 1  # the argument only


def test_new_tuples(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_array_equal(reads_pair(LINE).numpy(), LINE * 2 + 3)
    compiles = gk.memory().compiles
    monkeypatch.setitem(globals(), "pair", (7, -1))
    np.testing.assert_array_equal(reads_pair(LINE).numpy(), LINE * 7 - 1)
    assert gk.memory().compiles == compiles
    monkeypatch.setitem(globals(), "pair", (0.5, 2))
    np.testing.assert_array_equal(reads_pair(LINE).numpy(), LINE * 0.5 + 2)


def test_new_list_size(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that a list's size needs is a constant: a new one compiles again."""
    np.testing.assert_array_equal(sized_by_a_global(LINE).numpy(), LINE + 3)
    monkeypatch.setitem(globals(), "size", 8)
    np.testing.assert_array_equal(sized_by_a_global(LINE).numpy(), LINE + 8)


def test_new_function(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_array_equal(calls_a_global(LINE).numpy(), LINE + 10)
    monkeypatch.setitem(globals(), "combine", lambda x, y: x * y)
    np.testing.assert_array_equal(calls_a_global(LINE).numpy(), LINE * 10)
