"""Derivatives of functions with every construct, first and second order, everywhere they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gpukernel.derivative import partial
from tests.derivatives.checking import check_device, check_python
from tests.derivatives.functions import FUNCTIONS

CASES = [
    pytest.param(function, points, place, id=f"{name}-{place}")
    for name, (function, points) in FUNCTIONS.items()
    for place in range(len(points[0]))
]
Points = list[tuple[Any, ...]]


@pytest.mark.parametrize(("function", "points", "place"), CASES)
def test_derivative_in_python(function: Callable[..., Any], points: Points, place: int) -> None:
    assert check_python(function, points, place) >= len(points) - 2


@pytest.mark.parametrize(("function", "points", "place"), CASES)
def test_derivative_on_devices(
    function: Callable[..., Any], points: Points, place: int, device: str
) -> None:
    check_device(function, points, place, device)


@pytest.mark.parametrize(("function", "points", "place"), CASES)
def test_second_derivative(function: Callable[..., Any], points: Points, place: int) -> None:
    first = partial(function, place)
    for other in range(len(points[0])):
        assert check_python(first, points, other, rtol=1e-4) >= len(points) - 2


@pytest.mark.parametrize(("function", "points", "place"), CASES[::3])
def test_second_derivative_on_devices(
    function: Callable[..., Any], points: Points, place: int, device: str
) -> None:
    check_device(partial(function, place), points, 0, device, rtol=2e-3, atol=1e-4)
