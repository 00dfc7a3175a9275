"""What times depend on, and where it is printed."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import gpukernel as gk


def make_console(width: int = 100) -> Console:
    """Return the console to print on; a file or a pipe gets lines that hold a table so wide."""
    console = Console()
    return console if console.is_terminal else Console(width=width)


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


def write_records(
    path: Path, environment: dict[str, Any], measurements: list[dict[str, Any]]
) -> None:
    """Write a JSON file with the environment and one record for each measurement."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"environment": environment, "measurements": measurements}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
