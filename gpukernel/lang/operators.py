"""The table of operators: Python's meaning of each, on NumPy and in GLSL.

`BINARY`, `COMPARE` and `UNARY` are keyed by symbol.  ``and``, ``or`` and conditional expressions
are not here: they choose what is evaluated, so they are nodes of the program.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.lang.glsl_helpers import (
    FLOAT_FLOORDIV_HELPER,
    FLOAT_MOD_HELPER,
    INT_FLOORDIV_HELPER,
    INT_MOD_HELPER,
    INT_POW_HELPER,
    POW_HELPER,
    SHL_HELPER,
    SHR_HELPER,
)
from gpukernel.lang.table import EXACT, Budget, Overload, Row

INTS = "int, int -> int"
FLOATS = "float, float -> float"


def int_power(base: Any, exponent: Any) -> Any:
    """Return ``base ** exponent`` modulo 2**32 by repeated squaring; 0 for negative exponents."""
    base, exponent = np.broadcast_arrays(np.int32(base), np.int32(exponent))
    result = np.ones(base.shape, np.int32)
    square, left = base.copy(), np.maximum(exponent, 0)
    while left.any():
        result = np.where(left & 1, result * square, result)
        square = square * square
        left = left >> 1
    return np.where(exponent < 0, np.int32(0), result)[()]


def shift_left(x: Any, count: Any) -> Any:
    """Shift left; a count past 31 or below 0 gives 0."""
    inside = (count >= 0) & (count < 32)
    return np.where(inside, np.left_shift(x, np.where(inside, count, np.int32(0))), np.int32(0))[()]


def shift_right(x: Any, count: Any) -> Any:
    """Shift right keeping the sign; a count past 31 acts as 31, one below 0 gives 0."""
    kept = np.right_shift(x, np.clip(count, 0, 31).astype(np.int32))
    return np.where(count < 0, np.int32(0), kept)[()]


def _arithmetic(
    symbol: str,
    name: str,
    function: Callable[..., Any],
    ints: Callable[..., Any],
    floats: Callable[..., Any],
    doc: str,
    *,
    glsl: tuple[str, str] | None = None,
    helpers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    derivative: tuple[str, str] | None = None,
    budget: Budget = EXACT,
    domain: tuple[tuple[float, float], ...] = ((-100.0, 100.0), (-100.0, 100.0)),
) -> Row:
    """Return a row with an int and a float overload."""
    spelling = glsl or ("{0} " + symbol + " {1}",) * 2
    return Row(
        name=name,
        parameters=("x", "y"),
        overloads=(
            Overload(INTS, spelling[0], ints, helpers[0]),
            Overload(FLOATS, spelling[1], floats, helpers[1]),
        ),
        python=(function,),
        doc=doc,
        symbol=symbol,
        derivative=derivative,
        budget=budget,
        domain=domain,
    )


def _bitwise(
    symbol: str, name: str, function: Callable[..., Any], logical: str, ufunc: Any, doc: str
) -> Row:
    """Return a row with a bool and an int overload."""
    return Row(
        name=name,
        parameters=("x", "y"),
        overloads=(
            Overload("bool, bool -> bool", logical, ufunc),
            Overload(INTS, "{0} " + symbol + " {1}", ufunc),
        ),
        python=(function,),
        doc=doc,
        symbol=symbol,
        domain=((-100, 100), (-100, 100)),
    )


def _comparison(symbol: str, name: str, function: Callable[..., Any], ufunc: Any, doc: str) -> Row:
    return Row(
        name=name,
        parameters=("x", "y"),
        overloads=(
            Overload("int, int -> bool", "{0} " + symbol + " {1}", ufunc),
            Overload("float, float -> bool", "{0} " + symbol + " {1}", ufunc),
        ),
        python=(function,),
        doc=doc,
        symbol=symbol,
        domain=((-10.0, 10.0), (-10.0, 10.0)),
    )


def _index(rows: tuple[Row, ...]) -> dict[str, Row]:
    return {row.symbol: row for row in rows}


BINARY = _index(
    (
        _arithmetic(
            "+", "add", operator.add, np.add, np.add, "Sum; ints wrap.", derivative=("1.0", "1.0")
        ),
        _arithmetic(
            "-",
            "subtract",
            operator.sub,
            np.subtract,
            np.subtract,
            "Difference; ints wrap.",
            derivative=("1.0", "-1.0"),
        ),
        _arithmetic(
            "*",
            "multiply",
            operator.mul,
            np.multiply,
            np.multiply,
            "Product; ints wrap.",
            derivative=("y", "x"),
        ),
        Row(
            name="divide",
            parameters=("x", "y"),
            overloads=(Overload(FLOATS, "{0} / {1}", np.divide),),
            python=(operator.truediv,),
            doc="True division, always float; by zero gives inf or nan.",
            symbol="/",
            derivative=("1.0 / y", "-result / y"),
            budget=Budget(ulp=2.5),
            domain=((-100.0, 100.0), (0.5, 100.0)),
        ),
        _arithmetic(
            "//",
            "floor_divide",
            operator.floordiv,
            np.floor_divide,
            np.floor_divide,
            "Quotient rounded down; of ints by zero 0.",
            glsl=("gk_ifloordiv({0}, {1})", "gk_floordiv({0}, {1})"),
            helpers=((INT_FLOORDIV_HELPER,), (FLOAT_MOD_HELPER, FLOAT_FLOORDIV_HELPER)),
            domain=((-100.0, 100.0), (0.5, 20.0)),
        ),
        _arithmetic(
            "%",
            "modulo",
            operator.mod,
            np.remainder,
            np.remainder,
            "Remainder with the sign of the divisor; of ints by zero 0.",
            glsl=("gk_imod({0}, {1})", "gk_mod({0}, {1})"),
            helpers=((INT_MOD_HELPER,), (FLOAT_MOD_HELPER,)),
            derivative=("1.0", "-(x // y)"),
            domain=((-100.0, 100.0), (0.5, 20.0)),
        ),
        _arithmetic(
            "**",
            "power",
            operator.pow,
            int_power,
            np.power,
            "Power; of ints exact modulo 2**32, and 0 for a negative exponent.",
            glsl=("gk_ipow({0}, {1})", "gk_pow({0}, {1})"),
            helpers=((INT_POW_HELPER,), (POW_HELPER,)),
            derivative=("y * x ** (y - 1.0)", "result * log(x)"),
            budget=Budget(ulp=64, absolute=1e-6),
            domain=((0.1, 10.0), (-4.0, 4.0)),
        ),
        _bitwise("&", "bit_and", operator.and_, "{0} && {1}", np.bitwise_and, "Bitwise and."),
        _bitwise("|", "bit_or", operator.or_, "{0} || {1}", np.bitwise_or, "Bitwise or."),
        _bitwise("^", "bit_xor", operator.xor, "{0} != {1}", np.bitwise_xor, "Exclusive or."),
        Row(
            name="shift_left",
            parameters=("x", "y"),
            overloads=(Overload(INTS, "gk_shl({0}, {1})", shift_left, (SHL_HELPER,)),),
            python=(operator.lshift,),
            doc="Shift left; by 32 or more, or by a negative count, gives 0.",
            symbol="<<",
            domain=((-100, 100), (-2, 40)),
        ),
        Row(
            name="shift_right",
            parameters=("x", "y"),
            overloads=(Overload(INTS, "gk_shr({0}, {1})", shift_right, (SHR_HELPER,)),),
            python=(operator.rshift,),
            doc="Shift right keeping the sign; by a negative count gives 0.",
            symbol=">>",
            domain=((-100, 100), (-2, 40)),
        ),
    )
)

COMPARE = _index(
    (
        _comparison("==", "equal", operator.eq, np.equal, "Whether two numbers are equal."),
        _comparison("!=", "not_equal", operator.ne, np.not_equal, "Whether two numbers differ."),
        _comparison("<", "less", operator.lt, np.less, "Whether x is below y."),
        _comparison("<=", "less_equal", operator.le, np.less_equal, "Whether x is at most y."),
        _comparison(">", "greater", operator.gt, np.greater, "Whether x is above y."),
        _comparison(
            ">=", "greater_equal", operator.ge, np.greater_equal, "Whether x is y or above."
        ),
    )
)

UNARY = _index(
    (
        Row(
            name="negative",
            parameters=("x",),
            overloads=(
                Overload("int -> int", "-{0}", np.negative),
                Overload("float -> float", "-{0}", np.negative),
            ),
            python=(operator.neg,),
            doc="Minus x; the smallest int stays itself.",
            symbol="-",
            derivative=("-1.0",),
            domain=((-100.0, 100.0),),
        ),
        Row(
            name="positive",
            parameters=("x",),
            overloads=(
                Overload("int -> int", "{0}", np.positive),
                Overload("float -> float", "{0}", np.positive),
            ),
            python=(operator.pos,),
            doc="x itself; a bool becomes an int.",
            symbol="+",
            derivative=("1.0",),
            domain=((-100.0, 100.0),),
        ),
        Row(
            name="invert",
            parameters=("x",),
            overloads=(Overload("int -> int", "~{0}", np.invert),),
            python=(operator.invert,),
            doc="Every bit flipped: -x - 1.",
            symbol="~",
            domain=((-100, 100),),
        ),
        Row(
            name="not",
            parameters=("x",),
            overloads=(Overload("bool -> bool", "!{0}", np.logical_not),),
            python=(operator.not_,),
            doc="Whether x is false or zero.",
            symbol="not",
            domain=((0, 1),),
        ),
    )
)

OPERATORS = (*BINARY.values(), *COMPARE.values(), *UNARY.values())
