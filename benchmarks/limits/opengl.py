"""Plain ModernGL for hand-written shaders: a context, textures, draws.

Nothing here knows the package that is measured.  An array of h x w numbers is a texture of h rows
with four neighbouring numbers in each texel (``pack``), or one (``components=1``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import moderngl
import numpy as np

VERTEX_SHADER = """#version 330 core
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""
HEADER = "#version 330 core\nprecision highp float;\nprecision highp int;\n"
Box = tuple[int, int, int, int]  # x, y, width and height in texels


class OpenGL:
    """A context of our own; everything made in it lives until `release_all`.

    ``with gl:`` makes it current, and current nowhere again at the end.
    """

    def __init__(self) -> None:
        self.context: Any = _create_context()
        self.context.disable(moderngl.DEPTH_TEST | moderngl.BLEND | moderngl.CULL_FACE)
        self._made: list[Any] = []
        self.context.__exit__(None, None, None)  # creation left it current

    def __enter__(self) -> OpenGL:
        self.context.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.context.__exit__(kind, error, trace)

    def empty(self, width: int, height: int, components: int = 4, dtype: str = "f4") -> Any:
        """Return a texture of these many texels; its contents are undefined."""
        texture = self._keep(self.context.texture((width, height), components, dtype=dtype))
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        return texture

    def upload(self, values: np.ndarray, components: int = 4) -> Any:
        """Return a float texture of an array of h x w; w is a multiple of ``components``."""
        height, width = values.shape
        texture = self.empty(width // components, height, components)
        texture.write(np.ascontiguousarray(values, np.float32))
        return texture

    def framebuffer(self, targets: Sequence[Any]) -> Any:
        """Return a framebuffer that draws into textures of one size."""
        return self._keep(self.context.framebuffer(list(targets)))

    def draw(
        self,
        fragment_shader: str,
        targets: Sequence[Any],
        textures: Mapping[str, Any],
        uniforms: Mapping[str, object] | None = None,
        box: Box | None = None,
    ) -> Draw:
        """Return a draw of a shader into ``targets``, all of it or the texels of ``box``."""
        program = self._keep(
            self.context.program(
                vertex_shader=VERTEX_SHADER, fragment_shader=HEADER + fragment_shader
            )
        )
        units = {name: unit for unit, name in enumerate(textures)}
        for name, value in {**(uniforms or {}), **units}.items():
            if name in program:  # the driver drops what has no effect
                program[name].value = value
        framebuffer = self.framebuffer(targets)
        triangle = self._keep(self.context.vertex_array(program, []))
        return Draw(
            framebuffer, triangle, tuple(textures.values()), box or (0, 0, *framebuffer.size)
        )

    def release_all(self) -> None:
        """Give everything that was made back to the driver."""
        self.context.detect_framebuffer(0).use()  # a framebuffer must not be bound when it goes
        while self._made:
            self._made.pop().release()

    def _keep(self, made: Any) -> Any:
        self._made.append(made)
        return made


@contextmanager
def open_gl() -> Iterator[OpenGL]:
    """Make a context that goes at the end, with all that was made in it."""
    gl = OpenGL()
    try:
        yield gl
    finally:
        with gl:
            gl.release_all()
        gl.context.release()


@dataclass(frozen=True)
class Draw:
    """One shader with all that it reads and writes."""

    framebuffer: Any
    triangle: Any
    textures: tuple[Any, ...]
    box: Box

    def __call__(self) -> None:
        self.framebuffer.use()
        self.framebuffer.viewport = self.box
        for unit, texture in enumerate(self.textures):
            texture.use(unit)
        self.triangle.render(moderngl.TRIANGLES, vertices=3)


@dataclass(frozen=True)
class Run:
    """A prepared computation: its draws, in order, and how to get the result to the host."""

    draws: tuple[Draw, ...]
    read: Callable[[], np.ndarray]


def read_texture(texture: Any, dtype: Any = np.float32) -> np.ndarray:
    """Return the numbers of a texture, one row of the array for each row of texels."""
    return np.frombuffer(texture.read(), dtype).reshape(texture.height, -1)


def packed_columns(values: np.ndarray) -> np.ndarray:
    """Return an array with zero columns added until four fit exactly."""
    return np.pad(values, ((0, 0), (0, -values.shape[1] % 4)))


def _create_context() -> Any:
    """Return a context through EGL, else as the platform makes them."""
    try:
        egl: Any = {"backend": "egl"}
        return moderngl.create_context(standalone=True, require=330, **egl)
    except Exception:  # ModernGL's loaders raise plain Exception
        return moderngl.create_context(standalone=True, require=330)
