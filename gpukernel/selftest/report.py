"""The report of the selftest: plain text, at most 100 columns, fit to be pasted into an issue."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import gpukernel as gk

SHOWN = 12  # failures of a device that are shown in full; the others only by name
WHOLE = 24  # arrays of at most so many elements are shown whole
PACKAGES = ("numpy", "moderngl", "glcontext")


@dataclass(frozen=True)
class Failure:
    """A check that failed: its group and name, and everything that helps to find out why."""

    group: str
    name: str
    problem: str
    cell: tuple[int, ...] | None
    arguments: Mapping[str, Any]
    source: str


@dataclass(frozen=True)
class DeviceReport:
    """How many checks ran on a device in each group, and which failed."""

    device: str
    counts: Mapping[str, int]
    failures: Sequence[Failure]
    seconds: float

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def header(devices: Iterable[str]) -> str:
    """Return what the checks run on: versions, platform, and each device with its limits."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    lines = [
        f"gpukernel {gk.__version__} selftest",
        f"Python {platform.python_version()}, {versions}",
        platform.platform(),
    ]
    for name in devices:
        facts = dict(gk.info(name))
        kind = "software, no GPU is used" if facts.pop("software") else "hardware"
        title = f"{facts.pop('renderer')} ({kind})" if name == "gl" else facts.pop("renderer")
        rest = ", ".join(f"{key} {value}" for key, value in facts.items() if key != "device")
        lines += [f"device {name}: {title}", f"    {rest}"]
    return "\n".join(lines)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def table(reports: Sequence[DeviceReport]) -> str:
    """Return how many checks of each group passed, one column a device."""
    groups = dict.fromkeys(group for report in reports for group in report.counts)
    width = max(map(len, groups))
    lines = [" ".join([" " * width, *(f"{report.device:>12}" for report in reports)])]
    for group in groups:
        cells = [f"{_passed(report, group):>12}" for report in reports]
        lines.append(" ".join([f"{group:{width}}", *cells]))
    seconds = [f"{report.seconds:>10.1f} s" for report in reports]
    return "\n".join([*lines, " ".join([f"{'time':{width}}", *seconds])])


def _passed(report: DeviceReport, group: str) -> str:
    total = report.counts.get(group, 0)
    failed = sum(failure.group == group for failure in report.failures)
    return f"{total - failed} of {total}" + (" !" if failed else "")


def failures(report: DeviceReport) -> Iterator[str]:
    """Yield the failures of a device: the first in full, the rest by name."""
    for failure in report.failures[:SHOWN]:
        lines = [f"FAILED on {report.device}: {failure.group}/{failure.name}"]
        lines += _indented(failure.problem)
        for name, value in failure.arguments.items():
            lines += _indented(f"{name} = {shown(value, failure.cell)}")
        yield "\n".join([*lines, *_indented(failure.source)])
    rest = report.failures[SHOWN:]
    if rest:
        names = ", ".join(f"{failure.group}/{failure.name}" for failure in rest)
        yield f"FAILED on {report.device}, and {len(rest)} more: {names}"


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.rstrip().splitlines()]


def shown(value: Any, cell: tuple[int, ...] | None) -> str:
    """Return an argument as text: a large array of the grid's shape only at the failing cell."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    kind = f"{value.dtype}{list(value.shape)}"
    inside = cell is not None and len(cell) == value.ndim
    if value.size > WHOLE and inside and all(i < n for i, n in zip(cell or (), value.shape)):
        return f"{kind}, here {value[cell].item()!r}"
    text = np.array2string(value, separator=", ", threshold=WHOLE, max_line_width=90)
    return f"{kind} {text}".replace("\n", " ")


def verdict(reports: Sequence[DeviceReport]) -> str:
    """Return the last line."""
    failed = sum(len(report.failures) for report in reports)
    total = sum(report.total for report in reports)
    if not failed:
        return f"PASSED: all {total} checks agree with Python"
    return f"FAILED: {failed} of {total} checks; please report this with the text above"
