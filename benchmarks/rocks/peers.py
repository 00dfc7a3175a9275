"""The same rows in other ways, timed beside where the library for it is installed.

NumPy itself is one of them: `with_routines` has what one call of it does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

PEERS = {"routines": "numpy", "numba": "numba", "taichi": "taichi", "torch": "torch"}

Runs = Mapping[str, Callable[..., Any]]  # by the name of the row; called as its ``reference`` is


def load_peers() -> dict[str, Runs]:
    """Return what can be run here by the name of the peer: ``RUNS`` of the module of that name."""
    return {
        name: import_module(f"benchmarks.rocks.with_{name}").RUNS
        for name, library in PEERS.items()
        if find_spec(library) is not None
    }
