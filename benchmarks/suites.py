"""The suites there are, and what their command lines have in common."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import gpukernel as gk

SUITES = {
    "workloads": "five kernels at several sizes: compile, upload, compute and read-back apart",
    "rocks": "thirty problems with fixed inputs, end to end, checked by their checksums",
    "limits": "kernels against hand-written shaders for the same work",
    "nn": "training steps of small networks, and the operations they are made of",
}
DEVICES = ("gl", "cpu", "numpy")


def make_parser(suite: str, description: str, choices: str) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every suite; ``choices`` tells what names there are."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks --suite {suite}",
        description=description,
        epilog=f"{choices}  Suites: "
        + "; ".join(f"--suite {name}: {summary}" for name, summary in SUITES.items()),
    )
    parser.add_argument("names", nargs="*", metavar="name", help="what to run (default: all)")
    parser.add_argument("--devices", type=names, help="some of gl,cpu,numpy (default: all usable)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times to this file")
    return parser


def choose_names(
    parser: argparse.ArgumentParser, asked: Sequence[str], known: Sequence[str], what: str
) -> list[str]:
    """Return the names that were asked for, all for none; unknown ones end the program."""
    for name in asked:
        if name not in known:
            parser.error(f"unknown {what} {name!r}; there are: {', '.join(known)}")
    return list(dict.fromkeys(asked)) or list(known)


def choose_devices(parser: argparse.ArgumentParser, asked: Sequence[str] | None) -> list[str]:
    """Return the devices to measure; one that was asked for and is not there ends the program."""
    usable = [name for name in DEVICES if name == "numpy" or name in gk.devices()]
    if asked is None:
        return usable
    chosen = choose_names(parser, asked, DEVICES, "device")
    for name in chosen:
        if name not in usable:
            parser.error(f"device {name!r} cannot be used here: python -m gpukernel info says why")
    return chosen


def names(text: str) -> list[str]:
    """Read an option such as ``a,b``."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise argparse.ArgumentTypeError("expected a list such as a,b")
    return parts


def positive(text: str) -> int:
    """Read a positive whole number."""
    value = int(text) if text.isascii() and text.isdigit() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a positive whole number, got {text!r}")
    return value
