"""Arrays: captures, several outputs, dtypes, out-of-range reads, shapes of one to four axes."""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from gpukernel import index
from gpukernel.lang.table import Budget
from gpukernel.selftest.check import Group

captures, outputs, dtypes = Group("captures"), Group("outputs"), Group("dtypes")
boundaries, shapes = Group("boundaries"), Group("shapes")

A = np.arange(-9, 10, dtype=np.int32)
B = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: A.size]
F = (A * 0.75).astype(np.float32)
M = np.arange(35, dtype=np.float32).reshape(5, 7) * np.float32(0.5)

# ------------------------------------------------------------------ captures

FACTOR = 3
RATIO = 0.25
ENABLED = True
ORIGIN = (2, -1)
GAINS = (0.5, 2.0, 4.0)
WEIGHTS = np.array([0.25, 0.5, 0.25], np.float32)
STENCIL = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
PALETTE = np.array([[0, 10, 20], [200, 210, 255]], np.uint8)
REVERSED = np.arange(20, dtype=np.int32)[::-2]


class Settings:
    """A namespace whose numbers kernels read."""

    limit = 5


@captures.program(A)
def numbers(a):
    return a[index()] * FACTOR + RATIO


@captures.program(A)
def bool_and_attribute(a):
    return min(a[index()], Settings.limit) if ENABLED else 0


@captures.program(A)
def tuple_of_ints(a):
    return a[index()] * ORIGIN[0] + ORIGIN[1]


@captures.program(A)
def tuple_with_dynamic_index(a):
    i = index()
    total = 0.0
    for gain in GAINS:
        total += gain * a[i]
    return total + len(GAINS)


@captures.program(F)
def array_of_weights(x):
    i = index()
    total = 0.0
    for k in range(len(WEIGHTS)):
        total += WEIGHTS[k] * x[i + k - 1]
    return total


@captures.program(M)
def matrix_of_ints(m):
    i, j = index()
    total = 0.0
    for di in range(STENCIL.shape[0]):
        for dj in range(STENCIL.shape[1]):
            total += STENCIL[di, dj] * m[i + di - 1, j + dj - 1]
    return total


@captures.program(A)
def bytes_and_strides(a):
    i = index()
    return PALETTE[1, i % 3] + REVERSED[i] * 1000 + a[i]


@captures.trial
def closure_is_read_at_each_launch(device):
    step = 1

    @gk.kernel
    def stepped(a):
        return a[index()] + step

    first = stepped(A, device=device)
    step = 10
    return (first, stepped(A, device=device)), (A + 1, A + 10)


# ------------------------------------------------------------------ several outputs


@outputs.program(A, F)
def of_three_types(a, x):
    i = index()
    return a[i] * 2, x[i] * 0.5, a[i] > x[i]


@outputs.program(A, B)
def of_divmod(a, b):
    i = index()
    return divmod(a[i], b[i])


@outputs.program(A, B)
def nine_of_them(a, b):
    i = index()
    x, y = a[i], b[i]
    return x + y, x - y, x * y, x & y, x | y, x ^ y, min(x, y), max(x, y), x == y


@outputs.program(A, B)
def with_early_returns(a, b):
    i = index()
    if a[i] > 3:
        return a[i], 1
    for k in range(4):
        if k == b[i]:
            return k, 2
    return b[i], 3


@outputs.program(F)
def vector_and_number(x):
    v = x[index()]
    return gk.vec3(v, v * 2.0, 1.0), int(v)


@outputs.program(M)
def of_two_axes(m):
    i, j = index()
    return m[i, j + 1] - m[i, j], i * 10 + j


@outputs.program(A, options={"dtype": ("uint8", "float16")})
def of_chosen_dtypes(a):
    x = a[index()]
    return x * 40, x * 0.1


# ------------------------------------------------------------------ dtypes


def itself(a):
    return a[index()]


def doubled(a):
    return a[index()] * 2


SMALL = ("int8", "uint8", "int16", "uint16")


def limits(dtype):
    info = np.iinfo(dtype)
    return np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], dtype)


@dtypes.program(*map(limits, (*SMALL, "int32")))
def ints_are_read(a, b, c, d, e):
    i = index()
    return a[i] * 2, b[i] * 2, c[i] * 2, d[i] * 2, e[i] * 2


@dtypes.program(
    np.array([-(2**31), -40000, -32769, -129, -128, -1, 0, 127, 128, 255, 256, 65536, 2**31 - 1]),
    options={"dtype": SMALL},
)
def ints_saturate(a):
    x = a[index()]
    return x, x, x, x


dtypes.program(
    np.array([-1e20, -128.5, -1.75, -0.5, 0.5, 1.75, 254.5, 300.0, 1e20, np.inf], np.float32),
    name="float_saturates_to_uint8",
    options={"dtype": "uint8"},
    expected=np.array([0, 0, 0, 0, 0, 1, 254, 255, 255, 255], np.uint8),
)(itself)
HALVES = np.array(
    [2049.0, 2051.0, 65504.0, 65519.0, 65520.0, -1e6, 6.2e-5, 0.1, np.inf, -0.0, 1 / 3], np.float32
)
with np.errstate(over="ignore"):
    ROUNDED = HALVES.astype(np.float16)
