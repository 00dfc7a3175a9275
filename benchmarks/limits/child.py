"""Python processes of their own, for what a process does only once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 300


class ChildError(Exception):
    """A process ended with an error; its last line says which."""


def run_python(arguments: Sequence[str], **environment: str) -> str:
    """Run Python with the project importable and these variables set; return what it printed.

    An empty variable is one that is not set.

    Raises:
        ChildError: it did not end with status 0.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment}
    ended = subprocess.run(
        [sys.executable, *arguments],
        env={name: value for name, value in variables.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines() or [f"status {ended.returncode}"]
        raise ChildError(f"python {' '.join(arguments)}: {lines[-1]}")
    return ended.stdout
