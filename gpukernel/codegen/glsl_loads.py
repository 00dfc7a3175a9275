"""Reads of arrays: for each array the GLSL functions that the program needs, made at first use.

``load_a(i, j)`` reads one element.  ``fetch_a(i, t)`` reads texel ``t`` of a row, four elements at
once, and gives the elements with numbers ``4 t`` to ``4 t + 3`` even where these are out of range:
what it gives there follows the array's boundary, as single elements do.  The lanes of the last
texel that are beyond the row are zeros in the texture (see `runtime.layout`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from gpukernel.codegen.symbols import COMPONENTS, VECTORS, ZERO, Symbols, zero
from gpukernel.codegen.variant import Access
from gpukernel.errors import InternalError
from gpukernel.ir.nodes import ArrayInput
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT
from gpukernel.passes.ranges import INSIDE, NEAR

LANES = 4
_SAMPLERS = {"float32": "sampler2D", "float16": "sampler2D", "bool": "usampler2D"}
# Both take n > 0 and any i; unsigned arithmetic, since `%` of negatives is undefined.
_WRAP_HELPER = """\
int gk_wrap_index(int i, int n) {
    if (uint(i) < uint(n)) return i;
    return i < 0 ? n - 1 - int(uint(~i) % uint(n)) : int(uint(i) % uint(n));
}
"""
_REFLECT_HELPER = """\
int gk_reflect_index(int i, int n) {
    if (uint(i) < uint(n)) return i;
    if (n == 1) return 0;
    uint period = 2u * (uint(n) - 1u);
    uint place = (i < 0 ? 0u - uint(i) : uint(i)) % period;
    return int(place < uint(n) ? place : period - place);
}
"""
BOUNDARY_HELPERS = {"wrap": _WRAP_HELPER, "reflect": _REFLECT_HELPER}
# Boundary -> the index inside an axis that stands for any index {0}; {1} is the axis' size.
_MOVED = {
    "clamp": "clamp({0}, 0, {1} - 1)",
    "wrap": "gk_wrap_index({0}, {1})",
    "reflect": "gk_reflect_index({0}, {1})",
}
# The same for an index that is `passes.ranges.NEAR`; division is slow.
_MOVED_NEAR = {
    "clamp": "clamp({0}, 0, {1} - 1)",
    "wrap": "({0} < 0 ? {0} + {1} : {0} >= {1} ? min({0} - {1}, {1} - 1) : {0})",
    "reflect": "abs({1} - 1 - abs({1} - 1 - {0}))",
}
# Element type -> an expression of that type, and a vector of them, for what a sampler gives.
_VALUES = {FLOAT: "{0}", INT: "int({0})", UINT: "{0}", BOOL: "({0} != 0u)"}
_VECTOR_VALUES = {
    FLOAT: "{0}",
    INT: "ivec4({0})",
    UINT: "{0}",
    BOOL: "notEqual({0}, uvec4(0u))",
}


def sampler_type(dtype: str) -> str:
    """Return the sampler that reads a texture of this dtype."""
    return _SAMPLERS.get(dtype, "usampler2D" if dtype.startswith("u") else "isampler2D")


class Reads:
    """The reads of one array in one shader."""

    def __init__(
        self,
        symbols: Symbols,
        array: ArrayInput,
        access: Access,
        sizes: Mapping[tuple[str, int], int],
    ) -> None:
        self.array = array
        self._sizes = [sizes.get((array.name, axis)) for axis in range(array.type.rank)]
        self.access = access
        self.boundaries = [array.boundary] * array.type.rank
        self.element = array.type.element
        self._sampler = symbols.samplers[array.name]
        self._layout = symbols.layouts[array.name]
        self._extents = [f"{symbols.shapes[array.name]}.{c}" for c in COMPONENTS[: array.type.rank]]
        self._load, self._fetch = symbols.loads[array.name], symbols.fetches[array.name]
        self._values = symbols.values[array.name]
        self.texts: dict[str, str] = {}  # the GLSL functions used, by name
        self.helpers: dict[str, None] = {}
        self._others = {own: self._with(own, symbols) for own, _ in access.others}

    def _with(self, boundaries: tuple[str, ...], symbols: Symbols) -> Reads:
        """Return the reads that have boundaries of their own; the functions are kept here."""
        found = copy(self)
        found.access = self.access.of(boundaries)
        found.boundaries = [own or self.array.boundary for own in boundaries]
        word = "_".join(dict.fromkeys(own for own in boundaries if own))
        found._load = symbols.names.declare(f"{self._load}_{word}")
        found._fetch = symbols.names.declare(f"{self._fetch}_{word}")
        return found

    def of(self, boundaries: tuple[str, ...]) -> Reads:
        """Return the reads that have boundaries of their own (see `nodes.Load`)."""
        return self._others[boundaries] if boundaries else self

    @property
    def has_texels(self) -> bool:
        """Whether `fetch` can be used: a row starts with a texel of its own."""
        if self.access.values or self.access.kind == "narrow":
            return False
        boundary = self.boundaries[-1]
        moves = boundary in ("wrap", "reflect") and self.access.reach[-1] != INSIDE
        return not moves or (boundary == "wrap" and self.access.whole)

    @property
    def stays_inside(self) -> bool:
        """Whether the last index of every cell is inside, so that `fetch` does not check it."""
        return self.access.reach[-1] == INSIDE

    @property
    def last_texel(self) -> str:
        """The number of the last texel of a row."""
        return f"{self._layout}.w"

    def load(self, indices: Sequence[str]) -> str:
        """Return the read of one element."""
        if self.access.values:
            return self._value(indices)
        if self._load not in self.texts:
            self.texts[self._load] = self._load_text()
        return f"{self._load}({', '.join(indices)})"

    def fetch(self, leading: Sequence[str], texel: str) -> str:
        """Return the read of a texel as a vector of elements."""
        if self._fetch not in self.texts:
            self.texts[self._fetch] = self._fetch_text()
        return f"{self._fetch}({', '.join([*leading, texel])})"

    # ------------------------------------------------------------ one element

    def _load_text(self) -> str:
        names = [f"i{axis}" for axis in range(len(self._extents))]
        lines = [f"{self.element} {self._load}({', '.join('int ' + i for i in names)}) {{"]
        lines += self._brought_inside(names, ZERO[self.element])
        if self.access.kind == "rows":
            place, lane = f"ivec2({names[-1]} >> 2, {self._row(names[:-1])})", f"{names[-1]} & 3"
        else:
            lines.append(f"    int e = {self._element_number(names)};")
            place, lane = self._folded("(e >> 2)"), "e & 3"
        texel = f"texelFetch({self._sampler}, {place}, 0)[{lane}]"
        lines.append(f"    return {_VALUES[self.element].format(texel)};")
        return "\n".join([*lines, "}"]) + "\n"

    def _value(self, indices: Sequence[str]) -> str:
        """Return the read of an element from the uniform that holds the array."""
        number = self._known_number(indices)
        if number is not None:
            return f"{self._values}[{number >> 2}].{COMPONENTS[number & 3]}"
        if self._load not in self.texts:
            names = [f"i{axis}" for axis in range(len(self._extents))]
            lines = [f"{self.element} {self._load}({', '.join('int ' + i for i in names)}) {{"]
            lines += self._brought_inside(names, ZERO[self.element])
            flat = names[0]
            for i, extent in zip(names[1:], self._extents[1:]):
                flat = f"({flat} * {extent} + {i})"
            lines.append(f"    int e = {flat};")
            lines.append(f"    return {self._values}[e >> 2][e & 3];")
            self.texts[self._load] = "\n".join([*lines, "}"]) + "\n"
        return f"{self._load}({', '.join(indices)})"

    def _known_number(self, indices: Sequence[str]) -> int | None:
        """Return the number of an element that is inside, where indices and sizes are known."""
        number = 0
        for axis, index in enumerate(indices):
            size = self._sizes[axis]
            if not index.isdigit() or (axis and size is None) or not self.access.inside:
                return None
            number = number * (size or 0) + int(index)
        return number

    def _brought_inside(self, names: Sequence[str], none: str, last: str = "") -> list[str]:
        """Return the lines that move the indices inside, or return what is read outside.

        Where the index of the last axis is not among them, ``last`` says that it is inside.
        """
        empty, moved = self._checked_axes
        inside = [
            f"uint({name}) < uint({self._extents[axis]})"
            for axis, name in enumerate(names)
            if axis in empty
        ]
        if last and len(names) in empty:
            inside.append(last)
        lines = [f"    if (!({' && '.join(inside)})) return {none};"] if inside else []
        if moved:
            lines += self._unless_empty(none)
        return lines + [
            self._moved(name, self._extents[axis], axis)
            for axis, name in enumerate(names)
            if axis in moved
        ]

    @property
    def _checked_axes(self) -> tuple[list[int], list[int]]:
        """The axes along which indices may be outside: those where that gives 0, and the others."""
        checked = [axis for axis, far in enumerate(self.access.reach) if far != INSIDE]
        empty = [axis for axis in checked if self.boundaries[axis] == "zero"]
        return empty, [axis for axis in checked if axis not in empty]

    def _unless_empty(self, none: str) -> list[str]:
        if self.access.kind == "rows":  # empty arrays have no rows
            return []
        return [f"    if ({' || '.join(f'{n} == 0' for n in self._extents)}) return {none};"]

    def _moved(self, name: str, size: str, axis: int) -> str:
        boundary = self.boundaries[axis]
        if boundary not in _MOVED:
            raise InternalError(f"no GLSL for boundary {boundary}")
        if self.access.reach[axis] == NEAR:
            return f"    {name} = {_MOVED_NEAR[boundary].format(name, size)};"
        if boundary in BOUNDARY_HELPERS:
            self.helpers[BOUNDARY_HELPERS[boundary]] = None
        return f"    {name} = {_MOVED[boundary].format(name, size)};"

    def _row(self, leading: Sequence[str]) -> str:
        row = leading[0]
        for i, extent in zip(leading[1:], self._extents[1:]):
            row = f"({row} * {extent} + {i})"
        return row

    def _element_number(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return names[0]
        return f"{self._row(names[:-1])} * {self._layout}.x + {names[-1]}"

    def _folded(self, texel: str) -> str:
        return f"ivec2({texel} & {self._layout}.y, {texel} >> {self._layout}.z)"

    # ------------------------------------------------------------ four elements

    def _fetch_text(self) -> str:
        leading = [f"i{axis}" for axis in range(len(self._extents) - 1)]
        params = ", ".join(f"int {name}" for name in [*leading, "t"])
        vector = VECTORS[self.element]
        lines = [f"{vector} {self._fetch}({params}) {{"]
        lines += self._texel_inside(leading)
        clamps = self.boundaries[-1] == "clamp" and self.access.reach[-1] != INSIDE
        if clamps:
            lines.append(f"    int asked = t;\n    t = clamp(t, 0, {self.last_texel});")
        if self.access.kind == "rows":
            place = f"ivec2(t, {self._row(leading)})"
        elif leading:
            lines.append(f"    int u = {self._row(leading)} * ({self._layout}.x >> 2) + t;")
            place = self._folded("u")
        else:
            place = self._folded("t")
        texel = _VECTOR_VALUES[self.element].format(f"texelFetch({self._sampler}, {place}, 0)")
        if clamps:
            lines.append(f"    {vector} v = {texel};")
            lines += self._clamped_lanes(vector)
        else:
            lines.append(f"    return {texel};")
        return "\n".join([*lines, "}"]) + "\n"

    def _texel_inside(self, leading: Sequence[str]) -> list[str]:
        """Return the lines that move a texel inside, or return the zeros of one that is not."""
        none, width = zero(self.element, varying=True), self._extents[-1]
        lines = self._brought_inside(leading, none, f"uint(t) < (uint({width}) + 3u) >> 2")
        if self.boundaries[-1] == "wrap" and not self.stays_inside:
            lines.append(self._moved("t", f"({width} >> 2)", len(leading)))
        return lines

    def _clamped_lanes(self, vector: str) -> list[str]:
        """Return the lines that pick, for each lane, the lane of its clamped index."""
        if self.access.whole:
            beyond = f"asked > {self.last_texel} ? v.wwww : v"
            return [f"    return asked < 0 ? v.xxxx : {beyond};"]
        each = f"clamp(4 * asked + ivec4(0, 1, 2, 3), 0, {self._extents[-1]} - 1)"
        picked = ", ".join(f"v[lane.{c}]" for c in COMPONENTS)
        return [f"    ivec4 lane = {each} - 4 * t;", f"    return {vector}({picked});"]
