"""Constants of the program: make them, convert them, and evaluate calls on them.

The meaning is the table row's own NumPy implementation in float32, so that folding changes nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gpukernel.errors import Span
from gpukernel.ir.nodes import Call, Cast, Constant, Expr
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX, Scalar

DTYPES = {BOOL: np.bool_, INT: np.int32, UINT: np.uint32, FLOAT: np.float32}


def scalar_type(value: Any) -> Scalar:
    """Return the scalar type of a Python or NumPy number; of NumPy's ints only uint32 is a uint."""
    if isinstance(value, (bool, np.bool_)):
        return BOOL
    if isinstance(value, np.unsignedinteger) and value.dtype.name == "uint32":
        return UINT
    return INT if isinstance(value, (int, np.integer)) else FLOAT


def constant(value: bool | int | float, span: Span) -> Constant:
    """Return a constant; floats are rounded to float32."""
    kind = scalar_type(value)
    return Constant(round_to(value, kind), kind, span)


def round_to(value: Any, kind: Scalar) -> bool | int | float:
    """Convert a number to a scalar type as the language does, as a plain Python number.

    Floats made ints saturate, and nan gives 0; ints are taken modulo 2**32.
    """
    if kind == BOOL:
        return bool(value != 0)
    if kind == FLOAT:
        with np.errstate(all="ignore"):
            return float(np.float32(value))
    if isinstance(value, (float, np.floating)):
        low, high = (0, UINT_MAX) if kind == UINT else (INT_MIN, INT_MAX)
        return 0 if math.isnan(value) else int(min(max(value, low), high))
    whole = int(value) & UINT_MAX
    return whole - 2**32 if kind == INT and whole > INT_MAX else whole


def cast(value: Expr, kind: Scalar) -> Expr:
    """Return the expression converted to a type; nothing when it has it already."""
    if value.type == kind:
        return value
    if isinstance(value, Constant):
        return Constant(round_to(value.value, kind), kind, value.span)
    return Cast(value, kind, value.span)


def evaluate(node: Expr) -> Expr:
    """Return the constant that a call or cast of constants gives, or the node itself."""
    if isinstance(node, Cast) and isinstance(node.value, Constant):
        return cast(node.value, node.type)
    if not isinstance(node, Call):
        return node
    values = [a.value for a in node.arguments if isinstance(a, Constant)]
    if len(values) != len(node.arguments):
        return node
    operands = [DTYPES[p](v) for p, v in zip(node.overload.params, values)]
    with np.errstate(all="ignore"):
        result = node.overload.numpy(*operands)
    return Constant(round_to(np.asarray(result)[()], node.type), node.type, node.span)
