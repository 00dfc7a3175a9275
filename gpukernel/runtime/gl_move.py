"""Copies of arrays on the device, under another shape where its elements lie elsewhere.

A GPU copies with a shader.  The textures of a software renderer are host memory already: there,
plain copies to the host and back are ten times as fast.
"""

from __future__ import annotations

from typing import Any

from gpukernel.codegen.glsl import VERTEX
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.gl_transfer import read_array, write_array

_TRIANGLES = 4
# One fragment is one texel of the copy.  {0} is "", "i" or "u": the kind of its numbers.
_FRAGMENT = """\
#version 330
uniform {0}sampler2D source;
uniform ivec4 source_layout;  // columns, whether it is folded, mask, shift
uniform int source_pitch;
uniform ivec4 copy_layout;  // rows, columns, pitch, texture width
out {0}vec4 texel;
void main() {{
    int element = (int(gl_FragCoord.y) * copy_layout.w + int(gl_FragCoord.x)) * 4;
    int row = element / copy_layout.z;
    int column = element - row * copy_layout.z;
    int number = row * copy_layout.y + column;  // in row-major order, without padding
    int source_row = number / source_layout.x;
    int source_column = number - source_row * source_layout.x;
    {0}vec4 result = {0}vec4(0);
    for (int lane = 0; lane < 4; ++lane) {{
        if (uint(row) < uint(copy_layout.x) && column < copy_layout.y) {{
            int there = source_row * source_pitch + source_column;
            int t = there >> 2;
            ivec2 folded = ivec2(t & source_layout.z, t >> source_layout.w);
            ivec2 straight = ivec2(source_column >> 2, source_row);
            ivec2 place = source_layout.y != 0 ? folded : straight;
            result[lane] = texelFetch(source, place, 0)[there & 3];
            if (++source_column == source_layout.x) {{
                source_column = 0;
                ++source_row;
            }}
        }}
        if (++column == copy_layout.z) {{
            column = 0;
            ++row;
        }}
    }}
    texel = result;
}}
"""


class GLMover:
    """The programs that copy the textures of one context, compiled at first use."""

    def __init__(self, context: GLContext) -> None:
        self._context = context
        self.through_host = bool(context.facts["software"])
        self._programs: dict[str, tuple[Any, Any]] = {}

    def copy(self, source: GLStorage, target: GLStorage) -> None:
        """Fill ``target`` with the values of ``source``, both in row-major order.

        Args:
            source: any array that is not empty.
            target: an array of the same size and dtype, in another texture.
        """
        with self._context as gl:
            if self.through_host:
                write_array(target, read_array(source))
            else:
                self._draw(gl, source, target)

    def _draw(self, gl: Any, source: GLStorage, target: GLStorage) -> None:
        here, there = source.layout, target.layout
        program, triangle = self._program(gl, source.live_texture.format)
        folded = here.kind == "folded"
        program["source_layout"] = (here.cols, int(folded), here.fold_mask, here.fold_shift)
        program["source_pitch"] = here.pitch
        program["copy_layout"] = (there.rows, there.cols, there.pitch, there.width)
        source.live_texture.texture.use(0)
        target.live_texture.framebuffer.use()
        triangle.render(_TRIANGLES, 3)

    def _program(self, gl: Any, texel_format: str) -> tuple[Any, Any]:
        """Return the program for a format of texels, and what to draw with it."""
        kind = {"f": "", "i": "i", "u": "u"}[texel_format[0]]
        if kind not in self._programs:
            program = gl.program(vertex_shader=VERTEX, fragment_shader=_FRAGMENT.format(kind))
            self._programs[kind] = program, gl.vertex_array(program, [])
        return self._programs[kind]
