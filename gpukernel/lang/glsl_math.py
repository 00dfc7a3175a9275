"""GLSL 3.30 lowerings of the mathematical builtins, with a known accuracy on every driver.

In: nothing.  Out: tuples of complete GLSL functions, callees first, for `Overload.helpers`.
What always holds: as in `glsl_helpers`.  GLSL's own exp, log, tanh and their like lose all relative
accuracy near 0 or 1 on real drivers, and are undefined outside their domains; these are not.

Polynomials are least-squares fits on Chebyshev nodes of the exact functions, made for this file.
The range reductions are the classical ones: W. J. Cody and W. Waite, "Software Manual for the
Elementary Functions", 1980; erfc as exp(-x*x) times a smooth function of (x - 2) / (x + 2): M. M.
Shepherd and J. G. Laframboise, "Chebyshev Approximation of (1 + 2x)exp(x^2)erfc x", 1981; lgamma
by Stirling's series, recurrence and reflection: NIST Handbook of Mathematical Functions, 5.5, 5.11.
"""

from __future__ import annotations

# ---------------------------------------------------------------- bits

_ISNAN = """\
bool gk_isnan(float x) {
    return (floatBitsToUint(x) & 0x7FFFFFFFu) > 0x7F800000u;
}
"""
ISNAN = (_ISNAN,)

ISINF = (
    """\
bool gk_isinf(float x) {
    return (floatBitsToUint(x) & 0x7FFFFFFFu) == 0x7F800000u;
}
""",
)

_ISFINITE = """\
bool gk_isfinite(float x) {
    return (floatBitsToUint(x) & 0x7FFFFFFFu) < 0x7F800000u;
}
"""
ISFINITE = (_ISFINITE,)

SIGNBIT = (
    """\
bool gk_signbit(float x) {
    return (floatBitsToUint(x) & 0x80000000u) != 0u;
}
""",
)

_COPYSIGN = """\
float gk_copysign(float x, float y) {
    return uintBitsToFloat((floatBitsToUint(x) & 0x7FFFFFFFu)
        | (floatBitsToUint(y) & 0x80000000u));
}
"""
COPYSIGN = (_COPYSIGN,)

_NAN = "intBitsToFloat(0x7FC00000)"
_INF = "intBitsToFloat(0x7F800000)"

# ---------------------------------------------------------------- order

