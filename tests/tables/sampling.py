"""Inputs for the table tests: seeded samples of a row's domain, and edge values."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX, Scalar

Array = np.ndarray[Any, Any]
TINY = np.finfo(np.float32).tiny
SMALL = 1e-30  # below it a remainder can be denormal, which drivers flush
DTYPES: dict[Scalar, type[np.generic]] = {
    FLOAT: np.float32,
    INT: np.int32,
    UINT: np.uint32,
    BOOL: np.bool_,
}

FLOAT_EDGES = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 2.5, -3.5, 3.0, 16.0, 1e-3, -1e-7, 1e-30, 1e30),
    *(-1e30, 3e38, 2147483648.0, -2147483648.0, 4294967296.0, math.inf, -math.inf, math.nan),
)
INT_EDGES = (0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 46341, 65536, INT_MAX, INT_MIN, INT_MIN + 1)
UINT_EDGES = (0, 1, 2, 3, 7, 31, 32, 65535, 65536, 46341, INT_MAX, 2**31, UINT_MAX - 1, UINT_MAX)
EDGES: dict[Scalar, tuple[Any, ...]] = {
    FLOAT: FLOAT_EDGES,
    INT: INT_EDGES,
    UINT: UINT_EDGES,
    BOOL: (False, True),
}


def samples(
    row: Row, overload: Overload, float_dtype: Any, count: int, shrink: float = 0.0
) -> list[Array]:
    """Return ``count`` points of the row's domain, one array a parameter of the overload.

    Floats are exact in float32 in either dtype.  ``shrink`` keeps that part of the domain's width
    away from its ends.  A third of the points is close to zero where the domain has it.
    """
    random = np.random.default_rng(len(row.name) * 1000 + len(overload.signature))
    columns: list[Array] = []
    for kind, (low, high) in zip(overload.params, row.domain):
        if kind == BOOL:
            columns.append(random.integers(0, 2, count).astype(np.bool_))
        elif kind == INT:
            drawn = random.integers(math.ceil(low), math.floor(high), count, endpoint=True)
            columns.append(drawn.astype(np.int32))
        elif kind == UINT:
            drawn = random.integers(max(0, math.ceil(low)), math.floor(high), count, endpoint=True)
            columns.append(drawn.astype(np.uint32))
        else:
            floats = _floats(random, low, high, count, shrink)
            columns.append(floats.astype(np.float32).astype(float_dtype))
    return columns


def _floats(
    random: np.random.Generator, low: float, high: float, count: int, shrink: float
) -> Array:
    margin = shrink * (high - low)
    drawn = random.uniform(low + margin, high - margin, count)
    if low <= 0.0 <= high and not shrink:
        third = count // 3
        signs = random.choice([-1.0 if low < 0.0 else 1.0, 1.0 if high > 0.0 else -1.0], third)
        small = signs * 10.0 ** random.uniform(-8.0, 0.0, third)
        drawn[:third] = np.clip(small, low, high)
    return drawn


def any_bits(overload: Overload, count: int) -> list[Array]:
    """Return inputs of random bits: ints and uints of every size, and floats of every exponent."""
    random = np.random.default_rng(count)
    columns: list[Array] = []
    for kind in overload.params:
        bits = random.integers(0, 2**32, count, dtype=np.uint32)
        if kind == BOOL:
            columns.append((bits & 1).astype(np.bool_))
        elif kind == INT:
            columns.append((bits.view(np.int32) >> random.integers(0, 31, count)).astype(np.int32))
        elif kind == UINT:
            columns.append((bits >> random.integers(0, 32, count)).astype(np.uint32))
        else:
            values = bits.view(np.float32)
            columns.append(np.where(np.abs(values) < SMALL, np.float32(0), values))
    return columns


def edges(overload: Overload, float_dtype: Any) -> list[Array]:
    """Return all combinations of the edge values (of a few, from four parameters on)."""
    lists = [EDGES[kind] for kind in overload.params]
    if len(lists) > 2:
        lists = [values[:3] + values[-6:] for values in lists]
    columns = zip(*itertools.product(*lists))
    dtypes = DTYPES | {FLOAT: float_dtype}
    return [
        np.array(column, np.float32 if kind == FLOAT else dtypes[kind]).astype(dtypes[kind])
        for kind, column in zip(overload.params, columns)
    ]


def ulp_distance(result: Array, exact: Array) -> Array:
    """Return the error of float32 results in units of float32 spacing at the exact values."""
    rounded = np.maximum(np.abs(exact), float(TINY)).astype(np.float32)
    spacing = np.spacing(rounded).astype(np.float64)
    difference = np.abs(result.astype(np.float64) - exact)
    return np.where(difference == 0.0, 0.0, difference / spacing)
