"""``kernel.explain()``: what a program became, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gpukernel.codegen.outputs import MIN_DRAW_BUFFERS, Pass, plan_passes
from gpukernel.ir.nodes import ArrayInput, Output, Program
from gpukernel.ir.printer import variable_type
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
    """Return the report for one program.

    Args:
        program: the typed program after all passes.
        device: where it would run.
        arrays: the shapes of the array arguments, by name; the program may not read all of them.
        grid: the shape of the grid.
        passes: the names of the passes that were run.
    """
    outputs = [f"{o.dtype} {_output_shape(o, grid)}" for o in program.outputs]
    word = "output" if len(outputs) == 1 else "outputs"
    lines = [f"kernel {program.name} on {device.name}, {word} {', '.join(outputs)}"]
    lines += ["", "types", *_types(program, arrays)]
    lines += ["", "passes", "  " + (", ".join(passes) or "none (optimize=False)")]
    lines += ["", "textures", *_textures(program, device, arrays, grid)]
    lines += ["", "draws", *_draws(program, device)]
    return "\n".join(lines)


def _output_shape(output: Output, grid: tuple[int, ...]) -> tuple[int, ...]:
    return grid if output.size is None else (*grid, output.size)


def _types(program: Program, arrays: Mapping[str, tuple[int, ...]]) -> Iterator[str]:
    yield from (f"  {a.name}: {a.type}{_boundary_words(a)}" for a in program.arrays)
    for uniform in program.uniforms:
        yield f"  {uniform.name}: {uniform.type}, a launch value (no recompile)"
    for function in program.functions:
        for variable in (*function.params, *function.locals):
            if variable.name[0] != "$":
                yield f"  {function.name}.{variable.name}: {variable_type(variable.type)}"
        results = ", ".join(map(variable_type, function.results))
        yield f"  {function.name}() returns {results}"
    used = {a.name for a in program.arrays}
    yield from (f"  {n}: never read, so it is not uploaded" for n in arrays if n not in used)


def _boundary_words(array: ArrayInput) -> str:
    return "" if array.boundary == "zero" else f", {array.boundary} out of range"


def _textures(
    program: Program, device: Device, arrays: Mapping[str, tuple[int, ...]], grid: tuple[int, ...]
) -> Iterator[str]:
    max_size = _limit(device, "max_texture_size", _GUARANTEED_SIZE)
    shapes = [(a.name, arrays[a.name]) for a in program.arrays if a.name in arrays]
    for number, output in enumerate(program.outputs):
        name = "output" if len(program.outputs) == 1 else f"output {number}"
        shapes.append((name, _output_shape(output, grid)))
    for name, shape in shapes:
        yield f"  {name} {shape}: {_layout_words(shape, max_size)}"


def _draws(program: Program, device: Device) -> Iterator[str]:
    """Yield a line for each draw, and for what it does besides."""
    planned = plan_passes(program, _limit(device, "max_draw_buffers", MIN_DRAW_BUFFERS))
    for drawn in planned:
        if len(program.outputs) > 1:
            yield f"  output {', '.join(map(str, drawn.outputs))}"
        yield f"  {_lane_words(drawn)}"
        if drawn.checked:
            yield "  checks are recorded in two more textures, which are read after the draw"


def _lane_words(drawn: Pass) -> str:
    if drawn.size is None:
        return "each fragment computes the four elements of its texel one after another"
    if drawn.num_lanes == 1:
        return f"each fragment computes one cell of {drawn.size} elements"
    return (
        f"each fragment computes {drawn.num_lanes} cells of {drawn.size} elements one after "
        "another, and stores the four elements of its texel"
    )


def _limit(device: Device, name: str, guaranteed: int) -> int:
    """Return a limit of the device; for one without limits what every OpenGL 3.3 driver has."""
    value = device.info().get(name, guaranteed)
    return value if isinstance(value, int) else guaranteed


def _layout_words(shape: tuple[int, ...], max_size: int) -> str:
    if 0 in shape:
        return "no elements, no texture"
    layout = make_layout(shape, max_size)
    words = f"{layout.width} x {layout.height} texels of four elements, pitch {layout.pitch}"
    if layout.pitch != shape[-1]:
        words += f" (rows of {shape[-1]} padded)"
    return words
