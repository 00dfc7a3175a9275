"""What a row of the suite `rocks` is: one problem, with kernels and with NumPy, and its checksum.

A row is a module of this folder, named as the row with ``_`` for ``-``, that defines ``ROW``.  Its
functions share their names of parameters::

    inputs = row.make_inputs(**parameters)             # NumPy arrays by name, outside the clock
    result = row.run(**inputs, **parameters)           # timed; the `resident` inputs are gk.Arrays
    result = row.reference(**inputs, **parameters)     # the same result with NumPy; timed, too
    row.checksum(result)                               # one float64 number

``run`` is all that is timed: it uploads the inputs that are not resident (``gk.array(a)``), calls
the kernels, pass by pass, and returns host arrays (``.numpy()``).  It never writes to a resident
input.  The device is the current one.  ``reference`` is the baseline and the oracle: the same
arithmetic as one would write it in NumPy, float32 where the kernels store float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

TIERS = ("quick", "bench", "full")  # for tests; for software renderers; the reference size
TOLERANCE = 1e-4  # how far a checksum may be off, relative to the expected one

Parameters = Mapping[str, Any]
Inputs = Mapping[str, np.ndarray]


def mean_weighted(result: Any) -> float:
    """Return the checksum of most rows: the mean of all values times 1, ..., 17 in turn."""
    values = np.asarray(result)
    return weighted_sum(values) / values.size


def weighted_sum(values: Any, period: int = 17) -> float:
    """Return the sum of ``values[i] * (1 + i % period)`` over the flat array, in float64."""
    flat = np.asarray(values, np.float64).ravel()
    return float((flat * (1 + np.arange(flat.size) % period)).sum())


@dataclass(frozen=True)
class Row:
    """One problem.

    ``sizes`` has the parameters of every tier, all of them each time, and ``checksums`` what is
    expected there, with 12 digits.  ``exact`` rows hold only values that float32 carries exactly.
    ``resident`` are the names of inputs that stay on the device between runs.
    """

    name: str
    summary: str
    sizes: Mapping[str, Parameters]
    checksums: Mapping[str, float]
    make_inputs: Callable[..., Inputs]
    run: Callable[..., Any]
    reference: Callable[..., Any]
    checksum: Callable[[Any], float] = mean_weighted
    exact: bool = False
    resident: tuple[str, ...] = ()

    def find_mistake(self, result: Any, tier: str) -> str | None:
        """Say how the checksum of a result differs from the expected one, or None if it is right.

        The tolerance is relative: 1e-4, and for exact rows half a unit of the last digit given.
        """
        found, expected = self.checksum(result), self.checksums[tier]
        if self.exact:
            right = f"{found:.12g}" == f"{expected:.12g}"
        else:
            # Written so that a nan is wrong.
            right = abs(found - expected) <= TOLERANCE * max(abs(expected), 1e-9)
        return None if right else f"checksum {found:.12g}, expected {expected:.12g}"
