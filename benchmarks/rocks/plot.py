"""Draw measurements: how many times faster than NumPy each device is, a group of bars for a row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from benchmarks.rocks.measure import Measurement
from benchmarks.rocks.report import ratio

COLOURS = {
    "gl": "#2a9d8f",
    "cpu": "#e76f51",
    "routines": "#264653",
    "numba": "#e9c46a",
    "taichi": "#8d6a9f",
    "torch": "#9aa5b1",
}


def draw(measurements: Sequence[Measurement], title: str, path: Path) -> None:
    """Write a PNG; rows that have no time with NumPy have no bars."""
    rows = list(dict.fromkeys(m.row for m in measurements))
    devices = [name for name in COLOURS if any(m.device == name for m in measurements)]
    height = 0.8 / max(1, len(devices))
    figure = Figure(figsize=(8, 1.6 + 0.16 * len(rows) * (len(devices) + 1)), layout="constrained")
    panel = figure.subplots()
    for number, device in enumerate(devices):
        ratios = [ratio(measurements, row, device, "numpy") for row in rows]
        bars = [(place, 1 / value) for place, value in enumerate(ratios) if value is not None]
        panel.barh(
            [place + (number - (len(devices) - 1) / 2) * height for place, _ in bars],
            [speed - 1 for _, speed in bars],
            height,
            left=1,
            label=device,
            color=COLOURS[device],
        )
    panel.set_yticks(range(len(rows)), rows)
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xscale("log")
    panel.axvline(1, color="black", linewidth=1)
    panel.set_xlabel("times faster than the same passes in NumPy (higher is better)")
    panel.grid(axis="x", alpha=0.3)
    if devices:
        figure.legend(loc="outside lower center", ncols=len(devices))
    figure.suptitle(title, fontsize="medium")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
