"""Functions of numbers to differentiate: every construct of the language that floats pass through.

Each entry is a function, with points where it is smooth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel import clamp, mix, vec2, vec3

SCALE = 2.5
COUNT = 3
OFFSETS = (0.5, -1.5)
TABLE = np.array([0.25, 1.5, -2.0, 4.0])

Points = list[tuple[Any, ...]]
FUNCTIONS: dict[str, tuple[Callable[..., Any], Points]] = {}
ONE: Points = [(-1.3,), (-0.4,), (0.3,), (0.9,), (1.7,), (2.6,)]
TWO: Points = [(-1.3, 0.7), (-0.4, 2.2), (0.3, -0.8), (0.9, 0.4), (1.7, 1.1), (2.6, -1.9)]
POSITIVE: Points = [(0.2, 1.3), (0.8, 0.45), (1.6, 2.1), (3.2, 0.65)]


def add(points: Points) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[function.__name__] = (function, points)
        return function

    return register


def square(x):
    return x * x


def cubic(x, a=2.0, *, b=0.5):
    if x < 0.0:
        return a * x
    return x * square(x) + b * x


def split(x):
    whole = math.floor(x)
    return x - whole, float(whole)


def polar(x, y):
    return math.hypot(x, y), math.atan2(y, x)


def fill(xs, x):
    for i in range(len(xs)):
        xs[i] = x * float(i + 1)


def total(xs):
    found = 0.0
    for x in xs:
        found += x * x
    return found


def powers(x):
    xs = [1.0] * 4
    for i in range(1, 4):
        xs[i] = xs[i - 1] * x
    return xs


@add(TWO)
def plain(x, y):
    return 3.0 * x * y - y / (1.0 + x * x) + 2


@add(TWO)
def reassigned(x, y):
    t = x
    t = t * y
    t *= t
    t -= x
    x = t + y
    return x * t


@add(TWO)
def branches(x, y):
    if x > 1.0:
        t = x * y
    elif y > 0.0:
        t = math.sin(x) + y
    else:
        t = -x
    return t * t


@add(TWO)
def early_returns(x, y):
    if x < -1.0:
        return y * y * x
    for i in range(5):
        x = x * 0.9 + y
        if x > 3.0:
            return x * x
    return x


@add(TWO)
def while_loop(x, y):
    t = abs(x) + 0.1
    steps = 0
    while t < 10.0 and steps < 20:
        t = t * 1.7 + y * y
        steps += 1
    return t / float(steps + 1)


@add(TWO)
def forever(x, y):
    t = x
    while True:
        t = t * t + y * y + 0.5
        if t > 4.0:
            break
    return math.log(t)


@add(TWO)
def loop_with_else(x, y):
    t = x
    for i in range(4):
        if t > 2.0:
            break
        t = t + y * y
    else:
        t = t * x
    return t * t


@add(TWO)
def continues(x, y):
    t = 1.0
    for i in range(6):
        if i % 2 == 0:
            continue
        t += x * y / float(i)
        for j in range(i):
            if j == 3:
                break
            t += x * 0.1
    return t


@add(TWO)
def conditional(x, y):
    return (x * x if x > y else math.exp(y) * x) + (y if 0.0 < x < 2.0 else x * y)


@add(TWO)
def nested_choice(x, y):
    return math.exp(x * y) if x > 0 else (math.sqrt(y * y + 1.0) * x if y > 0 else x / (y - 5.0))


@add(POSITIVE)
def guarded(x, y):
    return math.log(x - 0.5) if x > 0.5 and 1.0 / (x - 0.5) > 0.1 else y * x


@add(TWO)
def calls(x, y):
    return cubic(x) + cubic(y, x, b=x * y) * square(cubic(x + y))


@add(TWO)
def tuples(x, y):
    radius, angle = polar(x, y)
    part, whole = split(x)
    radius, part = part, radius
    return radius * angle + part * whole


@add(TWO)
def lists(x, y):
    xs = [x, y, x * y, 1.0]
    xs[1] += xs[0] * xs[-2]
    n = 2
    xs[n] = xs[n - 3] * x
    ys = list(xs)
    ys[0] = 3.0
    return xs[0] * xs[1] + xs[2] + total(ys)


@add(TWO)
def filled_by_a_helper(x, y):
    xs = [0.0] * 3
    fill(xs, x * y)
    t = total(xs)
    fill(xs, 2.0)
    return t + total(xs) * x


@add(TWO)
def list_from_a_helper(x, y):
    xs = powers(x)
    t = 0.0
    for i in range(4):
        t += xs[i] * y
    xs = [y] * 4
    return t + xs[2]


@add(TWO)
def comprehension(x, y):
    xs = [x * float(i) + y for i in range(4)]
    return sum(xs) + sum(a * b for a, b in zip(xs, reversed(xs))) + max(xs[0], xs[3] * 2.0)


@add(TWO)
def chained_with_a_bound_value(x, y):
    return x * y if -2.0 < math.sin(x) * y < 0.5 else x + y


@add(TWO)
def captured(x, y):
    return SCALE * x * y + OFFSETS[0] * x + OFFSETS[1] * y**COUNT


@add(TWO)
def captured_array(x, y):
    t = 0.0
    for i in range(len(TABLE)):
        t = t * x + TABLE[i]
    return t + TABLE[int(abs(y))] * y


@add(TWO)
def nested_functions(x, y):
    factor = x * 2.0

    def scaled(t):
        return factor * t + y

    twice = lambda t: scaled(scaled(t))  # noqa: E731
    return twice(x) + scaled(y)


@add(TWO)
def function_arguments(x, y):
    def applied(g, t):
        return g(t) * t

    return applied(math.sin, x) + applied(square, y) + applied(cubic, x * y)


@add(TWO)
def vectors(x, y):
    v = vec3(x, y, x * y)
    w = vec2(x, 1.0) * 2.0 + vec2(y, x)
    v.y = v.x + w.y
    return gk.dot(v, v) + gk.length(w) * v.z


@add(TWO)
def shader_functions(x, y):
    return clamp(x, -0.5, y + 4.0) + mix(x, y, 0.3) + gk.smoothstep(-2.0, 3.0, x * y) + gk.fract(x)


@add(TWO)
def bools(x, y):
    up = x > y
    both = up and y > 0.0
    steps = int(both) + int(x > 0.0) * 2
    return x * y if not both else x * float(steps) + (y if up else -y)


@add(POSITIVE)
def powers_of_both(x, y):
    return x**y + x**2 + y**-1.5 + pow(x, 3) * 2**y


@add(TWO)
def generators(x, y):
    found = sum(x**i / float(i + 1) for i in range(4) if i != 2)
    return found if any(t > 0.0 for t in (x, y)) else found * y


@add(TWO)
def values_of_conditions(x, y):
    t = (x * y or y) or max(t * x for t in (x, y))
    s = (x and y * y) + sum(t for t in (x, y * x) if t or y)
    while (t * 0.5 or y) > 1.0:
        t = t * 0.5
    return 1.0 / (3.0 + t * t) + s


@add(POSITIVE)
def newton(x, y):
    root = 1.0
    for _ in range(8):
        root = 0.5 * (root + x / root)
    return root * y


@add(TWO)
def shadows(x, y):
    math_ = x * 2.0
    d_x = y * math_
    t0 = d_x + x
    of_shadows = t0 * t0
    list_ = math.sin(of_shadows)
    return list_ + d_x


@add(TWO)
def unused(x, y):
    t = x * 3.0
    s = [x, y]
    s[0] = t
    return y * y


@add(TWO)
def swaps_in_a_loop(x, y):
    a, b = x, y
    for i in range(5):
        a, b = b, a + b * 0.5
    return a * b


@add(ONE)
def activation(x):
    return 0.5 * x * (1.0 + math.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


@add(ONE)
def with_pi(x):
    return math.sin(math.pi * x) / (2 * math.pi) + math.e * x


def make_closure():
    scale = 1.5
    inner_table = np.array([1.0, 2.0])

    @add(TWO)
    def closure(x, y):
        return scale * x * inner_table[1] * square(y) + inner_table[0] * x

    return closure


make_closure()
