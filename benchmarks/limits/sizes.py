"""How cost depends on size: odd sizes against the next even one, and twice as many elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import alternate
from benchmarks.limits.contest import finish
from benchmarks.limits.conv2d import make_arguments as conv_arguments
from benchmarks.limits.kernels import valid_conv2d, valid_shape
from benchmarks.limits.record import Record
from benchmarks.workloads.elementwise import ELEMENTWISE
from benchmarks.workloads.matmul import MATMUL

ODD_SIZES = (513, 1023, 1025)
ODD_TARGET = 1.3
GROWTH_TARGET = 2.2
SMALLEST, LARGEST = 512, 8192  # sides of squares


def measure_odd(quick: bool) -> Iterator[Record]:
    """Yield the time at odd sizes over that at the next even one."""
    makers: dict[str, Callable[[int], Callable[[], None]]] = {
        "elementwise": _elementwise,
        "conv2d 3 x 3,": _convolution,
        "matmul": _matmul,
    }
    for name, make in makers.items():
        for size in (33,) if quick else ODD_SIZES:
            times = alternate({"odd": make(size), "even": make(size + 1)})
            yield Record(
                "odd-sizes",
                f"{name} {size}",
                f"size {size + 1}",
                ours=times["odd"],
                theirs=times["even"],
                target=ODD_TARGET,
                times=times,
            )


def measure_growth(quick: bool) -> Iterator[Record]:
    """Yield the time of each elementwise size over that of half as many elements."""
    kernel = gk.kernel(ELEMENTWISE.function)
    largest = 2 * SMALLEST if quick else LARGEST
    rows, cols = SMALLEST, SMALLEST
    while cols < largest or rows < largest:
        half = (rows, cols)
        rows, cols = (rows, 2 * cols) if rows == cols else (2 * rows, cols)
        times = alternate(
            {_text(shape): _filled_launcher(kernel, shape) for shape in (half, (rows, cols))}
        )
        yield Record(
            "growth",
            _text((rows, cols)),
            _text(half),
            ours=times[_text((rows, cols))],
            theirs=times[_text(half)],
            target=GROWTH_TARGET,
            times=times,
        )


def _filled_launcher(kernel: Any, shape: tuple[int, int]) -> Callable[[], None]:
    """Return a launch on two arrays of one value each, made on the device."""
    a, b = gk.full(shape, 0.25), gk.full(shape, 0.5)
    return lambda: finish(kernel(a, b))


def _text(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def _elementwise(size: int) -> Callable[[], None]:
    return _launcher(gk.kernel(ELEMENTWISE.function), *ELEMENTWISE.make_arguments(size))


def _matmul(size: int) -> Callable[[], None]:
    return _launcher(gk.kernel(shape=MATMUL.shape)(MATMUL.function), *MATMUL.make_arguments(size))


def _convolution(size: int) -> Callable[[], None]:
    return _launcher(gk.kernel(shape=valid_shape)(valid_conv2d), *conv_arguments(3, size))


def _launcher(kernel: Any, *host: np.ndarray) -> Callable[[], None]:
    arguments = [gk.array(a) for a in host]
    return lambda: finish(kernel(*arguments))
