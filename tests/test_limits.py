"""The suite of limits: hand-written shaders give what NumPy gives, and records say what was met."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from benchmarks.cli import main as run_suite
from benchmarks.limits import (
    blur,
    conv2d,
    elementwise,
    first_call,
    imports,
    mandelbrot,
    matmul,
    total,
)
from benchmarks.limits.alternate import TIMING, alternate, use_cpu_time
from benchmarks.limits.child import ChildError, run_python
from benchmarks.limits.cli import main
from benchmarks.limits.contest import Contest, Shader, find_mistake, run_contest
from benchmarks.limits.matmul import from_squares, matmul_rows, to_squares
from benchmarks.limits.opengl import OpenGL, open_gl
from benchmarks.limits.parts import PARTS
from benchmarks.limits.record import Record
from benchmarks.limits.report import make_table, to_records

CONTESTS: list[Contest] = [
    contest
    for module in (matmul, conv2d, elementwise, mandelbrot, blur, total)
    for contest in module.CONTESTS
]
SHADERS = [
    pytest.param(contest, shader, id=f"{contest.part} {contest.name} {shader.name}")
    for contest in CONTESTS
    for shader in contest.shaders
]


@pytest.fixture(autouse=True)
def one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time everything once: no test looks at times."""
    monkeypatch.setattr(TIMING, "fewest", 1)
    monkeypatch.setattr(TIMING, "most", 1)


@pytest.fixture
def opengl(gl: Any) -> Any:
    with open_gl() as context, context:
        yield context


@pytest.mark.parametrize(("contest", "shader"), SHADERS)
def test_hand_written_shaders_agree_with_numpy(
    contest: Contest, shader: Shader, opengl: OpenGL
) -> None:
    size = 2**12 if contest.part == "sum" else 64
    arguments = contest.make_arguments(size)
    run = shader.prepare(opengl, *arguments)
    for draw in run.draws:
        draw()
    assert find_mistake(contest, run.read(), np.asarray(contest.reference(*arguments))) is None


@pytest.mark.parametrize(("rows", "sections"), [(1, 1), (2, 4), (4, 2), (8, 4)])
def test_rows_and_sections_of_matmul(rows: int, sections: int, opengl: OpenGL) -> None:
    a, b = matmul.CONTESTS[0].make_arguments(96)
    run = matmul_rows(opengl, a, b, rows, sections)
    for draw in run.draws:
        draw()
    np.testing.assert_allclose(run.read(), a @ b, rtol=1e-4, atol=1e-4)


def test_squares_keep_every_number() -> None:
    values = np.arange(36.0).reshape(6, 6)
    squares = to_squares(values)
    assert squares[0, :8].tolist() == [0, 1, 6, 7, 2, 3, 8, 9]
    assert np.array_equal(from_squares(squares), values)


@pytest.mark.parametrize("name", ["matmul", "conv2d", "elementwise", "mandelbrot", "blur", "sum"])
def test_contests_give_records(name: str, gl: Any) -> None:
    with gk.device("gl"):
        records = list(PARTS[name].measure(True))
    assert records and all(r.status == "ok" for r in records), records
    assert all(r.part == name and r.measured is not None for r in records)
    assert sum(r.other.startswith("best: ") for r in records) >= 1
    assert all("naive" in r.times and r.ours == r.times["naive"] for r in records)


def test_a_wrong_result_has_no_time(gl: Any) -> None:
    good = blur.CONTESTS[0]
    bad = dataclasses.replace(good, reference=lambda img: good.reference(img) + 1)
    with gk.device("gl"):
        (record,) = run_contest(bad, quick=True)
    assert record.status == "WRONG" and record.ours == () and record.verdict == ""
    assert "naive: 4096 of 4096 cells are wrong" in record.message
    assert "shared fetches: 4096 of 4096 cells are wrong" in record.message


def test_find_mistake() -> None:
    contest = dataclasses.replace(CONTESTS[0], relative=0.0, absolute=0.5, stray=0.25)
    expected = np.zeros(4, np.float32)
    assert find_mistake(contest, np.array([0, 0.5, 0, 1], np.float32), expected) is None
    mistake = find_mistake(contest, np.array([0, np.nan, 0, 1], np.float32), expected)
    assert mistake == "2 of 4 cells are wrong"
    assert find_mistake(contest, np.zeros(3), expected) == "shape (3,), expected (4,)"