# Drivers turn a bare `b < a ? b : a` into their own min, which drops nan: nan is tested by bits.
_MIN = """\
float gk_min(float a, float b) {
    return gk_isnan(a) || gk_isnan(b) || a <= b ? a : b;
}
"""
_MAX = """\
float gk_max(float a, float b) {
    return gk_isnan(a) || gk_isnan(b) || a >= b ? a : b;
}
"""
MIN = (_ISNAN, _MIN)
MAX = (_ISNAN, _MAX)
_MINIMUM = """\
float gk_minimum(float a, float b) {
    return gk_isnan(a) || a < b ? a : b;
}
"""
_MAXIMUM = """\
float gk_maximum(float a, float b) {
    return gk_isnan(a) || a > b ? a : b;
}
"""
MINIMUM = (_ISNAN, _MINIMUM)
MAXIMUM = (_ISNAN, _MAXIMUM)
FMIN = (
    _ISNAN,
    """\
float gk_fmin(float a, float b) {
    return gk_isnan(b) || (!gk_isnan(a) && a < b) ? a : b;
}
""",
)
FMAX = (
    _ISNAN,
    """\
float gk_fmax(float a, float b) {
    return gk_isnan(b) || (!gk_isnan(a) && a > b) ? a : b;
}
""",
)
CLIP = (
    _ISNAN,
    _MINIMUM,
    _MAXIMUM,
    """\
float gk_clip(float x, float low, float high) {
    return gk_minimum(gk_maximum(x, low), high);
}
""",
)
CLAMP = (
    _ISNAN,
    _MIN,
    _MAX,
    """\
float gk_clamp(float x, float low, float high) {
    return gk_min(gk_max(x, low), high);
}
""",
)
SIGN = (
    _ISNAN,
    """\
float gk_sign(float x) {
    if (gk_isnan(x)) return x;
    return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : 0.0);
}
""",
)
STEP = ("float gk_step(float edge, float x) {\n    return x < edge ? 0.0 : 1.0;\n}\n",)
SMOOTHSTEP = (
    _ISNAN,
    """\
float gk_smoothstep(float edge0, float edge1, float x) {
    if (edge0 == edge1) return x < edge0 ? 0.0 : 1.0;
    float t = (x - edge0) / (edge1 - edge0);
    if (gk_isnan(t)) return t;
    t = t < 0.0 ? 0.0 : (t > 1.0 ? 1.0 : t);
    return t * t * (3.0 - 2.0 * t);
}
""",
)
FRACT = (
    _ISFINITE,
    f"""\
float gk_fract(float x) {{
    return gk_isfinite(x) ? x - floor(x) : {_NAN};
}}
""",
)
SQUARE = ("float gk_square(float x) {\n    return x * x;\n}\n",)
RECIPROCAL = (
    """\
float gk_reciprocal(float x) {
    uint size = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint sign_bit = floatBitsToUint(x) & 0x80000000u;
    if (size < 0x00800000u) return uintBitsToFloat(sign_bit | 0x7F800000u);
    if (size > 0x7E800000u && size <= 0x7F800000u) return uintBitsToFloat(sign_bit);
    return 1.0 / x;
}
""",
)
HEAVISIDE = (
    _ISNAN,
    """\
float gk_heaviside(float x, float at_zero) {
    if (gk_isnan(x)) return x;
    return x > 0.0 ? 1.0 : (x < 0.0 ? 0.0 : at_zero);
}
""",
)
ISCLOSE = (
    _ISFINITE,
    """\
bool gk_isclose(float a, float b, float rel_tol, float abs_tol) {
    if (a == b) return true;
    if (!gk_isfinite(a) || !gk_isfinite(b)) return false;
    float difference = abs(b - a);
    return difference <= abs(rel_tol * b) || difference <= abs(rel_tol * a)
        || difference <= abs_tol;
}
""",
)
NP_ISCLOSE = (
    _ISFINITE,
    """\
bool gk_np_isclose(float a, float b, float rtol, float atol) {
    if (a == b) return true;
    if (!gk_isfinite(a) || !gk_isfinite(b)) return false;
    return abs(a - b) <= atol + rtol * abs(b);
}
""",
)

# ---------------------------------------------------------------- integers

_UINT_GCD = """\
uint gk_ugcd(uint a, uint b) {
    uint x = a;
    uint y = b;
    while (y != 0u) {
        uint rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}
"""
_UINT_LCM = """\
uint gk_ulcm(uint a, uint b) {
    if (a == 0u || b == 0u) return 0u;
    return a / gk_ugcd(a, b) * b;
}
"""
_MAGNITUDE = "uint gk_magnitude(int x) {\n    return x < 0 ? 0u - uint(x) : uint(x);\n}\n"
UINT_GCD = (_UINT_GCD,)
UINT_LCM = (_UINT_GCD, _UINT_LCM)
GCD = (
    _UINT_GCD,
    _MAGNITUDE,
    """\
int gk_gcd(int a, int b) {
    return int(gk_ugcd(gk_magnitude(a), gk_magnitude(b)));
}
""",
)
LCM = (
    _UINT_GCD,
    _UINT_LCM,
    _MAGNITUDE,
    """\
int gk_lcm(int a, int b) {
    int product = int(gk_ulcm(gk_magnitude(a), gk_magnitude(b)));
    return product < 0 ? int(0u - uint(product)) : product;
}
""",
)
_UINT_ISQRT = """\
uint gk_uisqrt(uint n) {
    uint rest = n;
    uint root = 0u;
    for (uint bit = 0x40000000u; bit != 0u; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}
"""
UINT_ISQRT = (_UINT_ISQRT,)
ISQRT = (
    _UINT_ISQRT,
    """\
int gk_isqrt(int n) {
    return n <= 0 ? 0 : int(gk_uisqrt(uint(n)));
}
""",
)
INT_FMOD = (
    """\
int gk_ifmod(int x, int y) {
    if (y == 0) return 0;
    uint a = x < 0 ? 0u - uint(x) : uint(x);
    uint b = y < 0 ? 0u - uint(y) : uint(y);
    uint rest = a % b;
    return int(x < 0 ? 0u - rest : rest);
}
""",
)
ISIGN = ("int gk_isign(int x) {\n    return x > 0 ? 1 : (x < 0 ? -1 : 0);\n}\n",)

