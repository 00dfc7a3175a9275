"""Convolutions by small filters: every texel fetched once, all taps written out.

A fragment computes four neighbouring columns.  For each row of the filter it fetches the two or
three texels that hold all the pixels it needs, and multiplies shifted quadruples of them by one
weight each.  The weights are uniforms, or in a texture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import gpukernel as gk
from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.kernels import valid_conv2d, valid_shape
from benchmarks.limits.opengl import OpenGL, Run, packed_columns, read_texture
from benchmarks.workloads.conv2d import CONV2D

INSIDE = """
uniform ivec2 size;
bool inside(ivec2 place) {
    return uint(place.x) < uint(size.x) && uint(place.y) < uint(size.y);
}
"""


def conv_shader(side: int, border: int, weights_in_texture: bool) -> str:
    """Return the shader for a filter of side x side with so many zero pixels around the image."""
    lines = [
        *([INSIDE] if border else []),
        "layout(location = 0) out vec4 result;",
        "uniform sampler2D img;",
        "uniform sampler2D weights;" if weights_in_texture else f"uniform float w[{side * side}];",
        "void main() {",
        "    ivec2 at = ivec2(gl_FragCoord.xy);",
        "    vec4 sum = vec4(0.0);",
    ]
    if weights_in_texture:
        lines += [
            f"    vec4 w{t} = texelFetch(weights, ivec2({t}, 0), 0);"
            for t in range(-(-side * side // 4))
        ]
    for r in range(side):
        lines += _row(side, border, r, weights_in_texture)
    return "\n".join([*lines, "    result = sum;", "}"])


def _row(side: int, border: int, r: int, weights_in_texture: bool) -> Iterator[str]:
    """Yield the statements for row ``r`` of the filter."""
    first = -border // 4  # texels from the result's to the leftmost that is read
    last = (side - border + 2) // 4
    pixels = []
    for t in range(first, last + 1):
        name = f"p{r}_{t - first}"
        place = f"at + ivec2({t}, {r - border})"
        fetch = f"texelFetch(img, {place}, 0)"
        # A fetch beyond a texture gives zeros only on some drivers.
        yield f"    vec4 {name} = {f'inside({place}) ? {fetch} : vec4(0.0)' if border else fetch};"
        pixels += [f"{name}.{lane}" for lane in "xyzw"]
    for s in range(side):
        start = s - border - 4 * first
        number = r * side + s
        weight = f"w{number // 4}.{'xyzw'[number % 4]}" if weights_in_texture else f"w[{number}]"
        yield f"    sum += vec4({', '.join(pixels[start : start + 4])}) * {weight};"


def conv(
    gl: OpenGL, img: np.ndarray, weights: np.ndarray, valid: bool, weights_in_texture: bool
) -> Run:
    """Prepare a convolution; the image's sides are multiples of four."""
    side = len(weights)
    height, width = img.shape
    text = conv_shader(side, 0 if valid else side // 2, weights_in_texture)
    result = gl.empty(width // 4, height)
    textures = {"img": gl.upload(img)}
    flat = np.ascontiguousarray(weights, np.float32).reshape(1, -1)
    if weights_in_texture:
        textures["weights"] = gl.upload(packed_columns(flat))
    uniforms: dict[str, object] = {} if weights_in_texture else {"w": flat[0].tolist()}
    if not valid:
        uniforms["size"] = (width // 4, height)
    end = height - side + 1, width - side + 1

    def read() -> np.ndarray:
        values = read_texture(result)
        return values[: end[0], : end[1]] if valid else values

    return Run((gl.draw(text, [result], textures, uniforms),), read)


def make_arguments(side: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    img = random.random((size, size), dtype=np.float32)
    return img, random.standard_normal((side, side), dtype=np.float32)


def valid_reference(img: np.ndarray, weights: np.ndarray) -> np.ndarray:
    height, width = valid_shape(img, weights)
    total = np.zeros((height, width), np.float32)
    for r, s in np.ndindex(*weights.shape):
        total += img[r : r + height, s : s + width] * weights[r, s]
    return total


def make_naive_valid() -> Naive:
    return gk.kernel(shape=valid_shape)(valid_conv2d)


def make_naive_bordered() -> Naive:
    return gk.kernel(CONV2D.function)


def contest(side: int, valid: bool) -> Contest:
    make: Callable[[], Naive] = make_naive_valid if valid else make_naive_bordered
    return Contest(
        part="conv2d",
        name=f"{side} x {side}{'' if valid else ' zero border'},",
        make_naive=make,
        make_arguments=partial(make_arguments, side),
        reference=valid_reference if valid else CONV2D.reference,
        shaders=[
            Shader(name, partial(conv, valid=valid, weights_in_texture=texture))
            for name, texture in (("weights as uniforms", False), ("weights in a texture", True))
        ],
        sizes=(1024,),
        quick_sizes=(64,),
        placements=4,
        relative=1e-4,
        absolute=1e-4,
    )


CONTESTS = tuple(contest(side, valid) for valid in (True, False) for side in (3, 5))
