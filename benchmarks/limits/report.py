"""Show records as a table, what was measured beside what it should be, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from benchmarks.limits.record import Record, Times, middle

STYLES = {"met": "green", "missed": "bold red", "": ""}


def make_table(records: Sequence[Record]) -> Table:
    """Return the table that is printed; times are the best of the runs, in milliseconds."""
    table = Table(
        caption="times in ms, the best of the runs, taken in turn; measured: ours over theirs, "
        "or theirs over ours where the target is a least value",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("part", "case", "against"):
        table.add_column(heading)
    for heading in ("ours", "theirs", "measured", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    previous = ""
    for record in records:
        part = record.part if record.part != previous else ""
        previous = record.part
        table.add_row(part, record.case, record.other, *_cells(record))
    return table


def to_records(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return plain dictionaries for JSON; times are in seconds."""
    return [
        {
            "part": r.part,
            "case": r.case,
            "against": r.other,
            "status": r.status,
            "message": r.message,
            "measured": r.measured,
            "unit": "s" if r.is_time else "ratio",
            "target": r.target,
            "target_is_least": r.at_least,
            "verdict": r.verdict,
            "ours_best": min(r.ours) if r.ours else None,
            "ours_median": middle(r.ours),
            "theirs_best": min(r.theirs) if r.theirs else None,
            "theirs_median": middle(r.theirs),
            "times": {name: list(times) for name, times in r.times.items()},
        }
        for r in records
    ]


def _cells(record: Record) -> list[str]:
    if record.measured is None:
        return ["", "", f"[bold red]{record.status}[/]", "", ""]
    sign = "≥" if record.at_least else "≤"
    style = STYLES[record.verdict]
    return [
        _milliseconds(record.ours),
        _milliseconds(record.theirs),
        _value(record, record.measured),
        "" if record.target is None else f"{sign} {_value(record, record.target)}",
        f"[{style}]{record.verdict}[/]" if style else "",
    ]


def _value(record: Record, value: float) -> str:
    return f"{value * 1000:.3g} ms" if record.is_time else f"{value:.2f}x"


def _milliseconds(times: Times) -> str:
    if not times:
        return ""
    value = min(times) * 1000
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.1 else f"{value:.3f}"
