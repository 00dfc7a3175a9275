"""``python -m gpukernel selftest``: its checks pass, and what is wrong is found and told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Budget
from gpukernel.runtime.device import Device
from gpukernel.selftest import run
from gpukernel.selftest.check import Check, Group, Program
from gpukernel.selftest.compare import Comparison, Difference, first_difference
from gpukernel.selftest.programs import program_checks
from gpukernel.selftest.run import OUTPUTS, batches, check_device, run_batch, run_check
from gpukernel.selftest.tables import row_checks

A = np.arange(6, dtype=np.int32)
SAMPLE = 12  # on gl one batch of so many is run here: a driver takes half a minute for all


def array(dtype: str, values: Any) -> np.ndarray:
    return np.array(values, dtype)


def plus_one(a):
    return a[index()] + 1


def refused(a):
    return {a[index()]}


def doubled(a):
    return a[index()] * 2


# ---------------------------------------------------------------- the checks themselves


def test_every_row_has_a_check() -> None:
    rows = [*BINARY.values(), *COMPARE.values(), *UNARY.values(), *BUILTINS]
    assert len(list(row_checks())) == sum(len(row.overloads) for row in rows)


def test_programs_are_many_and_have_unique_names() -> None:
    checks = program_checks()
    names = Counter((check.group, check.name) for check in checks)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(checks) >= 300


def test_batches_hold_every_check_once() -> None:
    checks = [*row_checks(), *program_checks()]
    found = list(batches(checks))
    assert Counter(id(check) for batch in found for check in batch) == Counter(map(id, checks))
    assert max(map(len, found)) == OUTPUTS


def test_all_pass_on_the_cpu() -> None:
    report = check_device([*row_checks(), *program_checks()], "cpu")
    assert [(failure.name, failure.problem) for failure in report.failures] == []


def test_a_sample_passes_on_gl(gl: Device) -> None:
    chosen = list(batches([*row_checks(), *program_checks()]))[::SAMPLE]
    failures = [failure for batch in chosen for failure in run_batch(batch, gl.name)]
    assert [(failure.name, failure.problem) for failure in failures] == []


# ---------------------------------------------------------------- comparing


@pytest.mark.parametrize(
    ("result", "expected", "budget"),
    [
        (array("int32", [-(2**31)]), np.array([2**31], object), Budget()),
        (array("uint32", [1]), np.array([2**32 + 1], object), Budget()),
        (array("uint8", [255, 0]), np.array([300, -5], object), Budget()),
        (array("int8", [-128]), np.array([-1000], object), Budget()),
        (array("float32", [np.nan, np.inf]), np.array([np.nan, 1e300], object), Budget()),
        (array("float32", [1.0]), np.array([1 + 2**-23], object), Budget(ulp=1)),
        (array("float32", [0.0]), np.array([1e-40], object), Budget()),
        (array("float32", [0.5]), np.array([0.625], object), Budget(absolute=0.125)),
        (array("float16", [0.1]), np.array([0.1], object), Budget()),
        (array("float32", [2.0]), np.array([2], object), Budget()),
        (3, 3, Budget()),
    ],
)
def test_equal(result: Any, expected: Any, budget: Budget) -> None:
    assert first_difference([Comparison(result, expected, budget)]) is None


@pytest.mark.parametrize(
    ("result", "expected", "message", "cell"),
    [
        (
            array("int32", [[1, 2], [3, 4]]),
            array("int32", [[1, 2], [7, 8]]),
            "got 3, expected 7 in cell (1, 0) (2 of 4 cells are wrong)",
            (1, 0),
        ),
        (
            array("float32", [1.0]),
            np.array([1 + 2**-22]),
            "got dtype float32, expected float64",
            None,
        ),
        (
            array("float32", [1.0]),
            np.array([1 + 2**-22], object),
            "got 1.0, expected 1.000000238418579 in cell (0,) (1 of 1 cells are wrong)",
            (0,),
        ),
        (
            array("float32", [np.nan]),
            np.array([1.0], object),
            "got nan, expected 1.0 in cell (0,) (1 of 1 cells are wrong)",
            (0,),
        ),
        (
            array("float32", [3e38]),
            np.array([np.inf], object),
            f"got {float(np.float32(3e38))}, expected inf in cell (0,) (1 of 1 cells are wrong)",
            (0,),
        ),
        (array("int32", [1]), array("int32", [1, 2]), "got shape (1,), expected (2,)", None),
        (array("int32", [1]), np.array([1.0]), "got dtype int32, expected float64", None),
        (
            array("int32", [1]),
            np.array([1.5], object),
            "got dtype int32, expected one for values such as 1.5",
            None,
        ),
        (3, 3.0, "got 3, expected 3.0", None),
        ("no error", "KernelError", "got 'no error', expected 'KernelError'", None),
    ],
)
def test_different(result: Any, expected: Any, message: str, cell: Any) -> None:
    assert first_difference([Comparison(result, expected)]) == Difference(message, cell)


def test_the_output_is_named() -> None:
    right, wrong = Comparison(array("int32", [1]), array("int32", [1])), Comparison(1, 2)
    assert first_difference([right, wrong]) == Difference("output 1: got 1, expected 2")


# ---------------------------------------------------------------- failures


def group_of(*programs: Program) -> list[Check]:
    group = Group("trials")
    group.checks += programs
    return group.checks


def test_the_small_program_of_a_batch_is_told() -> None:
    right = Program("trials", "right", plus_one, (A,))
    wrong = Program("trials", "wrong", plus_one, (A,), expected=A)
    (batch,) = batches(group_of(right, wrong))
    (failure,) = run_batch(batch, "cpu")
    assert failure.name == "wrong"
    assert failure.problem == "got 1, expected 0 in cell (0,) (6 of 6 cells are wrong)"


def test_a_batch_that_fails_only_as_a_whole_is_told() -> None:
    class Unjoinable(Program):
        def join(self, others: Any) -> Check:
            return Program("trials", "together", doubled, (A,), expected=A)

    (failure,) = run_batch([Unjoinable("trials", f"p{n}", doubled, (A,)) for n in "ab"], "cpu")
    assert failure.name == "together"


def test_what_does_not_compile_is_a_failure_and_the_next_one_runs() -> None:
    checks = group_of(
        Program("trials", "refused", refused, (A,)), Program("trials", "right", doubled, (A,))
    )
    report = check_device(checks, "cpu")
    assert report.counts == {"trials": 2}
    assert [failure.name for failure in report.failures] == ["refused"]
    assert report.failures[0].problem.startswith("KernelSyntaxError: ")


def test_texts_become_kernels() -> None:
    group = Group("trials")
    group.family("a, n", {"sum_": "a[i] + n", "less": "if a[i] < n:\n    return 1\nreturn 0"}, A, 3)
    assert [run_check(check, "cpu") for check in group.checks] == [None, None]
    assert "def sum_(a, n):\n    i = index()\n    return a[i] + n\n" == group.checks[0].source()


# ---------------------------------------------------------------- the report


@pytest.fixture
def few_checks(monkeypatch: pytest.MonkeyPatch) -> Group:
    group = Group("trials")
    monkeypatch.setattr(run, "row_checks", list)
    monkeypatch.setattr(run, "program_checks", lambda: group.checks)
    monkeypatch.setenv("GPUKERNEL_DEVICE", "cpu")
    return group


def test_report_of_success(few_checks: Group, capsys: pytest.CaptureFixture[str]) -> None:
    few_checks.program(A)(doubled)
    assert run.run_selftest() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"gpukernel {gk.__version__} selftest"
    assert f"numpy {np.__version__}" in lines[1]
    assert "device gl: not checked (GPUKERNEL_DEVICE=cpu is set)" in lines
    assert any(line.split() == ["trials", "1", "of", "1"] for line in lines)
    assert lines[-1].startswith("PASSED: all 1 checks agree with Python (")


def test_report_of_failures(few_checks: Group, capsys: pytest.CaptureFixture[str]) -> None:
    few_checks.program(A, expected=A * 3)(doubled)
    for n in range(20):
        few_checks.program(A, name=f"other{n}", expected=A)(plus_one)
    assert run.run_selftest() == 1
    text = capsys.readouterr().out
    assert (
        "FAILED on cpu: trials/doubled\n"
        "    got 2, expected 3 in cell (1,) (5 of 6 cells are wrong)\n"
        "    a = int32[6] [0, 1, 2, 3, 4, 5]\n"
        "    def doubled(a):\n"
        "        return a[index()] * 2\n"
    ) in text
    assert "FAILED on cpu, and 9 more: trials/other11, trials/other12" in text
    assert text.splitlines()[-1].startswith("FAILED: 21 of 21 checks; please report this")


def test_a_device_that_does_not_exist(
    few_checks: Group, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPUKERNEL_DEVICE", "vulkan")
    assert run.run_selftest() == 2
    assert "unknown device 'vulkan'" in capsys.readouterr().err


def test_gl_is_not_touched_when_cpu_is_chosen() -> None:
    code = (
        "import sys; from gpukernel.__main__ import main; status = main(['selftest']); "
        "assert 'moderngl' not in sys.modules; sys.exit(status)"
    )
    environment = {**os.environ, "GPUKERNEL_DEVICE": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("PASSED: all ")
    assert done.stderr == ""
