"""A launch of a small kernel with a changed scalar against the same ModernGL calls made by hand.

The result of a launch lives until that of the next is there, so two targets take turns in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import gpukernel as gk
from benchmarks.limits.alternate import alternate
from benchmarks.limits.kernels import scaled
from benchmarks.limits.opengl import Draw, OpenGL, open_gl, read_texture
from benchmarks.limits.record import Record

PART = "launch"
TARGET = 2.0
SIDE = 16
LAUNCHES = 100  # in one run
SHADER = """
layout(location = 0) out vec4 result;
uniform sampler2D a;
uniform float factor;

void main() {
    result = texelFetch(a, ivec2(gl_FragCoord.xy), 0) * factor;
}
"""


def measure(quick: bool) -> Iterator[Record]:
    """Yield launches queued one after another, and launches that are each waited for."""
    host = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    kernel = gk.kernel(scaled.py_func)
    with open_gl() as gl, gk.array(host) as on_device:
        with gl:
            target, other = gl.empty(SIDE // 4, SIDE), gl.empty(SIDE // 4, SIDE)
            draw = gl.draw(SHADER, [target], {"a": gl.upload(host)}, {"factor": 1.0})
            draws = (replace(draw, framebuffer=gl.framebuffer([other])), draw)
        _by_hand(gl, draws, each=False)()
        with gl:
            right = np.array_equal(read_texture(target), host * np.float32(LAUNCHES - 1))
        right &= np.array_equal(kernel(on_device, 3.0).numpy(), host * np.float32(3))
        for case, each in (("queued", False), ("each waited for", True)):
            if right:
                yield _compare(case, _by_kernel(kernel, on_device, each), _by_hand(gl, draws, each))
            else:
                yield Record(PART, case, "ModernGL", status="WRONG", message="a wrong product")


def _compare(case: str, ours: Callable[[], None], theirs: Callable[[], None]) -> Record:
    runs = alternate({"kernel": ours, "ModernGL": theirs})
    times = {name: tuple(t / LAUNCHES for t in found) for name, found in runs.items()}
    return Record(
        PART,
        f"{SIDE} x {SIDE}, {case}",
        "ModernGL",
        ours=times["kernel"],
        theirs=times["ModernGL"],
        target=TARGET,
        times=times,
    )


def _by_kernel(kernel: Any, array: gk.Array, each: bool) -> Callable[[], None]:
    def launch_all() -> None:
        for number in range(LAUNCHES):
            result = kernel(array, float(number))  # the last one is freed after the launch
            if each:
                gk.synchronize()
        gk.synchronize()
        result.release()

    return launch_all


def _by_hand(gl: OpenGL, draws: tuple[Draw, Draw], each: bool) -> Callable[[], None]:
    factor = draws[0].triangle.program["factor"]

    def draw_all() -> None:
        with gl:
            for number in range(LAUNCHES):
                factor.value = float(number)
                draws[number % 2]()
                if each:
                    gl.context.finish()
            gl.context.finish()

    return draw_all
