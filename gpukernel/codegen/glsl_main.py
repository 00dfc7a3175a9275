"""``main`` of a pass: run the kernel for the cells of one texel and store what it gives.

A fragment is one texel, that is four consecutive elements, of each array that the pass fills.
Where an element is a cell of the grid, these are four cells; where a cell has a whole row of the
array (an output with a size), the kernel runs once for each row that the texel touches.
"""

from __future__ import annotations

from collections.abc import Iterator

from gpukernel.codegen.exactness import DECLARATIONS, FEED_FROM_MAIN, ZERO_DECLARATION, has_zero
from gpukernel.codegen.outputs import LANES, STORES, TEXELS, Pass, results_of
from gpukernel.codegen.symbols import COMPONENTS, Symbols, result_name, returned_type
from gpukernel.codegen.writer import Writer
from gpukernel.ir.nodes import Program


def declare_outputs(out: Writer, program: Program, drawn: Pass, guarded: bool, exact: bool) -> None:
    """Write the fragment outputs and the other globals that a pass needs."""
    texels = _numbered("gk_texel", len(drawn.outputs))
    for location, (output, name) in enumerate(zip(drawn.outputs, texels)):
        kind = TEXELS[program.outputs[output].dtype]
        out.write(f"layout(location = {location}) out {kind} {name};")
    if drawn.checked:
        for offset, name in enumerate(_CHECK_TEXELS):
            out.write(f"layout(location = {len(texels) + offset}) out ivec4 {name};")
        out.write("ivec4 gk_failure;  // failure + 1, lane, value 0, value 1")
        out.write("ivec2 gk_values;  // value 2, value 3")
        out.write("int gk_lane;")
    out.write("ivec4 gk_index;")
    if exact:
        for name in (*texels, *(_CHECK_TEXELS if drawn.checked else ())):
            out.write(f"invariant {name};")
        out.write(DECLARATIONS)
        if has_zero(program):
            out.write(ZERO_DECLARATION)
    if guarded:
        out.write("uniform int gk_slot;  // 0; unknown to the compiler, so gk_done stays in memory")
        out.write("bool gk_done[2];  // [gk_slot]: was the loop over the lanes not cut short?")


_CHECK_TEXELS = ("gk_failure_texel", "gk_values_texel")


def write_main(
    out: Writer, program: Program, symbols: Symbols, drawn: Pass, guarded: bool, exact: bool
) -> None:
    """Write ``main``."""
    write = out.write
    write("")
    write("void main() {")
    out.depth += 1
    if exact:
        write(FEED_FROM_MAIN)
        first = TEXELS[program.outputs[drawn.outputs[0]].dtype]
        write(f"{_numbered('gk_texel', len(drawn.outputs))[0]} = {first}(gk_exact);")
    write("int gk_cell = int(gl_FragCoord.y) * u_out_layout.y + int(gl_FragCoord.x);")
    axes = program.grid_rank if drawn.size else program.grid_rank - 1  # that make up a row number
    rows = " * ".join(f"u_out_shape.{c}" for c in COMPONENTS[:axes]) or "1"
    write(f"int gk_rows = {rows};")
    if drawn.size:
        write("int gk_first = gk_cell * 4 / u_out_layout.x;")
    for output, name in zip(drawn.outputs, _numbered("gk_result", len(drawn.outputs))):
        kind = TEXELS[program.outputs[output].dtype]
        write(f"{kind} {name} = {kind}(0);")
    if drawn.checked:
        write("gk_failure = ivec4(0);")
        write("gk_values = ivec2(0);")
    _write_lanes(out, program, symbols, drawn, guarded)
    if guarded:
        write("if (!gk_done[gk_slot]) discard;  // the driver cut a loop short")
    texels = _numbered("gk_texel", len(drawn.outputs))
    for texel, result in zip(texels, _numbered("gk_result", len(drawn.outputs))):
        write(f"{texel} = {result};")
    if drawn.checked:
        write(f"{_CHECK_TEXELS[0]} = gk_failure;")
        write(f"{_CHECK_TEXELS[1]} = ivec4(gk_values, 0, 0);")
    out.depth -= 1
    write("}")


