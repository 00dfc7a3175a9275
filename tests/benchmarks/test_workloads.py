"""The suite `workloads` at small sizes: what it writes, and what it says is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gpukernel as gk
from benchmarks.cli import main
from benchmarks.workloads.all import WORKLOADS
from benchmarks.workloads.measure import Measurement, measure, repeat_timed
from benchmarks.workloads.report import speed_up
from benchmarks.workloads.workload import Workload, find_mistake


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda w: w.name)
@pytest.mark.parametrize("size", [1, 7, 33])
def test_workloads_agree_with_numpy(workload: Workload, size: int, device: str) -> None:
    expected = workload.reference(*workload.make_arguments(size))
    result = measure(workload, size, device, 2, expected)
    assert (result.status, result.message) == ("ok", "")
    assert len(result.compute) == 2
    assert result.compile is not None and result.upload is not None
    assert result.readback is not None


def test_records_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, picture = tmp_path / "a" / "times.json", tmp_path / "b" / "times.png"
    arguments = ["matmul", "sum_rows", "--sizes", "8,16", "--devices", "cpu,numpy"]
    status = main([*arguments, "--repeat", "3", "--json", str(records), "--plot", str(picture)])
    assert status == 0
    found = json.loads(records.read_text(encoding="utf-8"))
    assert found["environment"]["numpy"] == np.__version__
    runs = found["measurements"]
    keys = [(m["workload"], m["size"], m["device"]) for m in runs]
    assert keys == [
        (name, size, device)
        for name in ("matmul", "sum_rows")
        for size in (8, 16)
        for device in ("cpu", "numpy")
    ]
    assert all(m["status"] == "ok" and len(m["compute"]) == 3 for m in runs)
    assert runs[0]["speed_up_over_cpu"] == 1
    ratio = runs[1]["compute_median"] / runs[0]["compute_median"]
    assert runs[0]["speed_up_over_numpy"] == pytest.approx(ratio)
    with Image.open(picture) as image:
        assert image.format == "PNG"
    assert "matmul" in capsys.readouterr().out


def test_gl_renderer_is_named(gl: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["elementwise", "--sizes", "8", "--devices", "gl", "--repeat", "1"]) == 0
    info = gk.info("gl")
    text = capsys.readouterr().out
    assert str(info["renderer"])[:10] in text
    assert ("SOFTWARE" in text) == bool(info["software"])


def test_a_wrong_result_has_no_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = WORKLOADS["elementwise"]
    bad = dataclasses.replace(good, reference=lambda a, b: good.reference(a, b) + 1)
    result = measure(bad, 5, "cpu", 1, bad.reference(*bad.make_arguments(5)))
    assert result.status == "WRONG" and "25 of 25 cells" in result.message
    assert result.median is None and result.compute == ()
    monkeypatch.setitem(WORKLOADS, "elementwise", bad)
    assert main(["elementwise", "--sizes", "5", "--devices", "cpu"]) == 1
    assert "WRONG: elementwise 5 on cpu" in " ".join(capsys.readouterr().out.split())


def test_a_kernel_that_fails_is_reported() -> None:
    workload = dataclasses.replace(WORKLOADS["sum_rows"], shape=lambda a: (3, 3))
    result = measure(workload, 4, "cpu", 1, np.zeros(4, np.float32))
    assert result.status in ("failed", "WRONG") and result.message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["matmull"], "unknown workload 'matmull'; there are: matmul, conv2d"),
        (["--devices", "cuda"], "unknown device 'cuda'; there are: gl, cpu, numpy"),
        (["--sizes", "8,x"], "expected a positive whole number, got 'x'"),
        (["--sizes", "0"], "expected a positive whole number, got '0'"),
        (["--repeat", "-1"], "expected a positive whole number, got '-1'"),
        (["--devices", ","], "expected a list"),
    ],
)
def test_wrong_commands(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_find_mistake() -> None:
    workload = dataclasses.replace(WORKLOADS["matmul"], relative=0.0, absolute=0.5, stray=0.25)
    expected = np.zeros(4, np.float32)
    assert find_mistake(workload, np.array([0, 0.5, 0, 1], np.float32), expected) is None
    message = find_mistake(workload, np.array([0, np.nan, 0, 1], np.float32), expected)
    assert message is not None and message.startswith("2 of 4 cells are wrong, the first at (1,)")
    assert find_mistake(workload, np.zeros(3, np.float32), expected) == "shape (3,), expected (4,)"


def test_speed_up_compares_like_with_like() -> None:
    def run(size: int, device: str, *times: float) -> Measurement:
        return Measurement("w", size, device, "ok", compute=times)

    runs = [run(1, "gl", 1.0, 2.0, 9.0), run(1, "cpu", 8.0), run(2, "cpu", 100.0)]
    assert runs[0].median == 2.0 and runs[0].spread == 4.0
    assert speed_up(runs[0], "cpu", runs) == 4.0
    assert speed_up(runs[0], "numpy", runs) is None


def test_repeats_stay_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.workloads.measure.BUDGET_SECONDS", 0.0)
    assert len(repeat_timed(lambda: None, 50)) <= 2
