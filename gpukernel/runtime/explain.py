"""``kernel.explain()``: what a program became, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gpukernel.codegen.outputs import MIN_DRAW_BUFFERS, Pass, plan_passes
from gpukernel.codegen.plan import Place, Plan, Planner
from gpukernel.ir.nodes import ArrayInput, Output, Program
from gpukernel.ir.printer import variable_type
from gpukernel.passes.pipeline import DESCRIPTIONS, OPTIMIZATIONS
from gpukernel.records import record
from gpukernel.runtime.device import Device
from gpukernel.runtime.layout import kind_of, make_layout

_GUARANTEED_SIZE = 1024  # the MAX_TEXTURE_SIZE that every OpenGL 3.3 driver has


@record(frozen=True)
class Launch:
    """What a launch is of.

    Attributes:
        program: the typed program after the passes that every device runs.
        inferred: the same before them, with all variables of the source.
        optimize: the optimisations that are switched on.
        device: where it runs.
        arrays: the shapes of the array arguments, by name; the program may not read all of them.
        on_host: the names of small arrays whose values the host has.
        scalars: the values of the program's uniforms, in their order.
        grid: the shape of the grid.
    """

    program: Program
    inferred: Program
    optimize: frozenset[str]
    device: Device
    arrays: Mapping[str, tuple[int, ...]]
    on_host: frozenset[str]
    scalars: Sequence[bool | int | float]
    grid: tuple[int, ...]

    def plan(self) -> Plan:
        """Return what the ``gl`` device makes of the launch."""
        program, max_size = self.program, _limit(self.device, "max_texture_size", _GUARANTEED_SIZE)
        buffers = _limit(self.device, "max_draw_buffers", MIN_DRAW_BUFFERS)
        planner = Planner(program, self.optimize, buffers, cuts_loops=False)
        places = []
        for array in program.arrays:
            shape = self.arrays[array.name]
            kind = kind_of(make_layout(shape, max_size))
            places.append(Place(kind, shape, array.name in self.on_host))
        filled = [_output_shape(output, self.grid) for output in program.outputs]
        targets = [kind_of(make_layout(shape, max_size)) for shape in filled]
        values = {u.name: v for u, v in zip(program.uniforms, self.scalars)}
        deciding = {name: values[name] for name in planner.scalars}
        proofs = planner.prove(self.grid, [place.shape for place in places], deciding)
        return planner.plan(self.grid, targets, places, proofs)


def explain_launch(launch: Launch) -> str:
    """Return the report for one launch."""
    program, grid = launch.program, launch.grid
    outputs = [f"{o.dtype} {_output_shape(o, grid)}" for o in program.outputs]
    word = "output" if len(outputs) == 1 else "outputs"
    plan = None if 0 in grid else launch.plan()
    lines = [f"kernel {program.name} on {launch.device.name}, {word} {', '.join(outputs)}"]
    lines += ["", "types", *_types(launch.inferred, launch.arrays)]
    lines += ["", "optimisations", *_optimizations(launch, plan)]
    lines += ["", "textures", *_textures(program, launch.device, launch.arrays, grid)]
    lines += ["", "draws", *_draws(plan, launch.device)]
    return "\n".join(lines)


def _optimizations(launch: Launch, plan: Plan | None) -> Iterator[str]:
    """Yield what each optimisation did, or why it did nothing."""
    notes = plan.notes if plan else {}
    for name in OPTIMIZATIONS:
        if name not in launch.optimize:
            yield f"  {name}: switched off"
        else:
            yield f"  {name}: {notes.get(name, DESCRIPTIONS[name])}"


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


def _draws(plan: Plan | None, device: Device) -> Iterator[str]:
    """Yield a line for each draw, and for what it does besides."""
    if plan is None:
        yield "  none: the grid is empty"
        return
    program, rows = plan.program, plan.variant.rows
    buffers = _limit(device, "max_draw_buffers", MIN_DRAW_BUFFERS)
    for drawn in plan_passes(program, plan.variant.targets, buffers):
        if len(program.outputs) > rows:
            count = len(program.outputs) // rows
            numbers = dict.fromkeys(str(output % count) for output in drawn.outputs)
            yield f"  output {', '.join(numbers)}"
        yield f"  {_lane_words(drawn, plan)}"
        if drawn.checked:
            yield "  checks are recorded in two more textures, which are read after the draw"
    if rows > 1:
        yield f"  {rows} more draws put the blocks of rows together"


def _lane_words(drawn: Pass, plan: Plan) -> str:
    if plan.variant.packed:
        words = "each fragment computes the four elements of a texel at once"
        return words if plan.variant.rows == 1 else f"{words}, in {plan.variant.rows} rows"
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
