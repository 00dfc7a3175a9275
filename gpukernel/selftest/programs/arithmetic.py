"""Numbers: every operator on every pair of operand types, wrapping, edges, bits, uint32."""

from __future__ import annotations

import numpy as np

from gpukernel.lang.table import Budget
from gpukernel.lang.types import INT_MAX, INT_MIN
from gpukernel.selftest.check import Group, blocks

ints, mixed, floats = Group("ints"), Group("mixed types"), Group("floats")
comparisons, bits, uints = Group("comparisons"), Group("bits"), Group("uint32")

A = np.arange(-9, 10, dtype=np.int32)
B = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: A.size]
F = (A * 0.75).astype(np.float32)
P = np.array([*(A[:9] % 2 == 0), *(A[9:] > 3)])
EDGES = np.array(
    [INT_MIN, INT_MIN + 1, -1000000007, -65537, -46341, -3, -1, 0, 1, 2, 7, 46341, 65536]
    + [1000000007, INT_MAX - 1, INT_MAX],
    np.int32,
)
X = np.concatenate([EDGES, EDGES, EDGES])  # each with itself, and with two others
Y = np.concatenate([EDGES, np.roll(EDGES, 5), np.roll(EDGES, -3)])
NONZERO = Y != 0

# ------------------------------------------------------------------ ints

ints.family(
    "x, y",
    blocks(
        """
        sum_wraps: x[i] + y[i]
        difference_wraps: x[i] - y[i]
        product_wraps: x[i] * y[i]
        negation_wraps: -x[i] - -y[i]
        polynomial_wraps: x[i] * x[i] * 3 + 7 * y[i] - x[i] * y[i]
        """
    ),
    X,
    Y,
)
ints.family(
    "x, y",
    blocks(
        """
        floor_division_at_the_limits: x[i] // y[i]
        remainder_at_the_limits: x[i] % y[i]
        divmod_at_the_limits:
            q, r = divmod(x[i], y[i])
            return q, r
        """
    ),
    X[NONZERO],
    Y[NONZERO],
)
ints.family(
    "x",
    {
        f"{name}_by_{'minus_' if by < 0 else ''}{abs(by)}": f"x[i] {symbol} {by}"
        for name, symbol in (("floor_division", "//"), ("remainder", "%"))
        for by in (3, -3, 8, -8, 1, -1)
    },
    EDGES,
)
ints.text("divided_by_zero", "x", "x[i] // (x[i] - x[i])", EDGES, expected=np.zeros(16, np.int32))
ints.text("remainder_of_zero", "x", "x[i] % (x[i] - x[i])", EDGES, expected=np.zeros(16, np.int32))
ints.text("absolute_value_wraps", "x", "abs(x[i]) + 1", EDGES)
ints.text("true_division", "x, y", "x[i] / y[i]", A, B, budget=Budget(ulp=2.5))
ints.text("powers", "x", "x[i] ** 3 - x[i] ** 2 + x[i] ** 0", EDGES)
ints.text("power_of_a_variable", "x, y", "x[i] ** abs(y[i])", A, B)
ints.text("negative_constant_power", "x", "x[i] ** -2", B, budget=Budget(ulp=8))
ints.family(
    "x, y",
    blocks(
        """
        python_quotient_and_remainder: x[i] // y[i] * 1000 + x[i] % y[i]
        augmented:
            t = x[i]
            t += 7
            t *= y[i]
            t -= x[i]
            t //= 3
            t %= 11
            return t
        signs: (x[i] > 0) - (x[i] < 0) + +y[i]
        min_and_max: min(x[i], y[i], 2) * 100 + max(x[i], y[i], -2)
        gcd_and_lcm: math.gcd(x[i], y[i]) * 1000 + math.lcm(x[i], y[i])
        digits:
            n = abs(x[i] * 137)
            s = 0
            while n > 0:
                s += n % 10
                n //= 10
            return s
        """
    ),
    A,
    B,
)

