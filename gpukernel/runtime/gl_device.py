"""The ``gl`` device: arrays in textures, programs as fragment shaders.

Importing this module does not import ModernGL; making a `GLDevice` does.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from gpukernel.codegen.glsl import generate_glsl
from gpukernel.codegen.loops import looping_functions
from gpukernel.codegen.outputs import MIN_DRAW_BUFFERS
from gpukernel.ir.nodes import Program
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_loop_limit import cuts_loops_short
from gpukernel.runtime.gl_program import GLExecutable
from gpukernel.runtime.gl_texture import FORMATS, GLStorage, read_array, write_array
from gpukernel.runtime.gl_textures import GLTextures
from gpukernel.runtime.layout import make_layout
from gpukernel.runtime.stats import COUNTERS

_layout_of = functools.lru_cache(maxsize=1024)(make_layout)
POOL_BYTES = 256 * 2**20  # idle textures kept for reuse


class GLDevice:
    """One OpenGL context with its texture pool; every method may be called from any thread."""

    name = "gl"

    def __init__(self) -> None:
        """Make the context.

        Raises:
            DeviceError: no OpenGL 3.3 context can be made here.
        """
        self._context = GLContext()
        self._textures = GLTextures(self._context, POOL_BYTES)
        size = self._context.facts["max_texture_size"]
        self._max_size = size if isinstance(size, int) else 0
        buffers = self._context.facts["max_draw_buffers"]
        self._max_draw_buffers = buffers if isinstance(buffers, int) else MIN_DRAW_BUFFERS

    def allocate(self, shape: Sequence[int], dtype: np.dtype) -> GLStorage:
        """Return storage for an array, contents undefined."""
        layout = _layout_of(tuple(shape), self._max_size)
        dtype = np.dtype(dtype)
        with self._context:
            texture = self._textures.take(layout.width, layout.height, FORMATS[dtype.name])
        storage = GLStorage(layout, dtype, texture)
        COUNTERS.array_added(storage.nbytes)
        return storage

    def upload(self, host: np.ndarray) -> GLStorage:
        """Return storage with a copy of a C-contiguous, native-endian array."""
        storage = self.allocate(host.shape, host.dtype)
        if host.size:
            with self._context:
                write_array(storage, host)
        COUNTERS.add("uploads")
        return storage

    def download(self, storage: GLStorage) -> np.ndarray:
        """Return the values as a new C-contiguous array; waits for launches that write them."""
        with self._context:
            values = read_array(storage)
        COUNTERS.add("downloads")
        return values

    def reshape(self, storage: GLStorage, shape: Sequence[int]) -> GLStorage | None:
        """Return the same memory as another shape, or None where row padding forbids it."""
        layout = storage.layout.reshaped(shape)
        if layout is None:
            return None
        return GLStorage(layout, storage.dtype, storage.live_texture)

    def release(self, storage: GLStorage) -> None:
        """Let the memory be reused; callable from finalisers, a second call does nothing."""
        texture, storage.texture = storage.texture, None
        if texture is not None:
            COUNTERS.array_removed(storage.nbytes)
            self._context.defer(lambda: self._textures.give(texture))

    def build(self, program: Program) -> GLExecutable:
        """Generate, compile and link the shaders of a typed program."""
        shaders = generate_glsl(
            program,
            guard_loops=bool(looping_functions(program)) and self._cuts_loops,
            max_draw_buffers=self._max_draw_buffers,
        )
        return GLExecutable(self._context, self._textures, shaders)

    @functools.cached_property
    def _cuts_loops(self) -> bool:
        """Whether the driver ends long loops before their condition does."""
        with self._context as gl:
            return cuts_loops_short(gl)

    def synchronize(self) -> None:
        """Wait until the device has finished all work, and run the frees that wait for it."""
        with self._context as gl:
            gl.finish()

    def info(self) -> dict[str, object]:
        """Return the renderer, its version and its limits."""
        self._context.check_process()
        return {"device": self.name, **self._context.facts}

    def check_size(self, shape: Sequence[int], dtype: np.dtype) -> None:
        """Raise DeviceError if an array of this shape cannot exist on the device."""
        _layout_of(tuple(shape), self._max_size)
