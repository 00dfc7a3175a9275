"""Fuzz the compiler: ``python -m tests.fuzz --count 1000 --seed 0``.

Every program is generated from a seed of its own, so ``--seed S --count 1`` repeats it.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

import gpukernel as gk
from tests.fuzz.generate import FEATURES, LARGEST, generate
from tests.fuzz.program import Program
from tests.fuzz.run import Failure, check, failing, to_blame
from tests.fuzz.shrink import shrink

SHRINK_SECONDS = 30.0


def main() -> int:
    """Run the programs of the command line and return the exit status."""
    options = _parser().parse_args()
    os.environ["GPUKERNEL_VERIFY"] = "1"  # check the typed program after every stage
    features = FEATURES.intersection(options.features.split(","))
    devices = [options.device] if options.device else gk.devices()
    end = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    start = time.monotonic()
    failed: dict[tuple[str, ...], int] = {}
    done = 0
    for seed in range(options.seed, options.seed + options.count):
        if time.monotonic() > end:
            break
        program = generate(seed, features, options.largest)
        found = failing(program, devices)
        done += 1
        if found is not None:
            version, failure = found
            failed[failure.symptom] = failed.get(failure.symptom, 0) + 1
            if failed[failure.symptom] <= options.reports:
                _clear()
                print(describe(seed, version, failure, devices, options.shrink), flush=True)
        _progress(done, options.count, sum(failed.values()))
    _clear()
    seconds = time.monotonic() - start
    print(
        f"{done} programs on {', '.join(devices)} in {seconds:.0f} s, seeds {options.seed} to "
        f"{options.seed + done - 1}: {sum(failed.values())} failed"
    )
    for symptom, count in failed.items():
        print(f"  {count} x {': '.join(symptom)}")
    return 1 if failed else 0


def describe(
    seed: int, program: Program, failure: Failure, devices: Sequence[str], seconds: float
) -> str:
    """Return a report of a failure with the smallest program found that fails alike."""

    def still_fails(candidate: Program) -> bool:
        found = check(candidate, devices)
        return found is not None and found.symptom == failure.symptom

    small = shrink(program, still_fails, seconds)
    found = check(small, devices) or failure
    blamed = to_blame(small, devices)
    arguments = "\n".join(f"{name} = {value!r}" for name, value in small.arguments.items())
    return "\n".join(
        [
            f"=== seed {seed}: {': '.join(failure.symptom)}",
            small.source(),
            arguments,
            f"shape = {small.cells}, seed = {small.seed}",
            found.report,
            f"right without any of: {', '.join(blamed) or 'none of them'}",
            f"(python -m tests.fuzz --count 1 --seed {seed}, and the other options)\n",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="number of programs")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first program")
    parser.add_argument("--device", choices=["cpu", "gl"], help="one device only")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--reports", type=int, default=3, help="how often to report one symptom")
    parser.add_argument(
        "--shrink", type=float, default=SHRINK_SECONDS, help="seconds for shrinking one program"
    )
    parser.add_argument("--largest", type=int, default=LARGEST, help="statements of a block")
    parser.add_argument(
        "--features",
        default=",".join(sorted(FEATURES)),
        help="what programs may use beyond numbers and control flow (default: %(default)s)",
    )
    return parser


def _progress(done: int, count: int, failed: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done}/{count} programs, {failed} failed", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
