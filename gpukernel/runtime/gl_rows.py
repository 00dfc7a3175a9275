"""The rows of what was drawn: blocks of them are joined, and their padding is made zero.

A fragment writes one texel to each of its render targets, at the same place in all of them.  So an
output whose rows are computed ``n`` at a time is drawn as ``n`` textures, each with a block of
neighbouring rows, and these are copied into the output's one after the other.  Software renderers
share out work by the squares of the target: there, wide targets in which parts of a block, its
sections, lie side by side keep all processors busy.

A fragment also writes all four lanes of its texel.  Where a row ends within a texel, a second draw
over the last texels of the rows puts zeros into the lanes beyond.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import Any

from gpukernel.codegen.glsl import VERTEX
from gpukernel.records import record
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_texture import GLStorage, GLTexture
from gpukernel.runtime.gl_textures import GLTextures
from gpukernel.runtime.layout import LANES
from gpukernel.runtime.pool import Pool

_TRIANGLES = 4
POOL_BYTES = 64 * 2**20  # idle blocks kept for reuse
# {0} is "", "i" or "u": the kind of its numbers.
_COPY_FRAGMENT = """\
#version 330
precision highp float;
precision highp int;
uniform highp {0}sampler2D block;
uniform ivec2 start;
out {0}vec4 texel;
void main() {{
    texel = texelFetch(block, ivec2(gl_FragCoord.xy) + start, 0);
}}
"""


_ZERO_FRAGMENT = """\
#version 330
out {0}vec4 texel;
void main() {{
    texel = {0}vec4(0);
}}
"""
_SQUARE = 64  # texels; llvmpipe gives each square of the target to one thread
_MIN_SECTION = 4  # rows
_ALL_LANES = (True,) * LANES


@record(frozen=True)
class Partition:
    """How the rows of an array are drawn: blocks of ``rows``, as sections that lie side by side.

    Attributes:
        rows: rows of the array in a block.
        width: texels in a row of the array.
        height: rows of a section.
        sections: sections in a block; the last one may have rows that are of no use.
    """

    rows: int
    width: int
    height: int
    sections: int

    @property
    def uniform(self) -> tuple[int, int, int]:
        """What shaders get to know of it."""
        return self.rows, self.width, self.height


def partition(width: int, height: int, num_blocks: int, num_squares: int) -> Partition:
    """Return how to draw an array in blocks.

    Args:
        width, height: of the array's texture, in texels.
        num_blocks: how many rows a fragment computes.
        num_squares: how many squares of the target are to be drawn at least, if possible.
    """
    rows = -(-height // num_blocks)
    sections = 1
    while _squares(width, rows, sections) < num_squares and rows >= 2 * _MIN_SECTION * sections:
        sections *= 2
    return Partition(rows, width, -(-rows // sections), sections)


def _squares(width: int, rows: int, sections: int) -> int:
    """Return how many squares a block covers that is drawn as so many sections."""
    across, down = width * sections, -(-rows // sections)
    return -(-across // _SQUARE) * -(-down // _SQUARE)


class Blocks:
    """The textures of one draw, with the framebuffer that draws into all of them."""

    def __init__(self, gl: Any, textures: Sequence[GLTexture]) -> None:
        self._gl = gl
        self.textures = tuple(textures)
        self.framebuffer = gl.framebuffer([texture.texture for texture in textures])
        first = self.textures[0]
        self.key: Hashable = (first.width, first.height, tuple(t.format for t in textures))
        self.num_bytes = sum(texture.num_bytes for texture in textures)

    def release(self) -> None:
        """Give framebuffer and textures back to the driver."""
        # A framebuffer must not be bound when it goes: ModernGL would bind it again later.
        self._gl.detect_framebuffer(0).use()
        self.framebuffer.release()
        for texture in self.textures:
            texture.release()


class GLRows:
    """Gives out blocks, takes them back, and joins them; all methods need the context current."""

    def __init__(self, context: GLContext, textures: GLTextures) -> None:
        self._context = context
        self._textures = textures
        self._pool: Pool[Blocks] = Pool(POOL_BYTES)
        self._programs: dict[str, tuple[Any, Any]] = {}  # by their text

    def take(self, width: int, height: int, formats: Sequence[str]) -> Blocks:
        """Return blocks of ``width`` x ``height`` texels, one for each format.

        Raises:
            DeviceError: the driver has not enough memory.
        """
        found = self._pool.take((width, height, tuple(formats)))
        if found is not None:
            return found
        with self._context as gl:
            return Blocks(gl, [self._textures.take(width, height, f) for f in formats])

    def give(self, blocks: Blocks) -> None:
        """Keep blocks that nobody uses any more for reuse."""
        self._pool.give(blocks)

    def partition(self, texture: GLTexture, num_blocks: int) -> Partition:
        """Return how to draw into an array's texture in blocks."""
        squares = os.cpu_count() or 1 if self._context.facts["software"] else 1
        return partition(texture.width, texture.height, num_blocks, squares)

    def join(self, blocks: Sequence[GLTexture], part: Partition, output: GLStorage) -> None:
        """Copy blocks of rows into an array, from its first row on; rows beyond it are dropped."""
        texture = output.live_texture
        program, triangle = self._linked(_COPY_FRAGMENT, texture.format)
        target = texture.framebuffer
        target.use()
        for number, block in enumerate(blocks):
            block.texture.use(0)
            end = min((number + 1) * part.rows, texture.height)
            for section in range(part.sections):
                first = number * part.rows + section * part.height
                if first >= end:
                    break
                target.viewport = (0, first, texture.width, min(part.height, end - first))
                program["start"].value = (section * part.width, -first)
                triangle.render(_TRIANGLES, 3)
        target.viewport = (0, 0, texture.width, texture.height)

    def clear_padding(self, output: GLStorage) -> None:
        """Put zeros into the lanes beyond the last column of an array just drawn."""
        layout, texture = output.layout, output.live_texture
        used = layout.cols % LANES
        if not used:
            return
        last = layout.cols // LANES
        x, y = last & layout.fold_mask, last >> layout.fold_shift
        box = (last, 0, 1, layout.rows) if layout.kind == "rows" else (x, y, 1, 1)
        target = texture.framebuffer
        _, triangle = self._linked(_ZERO_FRAGMENT, texture.format)
        target.color_mask = tuple(lane >= used for lane in range(LANES))
        target.use()
        target.viewport = box
        triangle.render(_TRIANGLES, 3)
        target.viewport = (0, 0, texture.width, texture.height)
        target.color_mask = _ALL_LANES

    def _linked(self, text: str, texel_format: str) -> tuple[Any, Any]:
        """Return a program of ours for textures of a format, and the triangle it draws."""
        source = text.format({"f": "", "i": "i", "u": "u"}[texel_format[0]])
        if source not in self._programs:
            with self._context as gl:
                made = gl.program(vertex_shader=VERTEX, fragment_shader=source)
                self._programs[source] = made, gl.vertex_array(made, [])
        return self._programs[source]