# ---------------------------------------------------------------- roots

_SQRT = f"""\
float gk_sqrt(float x) {{
    return x < 0.0 ? {_NAN} : sqrt(x);
}}
"""
SQRT = (_SQRT,)

# Two steps of Halley's method from an estimate that divides the exponent by three.
CBRT = (
    """\
float gk_cbrt(float x) {
    uint bits = floatBitsToUint(x) & 0x7FFFFFFFu;
    if (bits < 0x00800000u || bits >= 0x7F800000u) return x;
    float a = abs(x);
    float back = 1.0;
    if (a > 1.0e30) {
        a *= 9.313225746154785e-10;
        back = 1024.0;
    } else if (a < 1.0e-30) {
        a *= 1073741824.0;
        back = 0.0009765625;
    }
    float root = uintBitsToFloat(floatBitsToUint(a) / 3u + 0x2A514067u);
    for (int k = 0; k < 3; k++) {
        float cube = root * root * root;
        root -= root * ((cube - a) / (2.0 * cube + a));
    }
    root *= back;
    return x < 0.0 ? -root : root;
}
""",
)
# Scaling by a power of two keeps whole Pythagorean triples exact.
HYPOT = (
    f"""\
float gk_hypot(float x, float y) {{
    uint a = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint b = floatBitsToUint(y) & 0x7FFFFFFFu;
    uint large = max(a, b);
    if (a == 0x7F800000u || b == 0x7F800000u) return {_INF};
    if (large > 0x7F800000u) return {_NAN};
    if (large < 0x00800000u) return 0.0;
    int exponent = clamp(int(large >> 23) - 127, -125, 125);
    float scale = intBitsToFloat((127 - exponent) << 23);
    float u = x * scale;
    float v = y * scale;
    return sqrt(u * u + v * v) * intBitsToFloat((127 + exponent) << 23);
}}
""",
)

# ---------------------------------------------------------------- exponentials and logarithms

_EXP_POLYNOMIAL = """\
float gk_expm1_near_zero(float r) {
    return r + r * r * (0.5000000013 + r * (0.1666666672 + r * (0.04166646491
        + r * (0.00833329847 + r * (0.001393365035 + r * 0.0001989928506)))));
}
"""
_SCALE = """\
float gk_scale(float x, int n) {
    int half_n = n >> 1;
    return x * intBitsToFloat((half_n + 127) << 23) * intBitsToFloat((n - half_n + 127) << 23);
}
"""
_EXP = f"""\
float gk_exp(float x) {{
    if (gk_isnan(x)) return x;
    if (x > 89.0) return {_INF};
    if (x < -104.0) return 0.0;
    float n = floor(x * 1.442695041 + 0.5);
    float r = (x - n * 0.693359375) + n * 2.12194440054690583e-4;
    return gk_scale(1.0 + gk_expm1_near_zero(r), int(n));
}}
"""
EXP = (_ISNAN, _EXP_POLYNOMIAL, _SCALE, _EXP)
EXP2 = (
    _ISNAN,
    _EXP_POLYNOMIAL,
    _SCALE,
    f"""\
float gk_exp2(float x) {{
    if (gk_isnan(x)) return x;
    if (x >= 128.0) return {_INF};
    if (x < -150.0) return 0.0;
    float n = floor(x + 0.5);
    return gk_scale(1.0 + gk_expm1_near_zero((x - n) * 0.6931471806), int(n));
}}
""",
)
_EXPM1 = f"""\
float gk_expm1(float x) {{
    if (gk_isnan(x) || x == 0.0) return x;
    if (x > 89.0) return {_INF};
    if (x < -18.0) return -1.0;
    float n = floor(x * 1.442695041 + 0.5);
    float r = (x - n * 0.693359375) + n * 2.12194440054690583e-4;
    float half_scale = intBitsToFloat((int(n) + 126) << 23);
    return 2.0 * (half_scale * gk_expm1_near_zero(r) + (half_scale - 0.5));
}}
"""
EXPM1 = (_ISNAN, _EXP_POLYNOMIAL, _EXPM1)

