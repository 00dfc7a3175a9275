"""Counter-based random numbers, as rows: what `random`, `randint` and `normal` become.

The front end calls these rows; users cannot.  In: the launch's 64-bit seed as two words, the
row-major number of the output cell, and how many numbers the invocation has drawn so far.  Out:
the draw, with the same bits on every device and machine, since all but the last conversion to
float (exact) is done on 32-bit ints.

The generator is Threefry-2x32 with 20 rounds: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E.
Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.  The seed is its key, cell and draw
are its counter, and the first word of its block is the draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gpukernel.lang.normal_table import QUANTILE
from gpukernel.lang.table import Overload, Row

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA  # the third key word is this xor the other two
_TERMS = len(QUANTILE[0])
_COEFFICIENTS = np.array(QUANTILE, np.uint64).T.copy()  # one row a term

Words = Any  # uint32 array or NumPy scalar

# ---------------------------------------------------------------- NumPy


def threefry(seed_low: Words, seed_high: Words, cell: Words, draw: Words) -> tuple[Words, Words]:
    """Return one block of Threefry-2x32-20, two words, for every key and counter.

    Args:
        seed_low, seed_high: the key.
        cell, draw: the counter; all four are uint32 and broadcast.
    """
    key = [np.asarray(seed_low, np.uint32), np.asarray(seed_high, np.uint32)]
    key.append(key[0] ^ key[1] ^ np.uint32(_PARITY))
    shape = np.broadcast_shapes(*(np.shape(word) for word in (*key, cell, draw)))
    x = np.empty((1, *shape), np.uint32)  # arrays of one axis or more: scalars warn when they wrap
    y, spill = np.empty_like(x), np.empty_like(x)
    np.add(cell, key[0], out=x)
    np.add(draw, key[1], out=y)
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x += y
            np.right_shift(y, np.uint32(32 - rotation), out=spill)
            y <<= np.uint32(rotation)
            y |= spill
            y ^= x
        x += key[(group + 1) % 3]
        y += key[(group + 2) % 3]
        y += np.uint32(group + 1)
    return x[0][()], y[0][()]


def _random_bits(seed_low: Words, seed_high: Words, cell: Words, draw: Words) -> Words:
    return threefry(seed_low, seed_high, cell, draw)[0]


def _random_float(bits: Words) -> Any:
    return np.multiply(np.right_shift(bits, np.uint32(8)), 2.0**-24, dtype=np.float32)


def _random_int(bits: Words, low: Any, high: Any) -> Any:
    span = np.asarray(high, np.int64) - np.asarray(low, np.int64)
    step = (np.asarray(bits, np.uint64) * np.maximum(span, 0).astype(np.uint64)) >> np.uint64(32)
    return np.asarray(low + step.astype(np.int64)).astype(np.int32)[()]


def _random_normal(bits: Words) -> Any:
    """Return the quantile at ``(bits + 0.5) / 2**32``: see `normal_table`."""
    bits = np.asarray(bits, np.uint32)
    positive = bits >> np.uint32(31) == 1
    rest = np.where(positive, ~bits, bits) << np.uint32(1)
    zeros = np.zeros(bits.shape, np.intp)
    for count in (16, 8, 4, 2, 1):
        small = rest >> np.uint32(32 - count) == 0
        rest = np.where(small, rest << np.uint32(count), rest)
        zeros += count * small
    place = (rest << np.uint32(1)).astype(np.uint64)
    value = _COEFFICIENTS[-1][zeros]
    for of_term in _COEFFICIENTS[-2::-1]:
        value = of_term[zeros] - (value * place >> np.uint64(32))
    size = ((value + np.uint64(128)) >> np.uint64(8)).astype(np.int32)
    return np.multiply(np.where(positive, size, -size), 2.0**-21, dtype=np.float32)[()]


# ---------------------------------------------------------------- GLSL


def _threefry_helper() -> str:
    """Return the generator with its rounds written out."""
    lines = [
        "uint gk_rotate(uint x, int n) {",
        "    return (x << n) | (x >> (32 - n));",
        "}",
        "uint gk_threefry(uint seed_low, uint seed_high, uint cell, uint draw) {",
        f"    uint key[3] = uint[3](seed_low, seed_high, seed_low ^ seed_high ^ {_PARITY}u);",
        "    uint x = cell + seed_low;",
        "    uint y = draw + seed_high;",
    ]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            lines.append(f"    x += y; y = gk_rotate(y, {rotation}) ^ x;")
        first, second = (group + 1) % 3, (group + 2) % 3
        lines.append(f"    x += key[{first}]; y += key[{second}] + {group + 1}u;")
    return "\n".join([*lines, "    return x;", "}\n"])


_MULTIPLY_HIGH = """\
uint gk_multiply_high(uint x, uint y) {
    uint x_low = x & 0xFFFFu;
    uint y_low = y & 0xFFFFu;
    uint middle = (x >> 16) * y_low + (x_low * y_low >> 16);
    uint other = x_low * (y >> 16) + (middle & 0xFFFFu);
    return (x >> 16) * (y >> 16) + (middle >> 16) + (other >> 16);
}
"""
_RANDOM_INT = """\
int gk_random_int(uint bits, int low, int high) {
    if (high <= low) return low;
    return int(uint(low) + gk_multiply_high(bits, uint(high) - uint(low)));
}
"""


def _normal_helper() -> str:
    """Return the quantile function and its table."""
    rows = [", ".join(f"{number}u" for number in row) for row in QUANTILE]
    count = len(QUANTILE) * _TERMS
    table = f"const uint gk_quantile[{count}] = uint[{count}](\n    " + ",\n    ".join(rows) + ");"
    body = f"""
