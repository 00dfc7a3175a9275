"""``kernel.explain()``: what a program became, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpukernel.ir.nodes import Program
from gpukernel.lang.types import RESULT_DTYPES
from gpukernel.runtime.device import Device
from gpukernel.runtime.layout import make_layout

_GUARANTEED_SIZE = 1024  # the MAX_TEXTURE_SIZE that every OpenGL 3.3 driver has


def explain_program(
    program: Program,
    device: Device,
    arrays: Mapping[str, tuple[int, ...]],
    grid: tuple[int, ...],
    passes: Sequence[str],
) -> str:
    """Return the report for one program, its array arguments' shapes and its grid."""
    limit = device.info().get("max_texture_size", _GUARANTEED_SIZE)
    max_size = limit if isinstance(limit, int) else _GUARANTEED_SIZE
    result = RESULT_DTYPES[program.kernel.result]
    lines = [f"kernel {program.name} on {device.name}, output {result} {grid}", "", "types"]
    lines += [f"  {a.name}: {a.type}" for a in program.arrays]
    lines += [f"  {u.name}: {u.type}, a launch value (no recompile)" for u in program.uniforms]
    for function in program.functions:
        named = [v for v in (*function.params, *function.locals) if v.name[0] != "$"]
        lines += [f"  {function.name}.{v.name}: {v.type}" for v in named]
        lines.append(f"  {function.name}() returns {function.result}")
    unused = [name for name in arrays if name not in {a.name for a in program.arrays}]
    lines += [f"  {name}: never read, so it is not uploaded" for name in unused]
    lines += ["", "passes", "  " + (", ".join(passes) or "none (optimize=False)"), "", "textures"]
    shapes = {a.name: arrays[a.name] for a in program.arrays}
    for name, shape in {**shapes, "output": grid}.items():
        lines.append(f"  {name} {shape}: {_layout_words(shape, max_size)}")
    lines += [
        "",
        "lanes",
        "  each fragment computes the four elements of its texel one after another",
    ]
    return "\n".join(lines)


def _layout_words(shape: tuple[int, ...], max_size: int) -> str:
    if 0 in shape:
        return "no elements, no texture"
    layout = make_layout(shape, max_size)
    words = f"{layout.width} x {layout.height} texels of four elements, pitch {layout.pitch}"
    if layout.pitch != shape[-1]:
        words += f" (rows of {shape[-1]} padded)"
    return words
