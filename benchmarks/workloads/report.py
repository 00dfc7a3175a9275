"""Show measurements as a table, and as records for a JSON file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.workloads.measure import Measurement


def make_table(measurements: Sequence[Measurement]) -> Table:
    """Return the table that is printed; times are in milliseconds."""
    table = Table(
        caption="times in ms; compute: median ± half the range; read: back to the host",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("workload", "size", "device"):
        table.add_column(heading, no_wrap=True)
    for heading in ("compile", "upload", "compute", "read", "vs cpu", "vs numpy"):
        table.add_column(heading, justify="right", no_wrap=True)
    previous = None
    for m in measurements:
        group = (m.workload, m.size)
        first = previous != group
        previous = group
        name, size = (m.workload, str(m.size)) if first else ("", "")
        table.add_row(name, size, m.device, *_cells(m, measurements))
    return table


def _cells(m: Measurement, all_of_them: Sequence[Measurement]) -> list[str]:
    if m.median is None:
        return ["", "", f"[bold red]{m.status}[/]", "", "", ""]
    return [
        _milliseconds(m.compile),
        _milliseconds(m.upload),
        f"{_milliseconds(m.median)} ± {_milliseconds(m.spread)}",
        _milliseconds(m.readback),
        _ratio(speed_up(m, "cpu", all_of_them)),
        _ratio(speed_up(m, "numpy", all_of_them)),
    ]


def speed_up(m: Measurement, other: str, all_of_them: Sequence[Measurement]) -> float | None:
    """Return how many times faster than on the ``other`` device this was computed, or None."""
    for candidate in all_of_them:
        same = (candidate.workload, candidate.size) == (m.workload, m.size)
        if same and candidate.device == other and candidate.median and m.median:
            return candidate.median / m.median
    return None


def to_records(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Return plain dictionaries for JSON; times are in seconds."""
    return [
        {
            "workload": m.workload,
            "size": m.size,
            "device": m.device,
            "status": m.status,
            "message": m.message,
            "compile": m.compile,
            "upload": m.upload,
            "readback": m.readback,
            "compute": list(m.compute),
            "compute_median": m.median,
            "compute_spread": m.spread,
            "speed_up_over_cpu": speed_up(m, "cpu", measurements),
            "speed_up_over_numpy": speed_up(m, "numpy", measurements),
        }
        for m in measurements
    ]


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    value = seconds * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.1 else f"{value:.3f}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}x" if value < 100 else f"{value:.0f}x"
