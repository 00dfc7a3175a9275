"""What arrays hold, and `dtype=`: every dtype at its limits, and results converted to it."""

from __future__ import annotations

import numpy as np

from gpukernel import index, vec3
from tests.cases.case import Cases

cases = Cases("dtypes")

INT_DTYPES = ("int8", "uint8", "int16", "uint16", "int32")
VALUES = np.array(
    [-(2**31), -40000, -32769, -32768, -129, -128, -1, 0, 1, 127, 128, 255, 256, 32767, 32768]
    + [65535, 65536, 2**31 - 1]
)
FLOATS = np.array(
    [-1e20, -128.5, -1.75, -0.5, 0.5, 1.75, 254.5, 255.5, 300.0, 1e20, np.inf, -np.inf], np.float32
)
HALVES = np.array(  # ties, the largest half, overflow, denormals, below the smallest
    [2049.0, 2051.0, 65504.0, 65519.0, 65520.0, -1e6, 6e-5, 0.1, np.inf, -0.0], np.float32
)
X = np.array([0.5, -1.25, 2.0, 3.75, -0.125], np.float32)
N = np.arange(-3, 4)
UNIT = np.linspace(-0.25, 1.25, 7, dtype=np.float32)


def _doubled(a):
    return a[index()] * 2


def _itself(a):
    return a[index()]


def _counted(a):
    return index() * 100 - 250


def limits(dtype):
    """Return the smallest, middle and largest values of an int dtype."""
    info = np.iinfo(dtype)
    return np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max], dtype)


for _dtype in INT_DTYPES:
    _limits, _info = limits(_dtype), np.iinfo(_dtype)
    cases.add(_limits, name=f"limits_of_{_dtype}")(_itself)
    cases.add(
        VALUES,
        reference=np.clip(VALUES, _info.min, _info.max).astype(_dtype),
        options={"dtype": _dtype},
        name=f"saturates_to_{_dtype}",
    )(_itself)
    with np.errstate(invalid="ignore"):
        _truncated = np.clip(np.trunc(FLOATS.astype(np.float64)), _info.min, _info.max)
    cases.add(
        FLOATS,
        reference=_truncated.astype(_dtype),
        options={"dtype": _dtype},
        name=f"floats_to_{_dtype}",
    )(_itself)
    cases.add(
        _limits.reshape(1, 6),
        shape=(1, 6),
        reference=_limits[None, ::-1],
        options={"dtype": _dtype},
        name=f"stored_as_{_dtype}",
    )(lambda a: a[0, 5 - index()[1]])

cases.add(np.array([0, 1, 2**31, 2**32 - 1], np.uint32), name="limits_of_uint32")(_itself)
cases.add(
    np.array([0, 1, 2**31, 2**32 - 1], np.uint32),
    options={"dtype": "uint32"},
    name="stored_as_uint32",
)(_itself)
cases.add(np.array([True, False, True]), options={"dtype": "bool"}, name="stored_as_bool")(_itself)
cases.add(
    np.array([2, 0, -1]),
    reference=[True, False, True],
    options={"dtype": "bool"},
    name="ints_to_bool",
)(_itself)
cases.add(
    np.array([True, False, True]),
    reference=np.array([1, 0, 1], np.uint8),
    options={"dtype": "uint8"},
    name="bools_to_uint8",
)(_itself)
cases.add(N, options={"dtype": "float32"}, name="ints_to_float32")(_itself)
cases.add(
    N, reference=(N * 2).astype(np.float16), options={"dtype": "float16"}, name="ints_to_float16"
)(_doubled)
cases.add(N + 3, reference=(N + 3) * 2, options={"dtype": "uint32"}, name="ints_to_uint32")(
    _doubled
)
cases.add(X, reference=[-128, -128, -50, 50, 127], options={"dtype": "int8"}, name="counted")(
    _counted
)
cases.add(
    X, reference=[0, 0, 0, 50, 150], options={"dtype": np.uint8}, name="dtype_given_as_a_type"
)(_counted)
cases.add(
    X,
    reference=[0, 0, 0, 50, 150],
    options={"dtype": np.dtype("uint16")},
    name="dtype_given_as_a_dtype",
)(_counted)

with np.errstate(over="ignore"):
    _rounded = HALVES.astype(np.float16)
cases.add(
    HALVES,
    reference=_rounded,
    ulp=0,
    absolute=0,
    options={"dtype": "float16"},
    name="rounds_to_float16",
)(_itself)
cases.add(_rounded, ulp=0, absolute=0, name="reads_float16")(_itself)
cases.add(
    np.array([[1.5, -2.25, 65504.0]], np.float16),
    options={"dtype": "float16"},
    ulp=0,
    absolute=0,
    name="stored_as_float16",
)(lambda a: a[index()])


@cases.add(
    UNIT,
    reference=np.clip(np.trunc(np.stack([UNIT, UNIT * 2, UNIT - 1], 1) * 255), 0, 255).astype("u1"),
    options={"dtype": "uint8"},
)
def vector_to_bytes(a):
    x = a[index()]
    return vec3(x, x * 2, x - 1) * 255


@cases.add(UNIT, options={"dtype": "int16"}, reference=np.trunc(UNIT * 1000).astype(np.int16))
def early_return_converted(a):
    x = a[index()]
    if x > 0.5:
        return x * 1000
    return x * 500 + x * 500


@cases.add(
    np.array([200, 100], np.uint8),
    np.array([100, -100], np.int8),
    np.array([60000, 1], np.uint16),
    np.array([-30000, 5], np.int16),
    np.array([True, False]),
    np.array([0.5, 2.5], np.float16),
)
def all_narrow_dtypes_in_one_kernel(a, b, c, d, e, f):
    i = index()
    return a[i] + b[i] + c[i] + d[i] + e[i] + f[i]


@cases.add(np.array([[250, 10], [3, 255]], np.uint8))
def bytes_do_not_wrap(a):
    i, j = index()
    return a[i, j] + a[j, i] - 300


@cases.add(np.arange(10, dtype=np.int8).reshape(2, 5)[:, ::-2], shape=(2, 3))
def strided_bytes(a):
    i, j = index()
    return a[i, j] - 5


@cases.add(np.array([1.5, 2.5]), np.array([3, 4]), shape=(2,))
def doubles_and_longs(a, b):
    i = index()
    return a[i] * b[i]
