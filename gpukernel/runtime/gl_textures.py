"""The textures of a context: idle ones where they fit, new ones where none does."""

from __future__ import annotations

from gpukernel.errors import DeviceError
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_texture import GLTexture
from gpukernel.runtime.pool import Pool


class GLTextures:
    """Gives out textures and takes them back; all methods need the context to be current."""

    def __init__(self, context: GLContext, max_idle_bytes: int) -> None:
        self._context = context
        self._pool: Pool[GLTexture] = Pool(max_idle_bytes)

    def take(self, width: int, height: int, texel_format: str) -> GLTexture:
        """Return a texture, contents undefined; out of memory frees the idle ones and tries again.

        Raises:
            DeviceError: the driver has not enough memory.
        """
        texture = self._pool.take((width, height, texel_format))
        if texture is not None:
            return texture
        with self._context as gl:
            try:
                return GLTexture(gl, width, height, texel_format)
            except DeviceError:
                self._pool.clear()
                return GLTexture(gl, width, height, texel_format)

    def give(self, texture: GLTexture) -> None:
        """Keep a texture that nobody uses any more for reuse."""
        self._pool.give(texture)
