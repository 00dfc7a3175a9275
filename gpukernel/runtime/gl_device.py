"""The ``gl`` device: arrays in textures, programs as fragment shaders.

Importing this module does not import ModernGL; making a `GLDevice` does.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from gpukernel.codegen.outputs import MIN_DRAW_BUFFERS
from gpukernel.ir.nodes import Program
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_loop_limit import cuts_loops_short
from gpukernel.runtime.gl_move import GLMover
from gpukernel.runtime.gl_program import GLDriver, GLExecutable
from gpukernel.runtime.gl_readback import GLReadbacks
from gpukernel.runtime.gl_rows import GLRows
from gpukernel.runtime.gl_texture import FORMATS, GLStorage
from gpukernel.runtime.gl_textures import GLTextures
from gpukernel.runtime.gl_transfer import read_array, write_array
from gpukernel.runtime.layout import make_layout
from gpukernel.runtime.readback import Readback
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
        self._readbacks = GLReadbacks(self._context)
        self._mover = GLMover(self._context)
        size = self._context.facts["max_texture_size"]
        self._max_size = size if isinstance(size, int) else 0
        buffers = self._context.facts["max_draw_buffers"]
        self._max_draw_buffers = buffers if isinstance(buffers, int) else MIN_DRAW_BUFFERS

    def allocate(self, shape: Sequence[int], dtype: np.dtype) -> GLStorage:
        """Return storage for an array, contents undefined."""
        layout = _layout_of(tuple(shape), self._max_size)
        dtype = np.dtype(dtype)
        texture = self._textures.take(layout.width, layout.height, FORMATS[dtype])
        storage = GLStorage(layout, dtype, texture)
        COUNTERS.array_added(storage.nbytes)
        return storage

    def upload(self, host: np.ndarray) -> GLStorage:
        """Return storage with a copy of a C-contiguous, native-endian array."""
        with self._context:
            storage = self.allocate(host.shape, host.dtype)
            if host.size:
                write_array(storage, host)
        COUNTERS.add("uploads")
        return storage

    def download(self, storage: GLStorage) -> np.ndarray:
        """Return the values as a new C-contiguous array; waits for launches that write them."""
        with self._context:
            values = read_array(storage)
        COUNTERS.add("downloads")
        return values

    def download_async(self, storage: GLStorage) -> Readback:
        """Begin to copy the values as they are now to the host, without waiting for them."""
        readback = self._readbacks.start(storage)
        COUNTERS.add("downloads")
        return readback

    def reshape(self, storage: GLStorage, shape: Sequence[int]) -> GLStorage | None:
        """Return the same memory as another shape, or None where its elements would move."""
        return storage.reshaped(shape)

    def copy(self, storage: GLStorage, shape: Sequence[int]) -> GLStorage:
        """Return new storage with the same values, in row-major order, as another shape."""
        copied = self.allocate(shape, storage.dtype)
        if storage.nbytes:
            self._mover.copy(storage, copied)
        return copied

    def release(self, storage: GLStorage) -> None:
        """Let the memory be reused; callable from finalisers, a second call does nothing."""
        texture, storage.texture = storage.texture, None
        if texture is not None:
            COUNTERS.array_removed(storage.nbytes)
            self._textures.give_later(texture)

    def build(self, program: Program, optimize: frozenset[str] = frozenset()) -> GLExecutable:
        """Prepare a typed program; its shaders are compiled when a launch needs them."""
        return GLExecutable(self._driver, program, optimize)

    @functools.cached_property
    def _driver(self) -> GLDriver:
        return GLDriver(
            self._context,
            self._textures,
            GLRows(self._context, self._textures),
            self._max_draw_buffers,
            self._cuts_loops,
        )

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
