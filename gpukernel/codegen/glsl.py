"""Typed program in, GLSL 3.30 text out: a `Shader`.

One fragment is one texel of the output, that is four consecutive elements; the kernel runs once
for each of them.  Pure text: no GL library is needed here.  Every operand is written as an atom or
in parentheses, so precedence never matters.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from gpukernel.codegen.loops import copies_of, looping_functions, without_continue
from gpukernel.codegen.names import Names
from gpukernel.codegen.shader import Shader
from gpukernel.errors import InternalError, Span
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions
from gpukernel.lang.glsl_helpers import TO_INT_HELPER
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MIN, ArrayType, Scalar

VERTEX = """#version 330 core
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""

_SAMPLERS = {"float32": "sampler2D", "float16": "sampler2D", "bool": "usampler2D"}
_TEXELS = {FLOAT: "vec4", INT: "ivec4", BOOL: "uvec4"}
_STORED = {FLOAT: "float", INT: "int", BOOL: "uint"}
_ZERO = {FLOAT: "0.0", INT: "0", BOOL: "false"}
_COMPONENTS = "xyzw"


def sampler_type(dtype: str) -> str:
    """Return the sampler that reads a texture of this dtype."""
    return _SAMPLERS.get(dtype, "usampler2D" if dtype.startswith("u") else "isampler2D")


def generate_glsl(program: nodes.Program, *, guard_loops: bool = False) -> Shader:
    """Return the shader of a program.

    Args:
        program: the typed program.
        guard_loops: write loops for a driver that cuts them short (see `codegen.loops`).
    """
    return _Generator(program, guard_loops).shader()


@dataclass
class _Writer:
    """Lines of text with the Python line each came from."""

    lines: list[str] = field(default_factory=list)
    origins: list[int | None] = field(default_factory=list)
    depth: int = 0

    def write(self, text: str, line: int | None = None) -> None:
        for part in text.split("\n"):
            self.lines.append("    " * self.depth + part if part else "")
            self.origins.append(line)