# log(x) = exponent * log(2) + 2 * atanh(s), s = (m - 1) / (m + 1), m in [sqrt(1/2), sqrt(2)].
_LOG_PARTS = """\
float gk_log_parts(float x, out float exponent) {
    uint field = floatBitsToUint(x) + 0x004AFB0Du;
    exponent = float(int(field >> 23) - 127);
    float f = uintBitsToFloat((field & 0x007FFFFFu) + 0x3F3504F3u) - 1.0;
    float s = f / (2.0 + f);
    float z = s * s;
    float series = z * (0.3333333328 + z * (0.2000006154 + z * (0.1427534543
        + z * 0.1166690867)));
    return f - s * (f - 2.0 * series);
}
"""
_LOG_EDGES = f"""\
float gk_log_edge(float x) {{
    uint bits = floatBitsToUint(x);
    if ((bits & 0x7FFFFFFFu) < 0x00800000u) return -{_INF};
    return bits == 0x7F800000u ? x : {_NAN};
}}
"""


def _logarithm(name: str, result: str) -> str:
    """Return a logarithm that combines the exponent and the log of the significand."""
    return f"""\
float {name}(float x) {{
    if (!(floatBitsToUint(x) - 0x00800000u < 0x7F000000u)) return gk_log_edge(x);
    float exponent;
    float rest = gk_log_parts(x, exponent);
    return {result};
}}
"""


_LOG = _logarithm("gk_log", "exponent * 0.693359375 + (rest - exponent * 2.12194440054690583e-4)")
LOG = (_LOG_PARTS, _LOG_EDGES, _LOG)
LOG2 = (
    _LOG_PARTS,
    _LOG_EDGES,
    _logarithm("gk_log2", "exponent + (rest + rest * 0.4426950408889634)"),
)
LOG10 = (
    _LOG_PARTS,
    _LOG_EDGES,
    _logarithm(
        "gk_log10",
        "exponent * 0.30078125 + (exponent * 2.48745663981195e-4 + rest * 0.4342944819)",
    ),
)
_LOG1P = """\
float gk_log1p(float x) {
    if (!(abs(x) < 0.5)) return gk_log(1.0 + x);
    if (x == 0.0) return x;
    float s = x / (2.0 + x);
    float z = s * s;
    float series = z * (0.3333333332 + z * (0.2000000549 + z * (0.1428514556
        + z * (0.1113254043 + z * (0.08730444128 + z * 0.1040069124)))));
    return x - s * (x - 2.0 * series);
}
"""
LOG1P = (*LOG, _LOG1P)

# ---------------------------------------------------------------- trigonometry


def _finite(name: str, call: str) -> tuple[str, ...]:
    """Return a GLSL function that gives nan where the driver's own is undefined."""
    return (
        _ISFINITE,
        f"float {name}(float x) {{\n    return gk_isfinite(x) ? {call} : {_NAN};\n}}\n",
    )


SIN = _finite("gk_sin", "sin(x)")
COS = _finite("gk_cos", "cos(x)")
TAN = _finite("gk_tan", "sin(x) / cos(x)")

