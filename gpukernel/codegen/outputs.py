"""Which outputs are computed in which pass, and how a result becomes an element of one.

A pass draws into several textures at once, so all of them have the same geometry: its outputs have
the same ``size``, and lie in their textures in the same way.  It has no more color attachments than
the device has draw buffers; the checks of a program are made in its first pass and take two.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpukernel.ir.nodes import Program
from gpukernel.records import record

MIN_DRAW_BUFFERS = 8  # what every OpenGL 3.3 driver has
CHECK_BUFFERS = 2
LANES = 4  # elements of a texel

# Storage dtype -> the type of a fragment output of that format.
TEXELS = {
    "float32": "vec4",
    "float16": "vec4",
    "int32": "ivec4",
    "int16": "ivec4",
    "int8": "ivec4",
    "uint32": "uvec4",
    "uint16": "uvec4",
    "uint8": "uvec4",
    "bool": "uvec4",
}
# Storage dtype -> what is stored of a result: ints saturate, floats are rounded where needed.
STORES = {
    "float32": "float({})",
    "float16": "gk_to_half({})",
    "int32": "int({})",
    "int16": "clamp({}, -32768, 32767)",
    "int8": "clamp({}, -128, 127)",
    "uint32": "uint({})",
    "uint16": "uint(clamp({}, 0, 65535))",
    "uint8": "uint(clamp({}, 0, 255))",
    "bool": "uint({})",
}
# The same for four cells at once; what needs a function of ours is made for each component.
_PACKED_STORES = {
    "float32": "{}",
    "float16": "gk_to_half4({})",
    "int32": "{}",
    "int16": "clamp({}, -32768, 32767)",
    "int8": "clamp({}, -128, 127)",
    "uint32": "{}",
    "uint16": "uvec4(clamp({}, 0, 65535))",
    "uint8": "uvec4(clamp({}, 0, 255))",
    "bool": "uvec4({})",
}
# Drivers may round in any direction when they store a float16, so it is made exact before: to 11
# significant bits, below 2**-14 to multiples of 2**-24; a tie goes to the even side.
TO_HALF_HELPER = """\
float gk_to_half(float x) {
    uint sign_bit = floatBitsToUint(x) & 0x80000000u;
    uint size = floatBitsToUint(x) & 0x7FFFFFFFu;
    if (size >= 0x7F800000u) return x;
    if (size >= 0x477FF000u) return uintBitsToFloat(sign_bit | 0x7F800000u);
    if (size < 0x38800000u) {
        float steps = roundEven(uintBitsToFloat(size) * 16777216.0);
        return uintBitsToFloat(sign_bit | floatBitsToUint(steps * 5.9604644775390625e-08));
    }
    size += 0x00000FFFu + ((size >> 13) & 1u);
    return uintBitsToFloat(sign_bit | (size & 0xFFFFE000u));
}
"""
TO_HALF_PACKED_HELPER = """\
vec4 gk_to_half4(vec4 x) {
    return vec4(gk_to_half(x.x), gk_to_half(x.y), gk_to_half(x.z), gk_to_half(x.w));
}
"""


def packed_store(dtype: str, result: str, cells: str | None) -> str:
    """Return what is stored of four results; where ``cells`` is false, zero."""
    stored = _PACKED_STORES[dtype].format(result)
    if cells is None:
        return stored
    if TEXELS[dtype] == "vec4":
        return f"mix(vec4(0.0), {stored}, {cells})"
    return f"{stored} * {TEXELS[dtype]}({cells})"


@record(frozen=True)
class Pass:
    """One draw: the positions in ``Program.outputs`` it fills, their size, and their kind.

    The kind is that of `codegen.variant.Access`.
    """

    outputs: tuple[int, ...]
    size: int | None
    target: str
    checked: bool

    @property
    def num_lanes(self) -> int:
        """How many cells of the grid have elements in one texel, at most."""
        if self.size is None:
            return LANES
        return LANES // self.size if LANES % self.size == 0 else 2


def plan_passes(
    program: Program, targets: Sequence[str], max_draw_buffers: int
) -> tuple[Pass, ...]:
    """Return the passes that fill all outputs; the first one makes the checks, if there are any."""
    groups: dict[tuple[int | None, str], list[int]] = {}
    for position, (output, target) in enumerate(zip(program.outputs, targets)):
        groups.setdefault((output.size, target), []).append(position)
    passes: list[Pass] = []
    for (size, target), positions in groups.items():
        while positions:
            checked = bool(program.failures) and not passes
            count = max_draw_buffers - (CHECK_BUFFERS if checked else 0)
            passes.append(Pass(tuple(positions[:count]), size, target, checked))
            positions = positions[count:]
    return tuple(passes)


def results_of(program: Program, output: int) -> range:
    """Return the positions of an output's values among the kernel's results."""
    sizes = [o.size or 1 for o in program.outputs]
    start = sum(sizes[:output])
    return range(start, start + sizes[output])