float gk_random_normal(uint bits) {{
    bool positive = (bits >> 31) == 1u;
    uint rest = (positive ? ~bits : bits) << 1;
    int zeros = 0;
    if ((rest >> 16) == 0u) {{ rest <<= 16; zeros += 16; }}
    if ((rest >> 24) == 0u) {{ rest <<= 8; zeros += 8; }}
    if ((rest >> 28) == 0u) {{ rest <<= 4; zeros += 4; }}
    if ((rest >> 30) == 0u) {{ rest <<= 2; zeros += 2; }}
    if ((rest >> 31) == 0u) {{ rest <<= 1; zeros += 1; }}
    uint place = rest << 1;
    int first = zeros * {_TERMS};
    uint value = gk_quantile[first + {_TERMS - 1}];
    for (int term = {_TERMS - 2}; term >= 0; term--) {{
        value = gk_quantile[first + term] - gk_multiply_high(value, place);
    }}
    int size = int((value + 128u) >> 8);
    return float(positive ? size : -size) * 4.76837158203125e-7;
}}
"""
    return table + body


# ---------------------------------------------------------------- rows

RANDOM_BITS = Row(
    name="random_bits",
    parameters=("seed_low", "seed_high", "cell", "draw"),
    overloads=(
        Overload(
            "uint, uint, uint, uint -> uint",
            "gk_threefry({0}, {1}, {2}, {3})",
            _random_bits,
            (_threefry_helper(),),
        ),
    ),
    python=(),
    doc="32 random bits: one draw of one cell.",
    domain=((0, 2**32 - 1),) * 4,
)
RANDOM_FLOAT = Row(
    name="random_float",
    parameters=("bits",),
    overloads=(
        Overload("uint -> float", "float({0} >> 8) * 5.9604644775390625e-8", _random_float),
    ),
    python=(),
    doc="The multiple of 2**-24 in [0, 1) that the upper 24 bits name.",
    domain=((0, 2**32 - 1),),
)
RANDOM_INT = Row(
    name="random_int",
    parameters=("bits", "low", "high"),
    overloads=(
        Overload(
            "uint, int, int -> int",
            "gk_random_int({0}, {1}, {2})",
            _random_int,
            (_MULTIPLY_HIGH, _RANDOM_INT),
        ),
    ),
    python=(),
    doc="low + floor(bits * (high - low) / 2**32); low where high is not above it.",
    domain=((0, 2**32 - 1), (-(2**31), 2**31 - 1), (-(2**31), 2**31 - 1)),
)
RANDOM_NORMAL = Row(
    name="random_normal",
    parameters=("bits",),
    overloads=(
        Overload(
            "uint -> float",
            "gk_random_normal({0})",
            _random_normal,
            (_MULTIPLY_HIGH, _normal_helper()),
        ),
    ),
    python=(),
    doc="Quantile of the standard normal distribution at (bits + 0.5) / 2**32, within 4e-7.",
    domain=((0, 2**32 - 1),),
)
RANDOM_ROWS = (RANDOM_BITS, RANDOM_FLOAT, RANDOM_INT, RANDOM_NORMAL)
