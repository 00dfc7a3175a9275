"""Elementwise arithmetic: four elements at once, each input fetched at the fragment's own place."""

from __future__ import annotations

from functools import partial

import numpy as np

import gpukernel as gk
from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.kernels import scale_and_add
from benchmarks.limits.opengl import OpenGL, Run, read_texture
from benchmarks.workloads.elementwise import ELEMENTWISE

SHADER = """
layout(location = 0) out vec4 result;
uniform sampler2D tex_a, tex_b;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 a = texelFetch(tex_a, at, 0);
    vec4 b = texelFetch(tex_b, at, 0);
    result = EXPRESSION;
}
"""


def elementwise(gl: OpenGL, a: np.ndarray, b: np.ndarray, expression: str) -> Run:
    """Prepare an expression of a and b; their width is a multiple of four."""
    height, width = a.shape
    result = gl.empty(width // 4, height)
    textures = {"tex_a": gl.upload(a), "tex_b": gl.upload(b)}
    draw = gl.draw(SHADER.replace("EXPRESSION", expression), [result], textures)
    return Run((draw,), lambda: read_texture(result))


def make_multiply_and_sine() -> Naive:
    return gk.kernel(ELEMENTWISE.function)


def make_scale_and_add() -> Naive:
    return gk.kernel(scale_and_add.py_func)


def reference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a * np.float32(2) + b)


CONTESTS = tuple(
    Contest(
        part="elementwise",
        name=f"{expression},",
        make_naive=make,
        make_arguments=ELEMENTWISE.make_arguments,
        reference=expected,
        shaders=[Shader("four at once", partial(elementwise, expression=expression))],
        sizes=(2048,),
        quick_sizes=(64,),
        placements=4,
    )
    for expression, make, expected in (
        ("a * b + sin(a)", make_multiply_and_sine, ELEMENTWISE.reference),
        ("a * 2.0 + b", make_scale_and_add, reference),
    )
)
