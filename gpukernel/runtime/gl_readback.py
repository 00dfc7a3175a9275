"""Read-backs that do not wait: textures are copied to buffers of the driver, and those are read.

OpenGL runs what it is given in order, so a copy that is queued sees neither later draws into the
texture nor its reuse by another array.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_fence import Fences
from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.gl_transfer import gather
from gpukernel.runtime.layout import LANES, Layout
from gpukernel.runtime.pool import Pool
from gpukernel.runtime.readback import Arrived, Readback

_MAX_IDLE_BYTES = 64 * 2**20  # buffers kept for reuse


class GLReadbacks:
    """Begins the read-backs of one context; callable from any thread."""

    def __init__(self, context: GLContext) -> None:
        self._context = context
        self._idle: Pool[_Buffer] = Pool(_MAX_IDLE_BYTES)
        self._fences: Fences | None = None

    def start(self, storage: GLStorage) -> Readback:
        """Queue a copy of the storage's values and return what will have them.

        Raises:
            DeviceError: the array was released, or the driver failed here or in an earlier,
                unchecked call.
        """
        layout, dtype = storage.layout, storage.dtype
        if not storage.nbytes:
            return Readback(Arrived(np.empty(storage.shape, dtype)))
        num_bytes = layout.num_texels * LANES * dtype.itemsize
        with self._context as gl:
            texture = storage.live_texture  # nobody else gets it while the context is held
            if self._fences is None:
                self._fences = Fences(gl)
            buffer = self._idle.take(num_bytes) or _Buffer(gl, num_bytes)
            try:
                texture.read_into_buffer(buffer.memory, layout.num_texels)
            except BaseException:
                buffer.release()
                raise
            fence = self._fences.insert()
        return Readback(_Waiting(self, layout, dtype, buffer, fence))

    def arrived(self, fence: int) -> bool:
        """Return whether the copy before a fence is finished; without fences wait for it."""
        with self._context as gl:
            assert self._fences is not None
            if fence:
                return self._fences.passed(fence)
            gl.finish()
            return True

    def fetch(self, layout: Layout, dtype: np.dtype, buffer: _Buffer) -> np.ndarray:
        """Wait for the copy into a buffer and return the values."""
        with self._context:
            return gather(layout, dtype, buffer.read)

    def give(self, buffer: _Buffer, fence: int) -> None:
        """Take a buffer and a fence back, soon; callable from finalisers."""
        self._context.defer(lambda: self._free(buffer, fence))

    def _free(self, buffer: _Buffer, fence: int) -> None:
        assert self._fences is not None
        self._fences.delete(fence)
        self._idle.give(buffer)


class _Waiting:
    """A copy that was queued: the `readback.Source` of this device."""

    def __init__(
        self, owner: GLReadbacks, layout: Layout, dtype: np.dtype, buffer: _Buffer, fence: int
    ) -> None:
        self._owner = owner
        self._layout = layout
        self._dtype = dtype
        self._buffer = buffer
        self._fence = fence

    def arrived(self) -> bool:
        """Return whether the values can be fetched without waiting."""
        return self._owner.arrived(self._fence)

    def fetch(self) -> np.ndarray:
        """Wait for the values and return them."""
        return self._owner.fetch(self._layout, self._dtype, self._buffer)

    def __del__(self) -> None:
        if hasattr(self, "_fence"):
            self._owner.give(self._buffer, self._fence)


class _Buffer:
    """Memory of the driver that it can copy to while the host does other things."""

    def __init__(self, gl: Any, num_bytes: int) -> None:
        self.memory = gl.buffer(reserve=num_bytes, dynamic=True)
        self.num_bytes = num_bytes
        self.key: Hashable = num_bytes

    def read(self, flat: np.ndarray, start: int) -> None:
        """Fill an array with the elements from number ``start`` on, waiting for the copy."""
        self.memory.read_into(flat, size=flat.nbytes, offset=start * flat.itemsize)

    def release(self) -> None:
        """Give the memory back to the driver."""
        self.memory.release()
