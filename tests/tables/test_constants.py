"""Constants: which type a number has, and how it converts, as both devices do it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import SourceFile, Span
from gpukernel.ir.constants import cast, constant, evaluate, round_to, scalar_type
from gpukernel.ir.nodes import Call, Constant
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX, Scalar

SPAN = Span(SourceFile("test.py", ("x",)), 1, 1, 1, 2)


@pytest.mark.parametrize(
    ("value", "kind"),
    [(True, BOOL), (np.bool_(False), BOOL), (3, INT), (np.int64(3), INT), (np.uint8(3), INT),
     (np.uint16(3), INT), (np.uint32(3), UINT), (np.uint64(3), INT), (0.5, FLOAT),
     (np.float16(0.5), FLOAT)],
)  # fmt: skip
def test_types_of_numbers(value: Any, kind: Scalar) -> None:
    assert scalar_type(value) == kind
    assert constant(value, SPAN) == Constant(value, kind, SPAN)
    assert type(constant(value, SPAN).value) in (bool, int, float)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [(-1, UINT, UINT_MAX), (INT_MIN, UINT, 2**31), (UINT_MAX, INT, -1), (2**31, INT, INT_MIN),
     (True, UINT, 1), (math.nan, UINT, 0), (-0.5, UINT, 0), (-7.0, UINT, 0), (3.99, UINT, 3),
     (3e9, UINT, 3_000_000_000), (math.inf, UINT, UINT_MAX), (-math.inf, UINT, 0),
     (1e10, INT, INT_MAX), (-1e10, INT, INT_MIN), (-1.9, INT, -1), (math.nan, BOOL, True),
     (UINT_MAX, FLOAT, 2.0**32), (0.1, FLOAT, float(np.float32(0.1)))],
)  # fmt: skip
def test_conversion(value: Any, kind: Scalar, expected: Any) -> None:
    found = round_to(value, kind)
    assert found == expected and type(found) is type(expected)
    assert cast(constant(value, SPAN), kind).type == kind


def test_calls_on_uints_wrap() -> None:
    row = BINARY["-"]
    overload = row.overload((UINT, UINT))
    assert overload is not None
    operands = (Constant(1, UINT, SPAN), Constant(2, UINT, SPAN))
    assert evaluate(Call(row, overload, operands, UINT, SPAN)) == Constant(UINT_MAX, UINT, SPAN)
