"""Derivatives against central differences: under CPython, and on the devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.derivative import Kinds, partial

Numbers = np.ndarray[Any, Any]


def differences(function: Callable[..., Any], points: Sequence[Any], place: int) -> float | None:
    """Return the central difference at a point; None where two step widths do not agree."""

    def slope(h: float) -> float:
        low, high = list(points), list(points)
        low[place], high[place] = low[place] - h, high[place] + h
        return float((function(*high) - function(*low)) / (2 * h))

    h = 1e-5 * max(1e-2, abs(points[place]))
    near, far = slope(h), slope(2 * h)
    return near if abs(near - far) <= 1e-5 * abs(near) + 1e-6 else None


def check_python(
    function: Callable[..., Any],
    points: Sequence[tuple[Any, ...]],
    place: int,
    kinds: Kinds | None = None,
    rtol: float = 1e-5,
) -> int:
    """Compare a derivative under CPython with differences; return at how many points."""
    derivative = partial(function, place, kinds)
    plain = getattr(function, "py_func", function)
    count = 0
    for point in points:
        wanted = differences(plain, point, place)
        if wanted is not None:
            found = derivative(*point)
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-6, err_msg=str(point))
            count += 1
    return count


def check_device(
    function: Callable[..., Any],
    points: Sequence[tuple[Any, ...]],
    place: int,
    device: str,
    kinds: Kinds | None = None,
    rtol: float = 2e-4,
    atol: float = 1e-5,
) -> None:
    """Compare a derivative on a device with the same one under CPython."""
    derivative = partial(function, place, kinds)
    columns = [np.array(column) for column in zip(*points)]
    columns = [c.astype(np.float32) if c.dtype.kind == "f" else c for c in columns]
    wanted = [derivative(*(c.item() for c in point)) for point in zip(*columns)]
    found = gk.vectorize(derivative)(*columns, device=device).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)
