"""Start this suite alone: ``python -m benchmarks.limits [names] [options]``."""

from __future__ import annotations

import sys

try:
    from benchmarks.limits.cli import main
except ModuleNotFoundError as missing:
    sys.exit(f"the benchmark needs {missing.name}: python -m pip install -e '.[bench]'")

if __name__ == "__main__":
    sys.exit(main())
