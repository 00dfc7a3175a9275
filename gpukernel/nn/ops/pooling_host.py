"""Pooling with NumPy, for devices whose memory is the host's: slices by tap instead of cells.

The functions compute for all cells what those of `pooling_cells` say of one.  Maxima and sums are
taken along the rows first, then along the columns.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gpukernel.nn.ops.convolution_host import Geometry, pad
from gpukernel.nn.values import Shape


def _geometry(size: Shape, stride: Shape, before: Shape, sizes: Shape, places: Shape) -> Geometry:
    return Geometry(size, stride, (1,) * len(size), before, sizes, places)


def _folded(x: np.ndarray, fold: np.ufunc, geometry: Geometry) -> np.ndarray:
    """Fold each window of a padded image, one axis after the other."""
    for axis, (size, stride, count) in enumerate(
        zip(geometry.taps, geometry.stride, geometry.places), start=1
    ):
        before = (slice(None),) * axis
        parts = [x[(*before, slice(t, t + (count - 1) * stride + 1, stride))] for t in range(size)]
        if count == 1:
            x = fold.reduce(x[(*before, slice(0, size))], axis=axis, keepdims=True)
            continue
        x = parts[0] if size == 1 else fold(parts[0], parts[1])
        for part in parts[2:]:
            fold(x, part, out=x)
    return np.ascontiguousarray(x)


def largest(a: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    return _folded(pad(a, geometry, -np.inf), np.maximum, geometry)


def _numbers(geometry: Geometry) -> np.ndarray:
    """Return the row-major number of each cell of a padded image, -1 for padding."""
    rows, columns = geometry.sizes
    numbers = np.arange(rows * columns, dtype=np.int32).reshape(1, rows, columns, 1)
    return pad(numbers, geometry, -1)


def chosen(a: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    rows, columns = a.shape[1:-1]
    if geometry.places == (1, 1) and geometry.taps == (rows, columns) and rows == 1:
        return np.expand_dims(np.argmax(a, axis=2).astype(np.int32), 2)
    numbers = _numbers(geometry)
    found = np.zeros((a.shape[0], *geometry.places, a.shape[-1]), np.int32)
    for met, is_it in _firsts(a, geometry):
        np.copyto(found, numbers[met], where=is_it)
    return found


def _firsts(a: np.ndarray, geometry: Geometry) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
    """Give for each tap the cells it meets, and in which windows that is the first largest."""
    padded = pad(a, geometry, -np.inf)
    is_real = _numbers(geometry) >= 0
    top = _folded(padded, np.maximum, geometry)
    is_nan = np.isnan(top)
    has_nan = bool(is_nan.any())
    is_left = np.ones(top.shape, np.bool_)
    for _, slices in geometry.by_tap():
        met = (slice(None), *slices)
        is_it = padded[met] == top
        if has_nan:
            is_it |= is_nan & np.isnan(padded[met])
        is_it &= is_left
        if padded is not a:
            is_it &= is_real[met]
        is_left ^= is_it
        yield met, is_it


def _where(condition: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return ``g`` where the condition holds, 0 elsewhere: by bits, faster than np.where."""
    bits = np.dtype(f"i{g.itemsize}")
    mask = -condition.view(np.int8)
    kept: np.ndarray = np.ascontiguousarray(g).view(bits) & mask.astype(bits)
    return kept.view(g.dtype)


def spread(g: np.ndarray, a: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    total = np.zeros((g.shape[0], *geometry.padded, g.shape[-1]), g.dtype)
    for met, is_it in _firsts(a, geometry):
        total[met] += _where(is_it, g)
    return np.ascontiguousarray(total[(slice(None), *geometry.inside)])


def spread_chosen(g: np.ndarray, found: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    rows, columns = geometry.sizes
    if all(n <= s for n, s in zip(geometry.taps, geometry.stride)):  # no cell is in two windows
        flat = np.zeros((g.shape[0], rows * columns, g.shape[-1]), g.dtype)
        flat[np.arange(g.shape[0])[:, None, None, None], found, np.arange(g.shape[-1])] = g
        return flat.reshape(g.shape[0], rows, columns, g.shape[-1])
    numbers = _numbers(geometry)
    total = np.zeros((g.shape[0], *geometry.padded, g.shape[-1]), g.dtype)
    for _, met in geometry.by_tap():
        total[(slice(None), *met)] += _where(found == numbers[(slice(None), *met)], g)
    return np.ascontiguousarray(total[(slice(None), *geometry.inside)])


def picked(h: np.ndarray, found: np.ndarray, **_: Shape) -> np.ndarray:
    flat = h.reshape(h.shape[0], -1, h.shape[-1])
    taken = np.take_along_axis(flat, found.reshape(h.shape[0], -1, h.shape[-1]), axis=1)
    return taken.reshape(found.shape)


def _counts(geometry: Geometry) -> np.ndarray:
    """Return how many cells of the image each window has: (1, places, 1)."""
    total = np.ones((1,) * (len(geometry.taps) + 2))
    for axis, (size, stride, _, before, n, count) in enumerate(zip(*geometry), start=1):
        first = np.arange(count) * stride - before
        cells = np.minimum(first + size, n) - np.maximum(first, 0)
        total = total * np.expand_dims(cells, [a for a in range(total.ndim) if a != axis])
    return total


def averaged(a: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    total = _folded(pad(a, geometry), np.add, geometry)
    total /= _counts(geometry).astype(a.dtype)
    return total


def shared(g: np.ndarray, **constants: Shape) -> np.ndarray:
    geometry = _geometry(**constants)
    g = g / _counts(geometry).astype(g.dtype)
    total = np.zeros((g.shape[0], *geometry.padded, g.shape[-1]), g.dtype)
    for _, met in geometry.by_tap():
        total[(slice(None), *met)] += g
    return np.ascontiguousarray(total[(slice(None), *geometry.inside)])
