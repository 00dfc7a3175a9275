"""Draw measurements: one panel a workload, compute time over size, one line a device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from benchmarks.workloads.measure import Measurement

COLOURS = {"gl": "#2a9d8f", "cpu": "#e76f51", "numpy": "#264653"}


def draw(measurements: Sequence[Measurement], title: str, path: Path) -> None:
    """Write a PNG of all measurements that have times; bars show the fastest and slowest run."""
    names = list(dict.fromkeys(m.workload for m in measurements))
    figure = Figure(figsize=(1.2 + 3.6 * len(names), 4.2), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for name, panel in zip(names, panels):
        mine = [m for m in measurements if m.workload == name]
        for device in dict.fromkeys(m.device for m in mine):
            points = [(m.size, m.median, m.compute) for m in mine if m.device == device]
            timed = [(size, median, runs) for size, median, runs in points if median is not None]
            if not timed:
                continue
            middle = [median * 1000 for _, median, _ in timed]
            below = [(median - min(runs)) * 1000 for _, median, runs in timed]
            above = [(max(runs) - median) * 1000 for _, median, runs in timed]
            panel.errorbar(
                [size for size, _, _ in timed],
                middle,
                yerr=[below, above],
                label=device,
                color=COLOURS.get(device),
                marker="o",
                capsize=3,
            )
        sizes = sorted({m.size for m in mine})
        panel.set_yscale("log")
        panel.set_xscale("log")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        panel.set_title(name)
        panel.set_xlabel("size")
        panel.grid(alpha=0.3)
        if panel.get_legend_handles_labels()[0]:
            panel.legend()
    panels[0].set_ylabel("compute time, ms (lower is better)")
    figure.suptitle(title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
