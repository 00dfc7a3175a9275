"""Each case gives its reference on each device, with optimisations on and off.

Every case runs with all of them, with none, and without one: which one depends on the name of the
case, so that each is switched off in its share of all cases.  With GPUKERNEL_EVERY_OPTIMIZATION=1
in the environment every case runs without each of them in turn (``make parity``).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pytest

from gpukernel.kernel import Kernel
from gpukernel.launch import Captured
from gpukernel.passes.pipeline import OPTIMIZATIONS, PASSES
from gpukernel.runtime.interpreter import Interpreter
from tests.cases import ALL_CASES
from tests.cases.case import Case

FLOAT64_TOLERANCE = 1e-6  # constants of the program are float32; all else is float64

# What a device can do without: cpu runs the passes only, the rest is gl's.
REMOVABLE = {"cpu": tuple(name for name, _ in PASSES), "gl": OPTIMIZATIONS}


def removed(case: Case, device: str) -> tuple[str, ...]:
    """Return the optimisations that the case runs without, one at a time."""
    names = REMOVABLE[device]
    if os.environ.get("GPUKERNEL_EVERY_OPTIMIZATION") == "1":
        return names
    return (names[zlib.crc32(case.name.encode()) % len(names)],)


def every_run() -> Iterator[Any]:
    """Yield a case, a device and its optimisations for every test."""
    for case in ALL_CASES:
        for device in REMOVABLE:
            ways: dict[str, bool | Collection[str]] = {"optimized": True, "plain": False}
            for name in removed(case, device):
                ways[f"no_{name}"] = frozenset(OPTIMIZATIONS) - {name}
            for word, optimize in ways.items():
                yield pytest.param(case, device, optimize, id=f"{case.name}-{device}-{word}")


def test_names_are_unique() -> None:
    names = [case.name for case in ALL_CASES]
    assert len(set(names)) == len(names) >= 80


def test_each_optimisation_is_switched_off_somewhere() -> None:
    for device, names in REMOVABLE.items():
        counts = {name: sum(name in removed(case, device) for case in ALL_CASES) for name in names}
        assert min(counts.values()) >= len(ALL_CASES) / len(names) / 2


@pytest.mark.parametrize("case, device, optimize", [*every_run()], indirect=["device"])
def test_case(case: Case, device: str, optimize: bool | Collection[str]) -> None:
    made = case.kernel(optimize)
    results = case.run(made, device)
    for result, expected in zip(results, case.expected(made, results)):
        case.check(result, expected)


@pytest.mark.parametrize(
    "case", [case for case in ALL_CASES if case.reference is None], ids=lambda case: case.name
)
def test_interpreter_in_double_precision(case: Case) -> None:
    """With float64 values the interpreter and CPython do the same arithmetic."""
    made = case.kernel()
    results = run_in_float64(case, made)
    for result, expected in zip(results, case.expected(made, results)):
        np.testing.assert_allclose(
            result, expected, rtol=FLOAT64_TOLERANCE, atol=FLOAT64_TOLERANCE, equal_nan=True
        )


def run_in_float64(case: Case, made: Kernel) -> tuple[np.ndarray, ...]:
    """Run the case's program on the interpreter with float64 values."""
    typed, values, grid = made._program(case.arguments, {}, case.shape)
    program = typed.program
    meaning = made._current()
    captured = Captured(meaning.resolution.positions, meaning.seen)
    arrays = [np.asarray(made._array(source, values, captured)) for source in typed.arrays]
    scalars = made._scalars(typed, values, captured, seed=None)
    outputs = tuple(
        np.empty(
            grid if output.size is None else (*grid, output.size),
            np.float64 if output.dtype == "float32" else output.dtype,
        )
        for output in program.outputs
    )
    Interpreter(program, float_dtype=np.float64).run(arrays, scalars, grid, outputs)
    return outputs
