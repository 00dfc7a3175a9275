"""What the suites share: the command line, the headline, repeated times."""

from __future__ import annotations

import pytest

from benchmarks.cli import main
from benchmarks.environment import headline
from benchmarks.suites import SUITES
from benchmarks.timing import FEWEST, MOST, time_runs


@pytest.mark.parametrize(("software", "words"), [(True, "SOFTWARE renderer"), (False, "(GPU)")])
def test_headline(software: bool, words: str) -> None:
    environment = {"python": "3", "numpy": "2", "renderer": "R", "software": software}
    assert words in headline(environment)


@pytest.mark.parametrize("suite", SUITES)
def test_help_lists_all_suites(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--suite", suite, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"--suite {suite}" in text
    assert all(f"--suite {other}:" in " ".join(text.split()) for other in SUITES)


def test_unknown_suite(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--suite", "rock"])
    assert ended.value.code == 2
    assert "invalid choice: 'rock'" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "count"), [(1e-6, MOST), (1e-1, 10), (10.0, FEWEST)])
def test_as_many_runs_as_fit(monkeypatch: pytest.MonkeyPatch, seconds: float, count: int) -> None:
    clock = 0.0

    def run() -> None:
        nonlocal clock
        clock += seconds

    monkeypatch.setattr("benchmarks.timing.time.perf_counter", lambda: clock)
    times = time_runs(run)
    assert len(times) == count
    assert times == pytest.approx([seconds] * count)
