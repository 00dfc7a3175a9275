"""What a benchmark is: a kernel, its data, and the same thing in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]
Reference = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Workload:
    """One benchmark.

    ``function`` and ``shape`` become a fresh kernel for every measurement, so that compilation
    is timed.  ``make_arguments(size)`` gives host arrays and scalars.  A result is right when
    all but the fraction ``stray`` of its cells are within
    ``absolute + relative * |expected|`` of what ``reference(*arguments)`` gives.
    """

    name: str
    summary: str
    function: Callable[..., Any]
    shape: Callable[..., tuple[int, ...]] | None
    make_arguments: Callable[[int], Arguments]
    reference: Reference
    sizes: tuple[int, ...]
    relative: float = 1e-5
    absolute: float = 1e-6
    stray: float = 0.0


def find_mistake(workload: Workload, result: np.ndarray, expected: np.ndarray) -> str | None:
    """Say how a result differs from the expected one, or None when it is right."""
    if result.shape != expected.shape:
        return f"shape {result.shape}, expected {expected.shape}"
    error = np.abs(result.astype(np.float64) - expected.astype(np.float64))
    # Written so that a nan is wrong.
    right = error <= workload.absolute + workload.relative * np.abs(expected.astype(np.float64))
    wrong = int(right.size - np.count_nonzero(right))
    if wrong <= workload.stray * right.size:
        return None
    first = tuple(int(i) for i in np.argwhere(~right)[0])
    return (
        f"{wrong} of {right.size} cells are wrong, the first at {first}: "
        f"{result[first]}, expected {expected[first]}"
    )
