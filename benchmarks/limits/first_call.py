"""The first call of a kernel against the driver's work for the same shader text.

Drivers keep compiled shaders on disk, so each run is a process of its own with that switched off.
The driver's work is to compile, to link, and to draw once: several compile at the first draw.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import moderngl
import numpy as np

import gpukernel as gk
from benchmarks.limits.child import run_python
from benchmarks.limits.kernels import scaled
from benchmarks.limits.opengl import VERTEX_SHADER, OpenGL, open_gl
from benchmarks.limits.record import Record
from benchmarks.timing import timed
from benchmarks.workloads.conv2d import CONV2D
from benchmarks.workloads.elementwise import ELEMENTWISE
from benchmarks.workloads.mandelbrot import MANDELBROT
from benchmarks.workloads.matmul import MATMUL
from benchmarks.workloads.workload import Workload

PART = "first-call"
WORKLOADS: tuple[Workload, ...] = (MATMUL, CONV2D, ELEMENTWISE, MANDELBROT)
SIZE = 64
PROCESSES = 5
OF_DRIVER, AND_SECONDS = 2.0, 0.010  # allowed: so many times the driver's work, and so much more
_SAMPLER = re.compile(r"^uniform (?:highp )?([iu]?)sampler2D (\w+);", re.MULTILINE)
_OUTPUT = re.compile(r"^layout\(location = \d+\) out (i|u|)vec4", re.MULTILINE)


def measure(quick: bool) -> Iterator[Record]:
    """Yield the first call of each kernel over what is allowed for it."""
    runs = [_run_process() for _ in range(1 if quick else PROCESSES)]
    for workload in WORKLOADS:
        ours = tuple(run[workload.name][0] for run in runs)
        driver = tuple(run[workload.name][1] for run in runs)
        yield Record(
            PART,
            workload.name,
            f"{OF_DRIVER:.0f} x driver + {AND_SECONDS * 1000:.0f} ms",
            ours=ours,
            theirs=tuple(OF_DRIVER * t + AND_SECONDS for t in driver),
            target=1.0,
            times={"first call": ours, "driver": driver},
        )


def _run_process() -> dict[str, tuple[float, float]]:
    """Return, by workload, the seconds of a first call and of the driver's work for it."""
    found: dict[str, tuple[float, float]] = json.loads(
        run_python(["-m", __name__], MESA_SHADER_CACHE_DISABLE="true", __GL_SHADER_DISK_CACHE="0")
    )
    return found


def main() -> None:
    """Print the times of one process: what `measure` reads."""
    with open_gl() as gl, gk.device("gl"):
        scaled(np.ones((SIZE, SIZE), np.float32), 2.0).numpy()  # the first call of all
        found = {workload.name: _time_first(gl, workload) for workload in WORKLOADS}
    print(json.dumps(found))


def _time_first(gl: OpenGL, workload: Workload) -> tuple[float, float]:
    arguments = workload.make_arguments(SIZE)
    on_device = [gk.array(a) if isinstance(a, np.ndarray) else a for a in arguments]
    kernel = gk.kernel(shape=workload.shape)(workload.function)

    def call() -> None:
        kernel(*on_device)
        gk.synchronize()

    ours, _ = timed(call)
    texts = re.split(r"^(?=#version)", kernel.glsl(*on_device), flags=re.MULTILINE)
    with gl:
        driver = sum(timed(partial(_draw, gl, text))[0] for text in texts if text.strip())
    return ours, driver


def _draw(gl: OpenGL, text: str) -> None:
    """Compile, link and draw once; other uniforms stay zero, so that nothing is computed."""
    program: Any = gl.context.program(vertex_shader=VERTEX_SHADER, fragment_shader=text)
    gl.framebuffer(
        [gl.empty(1, 1, dtype=f"{kind or 'f'}4") for kind in _OUTPUT.findall(text)]
    ).use()
    for unit, (kind, name) in enumerate(_SAMPLER.findall(text)):
        gl.empty(4, 4, dtype=f"{kind or 'f'}4").use(unit)
        if name in program:  # the driver drops what is not read
            program[name].value = unit
    gl.context.vertex_array(program, []).render(moderngl.TRIANGLES, vertices=3)
    gl.context.finish()


if __name__ == "__main__":
    main()
