"""The parts of the suite, in the order they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.limits import (
    blur,
    conv2d,
    elementwise,
    first_call,
    imports,
    interpreter,
    launches,
    mandelbrot,
    matmul,
    packing,
    sizes,
    total,
    transfers,
)
from benchmarks.limits.contest import Contest, run_contest
from benchmarks.limits.record import Record


@dataclass(frozen=True)
class Part:
    """Some measurements that are chosen by one name.  ``measure(quick)`` yields their records,
    and is called with ``device`` as the current one."""

    summary: str
    measure: Callable[[bool], Iterable[Record]]
    device: str = "gl"


def _run_all(contests: Sequence[Contest], quick: bool) -> Iterator[Record]:
    for contest in contests:
        yield from run_contest(contest, quick)


def _contests(summary: str, contests: Sequence[Contest]) -> Part:
    return Part(f"{summary} against hand-written shaders", partial(_run_all, contests))


PARTS: dict[str, Part] = {
    "matmul": _contests("matrix product", matmul.CONTESTS),
    "conv2d": _contests("3 x 3 and 5 x 5 convolution", conv2d.CONTESTS),
    "elementwise": _contests("elementwise arithmetic", elementwise.CONTESTS),
    "mandelbrot": _contests("Mandelbrot set", mandelbrot.CONTESTS),
    "blur": _contests("separable blur", blur.CONTESTS),
    "sum": _contests("sum of an array", total.CONTESTS),
    "packing": Part("optimised against one value after another", packing.measure),
    "odd-sizes": Part("odd sizes against the next even one", sizes.measure_odd),
    "growth": Part("elementwise with twice as many elements", sizes.measure_growth),
    "launch": Part("a small launch against ModernGL", launches.measure),
    "first-call": Part("first call against the driver's compile time", first_call.measure),
    "transfers": Part("upload and read-back against a copy", transfers.measure),
    "import": Part("import time", imports.measure, device="cpu"),
    "interpreter": Part("CPU interpreter against NumPy", interpreter.measure, device="cpu"),
}