# ------------------------------------------------------------------ operand types

OPERANDS = {"int": (A, B), "float": (F, B * np.float32(0.5)), "bool": (P, ~P)}
for _left, (_a, _) in OPERANDS.items():
    for _right, (_, _b) in OPERANDS.items():
        for _name, _symbol in {"plus": "+", "minus": "-", "times": "*", "less": "<"}.items():
            mixed.text(
                f"{_left}_{_name}_{_right}",
                "x, y",
                f"x[i] {_symbol} y[i]",
                _a,
                _b,
                budget=Budget(2),
            )
        if _right != "bool":
            mixed.text(f"{_left}_floor_{_right}", "x, y", "x[i] // y[i]", _a, _b, budget=Budget(2))
            mixed.text(f"{_left}_modulo_{_right}", "x, y", "x[i] % y[i]", _a, _b, budget=Budget(2))
mixed.text("variable_becomes_float", "x", "t = 0\nfor k in range(4):\n    t += x[i]\nreturn t", F)
mixed.text("branches_join", "x, y", "y[i] if x[i] > 0 else x[i]", A, F)
mixed.text("bools_are_numbers", "x, y", "(x[i] > 0) + (y[i] > 0) * 2 + True", A, B)
mixed.text("casts", "x", "int(x[i]) * 10 + int(bool(x[i])) + float(int(x[i])) / 4", F)
mixed.text("literal_float", "x", "x[i] * 2.0", A)
mixed.text("int_stays_exact", "x", "x[i] + 16777217 - 16777216", A)

# ------------------------------------------------------------------ floats

SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -7.25, 1e6], np.float32
)
S = np.concatenate([SPECIAL] * 4)
T = np.concatenate([np.roll(SPECIAL, by) for by in (0, 1, 4, 6)])
with np.errstate(all="ignore"):
    for _name, _symbol, _expected in (
        ("sum", "+", S + T),
        ("difference", "-", S - T),
        ("product", "*", S * T),
        ("quotient", "/", S / T),
        ("floor", "//", S // T),
        ("modulo", "%", S % T),
    ):
        _budget = Budget(ulp=2.5) if _symbol == "/" else Budget()
        floats.text(
            f"{_name}_of_special_values",
            "x, y",
            f"x[i] {_symbol} y[i]",
            S,
            T,
            expected=_expected,
            budget=_budget,
        )
floats.family(
    "x, y",
    blocks(
        """
        floor_and_modulo: x[i] // y[i] * 100.0 + x[i] % y[i]
        horner: ((0.5 * x[i] - 1.25) * x[i] + 2.0) * x[i] - y[i]
        square_root: math.sqrt(abs(x[i])) + y[i]
        hypotenuse: math.hypot(x[i], y[i])
        wave: math.sin(x[i]) * math.cos(y[i])
        clamped: min(max(x[i], -1.5), 1.5) + y[i]
        integral_powers: x[i] ** 3 - x[i] ** 2 + y[i] ** -1
        halved_powers: abs(x[i]) ** 0.5 + 2.0 ** y[i]
        angle: math.atan2(x[i], y[i])
        mean: (x[i] + y[i]) / 2
        augmented:
            t = x[i]
            t *= 0.5
            t -= y[i]
            t /= 4
            t += 1
            return t
        """
    ),
    F,
    B * np.float32(0.5),
    budget=Budget(ulp=64, absolute=2e-6),
)
HALVES = (np.arange(-12, 13) / 2).astype(np.float32)
floats.family(
    "x",
    blocks(
        """
        rounded_half_to_even: round(x[i])
        rounded_down: math.floor(x[i])
        rounded_up: math.ceil(x[i])
        truncated: math.trunc(x[i]) * 100 + int(x[i])
        numpy_rounding: np.floor(x[i]) + np.ceil(x[i]) * 16 + np.round(x[i]) * 256
        fraction: x[i] - math.floor(x[i])
        """
    ),
    HALVES,
)
floats.text(
    "int_saturates",
    "x",
    "int(x[i])",
    np.array([np.nan, np.inf, -np.inf, 3e9, -3e9, 2147483520.0, -2147483648.0], np.float32),
    expected=np.array([0, INT_MAX, INT_MIN, INT_MAX, INT_MIN, 2147483520, INT_MIN], np.int32),
)
floats.text(
    "infinities_and_nan_are_known",
    "x",
    "math.isnan(x[i]) + 2 * math.isinf(x[i]) + 4 * math.isfinite(x[i]) + 8 * (x[i] != x[i])",
    SPECIAL,
)
floats.text("constants", "x", "x[i] * math.pi + math.e - math.tau", F, budget=Budget(4, 1e-6))
floats.text("inf_as_a_start", "x", "best = math.inf\nbest = min(best, x[i])\nreturn best", F)
floats.text("small_literals", "x", "x[i] * 1e-20 * 1e18", F, budget=Budget(2))

# ------------------------------------------------------------------ comparisons

_OPERATORS = {
    "less": "<",
    "at_most": "<=",
    "more": ">",
    "at_least": ">=",
    "same": "==",
    "other": "!=",
}
comparisons.family("x, y", {n: f"x[i] {s} y[i]" for n, s in _OPERATORS.items()}, X, Y)
comparisons.family("x, y", {f"{n}_nan": f"x[i] {s} y[i]" for n, s in _OPERATORS.items()}, S, T)
comparisons.family(
    "a, b",
    blocks(
        """
        chained: -3 <= a[i] < b[i]
        chained_three: -5 < a[i] <= b[i] != 3 > a[i]
        and_or_not: a[i] > 0 and b[i] > 0 or not (a[i] < -4 or b[i] < -2)
        and_of_numbers: a[i] and b[i]
        or_of_numbers: a[i] or b[i]
        not_of_numbers: not a[i]
        bools_compared: (a[i] > 0) == (b[i] > 0)
        short_circuit: b[i] if a[i] != 0 and 12 // a[i] > b[i] else -1
        conditional: 1 if a[i] > b[i] else 2 if a[i] == b[i] else 3
        conditional_in_a_sum: a[i] + (10 if b[i] > 0 else 20) * 3
        conditional_of_a_number: 100 if a[i] else 200
        int_with_float: a[i] < b[i] * 0.5
        """
    ),
    A,
    B,
)

# ------------------------------------------------------------------ bits

bits.family(
    "x, y",
    blocks(
        """
        both: x[i] & y[i]
        either: x[i] | y[i]
        differing: x[i] ^ y[i]
        inverted: ~x[i] ^ y[i]
        shift_left: x[i] << (y[i] & 31)
        shift_right: x[i] >> (y[i] & 31)
        shift_far: (x[i] << 32 + (y[i] & 7)) + (x[i] >> 40)
        swapped_by_xor:
            p, q = x[i], y[i]
            p ^= q
            q ^= p
            p ^= q
            return p - q
        bytes: (x[i] >> 24 & 255) + (y[i] >> 8 & 255) * 256
        precedence: x[i] & 12 | y[i] ^ 3 << 2 & ~x[i]
        """
    ),
    X,
    Y,
)
bits.family(
    "x",
    blocks(
        """
        popcount:
            n, v = 0, x[i]
            for k in range(32):
                n += v >> k & 1
            return n
        kernighan:
            n, v = 0, x[i] & 65535
            while v:
                v &= v - 1
                n += 1
            return n
        lowest_bit: x[i] & -x[i]
        is_power_of_two: x[i] > 0 and x[i] & x[i] - 1 == 0
        gray_code: x[i] ^ x[i] >> 1
        reversed_bits:
            r = 0
            for k in range(32):
                r |= (x[i] >> k & 1) << 31 - k
            return r
        parity:
            v = x[i]
            for k in (16, 8, 4, 2, 1):
                v ^= v >> k
            return v & 1
        sign_extended: ((x[i] & 255) ^ 128) - 128
        leading_zeros:
            n = 0
            while n < 32 and x[i] >> 31 - n & 1 == 0:
                n += 1
            return n
        """
    ),
    EDGES,
)
bits.text("of_bools", "p, a", "p[i] & (a[i] > 0) | (p[i] ^ (a[i] < -3))", P, A)
bits.text(
    "negative_shifts",
    "x",
    "(5 << x[i]) + (5 >> x[i])",
    np.array([-1, -31, -32, -(2**31)], np.int32),
    expected=np.zeros(4, np.int32),
)

# ------------------------------------------------------------------ uint32

U = np.array([0, 1, 2, 7, 255, 65536, 2**31 - 1, 2**31, 2**31 + 5, 2**32 - 2, 2**32 - 1], np.uint32)
V = np.array([3, 2**32 - 1, 5, 2, 16, 65537, 2, 2**31, 10, 2**32 - 1, 7], np.uint32)
WIDE = U.astype(np.float64)
for _name, _symbol, _expected in (
    ("sum", "+", U + V),
    ("difference", "-", U - V),
    ("product", "*", U * V),
    ("quotient", "//", U // V),
    ("remainder", "%", U % V),
    ("both", "&", U & V),
    ("either", "|", U | V),
    ("differing", "^", U ^ V),
    ("less", "<", U < V),
    ("at_least", ">=", U >= V),
    ("equal", "==", U == V),
):
    uints.text(_name, "u, v", f"u[i] {_symbol} v[i]", U, V, expected=_expected)
for _name, _body, _values in (
    ("shift_is_logical", "u[i] >> 4", U >> np.uint32(4)),
    ("shift_left", "u[i] << 4", U << np.uint32(4)),
    ("inverted", "~u[i]", ~U),
    ("rotated", "u[i] << 7 | u[i] >> 25", (U << np.uint32(7)) | (U >> np.uint32(25))),
    ("large_literal", "(u[i] ^ 0xDEADBEEF) + 7", (U ^ np.uint32(0xDEADBEEF)) + np.uint32(7)),
    ("to_int", "int(u[i])", U.view(np.int32)),
    ("to_float", "float(u[i])", U.astype(np.float32)),
    ("true_division", "u[i] / 2", (WIDE / 2).astype(np.float32)),
    ("compared_with_a_literal", "u[i] > 2147483648", U > 2**31),
    ("from_float", "np.uint32(float(u[i] >> 8) * 0.5)", (U >> np.uint32(9))),
    ("maximum", "max(u[i], 70000)", np.maximum(U, np.uint32(70000))),
):
    uints.text(_name, "u", _body, U, expected=_values)


def _hashed(values: np.ndarray) -> np.ndarray:
    """Return the finaliser of MurmurHash3 (A. Appleby, public domain) of each value."""
    h = values.astype(np.uint64)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    return (h ^ (h >> np.uint64(16))).astype(np.uint32)


uints.text(
    "hash",
    "u",
    """
    h = u[i]
    h = (h ^ h >> 16) * 0x85EBCA6B
    h = (h ^ h >> 13) * 0xC2B2AE35
    return h ^ h >> 16
    """,
    U,
    expected=_hashed(U),
)
uints.text(
    "generator",
    "u",
    "s = u[i]\nfor k in range(5):\n    s = s * 1664525 + 1013904223\nreturn s >> 8",
    U,
    expected=np.array(
        [
            ((int(u) * 1664525**5 + 1013904223 * sum(1664525**k for k in range(5))) % 2**32) >> 8
            for u in U
        ],
        np.uint32,
    ),
)

GROUPS = (ints, mixed, floats, comparisons, bits, uints)
