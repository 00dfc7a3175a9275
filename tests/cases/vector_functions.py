"""Functions of vectors; vectors as arguments, captured, loaded, chosen and returned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpukernel import (
    clamp,
    cross,
    distance,
    dot,
    fract,
    index,
    length,
    mix,
    normalize,
    reflect,
    smoothstep,
    step,
    vec2,
    vec3,
    vec4,
)
from tests.cases.case import Cases

cases = Cases("vector_functions")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
PICTURE = (np.arange(60, dtype=np.float32).reshape(4, 5, 3) - 20) / 8
COLOURS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4) * 10
POINTS = np.array([[3, 4], [-5, 12], [8, -15], [0, 1]], np.float32)
SUN = vec3(0.25, 0.5, -1.0)
WEIGHTS = (0.5, 0.25, 2.0)

# ---------------------------------------------------------------- functions


@cases.add(X)
def dot_and_length(a):
    v = vec3(a[index()], 2.0, -3.0)
    return dot(v, vec3(1.0, 0.5, 2.0)) * 100 + length(v)


@cases.add(POINTS, shape=(4,))
def length_and_distance_of_vec2(points):
    p = vec2.load(points, index())
    return length(p) + distance(p, vec2(3.0, 4.0)) * 100


@cases.add(X)
def cross_product(a):
    v = vec3(a[index()], 2.0, -3.0)
    return cross(v, vec3(1.0, -1.0, 0.5)) + cross(v, v)


@cases.add(POINTS, shape=(4,), reference=POINTS / np.hypot(*POINTS.T)[:, None])
def normalized(points):
    return normalize(vec2.load(points, index()))


@cases.add(X)
def mixed(a):
    v, w = vec3(a[index()], 2.0, -3.0), vec3(1.0, 4.0, 8.0)
    return mix(v, w, 0.25) + mix(v, w, vec3(0.0, 0.5, 1.0))


@cases.add(X)
def clamped(a):
    v = vec3(a[index()], 2.0, -3.0)
    return clamp(v, -1.0, 1.0) + 10.0 * clamp(v, vec3(0.0, 1.0, 2.0), vec3(1.0, 2.0, 3.0))


@cases.add(X)
def stepped(a):
    v = vec3(a[index()], 0.25, -3.0)
    return smoothstep(0.0, 1.0, v) + 10.0 * step(0.5, v) + 100.0 * fract(v)


@cases.add(X)
def reflected(a):
    return reflect(vec3(a[index()], -1.0, 0.5), vec3(0.0, 1.0, 0.0))


@cases.add(X, reference=np.stack([np.sqrt(np.abs(X)), np.full(5, 2.0)], axis=1))
def numpy_sqrt(a):
    return np.sqrt(vec2(abs(a[index()]), 4.0))


@cases.add(X, reference=np.stack([np.minimum(X, 1), np.maximum(X, 0.25)], axis=1))
def numpy_minimum_and_maximum(a):
    x = a[index()]
    low: Any = np.minimum(vec2(x, 5.0), 1.0)
    high: Any = np.maximum(vec2(0.25, 5.0), vec2(x))
    return vec2(low.x, high.x)


@cases.add(X, reference=np.stack([np.sin(X), np.cos(X), np.exp(X)], axis=1))
def numpy_functions(a):
    v = vec2(a[index()], 0.5)
    sines: Any = np.sin(v)
    return vec3(sines.x, np.cos(v)[0], np.exp(v)[0])


@cases.add(X, reference=np.stack([np.floor(X), np.ones(5), np.full(5, -4.0)], axis=1))
def numpy_floor(a):
    return np.floor(vec3(a[index()], 1.0, -3.5))


# ---------------------------------------------------------------- arguments and captures


@cases.add(X, (0.5, 2.0, -3.0))
def tuple_argument(a, v):
    x = a[index()]
    return v * x + v.zyx


@cases.add(X, (3, 1))
def tuple_of_ints_argument(a, offset):
    di, dj = offset
    return a[index() + di] * 10 + offset[1] * len(offset) + dj


@cases.add(X, (3, -7), reference=[3 * k - 7 for k in range(5)])
def tuple_of_ints_stays_ints(a, line):
    return line[0] * index() + line[1]


@cases.add(X, (1.5, -2.0, 4.0, 8.0))
def tuple_argument_unpacked(a, v):
    x, y, z, w = v
    return a[index()] * x + y * 10 + z * 100 + w * 1000


@cases.add(X, (2, 0.5))
def tuple_argument_of_int_and_float(a, v):
    return dot(v, vec2(a[index()], 1.0))


@cases.add(X, vec3(0.5, 2.0, -3.0))
def vector_argument(a, v):
    return v * a[index()] + v.x


@cases.add(X)
def captured_vector(a):
    return SUN * a[index()] + SUN.y


@cases.add(X)
def captured_tuple_with_a_vector(a):
    v = vec3(a[index()], 1.0, 2.0)
    return v * WEIGHTS + WEIGHTS[2]


@cases.add(PICTURE, shape=(4, 5), reference=PICTURE[..., ::-1] * 2)
def load_colour(picture):
    i, j = index()
    return vec3.load(picture, i, j).bgr * 2.0


@cases.add(COLOURS, shape=(2, 3), reference=COLOURS / np.float32(2))
def load_four_bytes(picture):
    i, j = index()
    return vec4.load(picture, i, j) / 2


@cases.add(PICTURE, shape=(4, 5))
def load_outside(picture):
    i, j = index()
    left, right = vec3.load(picture, i, j - 1), vec3.load(picture, i, j + 1)
    return right - left


@cases.add(PICTURE, shape=(4, 5), reference=PICTURE @ np.array([0.25, 0.5, 0.25], np.float32))
def grey(picture):
    i, j = index()
    return dot(vec3.load(picture, i, j), vec3(0.25, 0.5, 0.25))


def brighten(colour, factor=2.0):
    return clamp(colour * factor, 0.0, 1.0)


def rotate(v, angle):
    c, s = math.cos(angle), math.sin(angle)
    return vec2(c * v.x - s * v.y, s * v.x + c * v.y)


def raised(v):
    v = vec2(v)
    v.y += 1.0
    return v


def squared_length(v):
    return dot(v, v)


@cases.add(PICTURE, shape=(4, 5))
def through_a_helper(picture):
    i, j = index()
    colour = vec3.load(picture, i, j)
    return brighten(colour) + brighten(colour, factor=0.5)


@cases.add(POINTS, shape=(4,))
def helper_that_makes_a_vector(points):
    p = vec2.load(points, index())
    return rotate(rotate(p, 0.5), -0.25)


@cases.add(X)
def helper_with_vectors_of_several_sizes(a):
    x = a[index()]
    return squared_length(vec2(x, 1.0)) + squared_length(vec3(x, 1.0, 2.0)) * 10


@cases.add(X)
def helper_that_changes_its_vector(a):
    return raised(vec2(a[index()], 2.0)) * 10.0


# ---------------------------------------------------------------- chosen and returned


@cases.add(X)
def conditional_expression(a):
    x = a[index()]
    colour = vec3(1.0, 0.0, x) if x > 0 else vec3(0.0, x, 1.0)
    return colour


@cases.add(X)
def joined_in_branches(a):
    i = index()
    if i % 3 == 0:
        v = vec2(a[i], 1.0)
    elif i % 3 == 1:
        v = vec2(2.0, a[i]).yx
    else:
        v = -vec2(a[i], a[i])
    return v


@cases.add(X)
def returned_from_a_loop(a):
    x = a[index()]
    v = vec2(0.0, x)
    for k in range(10):
        v = vec2(v.y, v.x + 1.0)
        if v.x > 3.0:
            return v
    return vec2(-1.0, -1.0)


@cases.add(shape=(3,))
def returned_at_rank_one():
    i = index()
    return vec2(i, i * 10)


@cases.add(shape=(3, 5))
def returned_at_rank_two():
    i, j = index()
    return vec3(i, j, i * j)


@cases.add(shape=(2, 3, 5))
def returned_at_rank_three():
    i, j, k = index()
    return vec4(i, j, k, 0.5)


@cases.add(shape=(3, 7))
def a_vector_for_odd_widths():
    i, j = index()
    return vec3(j, 0.5, i) if j % 2 else vec3(0.0, i, j)


@cases.add(shape=(9, 9), absolute=2e-6)
def sphere_traced():
    i, j = index()
    direction = normalize(vec3((j - 4) / 8.0, (i - 4) / 8.0, 1.0))
    centre = vec3(0.0, 0.0, 3.0)
    along = dot(direction, centre)
    height = 0.8 - (dot(centre, centre) - along * along)
    if height < 0.0:
        return vec3(0.25, 0.5, 0.75)
    point = direction * (along - math.sqrt(height))
    return (point - centre) * 0.5 + 0.5


def map_scene(p):
    return min(length(p) - 1.0, p.y + 0.75)


@cases.add(shape=(6, 8), absolute=2e-4)
def ray_marched():
    i, j = index()
    position = vec3(0.0, 0.0, -3.0)
    direction = normalize(vec3((j - 3.5) / 8.0, (2.5 - i) / 8.0, 1.0))
    travelled = 0.0
    for k in range(12):
        travelled += map_scene(position + direction * travelled)
    return clamp(vec3(travelled / 8.0, travelled / 16.0, 0.25), 0.0, 1.0)
