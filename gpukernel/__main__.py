"""The command line: ``python -m gpukernel info | selftest | show FILE:KERNEL``."""

from __future__ import annotations

import argparse
import platform
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.lang.types import ELEMENT_TYPES, MAX_RANK
from gpukernel.selftest import run_selftest

SCALARS: dict[str, bool | int | float] = {"bool": True, "int": 1, "float": 1.0}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 1 for what failed, 2 for a wrong command."""
    parser = argparse.ArgumentParser(prog="python -m gpukernel", description=gk.__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("info", help="what kernels can run on here, and why not on more")
    commands.add_parser("selftest", help="compare every usable device with Python and NumPy")
    show = commands.add_parser("show", help="print the shader of a kernel in a file")
    show.add_argument("target", metavar="FILE:KERNEL", help="for instance examples/life.py:life")
    show.add_argument(
        "--args",
        nargs="*",
        default=[],
        metavar="TYPE",
        help="one for each argument: DTYPE:RANK for an array (float32:2), or bool, int, float",
    )
    options = parser.parse_args(argv)
    if options.command == "info":
        return print_info()
    if options.command == "selftest":
        return run_selftest()
    return print_shader(options.target, options.args)


def print_info() -> int:
    """Print versions, and each device with its limits or with the reason it cannot be used."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    print(f"gpukernel {gk.__version__}, {versions}, {platform.platform()}")
    usable = gk.devices()
    for name in ("gl", "cpu"):
        if name in usable:
            with gk.device(name):
                print(f"\n{gk.info()}")
        else:
            print(f"\ndevice {name} cannot be used here; kernels run on {', '.join(usable)}.")
            print(reason_against(name))
    return 0


def reason_against(name: str) -> str:
    """Say why a device cannot be used."""
    try:
        gk.zeros(1, device=name)
    except gk.DeviceError as error:
        return str(error)
    return ""


def print_shader(target: str, types: Sequence[str]) -> int:
    """Print the shader of ``FILE:KERNEL`` for arguments of these types."""
    try:
        kernel = load_kernel(target)
        text = kernel.glsl(*[make_argument(t) for t in types])
    except (UsageError, gk.KernelError) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(text)
    return 0


class UsageError(Exception):
    """A command line that cannot be followed."""


def load_kernel(target: str) -> Any:
    """Run the file of ``FILE:KERNEL`` as a module and return the kernel of that name."""
    file, colon, name = target.rpartition(":")
    if not colon or not file or not name:
        raise UsageError(f"expected FILE:KERNEL, got {target!r}")
    if not Path(file).is_file():
        raise UsageError(f"no such file: {file}")
    namespace = runpy.run_path(file, run_name="__gpukernel_show__")
    kernels = [key for key, value in namespace.items() if hasattr(value, "glsl")]
    if name not in kernels:
        found = ", ".join(kernels) or "none"
        raise UsageError(f"no kernel {name!r} in {file}; its kernels are: {found}")
    return namespace[name]


def make_argument(text: str) -> Any:
    """Return an argument of the type that ``float32:2`` or ``int`` names."""
    if text in SCALARS:
        return SCALARS[text]
    dtype, colon, rank = text.partition(":")
    if not colon or dtype not in ELEMENT_TYPES or rank not in map(str, range(1, MAX_RANK + 1)):
        raise UsageError(
            f"unknown argument type {text!r}: expected bool, int, float or DTYPE:RANK "
            f"with a rank of 1 to {MAX_RANK} and a dtype of {', '.join(ELEMENT_TYPES)}"
        )
    return np.zeros((1,) * int(rank), dtype)


if __name__ == "__main__":
    sys.exit(main())
