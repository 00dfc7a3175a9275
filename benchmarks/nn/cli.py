"""The command line of this suite: ``python -m benchmarks nn``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.environment import describe_environment, headline, make_console, write_records
from benchmarks.nn import with_torch
from benchmarks.nn.operations import OperationTime, measure_operations
from benchmarks.nn.steps import EPOCH_BARS_MS, Row, measure_epoch, measure_steps
from benchmarks.suites import choose_devices, choose_names, make_parser

PARTS = {
    "steps": "training steps a second, and launches of a step",
    "epoch": "one epoch of 1000 samples of the MLP at batch 32",
    "operations": "the time of an operation of each class",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit status: 1 for a wrong loss, or memory that grows."""
    parser = make_parser(
        "nn",
        "Train small networks on every device.",
        "Parts: " + "; ".join(f"{name}: {what}" for name, what in PARTS.items()) + ".",
    )
    parser.add_argument("--quick", action="store_true", help="a few steps only: is all right?")
    options = parser.parse_args(argv)
    parts = choose_names(parser, options.names, tuple(PARTS), "part")
    devices = [d for d in choose_devices(parser, options.devices) if d != "numpy"]
    console = make_console()
    environment = describe_environment(devices)
    console.print(headline(environment), highlight=False)
    records: list[dict[str, Any]] = []
    status = 0
    if "steps" in parts:
        peers = ["torch"] if with_torch.is_installed() else []
        rows = list(measure_steps([*devices, *peers], 0.1 if options.quick else 2.0))
        console.print(_steps_table(rows))
        records += [{"part": "steps", **asdict(row)} for row in rows]
        status = int(any(row.status != "ok" for row in rows))
    if "epoch" in parts:
        records += [_epoch(console, device, 3 if options.quick else 10) for device in devices]
    if "operations" in parts:
        times = list(measure_operations(devices, 2 if options.quick else 15))
        console.print(_operations_table(times, devices))
        records += [{"part": "operations", **asdict(one)} for one in times]
    if options.json is not None:
        write_records(options.json, environment, records)
        console.print(f"records: {options.json}", soft_wrap=True, highlight=False)
    return status


def _epoch(console: Console, device: str, runs: int) -> dict[str, Any]:
    took, bar = measure_epoch(device, runs), EPOCH_BARS_MS[device]
    verdict = "met" if took <= bar else "missed"
    console.print(f"one epoch on {device}: {took:.1f} ms, at most {bar:.0f}: {verdict}")
    return {"part": "epoch", "device": device, "ms": took, "bar_ms": bar, "verdict": verdict}


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right")
    return table


def _steps_table(rows: list[Row]) -> Table:
    table = _table("network", "batch", "device", "ms a step", "steps/s", "launches a step", "")
    for row in rows:
        times = (f"{row.step_ms:.2f}", f"{row.steps_a_second:.0f}")
        launches = "" if row.launches is None else str(row.launches)
        table.add_row(row.network, str(row.batch), row.device, *times, launches, row.status)
    return table


def _operations_table(times: list[OperationTime], devices: list[str]) -> Table:
    headings = [f"{device} {what}" for device in devices for what in ("ms", "with gradient")]
    table = _table("operation", *headings)
    for name in dict.fromkeys(one.name for one in times):
        found = {one.device: one for one in times if one.name == name}
        cells = [
            f"{number:.2f}"
            for device in devices
            for number in (found[device].forward_ms, found[device].with_gradient_ms)
        ]
        table.add_row(name, *cells)
    return table