dtypes.program(HALVES, name="rounded_to_float16", options={"dtype": "float16"}, expected=ROUNDED)(
    itself
)
dtypes.program(ROUNDED, name="float16_is_read", expected=ROUNDED.astype(np.float32))(itself)
dtypes.program(np.array([True, False, True, True, False]), name="bool_is_read")(doubled)
dtypes.program(A > 0, name="bool_is_stored")(itself)
dtypes.program(
    np.array([0, 5, 2**31, 2**32 - 1], np.uint32),
    name="uint32_is_stored",
    expected=np.array([0, 5, 2**31, 2**32 - 1], np.uint32),
)(itself)
dtypes.program(np.linspace(-1, 1, 9), name="float64_becomes_float32")(doubled)
dtypes.program(np.arange(-4, 5, dtype=np.int64), name="int64_becomes_int32")(doubled)
dtypes.program(np.arange(40, dtype=np.int32)[::-3], name="strided_view")(doubled)
dtypes.program(
    np.array([2**24 + 1, -(2**24) - 1, 2**31 - 1, -(2**31)], np.int32), name="large_ints_are_exact"
)(itself)

# ------------------------------------------------------------------ boundaries


def line(a):
    i = index()
    return a[i - 3] + a[i + 2] * 100 + a[i * 2 - 15] * 10000, a[3 * i - 40] + a[5 * i] * 100


def window(m):
    i, j = index()
    total = 0.0
    for di in range(-2, 3):
        for dj in range(-2, 3):
            total += m[i + di, j + dj] * (di * 5 + dj)
    return total


for _mode in ("zero", "clamp", "wrap", "reflect"):
    _options = {"boundary": _mode}
    boundaries.program(A, name=f"{_mode}_line", options=_options)(line)
    boundaries.program(M, name=f"{_mode}_plane", options=_options, budget=Budget(4, 1e-4))(window)


@boundaries.program(A, B, options={"boundary": {"a": "clamp"}})
def of_one_argument(a, b):
    i = index()
    return a[i + 4] * 100 + b[i + 4]


@boundaries.program(A)
def negative_constant_counts_from_the_end(a):
    return a[-1] * 100 + a[-3] + a[index()]


@boundaries.program(A)
def negative_variable_is_outside(a):
    n = -1
    for _ in range(2):
        n -= 1
    return a[n] + a[index() - 30]


@boundaries.program(M)
def rows_first(m):
    i, j = index()
    return m[i][j] + m[j, i] + m[-1][j]


# ------------------------------------------------------------------ shapes


def positions_1d(a):
    i = index()
    return i * 3 + a[i]


def positions_2d(a):
    i, j = index()
    return i * 100 + j + a[j]


def positions_3d(a):
    i, j, k = index()
    return i * 10000 + j * 100 + k + a[k]


def positions_4d(a):
    i, j, k, m = index()
    return i * 1000000 + j * 10000 + k * 100 + m + a[m]


for _function, _shapes in (
    (positions_1d, [(1,), (4,), (257,)]),
    (positions_2d, [(3, 8), (5, 7), (1, 33), (33, 1)]),
    (positions_3d, [(2, 3, 4), (3, 1, 5)]),
    (positions_4d, [(2, 3, 1, 5)]),
):
    for _shape in _shapes:
        _name = "by".join(map(str, _shape))
        shapes.program(A, shape=_shape, name=f"grid_{_name}")(_function)


@shapes.program(M, shape=(7, 5))
def transpose(m):
    i, j = index()
    return m[j, i]


@shapes.program(M, shape=5)
def row_sums(m):
    total = 0.0
    for k in range(m.shape[1]):
        total += m[index(), k]
    return total


@shapes.program(M, shape=(5, 5), budget=Budget(2))
def product(m):
    i, j = index()
    total = 0.0
    for k in range(m.shape[1]):
        total += m[i, k] * m[j, k]
    return total


@shapes.program(M)
def sizes(m):
    return m.shape[0] * 100 + m.shape[1] + len(m) * 1000 + m.ndim * 10000 + m.size


@shapes.program(np.arange(48, dtype=np.float32).reshape(2, 3, 2, 4), shape=(4, 2, 3, 2))
def axes_permuted(t):
    i, j, k, m = index()
    return t[j, k, m, i]


@shapes.program(np.arange(24, dtype=np.int32).reshape(2, 3, 4))
def index_as_a_whole(t):
    return t[index()] * 2


@shapes.program(M, shape=35)
def flattened(m):
    i = index()
    return m[i // 7, i % 7]


GROUPS = (captures, outputs, dtypes, boundaries, shapes)
