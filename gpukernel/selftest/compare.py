"""What a device gave against what was expected: the first difference, in words.

Expected values are NumPy arrays: of the dtype that the result must have, or of Python numbers
(dtype object) as CPython gives them, which are brought to the dtype of the result by the language's
own rules (ints wrap to 32 bits, then saturate; floats round) before anything is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gpukernel.lang.table import EXACT, Budget

_KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}  # how much a kind of number can hold
_SMALLEST = 2.0**-126  # of float32; below lie denormals, which a device may flush to zero


@dataclass(frozen=True)
class Comparison:
    """One output of a launch, what it should be, and how far floats may be off.

    Results that are no arrays (a number, a text) are compared with ``==``.
    """

    result: Any
    expected: Any
    budget: Budget = EXACT


@dataclass(frozen=True)
class Difference:
    """What is wrong, and the cell where it begins (None: not a matter of one cell)."""

    message: str
    cell: tuple[int, ...] | None = None


def first_difference(comparisons: Sequence[Comparison]) -> Difference | None:
    """Return what is wrong with the first output that is not as expected, None when all are."""
    for number, comparison in enumerate(comparisons):
        found = _difference(comparison.result, comparison.expected, comparison.budget)
        if found is not None:
            where = f"output {number}: " if len(comparisons) > 1 else ""
            return Difference(where + found.message, found.cell)
    return None


def _difference(result: Any, expected: Any, budget: Budget) -> Difference | None:
    if not isinstance(result, np.ndarray):
        same = type(result) is type(expected) and result == expected
        return None if same else Difference(f"got {result!r}, expected {expected!r}")
    values = np.asarray(expected)
    wrong_kind = _difference_of_kind(result, values)
    if wrong_kind:
        return Difference(wrong_kind)
    exact = converted(values, result.dtype)
    wrong = _outside(result, exact, budget) if result.dtype.kind == "f" else result != exact
    if not wrong.any():
        return None
    cell = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference(
        f"got {result[cell].item()!r}, expected {exact[cell].item()!r} in cell {cell} "
        f"({int(wrong.sum())} of {wrong.size} cells are wrong)",
        cell,
    )


def _difference_of_kind(result: np.ndarray, values: np.ndarray) -> str:
    """Say how a shape or dtype is wrong: arrays of Python numbers only say what must fit."""
    if result.shape != values.shape:
        return f"got shape {result.shape}, expected {values.shape}"
    if values.dtype != object:
        same = result.dtype == values.dtype
        return "" if same else f"got dtype {result.dtype}, expected {values.dtype}"
    if any(_KINDS[result.dtype.kind] < kind_of_number(value) for value in values.flat):
        return f"got dtype {result.dtype}, expected one for values such as {values.flat[0]!r}"
    return ""


def kind_of_number(value: Any) -> int:
    """Return how much a dtype must hold for a number: 0 a bool, 1 an int, 2 a float."""
    if isinstance(value, (bool, np.bool_)):
        return 0
    return 1 if isinstance(value, (int, np.integer)) else 2


def converted(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the values as a device stores them in a dtype; floats stay float64."""
    if dtype.kind == "f":
        exact = values.astype(np.float64)
        return exact if dtype == np.float32 else exact.astype(np.float32).astype(dtype)
    if dtype.kind == "b" or values.dtype == dtype:
        return values.astype(dtype)
    flat = [_stored(int(value), dtype) for value in values.flat]
    return np.array(flat, dtype).reshape(values.shape)


def _stored(value: int, dtype: np.dtype) -> int:
    """Return an int wrapped to 32 bits, then saturated to a dtype of fewer."""
    low = 0 if dtype == np.uint32 else -(2**31)
    wrapped = (value - low) % 2**32 + low
    limits = np.iinfo(dtype)
    return min(max(wrapped, int(limits.min)), int(limits.max))


def _outside(result: np.ndarray, exact: np.ndarray, budget: Budget) -> np.ndarray:
    """Return which floats are further off than the budget; nan and infinities must be equal."""
    wide = result.astype(np.float64)
    with np.errstate(all="ignore"):
        rounded = exact.astype(result.dtype)
        finite = np.isfinite(rounded)
        same = (wide == rounded.astype(np.float64)) | (np.isnan(wide) & np.isnan(exact))
        size = np.where(finite, np.abs(rounded), 1).astype(result.dtype)
        spacing = np.spacing(np.maximum(size, result.dtype.type(_SMALLEST))).astype(np.float64)
        # Rounding the exact result to the dtype is half a unit by itself.
        allowed = budget.absolute + (budget.ulp + 0.5) * spacing
        near = np.abs(wide - exact) <= allowed
        near |= (wide == 0) & (np.abs(exact) < _SMALLEST) & (result.dtype == np.float32)
    outside: np.ndarray = np.where(finite, ~near, ~same)
    return outside
