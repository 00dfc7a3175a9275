"""Typed expressions in, GLSL text out: every value is an atom or in parentheses."""

from __future__ import annotations

import math
import struct

from gpukernel.codegen.exactness import is_zero, rounds
from gpukernel.codegen.names import Names
from gpukernel.codegen.symbols import COMPONENTS, ZERO, Symbols, list_sizes
from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.lang.glsl_helpers import TO_INT_HELPER, TO_UINT_HELPER
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MIN, UINT, Scalar

# Expressions that may be written twice: reading them again costs nothing and gives the same.
_ATOMS = (
    nodes.Constant,
    nodes.Name,
    nodes.Uniform,
    nodes.GridIndex,
    nodes.GridExtent,
    nodes.Extent,
)


class Expressions:
    """The expressions of one function.

    ``temporaries`` collects the int variables that the texts assign, which the function declares.
    """

    def __init__(self, symbols: Symbols, function: nodes.Function, exact: bool) -> None:
        self.symbols = symbols
        self.exact = exact
        self.names = Names(symbols.names)
        self.sizes = list_sizes((*function.params, *function.locals))
        self.temporaries: list[str] = []

    def value(self, node: nodes.Expr) -> str:
        """Return GLSL for an expression: an atom, or text in parentheses."""
        match node:
            case nodes.Constant():
                if self.exact and is_zero(node):
                    return "(-gk_zero)" if math.copysign(1.0, node.value) < 0 else "gk_zero"
                return literal(node.value, node.type)
            case nodes.Name() | nodes.ListName():
                return self.names.name(node.name)
            case nodes.Element():
                return self._element(node)
            case nodes.Uniform() | nodes.GridIndex() | nodes.GridExtent() | nodes.Extent():
                return self._launch_value(node)
            case _:
                return self._operation(node)

    def condition(self, node: nodes.Expr) -> str:
        """Return GLSL for a bool that decides what is run (see `codegen.exactness`)."""
        value = self.value(node)
        return f"(gk_holds = {value})" if self.exact and rounds(node) else value

    def values(self, arguments: tuple[nodes.Expr, ...]) -> str:
        """Return several expressions with commas between."""
        return ", ".join(self.value(a) for a in arguments)

    def _launch_value(
        self, node: nodes.Uniform | nodes.GridIndex | nodes.GridExtent | nodes.Extent
    ) -> str:
        """Return what is the same for all cells, or the cell's place."""
        if isinstance(node, nodes.Uniform):
            name = self.symbols.uniforms[node.name]
            return f"({name} != 0)" if node.type == BOOL else name
        component = COMPONENTS[node.axis]
        if isinstance(node, nodes.GridIndex):
            return f"gk_index.{component}"
        if isinstance(node, nodes.GridExtent):
            return f"{self.symbols.out_shape}.{component}"
        return f"{self.symbols.shapes[node.array]}.{component}"

    def _operation(self, node: nodes.Expr) -> str:
        """Return what is computed from operands."""
        match node:
            case nodes.Load():
                return f"{self.symbols.loads[node.array]}({self.values(node.indices)})"
            case nodes.Invoke():
                return f"{self.symbols.functions[node.function]}({self.values(node.arguments)})"
            case nodes.Call():
                calls = "(" in node.overload.glsl  # a function, not an operator
                operands = [self._passed(a) if calls else self.value(a) for a in node.arguments]
                return f"({node.overload.glsl.format(*operands)})"
            case nodes.Logical():
                symbol = {"and": "&&", "or": "||"}[node.operator]
                return f"({self.value(node.left)} {symbol} {self.value(node.right)})"
            case nodes.Select():
                chosen = f"{self.value(node.then)} : {self.value(node.otherwise)}"
                return f"({self.condition(node.condition)} ? {chosen})"
            case nodes.Cast():
                return self._cast(node)
            case nodes.Bind():
                return f"({self.names.name(node.name)} = {self.value(node.value)})"
            case _:
                raise InternalError(f"no GLSL for expression {type(node).__name__}")

    def _element(self, node: nodes.Element) -> str:
        """Return the read of a list, zero out of range; the index is evaluated once."""
        name, size = self.names.name(node.name), self.sizes[node.name]
        if isinstance(node.index, nodes.Constant):
            inside = 0 <= node.index.value < size
            return f"{name}[{node.index.value}]" if inside else ZERO[node.type]
        index = first = self.value(node.index)
        if not is_atom(node.index):
            index = self.names.fresh()
            first = f"{index} = {first}"
            self.temporaries.append(index)
        return f"(uint({first}) < {size}u ? {name}[{index}] : {ZERO[node.type]})"

    def _cast(self, node: nodes.Cast) -> str:
        if cast_helper(node):
            return f"gk_to_{node.type}({self._passed(node.value)})"
        value, source = self.value(node.value), node.value.type
        if node.type == BOOL and isinstance(source, Scalar):
            return f"({value} != {ZERO[source]})"
        return f"{node.type}({value})"

    def _passed(self, node: nodes.Expr) -> str:
        """Return the argument of a GLSL function, whose parameter is no variable of the program."""
        value = self.value(node)
        ties = self.exact and node.type == FLOAT and rounds(node)
        return f"(gk_exact = {value})" if ties else value


def is_atom(node: nodes.Expr) -> bool:
    """Whether the expression's text may be written twice instead of keeping its value."""
    return isinstance(node, _ATOMS)


def cast_helper(node: nodes.Cast) -> str:
    """Return the GLSL function that a cast needs, "" when GLSL's own conversion is right."""
    if node.value.type != FLOAT:
        return ""
    return {INT: TO_INT_HELPER, UINT: TO_UINT_HELPER}.get(node.type, "")


def literal(value: bool | int | float, kind: Scalar) -> str:
    """Return a constant as GLSL text that gives exactly its bits."""
    if kind == BOOL:
        return "true" if value else "false"
    if kind == UINT:
        return f"{value}u"
    if kind == INT:
        if value == INT_MIN:  # its digits alone would not fit
            return "(-2147483647 - 1)"
        return f"({value})" if value < 0 else str(value)
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    text = repr(float(value))
    if text in ("inf", "-inf", "nan") or 0 < abs(value) < 1.2e-38:
        return f"intBitsToFloat(int(0x{bits:08X}u))"
    return f"({text})" if bits >> 31 else text
