"""Show measurements as a table with ratios and their geometric means, and as records for JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.rocks.measure import Measurement


def make_table(measurements: Sequence[Measurement]) -> Table:
    """Return the table that is printed: a line for each row, times in milliseconds."""
    devices = list(dict.fromkeys(m.device for m in measurements))
    ratios = choose_ratios(devices)
    table = Table(
        caption="median ms of whole runs x number of runs; ratios of times: below 1 is faster",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("row", no_wrap=True)
    for device in devices:
        table.add_column(device, justify="right", no_wrap=True)
    for device, other in ratios:
        table.add_column(f"{device}/{other}", justify="right", no_wrap=True)
    for name in dict.fromkeys(m.row for m in measurements):
        cells = [_cell(find(measurements, name, device)) for device in devices]
        cells += [_ratio(ratio(measurements, name, *pair)) for pair in ratios]
        table.add_row(name, *cells)
    if ratios:
        table.add_section()
        means = [_ratio(geometric_mean(measurements, *pair)) for pair in ratios]
        table.add_row("geometric mean", *("" for _ in devices), *means)
    return table


def choose_ratios(devices: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of devices to compare, of those that were measured."""
    pairs = [("gl", "numpy"), ("cpu", "numpy"), ("gl", "cpu")]
    return [(device, other) for device, other in pairs if {device, other} <= set(devices)]


def find(measurements: Sequence[Measurement], row: str, device: str) -> Measurement | None:
    """Return the measurement of a row on a device, or None where there is none."""
    return next((m for m in measurements if (m.row, m.device) == (row, device)), None)


def ratio(measurements: Sequence[Measurement], row: str, device: str, other: str) -> float | None:
    """Return the time of a row on a device, in times of the ``other``; None if one is missing."""
    one, two = find(measurements, row, device), find(measurements, row, other)
    if one is None or two is None or not one.median or not two.median:
        return None
    return one.median / two.median


def geometric_mean(measurements: Sequence[Measurement], device: str, other: str) -> float | None:
    """Return the geometric mean of the ratios of all rows that have one."""
    names = dict.fromkeys(m.row for m in measurements)
    ratios = [ratio(measurements, name, device, other) for name in names]
    present = [value for value in ratios if value is not None]
    return statistics.geometric_mean(present) if present else None


def to_records(measurements: Sequence[Measurement]) -> list[dict[str, Any]]:
    """Return plain dictionaries for JSON; times are in seconds."""
    return [
        {
            "row": m.row,
            "tier": m.tier,
            "device": m.device,
            "status": m.status,
            "message": m.message,
            "seconds": list(m.seconds),
            "median": m.median,
            "time_over_numpy": ratio(measurements, m.row, m.device, "numpy"),
        }
        for m in measurements
    ]


def _cell(m: Measurement | None) -> str:
    if m is None:
        return ""
    if m.median is None:
        return f"[bold red]{m.status}[/]"
    value = m.median * 1000
    digits = f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.1 else f"{value:.3f}"
    return f"{digits} x{len(m.seconds):<2}"


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"
