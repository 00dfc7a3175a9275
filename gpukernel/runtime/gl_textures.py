"""The textures of a context: idle ones where they fit, new ones where none does."""

from __future__ import annotations

from collections import deque
from typing import Any

from gpukernel.errors import DeviceError
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_texture import GLTexture
from gpukernel.runtime.pool import Pool


class GLTextures:
    """Gives out textures and takes them back."""

    def __init__(self, context: GLContext, max_idle_bytes: int) -> None:
        self._context = context
        self._reads_early = bool(context.facts["software"])
        self._pool: Pool[GLTexture] = Pool(max_idle_bytes)
        self._returned: deque[GLTexture] = deque()  # by finalisers, and not in the pool yet

    def take(self, width: int, height: int, texel_format: str) -> GLTexture:
        """Return a texture, contents undefined; out of memory frees the idle ones and tries again.

        Raises:
            DeviceError: the driver has not enough memory.
        """
        key = (width, height, texel_format)
        self._context.check_process()
        with self._context.lock:
            texture = self._take_returned(key) or self._pool.take(key)
        if texture is not None:
            return texture
        with self._context as gl:
            try:
                return self._make(gl, key)
            except DeviceError:
                self._pool.clear()
                return self._make(gl, key)

    def _make(self, gl: Any, key: tuple[int, int, str]) -> GLTexture:
        return GLTexture(gl, *key, reads_early=self._reads_early)

    def give(self, texture: GLTexture) -> None:
        """Keep a texture that nobody uses any more for reuse; the context must be current."""
        self._pool.give(texture)

    def give_later(self, texture: GLTexture) -> None:
        """Do that at the next entry of the context; callable from any thread and finaliser."""
        self._returned.append(texture)
        self._context.defer(self._give_returned)

    def _take_returned(self, key: tuple[int, int, str]) -> GLTexture | None:
        for _ in range(len(self._returned)):  # finalisers may add to them meanwhile
            texture = self._returned.popleft()
            if texture.key == key:
                return texture
            self._returned.append(texture)
        return None

    def _give_returned(self) -> None:
        while self._returned:
            self._pool.give(self._returned.popleft())
