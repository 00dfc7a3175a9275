"""Names that mean something in a shader must mean only what they mean in Python."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("names")

A = np.array([1.0, 2.0, -3.0, 4.5, 6.0], np.float32)
B = np.array([5, 4, 3, 2, 1])
sampler2D = 3
u_n = 4.0
gl_scale = 2


def texture(x):
    return x + 0.5


def load_a(x):
    return x * 3


def max_(x):
    return x - 1


@cases.add(A)
def locals_of_glsl_words(a):
    input = a[index()]
    sample = input + 1
    half = sample / 2
    output = half
    vec2 = output
    uniform = vec2 * 2
    discard = uniform
    return discard + sample


@cases.add(A, B)
def parameters_of_glsl_words(texture, filter):
    i = index()
    return texture[i] + filter[i]


@cases.add(A)
def gl_names(gl_x):
    gl_Position = gl_x[index()]
    gl_FragCoord = gl_Position * gl_scale
    return gl_FragCoord


@cases.add(A, B)
def double_underscores(a__b, a_b):
    i = index()
    x__y = a__b[i]
    x_y = a_b[i]
    x___y = x__y - 1
    return x__y * 100 + x_y * 10 + x___y


@cases.add(A)
def non_ascii(größe):
    α = größe[index()]
    β = α * 2
    ω_1 = β - 1
    return α + β * 10 + ω_1 * 100


@cases.add(A)
def temporaries(a):
    t0 = a[index()]
    t1 = 0.0
    for t2 in range(int(t0), 9, 2):
        for t3 in range(t2, 0, -3):
            t1 += t0 * t3
    t4 = -3 < t1 < max(t0, 100)
    return t1 + t4


@cases.add(A, 7)
def uniform_names(a, n):
    i = index()
    u_a_shape = n
    u_out_shape = 2
    return a[i] + u_n + n * 10 + u_a_shape + u_out_shape


@cases.add(A, 5, 6, 7)
def out_shape_argument(a, out_shape, out_layout, a_shape):
    return a[index()] + out_shape * 10 + out_layout * 100 + a_shape * 1000


@cases.add(A, B)
def sampler_names(a, tex_a):
    i = index()
    load_tex_a = tex_a[i]
    return a[i] + load_tex_a + sampler2D


@cases.add(A)
def helper_names(a):
    v = a[index()]
    return texture(v) + load_a(v) + max_(v)


@cases.add(A)
def local_names_of_the_generator(a):
    e = index()
    row = a[e]
    result = row * 2
    cell = result + 1
    gk_index = cell
    gk_e = gk_index
    lane = gk_e
    column = lane
    return column + row


@cases.add(A)
def locals_that_hide_glsl_functions(a):
    floor = a[index()]
    mod = floor // 2
    sign = floor % 2
    abs_ = abs(floor)
    mix = round(floor)
    isnan = floor**3
    intBitsToFloat = int(floor)
    return floor + mod + sign + abs_ + mix + isnan + intBitsToFloat


@cases.add(A)
def mix(a):
    return a[index()] + 1


@cases.add(A)
def main(a):
    return a[index()] + 2


@cases.add(A)
def float_(a):
    return a[index()] + 3


@cases.add(A)
def gl_FragCoord(a):
    return a[index()] + 4


@cases.add(A)
def u_out_layout(a):
    return a[index()] + 5


@cases.add(A, 3)
def u_m(a, m):
    return a[index()] + m


@cases.add(A, 4)
def tex_a(a, max_turns):
    total = max_turns
    for k in range(max_turns):
        total += a[index()]
    return total


@cases.add(A)
def größe_von_ä(a):
    return a[index()] + 6


@cases.add(A)
def _(a):
    _ = a[index()]
    __ = _ + 1
    return _ * __


@cases.add(A)
def case_matters(a):
    X = a[index()]
    x = X + 1
    return x * 10 + X


@cases.add(A)
def same_name_in_helper_and_kernel(a):
    x = a[index()]
    y = load_a(x + 1)
    return x + y
