"""Tuples, local lists and vectors inside a kernel."""

from __future__ import annotations

import numpy as np

from gpukernel.lang.table import Budget
from gpukernel.selftest.check import Group, blocks

tuples, lists, vectors = Group("tuples"), Group("lists"), Group("vectors")

A = np.arange(-9, 10, dtype=np.int32)
B = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: A.size]
F = (A * 0.75).astype(np.float32)
G = (B * 0.5).astype(np.float32)
PICTURE = np.arange(60, dtype=np.float32).reshape(4, 5, 3) / 8

tuples.family(
    "a, b",
    blocks(
        """
        swap:
            p, q = a[i], b[i]
            p, q = q, p
            return p * 100 + q
        rotation_of_three:
            p, q, r = a[i], b[i], 7
            p, q, r = q, r, p
            return p * 10000 + q * 100 + r
        fibonacci:
            p, q = 0, 1
            for k in range(abs(a[i])):
                p, q = q, p + q
            return p
        kept_and_indexed:
            t = (a[i], b[i], 5)
            return t[0] + t[1] * 10 + t[-1] * 100
        nested_unpacking:
            (p, q), r = (a[i], b[i]), 3
            return p * q - r
        of_mixed_types:
            n, x, p = a[i], b[i] * 0.5, a[i] > b[i]
            return n + x + p
        length: len((a[i], b[i], 1, 2)) + a[i]
        unpacked_in_a_loop:
            t = 0
            for p, q in ((a[i], 1), (2, b[i])):
                p, q = q, p
                t = t * 7 + p - q
            return t
        assigned_twice:
            p = q = a[i]
            p += 1
            return p * 10 + q
        minimum_of_a_tuple: min((a[i], b[i], 2)) + max((a[i], b[i])) * 10
        sum_of_a_tuple: sum((a[i], b[i], 5))
        compared_elements:
            t = (a[i], b[i])
            return t[0] < t[1] and t[0] != 3
        """
    ),
    A,
    B,
)

lists.family(
    "a, b",
    blocks(
        """
        literal:
            xs = [a[i], b[i], 3]
            return xs[0] + xs[1] * 10 + xs[2] * 100
        repeated:
            xs = [0] * 9
            xs[4] = a[i]
            xs[5] += b[i]
            return xs[4] * 100 + xs[5] + xs[8]
        comprehension:
            xs = [k * k - a[i] for k in range(6)]
            return xs[5] * 10 + xs[1]
        filled_from_an_array:
            xs = [b[k] for k in range(7)]
            return xs[abs(a[i]) % 7]
        dynamic_write:
            xs = [0] * 8
            for k in range(20):
                xs[(k * k + i) % 8] += k
            return xs[3] * 1000 + xs[abs(a[i]) % 8]
        negative_constant_index:
            xs = [a[i], b[i], 7]
            xs[-1] += 1
            return xs[-1] * 100 + xs[-3]
        negative_dynamic_index:
            xs = [a[i], b[i], 7, 9]
            xs[-1 - i % 4] += 50
            return xs[-4] * 1000 + xs[-1 - abs(a[i]) % 4]
        bubble_sort:
            xs = [b[k] * (i + 1) % 11 for k in range(7)]
            for j in range(7):
                for k in range(6 - j):
                    if xs[k] > xs[k + 1]:
                        xs[k], xs[k + 1] = xs[k + 1], xs[k]
            return xs[0] + xs[3] * 20 + xs[6] * 400
        insertion_sort:
            xs = [a[i], b[i], 0, -a[i], 4]
            for k in range(1, len(xs)):
                v = xs[k]
                p = k - 1
                while p >= 0 and xs[p] > v:
                    xs[p + 1] = xs[p]
                    p -= 1
                xs[p + 1] = v
            return xs[1] * 100 + xs[2]
        histogram:
            xs = [0] * 5
            for k in range(len(a)):
                xs[(a[k] * b[i]) % 5] += 1
            t = 0
            for k in range(5):
                t = t * 20 + xs[k]
            return t
        sieve:
            xs = [True] * 40
            for p in range(2, 7):
                if xs[p]:
                    for k in range(p * p, 40, p):
                        xs[k] = False
            return xs[abs(a[i] * 2 + b[i])]
        stack:
            xs = [0] * 12
            n, v = 0, abs(a[i])
            while v > 0:
                xs[n] = v % 2
                v //= 2
                n += 1
            t = 0
            while n > 0:
                n -= 1
                t = t * 10 + xs[n]
            return t
        loop_over_elements:
            t = 0
            for x in [a[i], 5, b[i]]:
                t = t * 3 + x
            return t
        reductions:
            xs = [a[i], b[i], -4, 6]
            return sum(xs) * 10000 + min(xs) * 100 + max(xs)
        matrix:
            m = [[1, 2], [3, a[i]]]
            v = [b[i], 4]
            return (m[0][0] * v[0] + m[0][1] * v[1]) * 100 + m[1][0] * v[0] + m[1][1] * v[1]
        matrix_with_dynamic_indices:
            m = [[0] * 3 for k in range(3)]
            for j in range(3):
                for k in range(3):
                    m[j][k] = j * 3 + k + a[i]
            t = 0
            for j in range(3):
                t += m[j][(j + i) % 3]
            return t
        copied:
            xs = [a[i], b[i]]
            ys = [x for x in xs]
            ys[0] += 50
            return xs[0] * 1000 + ys[0]
        of_bools:
            xs = [a[i] > 0, b[i] > 0, False]
            return (xs[0] or xs[2]) and xs[1]
        length_of_a_list:
            xs = [0] * 13
            return len(xs) + a[i]
        assigned_in_a_branch:
            xs = [1, 2, 3]
            if a[i] > 0:
                xs[1] = a[i]
            else:
                xs[2] = b[i]
            return xs[0] + xs[1] * 10 + xs[2] * 100
        fibonacci_table:
            xs = [1] * 24
            for k in range(2, 24):
                xs[k] = xs[k - 1] + xs[k - 2]
            return xs[abs(a[i]) + 9]
        pascal_triangle:
            xs = [0] * 10
            xs[0] = 1
            for n in range(abs(a[i])):
                for k in range(n + 1, 0, -1):
                    xs[k] += xs[k - 1]
            return xs[3] * 1000 + xs[1]
        """
    ),
    A,
    B,
)
lists.text("median_of_floats", "x, y", """
    xs = [x[i], y[i], 0.25, -1.5, x[i] * y[i]]
    for j in range(5):
        for k in range(4):
            if xs[k] > xs[k + 1]:
                t = xs[k]
                xs[k] = xs[k + 1]
                xs[k + 1] = t
    return xs[2]
    """, F, G)  # fmt: skip

