"""Loops of every form, branches, early returns, and scalar arguments that are assigned."""

from __future__ import annotations

import numpy as np

from gpukernel.selftest.check import Group, blocks

loops, whiles, returns, scalars = Group("for"), Group("while"), Group("return"), Group("scalars")

A = np.arange(-9, 10, dtype=np.int32)
B = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: A.size]
F = (A * 0.75).astype(np.float32)

# ------------------------------------------------------------------ for

RANGES = {
    "count": "10",
    "start_and_stop": "3, 9",
    "step": "0, 20, 3",
    "negative_step": "10, -10, -3",
    "empty": "5, 5",
    "backwards_is_empty": "9, 2",
    "negative_step_is_empty": "1, 5, -1",
    "dynamic_stop": "a[i]",
    "dynamic_start": "a[i], 9",
    "dynamic_bounds": "a[i], b[i]",
    "dynamic_step": "-5, 12, abs(b[i])",
    "dynamic_negative_step": "12, a[i], -abs(b[i])",
    "dynamic_sign_of_step": "a[i], -a[i], b[i]",
    "length_of_an_array": "len(a)",
}
loops.family(
    "a, b",
    {
        f"range_{name}": f"t = 7\nfor k in range({bounds}):\n    t = t * 3 + k\nreturn t"
        for name, bounds in RANGES.items()
    },
    A,
    B,
)
STATEMENTS = {
    "continue_": "if (k + i) % 3 == 0:\n    continue",
    "break_": "if k > a[i]:\n    break",
    "continue_and_break": "if k % 2 == 0:\n    continue\nif k > b[i] + 3:\n    break",
    "break_or_continue": "if k == a[i]:\n    break\nelse:\n    t += 5\n    continue",
    "counter_assigned": "k = k + 5\nt += k",
    "counter_halved": "t += k\nk //= 2\nt -= k",
    "bound_assigned": "t += n\nn -= 1",
}
for _bound in ("9", "n"):
    _kind = "constant" if _bound == "9" else "dynamic"
    loops.family(
        "a, b",
        {
            f"{name}_{_kind}": "t = 1\nn = abs(a[i]) + 2\n"
            + f"for k in range({_bound}):\n"
            + "\n".join(f"    {line}" for line in body.splitlines())
            + "\n    t = t * 2 + k\nreturn t"
            for name, body in STATEMENTS.items()
        },
        A,
        B,
    )
loops.family(
    "a, b",
    blocks(
        """
        else_runs:
            t = 0
            for k in range(5):
                t += k
            else:
                t += 100
            return t
        else_after_break:
            t = 0
            for k in range(9):
                if k == a[i]:
                    t = k
                    break
            else:
                t = -1
            return t
        else_of_no_turns:
            t = 0
            for k in range(a[i]):
                if k == 2:
                    break
            else:
                t = 5
            return t
        last_value_stays:
            k = -1
            for k in range(0, abs(a[i]), 2):
                pass
            return k
        nested:
            t = 0
            for j in range(4):
                for k in range(j, 6):
                    t += j * 10 + k
            return t + a[i]
        nested_dynamic:
            t = 0
            for j in range(abs(a[i])):
                for k in range(j, b[i]):
                    t = t * 3 + j - k
            return t
        inner_break:
            t = 0
            for j in range(6):
                for k in range(6):
                    if k > a[j]:
                        break
                    t += k * (j + 1)
                t += j
            return t + i
        inner_continue:
            t = 0
            for j in range(abs(a[i])):
                for k in range(j):
                    if (j + k) % 2:
                        continue
                    t += j * k
            return t
        outer_continue:
            t = 0
            for j in range(8):
                if j % 3 == b[i] % 3:
                    continue
                for k in range(j):
                    t += k
            return t
        over_a_tuple:
            t = 0
            for k in (5, a[i], -3):
                t = t * 2 + k
            return t
        over_a_tuple_with_break:
            t = 0
            for k in (2, 3, 5, 7):
                if k > a[i]:
                    break
                t += k
            return t
        over_pairs:
            t = 0
            for p, q in ((1, 2), (a[i], 3), (4, b[i])):
                t += p * q
            return t
        uniform_and_divergent:
            t = 0
            for j in range(3):
                if a[i] > j:
                    for k in range(a[i]):
                        t += k
            return t
        twice_the_same_name:
            t = 0
            for k in range(3):
                t += k
            for k in range(a[i]):
                t += 10 * k
            return t
        three_deep:
            t = 0
            for j in range(3):
                for k in range(3):
                    for m in range(a[i]):
                        t += j * k + m
            return t
        pass_only:
            for k in range(5):
                pass
            return a[i]
        """
    ),
    A,
    B,
)
loops.text(
    "past_a_thousand_turns",
    "a, n",
    "t = 0\nfor j in range(n + a[i]):\n    t = (t * 5 + j) % 10007\nreturn t",
    A[:5],
    20000,
)
loops.text(
    "near_the_limit",
    "a",
    "t = 0\nfor k in range(2147483640, 2147483647, 3):\n    t += k - 2147483640\nreturn t + a[i]",
    A,
)

# ------------------------------------------------------------------ while

