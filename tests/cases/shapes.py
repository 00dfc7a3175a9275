"""Outputs of every rank and awkward widths."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("shapes")

WIDTHS = (1, 2, 3, 4, 5, 1023, 1025)


def _line(a):
    i = index()
    return a[i] * 2 - a[i + 1]


def _plane(a):
    i, j = index()
    return a[i, j] * 10 + a[i - 1, j + 1]


def _positions():
    i, j = index()
    return i * 10000 + j


for _width in WIDTHS:
    _row = np.arange(1, _width + 1)
    cases.add(_row, reference=_row * 2 - np.append(_row[1:], 0), name=f"line_{_width}")(_line)
    _rows = np.arange(3 * _width, dtype=np.float32).reshape(3, _width)
    _next = np.zeros_like(_rows)
    _next[1:, :-1] = _rows[:-1, 1:]
    cases.add(_rows, reference=_rows * 10 + _next, name=f"plane_{_width}")(_plane)
    _wanted = np.add.outer(np.arange(5) * 10000, np.arange(_width))
    cases.add(shape=(5, _width), reference=_wanted, name=f"positions_{_width}")(_positions)


@cases.add(shape=(2, 3, 5))
def three_axes():
    i, j, k = index()
    return i * 100 + j * 10 + k


@cases.add(shape=(2, 3, 4, 6))
def four_axes():
    i, j, k, m = index()
    return i * 1000 + j * 100 + k * 10 + m


@cases.add(shape=(1, 1, 1, 1))
def one_cell_of_four_axes():
    i, j, k, m = index()
    return i + j + k + m == 0


@cases.add(shape=(3, 1, 7))
def bools_of_three_axes():
    i, j, k = index()
    return (i + k) % 2 == 0


@cases.add(shape=(2, 17, 3))
def thin_last_axis():
    i, j, k = index()
    return i * 0.5 + j * 4 + k * 100


@cases.add(shape=(300, 1), reference=np.arange(300)[:, None])
def column():
    i, j = index()
    return i + j


@cases.add(shape=(7, 3))
def index_kept_whole():
    p = index()
    return p[0] * 10 + p[1]
