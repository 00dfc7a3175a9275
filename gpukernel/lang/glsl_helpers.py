"""GLSL 3.30 functions that rows of the tables call: text only, no extensions.

In: nothing.  Out: strings, each one or more complete functions whose names start with ``gk_``.
What always holds: no undefined behaviour is relied on (shifts past 31, ``%`` of negatives, integer
division by zero, float to int out of range, nan comparisons inside ``min`` and ``max``); nan and
infinity are told apart and made by their bits; intermediate results stay in the normal range,
since drivers flush denormals.  A text that calls another is listed after it by its users.
"""

from __future__ import annotations

# ---------------------------------------------------------------- conversion and operators

TO_INT_HELPER = """\
int gk_to_int(float x) {
    if ((floatBitsToUint(x) & 0x7FFFFFFFu) > 0x7F800000u) return 0;
    if (x >= 2147483648.0) return 2147483647;
    if (x <= -2147483648.0) return -2147483647 - 1;
    return int(x);
}
"""

# The comparisons leave (0, 2**32) for the conversion, which is undefined outside of it.
TO_UINT_HELPER = """\
uint gk_to_uint(float x) {
    if ((floatBitsToUint(x) & 0x7FFFFFFFu) > 0x7F800000u) return 0u;
    if (x >= 4294967296.0) return 4294967295u;
    if (x <= 0.0) return 0u;
    return uint(x);
}
"""

UINT_POW_HELPER = """\
uint gk_upow(uint x, uint y) {
    uint result = 1u;
    uint base = x;
    for (uint n = y; n != 0u; n >>= 1) {
        if ((n & 1u) != 0u) result *= base;
        base *= base;
    }
    return result;
}
"""

# Needs UINT_POW_HELPER before it.
INT_POW_HELPER = """\
int gk_ipow(int x, int y) {
    return y < 0 ? 0 : int(gk_upow(uint(x), uint(y)));
}
"""

UINT_FLOORDIV_HELPER = """\
uint gk_ufloordiv(uint x, uint y) {
    if (y == 0u) return 0u;
    return x / y;
}
"""

UINT_MOD_HELPER = """\
uint gk_umod(uint x, uint y) {
    if (y == 0u) return 0u;
    return x % y;
}
"""

INT_FLOORDIV_HELPER = """\
int gk_ifloordiv(int x, int y) {
    if (y == 0) return 0;
    uint a = x < 0 ? 0u - uint(x) : uint(x);
    uint b = y < 0 ? 0u - uint(y) : uint(y);
    uint q = a / b;
    if ((x < 0) == (y < 0)) return int(q);
    return int(0u - (q * b == a ? q : q + 1u));
}
"""

INT_MOD_HELPER = """\
int gk_imod(int x, int y) {
    if (y == 0) return 0;
    uint a = x < 0 ? 0u - uint(x) : uint(x);
    uint b = y < 0 ? 0u - uint(y) : uint(y);
    uint r = a % b;
    if (r != 0u && (x < 0) != (y < 0)) r = b - r;
    return int(y < 0 ? 0u - r : r);
}
"""

SHL_HELPER = """\
int gk_shl(int x, int n) {
    if (n < 0 || n > 31) return 0;
    return int(uint(x) << uint(n));
}
"""

SHR_HELPER = """\
int gk_shr(int x, int n) {
    if (n < 0) return 0;
    return x >> min(n, 31);
}
"""

UINT_SHL_HELPER = """\
uint gk_ushl(uint x, uint n) {
    if (n > 31u) return 0u;
    return x << n;
}
"""

UINT_SHR_HELPER = """\
uint gk_ushr(uint x, uint n) {
    if (n > 31u) return 0u;
    return x >> n;
}
"""

# Exact: long division of the significands, eight quotient bits a step.
FLOAT_MOD_HELPER = """\
float gk_fmod(float x, float y) {
    uint sign_bit = floatBitsToUint(x) & 0x80000000u;
    uint a = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint b = floatBitsToUint(y) & 0x7FFFFFFFu;
    if (a >= 0x7F800000u || b > 0x7F800000u || b < 0x00800000u) return intBitsToFloat(0x7FC00000);
    if (a < b) return x;
    int exponent = int(b >> 23);
    int steps = int(a >> 23) - exponent;
    uint divisor = (b & 0x007FFFFFu) | 0x00800000u;
    uint rest = ((a & 0x007FFFFFu) | 0x00800000u) % divisor;
    while (steps > 0) {
        int bits = min(steps, 8);
        rest = (rest << uint(bits)) % divisor;
        steps -= bits;
    }
    if (rest == 0u) return uintBitsToFloat(sign_bit);
    uint scaled = floatBitsToUint(float(rest));
    int field = int(scaled >> 23) + exponent - 150;
    if (field <= 0) return uintBitsToFloat(sign_bit);
    return uintBitsToFloat(sign_bit | (uint(field) << 23) | (scaled & 0x007FFFFFu));
}
float gk_mod(float x, float y) {
    float rest = gk_fmod(x, y);
    if (rest == 0.0) return uintBitsToFloat(floatBitsToUint(y) & 0x80000000u);
    if ((rest < 0.0) != (y < 0.0)) rest += y;
    return rest;
}
"""

