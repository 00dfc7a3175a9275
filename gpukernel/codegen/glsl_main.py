"""``main`` of a pass: run the kernel for the cells of one texel and store what it gives.

A fragment is one texel, that is four consecutive elements, of each array that the pass fills.
Packed shaders compute the four cells of it at once.  Others compute one cell after the other: where
an element is a cell of the grid, four of them; where a cell has a whole row of the array (an output
with a size), one for each row that the texel touches.

Elements of the texel that are no cells become zero, or are left to whoever draws where they all
lie at the ends of rows (see `codegen.shader`).
"""

from __future__ import annotations

from collections.abc import Iterator

from gpukernel.codegen.exactness import (
    DECLARATIONS,
    FEED_FROM_MAIN,
    FEED_PACKED,
    PACKED_DECLARATIONS,
    ZERO_DECLARATION,
    has_zero,
)
from gpukernel.codegen.outputs import LANES, STORES, TEXELS, Pass, packed_store, results_of
from gpukernel.codegen.symbols import (
    COMPONENTS,
    VECTORS,
    Symbols,
    declaration,
    result_name,
    returned_type,
)
from gpukernel.codegen.variant import Variant
from gpukernel.codegen.writer import Writer
from gpukernel.ir.nodes import Program
from gpukernel.lang.types import Scalar
from gpukernel.passes.lanes import Lanes

BLOCK = "u_block"  # where the rows of a fragment are: see `runtime.gl_rows`
_CHECK_TEXELS = ("gk_failure_texel", "gk_values_texel")


