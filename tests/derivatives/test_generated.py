"""Derivatives of random programs against central differences, on the ``cpu64`` device."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.derivative import derivative_text, partial
from gpukernel.lang.types import BOOL, INT, UINT, Scalar
from gpukernel.runtime.device import device as use_device
from gpukernel.vectorize import Vectorized
from tests.fuzz.domains import Type
from tests.fuzz.generate import FEATURES, Generator
from tests.fuzz.generator_expressions import ROUGH
from tests.fuzz.program import VECTORIZED, Program

STEP = 2.0**-10  # all arguments are multiples of 1/8, so that they move by it exactly
SEEDS = range(1000, 1120)
KINDS: dict[str, Scalar] = {"b": BOOL, "u": UINT, "i": INT}


class FloatGenerator(Generator):
    """Programs that return a float, as its helpers may return anything."""

    def kernel_result(self) -> Type:
        return ROUGH


def generated(seed: int) -> tuple[Program, Vectorized] | None:
    """Return a function of numbers with its arguments; None where one of them is no number."""
    program = FloatGenerator(Random(seed), FEATURES - {"debug", "dtype"}).elementwise(4)
    if any(isinstance(value, tuple) for value in program.arguments.values()):
        return None
    return program, gk.from_source(program.source(), VECTORIZED, {"gk": gk})


def evaluate(function: Vectorized, arguments: dict[str, Any]) -> np.ndarray[Any, Any]:
    """Return the results in float64; the draws of random numbers are the same each time."""
    return np.asarray(function(**arguments, device="cpu64", seed=3), np.float64)


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_program(seed: int) -> None:
    found = generated(seed)
    if found is None:
        return
    program, function = found
    values = {name: np.asarray(value) for name, value in program.arguments.items()}
    values |= {n: v.astype(np.float32) for n, v in values.items() if v.dtype == np.float16}
    kinds = {
        place: UINT if value.dtype == np.uint32 else KINDS[value.dtype.kind.replace("u", "i")]
        for place, value in enumerate(values.values())
        if value.dtype.kind != "f"
    }
    for place, (name, value) in enumerate(values.items()):
        if value.dtype.kind == "f":
            arguments = {n: v if v.ndim else v.item() for n, v in values.items()}
            check(function, arguments, name, place, kinds)


def check(
    function: Vectorized,
    arguments: dict[str, Any],
    name: str,
    place: int,
    kinds: dict[int, Scalar],
) -> None:
    """Compare one derivative with differences, where two step widths agree."""

    def slope(step: float) -> np.ndarray[Any, Any]:
        low = evaluate(function, {**arguments, name: arguments[name] - step})
        high = evaluate(function, {**arguments, name: arguments[name] + step})
        return np.asarray((high - low) / (2 * step))

    derivative = gk.vectorize(partial(function, place, kinds))
    with use_device("cpu"), np.errstate(all="ignore"):
        near, far = slope(STEP), slope(2 * STEP)
        wrong = np.abs(near - far) > 1e-3 * np.abs(near) + 1e-5
        given = evaluate(derivative, arguments)
    smooth = np.isfinite(near) & np.isfinite(given) & ~wrong
    close = np.abs(given - near) <= 3e-3 * np.abs(near) + 1e-4
    # A function may jump exactly where an argument stands: not everywhere.
    text = derivative_text(function, place, kinds)
    assert np.all(close[smooth]) or np.mean(close[smooth]) > 0.6, text
