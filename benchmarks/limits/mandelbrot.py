"""The Mandelbrot set: four points in one vec4, stepped until the last of them has escaped.

A point that escaped stays outside, so counting needs no memory of who has escaped: every step adds
one where the point is inside.  The fastest fragment looks only every fourth step whether all points
have escaped, and corrects what it counted past the limit at the end.
"""

from __future__ import annotations

from functools import partial

import numpy as np

import gpukernel as gk
from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.opengl import OpenGL, Run, read_texture
from benchmarks.workloads.mandelbrot import MANDELBROT

SHADER = """
layout(location = 0) out ivec4 result;
uniform float size;
uniform int limit;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 x0 = vec4(at.x * 4 + ivec4(0, 1, 2, 3)) * (3.0 / size) - 2.25;
    float y0 = float(at.y) * (3.0 / size) - 1.5;
    vec4 x = vec4(0.0), y = vec4(0.0);
    ivec4 steps = ivec4(0);
    for (int step = 0; step < limit; step += UNROLL) {
        if (!any(lessThanEqual(x * x + y * y, vec4(4.0)))) break;
        for (int again = 0; again < UNROLL; ++again) {
            vec4 xx = x * x, yy = y * y;
            steps += ivec4(lessThanEqual(xx + yy, vec4(4.0)));
            y = 2.0 * x * y + y0;
            x = xx - yy + x0;
        }
    }
    result = min(steps, limit);
}
"""
SINGLES_SHADER = """
layout(location = 0) out ivec4 result;
uniform float size;
uniform int limit;

int escape(float x0, float y0) {
    float x = 0.0, y = 0.0;
    int steps = 0;
    while (steps < limit && x * x + y * y <= 4.0) {
        float next = x * x - y * y + x0;
        y = 2.0 * x * y + y0;
        x = next;
        ++steps;
    }
    return steps;
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float y0 = float(at.y) * (3.0 / size) - 1.5;
    for (int lane = 0; lane < 4; ++lane)
        result[lane] = escape(float(at.x * 4 + lane) * (3.0 / size) - 2.25, y0);
}
"""


def mandelbrot(gl: OpenGL, size: int, limit: int, text: str) -> Run:
    """Prepare size x size points; the size is a multiple of four."""
    result = gl.empty(size // 4, size, dtype="i4")
    draw = gl.draw(text, [result], {}, {"size": float(size), "limit": limit})
    return Run((draw,), lambda: read_texture(result, np.int32))


def make_naive() -> Naive:
    return gk.kernel(shape=MANDELBROT.shape)(MANDELBROT.function)


def unrolled(times: int) -> Shader:
    text = SHADER.replace("UNROLL", str(times))
    name = f"four points, {times} steps at once" if times > 1 else "four points, step by step"
    return Shader(name, partial(mandelbrot, text=text), is_limit=times > 1, target=1.15)


CONTESTS = (
    Contest(
        part="mandelbrot",
        name="",
        make_naive=make_naive,
        make_arguments=MANDELBROT.make_arguments,
        reference=MANDELBROT.reference,
        shaders=[
            unrolled(4),
            unrolled(8),
            unrolled(1),
            Shader("one point at a time", partial(mandelbrot, text=SINGLES_SHADER), is_limit=False),
        ],
        sizes=(1024,),
        quick_sizes=(64,),
        relative=0.0,
        absolute=0.0,
        stray=0.02,  # a fused multiply-add moves when points on the boundary escape
    ),
)
