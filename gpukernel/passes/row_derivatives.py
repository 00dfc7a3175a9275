"""The derivatives of table rows as typed expressions.

A row has them as text in the kernel language; here that text is compiled by the front end like a
user's, once, into an expression over launch scalars that are called as the row's parameters and
``result``.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from gpukernel.errors import InternalError
from gpukernel.frontend.infer import infer_types
from gpukernel.frontend.resolve import resolve_names
from gpukernel.frontend.text_function import function_from_text
from gpukernel.ir import nodes
from gpukernel.ir.constants import cast
from gpukernel.ir.walk import rewrite, subexpressions
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import FLOAT, Type

RESULT = "result"
_LEFT_OUT = {"base": math.e}  # what parameters stand for that a shorter overload does not have


def has_derivative(node: nodes.Call, place: int) -> bool:
    """Whether a call's row says how it changes with the float argument at this place."""
    derivative = node.row.derivative
    return derivative is not None and derivative[place] is not None


@cache
def row_derivative(row: Row, overload: Overload, place: int) -> nodes.Expr:
    """Return the derivative of a row by its parameter at a place, a float.

    Its `Uniform`s are called as the row's parameters, and ``result``.
    """
    assert row.derivative is not None
    text = f"def derivative({', '.join((*row.parameters, RESULT))}): return {row.derivative[place]}"
    function = function_from_text(text, "derivative", _namespace(), f"derivative of {row.name}")
    kinds: dict[str, Type] = dict.fromkeys((*row.parameters, RESULT), FLOAT)
    kinds |= dict(zip(row.parameters, overload.params))
    program = infer_types(resolve_names(function, may_defer=False), kinds, 1).program
    match program.kernel.body:
        case (nodes.Return(values=(value,)),):
            return cast(value, FLOAT)
        case _:
            raise InternalError(f"the derivative of {row.name} is no plain expression")


def parameters_used(derivative: nodes.Expr) -> frozenset[str]:
    """Return the parameters of the row that its derivative needs, ``result`` among them."""
    return frozenset(p.name for p in subexpressions(derivative) if isinstance(p, nodes.Uniform))


def applied(
    derivative: nodes.Expr, row: Row, arguments: Sequence[nodes.Expr], result: nodes.Expr
) -> nodes.Expr:
    """Return a row's derivative for the arguments of a call and its result."""
    span = result.span
    values: Mapping[str, nodes.Expr] = {
        **{name: nodes.Constant(value, FLOAT, span) for name, value in _LEFT_OUT.items()},
        **dict(zip(row.parameters, arguments)),
        RESULT: result,
    }
    return rewrite(derivative, lambda p: values[p.name] if isinstance(p, nodes.Uniform) else p)


def _namespace() -> dict[str, Any]:
    """Return what derivatives may name: every builtin by the name of its row."""
    names: dict[str, Any] = {"__builtins__": builtins.__dict__}
    for row in BUILTINS:
        names[row.name] = row.python[0]
    return names
