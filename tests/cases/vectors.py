"""Vectors: made, read, assigned and computed with."""

from __future__ import annotations

import numpy as np

from gpukernel import index, vec2, vec3, vec4
from tests.cases.case import Cases

cases = Cases("vectors")

X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
PLACES = np.array([0, 1, 2, 1, 0])

# ---------------------------------------------------------------- made and read


@cases.add(X)
def made_of_numbers(a):
    x = a[index()]
    return vec3(x, 2 * x, x - 1)


@cases.add(X)
def made_of_ints_and_bools(a):
    i = index()
    return vec4(i, 2, a[i] > 0, -i)


@cases.add(X, reference=np.repeat(X[:, None], 3, axis=1))
def made_of_one_number(a):
    return vec3(a[index()])


@cases.add(X, reference=np.stack([X, X + 1, np.full(5, 7.0)], axis=1))
def made_of_vec2_and_number(a):
    x = a[index()]
    return vec3(vec2(x, x + 1), 7.0)


@cases.add(X, reference=np.stack([np.full(5, 7.0), X, X + 1], axis=1))
def made_of_number_and_vec2(a):
    x = a[index()]
    return vec3(7.0, vec2(x, x + 1))


@cases.add(X, reference=np.stack([X, X + 1, X + 2, X * 2], axis=1))
def made_of_vec3_and_number(a):
    x = a[index()]
    return vec4(vec3(x, x + 1, x + 2), x * 2)


@cases.add(X, reference=np.stack([X, X + 1, X, X + 1], axis=1))
def made_of_two_vec2(a):
    x = a[index()]
    v = vec2(x, x + 1)
    return vec4(v, v)


@cases.add(X)
def components(a):
    v = vec4(a[index()], 2.0, 3.0, 5.0)
    return v.x + 10 * v.y + 100 * v.z + 1000 * v.w


@cases.add(X)
def colour_components(a):
    v = vec4(a[index()], 2.0, 3.0, 5.0)
    return v.r + 10 * v.g + 100 * v.b + 1000 * v.a


@cases.add(X)
def swizzles(a):
    v = vec3(a[index()], 2.0, 3.0)
    return vec4(v.zy, v.xx) + v.yyyy


@cases.add(X)
def swizzle_of_a_swizzle(a):
    v = vec4(a[index()], 2.0, 3.0, 5.0)
    return v.wzyx.xyz.bgr.yx


@cases.add(X)
def swizzle_of_an_expression(a):
    x = a[index()]
    return (vec3(x, 2.0, 3.0) * 2.0).zx


@cases.add(X)
def constant_index(a):
    v = vec3(a[index()], 2.0, 3.0)
    return v[0] + 10 * v[1] + 100 * v[2] + 1000 * v[-1]


@cases.add(PLACES)
def computed_index(where):
    v = vec3(1.5, 2.5, -3.5)
    return v[where[index()]]


@cases.add(np.array([-100, -4, 3, 100]), reference=[0, 0, 0, 0])
def computed_index_outside(where):
    v = vec3(1.5, 2.5, -3.5)
    return v[where[index()]]


@cases.add(X)
def unpacked(a):
    v = vec3(a[index()], 2.0, 3.0)
    x, y, z = v
    return x * 100 + y * 10 + z


@cases.add(X)
def unpacked_swizzle(a):
    v = vec3(a[index()], 2.0, 3.0)
    x, y = v.zx
    return x * 10 + y


@cases.add(X)
def length_by_len(a):
    v = vec3(a[index()], 2.0, 3.0)
    return len(v) * 10 + len(v.xy)


@cases.add(X)
def loop_over_components(a):
    total = 0.0
    for c in vec4(a[index()], 2.0, 3.0, 5.0):
        if c < 0:
            continue
        total = total * 10 + c
    return total


@cases.add(X)
def loop_with_computed_index(a):
    v = vec3(a[index()], 2.0, 3.0)
    total = 0.0
    for k in range(len(v)):
        total = total * 10 + v[k]
    return total


@cases.add(X)
def sum_min_max_of_components(a):
    v = vec3(a[index()], 2.0, -1.0)
    return sum(v) * 100 + min(v) * 10 + max(v)