# As numpy.floor_divide; needs FLOAT_MOD_HELPER before it.
FLOAT_FLOORDIV_HELPER = """\
float gk_floordiv(float x, float y) {
    uint sign_bit = (floatBitsToUint(x) ^ floatBitsToUint(y)) & 0x80000000u;
    uint a = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint b = floatBitsToUint(y) & 0x7FFFFFFFu;
    if (a > 0x7F800000u || b > 0x7F800000u) return intBitsToFloat(0x7FC00000);
    if (b < 0x00800000u) {
        if (a < 0x00800000u) return intBitsToFloat(0x7FC00000);
        return uintBitsToFloat(sign_bit | 0x7F800000u);
    }
    if (a == 0x7F800000u) return intBitsToFloat(0x7FC00000);
    float rest = gk_fmod(x, y);
    float quotient = (x - rest) / y;
    if (rest != 0.0 && (rest < 0.0) != (y < 0.0)) quotient -= 1.0;
    if (quotient == 0.0) return uintBitsToFloat(sign_bit);
    float whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}
"""

# Products for small whole exponents are exact wherever the result is (past the fourth power only
# bases of five significant bits can be); the rest is exp2(y * log2(x)) with log2 carried in two
# floats whose products are exact (12-bit parts).
POW_HELPER = """\
float gk_pow(float x, float y) {
    if (y == 0.0 || x == 1.0) return 1.0;
    uint a = floatBitsToUint(x) & 0x7FFFFFFFu;
    uint b = floatBitsToUint(y) & 0x7FFFFFFFu;
    if (a > 0x7F800000u || b > 0x7F800000u) return intBitsToFloat(0x7FC00000);
    float size = abs(x);
    float power = abs(y);
    bool whole = b >= 0x4B800000u || floor(power) == power;
    bool odd = whole && b < 0x4B800000u && (int(power) & 1) != 0;
    uint sign_bit = odd ? floatBitsToUint(x) & 0x80000000u : 0u;
    if (size == 1.0 && b == 0x7F800000u) return 1.0;
    if (a < 0x00800000u || a == 0x7F800000u || b == 0x7F800000u) {
        return uintBitsToFloat((size > 1.0) == (y > 0.0) ? sign_bit | 0x7F800000u : sign_bit);
    }
    if (x < 0.0 && !whole) return intBitsToFloat(0x7FC00000);
    bool short_base = (a & 0x0007FFFFu) == 0u;
    if (whole && power <= (short_base ? 16.0 : 4.0)) {
        float product = 1.0;
        float square = size;
        for (int n = int(power); n != 0; n >>= 1) {
            if ((n & 1) != 0) product *= square;
            if (n > 1) square *= square;
        }
        if (sign_bit != 0u) product = -product;
        if (y > 0.0) return product;
        if (abs(product) > 1.0e-36 && abs(product) < 1.0e36) return 1.0 / product;
    }
    uint field = a + 0x004AFB0Du;
    int exponent = int(field >> 23) - 127;
    float m = uintBitsToFloat((field & 0x007FFFFFu) + 0x3F3504F3u);
    float f = m - 1.0;
    float t = m + 1.0;
    float t_high = uintBitsToFloat(floatBitsToUint(t) & 0xFFFFF000u);
    float t_low = m - (t_high - 1.0);
    float s = f / t;
    float s_high = uintBitsToFloat(floatBitsToUint(s) & 0xFFFFF000u);
    float s_low = ((f - s_high * t_high) - s_high * t_low) / t;
    float z = s * s;
    float tail = s_low + s * z * (0.3333333328 + z * (0.2000006154 + z * (0.1427534543
        + z * 0.1166690867)));
    float top = s_high * 2.884765625;
    float rest = s_high * 0.0006244566 + tail * 2.885390082;
    float log_high = uintBitsToFloat(floatBitsToUint(float(exponent) + (top + rest))
        & 0xFFFFF000u);
    float log_low = ((float(exponent) - log_high) + top) + rest;
    float y_high = uintBitsToFloat(floatBitsToUint(y) & 0xFFFFF000u);
    float high = y_high * log_high;
    float low = (y - y_high) * log_high + y * log_low;
    if (high + low >= 128.0) return uintBitsToFloat(sign_bit | 0x7F800000u);
    if (high + low < -150.0) return uintBitsToFloat(sign_bit);
    float n = floor(high + low + 0.5);
    float r = ((high - n) + low) * 0.6931471806;
    float result = 1.0 + (r + r * r * (0.5000000013 + r * (0.1666666672 + r * (0.04166646491
        + r * (0.00833329847 + r * (0.001393365035 + r * 0.0001989928506))))));
    int half_n = int(n) >> 1;
    result *= intBitsToFloat((half_n + 127) << 23);
    result *= intBitsToFloat((int(n) - half_n + 127) << 23);
    return sign_bit != 0u ? -result : result;
}
"""
