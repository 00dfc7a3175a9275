"""The sum of an array: every pass adds up so many texels a fragment, the host adds the last four.

Neighbouring fragments read neighbouring texels at every step, so a fragment's texels are apart
along a row.  Each fragment adds short rows of its block first: the error grows with the sum of the
block's sides and not with their product.
"""

from __future__ import annotations

from functools import partial

import numpy as np

import gpukernel as gk
from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.opengl import Draw, OpenGL, Run, read_texture

SHADER = """
layout(location = 0) out vec4 result;
uniform sampler2D values;
uniform int across;  // texels in a row of the result

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 sum = vec4(0.0);
    for (int row = at.y * DOWN; row < at.y * DOWN + DOWN; ++row) {
        vec4 part = vec4(0.0);
        for (int k = 0; k < ALONG; ++k)
            part += texelFetch(values, ivec2(at.x + k * across, row), 0);
        sum += part;
    }
    result = sum;
}
"""
Block = tuple[int, int]  # texels along and down that a fragment adds up


def total(gl: OpenGL, values: np.ndarray, block: Block) -> Run:
    """Prepare the passes for 4 * 4 ** k numbers."""
    side = round((values.size // 4) ** 0.5)
    width = height = side
    texture = gl.upload(values.reshape(height, width * 4))
    draws: list[Draw] = []
    while width * height > 1:
        along, down = min(block[0], width), min(block[1], height)
        width, height = width // along, height // down
        smaller = gl.empty(width, height)
        text = SHADER.replace("DOWN", str(down)).replace("ALONG", str(along))
        draws.append(gl.draw(text, [smaller], {"values": texture}, {"across": width}))
        texture = smaller
    return Run(tuple(draws), lambda: np.asarray(read_texture(texture).sum()))


def make_naive() -> Naive:
    return gk.sum


def make_arguments(size: int) -> tuple[np.ndarray]:
    return (np.random.default_rng(0).random(size, dtype=np.float32),)


def reference(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.sum(dtype=np.float64))


CONTESTS = (
    Contest(
        part="sum",
        name="",
        make_naive=make_naive,
        make_arguments=make_arguments,
        reference=reference,
        shaders=[
            Shader(f"{along} x {down} texels a fragment", partial(total, block=(along, down)))
            for along, down in ((16, 16), (32, 16), (8, 8))
        ],
        sizes=(2**24,),
        quick_sizes=(2**12,),
        placements=2,
        relative=1e-6,
        absolute=0.0,
    ),
)
