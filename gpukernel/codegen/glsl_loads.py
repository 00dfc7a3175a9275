"""Reads of arrays: one GLSL function an array, with its rule for indices out of range."""

from __future__ import annotations

from collections.abc import Sequence

from gpukernel.codegen.symbols import COMPONENTS, ZERO, Symbols
from gpukernel.codegen.writer import Writer
from gpukernel.errors import InternalError
from gpukernel.ir.nodes import ArrayInput
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT

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
_BOUNDARY_HELPERS = {"wrap": _WRAP_HELPER, "reflect": _REFLECT_HELPER}
# Boundary -> the index inside an axis that stands for any index {0}; {1} is the axis' size.
_MOVED = {
    "clamp": "clamp({0}, 0, {1} - 1)",
    "wrap": "gk_wrap_index({0}, {1})",
    "reflect": "gk_reflect_index({0}, {1})",
}


def sampler_type(dtype: str) -> str:
    """Return the sampler that reads a texture of this dtype."""
    return _SAMPLERS.get(dtype, "usampler2D" if dtype.startswith("u") else "isampler2D")


def boundary_helpers(arrays: Sequence[ArrayInput]) -> list[str]:
    """Return the GLSL functions that the arrays' boundaries need, each once."""
    used = {array.boundary for array in arrays}
    return [text for boundary, text in _BOUNDARY_HELPERS.items() if boundary in used]


def write_load(out: Writer, symbols: Symbols, array: ArrayInput) -> None:
    """Write the function that reads one array at indices inside or out of range."""
    element, rank = array.type.element, array.type.rank
    layout = symbols.layouts[array.name]
    extents = [f"{symbols.shapes[array.name]}.{c}" for c in COMPONENTS[:rank]]
    indices = [f"i{axis}" for axis in range(rank)]
    row = "0"
    for position, i in enumerate(indices[:-1]):
        row = i if position == 0 else f"({row} * {extents[position]} + {i})"
    flat = indices[-1] if rank == 1 else f"{row} * {layout}.x + {indices[-1]}"
    place = f"ivec2(gk_t % {layout}.y, gk_t / {layout}.y)"
    texel = f"texelFetch({symbols.samplers[array.name]}, {place}, 0)[gk_e & 3]"
    value = {FLOAT: texel, INT: f"int({texel})", UINT: texel, BOOL: f"{texel} != 0u"}[element]
    out.write("")
    params = ", ".join("int " + i for i in indices)
    out.write(f"{element} {symbols.loads[array.name]}({params}) {{")
    out.depth += 1
    _write_boundary(out, array, indices, extents)
    out.write(f"int gk_e = {flat};")
    out.write("int gk_t = gk_e >> 2;")
    out.write(f"return {value};")
    out.depth -= 1
    out.write("}")


def _write_boundary(out: Writer, array: ArrayInput, indices: list[str], extents: list[str]) -> None:
    """Write what brings the indices into range, or returns zero."""
    zero = ZERO[array.type.element]
    if array.boundary == "zero":
        inside = " && ".join(f"uint({i}) < uint({n})" for i, n in zip(indices, extents))
        out.write(f"if (!({inside})) return {zero};")
        return
    if array.boundary not in _MOVED:
        raise InternalError(f"no GLSL for boundary {array.boundary}")
    out.write(f"if ({' || '.join(f'{n} == 0' for n in extents)}) return {zero};")
    for i, n in zip(indices, extents):
        out.write(f"{i} = {_MOVED[array.boundary].format(i, n)};")
