"""The thirty rows of the suite `rocks`: right on every device, and wrong ones have no times."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gpukernel as gk
from benchmarks.cli import main
from benchmarks.rocks import NAMES, load_row, load_rows, peers
from benchmarks.rocks.measure import Measurement, measure, prepare
from benchmarks.rocks.random import draws, uniforms
from benchmarks.rocks.report import geometric_mean, make_table, ratio
from benchmarks.rocks.row import TIERS, weighted_sum


def test_thirty_rows() -> None:
    rows = load_rows()
    assert len(rows) == 30
    assert [row.name for row in rows.values()] == list(rows)


@pytest.mark.parametrize("name", NAMES)
def test_tiers_are_complete(name: str) -> None:
    row = load_row(name)
    assert set(row.sizes) == set(row.checksums) == set(TIERS)
    assert len({tuple(parameters) for parameters in row.sizes.values()}) == 1
    assert row.summary and (row.resident == () or row.sizes)


@pytest.mark.parametrize("name", NAMES)
def test_row_is_right(name: str, device: str) -> None:
    row = load_row(name)
    inputs = row.make_inputs(**row.sizes["quick"])
    assert set(row.resident) <= set(inputs)
    assert row.find_mistake(prepare(row, "quick", device, inputs)(), "quick") is None


@pytest.mark.parametrize("name", NAMES)
def test_reference_is_right(name: str) -> None:
    row = load_row(name)
    inputs = row.make_inputs(**row.sizes["quick"])
    before = {key: a.copy() for key, a in inputs.items()}
    result = prepare(row, "quick", "numpy", inputs)()
    assert row.find_mistake(result, "quick") is None
    assert all(a.dtype == before[key].dtype for key, a in inputs.items())
    assert all(np.array_equal(a, before[key]) for key, a in inputs.items()), "inputs were changed"


@pytest.mark.parametrize(
    ("library", "name"),
    [(library, name) for library, runs in peers.load_peers().items() for name in runs],
)
def test_peer_is_right(library: str, name: str) -> None:
    row = load_row(name)
    inputs = row.make_inputs(**row.sizes["quick"])
    result = prepare(row, "quick", library, inputs, peers.load_peers()[library][name])()
    assert row.find_mistake(result, "quick") is None


def test_wrong_results_have_no_time() -> None:
    row = load_row("life")
    inputs = row.make_inputs(**row.sizes["quick"])
    bad = dataclasses.replace(row, reference=lambda **rest: row.reference(**rest) ^ 1)
    result = measure(bad, "quick", "numpy", inputs)
    assert result.status == "WRONG" and result.median is None and result.seconds == ()
    assert result.message.endswith("expected 2.11596679688")


def test_a_later_wrong_result_is_seen() -> None:
    row = load_row("life")
    inputs = row.make_inputs(**row.sizes["quick"])
    results = iter([row.reference(**inputs, **row.sizes["quick"])])
    forgetful = dataclasses.replace(row, reference=lambda **rest: next(results, np.zeros(9)))
    result = measure(forgetful, "quick", "numpy", inputs)
    assert (result.status, result.seconds) == ("WRONG", ())


def test_a_failing_run_is_reported() -> None:
    def fail(**rest: Any) -> None:
        raise gk.KernelTypeError("no such type")

    row = dataclasses.replace(load_row("life"), run=fail)
    result = measure(row, "quick", "cpu", row.make_inputs(**row.sizes["quick"]))
    assert result.status == "failed" and "no such type" in result.message


@pytest.mark.parametrize(
    ("factor", "exact", "right"),
    [(1, False, True), (1 + 9e-5, False, True), (1 - 2e-4, False, False), (1 + 1e-9, True, False)],
)
def test_tolerance(factor: float, exact: bool, right: bool) -> None:
    row = dataclasses.replace(load_row("heat"), exact=exact, checksum=float)
    expected = row.checksums["quick"]
    assert (row.find_mistake(expected * factor, "quick") is None) == right
    assert row.find_mistake(float("nan"), "quick") is not None


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, picture = tmp_path / "a" / "rocks.json", tmp_path / "b" / "rocks.png"
    arguments = ["--suite", "rocks", "--quick", "life", "heat", "--devices", "cpu,numpy"]
    assert main([*arguments, "--json", str(records), "--plot", str(picture)]) == 0
    runs = json.loads(records.read_text(encoding="utf-8"))["measurements"]
    keys = [(m["row"], m["tier"], m["device"], m["status"]) for m in runs]
    assert keys == [
        (row, "quick", device, "ok") for row in ("life", "heat") for device in ("cpu", "numpy")
    ]
    assert all(3 <= len(m["seconds"]) <= 25 for m in runs)
    assert runs[0]["time_over_numpy"] == pytest.approx(runs[0]["median"] / runs[1]["median"])
    with Image.open(picture) as image:
        assert image.format == "PNG"
    assert "geometric mean" in capsys.readouterr().out


def test_command_with_a_wrong_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = dataclasses.replace(load_row("life"), checksums={"quick": 2.0})
    monkeypatch.setattr("benchmarks.rocks.cli.load_row", lambda name: wrong)
    assert main(["--suite", "rocks", "--quick", "life", "--devices", "numpy"]) == 1
    assert "WRONG: life quick on numpy: checksum 2.1159" in capsys.readouterr().out


def test_gl_renderer_is_named(gl: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--suite", "rocks", "--quick", "life", "--devices", "gl"]) == 0
    assert str(gk.info("gl")["renderer"])[:10] in capsys.readouterr().out


def test_unknown_row(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--suite", "rocks", "live"])
    assert ended.value.code == 2
    assert "unknown row 'live'; there are: matmul" in capsys.readouterr().err


def test_missing_libraries_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: name == "numpy" or None)
    assert list(peers.load_peers()) == ["routines"]
    module = SimpleNamespace(RUNS={})
    monkeypatch.setattr(peers, "import_module", lambda name: module)
    monkeypatch.setattr(peers, "find_spec", lambda name: True)
    assert list(peers.load_peers()) == list(peers.PEERS)


def test_ratios() -> None:
    runs = [
        Measurement("a", "quick", "cpu", "ok", seconds=(8.0, 1.0, 2.0)),
        Measurement("a", "quick", "numpy", "ok", seconds=(1.0,)),
        Measurement("b", "quick", "cpu", "ok", seconds=(8.0,)),
        Measurement("b", "quick", "numpy", "ok", seconds=(1.0,)),
        Measurement("c", "quick", "cpu", "WRONG", message="checksum 1, expected 2"),
        Measurement("c", "quick", "numpy", "ok", seconds=(1.0,)),
    ]
    assert ratio(runs, "a", "cpu", "numpy") == 2
    assert ratio(runs, "c", "cpu", "numpy") is None
    assert geometric_mean(runs, "cpu", "numpy") == pytest.approx(4)
    assert geometric_mean(runs, "gl", "numpy") is None
    assert make_table(runs).row_count == 4


def test_draws_are_the_states_of_the_generator() -> None:
    state, expected = 0x85EBCA6B, []
    for _ in range(100):
        state = (1664525 * state + 1013904223) % 2**32
        expected.append(state)
    assert draws(0x85EBCA6B, 100).tolist() == expected
    assert draws(1, 0).size == 0
    u = uniforms(3, 50)
    assert u.dtype == np.float64 and np.array_equal(u, u.astype(np.float32))
    assert 0 <= u.min() < u.max() < 1


def test_weighted_sum() -> None:
    assert weighted_sum([[1, 10], [100, 1000]], 3) == 1 + 2 * 10 + 3 * 100 + 1000
