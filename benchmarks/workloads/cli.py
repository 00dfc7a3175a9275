"""The command line of this suite: choose what to run, run it, show it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.environment import describe_environment, headline, make_console, write_records
from benchmarks.suites import choose_devices, choose_names, make_parser, names, positive
from benchmarks.workloads.all import WORKLOADS
from benchmarks.workloads.measure import Measurement, measure
from benchmarks.workloads.plot import draw
from benchmarks.workloads.report import make_table, to_records
from benchmarks.workloads.workload import Workload


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and return the exit status."""
    parser = make_options()
    options = parser.parse_args(argv)
    chosen = choose_names(parser, options.names, list(WORKLOADS), "workload")
    devices = choose_devices(parser, options.devices)
    console = make_console()
    environment = describe_environment(devices)
    console.print(headline(environment), highlight=False)
    if options.devices is None and "gl" not in devices:
        console.print("no OpenGL here (python -m gpukernel info says why): only the CPU is timed")

    workloads = [WORKLOADS[name] for name in chosen]
    measurements = run_all(console, workloads, options.sizes, devices, options.repeat)
    console.print(make_table(measurements))
    failures = [m for m in measurements if m.status != "ok"]
    for m in failures:
        console.print(f"{m.status}: {m.workload} {m.size} on {m.device}: {m.message}", markup=False)
    if options.json is not None:
        write_records(options.json, environment, to_records(measurements))
        console.print(f"records: {options.json}", soft_wrap=True, highlight=False)
    if options.plot is not None:
        draw(measurements, headline(environment), options.plot)
        console.print(f"plot: {options.plot}", soft_wrap=True, highlight=False)
    return 1 if failures else 0


def make_options() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    listed = [f"{w.name}: {w.summary}, n = {list(w.sizes)}" for w in WORKLOADS.values()]
    parser = make_parser(
        "workloads",
        "Time kernels on the GPU against the CPU interpreter and NumPy.",
        f"Workloads: {'; '.join(listed)}.",
    )
    parser.add_argument("--sizes", type=_sizes, help="sizes for all, such as 128,256")
    parser.add_argument("--repeat", type=positive, default=5, help="runs of each (default: 5)")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the compute times")
    return parser


def run_all(
    console: Console,
    workloads: Sequence[Workload],
    sizes: Sequence[int] | None,
    devices: Sequence[str],
    repeat: int,
) -> list[Measurement]:
    """Measure everything under a progress bar."""
    cases = [(w, size) for w in workloads for size in sizes or w.sizes]
    measurements = []
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=len(cases) * len(devices))
        for workload, size in cases:
            expected = workload.reference(*workload.make_arguments(size))
            for device in devices:
                progress.update(task, description=f"{workload.name} {size} on {device}")
                measurements.append(measure(workload, size, device, repeat, expected))
                progress.advance(task)
    return measurements


def _sizes(text: str) -> list[int]:
    return [positive(part) for part in names(text)]
