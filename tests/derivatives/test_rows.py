"""The derivative of every row that takes floats, compiled, against differences of the row."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.derivative import partial
from gpukernel.errors import KernelTypeError
from gpukernel.frontend.text_function import function_from_text
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import OPERATORS
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT
from tests.derivatives.checking import check_python
from tests.tables.sampling import samples


def _overloads() -> list[Any]:
    """Return every row's overloads of floats that give a float."""
    return [
        pytest.param(row, overload, id=f"{row.name}({overload.signature})")
        for row in (*OPERATORS, *BUILTINS)
        for overload in row.overloads
        if FLOAT in overload.params and overload.result == FLOAT
    ]


OVERLOADS = _overloads()


def function_of(row: Row, overload: Overload) -> Callable[..., Any]:
    """Return the plain function of numbers that calls the row."""
    names = ["p0", "p1", "p2", "p3"][: len(overload.params)]
    if row.symbol:
        body = f" {row.symbol} ".join(names) if len(names) > 1 else f"{row.symbol}{names[0]}"
    else:
        body = f"row({', '.join(names)})"
    text = f"def f({', '.join(names)}):\n    return {body}\n"
    return function_from_text(text, "f", {"row": row.python[0]}, "row")


def floats(overload: Overload) -> list[int]:
    return [place for place, kind in enumerate(overload.params) if kind == FLOAT]


def slopes(overload: Overload, points: list[Any], place: int) -> tuple[Any, Any]:
    """Return central differences in float64, and where they can be trusted."""

    def shifted(h: Any) -> Any:
        moved = list(points)
        moved[place] = moved[place] + h
        return overload.numpy(*moved)

    with np.errstate(all="ignore"):
        h = 1e-5 * np.maximum(1e-2, np.abs(points[place]))
        near = (shifted(h) - shifted(-h)) / (2 * h)
        far = (shifted(2 * h) - shifted(-2 * h)) / (4 * h)
    return near, np.abs(near - far) <= 1e-5 * np.abs(near) + 1e-7


@pytest.mark.parametrize(("row", "overload"), OVERLOADS)
def test_derivative_of_a_row(row: Row, overload: Overload, device: str) -> None:
    function = function_of(row, overload)
    kinds = {place: BOOL for place, kind in enumerate(overload.params) if kind == BOOL}
    points = samples(row, overload, np.float64, 150, shrink=0.02)
    for place in floats(overload):
        if row.derivative is None or row.derivative[place] is None:
            with pytest.raises(KernelTypeError, match="has no derivative"):
                partial(function, place, kinds)
            continue
        wanted, reliable = slopes(overload, points, place)
        derivative = gk.vectorize(partial(function, place, kinds))
        found = derivative(*(p.astype(np.float32) if p.dtype == float else p for p in points))
        assert reliable.sum() > 75
        scale = np.abs(wanted[reliable]).max() + 1e-3
        np.testing.assert_allclose(
            found.numpy()[reliable], wanted[reliable], rtol=3e-4, atol=2e-5 * scale
        )


@pytest.mark.parametrize(("row", "overload"), OVERLOADS)
def test_second_derivative_of_a_row(row: Row, overload: Overload) -> None:
    if row.derivative is None:
        return
    function = function_of(row, overload)
    kinds = {place: BOOL for place, kind in enumerate(overload.params) if kind == BOOL}
    columns = samples(row, overload, np.float64, 30, shrink=0.05)
    points = list(zip(*(column.tolist() for column in columns)))
    for place in floats(overload):
        first = partial(function, place, kinds)
        for other in floats(overload):
            assert check_python(first, points, other, kinds, rtol=1e-4) > 15


def test_rows_without_a_derivative_are_known() -> None:
    """A row that gives floats says what its derivative is, but for these."""
    missing = {
        row.name
        for row in (*OPERATORS, *BUILTINS)
        for overload in row.overloads
        if overload.result == FLOAT and row.derivative is None
    }
    assert missing == {"gamma", "lgamma"}