def _write_lanes(
    out: Writer, program: Program, symbols: Symbols, drawn: Pass, guarded: bool
) -> None:
    """Write the loop over the cells of the fragment."""
    write, lanes = out.write, drawn.num_lanes
    kind = "" if drawn.checked else "int "  # checks need the lane too: there it is a global
    if guarded:
        write("gk_done[0] = gk_done[1] = false;")
        write(f"{kind}gk_lane = -1;")
        write("while (true) {")
        write(f"    if (++gk_lane >= {lanes} + gk_slot) {{ gk_done[gk_slot] = true; break; }}")
    else:
        write(f"for ({kind}gk_lane = 0; gk_lane < {lanes}; ++gk_lane) {{")
    out.depth += 1
    if drawn.size:
        _write_cell_of_row(out, program.grid_rank)
    else:
        _write_cell_of_element(out, program.grid_rank)
    for text in _stores(program, symbols, drawn):
        write(text)
    out.depth -= 1
    write("}")


def _write_cell_of_element(out: Writer, rank: int) -> None:
    """Write the grid index of a lane where every element is a cell."""
    out.write("int gk_e = gk_cell * 4 + gk_lane;")
    out.write("int gk_row = gk_e / u_out_layout.x;")
    out.write("int gk_column = gk_e - gk_row * u_out_layout.x;")
    width = f"u_out_shape.{COMPONENTS[rank - 1]}"
    out.write(f"if (gk_row >= gk_rows || gk_column >= {width}) continue;")
    _write_row_index(out, rank - 1)
    out.write(f"gk_index.{COMPONENTS[rank - 1]} = gk_column;")


def _write_cell_of_row(out: Writer, rank: int) -> None:
    """Write the grid index of a lane where every row is a cell, and its start in the texel."""
    out.write("int gk_row = gk_first + gk_lane;")
    out.write("int gk_start = gk_row * u_out_layout.x - gk_cell * 4;")
    out.write(f"if (gk_row >= gk_rows || gk_start >= {LANES}) continue;")
    _write_row_index(out, rank)


def _write_row_index(out: Writer, axes: int) -> None:
    """Write the first ``axes`` components of the grid index from the row number."""
    for axis in range(axes - 1, 0, -1):
        extent = f"u_out_shape.{COMPONENTS[axis]}"
        out.write(f"gk_index.{COMPONENTS[axis]} = gk_row % {extent};")
        out.write(f"gk_row /= {extent};")
    if axes > 0:
        out.write("gk_index.x = gk_row;")


def _stores(program: Program, symbols: Symbols, drawn: Pass) -> Iterator[str]:
    """Yield the call of the kernel and the stores of what the pass keeps of it."""
    kernel = program.kernel
    name = symbols.functions[kernel.name]
    values = [f"{name}()"]
    if returned_type(kernel) is None:
        values = [result_name(position) for position in range(len(kernel.results))]
        for value, kind in zip(values, kernel.results):
            yield f"{kind} {value};"
        yield f"{name}({', '.join(values)});"
    for output, result in zip(drawn.outputs, _numbered("gk_result", len(drawn.outputs))):
        store = STORES[program.outputs[output].dtype]
        for component, position in enumerate(results_of(program, output)):
            stored = store.format(values[position])
            if drawn.size is None:
                yield f"{result}[gk_lane] = {stored};"
                continue
            place = f"gk_start + {component}" if component else "gk_start"
            yield f"if (uint({place}) < {LANES}u) {result}[{place}] = {stored};"


def _numbered(name: str, count: int) -> list[str]:
    """Return names for several of a thing; a single one has no number."""
    return [name] if count == 1 else [f"{name}_{number}" for number in range(count)]
