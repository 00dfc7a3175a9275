"""Typed program in, GLSL 3.30 text out: one `Shader` for each pass.

One fragment is one texel of the outputs, that is four consecutive elements.  Pure text: no GL
library is needed here.  Every operand is written as an atom or in parentheses, so precedence never
matters.
"""

from __future__ import annotations

from gpukernel.codegen.exactness import computes_floats
from gpukernel.codegen.glsl_control import FunctionWriter
from gpukernel.codegen.glsl_loads import Reads, sampler_type
from gpukernel.codegen.glsl_main import BLOCK, MainWriter
from gpukernel.codegen.glsl_variables import Shading
from gpukernel.codegen.loops import looping_functions, with_copies_prepared
from gpukernel.codegen.outputs import (
    MIN_DRAW_BUFFERS,
    TO_HALF_HELPER,
    TO_HALF_PACKED_HELPER,
    Pass,
    plan_passes,
)
from gpukernel.codegen.shader import Shader, Shaders
from gpukernel.codegen.symbols import Symbols
from gpukernel.codegen.variant import Variant
from gpukernel.codegen.vectors import Helpers
from gpukernel.codegen.writer import Writer
from gpukernel.ir import nodes
from gpukernel.ir.walk import substatements
from gpukernel.lang.types import BOOL
from gpukernel.passes.lanes import LaneAnalysis, Version

VERTEX = """#version 330 core
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""


def generate_glsl(
    program: nodes.Program,
    variant: Variant,
    *,
    cuts_loops: bool = False,
    max_draw_buffers: int = MIN_DRAW_BUFFERS,
) -> Shaders:
    """Return the shaders of a program.

    Args:
        program: the typed program, lowered for the variant (see `codegen.lowering`).
        variant: what the shaders are made for.
        cuts_loops: whether the driver is one of those that `codegen.loops` is about.
        max_draw_buffers: how many textures the device can draw into at once.
    """
    looping = looping_functions(program)
    many = cuts_loops and program.kernel.name in looping
    if many:
        program = with_copies_prepared(program, looping)
    shaders = [
        _ShaderWriter(program, variant, drawn, looping if many else None).shader()
        for drawn in plan_passes(program, variant.targets, max_draw_buffers)
    ]
    return Shaders(tuple(shaders), _value_counts(program))


class _ShaderWriter:
    """Writes the shader of one pass."""

    def __init__(
        self,
        program: nodes.Program,
        variant: Variant,
        drawn: Pass,
        looping: frozenset[str] | None,
    ) -> None:
        self.program = program
        self.variant = variant
        self.drawn = drawn
        self.exact = computes_floats(program)
        self.symbols = Symbols(program)
        self.lanes = LaneAnalysis(program, variant.packed)
        self._functions = Writer()
        self._names: dict[Version, str] = {}
        self._shading = Shading(
            symbols=self.symbols,
            functions={function.name: function for function in program.functions},
            reads={
                array.name: Reads(self.symbols, array, access, dict(variant.extents))
                for array, access in zip(program.arrays, variant.accesses)
            },
            helpers=Helpers(self.symbols.names),
            callee=self._callee,
            looping=looping,
            checked=drawn.checked,
            exact=self.exact,
            shares=variant.shares,
        )

    def shader(self) -> Shader:
        """Return the finished shader."""
        self._callee(self.lanes.kernel.version)
        out, symbols, drawn = Writer(), self.symbols, self.drawn
        main = MainWriter(
            out,
            self.program,
            symbols,
            drawn,
            self.variant,
            self.lanes.kernel,
            self.exact,
        )
        out.write("#version 330 core")
        out.write("precision highp float;")
        out.write("precision highp int;")
        self._declare_inputs(out)
        main.declarations()
        for text in self._helper_texts():
            out.write("")
            out.write(text.strip("\n"))
        out.extend(self._functions)
        main.main()
        return Shader(
            fragment="\n".join(out.lines) + "\n",
            vertex=VERTEX,
            lines=tuple(out.origins),
            samplers=tuple(symbols.samplers.values()),
            shapes=tuple(symbols.shapes.values()),
            layouts=tuple(symbols.layouts.values()),
            values=tuple(symbols.values.values()),
            uniforms=tuple(symbols.uniforms.values()),
            out_shape=symbols.out_shape,
            out_layout=symbols.out_layout,
            block=BLOCK,
            outputs=drawn.outputs,
            cell_size=drawn.size,
            leaves_padding=main.leaves_padding,
            guarded=self.variant.guarded,
            checked=drawn.checked,
        )

    def _callee(self, version: Version) -> str:
        """Return the GLSL name of a version of a function, writing it if it is new."""
        name = self._names.get(version)
        if name is None:
            name = self.symbols.functions[version.function]
            if name in self._names.values():
                name = self.symbols.names.declare(f"{name}_lanes")
            self._names[version] = name
            own = Writer()  # what it calls is written before it
            FunctionWriter(own, self._shading, self.lanes.of(version)).function(name)
            self._functions.extend(own)
        return name

    def _declare_inputs(self, out: Writer) -> None:
        symbols = self.symbols
        for array, access in zip(self.program.arrays, self.variant.accesses):
            if access.values:
                texels = -(-access.values // 4)
                kind = {"float": "vec4", "int": "ivec4"}[str(array.type.element)]
                out.write(f"uniform {kind} {symbols.values[array.name]}[{texels}];")
            else:
                sampler = sampler_type(array.type.dtype)
                out.write(f"uniform highp {sampler} {symbols.samplers[array.name]};")
            out.write(f"uniform ivec4 {symbols.shapes[array.name]};")
            out.write(f"uniform ivec4 {symbols.layouts[array.name]};  {_LAYOUT_WORDS}")
        for variable in self.program.uniforms:
            kind = "int" if variable.type == BOOL else str(variable.type)
            out.write(f"uniform {kind} {symbols.uniforms[variable.name]};")
        out.write(f"uniform ivec4 {symbols.out_shape};")
        out.write(f"uniform ivec4 {symbols.out_layout};  {_LAYOUT_WORDS}")

    def _helper_texts(self) -> list[str]:
        """Return the GLSL functions that the program needs, each once, callees first."""
        found: dict[str, None] = {}
        for reads in self._shading.reads.values():
            found.update(reads.helpers)
        found.update(self._shading.helpers.texts)
        if any(self.program.outputs[output].dtype == "float16" for output in self.drawn.outputs):
            found[TO_HALF_HELPER] = None
            if self.variant.packed:
                found[TO_HALF_PACKED_HELPER] = None
        for reads in self._shading.reads.values():
            found.update(dict.fromkeys(reads.texts.values()))
        return list(found)


_LAYOUT_WORDS = "// pitch, mask and shift of texel numbers, last texel of a row"


def _value_counts(program: nodes.Program) -> dict[int, int]:
    """Return how many values the checks of each failure have."""
    counts: dict[int, int] = {}
    left = [statement for function in program.functions for statement in function.body]
    while left:
        statement = left.pop()
        if isinstance(statement, nodes.Check):
            counts[statement.failure] = len(statement.values)
        left.extend(substatements(statement))
    return counts
