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
PACKED_DECLARATIONS = """\
vec4 gk_exact4;
bvec4 gk_holds4;"""
ZERO_DECLARATION = (
    "uniform float gk_zero;  // 0.0; unknown to the compiler, so 0.0 * x is no constant"
)
FEED_FROM_MAIN = "gk_exact = float(gk_index.x) + float(gk_holds);"
FEED_PACKED = "gk_exact4 = vec4(gk_columns) + vec4(gk_holds4) + gk_exact;"
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


def feeding(variables: Sequence[tuple[str, Scalar | ListType, bool]]) -> Iterator[str]:
    """Yield the assignments of variables to the globals.

    Args:
        variables: the GLSL name and the type of each, and whether it is a vector of lanes.
    """
    for varying, suffix in ((False, ""), (True, "4")):
        terms = [_as_float(name, kind, v) for name, kind, v in variables if v == varying]
        for start in range(0, len(terms), _NAMES_A_LINE):
            yield f"gk_exact{suffix} = {' + '.join(terms[start : start + _NAMES_A_LINE])};"


def _as_float(name: str, kind: Scalar | ListType, varying: bool) -> str:
    element = kind.element if isinstance(kind, ListType) else kind
    value = f"{name}[0]" if isinstance(kind, ListType) else name
    return value if element == FLOAT else f"{'vec4' if varying else 'float'}({value})"
