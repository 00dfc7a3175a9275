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
from gpukernel.runtime.device import DEVICE_NAMES
from gpukernel.selftest import run_selftest

SCALARS: dict[str, Any] = {
    "bool": True,
    "int": 1,
    "uint32": np.uint32(1),
    "float": 1.0,
    **{f"int{size}": (1,) * size for size in (2, 3, 4)},
    **{f"float{size}": (1.0,) * size for size in (2, 3, 4)},
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 1 for what failed, 2 for a wrong command."""
    parser = argparse.ArgumentParser(
        prog="python -m gpukernel", description="Python functions as GPU shaders."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("info", help="what kernels can run on here, and why not on more")
    commands.add_parser(
        "selftest",
        help="compare every usable device with Python (GPUKERNEL_DEVICE=cpu: only that one)",
    )
    show = commands.add_parser("show", help="print the shader of a kernel in a file")
    show.add_argument("target", metavar="FILE:KERNEL", help="for instance examples/life.py:life")
    show.add_argument(
        "--args",
        nargs="*",
        default=[],
        metavar="TYPE",
        help="one for each argument: DTYPE:RANK for an array (float32:2), a number "
        "(bool, int, uint32, float), or a tuple of 2 to 4 (int2, float3)",
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
    for name in DEVICE_NAMES:
        if name in usable:
            print(f"\n{gk.info(name)}")
        else:
            print(f"\ndevice {name} cannot be used here; kernels run on {', '.join(usable)}.")
            print(reason_against(name))
    return 0


def reason_against(name: str) -> str:
    """Say why a device cannot be used."""
    try:
        gk.info(name)
    except gk.DeviceError as error:
        return str(error)
    return ""


def print_shader(target: str, types: Sequence[str]) -> int:
    """Print the shader of ``FILE:KERNEL`` for arguments of these types."""
    try:
        made = load_kernel(target)
        text = made.glsl(*[make_argument(t) for t in types])
    except UsageError as error:
        print(f"show: {error}", file=sys.stderr)
        return 2
    except gk.KernelError as error:
        print(error, file=sys.stderr)
        if not types:
            print("hint: --args gives the types of the arguments", file=sys.stderr)
        return 1
    print(text)
    return 0


class UsageError(Exception):
    """A command line that cannot be followed."""


def load_kernel(target: str) -> gk.Kernel | gk.Vectorized:
    """Run the file of ``FILE:KERNEL`` as a module and return the kernel of that name.

    Raises:
        UsageError: there is no such file or kernel, or the file fails.
    """
    file, colon, name = target.rpartition(":")
    if not colon or not file or not name:
        raise UsageError(f"expected FILE:KERNEL, such as examples/life.py:life, got {target!r}")
    if not Path(file).is_file():
        raise UsageError(f"no such file: {file}")
    sys.path.insert(0, str(Path(file).resolve().parent))  # as `python FILE` does
    try:
        namespace = runpy.run_path(file, run_name="__gpukernel_show__")
    except gk.KernelError:
        raise
    except Exception as error:
        raise UsageError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    finally:
        del sys.path[0]
    kernels = {key: value for key, value in namespace.items() if hasattr(value, "glsl")}
    if name not in kernels:
        found = f"its kernels are: {', '.join(kernels)}" if kernels else "it has no kernels"
        raise UsageError(f"no kernel {name!r} in {file}; {found}")
    made: gk.Kernel | gk.Vectorized = kernels[name]
    return made


def make_argument(text: str) -> Any:
    """Return an argument of the type that ``float32:2``, ``int`` or ``float3`` names."""
    if text in SCALARS:
        return SCALARS[text]
    dtype, colon, rank = text.partition(":")
    if not colon or dtype not in ELEMENT_TYPES or rank not in map(str, range(1, MAX_RANK + 1)):
        raise UsageError(
            f"unknown argument type {text!r}: expected DTYPE:RANK for an array, or one of "
            f"{', '.join(SCALARS)}; a rank is 1 to {MAX_RANK}, a dtype one of "
            f"{', '.join(ELEMENT_TYPES)}"
        )
    return np.zeros((1,) * int(rank), dtype)


if __name__ == "__main__":
    sys.exit(main())
