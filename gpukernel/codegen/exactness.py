"""How a shader asks its driver to round after every operation, in GLSL 3.30.

Drivers may compute ``x + 0.1 + 0.1`` as ``x + 0.2`` and ``x - x`` as 0, unless the result must be
*invariant* (GLSL 3.30, section 4.6.1).  Only outputs can be declared so, and what holds for an
output holds for the variables it is computed from.  So every variable of a program with floats is
assigned to one global, ``gk_exact``, and that to an output, which is overwritten with the results
later: none of this is left in the code that runs.  What is in no variable of the program (a
condition, a returned value, an argument of a GLSL function) is put into one.

Drivers also take ``0.0 * x`` and ``0.0 / x`` for 0.0, whatever x is, so float zeros are read from a
uniform, ``gk_zero``, which nobody sets: it is 0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gpukernel.ir.nodes import Call, Constant, Expr, Program
from gpukernel.ir.walk import expressions, subexpressions
from gpukernel.lang.types import FLOAT, ListType, Scalar

DECLARATIONS = """\
float gk_exact;  // every variable feeds it, and it an output, so that floats round as written
bool gk_holds;  // a condition on floats"""
ZERO_DECLARATION = (
    "uniform float gk_zero;  // 0.0; unknown to the compiler, so 0.0 * x is no constant"
)
FEED_FROM_MAIN = "gk_exact = float(gk_index.x) + float(gk_holds);"
_NAMES_A_LINE = 8


def computes_floats(program: Program) -> bool:
    """Whether there is anything to round."""
    return any(
        node.type == FLOAT for function in program.functions for node in expressions(function.body)
    )


def has_zero(program: Program) -> bool:
    """Whether a float zero is written in the program."""
    return any(
        is_zero(node) for function in program.functions for node in expressions(function.body)
    )


def is_zero(node: Expr) -> bool:
    """Whether the expression is the float 0.0 or -0.0."""
    return isinstance(node, Constant) and node.type == FLOAT and node.value == 0


def rounds(value: Expr) -> bool:
    """Whether a float operation is in the expression."""
    return any(
        isinstance(part, Call) and FLOAT in part.overload.params for part in subexpressions(value)
    )


def feeding(variables: Sequence[tuple[str, Scalar | ListType]]) -> Iterator[str]:
    """Yield the assignments of variables, by their GLSL names and types, to the global."""
    terms = [_as_float(name, kind) for name, kind in variables]
    for start in range(0, len(terms), _NAMES_A_LINE):
        yield f"gk_exact = {' + '.join(terms[start : start + _NAMES_A_LINE])};"


def _as_float(name: str, kind: Scalar | ListType) -> str:
    if isinstance(kind, ListType):
        return f"float({name}[0])"
    return name if kind == FLOAT else f"float({name})"
