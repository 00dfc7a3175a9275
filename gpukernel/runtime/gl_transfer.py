"""Arrays between host memory and textures, at the speed of memory.

Arrays whose rows need no padding travel as they are, with no copy on the host.  Padded rows pass
through a scratch array that is small enough to stay in the processor's cache: one band of rows is
copied to it, with zeros as padding, and handed to the driver, then the next.
All functions here need the GL context to be current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.layout import LANES, Layout

_BAND_BYTES = 512 * 1024


def write_array(storage: GLStorage, host: np.ndarray) -> None:
    """Copy a C-contiguous array of the storage's shape and dtype to the device."""
    layout, texture = storage.layout, storage.live_texture
    if layout.is_contiguous:
        texture.write(host.reshape(-1))
    else:
        rows = host.reshape(layout.rows, layout.cols)
        band_rows = _band_rows(layout, host.dtype)
        scratch = np.zeros((band_rows, layout.pitch), host.dtype)  # the padding stays zero
        for first, last in _bands(layout.rows, band_rows):
            band = scratch[: last - first]
            _items(band, layout.cols)[:] = _items(rows[first:last], layout.cols)
            texture.write(band.reshape(-1), first)
    storage.remember_host(host)


def read_array(storage: GLStorage) -> np.ndarray:
    """Return the storage's values as a new C-contiguous array; waits for what writes them.

    Raises:
        DeviceError: the driver failed here or in an earlier, unchecked call.
    """
    texture = storage.live_texture
    row_elements = texture.width * LANES
    return gather(
        storage.layout, storage.dtype, lambda flat, start: texture.read(flat, start // row_elements)
    )


def gather(layout: Layout, dtype: np.dtype, read: Callable[[np.ndarray, int], None]) -> np.ndarray:
    """Return an array, C-contiguous, from what holds its elements in the order of the layout.

    Args:
        layout: where the elements are.
        dtype: of the elements.
        read: fills a contiguous 1-D array with the elements from a number on, which is the start
            of a texture row.
    """
    values = np.empty((layout.rows, layout.cols), dtype)
    if not values.size:
        return values.reshape(layout.shape)
    if layout.is_contiguous:
        read(values.reshape(-1), 0)
        return values.reshape(layout.shape)
    band_rows = _band_rows(layout, dtype)
    scratch = np.empty((band_rows, layout.pitch), dtype)
    for first, last in _bands(layout.rows, band_rows):
        band = scratch[: last - first]
        read(band.reshape(-1), first * layout.pitch)
        _items(values[first:last], layout.cols)[:] = _items(band, layout.cols)
    return values.reshape(layout.shape)


def _items(rows: np.ndarray, cols: int) -> np.ndarray:
    """Return the first ``cols`` elements of each row as one item: NumPy copies those faster."""
    item = np.dtype((np.void, cols * rows.itemsize))
    return np.ndarray(len(rows), item, rows, strides=rows.strides[:1])


def _band_rows(layout: Layout, dtype: np.dtype) -> int:
    """Return how many rows of an array are copied at a time."""
    if layout.kind == "folded":  # rows of the array start anywhere in those of the texture
        return layout.rows
    return min(layout.rows, max(1, _BAND_BYTES // (layout.pitch * dtype.itemsize)))


def _bands(rows: int, band_rows: int) -> Iterator[tuple[int, int]]:
    """Yield the first row of each band, and the one after its last."""
    for first in range(0, rows, band_rows):
        yield first, min(first + band_rows, rows)
