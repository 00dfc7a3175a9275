"""The command line of the benchmark: choose what to run, run it, show it.

Exits with 0 when every result was right, 1 when one was wrong or failed, 2 for a wrong command.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import gpukernel as gk
from benchmarks.measure import Measurement, measure
from benchmarks.plot import draw
from benchmarks.report import make_table, to_records
from benchmarks.workload import Workload
from benchmarks.workloads import WORKLOADS

DEVICES = ("gl", "cpu", "numpy")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit status."""
    parser = make_parser()
    options = parser.parse_args(argv)
    workloads = choose_workloads(parser, options.names)
    devices = choose_devices(parser, options.devices)
    console = make_console()
    environment = describe_environment(devices)
    console.print(headline(environment), highlight=False)
    if options.devices is None and "gl" not in devices:
        console.print("no OpenGL here (python -m gpukernel info says why): only the CPU is timed")

    measurements = run_all(console, workloads, options.sizes, devices, options.repeat)
    console.print(make_table(measurements))
    failures = [m for m in measurements if m.status != "ok"]
    for m in failures:
        console.print(f"{m.status}: {m.workload} {m.size} on {m.device}: {m.message}", markup=False)
    if options.json is not None:
        record = {"environment": environment, "measurements": to_records(measurements)}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        console.print(f"records: {options.json}", soft_wrap=True, highlight=False)
    if options.plot is not None:
        draw(measurements, headline(environment), options.plot)
        console.print(f"plot: {options.plot}", soft_wrap=True, highlight=False)
    return 1 if failures else 0


def make_console() -> Console:
    """Return the console to print on; a file or a pipe gets lines that hold the whole table."""
    console = Console()
    return console if console.is_terminal else Console(width=100)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time kernels on the GPU against the CPU interpreter and NumPy.",
        epilog="workloads: "
        + "; ".join(f"{w.name}: {w.summary}, n = {list(w.sizes)}" for w in WORKLOADS.values()),
    )
    parser.add_argument("names", nargs="*", metavar="name", help="what to run (default: all)")
    parser.add_argument("--sizes", type=_sizes, help="sizes for all, such as 128,256")
    parser.add_argument("--devices", type=_names, help="some of gl,cpu,numpy (default: all usable)")
    parser.add_argument("--repeat", type=_positive, default=5, help="runs of each (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times to this file")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the compute times")
    return parser


def choose_workloads(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[Workload]:
    """Return the workloads of these names, all for none; unknown names end the program."""
    for name in names:
        if name not in WORKLOADS:
            parser.error(f"unknown workload {name!r}; there are: {', '.join(WORKLOADS)}")
    return [WORKLOADS[name] for name in dict.fromkeys(names)] or list(WORKLOADS.values())


def choose_devices(parser: argparse.ArgumentParser, names: Sequence[str] | None) -> list[str]:
    """Return the devices to measure; one that was asked for and is not there ends the program."""
    usable = [name for name in DEVICES if name == "numpy" or name in gk.devices()]
    if names is None:
        return usable
    for name in names:
        if name not in DEVICES:
            parser.error(f"unknown device {name!r}; there are: {', '.join(DEVICES)}")
        if name not in usable:
            parser.error(f"device {name!r} cannot be used here: python -m gpukernel info says why")
    return list(dict.fromkeys(names))


def describe_environment(devices: Sequence[str]) -> dict[str, Any]:
    """Return what the times depend on: renderer, versions and machine."""
    environment: dict[str, Any] = {
        "gpukernel": gk.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    if "gl" in devices:
        with gk.device("gl"):
            info = dict(gk.info())
        environment["renderer"] = str(info["renderer"])
        environment["software"] = bool(info["software"])
    return environment


def headline(environment: dict[str, Any]) -> str:
    """Return one line that names the renderer and says plainly when it is software."""
    versions = f"Python {environment['python']}, NumPy {environment['numpy']}"
    if "renderer" not in environment:
        return versions
    kind = "SOFTWARE renderer, no GPU" if environment["software"] else "GPU"
    return f"gl: {environment['renderer']} ({kind}); {versions}"


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
    return [_positive(part) for part in _names(text)]


def _names(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError("expected a list such as a,b")
    return parts


def _positive(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, got {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