@pytest.mark.parametrize("name", ["packing", "odd-sizes", "growth", "launch", "transfers"])
def test_other_parts_on_gl(name: str, gl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.limits.sizes.SMALLEST", 16)
    with gk.device("gl"):
        records = list(PARTS[name].measure(True))
    assert records and all(r.status == "ok" and r.verdict for r in records), records


def test_first_calls_are_timed_beside_the_driver(
    gl: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first_call.main()
    found = json.loads(capsys.readouterr().out)
    assert list(found) == [w.name for w in first_call.WORKLOADS]
    assert all(ours > 0 and driver > 0 for ours, driver in found.values())
    monkeypatch.setattr(first_call, "_run_process", lambda: dict.fromkeys(found, (0.05, 0.02)))
    records = list(first_call.measure(quick=True))
    assert [r.case for r in records] == list(found)
    assert all(r.measured == pytest.approx(1.0) for r in records)


def test_import_is_timed_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_run_process", lambda folder: (0.1, 0.05))
    (record,) = imports.measure(quick=True)
    assert record.is_time and record.measured == 0.05 and record.verdict == "met"
    monkeypatch.undo()
    assert all(seconds > 0 for seconds in imports._run_process(""))


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(ChildError, match=r"^python -c 1 / 0: ZeroDivisionError: division by zero$"):
        run_python(["-c", "1 / 0"])
    script = "import os; print(os.environ.get('A'), os.environ.get('PYTHONDONTWRITEBYTECODE'))"
    assert run_python(["-c", script], A="b", PYTHONDONTWRITEBYTECODE="") == "b None\n"


def test_cases_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TIMING, "most", 3)
    monkeypatch.setattr(TIMING, "fewest", 3)
    monkeypatch.setattr(TIMING, "clock", TIMING.clock)
    monkeypatch.setenv("LP_NUM_THREADS", "")
    done: list[str] = []
    times = alternate({"a": lambda: done.append("a"), "b": lambda: done.append("b")})
    assert "".join(done) == "abababab" and [len(t) for t in times.values()] == [3, 3]
    use_cpu_time()
    slept = alternate({"sleep": lambda: time.sleep(0.05)})
    assert max(slept["sleep"]) < 0.04
    monkeypatch.setattr(TIMING, "seconds", 0.0)
    monkeypatch.setattr(TIMING, "fewest", 1)
    assert len(alternate({"a": done.clear})["a"]) == 1


def test_verdicts() -> None:
    ratio = Record("p", "c", "o", ours=(3.0, 2.0), theirs=(1.0, 4.0), target=2.0)
    assert ratio.measured == 2.0 and ratio.verdict == "met"
    assert dataclasses.replace(ratio, target=1.9).verdict == "missed"
    faster = dataclasses.replace(ratio, at_least=True, target=0.5)
    assert faster.measured == 0.5 and faster.verdict == "met"
    assert dataclasses.replace(faster, target=0.6).verdict == "missed"
    time = Record("p", "c", "", ours=(0.3,), target=0.2)
    assert time.is_time and time.measured == 0.3 and time.verdict == "missed"
    assert dataclasses.replace(ratio, target=None).verdict == ""
    wrong = Record("p", "c", "o", target=1.0, status="WRONG")
    assert wrong.measured is None and wrong.verdict == ""
    assert make_table([ratio, faster, time, wrong]).row_count == 4
    assert [r["unit"] for r in to_records([ratio, time])] == ["ratio", "s"]


def test_records_of_the_interpreter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "records.json"
    arguments = ["--suite", "limits", "interpreter", "blur", "--devices", "cpu", "--quick"]
    assert run_suite([*arguments, "--json", str(path)]) == 0
    text = capsys.readouterr().out
    assert "not measured on cpu: blur" in text and "targets: " not in text
    records = json.loads(path.read_text(encoding="utf-8"))["measurements"]
    assert [r["case"] for r in records] == ["elementwise 64", "mandelbrot 64", "matmul 64"]
    assert [r["unit"] for r in records] == ["ratio", "ratio", "s"]
    assert all(r["status"] == "ok" and r["ours_best"] <= r["ours_median"] for r in records)


def test_a_part_that_fails_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(quick: bool) -> list[Record]:
        raise gk.DeviceError("no memory left")

    part = dataclasses.replace(PARTS["interpreter"], measure=fail)
    monkeypatch.setitem(PARTS, "interpreter", part)
    assert main(["interpreter", "--devices", "cpu"]) == 1
    assert "failed: interpreter" in capsys.readouterr().out


def test_targets_are_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = Record("interpreter", "c", "o", ours=(1.0,), theirs=(1.0,), target=1.0)
    found = [good, dataclasses.replace(good, target=0.5), dataclasses.replace(good, target=None)]
    part = dataclasses.replace(PARTS["interpreter"], measure=lambda quick: found)
    monkeypatch.setitem(PARTS, "interpreter", part)
    assert main(["interpreter", "--devices", "cpu"]) == 0
    assert "targets: 1 met, 1 missed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["matmull"], "unknown part 'matmull'; there are: matmul, conv2d"),
        (["--devices", "cuda"], "unknown device 'cuda'"),
    ],
)
def test_wrong_commands(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
