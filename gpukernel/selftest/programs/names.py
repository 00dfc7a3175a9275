"""Names that mean something in a shader must mean only what they mean in Python."""

from __future__ import annotations

import numpy as np

from gpukernel.selftest.check import Group, blocks

names = Group("names")

A = np.arange(-9, 10, dtype=np.int32)
F = (A * 0.75).astype(np.float32)

names.family(
    "a, x",
    blocks(
        """
        qualifiers:
            uniform, varying, inout, out = a[i], 2, 3, 4
            return uniform * varying + inout - out
        types:
            vec2, mat4, sampler2D, half = a[i], 2, 3, 4
            return vec2 * mat4 + sampler2D - half
        statements:
            discard, switch, case, do = a[i], 2, 3, 4
            return discard * switch + case - do
        reserved_words:
            input, output, sample, common, filter = a[i], 2, 3, 4, 5
            return input * output + sample - common * filter
        functions:
            texture, floor, mix, dot = a[i], 2, 3, 4
            return texture * floor + mix - dot
        entry_point:
            main = a[i]
            void = main + 1
            return main * void
        prefix_of_the_driver:
            gl_x, gl_FragCoord, gl_Position = a[i], 2, 3
            return gl_x * gl_FragCoord + gl_Position
        double_underscores:
            a__b, a_b, __c, d__ = a[i], 2, 3, 4
            return a__b * a_b + __c - d__
        letters_beyond_ascii:
            größe, α, ñ, n = a[i], 2, 3, 4
            return größe * α + ñ - n
        names_of_the_generator:
            t0, t1, u_a, tex_a, lane = a[i], 2, 3, 4, 5
            return t0 * t1 + u_a - tex_a * lane
        same_letters_other_case:
            v, V, v_ = a[i], 2, 3
            return v * V + v_
        one_underscore:
            _, __ = a[i], 2
            return _ * __
        assigned_builtins:
            min_, abs_ = min(a[i], 3), abs(a[i])
            return min_ * 100 + abs_
        long_name:
            a_name_much_longer_than_any_name_that_a_programmer_would_care_to_write = a[i]
            return a_name_much_longer_than_any_name_that_a_programmer_would_care_to_write + 1
        numbers_in_names:
            x1, x_1, x__1 = a[i], 2, 3
            return x1 * 100 + x_1 * 10 + x__1
        macros:
            GL_ES, VERSION, defined, line = a[i], 2, 3, 4
            return GL_ES * VERSION + defined - line
        """
    ),
    A,
    F,
)
names.text(
    "parameters", "texture, sample, precision", "texture[i] + sample[i] * precision", A, F, 2
)
names.text("parameter_of_the_driver", "gl_in, a__b", "gl_in[i] * 2 + a__b[i]", A, A)
names.text("parameter_beyond_ascii", "größe, ширина", "größe[i] * 2 + ширина", A, 5)
names.text("flat", "smooth, flat", "smooth[i] * flat", A, 3)

GROUPS = (names,)