@pytest.mark.parametrize(
    ("text", "point", "wanted"),
    [
        ("abs(x)", 0.0, 0.0),
        ("max(x, 0.0)", 0.0, 0.5),
        ("min(0.0, x)", 0.0, 0.5),
        ("max(x, x)", 3.0, 1.0),
        ("np.maximum(x, 2.0)", 2.0, 0.5),
        ("np.minimum(x, 2.0)", 1.0, 1.0),
        ("x if x > 0.0 else 0.0", 0.0, 0.0),
        ("x ** 2", 0.0, 0.0),
        ("x ** 2.0", -1.0, -2.0),
        ("x ** 3", -2.0, 12.0),
        ("x ** 1", 0.0, 1.0),
        ("x ** 0", 0.0, 0.0),
        ("2.0 ** x", 3.0, 8.0 * math.log(2.0)),
        ("0.0 ** x", 2.0, 0.0),
        ("(-2.0) ** (2.0 + 0.0 * x)", 1.0, 0.0),
        ("(x - 1.0) ** (x + 1.0)", 1.0, 0.0),
        ("math.pow(x, 2)", 0.0, 0.0),
        ("math.hypot(x, 0.0)", 0.0, 0.0),
        ("math.atan2(x, 0.0)", 0.0, 0.0),
        ("math.atan2(x, -4.0)", 0.0, -0.25),
        ("math.atan2(3.0, x)", 4.0, -0.12),
        ("float(int(3.0 * x))", 1.1, 0.0),
        ("float(round(x)) + np.round(x) + math.floor(x) + np.ceil(x)", 1.2, 0.0),
        ("x // 0.3", 1.0, 0.0),
        ("x % 0.3", 1.0, 1.0),
        ("5.0 % x", 2.0, -2.0),
        ("math.fmod(-5.0, x)", 2.0, 2.0),
        ("math.remainder(5.5, x)", 2.0, -3.0),
        ("math.log(x)", 2.0, 0.5),
        ("math.log(x, 10)", 2.0, 0.5 / math.log(10.0)),
        ("math.log(7.0, x)", 2.0, -math.log(7.0) / (2.0 * math.log(2.0) ** 2)),
        ("math.copysign(x, -3.0)", 2.0, -1.0),
        ("gk.clamp(x, 0.0, 1.0)", 2.0, 0.0),
        ("gk.fract(x)", 2.25, 1.0),
        ("gk.sign(x)", 2.25, 0.0),
        ("gk.step(1.0, x)", 2.25, 0.0),
        ("float(x > 1.0)", 2.0, 0.0),
        ("x * (x > 1.0)", 2.0, 1.0),
        ("1.0", 2.0, 0.0),
        ("3", 2.0, 0.0),
        ("x > 1.0", 2.0, 0.0),
    ],
)
def test_derivative_at_a_point(text: str, point: float, wanted: float, device: str) -> None:
    source = f"def f(x):\n    return {text}\n"
    function = function_from_text(source, "f", {"math": math, "np": np, "gk": gk}, "text")
    derivative = partial(function, 0)
    np.testing.assert_allclose(derivative(point), wanted, rtol=1e-6)
    np.testing.assert_allclose(gk.vectorize(derivative)(point), wanted, rtol=1e-5)


def test_a_root_is_infinitely_steep_at_zero(device: str) -> None:
    def root(x):
        return math.sqrt(x)

    assert gk.vectorize(partial(root, 0))(np.zeros(2, np.float32)).tolist() == [math.inf] * 2


def test_a_choice_keeps_what_it_does_not_take_apart(device: str) -> None:
    """The slope of the side that is not taken is infinite, and does not matter."""

    def safe_log(x):
        return np.where(x > 0.0, np.log(x), x)

    found = gk.vectorize(partial(safe_log, 0))(np.array([-1.0, 0.0, 4.0], np.float32))
    assert found.tolist() == [1.0, 1.0, 0.25]
