"""Types by join, conversions, and every dtype an array may have."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from tests.cases.case import Cases

cases = Cases("types")

FLOATS = np.array([1.5, -2.5, 0.0, 3.25], np.float32)
EDGES = np.array([1e20, -1e20, np.inf, -np.inf, np.nan, 2147483648.0, -3.99, 3.99], np.float32)
SMALL = np.array([0, 1, 2, 100, 127, 3], np.int64)
DTYPES = (
    "float64",
    "float32",
    "float16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint16",
    "uint8",
    "bool",
)


@cases.add(FLOATS)
def int_joined_with_float(a):
    total = 0
    for k in range(a.shape[0]):
        total += a[k]
    return total


@cases.add(np.array([True, False]))
def bool_joined_with_int(a):
    x = a[index()]
    x = x + 1
    return x


@cases.add(FLOATS)
def branches_joined(a):
    i = index()
    if i > 1:
        x = 1
    else:
        x = a[i]
    return x


@cases.add(FLOATS)
def returns_joined(a):
    i = index()
    if i > 1:
        return i
    return a[i]


@cases.add(FLOATS)
def select_joined(a):
    i = index()
    return (1 if i > 1 else a[i]) / 2


@cases.add(EDGES, reference=[2**31 - 1, -(2**31), 2**31 - 1, -(2**31), 0, 2**31 - 1, -3, 3])
def int_of_float(a):
    return int(a[index()])


@cases.add(shape=(1,), reference=[2**31 - 1])
def int_of_large_constant():
    return int(1e20)


@cases.add(np.array([0.0, 0.5, -0.0, np.nan], np.float32), reference=[False, True, False, True])
def bool_of_float(a):
    return bool(a[index()])


@cases.add(np.array([0, 5, -1]))
def bool_of_int(a):
    return bool(a[index()])


@cases.add(np.array([16777215, 16777216, -5]))
def float_of_int(a):
    return float(a[index()]) * 0.5


@cases.add(FLOATS)
def numpy_casts(a):
    i = index()
    return np.float32(i) + np.int32(a[i])


@cases.add(np.array([True, False]))
def float_of_bool(a):
    return float(a[index()]) + 0.5


@cases.add(FLOATS, True, 3, 0.25)
def scalar_arguments(a, flag, n, x):
    i = index()
    return a[i] * n + x if flag else x


@cases.add(FLOATS, False, -2147483648, 1e30)
def scalar_edges(a, flag, n, x):
    return x if n < 0 and not flag else 0.0


@cases.add(FLOATS)
def returns_bool(a):
    return a[index()] > 0


@cases.add(FLOATS)
def returns_int(a):
    return index() * 3


@cases.add(np.array([np.nan, 1.0], np.float32))
def compares_nan(a):
    v = a[index()]
    return (v == v) + (v < 1) * 2 + (v >= 1) * 4 + (v != v) * 8


def _sum_with_next(a):
    i = index()
    return a[i] + a[i + 1]


for _dtype in DTYPES:
    _values = SMALL.astype(_dtype)
    _wanted = _values.astype(np.float64) + np.append(_values[1:], 0).astype(np.float64)
    _kind = np.float32 if _dtype.startswith("float") else np.int32
    cases.add(_values, reference=_wanted.astype(_kind), name=f"array_of_{_dtype}")(_sum_with_next)


@cases.add(np.array([-128, 127, -1], np.int8), np.array([0, 255, 128], np.uint8))
def narrow_ints(a, b):
    i = index()
    return a[i] * 1000 + b[i]


@cases.add(np.array([-32768, 32767], np.int16), np.array([0, 65535], np.uint16))
def middle_ints(a, b):
    i = index()
    return a[i] * 1000 + b[i]


@cases.add(np.array([0.1, -65504.0, 6e-5], np.float16))
def half_floats(a):
    return a[index()] * 2


@cases.add(np.array([True, False, True, True]))
def bool_array(a):
    i = index()
    return a[i] and not a[i - 1]
