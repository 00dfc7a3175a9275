"""Every operator row on NumPy: Python's own meaning, modulo 2**32 for ints and uints."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from gpukernel.lang.operators import BINARY, COMPARE, OPERATORS, UNARY
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MIN, UINT
from tests.tables.sampling import DTYPES, Array, any_bits, edges

WHOLE = [
    pytest.param(row, overload, id=f"{row.name}({overload.signature})")
    for row in OPERATORS
    for overload in row.overloads
    if FLOAT not in overload.params
]


def python_value(row: Row, overload: Overload, values: tuple[int, ...]) -> int | bool:
    """Return what Python's operator gives, and what the language defines where it raises."""
    if row.symbol in ("//", "%") and values[1] == 0:
        return 0
    if row.symbol == "**":
        return 0 if values[1] < 0 else pow(values[0], values[1], 2**32)
    if row.symbol in ("<<", ">>") and not 0 <= values[1] < 32:
        return -1 if row.symbol == ">>" and values[1] > 0 and values[0] < 0 else 0
    result: int = row.python[0](*values)
    return result


@pytest.mark.parametrize(("row", "overload"), WHOLE)
def test_numpy_means_what_python_means(row: Row, overload: Overload) -> None:
    arguments = [np.concatenate(p) for p in zip(edges(overload, np.float32), samples(overload))]
    with np.errstate(all="ignore"):
        result = np.asarray(overload.numpy(*arguments))
        scalars = [overload.numpy(*(a[i] for a in arguments)) for i in range(20)]
    assert result.dtype == DTYPES[overload.result]
    assert all(np.asarray(s).dtype == DTYPES[overload.result] for s in scalars)
    assert scalars == result[:20].tolist()
    exact = [python_value(row, overload, v) for v in zip(*(a.tolist() for a in arguments))]
    lowest = {INT: INT_MIN, UINT: 0}.get(overload.result)
    if lowest is not None:
        exact = [(int(v) - lowest) % 2**32 + lowest for v in exact]
    assert result.tolist() == exact


def samples(overload: Overload) -> list[Array]:
    return any_bits(overload, 2000)


def test_uint_overloads_follow_those_of_int() -> None:
    for row in OPERATORS:
        of_int = [o.params for o in row.overloads if INT in o.params]
        of_uint = [o.params for o in row.overloads if UINT in o.params]
        assert [len(p) for p in of_int] == [len(p) for p in of_uint]


@pytest.mark.parametrize("table", [BINARY, COMPARE])
def test_an_int_with_a_uint_fits_no_operator_but_division(table: dict[str, Row]) -> None:
    for symbol, row in table.items():
        for kinds in ((INT, UINT), (UINT, INT)):
            assert (row.overload(kinds) is not None) == (symbol == "/")
        found: Any = row.overload((BOOL, UINT))
        assert found is not None and (symbol == "/" or found.params == (UINT, UINT))


def test_a_uint_with_a_float_is_a_float() -> None:
    for symbol in ("+", "*", "//", "%", "**", "<"):
        found = (BINARY | COMPARE)[symbol].overload((UINT, FLOAT))
        assert found is not None and found.params == (FLOAT, FLOAT)
    assert UNARY["-"].python == (operator.neg,)
