"""The matrix product: four columns a texel and several rows a fragment, and two other known ways.

The fastest fragment computes four neighbouring columns of ROWS rows that are a block of rows apart,
so that four texels of ``b`` serve ROWS texels of ``a``; each of the ROWS targets holds a block of
rows of the result, and a second shader copies them into one texture.
"""

from __future__ import annotations

from functools import partial

import numpy as np

import gpukernel as gk
from benchmarks.limits.contest import Contest, Naive, Shader
from benchmarks.limits.opengl import OpenGL, Run, read_texture
from benchmarks.workloads.matmul import MATMUL

ROWS_SHADER = """
layout(location = 0) out vec4 result[ROWS];
uniform sampler2D a, b;
uniform int across;  // texels in a row of a, b and the result
uniform int folded;  // rows of the targets
uniform int block;   // rows of the result in each target

void main() {
    // A target may hold several sections of its rows side by side.
    int section = int(gl_FragCoord.x) / across;
    ivec2 at = ivec2(gl_FragCoord.xy) + section * ivec2(-across, folded);
    vec4 sums[ROWS];
    for (int r = 0; r < ROWS; ++r) sums[r] = vec4(0.0);
    for (int step = 0; step < across; step += 2) {
        for (int again = 0; again < 2; ++again) {
            int k = step + again;
            vec4 b0 = texelFetch(b, ivec2(at.x, 4 * k), 0);
            vec4 b1 = texelFetch(b, ivec2(at.x, 4 * k + 1), 0);
            vec4 b2 = texelFetch(b, ivec2(at.x, 4 * k + 2), 0);
            vec4 b3 = texelFetch(b, ivec2(at.x, 4 * k + 3), 0);
            for (int r = 0; r < ROWS; ++r) {
                vec4 along = texelFetch(a, ivec2(k, at.y + r * block), 0);
                sums[r] += along.x * b0;
                sums[r] += along.y * b1;
                sums[r] += along.z * b2;
                sums[r] += along.w * b3;
            }
        }
    }
    for (int r = 0; r < ROWS; ++r) result[r] = sums[r];
}
"""
COPY_SHADER = """
layout(location = 0) out vec4 result;
uniform sampler2D part;
uniform int across, folded, first;

void main() {
    int row = int(gl_FragCoord.y) - first;
    int section = row / folded;
    ivec2 at = ivec2(int(gl_FragCoord.x), row) + section * ivec2(across, -folded);
    result = texelFetch(part, at, 0);
}
"""
SQUARES_SHADER = """
layout(location = 0) out vec4 result;  // (row, col), (row, col + 1), (row + 1, col), (.., ..)
uniform sampler2D a, b;
uniform int across;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 sum = vec4(0.0);
    for (int k = 0; k < across; ++k) {
        vec4 left = texelFetch(a, ivec2(k, at.y), 0);
        vec4 right = texelFetch(b, ivec2(at.x, k), 0);
        sum += left.xxzz * right.xyxy;
        sum += left.yyww * right.zwzw;
    }
    result = sum;
}
"""
SINGLES_SHADER = """
layout(location = 0) out float result;
uniform sampler2D a, b;
uniform int across;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float sum = 0.0;
    for (int k = 0; k < across; ++k)
        sum += texelFetch(a, ivec2(k, at.y), 0).x * texelFetch(b, ivec2(at.x, k), 0).x;
    result = sum;
}
"""


def matmul_rows(gl: OpenGL, a: np.ndarray, b: np.ndarray, rows: int, sections: int) -> Run:
    """Prepare ``rows`` rows a fragment, and each target ``sections`` times as wide as the result.

    n is a multiple of 8 and of rows * sections.  The sections are for drivers that give every
    thread a tile of the target: a low target has too few.
    """
    n = len(a)
    across, block = n // 4, n // rows
    folded = block // sections
    parts = [gl.empty(across * sections, folded) for _ in range(rows)]
    whole = gl.empty(across, n)
    sizes = {"across": across, "folded": folded}
    multiply = gl.draw(
        f"#define ROWS {rows}\n{ROWS_SHADER}",
        parts,
        {"a": gl.upload(a), "b": gl.upload(b)},
        {**sizes, "block": block},
    )
    copies = [
        gl.draw(
            COPY_SHADER,
            [whole],
            {"part": part},
            {**sizes, "first": r * block},
            (0, r * block, across, block),
        )
        for r, part in enumerate(parts)
    ]
    return Run((multiply, *copies), lambda: read_texture(whole))


def matmul_2x2(gl: OpenGL, a: np.ndarray, b: np.ndarray) -> Run:
    """Prepare squares of 2 x 2 numbers a texel, in the inputs as in the result; n is even."""
    n = len(a) // 2
    result = gl.empty(n, n)
    textures = {"a": gl.upload(to_squares(a)), "b": gl.upload(to_squares(b))}
    draw = gl.draw(SQUARES_SHADER, [result], textures, {"across": n})
    return Run((draw,), lambda: from_squares(read_texture(result)))


def matmul_singles(gl: OpenGL, a: np.ndarray, b: np.ndarray) -> Run:
    """Prepare one number a texel."""
    n = len(a)
    result = gl.empty(n, n, components=1)
    textures = {"a": gl.upload(a, components=1), "b": gl.upload(b, components=1)}
    draw = gl.draw(SINGLES_SHADER, [result], textures, {"across": n})
    return Run((draw,), lambda: read_texture(result))


def to_squares(values: np.ndarray) -> np.ndarray:
    """Return n x n numbers as n/2 rows of squares, the four numbers of each together."""
    n = len(values) // 2
    return values.reshape(n, 2, n, 2).transpose(0, 2, 1, 3).reshape(n, 4 * n)


def from_squares(values: np.ndarray) -> np.ndarray:
    """Return the array that `to_squares` was given."""
    n = len(values)
    return values.reshape(n, n, 2, 2).transpose(0, 2, 1, 3).reshape(2 * n, 2 * n)


def make_naive() -> Naive:
    return gk.kernel(shape=MATMUL.shape)(MATMUL.function)


def rows_shader(rows: int, sections: int = 1) -> Shader:
    name = f"{rows} rows" if sections == 1 else f"{rows} rows, {sections} sections"
    return Shader(name, partial(matmul_rows, rows=rows, sections=sections))


def contest(sizes: tuple[int, ...], *more: Shader) -> Contest:
    return Contest(
        part="matmul",
        name="",
        make_naive=make_naive,
        make_arguments=MATMUL.make_arguments,
        reference=MATMUL.reference,
        shaders=(
            rows_shader(2),
            rows_shader(4),
            rows_shader(8),
            rows_shader(8, sections=2),
            Shader("2 x 2 a texel", matmul_2x2, is_limit=False, target=1.0),
            *more,
        ),
        sizes=sizes,
        quick_sizes=(64,) if more else (),
        relative=1e-4,
        absolute=1e-3,
    )


CONTESTS: tuple[Contest, ...] = (
    contest((256, 512), Shader("one value a texel", matmul_singles, is_limit=False)),
    contest((1024,)),  # where one value a texel takes seconds
)