_ATAN_UNIT = """\
float gk_atan_unit(float t) {
    float base = 0.0;
    float u = t;
    if (t > 0.4142135624) {
        base = 0.7853981634;
        u = (t - 1.0) / (t + 1.0);
    }
    float z = u * u;
    return base + (u + u * z * (-0.3333330748 + z * (0.1999821015 + z * (-0.142399709
        + z * (0.1057272442 - z * 0.06033008441)))));
}
"""
ATAN = (
    _ISNAN,
    _COPYSIGN,
    _ATAN_UNIT,
    """\
float gk_atan(float x) {
    if (gk_isnan(x) || x == 0.0) return x;
    float a = abs(x);
    float angle = a > 1.0e9 ? 1.570796327
        : (a > 1.0 ? 1.570796327 - gk_atan_unit(1.0 / a) : gk_atan_unit(a));
    return gk_copysign(angle, x);
}
""",
)
ATAN2 = (
    _ISNAN,
    _COPYSIGN,
    _ATAN_UNIT,
    f"""\
float gk_atan2(float y, float x) {{
    if (gk_isnan(x) || gk_isnan(y)) return {_NAN};
    float a = abs(y);
    float b = abs(x);
    float large = max(a, b);
    float angle = 0.0;
    if (floatBitsToUint(large) == 0x7F800000u) {{
        angle = a == b ? 0.7853981634 : (a > b ? 1.570796327 : 0.0);
    }} else if (floatBitsToUint(large) >= 0x00800000u) {{
        float scale = large > 1.0e18 ? 1.0842021724855044e-19
            : (large < 1.0e-18 ? 9223372036854775808.0 : 1.0);
        float ratio = (min(a, b) * scale) / (large * scale);
        angle = a > b ? 1.570796327 - gk_atan_unit(ratio) : gk_atan_unit(ratio);
    }}
    if ((floatBitsToUint(x) & 0x80000000u) != 0u) angle = 3.141592654 - angle;
    return gk_copysign(angle, y);
}}
""",
)
_ASIN_SMALL = """\
float gk_asin_small(float x) {
    float z = x * x;
    return x + x * z * (0.1666665721 + z * (0.07500591502 + z * (0.04450524201
        + z * (0.03188414302 + z * (0.01419882776 + z * 0.03780636182)))));
}
"""
ASIN = (
    _COPYSIGN,
    _ASIN_SMALL,
    f"""\
float gk_asin(float x) {{
    float a = abs(x);
    if (!(a <= 1.0)) return {_NAN};
    if (a <= 0.5) return gk_asin_small(x);
    return gk_copysign(1.570796327 - 2.0 * gk_asin_small(sqrt(0.5 * (1.0 - a))), x);
}}
""",
)
ACOS = (
    _ASIN_SMALL,
    f"""\
float gk_acos(float x) {{
    float a = abs(x);
    if (!(a <= 1.0)) return {_NAN};
    if (a <= 0.5) return 1.570796327 - gk_asin_small(x);
    float angle = 2.0 * gk_asin_small(sqrt(0.5 * (1.0 - a)));
    return x < 0.0 ? 3.141592654 - angle : angle;
}}
""",
)

# ---------------------------------------------------------------- hyperbolic functions

