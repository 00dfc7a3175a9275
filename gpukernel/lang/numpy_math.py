"""NumPy meanings of the builtins that NumPy does not have under one name.

In: arrays or NumPy scalars of one dtype.  Out: float32 or float64 as the input for floats, int32
for ints, uint32 for uints, bool for bools.  What always holds: total (no input raises), and no
warning under ``np.errstate(all="ignore")``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.lang.types import INT_MAX, INT_MIN


def to_int(x: Any) -> Any:
    """Truncate floats to int32; saturate outside its range, nan gives 0."""
    wide = np.clip(np.asarray(x, np.float64), float(INT_MIN), float(INT_MAX))
    return np.where(np.isnan(wide), 0.0, wide).astype(np.int32)[()]


def floor_to_int(x: Any) -> Any:
    return to_int(np.floor(x))


def ceil_to_int(x: Any) -> Any:
    return to_int(np.ceil(x))


def round_to_int(x: Any) -> Any:
    return to_int(np.rint(x))


def same(x: Any) -> Any:
    return x


def py_min(a: Any, b: Any) -> Any:
    return np.where(np.less(b, a), b, a)[()]


def py_max(a: Any, b: Any) -> Any:
    return np.where(np.greater(b, a), b, a)[()]


def clamp(x: Any, low: Any, high: Any) -> Any:
    return py_min(py_max(x, low), high)


def clip(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


def where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)[()]


def mix(a: Any, b: Any, t: Any) -> Any:
    one = np.asarray(t).dtype.type(1)
    return a * (one - t) + b * t


def step(edge: Any, x: Any) -> Any:
    kind = np.asarray(x).dtype.type
    return np.where(np.less(x, edge), kind(0), kind(1))[()]


def smoothstep(edge0: Any, edge1: Any, x: Any) -> Any:
    kind = np.asarray(x).dtype.type
    ratio = np.divide(np.subtract(x, edge0), np.subtract(edge1, edge0))
    t = np.minimum(np.maximum(ratio, kind(0)), kind(1))
    curve = t * t * (kind(3) - kind(2) * t)
    return np.where(np.equal(edge0, edge1), step(edge0, x), curve)[()]


def fract(x: Any) -> Any:
    return np.subtract(x, np.floor(x))


def radians_per_degree(x: Any) -> Any:
    return np.multiply(x, np.asarray(x).dtype.type(math.pi / 180.0))


def degrees_per_radian(x: Any) -> Any:
    return np.multiply(x, np.asarray(x).dtype.type(180.0 / math.pi))


def log_base(x: Any, base: Any) -> Any:
    return np.divide(np.log(x), np.log(base))


def power(x: Any, y: Any) -> Any:
    return np.power(x, y)


def remainder(x: Any, y: Any) -> Any:
    """Return IEEE 754's remainder: ``x - n * y`` with n the whole number nearest to x / y."""
    size, divisor = np.abs(x), np.abs(y)
    rest = np.fmod(size, divisor)
    twice = np.fmod(size, np.add(divisor, divisor))
    other = np.subtract(divisor, rest)
    away = np.greater(rest, other) | (np.equal(rest, other) & np.greater_equal(twice, divisor))
    signed = np.where(away, np.negative(other), rest)
    result = np.where(np.signbit(x), np.negative(signed), signed)
    unchanged = np.isfinite(x) & np.isinf(y)
    return np.where(unchanged, x, result)[()]


def isclose(a: Any, b: Any, rel_tol: Any, abs_tol: Any) -> Any:
    """Return ``math.isclose`` of every pair."""
    difference = np.abs(np.subtract(b, a))
    near = np.less_equal(difference, np.abs(np.multiply(rel_tol, b)))
    near |= np.less_equal(difference, np.abs(np.multiply(rel_tol, a)))
    near |= np.less_equal(difference, abs_tol)
    return np.equal(a, b) | (near & np.isfinite(a) & np.isfinite(b))


def np_isclose(a: Any, b: Any, rtol: Any, atol: Any) -> Any:
    """Return ``numpy.isclose`` of every pair."""
    near = np.less_equal(np.abs(np.subtract(a, b)), np.add(atol, np.multiply(rtol, np.abs(b))))
    return np.equal(a, b) | (near & np.isfinite(a) & np.isfinite(b))


def lcm(a: Any, b: Any) -> Any:
    """Return the least common multiple modulo 2**32, as a non-negative int where it fits."""
    a, b = np.broadcast_arrays(np.asarray(a, np.int64), np.asarray(b, np.int64))
    return np.abs(np.lcm(a, b).astype(np.uint32).view(np.int32))[()]


def uint_lcm(a: Any, b: Any) -> Any:
    """Return the least common multiple of uints modulo 2**32."""
    wide = np.lcm(np.asarray(a, np.uint64), np.asarray(b, np.uint64))
    return np.asarray(wide).astype(np.uint32)[()]


def gcd(a: Any, b: Any) -> Any:
    wide = np.gcd(np.asarray(a, np.int64), np.asarray(b, np.int64))
    return np.asarray(wide).astype(np.uint32).view(np.int32)[()]


def isqrt(n: Any) -> Any:
    """Return the whole part of the square root; 0 for negative n.  Exact for 32-bit numbers."""
    n = np.asarray(n)
    return np.sqrt(np.maximum(n, 0).astype(np.float64)).astype(n.dtype)[()]


def _each(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """Return a function applied to one element at a time, in double precision."""
    lanes = np.frompyfunc(function, 1, 1)

    def apply(x: Any) -> Any:
        x = np.asarray(x)
        return np.asarray(lanes(x.astype(np.float64))).astype(x.dtype)[()]

    return apply


def _total_gamma(x: float) -> float:
    if x == 0.0:
        return math.copysign(math.inf, x)
    if math.isinf(x):
        return math.inf if x > 0.0 else math.nan
    try:
        return math.gamma(x)
    except ValueError:
        return math.nan
    except OverflowError:
        return math.inf


def _total_lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


erf = _each(math.erf)
erfc = _each(math.erfc)
gamma = _each(_total_gamma)
lgamma = _each(_total_lgamma)