vectors.family(
    "x, y",
    blocks(
        """
        components:
            v = gk.vec4(x[i], y[i], 3.0, 5.0)
            return v.x + v.y * 2 + v.z * 4 + v[3] * 8
        swizzle:
            v = gk.vec3(x[i], y[i], 2.0)
            w = v.zyx
            return w.x * 100 + w.z
        component_assigned:
            v = gk.vec3(x[i], y[i], 1.0)
            v.y = 7.0
            v.z += v.x
            return v.y * 10 + v.z
        swizzle_assigned:
            v = gk.vec3(x[i], y[i], 1.0)
            v.xy = v.yx
            return v.x * 4 - v.y
        dot: gk.dot(gk.vec3(x[i], y[i], 2.0), gk.vec3(1.0, -2.0, 0.5))
        length: gk.length(gk.vec2(x[i], y[i]))
        distance: gk.distance(gk.vec2(x[i], y[i]), gk.vec2(1.0, 2.0))
        cross_component: gk.cross(gk.vec3(x[i], y[i], 1.0), gk.vec3(0.5, 2.0, -1.0)).z
        normalized: gk.normalize(gk.vec3(x[i], y[i], 1.5)).y
        reflected: gk.reflect(gk.vec2(x[i], y[i]), gk.vec2(0.0, 1.0)).y
        dynamic_component:
            v = gk.vec4(x[i], y[i], 3.0, 4.0)
            return v[i % 4]
        in_a_loop:
            v = gk.vec2(1.0, 0.5)
            for k in range(4):
                v = v * 0.5 + gk.vec2(x[i], y[i])
            return v.x - v.y
        equality: gk.vec2(x[i], 1.0) == gk.vec2(0.75, 1.0)
        conditional:
            v = gk.vec2(x[i], 1.0) if x[i] > y[i] else gk.vec2(y[i], 2.0)
            return v.x * v.y
        complex_square:
            z = gk.vec2(x[i] * 0.1, y[i] * 0.1)
            n = 0
            while n < 30 and gk.dot(z, z) < 4.0:
                z = gk.vec2(z.x * z.x - z.y * z.y, 2.0 * z.x * z.y) + gk.vec2(0.3, 0.5)
                n += 1
            return n
        """
    ),
    F,
    G,
    budget=Budget(ulp=8, absolute=2e-6),
)
vectors.family(
    "x, y",
    blocks(
        """
        returned: gk.vec3(x[i], y[i], x[i] - y[i])
        operators: (gk.vec3(x[i], y[i], 1.0) * 2.0 - gk.vec3(1.0, 2.0, y[i])) / 4.0
        joined: gk.vec4(gk.vec2(x[i], y[i]), 1.0, x[i])
        componentwise: np.floor(gk.vec2(x[i], y[i])) + abs(gk.vec2(y[i], x[i]))
        mixed: gk.mix(gk.vec3(x[i], 0.0, 1.0), gk.vec3(1.0, y[i], 0.0), 0.25)
        clamped: gk.clamp(gk.vec2(x[i], y[i]), -1.0, 2.0)
        negated: -gk.vec2(x[i], y[i]) + 1.0
        """
    ),
    F,
    G,
    budget=Budget(ulp=8, absolute=2e-6),
)
vectors.text(
    "pixel_loaded",
    "p",
    "gk.vec3.load(p, i[0], 4 - i[1]).zyx * 2.0",
    PICTURE,
    shape=(4, 5),
)
vectors.text("with_a_number", "x, y", "gk.vec2(x[i], y[i]), x[i] > y[i]", F, G)
vectors.text("tuple_argument", "x, c", "gk.vec3(x[i]) * c", F, (0.5, 2.0, -1.0))

GROUPS = (tuples, lists, vectors)
