"""Typed expressions in, GLSL text out: every value is an atom or in parentheses.

A value that varies between the lanes is a vector of four, a uniform one is a scalar (in shaders
that compute one cell after the other, all are).  What an expression needs computed before it, such
as a fetch that several reads share, is collected in ``before``, for the statement to write first.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gpukernel.codegen.addresses import Address, find_address
from gpukernel.codegen.exactness import is_zero, rounds
from gpukernel.codegen.fetches import Fetches
from gpukernel.codegen.glsl_loads import Reads
from gpukernel.codegen.names import Names
from gpukernel.codegen.spelling import is_operator, vector_template
from gpukernel.codegen.symbols import COMPONENTS, VECTORS, ZERO, Symbols, list_sizes, zero
from gpukernel.codegen.vectors import Helpers
from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.variables import is_pure, read_names
from gpukernel.ir.walk import subexpressions
from gpukernel.lang.glsl_helpers import TO_INT_HELPER, TO_UINT_HELPER
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MIN, UINT, Scalar
from gpukernel.passes.lanes import Lanes, Version

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
    """The expressions of one version of a function.

    Args:
        symbols: the global names.
        function: whose expressions these are.
        lanes: what varies in it.
        reads: the reads of each array.
        helpers: where functions that are needed are put.
        callee: gives the GLSL name of a version of a function.
        exact: whether values are tied to the outputs (see `codegen.exactness`).
        shares: whether reads share fetches.

    Attributes:
        before: lines that compute what the expressions written last need.
        mask: the variable that says which lanes are here; None where all are.
        aligned: variables that are multiples of four now.
    """

    def __init__(
        self,
        symbols: Symbols,
        function: nodes.Function,
        lanes: Lanes,
        reads: Mapping[str, Reads],
        helpers: Helpers,
        callee: Callable[[Version], str],
        exact: bool,
        shares: bool,
    ) -> None:
        self.symbols = symbols
        self.lanes = lanes
        self.exact = exact
        self.shares = shares
        self.helpers = helpers
        self.names = Names(symbols.names)
        self.sizes = list_sizes((*function.params, *function.locals))
        self.before: list[str] = []
        self.fetches = Fetches()
        self.mask: str | None = None
        self.aligned: set[str] = set()
        self._reads = reads
        self._callee = callee
        self._bound: set[str] = set()  # variables that the expression being written assigns
        self._varying: dict[int, tuple[nodes.Expr, bool]] = {}
        # One method for each kind, called without a frame between: expressions may be deep.
        self._writers: dict[type, Callable[[Any], str]] = {
            nodes.Constant: self._constant,
            nodes.Name: self._name,
            nodes.ListName: self._name,
            nodes.Element: self._element,
            nodes.Uniform: self._launch_value,
            nodes.GridIndex: self._launch_value,
            nodes.GridExtent: self._launch_value,
            nodes.Extent: self._launch_value,
            nodes.Load: self._load,
            nodes.Invoke: self._invoke,
            nodes.Call: self._call,
            nodes.Logical: self._logical,
            nodes.Select: self._select,
            nodes.Cast: self._cast,
            nodes.Bind: self._bind,
        }

    # ------------------------------------------------------------ values

    def varies(self, node: nodes.Expr) -> bool:
        """Whether the expression differs between lanes."""
        known = self._varying.get(id(node))
        if known is None:  # the node is kept, so that its id stays its own
            known = self._varying[id(node)] = node, self.lanes.varies(node)
        return known[1]

    def value(self, node: nodes.Expr) -> str:
        """Return GLSL for an expression: an atom, or text in parentheses."""
        writer = self._writers.get(type(node))
        if writer is None:
            raise InternalError(f"no GLSL for expression {type(node).__name__}")
        return writer(node)

    def begin(self, *written: nodes.Expr) -> None:
        """Say which expressions the next statement has: what these assign is not to be moved."""
        parts = (part for node in written for part in subexpressions(node))
        self._bound = {part.name for part in parts if isinstance(part, nodes.Bind)}

    def spread(self, node: nodes.Expr) -> str:
        """Return GLSL for an expression as a vector of lanes."""
        value = self.value(node)
        assert isinstance(node.type, Scalar)
        return value if self.varies(node) else f"{VECTORS[node.type]}({value})"

    def as_kind(self, node: nodes.Expr, varying: bool) -> str:
        """Return GLSL for an expression, as a vector where its variable is one."""
        if varying and not isinstance(node, nodes.ListName):
            return self.spread(node)
        return self.value(node)

    def condition(self, node: nodes.Expr) -> str:
        """Return GLSL for a bool that decides what is run (see `codegen.exactness`)."""
        self.begin(node)
        value = self.value(node)
        if not (self.exact and rounds(node)):
            return value
        return f"(gk_holds{'4' if self.varies(node) else ''} = {value})"

    def keep(self, text: str, kind: Scalar, varying: bool) -> str:
        """Have a value computed before, and return its variable."""
        name = self.names.fresh()
        self.before.append(f"{VECTORS[kind] if varying else kind} {name} = {text};")
        return name

    def _constant(self, node: nodes.Constant) -> str:
        if self.exact and is_zero(node):
            return "(-gk_zero)" if math.copysign(1.0, node.value) < 0 else "gk_zero"
        return literal(node.value, node.type)

    def _name(self, node: nodes.Name | nodes.ListName) -> str:
        return self.names.name(node.name)

    def _launch_value(
        self, node: nodes.Uniform | nodes.GridIndex | nodes.GridExtent | nodes.Extent
    ) -> str:
        """Return what is the same for all cells, or the cell's place."""
        if isinstance(node, nodes.Uniform):
            name = self.symbols.uniforms[node.name]
            return f"({name} != 0)" if node.type == BOOL else name
        component = COMPONENTS[node.axis]
        if isinstance(node, nodes.GridIndex):
            if self.varies(node):
                return "gk_columns"
            return f"gk_index{f'_{node.tile}' if node.tile else ''}.{component}"
        if isinstance(node, nodes.GridExtent):
            return f"{self.symbols.out_shape}.{component}"
        return f"{self.symbols.shapes[node.array]}.{component}"

    def _call(self, node: nodes.Call) -> str:
        template = node.overload.glsl
        if not self.varies(node):
            self.helpers.need(*node.overload.helpers)
            return f"({template.format(*self._operands(node, '(' in template))})"
        if is_operator(node.overload):  # these take a number beside a vector
            return f"({template.format(*self._operands(node, False))})"
        operands = self._operands(node, True)
        for position, operand in enumerate(node.arguments):
            if not self.varies(operand):
                assert isinstance(operand.type, Scalar)
                operands[position] = f"{VECTORS[operand.type]}({operands[position]})"
        vectors = vector_template(node.overload)
        if vectors is not None:
            return f"({vectors.format(*operands)})"
        return f"{self.helpers.each(node)}({', '.join(operands)})"

    def _operands(self, node: nodes.Call, passed: bool) -> list[str]:
        """Return the operands of a call; those of GLSL functions are tied to the outputs."""
        operands = []
        for operand in node.arguments:
            value = self.value(operand)
            if passed and self.exact and operand.type == FLOAT and rounds(operand):
                value = f"(gk_exact{'4' if self.varies(operand) else ''} = {value})"
            operands.append(value)
        return operands

    def _logical(self, node: nodes.Logical) -> str:
        if self.varies(node):
            left = self.spread(node.left)
            if not self._minds_masks(node.right):
                return self.helpers.logical(node.operator, left, self.spread(node.right))
            left = self.keep(left, BOOL, True)
            right = self._in_lanes(left if node.operator == "and" else f"not({left})", node.right)
            return self.helpers.logical(node.operator, left, right)
        symbol = {"and": "&&", "or": "||"}[node.operator]
        return f"({self.value(node.left)} {symbol} {self.value(node.right)})"

    def _select(self, node: nodes.Select) -> str:
        decided, apart = self.value(node.condition), self.varies(node.condition)
        if self.exact and rounds(node.condition):
            decided = f"(gk_holds{'4' if apart else ''} = {decided})"
        sides = (node.then, node.otherwise)
        if not apart:
            texts = []
            for side in sides:
                text = self.value(side)
                spread = self.varies(node) and not self.varies(side)
                texts.append(f"{VECTORS[node.type]}({text})" if spread else text)
            return f"({decided} ? {texts[0]} : {texts[1]})"
        if any(map(self._minds_masks, sides)):
            decided = self.keep(decided, BOOL, True)
            then = self._in_lanes(decided, node.then)
            otherwise = self._in_lanes(f"not({decided})", node.otherwise)
        else:
            then, otherwise = self.spread(node.then), self.spread(node.otherwise)
        return self.helpers.pick(node.type, otherwise, then, decided)

    def _minds_masks(self, node: nodes.Expr) -> bool:
        """Whether it matters to an expression which lanes evaluate it."""
        return any(
            isinstance(part, nodes.Invoke) and self.lanes.analysis.minds_masks(part.function)
            for part in subexpressions(node)
        )

    def _in_lanes(self, lanes: str, node: nodes.Expr) -> str:
        """Return a vector that only some of the lanes that are here evaluate."""
        around = self.mask
        here = lanes if around is None else self.helpers.logical("and", around, lanes)
        self.mask = self.keep(here, BOOL, True)
        value = self.spread(node)
        self.mask = around
        return value

    def _cast(self, node: nodes.Cast) -> str:
        source = node.value.type
        if not self.varies(node):
            if cast_helper(node):
                self.helpers.need(cast_helper(node))
                return f"gk_to_{node.type}({self._passed(node.value)})"
            value = self.value(node.value)
            if node.type == BOOL and isinstance(source, Scalar):
                return f"({value} != {ZERO[source]})"
            return f"{node.type}({value})"
        if cast_helper(node):
            return self.helpers.to_whole(node.type, self._passed(node.value))
        value = self.value(node.value)
        if node.type == BOOL and isinstance(source, Scalar):
            return f"notEqual({value}, {zero(source, varying=True)})"
        return f"{VECTORS[node.type]}({value})"

    def _bind(self, node: nodes.Bind) -> str:
        name, varying = self.names.name(node.name), node.name in self.lanes.varying
        value = self.as_kind(node.value, varying)
        if id(node) in self.lanes.merging and self.mask is not None:
            value = self.helpers.pick(node.type, name, value, self.mask)
        if any(isinstance(part, nodes.Invoke) for part in subexpressions(node.value)):
            return f"({name} = {value})"
        # GLSL leaves open which operand of an operator is evaluated first.
        self.before.append(f"{name} = {value};")
        return name

    def _passed(self, node: nodes.Expr) -> str:
        """Return the argument of a GLSL function, whose parameter is no variable of the program."""
        value = self.value(node)
        if not (self.exact and node.type == FLOAT and rounds(node)):
            return value
        return f"(gk_exact{'4' if self.varies(node) else ''} = {value})"

    # ------------------------------------------------------------ calls

    def _invoke(self, node: nodes.Invoke) -> str:
        name, arguments = self.call(node)
        return f"{name}({', '.join(arguments)})"

    def call(self, node: nodes.Invoke | nodes.InvokeInto) -> tuple[str, list[str]]:
        """Return the GLSL function that a call is of, and its arguments."""
        version = self.lanes.called(node, masked=self.mask is not None)
        arguments = [
            self.as_kind(argument, varying)
            for argument, varying in zip(node.arguments, version.varying)
        ]
        if version.masked and self.mask is not None:
            arguments.append(self.mask)
        return self._callee(version), arguments

    # ------------------------------------------------------------ lists

    def _element(self, node: nodes.Element) -> str:
        """Return the read of a list, zero out of range; the index is evaluated once."""
        name, size = self.names.name(node.name), self.sizes[node.name]
        varying = node.name in self.lanes.varying
        none = zero(node.type, varying)
        if isinstance(node.index, nodes.Constant):
            inside = 0 <= node.index.value < size
            return f"{name}[{node.index.value}]" if inside else none
        apart = self.varies(node.index)
        index, start = self._atom(node.index)
        if not apart:
            return f"({start}uint({index}) < {size}u ? {name}[{index}] : {none})"
        each = []
        for c in COMPONENTS:
            # Mesa 22.3 takes the last lane of arrays of one element where their index varies.
            place = "0" if size == 1 else f"{index}.{c}"
            element = f"{name}[{place}]" + (f".{c}" if varying else "")
            each.append(f"uint({index}.{c}) < {size}u ? {element} : {ZERO[node.type]}")
        return f"({start}{VECTORS[node.type]}({', '.join(each)}))"

    def _atom(self, node: nodes.Expr) -> tuple[str, str]:
        """Return an int as text that may be written often, and what must be written before it."""
        text = self.value(node)
        if is_atom(node):
            return text, ""
        varying = self.varies(node)
        if self._may_go_first(node):
            if self.shares:
                return self._shared(text, "ivec4" if varying else "int", [node]), ""
            return self.keep(text, INT, varying), ""
        name = self.names.fresh()
        self.before.append(f"{'ivec4' if varying else 'int'} {name};")
        return name, f"{name} = {text}, "

    def _may_go_first(self, node: nodes.Expr) -> bool:
        """Whether an expression may be computed before the statement that it is in."""
        return is_pure(node) and self._bound.isdisjoint(read_names(node))

    # ------------------------------------------------------------ arrays

    def _load(self, node: nodes.Load) -> str:
        reads = self._reads[node.array].of(node.boundaries)
        *leading, last = node.indices
        first = all(map(self._may_go_first, node.indices))
        if first and reads.has_texels:
            address = find_address(
                last, self.lanes.analysis.lane_axis, self.varies, self.aligned, self.value
            )
            if address is not None and not any(map(self.varies, leading)):
                if address.moves or address.lane is not None:
                    return self._texels(node, reads, [self.value(i) for i in leading], address)
            elif address is not None and address.lane is not None and not address.moves:
                return self._texels_of_rows(node, reads, address)
        if not self.varies(node):
            text = reads.load([self.value(i) for i in node.indices])
            plain = reads.access.values or not first
            return text if plain else self._shared(text, str(node.type), node.indices)
        return self._gathered(node, reads)

    def _gathered(self, node: nodes.Load, reads: Reads) -> str:
        """Return a vector of elements that are read one by one."""
        atoms = [self._atom(i) for i in node.indices]
        each = []
        for c in COMPONENTS:
            indices = [
                f"{text}.{c}" if self.varies(i) else text
                for i, (text, _) in zip(node.indices, atoms)
            ]
            each.append(reads.load(indices))
        start = "".join(start for _, start in atoms)
        return f"({start}{VECTORS[reads.element]}({', '.join(each)}))"

    def _texels_of_rows(self, node: nodes.Load, reads: Reads, address: Address) -> str:
        """Return the same lane of texels in different rows, one for each cell.

        Reads of their other lanes share the fetches.
        """
        *leading, _ = node.indices
        atoms = [self._atom(i)[0] for i in leading]
        texel = _plus(address.base, address.offset)
        each = []
        for c in COMPONENTS:
            rows = [f"{t}.{c}" if self.varies(i) else t for i, t in zip(leading, atoms)]
            fetched = self._shared(reads.fetch(rows, texel), VECTORS[reads.element], node.indices)
            each.append(f"{fetched}.{COMPONENTS[address.lane or 0]}")
        return f"{VECTORS[reads.element]}({', '.join(each)})"

    def _texels(self, node: nodes.Load, reads: Reads, leading: list[str], address: Address) -> str:
        """Return what is read with fetches of whole texels."""
        vector = VECTORS[reads.element]

        def texel(base: str, offset: int, second: bool = False) -> str:
            number = _plus(base, offset)
            # Beyond the last cell of a row even indices that are inside lead out of it.
            if address.moves and reads.stays_inside and (offset > 0 or second):
                number = f"min({number}, {reads.last_texel})"
            return self._shared(reads.fetch(leading, number), vector, node.indices)

        lane = address.lane
        if lane is None:
            assert address.index is not None
            text = f"gk_column + {self.value(address.index)}"
            index = self._shared(text, "int", node.indices)
            if not self.shares:
                index = self.keep(text, INT, False)
            base = f"({index} >> 2)"
            first, next_one = texel(base, 0), texel(base, 1, second=True)
            return self.helpers.shift(reads.element, first, next_one, f"{index} & 3")
        first = texel(address.base, address.offset)
        if not address.moves:
            element = f"{first}.{COMPONENTS[lane]}"
            # In `a[i - i]` what differs between lanes falls out.
            return f"{vector}({element})" if self.varies(node) else element
        if lane == 0:
            return first
        next_one = texel(address.base, address.offset + 1, second=True)
        from_first = f"{first}.{COMPONENTS[lane:]}"
        return f"{vector}({from_first}, {next_one}.{COMPONENTS[:lane]})"

    def _shared(self, text: str, kind: str, indices: Iterable[nodes.Expr]) -> str:
        """Return a variable that has the value of a read, or the read itself."""
        if not self.shares:
            return text
        known = self.fetches.find(text)
        if known is None:
            known = self.names.fresh()
            self.before.append(f"{kind} {known} = {text};")
            self.fetches.keep(text, known, (name for i in indices for name in read_names(i)))
        return known


def _plus(base: str, offset: int) -> str:
    return f"{base} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else base


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
