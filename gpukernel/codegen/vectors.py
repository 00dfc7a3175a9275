"""GLSL functions on vectors of lanes that a shader turns out to need."""

from __future__ import annotations

import re

from gpukernel.codegen.names import Names
from gpukernel.codegen.spelling import componentwise
from gpukernel.codegen.symbols import COMPONENTS, VECTORS
from gpukernel.ir.nodes import Call
from gpukernel.lang.glsl_helpers import TO_INT_HELPER, TO_UINT_HELPER
from gpukernel.lang.table import Overload
from gpukernel.lang.types import FLOAT, INT, UINT, Scalar

_PICK = """\
{vector} gk_pick({vector} otherwise, {vector} then, bvec4 lanes) {{
    return {picked};
}}
"""
_LOGICAL = """\
bvec4 gk_{name}(bvec4 a, bvec4 b) {{
    return bvec4(a.x {symbol} b.x, a.y {symbol} b.y, a.z {symbol} b.z, a.w {symbol} b.w);
}}
"""
_SYMBOLS = {"and": "&&", "or": "||"}
_SHIFT = """\
{vector} gk_shift({vector} a, {vector} b, int count) {{
    if (count == 0) return a;
    if (count == 1) return {vector}(a.yzw, b.x);
    return count == 2 ? {vector}(a.zw, b.xy) : {vector}(a.w, b.xyz);
}}
"""
_CASTS = {INT: ("gk_to_int", TO_INT_HELPER), UINT: ("gk_to_uint", TO_UINT_HELPER)}


class Helpers:
    """The helper functions of one shader: texts by what they are, in the order they are needed."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._each: dict[Overload, str] = {}
        self.texts: dict[str, None] = {}

    def need(self, *texts: str) -> None:
        """Put helper functions into the shader."""
        self.texts.update(dict.fromkeys(texts))

    def pick(self, kind: Scalar, otherwise: str, then: str, lanes: str) -> str:
        """Return a value that is ``then`` in some lanes and ``otherwise`` in the others."""
        if kind == FLOAT:
            return f"mix({otherwise}, {then}, {lanes})"
        each = [f"lanes.{c} ? then.{c} : otherwise.{c}" for c in COMPONENTS]
        vector = VECTORS[kind]
        picked = f"{vector}({', '.join(each)})"
        self.need(_PICK.format(vector=vector, picked=picked))
        return f"gk_pick({otherwise}, {then}, {lanes})"

    def logical(self, name: str, left: str, right: str) -> str:
        """Return ``and`` or ``or`` of two vectors of bools."""
        self.need(_LOGICAL.format(name=name, symbol=_SYMBOLS[name]))
        return f"gk_{name}({left}, {right})"

    def shift(self, kind: Scalar, first: str, second: str, count: str) -> str:
        """Return four of the eight lanes of two texels, from lane ``count`` (0 to 3) on."""
        self.need(_SHIFT.format(vector=VECTORS[kind]))
        return f"gk_shift({first}, {second}, {count})"

    def each(self, node: Call) -> str:
        """Return the name of a function that applies the node's overload to each component."""
        overload = node.overload
        if overload not in self._each:
            plain = re.sub(r"\W", "_", node.row.name).strip("_")
            name = self._names.declare_helper(f"gk_{plain}_{overload.result.name[0]}4")
            self._each[overload] = name
            self.need(*overload.helpers, componentwise(name, overload))
        return self._each[overload]

    def to_whole(self, kind: Scalar, value: str) -> str:
        """Return the conversion of a vector of floats to ints or uints."""
        name, helper = _CASTS[kind]
        each = ", ".join(f"{name}(x.{c})" for c in COMPONENTS)
        vector = VECTORS[kind]
        self.need(helper, f"{vector} {name}4(vec4 x) {{\n    return {vector}({each});\n}}\n")
        return f"{name}4({value})"
