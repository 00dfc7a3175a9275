"""Ask the driver whether it ends long loops before their condition does.

Mesa's software rasteriser leaves every loop once a fragment has done 65,535 iterations in all, and
says nothing.  The answer is found by running such a loop once.
"""

from __future__ import annotations

from typing import Any

from gpukernel.codegen.glsl import VERTEX

NUM_ITERATIONS = 70_000
_FRAGMENT = """#version 330 core
uniform int u_stop;
layout(location = 0) out ivec4 gk_texel;
void main() {
    int total = 0;
    for (int i = 0; i < u_stop; ++i) {
        total = (total * 5 + 1) & 1023;
        gk_texel = ivec4(i + 1, total, 0, 0);
    }
}
"""


def cuts_loops_short(gl: Any) -> bool:
    """Return whether a loop of 70,000 iterations stops early, on a current ModernGL context."""
    program = gl.program(vertex_shader=VERTEX, fragment_shader=_FRAGMENT)
    texture = gl.texture((1, 1), 4, dtype="i4")
    target = gl.framebuffer([texture])
    draw = gl.vertex_array(program, [])
    try:
        program["u_stop"].value = NUM_ITERATIONS
        target.use()
        draw.render(gl.TRIANGLES, 3)
        done = int.from_bytes(texture.read()[:4], "little", signed=True)
        return done != NUM_ITERATIONS
    finally:
        gl.detect_framebuffer(0).use()  # see GLTexture.release
        for made in (draw, target, texture, program):
            made.release()
