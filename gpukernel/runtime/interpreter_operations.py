"""How the interpreter computes the rows of the tables: the shortest way to the same numbers.

In: an overload and the closures of its arguments.  Out: a closure that gives the result in the
dtype of its type.  A row's own function is always right; what stands here is faster.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.lang import numpy_math, operators
from gpukernel.lang.table import Overload
from gpukernel.lang.types import FLOAT, INT
from gpukernel.runtime.interpreter_frame import Evaluate
from gpukernel.runtime.lanes import Value, choose, conform, dtypes_for, truncate

# Python's operators give what NumPy's functions give, and of scalars ten times as fast.
_OPERATORS: Mapping[object, Callable[[Evaluate, Evaluate], Evaluate]] = {
    np.add: lambda a, b: lambda frame, mask: a(frame, mask) + b(frame, mask),
    np.subtract: lambda a, b: lambda frame, mask: a(frame, mask) - b(frame, mask),
    np.multiply: lambda a, b: lambda frame, mask: a(frame, mask) * b(frame, mask),
    np.divide: lambda a, b: lambda frame, mask: a(frame, mask) / b(frame, mask),
    np.bitwise_and: lambda a, b: lambda frame, mask: a(frame, mask) & b(frame, mask),
    np.bitwise_or: lambda a, b: lambda frame, mask: a(frame, mask) | b(frame, mask),
    np.bitwise_xor: lambda a, b: lambda frame, mask: a(frame, mask) ^ b(frame, mask),
    np.equal: lambda a, b: lambda frame, mask: a(frame, mask) == b(frame, mask),
    np.not_equal: lambda a, b: lambda frame, mask: a(frame, mask) != b(frame, mask),
    np.less: lambda a, b: lambda frame, mask: a(frame, mask) < b(frame, mask),
    np.less_equal: lambda a, b: lambda frame, mask: a(frame, mask) <= b(frame, mask),
    np.greater: lambda a, b: lambda frame, mask: a(frame, mask) > b(frame, mask),
    np.greater_equal: lambda a, b: lambda frame, mask: a(frame, mask) >= b(frame, mask),
}


def _float_min(a: Value, b: Value) -> Value:
    return choose(b < a, b, a)


def _float_max(a: Value, b: Value) -> Value:
    return choose(b > a, b, a)


def _float_clamp(x: Value, low: Value, high: Value) -> Value:
    return _float_min(_float_max(x, low), high)


def _int_clamp(x: Value, low: Value, high: Value) -> Value:
    return np.minimum(np.maximum(x, low), high)


def _shift(ufunc: np.ufunc, always: Callable[[Value, Value], Value]) -> Callable[..., Value]:
    """Return a shift that is quick where all lanes shift by one count, from 0 to 31."""

    def shift(x: Value, count: Value) -> Value:
        if isinstance(count, np.ndarray) or not 0 <= count < 32:
            return always(x, count)
        return ufunc(x, count)

    return shift


# Without a nan or a negative zero, Python's min and max are NumPy's.
_OF_INTS: Mapping[object, Callable[..., Value]] = {
    numpy_math.py_min: np.minimum,
    numpy_math.py_max: np.maximum,
    numpy_math.clamp: _int_clamp,
    numpy_math.clip: _int_clamp,
    operators.shift_left: _shift(np.left_shift, operators.shift_left),
    operators.shift_right: _shift(np.right_shift, operators.shift_right),
    operators.shift_right_logical: _shift(np.right_shift, operators.shift_right_logical),
}
_OF_FLOATS: Mapping[object, Callable[..., Value]] = {
    numpy_math.py_min: _float_min,
    numpy_math.py_max: _float_max,
    numpy_math.clamp: _float_clamp,
    numpy_math.to_int: lambda x: truncate(x, INT),
    numpy_math.floor_to_int: lambda x: truncate(np.floor(x), INT),
    numpy_math.ceil_to_int: lambda x: truncate(np.ceil(x), INT),
    numpy_math.round_to_int: lambda x: truncate(np.rint(x), INT),
}


def operation(
    overload: Overload, arguments: Sequence[Evaluate], float_dtype: npt.DTypeLike
) -> Evaluate:
    """Return the closure of a call of a row."""
    known = _OPERATORS.get(overload.numpy)
    if known is not None:
        return known(*arguments)
    faster = _OF_FLOATS if FLOAT in overload.params else _OF_INTS
    compute = faster.get(overload.numpy, overload.numpy)
    if compute is not overload.numpy or _gives_its_type(overload, np.dtype(float_dtype)):
        return _applied(compute, arguments)
    dtype = dtypes_for(float_dtype)[overload.result]
    inexact = _applied(compute, arguments)
    return lambda frame, mask: conform(inexact(frame, mask), dtype)


def _applied(compute: Callable[..., Any], arguments: Sequence[Evaluate]) -> Evaluate:
    if len(arguments) == 1:
        (only,) = arguments
        return lambda frame, mask: compute(only(frame, mask))
    if len(arguments) == 2:
        left, right = arguments
        return lambda frame, mask: compute(left(frame, mask), right(frame, mask))
    return lambda frame, mask: compute(*[argument(frame, mask) for argument in arguments])


@functools.cache
def _gives_its_type(overload: Overload, float_dtype: np.dtype[Any]) -> bool:
    """Whether a row's function is known to give the dtype of its type, for lanes and scalars.

    A universal function does so always or never, so one example shows it.
    """
    if not isinstance(overload.numpy, np.ufunc):
        return False
    dtypes = dtypes_for(float_dtype)
    with np.errstate(all="ignore"):
        example = overload.numpy(*[np.ones(1, dtypes[param]) for param in overload.params])
    return bool(example.dtype == dtypes[overload.result])
