"""The mean of 17 x 17 pixels, clamped at the border: a pass along rows, a pass along columns."""

from __future__ import annotations

import numpy as np

from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.kernels import blur_columns, blur_rows
from benchmarks.limits.opengl import OpenGL, Run, read_texture

RADIUS = 8
TAPS = 2 * RADIUS + 1
COLUMNS_SHADER = """
layout(location = 0) out vec4 result;
uniform sampler2D img;
uniform int height;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 sum = vec4(0.0);
    for (int d = -8; d <= 8; ++d)
        sum += texelFetch(img, ivec2(at.x, clamp(at.y + d, 0, height - 1)), 0);
    result = sum * (1.0 / 17.0);
}
"""
ROWS_HEAD = """
layout(location = 0) out vec4 result;
uniform sampler2D img;
uniform int across;  // texels in a row

// The texel at a place, or four times the pixel at the border that it lies beyond.
vec4 fetch(ivec2 at) {
    vec4 texel = texelFetch(img, ivec2(clamp(at.x, 0, across - 1), at.y), 0);
    return at.x < 0 ? texel.xxxx : at.x >= across ? texel.wwww : texel;
}

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 sum = vec4(0.0);
"""


def rows_shader() -> str:
    """Return the pass along rows: five texels hold the 20 pixels that four results need."""
    texels = range(-RADIUS // 4, RADIUS // 4 + 1)
    lines = [f"    vec4 p{t + 2} = fetch(at + ivec2({t}, 0));" for t in texels]
    pixels = [f"p{t + 2}.{lane}" for t in texels for lane in "xyzw"]
    lines += [f"    sum += vec4({', '.join(pixels[d : d + 4])});" for d in range(TAPS)]
    return "\n".join([ROWS_HEAD, *lines, "    result = sum * (1.0 / 17.0);", "}"])


def blur(gl: OpenGL, img: np.ndarray) -> Run:
    """Prepare both passes; the width is a multiple of four."""
    height, width = img.shape
    half, result = gl.empty(width // 4, height), gl.empty(width // 4, height)
    along = gl.draw(rows_shader(), [half], {"img": gl.upload(img)}, {"across": width // 4})
    down = gl.draw(COLUMNS_SHADER, [result], {"img": half}, {"height": height})
    return Run((along, down), lambda: read_texture(result))


def make_naive() -> Naive:
    return lambda img: blur_columns(blur_rows(img))


def make_arguments(size: int) -> tuple[np.ndarray]:
    return (np.random.default_rng(0).random((size, size), dtype=np.float32),)


def reference(img: np.ndarray) -> np.ndarray:
    height, width = img.shape
    scale = np.float32(1 / TAPS)
    padded = np.pad(img, ((0, 0), (RADIUS, RADIUS)), mode="edge")
    half = sum(padded[:, d : d + width] for d in range(TAPS)) * scale
    padded = np.pad(half, ((RADIUS, RADIUS), (0, 0)), mode="edge")
    return np.asarray(sum(padded[d : d + height] for d in range(TAPS)) * scale)


CONTESTS = (
    Contest(
        part="blur",
        name="",
        make_naive=make_naive,
        make_arguments=make_arguments,
        reference=reference,
        shaders=[Shader("shared fetches", blur)],
        sizes=(1024,),
        quick_sizes=(64,),
        placements=4,
    ),
)
