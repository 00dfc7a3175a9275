"""The command line: ``python -m benchmarks [--suite NAME] ...``, or the name of a suite first.

Exits with 0 when every result was right, 1 when one was wrong or failed, 2 for a wrong command.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks.suites import SUITES


def main(argv: Sequence[str] | None = None) -> int:
    """Run the suite that was chosen with the rest of the command line; return the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks", add_help=False, allow_abbrev=False)
    parser.add_argument("--suite", choices=SUITES, default="workloads")
    given = sys.argv[1:] if argv is None else list(argv)
    if given and given[0] in SUITES:
        given.insert(0, "--suite")
    chosen, rest = parser.parse_known_args(given)
    status: int = import_module(f"benchmarks.{chosen.suite}.cli").main(rest)
    return status


if __name__ == "__main__":
    sys.exit(main())
