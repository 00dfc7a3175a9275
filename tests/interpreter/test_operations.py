"""The short ways to compute rows of the tables give the numbers of the rows' own functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.lang import numpy_math, operators
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import OPERATORS
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT
from gpukernel.runtime.interpreter_operations import _OF_FLOATS, _OF_INTS, _OPERATORS, operation
from gpukernel.runtime.lanes import conform, dtypes_for

SAMPLES: dict[Any, list[Any]] = {
    BOOL: [False, True],
    INT: [0, 1, -1, 2, 5, 31, 32, 40, -(2**31), 2**31 - 1],
    UINT: [0, 1, 2, 7, 31, 32, 2**31, 2**32 - 1],
    FLOAT: [0.0, -0.0, 1.5, -2.5, 0.5, np.inf, -np.inf, np.nan, 3e9, -3e9, 2.0**31, 1e-45],
}
SHORTER = {*_OPERATORS, *_OF_INTS, *_OF_FLOATS}
ROWS = [row for row in (*OPERATORS, *BUILTINS) if {o.numpy for o in row.overloads} & SHORTER]


def test_every_short_way_belongs_to_a_row() -> None:
    functions = {overload.numpy for row in (*OPERATORS, *BUILTINS) for overload in row.overloads}
    assert functions >= SHORTER
    assert {numpy_math.py_min, operators.shift_left} <= SHORTER


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("float_dtype", [np.float32, np.float64])
def test_the_numbers_are_the_same(row: Row, float_dtype: Any) -> None:
    for overload in row.overloads:
        if overload.numpy in SHORTER:
            check(overload, float_dtype)


def check(overload: Overload, float_dtype: Any) -> None:
    """Compare lanes with lanes, lanes with numbers, and numbers alone."""
    dtypes = dtypes_for(float_dtype)
    lists = [np.array(SAMPLES[param], dtypes[param]) for param in overload.params]
    lanes = [grid.reshape(-1) for grid in np.meshgrid(*lists, indexing="ij")]
    few = [column[:: max(len(column) // 60, 1)] for column in lanes]
    with np.errstate(all="ignore"):
        compare(overload, lanes, float_dtype)
        compare(
            overload, [np.tile(column, 9000 // len(column) + 1) for column in lanes], float_dtype
        )
        for cell in zip(*few):
            compare(overload, list(cell), float_dtype)
            for position in range(len(cell)):
                compare(
                    overload,
                    [*cell[:position], lists[position], *cell[position + 1 :]],
                    float_dtype,
                )


def compare(overload: Overload, values: list[Any], float_dtype: Any) -> None:
    closures: list[Any] = [lambda frame, mask, value=value: value for value in values]
    frame: Any = None
    got = operation(overload, closures, float_dtype)(frame, True)
    want = conform(overload.numpy(*values), dtypes_for(float_dtype)[overload.result])
    assert isinstance(got, (np.generic, np.ndarray))
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)
    if overload.result == FLOAT:
        known = ~np.isnan(want)
        np.testing.assert_array_equal(np.signbit(got) & known, np.signbit(want) & known)
