"""The same naive source with all optimisations and with none: what the compiler adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import alternate
from benchmarks.limits.contest import finish
from benchmarks.limits.conv2d import make_arguments as conv_arguments
from benchmarks.limits.kernels import valid_conv2d, valid_shape
from benchmarks.limits.record import Record
from benchmarks.workloads.elementwise import ELEMENTWISE
from benchmarks.workloads.mandelbrot import MANDELBROT
from benchmarks.workloads.matmul import MATMUL

PART = "packing"
Make = Callable[[int], tuple[Any, ...]]
# Name, function, output shape, arguments of a size, size, size of a quick run, times faster.
CASES: tuple[tuple[str, Callable[..., Any], Any, Make, int, int, float], ...] = (
    ("matmul", MATMUL.function, MATMUL.shape, MATMUL.make_arguments, 512, 64, 10.0),
    ("conv2d 3 x 3,", valid_conv2d, valid_shape, partial(conv_arguments, 3), 1024, 64, 3.0),
    ("conv2d 5 x 5,", valid_conv2d, valid_shape, partial(conv_arguments, 5), 1024, 64, 3.0),
    ("elementwise", ELEMENTWISE.function, None, ELEMENTWISE.make_arguments, 2048, 64, 2.5),
    ("mandelbrot", MANDELBROT.function, MANDELBROT.shape, MANDELBROT.make_arguments, 1024, 64, 1.4),
)


def measure(quick: bool) -> Iterator[Record]:
    """Yield how many times faster than one value after another each kernel is."""
    for name, function, shape, make_arguments, size, quick_size, target in CASES:
        used = quick_size if quick else size
        arguments = tuple(
            gk.array(a) if isinstance(a, np.ndarray) else a for a in make_arguments(used)
        )
        fast = gk.kernel(shape=shape)(function)
        plain = gk.kernel(shape=shape, optimize=False)(function)
        case, other = f"{name} {used}", "optimize=False"
        if not np.array_equal(np.asarray(fast(*arguments)), np.asarray(plain(*arguments))):
            message = "the optimised kernel gives another result"
            yield Record(PART, case, other, status="WRONG", message=message)
            continue
        times = alternate(
            {
                "all optimisations": _launcher(fast, arguments),
                "none": _launcher(plain, arguments),
            }
        )
        yield Record(
            PART,
            case,
            other,
            ours=times["all optimisations"],
            theirs=times["none"],
            target=target,
            at_least=True,
            times=times,
        )


def _launcher(kernel: Any, arguments: tuple[Any, ...]) -> Callable[[], None]:
    return lambda: finish(kernel(*arguments))
