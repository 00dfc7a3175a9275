"""The command line of this suite: choose parts, measure them, show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import gpukernel as gk
from benchmarks.environment import describe_environment, headline, make_console, write_records
from benchmarks.limits.alternate import use_cpu_time
from benchmarks.limits.child import ChildError
from benchmarks.limits.parts import PARTS, Part
from benchmarks.limits.record import Record
from benchmarks.limits.report import make_table, to_records
from benchmarks.suites import choose_devices, choose_names, make_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and return the exit status; a missed target is shown and is no failure."""
    parser = make_parser(
        "limits",
        "Compare naive kernels with hand-written shaders, the driver, NumPy and plain copies.",
        "Parts: " + "; ".join(f"{name}: {part.summary}" for name, part in PARTS.items()) + ".",
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, without targets: is all right?"
    )
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="time what the process computes on one thread: steady on a busy machine, "
        "and only for software OpenGL",
    )
    options = parser.parse_args(argv)
    if options.cpu_time:
        use_cpu_time()
    names = choose_names(parser, options.names, tuple(PARTS), "part")
    devices = choose_devices(parser, options.devices)
    console = make_console()
    environment = describe_environment(devices)
    console.print(headline(environment), highlight=False)
    records = run_all(console, choose_parts(console, names, devices), options.quick)
    if options.quick:  # targets are for real sizes
        records = [replace(r, target=None) for r in records]
    console.print(make_table(records))
    failures = [r for r in records if r.status != "ok"]
    for r in failures:
        console.print(f"{r.status}: {r.part} {r.case}: {r.message}", markup=False)
    verdicts = Counter(r.verdict for r in records if r.verdict)
    if verdicts:
        console.print(f"targets: {verdicts['met']} met, {verdicts['missed']} missed")
    if options.json is not None:
        write_records(options.json, environment, to_records(records))
        console.print(f"records: {options.json}", soft_wrap=True, highlight=False)
    return 1 if failures else 0


def choose_parts(console: Console, names: Sequence[str], devices: Sequence[str]) -> dict[str, Part]:
    """Return the parts that the devices allow, and say which are left out."""
    left_out = [name for name in names if PARTS[name].device not in devices]
    if left_out:
        console.print(f"not measured on {', '.join(devices)}: {', '.join(left_out)}")
    return {name: PARTS[name] for name in names if name not in left_out}


def run_all(console: Console, parts: dict[str, Part], quick: bool) -> list[Record]:
    """Measure all parts under a progress bar."""
    records: list[Record] = []
    with Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=len(parts))
        for name, part in parts.items():
            progress.update(task, description=name)
            records += _measure(name, part, quick)
            progress.advance(task)
    return records


def _measure(name: str, part: Part, quick: bool) -> list[Record]:
    """Measure a part; what fails in it becomes a record."""
    records: list[Record] = []
    try:
        with gk.device(part.device):
            records.extend(part.measure(quick))
    except (gk.KernelError, ChildError) as error:
        records.append(Record(name, "", "", status="failed", message=str(error)))
    return records
