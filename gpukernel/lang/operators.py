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
    UINT_FLOORDIV_HELPER,
    UINT_MOD_HELPER,
    UINT_POW_HELPER,
    UINT_SHL_HELPER,
    UINT_SHR_HELPER,
)
from gpukernel.lang.table import Budget, Overload, Row

INTS = "int, int -> int"
UINTS = "uint, uint -> uint"
FLOATS = "float, float -> float"


def int_power(base: Any, exponent: Any) -> Any:
    """Return ``base ** exponent`` of int32 modulo 2**32; 0 for negative exponents."""
    powers = _wrapped_power(np.int32(base), np.int32(np.maximum(exponent, 0)))
    return np.where(np.less(exponent, 0), np.int32(0), powers)[()]


def uint_power(base: Any, exponent: Any) -> Any:
    """Return ``base ** exponent`` of uint32 modulo 2**32."""
    return _wrapped_power(np.uint32(base), np.uint32(exponent))


def _wrapped_power(base: Any, exponent: Any) -> Any:
    """Return powers by repeated squaring, in the dtype of the base; no exponent is negative."""
    square, left = (x.copy() for x in np.broadcast_arrays(base, exponent))
    result = np.ones_like(square)
    while left.any():
        result = np.where(left & 1, result * square, result)
        square = square * square
        left = left >> 1
    return result[()]


def shift_left(x: Any, count: Any) -> Any:
    """Shift left; a count past 31 or below 0 gives 0."""
    return _shift_inside(np.left_shift, x, count)


def shift_right(x: Any, count: Any) -> Any:
    """Shift right keeping the sign; a count past 31 acts as 31, one below 0 gives 0."""
    kept = np.right_shift(x, np.clip(count, 0, 31).astype(np.int32))
    return np.where(np.less(count, 0), np.int32(0), kept)[()]


def shift_right_logical(x: Any, count: Any) -> Any:
    """Shift a uint right, zeros coming in; a count past 31 gives 0."""
    return _shift_inside(np.right_shift, x, count)


def _shift_inside(shift: Callable[..., Any], x: Any, count: Any) -> Any:
    """Shift by the counts from 0 to 31; others give 0."""
    kind = np.asarray(x).dtype.type
    inside = np.greater_equal(count, 0) & np.less(count, 32)
    return np.where(inside, shift(x, np.where(inside, count, kind(0)).astype(kind)), kind(0))[()]


def _arithmetic(
    symbol: str,
    name: str,
    function: Callable[..., Any],
    numpy: Callable[..., Any],
    doc: str,
    *,
    derivative: tuple[str, str],
) -> Row:
    """Return a row that GLSL spells the same for ints, uints and floats."""
    spelling = "{0} " + symbol + " {1}"
    return Row(
        name=name,
        parameters=("x", "y"),
        overloads=tuple(Overload(kinds, spelling, numpy) for kinds in (INTS, UINTS, FLOATS)),
        python=(function,),
        doc=doc,
        symbol=symbol,
        derivative=derivative,
        domain=((-100.0, 100.0), (-100.0, 100.0)),
    )


