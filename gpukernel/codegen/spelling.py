"""Calls of table rows on four lanes at once.

GLSL applies its operators and many functions to vectors component by component.  The rest, our own
helper functions and templates that mention an operand twice, is applied to each component by a
function that is made for it.
"""

from __future__ import annotations

import re

from gpukernel.codegen.symbols import COMPONENTS, VECTORS
from gpukernel.lang.table import Overload
from gpukernel.lang.types import BOOL

_OPERATOR = re.compile(r"\{0\} (\+|-|\*|/|&|\||\^) \{1\}|[-~]\{0\}|\{0\}|0u - \{0\}")
_COMPARISON = re.compile(r"\{0\} (<|<=|>|>=|==|!=) \{1\}")
_FUNCTION = re.compile(r"(\w+)\(\{0\}(?:, \{1\}(?:, \{2\})?)?\)")
_RELATIONS = {
    "<": "lessThan({0}, {1})",
    "<=": "lessThanEqual({0}, {1})",
    ">": "greaterThan({0}, {1})",
    ">=": "greaterThanEqual({0}, {1})",
    "==": "equal({0}, {1})",
    "!=": "notEqual({0}, {1})",
}
# GLSL 3.30, sections 8.1 to 8.3: what these do to a vector they do to its components.
_COMPONENTWISE = frozenset(
    """
    radians degrees sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh pow exp log exp2
    log2 sqrt inversesqrt abs sign floor trunc round roundEven ceil fract mod min max clamp mix
    step smoothstep
    """.split()
)


def is_operator(overload: Overload) -> bool:
    """Whether an arithmetic operator is applied, which takes a number beside a vector too."""
    return BOOL not in overload.params and bool(_OPERATOR.fullmatch(overload.glsl))


def vector_template(overload: Overload) -> str | None:
    """Return the template for operands that are all vectors, or None where GLSL has none."""
    if is_operator(overload):
        return overload.glsl
    if overload.glsl == "!{0}":
        return "not({0})"
    comparison = _COMPARISON.fullmatch(overload.glsl)
    if comparison:
        return _RELATIONS[comparison[1]]
    function = _FUNCTION.fullmatch(overload.glsl)
    return overload.glsl if function and function[1] in _COMPONENTWISE else None


def componentwise(name: str, overload: Overload) -> str:
    """Return a GLSL function that applies an overload to each component.

    Where that runs a loop, it is written once: Mesa's compiler takes a time that is exponential in
    the number of loops in a row.
    """
    result = VECTORS[overload.result]
    params = [f"{VECTORS[kind]} x{i}" for i, kind in enumerate(overload.params)]
    if overload.loops:
        value = overload.glsl.format(*(f"x{i}[lane]" for i in range(len(overload.params))))
        return (
            f"{result} {name}({', '.join(params)}) {{\n"
            f"    {result} each;\n"
            f"    for (int lane = 0; lane < 4; ++lane) each[lane] = {value};\n"
            "    return each;\n}\n"
        )
    values = []
    for component in COMPONENTS:
        operands = [f"x{i}.{component}" for i in range(len(overload.params))]
        values.append(overload.glsl.format(*operands))
    inner = ",\n        ".join(values)
    return f"{result} {name}({', '.join(params)}) {{\n    return {result}({inner});\n}}\n"
