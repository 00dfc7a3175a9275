"""Textures and the copying of host memory into and out of them.

All functions and methods here need the GL context to be current, except making a `GLStorage`.
Elements travel in the order of `layout.Layout`; full texture rows go straight between the host
buffer and the driver, and only a partly filled last row passes through a small copy.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from gpukernel.errors import DeviceError
from gpukernel.runtime.layout import LANES, Layout
from gpukernel.runtime.stats import COUNTERS

_NEAREST = 0x2600
# NumPy dtype -> ModernGL's name of the RGBA format that holds it bit for bit.
FORMATS = {
    "float32": "f4",
    "float16": "f2",
    "int32": "i4",
    "int16": "i2",
    "int8": "i1",
    "uint32": "u4",
    "uint16": "u2",
    "uint8": "u1",
    "bool": "u1",
}


class GLTexture:
    """An RGBA texture and the framebuffer that draws into it, made at first use and kept."""

    __slots__ = ("_framebuffer", "_gl", "format", "height", "key", "num_bytes", "texture", "width")

    def __init__(self, gl: Any, width: int, height: int, texel_format: str) -> None:
        """Make a texture of ``width`` x ``height`` texels, contents undefined.

        Raises:
            DeviceError: the driver has not enough memory.
        """
        self._gl = gl
        self._framebuffer: Any = None
        self.width = width
        self.height = height
        self.format = texel_format
        self.key: Hashable = (width, height, texel_format)
        self.num_bytes = width * height * LANES * int(texel_format[1])
        _take_error(gl)  # of an earlier call: not ours
        self.texture = gl.texture((width, height), LANES, dtype=texel_format)
        error = _take_error(gl)
        if error:
            self.texture.release()
            raise DeviceError(
                f"the driver could not make a texture of {width} x {height} texels "
                f"({self.num_bytes} bytes): {error}"
            )
        self.texture.filter = (_NEAREST, _NEAREST)
        COUNTERS.add("textures")

    @property
    def framebuffer(self) -> Any:
        """The framebuffer whose only attachment is this texture."""
        if self._framebuffer is None:
            self._framebuffer = self._gl.framebuffer([self.texture])
        return self._framebuffer

    def release(self) -> None:
        """Give texture and framebuffer back to the driver.

        A framebuffer must not be bound when it goes: ModernGL would bind it again later.
        """
        if self._framebuffer is not None:
            self._gl.detect_framebuffer(0).use()
            self._framebuffer.release()
        self.texture.release()
        COUNTERS.add("textures", -1)

    def write(self, flat: np.ndarray) -> None:
        """Copy a contiguous 1-D array to the texture, first element into lane 0 of texel 0."""
        row_elements = self.width * LANES
        full_rows = flat.size // row_elements
        if full_rows:
            box = (0, 0, self.width, full_rows)
            self.texture.write(flat[: full_rows * row_elements], viewport=box)
        rest = flat[full_rows * row_elements :]
        if rest.size:
            padded = np.zeros(-(-rest.size // LANES) * LANES, flat.dtype)
            padded[: rest.size] = rest
            self.texture.write(padded, viewport=(0, full_rows, padded.size // LANES, 1))

    def read(self, flat: np.ndarray) -> None:
        """Fill a contiguous 1-D array from the texture, in the order that `write` uses.

        Raises:
            DeviceError: the driver failed here or in an earlier, unchecked call.
        """
        row_elements = self.width * LANES
        full_rows = flat.size // row_elements
        if full_rows:
            self._read_box(flat[: full_rows * row_elements], (0, 0, self.width, full_rows))
        rest = flat[full_rows * row_elements :]
        if rest.size:
            padded = np.empty(-(-rest.size // LANES) * LANES, flat.dtype)
            self._read_box(padded, (0, full_rows, padded.size // LANES, 1))
            rest[:] = padded[: rest.size]
        error = _take_error(self._gl)
        if error:
            raise DeviceError(f"the driver reports {error}; the values read cannot be trusted")

    def _read_box(self, target: np.ndarray, box: tuple[int, int, int, int]) -> None:
        self.framebuffer.read_into(target, viewport=box, components=LANES, dtype=self.format)


class GLStorage:
    """One array in a texture.  ``texture`` is None once the storage was released."""

    __slots__ = ("dtype", "layout", "nbytes", "place", "shape", "texture")

    def __init__(self, layout: Layout, dtype: np.dtype, texture: GLTexture) -> None:
        self.shape = layout.shape
        self.dtype = dtype
        self.nbytes = layout.rows * layout.cols * dtype.itemsize
        self.layout = layout
        # What a shader needs to find an element: (padded shape, (pitch, width)).
        self.place = (layout.padded_shape, (layout.pitch, layout.width))
        self.texture: GLTexture | None = texture

    @property
    def live_texture(self) -> GLTexture:
        """The texture; raises DeviceError after release."""
        if self.texture is None:
            raise DeviceError("the array was released")
        return self.texture


def write_array(storage: GLStorage, host: np.ndarray) -> None:
    """Copy a C-contiguous array of the storage's shape and dtype to the device."""
    layout = storage.layout
    if layout.is_contiguous:
        flat = host.reshape(-1)
    else:
        padded = np.empty((layout.rows, layout.pitch), host.dtype)
        padded[:, : layout.cols] = host.reshape(layout.rows, layout.cols)
        flat = padded.reshape(-1)
    storage.live_texture.write(flat)


def read_array(storage: GLStorage) -> np.ndarray:
    """Return the storage's values as a new C-contiguous array."""
    layout = storage.layout
    flat = np.empty(layout.num_elements if layout.cols else 0, storage.dtype)
    storage.live_texture.read(flat)
    if layout.is_contiguous:
        return flat[: layout.rows * layout.cols].reshape(storage.shape)
    columns = flat.reshape(layout.rows, layout.pitch)[:, : layout.cols]
    return np.ascontiguousarray(columns).reshape(storage.shape)


def _take_error(gl: Any) -> str:
    """Return and clear the driver's pending error, "" when there is none."""
    name = str(gl.error)
    return "" if name == "GL_NO_ERROR" else name