SINH = (
    *EXPM1,
    _SCALE,
    _EXP,
    _COPYSIGN,
    """\
float gk_sinh(float x) {
    if (gk_isnan(x) || x == 0.0) return x;
    float a = abs(x);
    float result;
    if (a < 10.0) {
        float e = gk_expm1(a);
        result = 0.5 * (e + e / (e + 1.0));
    } else {
        float root = gk_exp(0.5 * a);
        result = (0.5 * root) * root;
    }
    return gk_copysign(result, x);
}
""",
)
COSH = (
    *EXPM1,
    _SCALE,
    _EXP,
    """\
float gk_cosh(float x) {
    if (gk_isnan(x)) return x;
    float a = abs(x);
    if (a < 1.0) {
        float e = gk_expm1(a);
        return 1.0 + e * e / (2.0 + 2.0 * e);
    }
    if (a < 10.0) {
        float e = gk_exp(a);
        return 0.5 * e + 0.5 / e;
    }
    float root = gk_exp(0.5 * a);
    return (0.5 * root) * root;
}
""",
)
TANH = (
    *EXPM1,
    _COPYSIGN,
    """\
float gk_tanh(float x) {
    if (gk_isnan(x) || x == 0.0) return x;
    float a = abs(x);
    if (a > 9.5) return gk_copysign(1.0, x);
    float e = gk_expm1(2.0 * a);
    return gk_copysign(e / (e + 2.0), x);
}
""",
)
ASINH = (
    *LOG1P,
    _ISNAN,
    _COPYSIGN,
    """\
float gk_asinh(float x) {
    if (gk_isnan(x) || x == 0.0) return x;
    float a = abs(x);
    if (a > 4096.0) return gk_copysign(gk_log(a) + 0.6931471806, x);
    float square = a * a;
    return gk_copysign(gk_log1p(a + square / (1.0 + sqrt(square + 1.0))), x);
}
""",
)
ACOSH = (
    *LOG1P,
    f"""\
float gk_acosh(float x) {{
    if (!(x >= 1.0)) return {_NAN};
    if (x > 4096.0) return gk_log(x) + 0.6931471806;
    float t = x - 1.0;
    return gk_log1p(t + sqrt(2.0 * t + t * t));
}}
""",
)
ATANH = (
    *LOG1P,
    _COPYSIGN,
    f"""\
float gk_atanh(float x) {{
    float a = abs(x);
    if (!(a <= 1.0)) return {_NAN};
    if (x == 0.0) return x;
    if (a == 1.0) return gk_copysign({_INF}, x);
    return gk_copysign(0.5 * gk_log1p(2.0 * a / (1.0 - a)), x);
}}
""",
)

# ---------------------------------------------------------------- remainder

# As IEEE 754's remainder; needs FLOAT_MOD_HELPER before it.
REMAINDER = (
    f"""\
float gk_remainder(float x, float y) {{
    uint b_bits = floatBitsToUint(y) & 0x7FFFFFFFu;
    if (!(abs(x) < {_INF}) || b_bits > 0x7F800000u || b_bits < 0x00800000u) return {_NAN};
    if (b_bits == 0x7F800000u || x == 0.0) return x;
    float b = abs(y);
    float a = b_bits < 0x7F000000u ? gk_fmod(abs(x), b + b) : abs(x);
    if (b_bits < 0x01800000u) {{
        if (a + a > b) {{
            a -= b;
            if (a + a >= b) a -= b;
        }}
    }} else if (a > 0.5 * b) {{
        a -= b;
        if (a >= 0.5 * b) a -= b;
    }}
    return uintBitsToFloat(floatBitsToUint(a) ^ (floatBitsToUint(x) & 0x80000000u));
}}
""",
)

# ---------------------------------------------------------------- error and gamma functions