class MainWriter:
    """Writes the globals and ``main`` of one pass.

    Args:
        out: where to.
        program: the typed program, as it is printed.
        symbols: the global names.
        drawn: which outputs the pass fills.
        variant: what the shader is made for.
        lanes: of the kernel.
        exact: whether the shader asks for exact rounding (see `codegen.exactness`).
    """

    def __init__(
        self,
        out: Writer,
        program: Program,
        symbols: Symbols,
        drawn: Pass,
        variant: Variant,
        lanes: Lanes,
        exact: bool,
    ) -> None:
        self.out = out
        self.program = program
        self.symbols = symbols
        self.drawn = drawn
        self.variant = variant
        self.lanes = lanes
        self.guarded = variant.guarded
        self.exact = exact
        self.rank = program.grid_rank

    @property
    def leaves_padding(self) -> bool:
        """Whether what is no cell is left as it comes: the padding is where one draw reaches it."""
        return self.variant.packed and (self.drawn.target == "rows" or self.rank == 1)

    # ------------------------------------------------------------ globals

    def declarations(self) -> None:
        """Write the fragment outputs and the other globals that a pass needs."""
        write, drawn = self.out.write, self.drawn
        for location, (output, name) in enumerate(zip(drawn.outputs, self._texels)):
            kind = TEXELS[self.program.outputs[output].dtype]
            write(f"layout(location = {location}) out {kind} {name};")
        if drawn.checked:
            for offset, name in enumerate(_CHECK_TEXELS):
                write(f"layout(location = {len(drawn.outputs) + offset}) out ivec4 {name};")
            write("ivec4 gk_failure;  // failure + 1, lane, value 0, value 1")
            write("ivec2 gk_values;  // value 2, value 3")
            write("int gk_lane;")
        self._declare_cells()
        if self.exact:
            self._declare_exactness()
        if self.guarded:
            write("uniform int gk_slot;  // 0; unknown to the compiler: gk_done stays in memory")
            write("bool gk_done[2];  // [gk_slot]: was the loop around all not cut short?")

    def _declare_cells(self) -> None:
        """Write what says which cells a fragment computes."""
        write = self.out.write
        if self.variant.rows > 1:
            write(f"uniform ivec3 {BLOCK};  // rows in a block; width and height of its sections")
        for tile in range(self.variant.rows):
            write(f"ivec4 gk_index{f'_{tile}' if tile else ''};")
        if self.variant.packed:
            write("int gk_texel;  // in its row; the four cells are its lanes")
            write("int gk_column;  // of the first cell")
            write("ivec4 gk_columns;  // of the cells, the last one of the row for those beyond")

    def _declare_exactness(self) -> None:
        for name in (*self._texels, *(_CHECK_TEXELS if self.drawn.checked else ())):
            self.out.write(f"invariant {name};")
        self.out.write(DECLARATIONS)
        if self.variant.packed:
            self.out.write(PACKED_DECLARATIONS)
        if has_zero(self.program):
            self.out.write(ZERO_DECLARATION)

    # ------------------------------------------------------------ main

    def main(self) -> None:
        """Write ``main``."""
        write = self.out.write
        write("")
        write("void main() {")
        self.out.depth += 1
        self._feed()
        write("ivec2 gk_place = ivec2(gl_FragCoord.xy);")
        axes = self.rank if self.drawn.size else self.rank - 1  # that make up a row number
        rows = " * ".join(f"u_out_shape.{c}" for c in COMPONENTS[:axes]) or "1"
        write(f"int gk_rows = {rows};")
        if self.variant.packed:
            self._packed()
        else:
            self._one_by_one()
        self.out.depth -= 1
        write("}")

    def _feed(self) -> None:
        """Tie what all variables feed to the first output."""
        if not self.exact:
            return
        self.out.write(FEED_FROM_MAIN)
        first = TEXELS[self.program.outputs[self.drawn.outputs[0]].dtype]
        if self.variant.packed:
            self.out.write(FEED_PACKED)
        value = "gk_exact4" if self.variant.packed else "gk_exact"
        self.out.write(f"{self._texels[0]} = {first}({value});")

    @property
    def _texels(self) -> list[str]:
        return _numbered("gk_texel_out", len(self.drawn.outputs))

    @property
    def _width(self) -> str:
        return f"u_out_shape.{COMPONENTS[self.rank - 1]}"

    def _begin_guard(self, lanes: int) -> None:
        """Open the loop that is around all others: it has one turn for each of its lanes."""
        counter = "gk_lane" if not self.variant.packed else "gk_turn"
        kind = "" if self.drawn.checked else "int "  # checks need the lane too: there it is global
        self.out.write("gk_done[0] = gk_done[1] = false;")
        self.out.write(f"{kind}{counter} = -1;")
        self.out.write("while (true) {")
        done = "gk_done[gk_slot] = true; break;"
        self.out.write(f"    if (++{counter} >= {lanes} + gk_slot) {{ {done} }}")
        self.out.depth += 1

    def _end_loop(self) -> None:
        self.out.depth -= 1
        self.out.write("}")

    # ------------------------------------------------------------ four cells at once

    def _packed(self) -> None:
        write = self.out.write
        self._find_texel()
        write("gk_column = 4 * gk_texel;")
        write(f"gk_columns = min(gk_column + ivec4(0, 1, 2, 3), {self._width} - 1);")
        for tile in range(self.variant.rows):
            self._find_row(tile)
        masked = self.lanes.version.masked
        if masked or not self.leaves_padding:
            end = f"gk_inside ? {self._width} : 0"
            write(f"bvec4 gk_cells = lessThan(gk_first + ivec4(0, 1, 2, 3), ivec4({end}));")
        results = self._declare_results()
        active = ["gk_cells"] if masked else []
        if self.guarded:
            self._begin_guard(1)
        name = self.symbols.functions[self.program.kernel.name]
        if returned_type(self.program.kernel) is not None:
            write(f"{results[0]} = {name}({', '.join(active)});")
        else:
            write(f"{name}({', '.join([*active, *results])});")
        if self.guarded:
            self._end_loop()
            write("if (!gk_done[gk_slot]) discard;  // the driver cut a loop short")
        cells = None if self.leaves_padding else "gk_cells"
        for texel, output in zip(self._texels, self.drawn.outputs):
            dtype = self.program.outputs[output].dtype
            (position,) = results_of(self.program, output)
            result = results[position]
            if not self.lanes.results[position]:
                kind = self.program.kernel.results[position]
                assert isinstance(kind, Scalar)
                result = f"{VECTORS[kind]}({result})"
            write(f"{texel} = {packed_store(dtype, result, cells)};")

    def _find_texel(self) -> None:
        """Write which texel of which row the fragment is.

        Drivers also run fragments beside the texture, for derivatives that nobody asked for: these
        get a place inside, but no cells, so that they do not loop for ever.
        """
        write = self.out.write
        if self.drawn.target == "rows":
            if self.variant.rows > 1:
                write(f"int gk_section = gk_place.x / {BLOCK}.y;")
                write(f"gk_texel = gk_place.x - gk_section * {BLOCK}.y;")
                write(f"int gk_row = gk_place.y + gk_section * {BLOCK}.z;")
            else:
                write("gk_texel = gk_place.x;")
                write("int gk_row = gk_place.y;")
            if self.lanes.version.masked:
                write("bool gk_inside = gk_row < gk_rows && gk_texel <= u_out_layout.w;")
                write("gk_row = min(gk_row, gk_rows - 1);")
        else:
            write("gk_texel = (gk_place.y << u_out_layout.z) + gk_place.x;")
            write("int gk_texels = (u_out_layout.x + 3) >> 2;  // of a row")
            write("bool gk_inside = uint(gk_texel) < uint(gk_rows * gk_texels);")
            write("if (!gk_inside) gk_texel = 0;")
            if self.rank > 1:
                write("int gk_row = gk_texel / gk_texels;")
                write("gk_texel -= gk_row * gk_texels;")
        write("int gk_first = 4 * gk_texel;")

    def _find_row(self, tile: int) -> None:
        """Write the grid index of the cells in one of the rows that the fragment computes."""
        index = f"gk_index_{tile}" if tile else "gk_index"
        self.out.write(f"{index}.{COMPONENTS[self.rank - 1]} = gk_column;")
        if self.rank == 1:
            return
        row = "gk_row"
        if self.variant.rows > 1:
            start = f"gk_row + {tile} * {BLOCK}.x" if tile else "gk_row"
            row = f"min({start}, gk_rows - 1)"
        if self.rank > 2:
            name = f"gk_row_{tile}"
            self.out.write(f"int {name} = {row};")
            row = name
        self._write_row_index(index, self.rank - 1, row)

    def _declare_results(self) -> list[str]:
        kernel, names = self.program.kernel, []
        for position, kind in enumerate(kernel.results):
            assert isinstance(kind, Scalar)
            name = f"gk_result_{position}" if len(kernel.results) > 1 else "gk_result"
            varying = self.lanes.results[position]
            self.out.write(f"{declaration(kind, name, varying)};")
            names.append(name)
        return names

    # ------------------------------------------------------------ one cell after the other

    def _one_by_one(self) -> None:
        write, drawn, program = self.out.write, self.drawn, self.program
        if self.drawn.target == "rows":
            first = "gk_place.y * u_out_layout.x + gk_place.x * 4"
        else:
            first = "((gk_place.y << u_out_layout.z) + gk_place.x) * 4"
        write(f"int gk_first = {first};  // number of the first element")
        if drawn.size:
            write("int gk_first_row = gk_first / u_out_layout.x;")
        results = _numbered("gk_result", len(drawn.outputs))
        for output, name in zip(drawn.outputs, results):
            kind = TEXELS[program.outputs[output].dtype]
            write(f"{kind} {name} = {kind}(0);")
        if drawn.checked:
            write("gk_failure = ivec4(0);")
            write("gk_values = ivec2(0);")
        self._each_cell(results)
        for texel, result in zip(self._texels, results):
            write(f"{texel} = {result};")
        if drawn.checked:
            write(f"{_CHECK_TEXELS[0]} = gk_failure;")
            write(f"{_CHECK_TEXELS[1]} = ivec4(gk_values, 0, 0);")

    def _each_cell(self, results: list[str]) -> None:
        """Write the loop over the cells of the fragment."""
        if self.guarded:
            self._begin_guard(self.drawn.num_lanes)
        else:
            kind = "" if self.drawn.checked else "int "
            lanes = self.drawn.num_lanes
            self.out.write(f"for ({kind}gk_lane = 0; gk_lane < {lanes}; ++gk_lane) {{")
            self.out.depth += 1
        if self.drawn.size:
            self._cell_of_row()
        else:
            self._cell_of_element()
        for text in self._stores(results):
            self.out.write(text)
        self._end_loop()
        if self.guarded:
            self.out.write("if (!gk_done[gk_slot]) discard;  // the driver cut a loop short")

    def _cell_of_element(self) -> None:
        """Write the grid index of a lane where every element is a cell."""
        write = self.out.write
        if self.drawn.target == "rows":
            write("int gk_row = gk_place.y;")
            write("int gk_column = gk_place.x * 4 + gk_lane;")
        elif self.rank == 1:
            write("int gk_row = 0;")
            write("int gk_column = gk_first + gk_lane;")
        else:
            write("int gk_e = gk_first + gk_lane;")
            write("int gk_row = gk_e / u_out_layout.x;")
            write("int gk_column = gk_e - gk_row * u_out_layout.x;")
        write(f"if (gk_row >= gk_rows || gk_column >= {self._width}) continue;")
        self._write_row_index("gk_index", self.rank - 1, "gk_row")
        write(f"gk_index.{COMPONENTS[self.rank - 1]} = gk_column;")

    def _cell_of_row(self) -> None:
        """Write the grid index of a lane where every row is a cell, and its start in the texel."""
        self.out.write("int gk_row = gk_first_row + gk_lane;")
        self.out.write("int gk_start = gk_row * u_out_layout.x - gk_first;")
        self.out.write(f"if (gk_row >= gk_rows || gk_start >= {LANES}) continue;")
        self._write_row_index("gk_index", self.rank, "gk_row")

    def _write_row_index(self, index: str, axes: int, row: str) -> None:
        """Write the first ``axes`` components of a grid index from the row number."""
        for axis in range(axes - 1, 0, -1):
            extent = f"u_out_shape.{COMPONENTS[axis]}"
            self.out.write(f"{index}.{COMPONENTS[axis]} = {row} % {extent};")
            self.out.write(f"{row} /= {extent};")
        if axes > 0:
            self.out.write(f"{index}.x = {row};")

    def _stores(self, results: list[str]) -> Iterator[str]:
        """Yield the call of the kernel and the stores of what the pass keeps of it."""
        kernel, drawn = self.program.kernel, self.drawn
        name = self.symbols.functions[kernel.name]
        values = [f"{name}()"]
        if returned_type(kernel) is None:
            values = [result_name(position) for position in range(len(kernel.results))]
            for value, kind in zip(values, kernel.results):
                yield f"{kind} {value};"
            yield f"{name}({', '.join(values)});"
        for output, result in zip(drawn.outputs, results):
            store = STORES[self.program.outputs[output].dtype]
            for component, position in enumerate(results_of(self.program, output)):
                stored = store.format(values[position])
                if drawn.size is None:
                    yield f"{result}[gk_lane] = {stored};"
                    continue
                place = f"gk_start + {component}" if component else "gk_start"
                yield f"if (uint({place}) < {LANES}u) {result}[{place}] = {stored};"


def _numbered(name: str, count: int) -> list[str]:
    """Return names for several of a thing; a single one has no number."""
    return [name] if count == 1 else [f"{name}_{number}" for number in range(count)]
