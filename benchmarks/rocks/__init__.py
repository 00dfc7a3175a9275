"""Thirty problems, one file each: ``python -m benchmarks --suite rocks``.

`row` says what a row is; `random`, `signals`, `pictures` and `stencils` hold what several rows make
their inputs and references of.  Every other file is a row: its kernels as one naturally writes
them, its inputs, and the same passes in NumPy.  `load_rows` finds them by the list below.
"""

from __future__ import annotations

from importlib import import_module

from benchmarks.rocks.row import Row

NAMES = """
    matmul reduction dft-naive nbody
    bitonic-sort compaction histogram topk blur-separable residency launch-overhead
    heat jacobi life gray-scott erosion ising wavefront gradient-descent ode-rk4 monte-carlo
    sobel canny ncc-template optical-flow
    fft spectral-filter
    escape-time sdf-march path-trace
""".split()


def load_row(name: str) -> Row:
    """Return the row of this name."""
    row: Row = import_module(f"benchmarks.rocks.{name.replace('-', '_')}").ROW
    return row


def load_rows() -> dict[str, Row]:
    """Return all rows by name."""
    return {name: load_row(name) for name in NAMES}
