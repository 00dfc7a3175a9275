"""The command line of this suite: choose rows and sizes, run them, show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.environment import describe_environment, headline, make_console, write_records
from benchmarks.rocks import NAMES, load_row
from benchmarks.rocks.measure import Measurement, measure
from benchmarks.rocks.peers import PEERS, Runs, load_peers
from benchmarks.rocks.plot import draw
from benchmarks.rocks.report import make_table, to_records
from benchmarks.rocks.row import TIERS, Row
from benchmarks.suites import choose_devices, choose_names, make_parser


def main(argv: Sequence[str]) -> int:
    """Run the rows and return the exit status."""
    parser = make_parser(
        "rocks",
        "Time thirty problems from upload to read-back; what gives a wrong result gets no time.",
        f"Rows: {', '.join(NAMES)}.",
    )
    parser.add_argument("--size", choices=TIERS, default="bench", help="(default: bench)")
    parser.add_argument("--quick", dest="size", action="store_const", const="quick", help="tiny")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the ratios to NumPy")
    options = parser.parse_args(argv)
    names = choose_names(parser, options.names, NAMES, "row")
    devices = choose_devices(parser, options.devices)
    peers = load_peers() if options.devices is None else {}
    console = make_console(width=130)
    environment = describe_environment(devices) | {"peers": list(peers)}
    console.print(headline(environment), highlight=False)
    if options.devices is None:
        missing = [library for library in PEERS if library not in peers]
        console.print(f"other libraries: {_listed(peers)}; not installed: {_listed(missing)}")
        if "gl" not in devices:
            console.print("no OpenGL here (python -m gpukernel info says why)")

    measurements = run_all(console, [load_row(n) for n in names], options.size, devices, peers)
    console.print(make_table(measurements))
    failures = [m for m in measurements if m.status != "ok"]
    for m in failures:
        console.print(f"{m.status}: {m.row} {m.tier} on {m.device}: {m.message}", markup=False)
    if options.json is not None:
        write_records(options.json, environment, to_records(measurements))
        console.print(f"records: {options.json}", soft_wrap=True, highlight=False)
    if options.plot is not None:
        draw(measurements, headline(environment), options.plot)
        console.print(f"plot: {options.plot}", soft_wrap=True, highlight=False)
    return 1 if failures else 0


def run_all(
    console: Console,
    rows: Sequence[Row],
    tier: str,
    devices: Sequence[str],
    peers: dict[str, Runs],
) -> list[Measurement]:
    """Measure everything under a progress bar."""
    measurements = []
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=len(rows))
        for row in rows:
            inputs = row.make_inputs(**row.sizes[tier])
            for device in devices:
                progress.update(task, description=f"{row.name} on {device}")
                measurements.append(measure(row, tier, device, inputs))
            for library, runs in peers.items():
                if row.name in runs:
                    progress.update(task, description=f"{row.name} with {library}")
                    measurements.append(measure(row, tier, library, inputs, runs[row.name]))
            progress.advance(task)
    return measurements


def _listed(names: Sequence[str] | dict[str, Runs]) -> str:
    return ", ".join(names) or "none"
