"""Textures, and the arrays in them.

All methods of `GLTexture` need the GL context to be current.  Elements travel in the order of
`layout.Layout`; full texture rows go straight between the host's memory and the driver, and only a
last row that does not end with a texel passes through a small copy.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from gpukernel.errors import DeviceError
from gpukernel.runtime.layout import LANES, Layout
from gpukernel.runtime.stats import COUNTERS

MAX_HOST_ELEMENTS = 256  # of arrays whose values are kept on the host too
_HOST_DTYPES = (np.dtype("float32"), np.dtype("int32"))
_NEAREST = 0x2600
# NumPy dtype -> ModernGL's name of the RGBA format that holds it bit for bit.
FORMATS = {
    np.dtype(name): texel_format
    for name, texel_format in {
        "float32": "f4",
        "float16": "f2",
        "int32": "i4",
        "int16": "i2",
        "int8": "i1",
        "uint32": "u4",
        "uint16": "u2",
        "uint8": "u1",
        "bool": "u1",
    }.items()
}


class GLTexture:
    """An RGBA texture and the framebuffer that draws into it, made at first use and kept."""

    __slots__ = (
        "_framebuffer",
        "_gl",
        "_reads_early",
        "format",
        "height",
        "key",
        "num_bytes",
        "texture",
        "width",
    )

    def __init__(
        self, gl: Any, width: int, height: int, texel_format: str, *, reads_early: bool
    ) -> None:
        """Make a texture of ``width`` x ``height`` texels, contents undefined.

        Args:
            gl: the ModernGL context.
            width, height: in texels.
            texel_format: one of `FORMATS`.
            reads_early: whether the driver may read before it has drawn (see `_finish_draws`).

        Raises:
            DeviceError: the driver has not enough memory.
        """
        self._gl = gl
        self._reads_early = reads_early
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

    def write(self, flat: np.ndarray, first_row: int = 0) -> None:
        """Copy a contiguous 1-D array to the texture, from the start of a row on.

        The lanes after its end in the last texel are filled with zeros.
        """
        row_elements = self.width * LANES
        full_rows = flat.size // row_elements
        if full_rows:
            box = (0, first_row, self.width, full_rows)
            self.texture.write(flat[: full_rows * row_elements], viewport=box)
        rest = flat[full_rows * row_elements :]
        if rest.size:
            num_texels = -(-rest.size // LANES)
            if rest.size % LANES:
                rest = np.zeros(num_texels * LANES, flat.dtype)
                rest[: flat.size % row_elements] = flat[full_rows * row_elements :]
            self.texture.write(rest, viewport=(0, first_row + full_rows, num_texels, 1))

    def read(self, flat: np.ndarray, first_row: int = 0) -> None:
        """Fill a contiguous 1-D array from the texture, in the order that `write` uses.

        Raises:
            DeviceError: the driver failed here or in an earlier, unchecked call.
        """
        self._finish_draws()
        row_elements = self.width * LANES
        full_rows = flat.size // row_elements
        if full_rows:
            box = (0, first_row, self.width, full_rows)
            self._read_box(flat[: full_rows * row_elements], box)
        rest = flat[full_rows * row_elements :]
        if rest.size:
            num_texels = -(-rest.size // LANES)
            whole = np.empty(num_texels * LANES, flat.dtype) if rest.size % LANES else rest
            self._read_box(whole, (0, first_row + full_rows, num_texels, 1))
            if whole is not rest:
                rest[:] = whole[: rest.size]
        self._check("the values read cannot be trusted")

    def read_into_buffer(self, buffer: Any, num_texels: int) -> None:
        """Queue a copy of the first texels to the start of a buffer of the driver.

        Raises:
            DeviceError: the driver failed here or in an earlier, unchecked call.
        """
        self._finish_draws()
        full_rows, rest = divmod(num_texels, self.width)
        if full_rows:
            self._read_box(buffer, (0, 0, self.width, full_rows))
        if rest:
            offset = full_rows * self.width * (self.num_bytes // (self.width * self.height))
            self._read_box(buffer, (0, full_rows, rest, 1), offset)
        self._check("the values could not be copied")

    def _read_box(self, target: Any, box: tuple[int, int, int, int], offset: int = 0) -> None:
        if box == (0, 0, self.width, self.height):  # the faster of the two ways
            self.texture.read_into(target, write_offset=offset)
        else:
            self.framebuffer.read_into(
                target, viewport=box, components=LANES, dtype=self.format, write_offset=offset
            )

    def _finish_draws(self) -> None:
        """Wait for everything queued, where the driver might not wait for it at a read.

        Mesa's llvmpipe asks the draws that it remembers, one after the other, whether they use the
        texture to be read, and stops at the first that does.  If that one only read from it, maybe
        long ago, no draw into it is waited for, and what was there before would be returned.
        """
        if self._reads_early:
            self._gl.finish()

    def _check(self, consequence: str) -> None:
        error = _take_error(self._gl)
        if error:
            raise DeviceError(f"the driver reports {error}; {consequence}")


class GLStorage:
    """One array in a texture.

    Attributes:
        shape, dtype, nbytes: of the array, without padding.
        layout: where its elements are.
        place: what a shader needs to find one: (padded shape, `Layout.address`).
        texture: None once the storage was released.
        host: the values of a small array that came from the host, C-contiguous and read-only;
            None for other arrays, and once something else was drawn into this one.
    """

    __slots__ = ("dtype", "host", "layout", "nbytes", "place", "shape", "texture")

    def __init__(self, layout: Layout, dtype: np.dtype, texture: GLTexture) -> None:
        self.shape = layout.shape
        self.dtype = dtype
        self.nbytes = layout.rows * layout.cols * dtype.itemsize
        self.layout = layout
        self.place = (layout.padded_shape, layout.address)
        self.texture: GLTexture | None = texture
        self.host: np.ndarray | None = None

    @property
    def live_texture(self) -> GLTexture:
        """The texture; raises DeviceError after release."""
        if self.texture is None:
            raise DeviceError("the array was released")
        return self.texture

    def reshaped(self, shape: Sequence[int]) -> GLStorage | None:
        """Return the same memory as another shape of this size, None if elements would move."""
        layout = self.layout.reshaped(shape)
        if layout is None:
            return None
        seen = GLStorage(layout, self.dtype, self.live_texture)
        if self.host is not None:
            seen.host = self.host.reshape(layout.shape)
        return seen

    def remember_host(self, host: np.ndarray) -> None:
        """Keep the values of a small array that was just copied from the host."""
        if is_remembered(host):
            self.host = host.copy()
            self.host.flags.writeable = False

    def forget_host(self) -> None:
        """Drop the host's values: whoever draws into the texture must call this."""
        self.host = None


def is_remembered(host: np.ndarray) -> bool:
    """Whether an array is so small that its values are kept on the host when it is copied."""
    return host.size <= MAX_HOST_ELEMENTS and host.dtype in _HOST_DTYPES


def _take_error(gl: Any) -> str:
    """Return and clear the driver's pending error, "" when there is none."""
    name = str(gl.error)
    return "" if name == "GL_NO_ERROR" else name