whiles.family(
    "a, b",
    blocks(
        """
        collatz:
            n = abs(a[i]) + 1
            s = 0
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                s += 1
            return s
        euclid:
            p, q = abs(a[i]), abs(b[i])
            while q != 0:
                p, q = q, p % q
            return p
        true_with_break:
            n = 0
            while True:
                n += 3
                if n > a[i]:
                    break
            return n
        continue_:
            n, t = 0, 0
            while n < 12:
                n += 1
                if (n + i) % 3 == 0:
                    continue
                t += n
            return t
        else_runs:
            n = 0
            while n < a[i]:
                n += 2
            else:
                n += 100
            return n
        else_after_break:
            n = 0
            while n < 8:
                if n == a[i]:
                    break
                n += 1
            else:
                n = -1
            return n
        never:
            n = a[i]
            while n != n:
                n += 1
            return n
        nested:
            n, t = abs(a[i]), 0
            while n > 0:
                m = n
                while m > 0:
                    t += m
                    m -= 2
                n -= 1
            return t
        condition_with_and:
            n = 0
            while n < len(a) and a[n] < b[i]:
                n += 1
            return n
        condition_of_a_number:
            n, t = abs(a[i]), 0
            while n:
                t += n & 1
                n >>= 1
            return t
        loop_in_loop:
            n, t = 0, 0
            while n < 5:
                for k in range(n):
                    if k == b[i]:
                        break
                    t += k + 1
                n += 1
            return t
        integer_square_root:
            n = a[i] * a[i] * 37
            r = n
            while r * r > n:
                r = (r + n // r) // 2
            return r
        """
    ),
    A,
    B,
)
whiles.text(
    "newton_in_floats",
    "x",
    "v = abs(x[i]) + 1.0\nr = v\nwhile abs(r * r - v) > 0.001:\n    r = 0.5 * (r + v / r)\n"
    "return int(r * 10.0 + 0.5)",
    F,
)

# ------------------------------------------------------------------ return

RETURNS = blocks(
    """
    in_a_branch:
        if a[i] > 0:
            return 1
        return -1
    in_every_branch:
        if a[i] > 3:
            return a[i]
        elif a[i] < -3:
            return -a[i]
        else:
            return b[i]
    in_a_loop:
        for k in range(20):
            if k * k > a[i] + 9:
                return k
        return -1
    in_nested_loops:
        for j in range(20):
            for k in range(j):
                if j * k > a[i] * a[i]:
                    return j * 100 + k
        return -1
    in_a_while:
        n = 1
        while True:
            n *= 2
            if n > abs(a[i] * b[i]):
                return n
    in_the_else_of_a_loop:
        for k in range(9):
            if k == a[i]:
                break
        else:
            return -7
        return k
    before_more_code:
        t = a[i]
        if t > 0:
            return t
        t = -t
        if t > 5:
            return 5
        t *= 2
        return t
    of_another_type:
        if a[i] > 0:
            return a[i]
        return 0.5
    nested_branches:
        if a[i] > 0:
            if b[i] > 0:
                return 1
            if a[i] > 5:
                return 2
        elif b[i] > 3:
            return 3
        return 4
    set_in_both_branches:
        if a[i] > b[i]:
            t = 1
            u = a[i]
        else:
            u = b[i]
            t = 2
        return t * 100 + u
    long_elif:
        v = a[i]
        if v < -6:
            r = 0
        elif v < -2:
            r = 1
        elif v < 2:
            r = 2
        elif v < 6:
            r = 3
        else:
            r = 4
        return r
    constant_branch:
        if 2 > 1:
            t = a[i]
        else:
            t = b[i]
        return t
    constant: 5
    index_assigned:
        for j in range(4):
            i += j
        return i + a[0]
    """
)
returns.family("a, b", RETURNS, A, B)
for _name in ("in_nested_loops", "in_a_while", "long_elif"):  # in the kernel, not in a helper of it
    _body = RETURNS[_name]
    returns.text(f"{_name}_alone", "a, b", _body, A.copy(), B)

# ------------------------------------------------------------------ scalar arguments

scalars.text("int_reassigned", "a, n", "n = n + a[i]\nn *= 2\nreturn n", A, 5)
scalars.text("float_reassigned", "a, x", "x -= a[i]\nx *= 0.5\nreturn x", A, 2.5)
scalars.text(
    "counted_down", "a, n", "t = 0\nwhile n > 0:\n    n -= 1\n    t += n\nreturn t + a[i]", A, 9
)
scalars.text("bool_argument", "a, p", "a[i] if p else -a[i]", A, True)
scalars.text("bool_reassigned", "a, p", "p = p and a[i] > 0\nreturn p", A, True)
scalars.text("numpy_scalar", "a, n", "a[i] * n", A, np.int32(-3))
scalars.text("becomes_float", "a, n", "n += 0.5\nreturn a[i] * n", A, 4)
scalars.text("as_a_bound", "a, n", "t = 0\nfor k in range(n):\n    t += k * a[i]\nreturn t", A, 6)
scalars.text("divisor", "a, n", "a[i] // n * 10 + a[i] % n", A, -4)
scalars.text("tuple_argument", "a, v", "v[0] * a[i] + v[1]", A, (2.5, -1.0))
scalars.text("tuple_of_ints", "a, v", "(a[i] * v[0] + v[1]) % v[2]", A, (3, 1, 7))
scalars.text("default_is_used", "a, n=4, x=0.25", "a[i] * n + x", A)

GROUPS = (loops, whiles, returns, scalars)