class _Generator:
    def __init__(self, program: nodes.Program, guard_loops: bool) -> None:
        self.program = program
        self.looping = looping_functions(program)
        self.guarded = guard_loops and program.kernel.name in self.looping
        self.out = _Writer()
        self.globals = Names()
        self.out_shape = self.globals.declare("u_out_shape")
        self.out_layout = self.globals.declare("u_out_layout")
        self.functions = {f.name: self.globals.declare(f.name) for f in program.functions}
        self.uniforms = {u.name: self.globals.declare(f"u_{u.name}") for u in program.uniforms}
        inputs = [a.name for a in program.arrays]
        self.samplers = {a: self.globals.declare(f"tex_{a}") for a in inputs}
        self.shapes = {a: self.globals.declare(f"u_{a}_shape") for a in inputs}
        self.layouts = {a: self.globals.declare(f"u_{a}_layout") for a in inputs}
        self.loads = {a: self.globals.declare(f"load_{a}") for a in inputs}
        self.names = Names()
        self.annotated: Span | None = None

    # ------------------------------------------------------------ the whole shader

    def shader(self) -> Shader:
        write = self.out.write
        write("#version 330 core")
        write("precision highp float;")
        write("precision highp int;")
        self.declarations()
        for text in self.helper_texts():
            write("")
            write(text.strip("\n"))
        for array in self.program.arrays:
            self.load_function(array.name, array.type)
        for function in self.program.functions:
            self.function(function)
        self.main()
        return Shader(
            fragment="\n".join(self.out.lines) + "\n",
            vertex=VERTEX,
            lines=tuple(self.out.origins),
            samplers=tuple(self.samplers.values()),
            shapes=tuple(self.shapes.values()),
            layouts=tuple(self.layouts.values()),
            uniforms=tuple(self.uniforms.values()),
            out_shape=self.out_shape,
            out_layout=self.out_layout,
            guarded=self.guarded,
        )

    def declarations(self) -> None:
        write = self.out.write
        for array in self.program.arrays:
            write(f"uniform highp {sampler_type(array.type.dtype)} {self.samplers[array.name]};")
            write(f"uniform ivec4 {self.shapes[array.name]};")
            write(f"uniform ivec2 {self.layouts[array.name]};  // pitch, texture width")
        for variable in self.program.uniforms:
            kind = "int" if variable.type == BOOL else variable.type.name
            write(f"uniform {kind} {self.uniforms[variable.name]};")
        write("uniform ivec4 u_out_shape;")
        write("uniform ivec2 u_out_layout;  // pitch, texture width")
        write(f"layout(location = 0) out {_TEXELS[self.program.kernel.result]} gk_texel;")
        write("ivec4 gk_index;")
        if self.guarded:
            write("uniform int gk_slot;  // 0; unknown to the compiler, so gk_done stays in memory")
            write("bool gk_done[2];  // [gk_slot]: was the loop over the lanes not cut short?")

    def helper_texts(self) -> list[str]:
        """Return the GLSL functions that the program's calls need, each once, callees first."""
        found: dict[str, None] = {}
        for function in self.program.functions:
            for node in expressions(function.body):
                if isinstance(node, nodes.Call):
                    found.update(dict.fromkeys(node.overload.helpers))
                elif isinstance(node, nodes.Cast) and _needs_to_int(node):
                    found[TO_INT_HELPER] = None
        return list(found)

    def load_function(self, name: str, kind: ArrayType) -> None:
        """Write the bounds-checked read of one array."""
        shape, layout = self.shapes[name], self.layouts[name]
        indices = [f"i{axis}" for axis in range(kind.rank)]
        inside = " && ".join(f"uint({i}) < uint({shape}.{c})" for i, c in zip(indices, _COMPONENTS))
        row = "0"
        for position, i in enumerate(indices[:-1]):
            row = i if position == 0 else f"({row} * {shape}.{_COMPONENTS[position]} + {i})"
        flat = indices[-1] if kind.rank == 1 else f"{row} * {layout}.x + {indices[-1]}"
        place = f"ivec2(gk_t % {layout}.y, gk_t / {layout}.y)"
        texel = f"texelFetch({self.samplers[name]}, {place}, 0)[gk_e & 3]"
        value = {FLOAT: texel, INT: f"int({texel})", BOOL: f"{texel} != 0u"}[kind.element]
        write = self.out.write
        write("")
        write(f"{kind.element} {self.loads[name]}({', '.join('int ' + i for i in indices)}) {{")
        write(f"    if (!({inside})) return {_ZERO[kind.element]};")
        write(f"    int gk_e = {flat};")
        write("    int gk_t = gk_e >> 2;")
        write(f"    return {value};")
        write("}")

    def main(self) -> None:
        """Write the loop over the four elements of this fragment's texel."""
        kind = self.program.kernel.result
        rank = self.program.grid_rank
        kernel = self.functions[self.program.kernel.name]
        write = self.out.write
        write("")
        write("void main() {")
        write("    int gk_cell = int(gl_FragCoord.y) * u_out_layout.y + int(gl_FragCoord.x);")
        rows = " * ".join(f"u_out_shape.{c}" for c in _COMPONENTS[: rank - 1]) or "1"
        write(f"    int gk_rows = {rows};")
        write(f"    {_TEXELS[kind]} gk_result = {_TEXELS[kind]}(0);")
        if self.guarded:
            write("    gk_done[0] = gk_done[1] = false;")
            write("    int gk_lane = -1;")
            write("    while (true) {")
            write("        if (++gk_lane >= 4 + gk_slot) { gk_done[gk_slot] = true; break; }")
        else:
            write("    for (int gk_lane = 0; gk_lane < 4; ++gk_lane) {")
        write("        int gk_e = gk_cell * 4 + gk_lane;")
        write("        int gk_row = gk_e / u_out_layout.x;")
        write("        int gk_column = gk_e - gk_row * u_out_layout.x;")
        width = f"u_out_shape.{_COMPONENTS[rank - 1]}"
        write(f"        if (gk_row >= gk_rows || gk_column >= {width}) continue;")
        for axis in range(rank - 2, 0, -1):
            extent = f"u_out_shape.{_COMPONENTS[axis]}"
            write(f"        gk_index.{_COMPONENTS[axis]} = gk_row % {extent};")
            write(f"        gk_row /= {extent};")
        if rank > 1:
            write("        gk_index.x = gk_row;")
        write(f"        gk_index.{_COMPONENTS[rank - 1]} = gk_column;")
        write(f"        gk_result[gk_lane] = {_STORED[kind]}({kernel}());")
        write("    }")
        if self.guarded:
            write("    if (!gk_done[gk_slot]) discard;  // the driver cut a loop short")
        write("    gk_texel = gk_result;")
        write("}")

    # ------------------------------------------------------------ functions and statements

    def function(self, function: nodes.Function) -> None:
        self.names = Names(self.globals)
        params = ", ".join(f"{p.type} {self.names.name(p.name)}" for p in function.params)
        write = self.out.write
        write("")
        write(f"{function.result} {self.functions[function.name]}({params}) {{", function.span.line)
        self.out.depth += 1
        for variable in function.locals:
            write(f"{variable.type} {self.names.name(variable.name)} = {_ZERO[variable.type]};")
        self.block(function.body)
        if not isinstance(function.body[-1] if function.body else None, nodes.Return):
            write(f"return {_ZERO[function.result]};")
        self.out.depth -= 1
        write("}")

    def block(self, statements: tuple[nodes.Stmt, ...]) -> None:
        for statement in statements:
            self.annotate(statement.span)
            self.statement(statement)

    def annotate(self, span: Span) -> None:
        """Write the Python line as a comment, once, before what it became."""
        same = self.annotated and (self.annotated.file, self.annotated.line) == (
            span.file,
            span.line,
        )
        if same or not 1 <= span.line <= len(span.file.lines):
            return
        self.annotated = span
        text = span.file.lines[span.line - 1].strip().encode("ascii", "replace").decode()
        self.out.write(f"// {span.line}: {text.rstrip(chr(92))}", span.line)

    def statement(self, node: nodes.Stmt) -> None:
        line = node.span.line
        match node:
            case nodes.Assign():
                self.out.write(f"{self.names.name(node.name)} = {self.value(node.value)};", line)
            case nodes.If():
                self.out.write(f"if ({self.value(node.condition)}) {{", line)
                self.inner(node.then)
                if node.otherwise:
                    self.out.write("} else {", line)
                    self.inner(node.otherwise)
                self.out.write("}", line)
            case nodes.For() | nodes.While() if self.guarded:
                self.unrolled_loop(node)
            case nodes.For():
                self.for_loop(node)
            case nodes.While():
                self.out.write(f"while ({self.value(node.condition)}) {{", line)
                self.inner(node.body)
                self.out.write("}", line)
            case nodes.Break():
                self.out.write("break;", line)
            case nodes.Continue():
                self.out.write("continue;", line)
            case nodes.Return():
                self.out.write(f"return {self.value(node.value)};", line)
            case _:
                raise InternalError(f"no GLSL for statement {type(node).__name__}")

    def inner(self, statements: tuple[nodes.Stmt, ...]) -> None:
        self.out.depth += 1
        self.block(statements)
        self.out.depth -= 1

    def for_loop(self, node: nodes.For) -> None:
        """Write a loop over a counter of its own, so that the body may assign the variable."""
        line = node.span.line
        start, condition, advance, value = self.counting(node)
        self.out.write(f"for ({start}; {condition}; {advance}) {{", line)
        self.out.depth += 1
        self.out.write(f"{self.names.name(node.name)} = {value};", line)
        self.block(node.body)
        self.out.depth -= 1
        self.out.write("}", line)

    def counting(self, node: nodes.For) -> tuple[str, str, str, str]:
        """Return a counter's declaration, condition and step, and the variable's value.

        Other steps than 1 and -1 count iterations instead, in unsigned arithmetic, since the
        counter itself could pass the end of the int range.
        """
        line = node.span.line
        counter = self.names.fresh()
        start, stop = self.hoisted(node.start, line), self.hoisted(node.stop, line)
        step = node.step.value if isinstance(node.step, nodes.Constant) else None
        if step == 1:
            return f"int {counter} = {start}", f"{counter} < {stop}", f"++{counter}", counter
        if step == -1:
            return f"int {counter} = {start}", f"{counter} > {stop}", f"--{counter}", counter
        count, by = self.names.fresh(), self.hoisted(node.step, line)
        write = self.out.write
        write(f"uint {count} = 0u;", line)
        up, down = f"{by} > 0 && {stop} > {start}", f"{by} < 0 && {stop} < {start}"
        write(f"if ({up}) {count} = (uint({stop}) - uint({start}) - 1u) / uint({by}) + 1u;", line)
        backwards = f"(uint({start}) - uint({stop}) - 1u) / uint(-{by}) + 1u"
        write(f"if ({down}) {count} = {backwards};", line)
        value = f"{start} + int({counter}) * {by}"
        return f"uint {counter} = 0u", f"{counter} < {count}", f"++{counter}", value

    def unrolled_loop(self, node: nodes.For | nodes.While) -> None:
        """Write a loop that does several iterations of the source in one of its own."""
        line, write = node.span.line, self.out.write
        body, copies = node.body, copies_of(node, self.looping)
        if copies > 1:
            body = without_continue(body)
        if isinstance(node, nodes.For):
            start, condition, advance, value = self.counting(node)
            write(f"{start};", line)
            head = [f"{self.names.name(node.name)} = {value};", f"{advance};"]
        else:
            condition, head = self.value(node.condition), []
        write("while (true) {", line)
        self.out.depth += 1
        for _ in range(copies):
            write(f"if (!({condition})) break;", line)
            for text in head:
                write(text, line)
            self.block(body)
        self.out.depth -= 1
        write("}", line)

    def hoisted(self, bound: nodes.Expr, line: int) -> str:
        """Return a loop bound as an atom, computed once before the loop."""
        if isinstance(bound, nodes.Constant):
            return self.value(bound)
        name = self.names.fresh()
        self.out.write(f"int {name} = {self.value(bound)};", line)
        return name

    # ------------------------------------------------------------ expressions

    def value(self, node: nodes.Expr) -> str:
        """Return GLSL for an expression: an atom, or text in parentheses."""
        match node:
            case nodes.Constant():
                return literal(node.value, node.type)
            case nodes.Name():
                return self.names.name(node.name)
            case nodes.Uniform():
                name = self.uniforms[node.name]
                return f"({name} != 0)" if node.type == BOOL else name
            case nodes.GridIndex():
                return f"gk_index.{_COMPONENTS[node.axis]}"
            case nodes.Extent():
                return f"{self.shapes[node.array]}.{_COMPONENTS[node.axis]}"
            case nodes.Load():
                return f"{self.loads[node.array]}({self.values(node.indices)})"
            case nodes.Invoke():
                return f"{self.functions[node.function]}({self.values(node.arguments)})"
            case nodes.Call():
                operands = [self.value(a) for a in node.arguments]
                return f"({node.overload.glsl.format(*operands)})"
            case nodes.Logical():
                symbol = {"and": "&&", "or": "||"}[node.operator]
                return f"({self.value(node.left)} {symbol} {self.value(node.right)})"
            case nodes.Select():
                chosen = f"{self.value(node.then)} : {self.value(node.otherwise)}"
                return f"({self.value(node.condition)} ? {chosen})"
            case nodes.Cast():
                return self.cast(node)
            case nodes.Bind():
                return f"({self.names.name(node.name)} = {self.value(node.value)})"
            case _:
                raise InternalError(f"no GLSL for expression {type(node).__name__}")

    def values(self, arguments: tuple[nodes.Expr, ...]) -> str:
        return ", ".join(self.value(a) for a in arguments)

    def cast(self, node: nodes.Cast) -> str:
        value = self.value(node.value)
        if _needs_to_int(node):
            return f"gk_to_int({value})"
        if node.type == BOOL:
            return f"({value} != {_ZERO[node.value.type]})"
        return f"{node.type}({value})"


def _needs_to_int(node: nodes.Cast) -> bool:
    return node.type == INT and node.value.type == FLOAT


def literal(value: bool | int | float, kind: Scalar) -> str:
    """Return a constant as GLSL text that gives exactly its bits."""
    if kind == BOOL:
        return "true" if value else "false"
    if kind == INT:
        if value == INT_MIN:  # its digits alone would not fit
            return "(-2147483647 - 1)"
        return f"({value})" if value < 0 else str(value)
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    text = repr(float(value))
    if text in ("inf", "-inf", "nan") or 0 < abs(value) < 1.2e-38:
        return f"intBitsToFloat(int(0x{bits:08X}u))"
    return f"({text})" if bits >> 31 else text
