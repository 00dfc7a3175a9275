"""Each case gives its reference on each device, with the optimising passes on and off."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.kernel import Kernel
from gpukernel.launch import Captured
from gpukernel.runtime.interpreter import Interpreter
from tests.cases import ALL_CASES
from tests.cases.case import Case

FLOAT64_TOLERANCE = 1e-6  # constants of the program are float32; all else is float64

every_case = pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.name)


def test_names_are_unique() -> None:
    names = [case.name for case in ALL_CASES]
    assert len(set(names)) == len(names) >= 80


@pytest.mark.parametrize("optimize", [True, False], ids=["optimized", "plain"])
@every_case
def test_case(case: Case, optimize: bool, device: str) -> None:
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