# ---------------------------------------------------------------- assigned


@cases.add(X)
def component_assigned(a):
    v = vec3(0.0, 2.0, 3.0)
    v.x = a[index()]
    v.z = v.x + v.y
    return v


@cases.add(X)
def component_augmented(a):
    v = vec3(a[index()], 2.0, 3.0)
    v.x += 1
    v.y *= v.x
    v.b -= 0.5
    v.z /= 2
    return v


@cases.add(X)
def component_assigned_in_a_branch(a):
    v = vec2(a[index()], 1.0)
    if v.x < 0:
        v.x = -v.x
    else:
        v.y = v.x
    return v


@cases.add(X, reference=np.stack([np.full(5, 2.0), X, np.full(5, 3.0)], axis=1))
def swizzle_assigned(a):
    v = vec3(a[index()], 2.0, 3.0)
    v.xy = v.yx
    return v


@cases.add(X)
def element_assigned(a):
    v = vec3(a[index()], 2.0, 3.0)
    v[1] = v[0] * 2
    v[-1] += 1.0
    return v


@cases.add(PLACES)
def element_assigned_at_computed_index(where):
    v = vec3(1.0, 2.0, 3.0)
    v[where[index()]] = 9.0
    return v


@cases.add(X)
def components_swapped(a):
    v = vec2(a[index()], 2.0)
    v.x, v.y = v.y, v.x
    return v


@cases.add(X)
def vectors_swapped(a):
    v, w = vec2(a[index()], 1.0), vec2(2.0, 3.0)
    v, w = w, v
    return vec4(v, w)


@cases.add(X)
def operators_make_new_vectors(a):
    v = vec2(a[index()], 1.0)
    w = v + 0.0
    w.x = 100.0
    return v.x + w.x + v.y


@cases.add(X)
def augmented(a):
    v = vec3(a[index()], 2.0, 3.0)
    v += 1.0
    v *= vec3(2.0, 3.0, 4.0)
    v -= v.zyx
    v /= 2
    return v


@cases.add(X)
def scalar_parameter_kept(a):
    x = a[index()]
    v = vec2(x, x)
    v.x += 1.0
    return vec3(v, x)


# ---------------------------------------------------------------- arithmetic


@cases.add(X)
def between_vectors(a):
    x = a[index()]
    v, w = vec3(x, 2.0, -3.0), vec3(0.5, x, 4.0)
    return (v + w) * (v - w) / vec3(2.0, 4.0, 8.0)


@cases.add(X)
def with_numbers(a):
    v = vec3(a[index()], 2.0, -3.0)
    return 2.0 * v + v * 0.5 - 1.0 / vec3(2.0, 4.0, 8.0) + (1.0 - v)


@cases.add(X)
def with_int_literals(a):
    v = vec2(a[index()], 2.0)
    return 2 * v + 1 - v * 3 + (4 - v) / 2


@cases.add(X)
def with_tuples(a):
    v = vec3(a[index()], 2.0, -3.0)
    return v * (0.5, 2.0, 1.0) + (1, 2, 3)


@cases.add(X)
def signs(a):
    v = vec3(a[index()], 2.0, -3.0)
    return -v + abs(v) * 10.0 + +v


@cases.add(X)
def remainder_and_floor_division(a):
    v = vec3(a[index()], 2.75, -3.25)
    return v % 1.0 + v // 2.0 * 10.0 + v % vec3(0.5, 2.0, -1.0)


@cases.add(X, ulp=16)
def power(a):
    v = vec3(a[index()], 2.0, -3.0)
    return v**2 + vec3(1.0, 4.0, 9.0) ** 0.5


@cases.add(X)
def precedence(a):
    v = vec2(a[index()], 2.0)
    return v + (v * 2.0 if v.x > 0 else -v) - v * (v - (v - 1.0))


@cases.add(X)
def compared(a):
    v = vec2(a[index()], 2.0)
    same = v == vec2(2.0, 2.0)
    other = v != vec2(2.0, 2.0)
    return same * 10 + other


@cases.add(X, reference=X == 2)
def equality_needs_every_component(a):
    x = a[index()]
    return vec3(x, 1.0, 2.0) == vec3(2.0, 1.0, x)