_ERF_SMALL = """\
float gk_erf_small(float x) {
    float z = x * x;
    return x * (1.128379166 + z * (-0.376126269 + z * (0.1128359746 + z * (-0.0268543288
        + z * (0.005189311943 + z * (-0.0008018854997 + z * 7.882497123e-05))))));
}
"""
_ERFC_LARGE = """\
float gk_erfc_large(float x) {
    if (x > 10.2) return 0.0;
    float u = (x - 2.0) / (x + 2.0);
    float smooth_part = 1.276978381 + u * (-0.09276381145 + u * (-0.1660302598
        + u * (0.1640503555 + u * (-0.05422417737 + u * (-0.008016156097
        + u * (0.008759544935 + u * (0.001124448904 - u * 0.001525678781)))))));
    float high = uintBitsToFloat(floatBitsToUint(x) & 0xFFFFF000u);
    float decay = gk_exp(-high * high) * gk_exp((high - x) * (high + x));
    return decay * (smooth_part / (1.0 + 2.0 * x));
}
"""
_ERF_PARTS = (*EXP, _ERF_SMALL, _ERFC_LARGE)
ERF = (
    *_ERF_PARTS,
    _COPYSIGN,
    """\
float gk_erf(float x) {
    if (gk_isnan(x)) return x;
    float a = abs(x);
    return a < 1.0 ? gk_erf_small(x) : gk_copysign(1.0 - gk_erfc_large(a), x);
}
""",
)
ERFC = (
    *_ERF_PARTS,
    """\
float gk_erfc(float x) {
    if (gk_isnan(x)) return x;
    if (abs(x) < 0.5) return 1.0 - gk_erf_small(x);
    float tail = abs(x) < 1.0 ? 1.0 - gk_erf_small(abs(x)) : gk_erfc_large(abs(x));
    return x < 0.0 ? 2.0 - tail : tail;
}
""",
)
# The recurrence moves x to [1, 2]; beyond 36.0 all overflows, or is zero.
GAMMA = (
    _ISNAN,
    f"""\
float gk_gamma(float x) {{
    if (gk_isnan(x)) return x;
    uint bits = floatBitsToUint(x);
    if ((bits & 0x7FFFFFFFu) < 0x00800000u) return uintBitsToFloat(bits | 0x7F800000u);
    if (x > 36.0) return {_INF};
    if (x < 0.0 && floor(x) == x) return {_NAN};
    if (x < -42.0) return x < -1.0e6 || (int(floor(x)) & 1) == 0 ? 0.0 : -0.0;
    float product = 1.0;
    float divisor = 1.0;
    float result = 1.0;
    float t = x;
    while (t > 2.0) {{
        t -= 1.0;
        product *= t;
    }}
    for (int k = 0; t < 1.0; k++) {{
        if (k > 0 && (k & 15) == 0) {{
            result /= divisor;
            divisor = 1.0;
        }}
        divisor *= t;
        t += 1.0;
    }}
    float u = t - 1.5;
    result /= divisor;
    return result * product * (0.8862269246 + u * (0.03233828362 + u * (0.4148137082
        + u * (-0.1072858207 + u * (0.1446336499 + u * (-0.07772028495 + u * (0.05880590467
        + u * (-0.03625772053 + u * (0.02438126141 + u * (-0.02374981865
        + u * 0.01634585786))))))))));
}}
""",
)
_LGAMMA_NEAR_TWO = """\
float gk_lgamma_near_two(float t) {
    return t * (0.422784335 + t * (0.3224670337 + t * (-0.0673522813 + t * (0.02058078833
        + t * (-0.007386177635 + t * (0.002890956186 + t * (-0.001185837711
        + t * (0.0005056574464 + t * (-0.0002538618228 + t * 0.0001150035166)))))))));
}
"""
_LGAMMA_POSITIVE = """\
float gk_lgamma_positive(float x) {
    if (x < 0.5) return (gk_lgamma_near_two(x) - gk_log1p(x)) - gk_log(x);
    if (x < 1.5) return gk_lgamma_near_two(x - 1.0) - gk_log1p(x - 1.0);
    if (x < 8.0) {
        float product = 1.0;
        while (x > 2.5) {
            x -= 1.0;
            product *= x;
        }
        return gk_lgamma_near_two(x - 2.0) + gk_log(product);
    }
    float inverse = 1.0 / x;
    float z = inverse * inverse;
    return (x - 0.5) * (gk_log(x) - 1.0) + (0.4189385332
        + inverse * (0.08333333333 + z * (-0.002777777778 + z * 0.0007936507937)));
}
"""
LGAMMA = (
    *LOG1P,
    _LGAMMA_NEAR_TWO,
    _LGAMMA_POSITIVE,
    f"""\
float gk_lgamma(float x) {{
    uint bits = floatBitsToUint(x) & 0x7FFFFFFFu;
    if (bits > 0x7F800000u) return x;
    if (bits < 0x00800000u || bits == 0x7F800000u || (x < 0.0 && floor(x) == x)) return {_INF};
    if (x > 4.0e36) return {_INF};
    if (x > 0.0) return gk_lgamma_positive(x);
    float part = x - floor(x);
    part = min(part, 1.0 - part);
    if (abs(x) < 0.5) part = abs(x);
    float z = part * part;
    float sine = part * (3.141592654 + z * (-5.167712765 + z * (2.550163319
        + z * (-0.5992521978 + z * (0.08205040173 - z * 0.007028386281)))));
    return (1.144729886 - gk_log(sine)) - (gk_log(abs(x)) + gk_lgamma_positive(abs(x)));
}}
""",
)