def _bitwise(
    symbol: str, name: str, function: Callable[..., Any], logical: str, ufunc: Any, doc: str
) -> Row:
    """Return a row with an overload for bools, ints and uints."""
    return Row(
        name=name,
        parameters=("x", "y"),
        overloads=(
            Overload("bool, bool -> bool", logical, ufunc),
            Overload(INTS, "{0} " + symbol + " {1}", ufunc),
            Overload(UINTS, "{0} " + symbol + " {1}", ufunc),
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
        overloads=tuple(
            Overload(f"{kind}, {kind} -> bool", "{0} " + symbol + " {1}", ufunc)
            for kind in ("int", "uint", "float")
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
        _arithmetic("+", "add", operator.add, np.add, "Sum; ints wrap.", derivative=("1.0", "1.0")),
        _arithmetic(
            "-",
            "subtract",
            operator.sub,
            np.subtract,
            "Difference; ints wrap.",
            derivative=("1.0", "-1.0"),
        ),
        _arithmetic(
            "*", "multiply", operator.mul, np.multiply, "Product; ints wrap.", derivative=("y", "x")
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
        Row(
            name="floor_divide",
            parameters=("x", "y"),
            overloads=(
                Overload(INTS, "gk_ifloordiv({0}, {1})", np.floor_divide, (INT_FLOORDIV_HELPER,)),
                Overload(UINTS, "gk_ufloordiv({0}, {1})", np.floor_divide, (UINT_FLOORDIV_HELPER,)),
                Overload(
                    FLOATS,
                    "gk_floordiv({0}, {1})",
                    np.floor_divide,
                    (FLOAT_MOD_HELPER, FLOAT_FLOORDIV_HELPER),
                ),
            ),
            python=(operator.floordiv,),
            doc="Quotient rounded down; of ints by zero 0.",
            symbol="//",
            derivative=("0.0", "0.0"),  # constant between its jumps
            domain=((-100.0, 100.0), (0.5, 20.0)),
        ),
        Row(
            name="modulo",
            parameters=("x", "y"),
            overloads=(
                Overload(INTS, "gk_imod({0}, {1})", np.remainder, (INT_MOD_HELPER,)),
                Overload(UINTS, "gk_umod({0}, {1})", np.remainder, (UINT_MOD_HELPER,)),
                Overload(FLOATS, "gk_mod({0}, {1})", np.remainder, (FLOAT_MOD_HELPER,)),
            ),
            python=(operator.mod,),
            doc="Remainder with the sign of the divisor; of ints by zero 0.",
            symbol="%",
            derivative=("1.0", "-(x // y)"),
            domain=((-100.0, 100.0), (0.5, 20.0)),
        ),
        Row(
            name="power",
            parameters=("x", "y"),
            overloads=(
                Overload(INTS, "gk_ipow({0}, {1})", int_power, (UINT_POW_HELPER, INT_POW_HELPER)),
                Overload(UINTS, "gk_upow({0}, {1})", uint_power, (UINT_POW_HELPER,)),
                Overload(FLOATS, "gk_pow({0}, {1})", np.power, (POW_HELPER,)),
            ),
            python=(operator.pow,),
            doc="Power; of ints exact modulo 2**32, and 0 for a negative exponent.",
            symbol="**",
            derivative=(
                "0.0 if y == 0.0 else y * x ** (y - 1.0)",
                "result * log(x) if x > 0.0 else 0.0",
            ),
            budget=Budget(ulp=64, absolute=1e-6),
            domain=((0.1, 10.0), (-4.0, 4.0)),
        ),
        _bitwise("&", "bit_and", operator.and_, "{0} && {1}", np.bitwise_and, "Bitwise and."),
        _bitwise("|", "bit_or", operator.or_, "{0} || {1}", np.bitwise_or, "Bitwise or."),
        _bitwise("^", "bit_xor", operator.xor, "{0} != {1}", np.bitwise_xor, "Exclusive or."),
        Row(
            name="shift_left",
            parameters=("x", "y"),
            overloads=(
                Overload(INTS, "gk_shl({0}, {1})", shift_left, (SHL_HELPER,)),
                Overload(UINTS, "gk_ushl({0}, {1})", shift_left, (UINT_SHL_HELPER,)),
            ),
            python=(operator.lshift,),
            doc="Shift left; by 32 or more, or by a negative count, gives 0.",
            symbol="<<",
            domain=((-100, 100), (-2, 40)),
        ),
        Row(
            name="shift_right",
            parameters=("x", "y"),
            overloads=(
                Overload(INTS, "gk_shr({0}, {1})", shift_right, (SHR_HELPER,)),
                Overload(UINTS, "gk_ushr({0}, {1})", shift_right_logical, (UINT_SHR_HELPER,)),
            ),
            python=(operator.rshift,),
            doc="Shift right keeping the sign, of a uint by 32 or more 0; "
            "by a negative count gives 0.",
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
                Overload("uint -> uint", "0u - {0}", np.negative),
                Overload("float -> float", "-{0}", np.negative),
            ),
            python=(operator.neg,),
            doc="Minus x; the smallest int stays itself, and a uint is taken from 2**32.",
            symbol="-",
            derivative=("-1.0",),
            domain=((-100.0, 100.0),),
        ),
        Row(
            name="positive",
            parameters=("x",),
            overloads=(
                Overload("int -> int", "{0}", np.positive),
                Overload("uint -> uint", "{0}", np.positive),
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
            overloads=(
                Overload("int -> int", "~{0}", np.invert),
                Overload("uint -> uint", "~{0}", np.invert),
            ),
            python=(operator.invert,),
            doc="Every bit flipped: -x - 1, of a uint 2**32 - 1 - x.",
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
