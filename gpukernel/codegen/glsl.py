"""Typed program in, GLSL 3.30 text out: one `Shader` for each pass.

One fragment is one texel of the outputs, that is four consecutive elements; the kernel runs once
for each cell of the grid that has elements there.  Pure text: no GL library is needed here.  Every
operand is written as an atom or in parentheses, so precedence never matters.
"""

from __future__ import annotations

from gpukernel.codegen.exactness import computes_floats
from gpukernel.codegen.glsl_expressions import cast_helper
from gpukernel.codegen.glsl_loads import boundary_helpers, sampler_type, write_load
from gpukernel.codegen.glsl_main import declare_outputs, write_main
from gpukernel.codegen.glsl_statements import FunctionWriter
from gpukernel.codegen.loops import looping_functions
from gpukernel.codegen.outputs import MIN_DRAW_BUFFERS, TO_HALF_HELPER, Pass, plan_passes
from gpukernel.codegen.shader import Shader, Shaders
from gpukernel.codegen.symbols import Symbols
from gpukernel.codegen.writer import Writer
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, substatements
from gpukernel.lang.types import BOOL

VERTEX = """#version 330 core
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""


def generate_glsl(
    program: nodes.Program,
    *,
    guard_loops: bool = False,
    max_draw_buffers: int = MIN_DRAW_BUFFERS,
) -> Shaders:
    """Return the shaders of a program.

    Args:
        program: the typed program.
        guard_loops: write loops for a driver that cuts them short (see `codegen.loops`).
        max_draw_buffers: how many textures the device can draw into at once.
    """
    looping = looping_functions(program)
    guarded = guard_loops and program.kernel.name in looping
    shaders = [
        _generate_pass(program, drawn, looping if guarded else None)
        for drawn in plan_passes(program, max_draw_buffers)
    ]
    return Shaders(tuple(shaders), _value_counts(program))


def _generate_pass(program: nodes.Program, drawn: Pass, looping: frozenset[str] | None) -> Shader:
    symbols, out = Symbols(program), Writer()
    guarded = looping is not None
    exact = computes_floats(program)
    out.write("#version 330 core")
    out.write("precision highp float;")
    out.write("precision highp int;")
    _declare_inputs(out, program, symbols)
    declare_outputs(out, program, drawn, guarded, exact)
    for text in _helper_texts(program, drawn):
        out.write("")
        out.write(text.strip("\n"))
    for array in program.arrays:
        write_load(out, symbols, array)
    functions = {function.name: function for function in program.functions}
    writer = FunctionWriter(out, symbols, functions, looping, drawn.checked, exact)
    for function in program.functions:
        writer.function(function)
    write_main(out, program, symbols, drawn, guarded, exact)
    return Shader(
        fragment="\n".join(out.lines) + "\n",
        vertex=VERTEX,
        lines=tuple(out.origins),
        samplers=tuple(symbols.samplers.values()),
        shapes=tuple(symbols.shapes.values()),
        layouts=tuple(symbols.layouts.values()),
        uniforms=tuple(symbols.uniforms.values()),
        out_shape=symbols.out_shape,
        out_layout=symbols.out_layout,
        outputs=drawn.outputs,
        cell_size=drawn.size,
        guarded=guarded,
        checked=drawn.checked,
    )


def _declare_inputs(out: Writer, program: nodes.Program, symbols: Symbols) -> None:
    for array in program.arrays:
        sampler = sampler_type(array.type.dtype)
        out.write(f"uniform highp {sampler} {symbols.samplers[array.name]};")
        out.write(f"uniform ivec4 {symbols.shapes[array.name]};")
        out.write(f"uniform ivec2 {symbols.layouts[array.name]};  // pitch, texture width")
    for variable in program.uniforms:
        kind = "int" if variable.type == BOOL else str(variable.type)
        out.write(f"uniform {kind} {symbols.uniforms[variable.name]};")
    out.write(f"uniform ivec4 {symbols.out_shape};")
    out.write(f"uniform ivec2 {symbols.out_layout};  // pitch, texture width")


def _helper_texts(program: nodes.Program, drawn: Pass) -> list[str]:
    """Return the GLSL functions that the program needs, each once, callees first."""
    found = dict.fromkeys(boundary_helpers(program.arrays))
    for function in program.functions:
        for node in expressions(function.body):
            if isinstance(node, nodes.Call):
                found.update(dict.fromkeys(node.overload.helpers))
            elif isinstance(node, nodes.Cast) and cast_helper(node):
                found[cast_helper(node)] = None
    if any(program.outputs[output].dtype == "float16" for output in drawn.outputs):
        found[TO_HALF_HELPER] = None
    return list(found)


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
