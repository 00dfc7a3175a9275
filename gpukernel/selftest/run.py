"""Run all checks on every usable device and print the report."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import gpukernel as gk
from gpukernel.runtime.device import DEVICE_NAMES
from gpukernel.selftest.check import Check
from gpukernel.selftest.compare import first_difference
from gpukernel.selftest.programs import program_checks
from gpukernel.selftest.report import DeviceReport, Failure, failures, header, table, verdict
from gpukernel.selftest.tables import row_checks

OUTPUTS = 8  # of a joined launch: so many draw buffers every OpenGL 3.3 has


def run_selftest() -> int:
    """Check the devices, print a report, and return 0 when all agree with Python, else 1.

    All usable devices are checked; where ``GPUKERNEL_DEVICE`` names one, only that, and no other
    is touched.  The status is 2 where that one cannot be used.
    """
    start = time.perf_counter()
    try:
        devices = chosen_devices()
    except gk.DeviceError as error:
        print(f"selftest: {error}", file=sys.stderr)
        return 2
    print(header(devices))
    for name in DEVICE_NAMES:
        if name not in devices:
            print(f"device {name}: not checked ({why_not(name)})")
    checks = [*row_checks(), *program_checks()]
    reports = [check_device(checks, name) for name in devices]
    print(f"\n{table(reports)}")
    for report in reports:
        for text in failures(report):
            print(f"\n{text}")
    print(f"\n{verdict(reports)} ({time.perf_counter() - start:.0f} s)")
    return 1 if any(report.failures for report in reports) else 0


def chosen_devices() -> list[str]:
    """Return the device that the environment names, else all that can be used."""
    named = os.environ.get("GPUKERNEL_DEVICE", "")
    if not named:
        return gk.devices()
    gk.info(named)  # raises DeviceError where it cannot be used
    return [named]


def why_not(device: str) -> str:
    """Say why a device is not checked."""
    if os.environ.get("GPUKERNEL_DEVICE"):
        return f"GPUKERNEL_DEVICE={os.environ['GPUKERNEL_DEVICE']} is set"
    try:
        gk.info(device)
    except gk.DeviceError as error:
        return str(error)
    return "it was not usable before"


def check_device(checks: Sequence[Check], device: str) -> DeviceReport:
    """Run checks on one device, those of a family in one launch."""
    start = time.perf_counter()
    counts = Counter(check.group for check in checks)
    found = [failure for batch in batches(checks) for failure in run_batch(batch, device)]
    return DeviceReport(device, counts, found, time.perf_counter() - start)


def batches(checks: Sequence[Check]) -> Iterator[list[Check]]:
    """Yield all checks, those of a family together, at most `OUTPUTS` at a time."""
    families: dict[Hashable, list[Check]] = {}
    for number, check in enumerate(checks):
        family = family_of(check)
        families.setdefault(number if family is None else family, []).append(check)
    for members in families.values():
        yield from (members[start : start + OUTPUTS] for start in range(0, len(members), OUTPUTS))


def family_of(check: Check) -> Hashable:
    """Return what checks share that can be joined; None where finding out already fails."""
    try:
        return check.family()
    except Exception:
        return None


def run_batch(batch: Sequence[Check], device: str) -> list[Failure]:
    """Run checks in one launch; if that fails, one by one, to find the small program that does."""
    if len(batch) == 1:
        failure = run_check(batch[0], device)
        return [failure] if failure else []
    joined = run_check(batch[0].join(batch[1:]), device)
    if joined is None:
        return []
    alone = [failure for check in batch if (failure := run_check(check, device))]
    return alone or [joined]


def run_check(check: Check, device: str) -> Failure | None:
    """Run one check; an error that it raises is a failure, and the next one still runs."""
    arguments: Mapping[str, Any] = {}
    try:
        difference = first_difference(check.compare(device))
        if difference is None:
            return None
        arguments = check.arguments()
        problem, cell = difference.message, difference.cell
    except Exception as error:
        problem, cell = f"{type(error).__name__}: {error}", None
    return Failure(check.group, check.name, problem, cell, arguments, check.source())
