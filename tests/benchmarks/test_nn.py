"""The suite `nn` with few and small runs: what it prints and writes, and what it says is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.nn import operations, steps, with_torch
from benchmarks.nn.networks import NETWORKS
from gpukernel import nn


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "NETWORKS", NETWORKS[:1])
    monkeypatch.setattr(steps, "BATCHES", (32,))
    monkeypatch.setattr(operations, "OPERATIONS", operations.OPERATIONS[3:4])
    monkeypatch.setattr(with_torch, "is_installed", lambda: False)


def test_all_parts(device: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "times.json"
    assert main(["nn", "--quick", "--devices", device, "--json", str(path)]) == 0
    text = capsys.readouterr().out
    assert "launches a step" in text
    assert f"one epoch on {device}" in text
    assert "dense: relu(x@w + b)" in text
    records = {one["part"]: one for one in json.loads(path.read_text())["measurements"]}
    assert records["steps"]["status"] == "ok"
    assert records["steps"]["launches"] <= 12
    assert records["epoch"]["verdict"] in ("met", "missed")
    assert records["operations"]["with_gradient_ms"] > 0.0


@pytest.mark.parametrize("loss", [2.5, float("nan")])
def test_another_loss_is_wrong(
    loss: float, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    network = dataclasses.replace(NETWORKS[0], losses={32: loss})
    monkeypatch.setattr(steps, "NETWORKS", (network,))
    assert main(["nn", "steps", "--quick", "--devices", "cpu"]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_memory_that_grows_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = []
    plain = nn.Sequential.train_on_batch

    def leaking(model, *given):  # type: ignore[no-untyped-def]
        kept.append(nn.zeros((4,)).array)
        return plain(model, *given)

    monkeypatch.setattr(nn.Sequential, "train_on_batch", leaking)
    assert main(["nn", "steps", "--quick", "--devices", "cpu"]) == 1
    assert "GROWS" in capsys.readouterr().out


def test_the_cnn_learns_alike_on_all_devices(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "NETWORKS", NETWORKS[1:])
    monkeypatch.setattr(steps, "FEWEST", 1)
    assert [row.status for row in steps.measure_steps([device], 0.0)] == ["ok"]
