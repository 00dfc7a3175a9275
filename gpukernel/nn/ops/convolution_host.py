"""The three sides of a convolution with NumPy, for devices whose memory is the host's.

What `convolution_cells` says of one cell is computed here for all of them, for any number of axes
of places: the cells that the windows see are brought side by side, and one matrix product does the
rest.  The functions have the constants of the cells; those they do not need they ignore.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gpukernel.nn.values import Shape

FEW = 4  # channels that are better taken one plane after the other


class Geometry(NamedTuple):
    """Where windows and their taps lie, a number for each axis of places."""

    taps: Shape
    stride: Shape
    dilation: Shape
    before: Shape
    sizes: Shape
    places: Shape

    @property
    def padded(self) -> Shape:
        """The sizes of an image with all cells that windows reach."""
        return tuple(
            max(before + n, (count - 1) * stride + (taps - 1) * dilation + 1)
            for taps, stride, dilation, before, n, count in zip(*self)
        )

    @property
    def inside(self) -> tuple[slice, ...]:
        """Where the image lies among the padded cells."""
        return tuple(slice(start, start + n) for start, n in zip(self.before, self.sizes))

    def by_tap(self) -> Iterator[tuple[Shape, tuple[slice, ...]]]:
        """Give each tap with the padded cells that it meets, one for each window."""
        for tap in itertools.product(*(range(n) for n in self.taps)):
            yield (
                tap,
                tuple(
                    slice(t * dilation, t * dilation + (count - 1) * stride + 1, stride)
                    for t, dilation, stride, count in zip(
                        tap, self.dilation, self.stride, self.places
                    )
                ),
            )


def pad(a: np.ndarray, geometry: Geometry, fill: float = 0.0) -> np.ndarray:
    """Return the image (batch, sizes, channels) with the padding around it."""
    if geometry.padded == geometry.sizes:
        return a
    padded = np.full((a.shape[0], *geometry.padded, a.shape[-1]), fill, a.dtype)
    padded[(slice(None), *geometry.inside)] = a
    return padded


def _columns(a: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return what each window sees, a row for each: (batch * places, taps * channels)."""
    a = np.ascontiguousarray(pad(a, geometry))
    batch, step, *steps, channel = a.strides
    places = [size * stride for size, stride in zip([step, *steps], geometry.stride)]
    taps = [size * dilation for size, dilation in zip([step, *steps], geometry.dilation)]
    count, channels = a.shape[0], a.shape[-1]
    rows, width = count * math.prod(geometry.places), math.prod(geometry.taps) * channels
    if channels <= FEW:  # long runs along the last axis of places
        seen = np.lib.stride_tricks.as_strided(
            a,
            (*geometry.taps, channels, count, *geometry.places),
            (*taps, channel, batch, *places),
        )
        return seen.reshape(width, rows).T
    seen = np.lib.stride_tricks.as_strided(
        a,
        (count, *geometry.places, *geometry.taps, channels),
        (batch, *places, *taps, channel),
    )
    return seen.reshape(rows, width)


def _split(x: np.ndarray, groups: int, axis: int = -1) -> list[np.ndarray]:
    return [np.ascontiguousarray(part) for part in np.split(x, groups, axis)]


# ---------------------------------------------------------------- forward


def forward(
    a: np.ndarray, f: np.ndarray, groups: int, n_in: int, n_out: int, **constants: Any
) -> np.ndarray:
    """Return the results (batch, places, channels out)."""
    geometry = _geometry(constants)
    if groups > 1 and n_in == 1:
        return _depthwise(a, f, geometry, groups, n_out)
    if groups > 1:
        pairs = zip(_split(a, groups), _split(f, groups))
        return np.concatenate([_dense(part, own, geometry) for part, own in pairs], axis=-1)
    return _dense(a, f, geometry)


def _dense(a: np.ndarray, f: np.ndarray, geometry: Geometry) -> np.ndarray:
    found: np.ndarray = _columns(a, geometry) @ f.reshape(-1, f.shape[-1])
    return found.reshape(a.shape[0], *geometry.places, f.shape[-1])


def _depthwise(
    a: np.ndarray, f: np.ndarray, geometry: Geometry, groups: int, n_out: int
) -> np.ndarray:
    a = pad(a, geometry)
    weights = f.reshape(*geometry.taps, groups, n_out)
    total = np.zeros((a.shape[0], *geometry.places, groups, n_out), a.dtype)
    for tap, met in geometry.by_tap():
        total += a[(slice(None), *met)][..., None] * weights[tap]
    return total.reshape(a.shape[0], *geometry.places, groups * n_out)


# ---------------------------------------------------------------- by the image


def by_image(
    g: np.ndarray, f: np.ndarray, groups: int, n_in: int, n_out: int, **constants: Any
) -> np.ndarray:
    """Return what each cell of the image (batch, sizes, channels in) gets."""
    geometry = _geometry(constants)
    total = np.zeros((g.shape[0], *geometry.padded, groups * n_in), g.dtype)
    if groups > 1 and n_in == 1:
        _spread_depthwise(total, g, f, geometry, n_out)
    elif groups * n_in <= FEW and groups == 1:
        total = _spread_planes(g, f, geometry)
    else:
        channels = range(0, groups * n_in, n_in)
        for first, part, own in zip(channels, _split(g, groups), _split(f, groups)):
            _spread(total[..., first : first + n_in], part, own, geometry)
    return np.ascontiguousarray(total[(slice(None), *geometry.inside)])


def _spread(total: np.ndarray, g: np.ndarray, f: np.ndarray, geometry: Geometry) -> None:
    rows = g.reshape(-1, g.shape[-1])
    for tap, met in geometry.by_tap():
        found = rows @ f[tap].T
        total[(slice(None), *met)] += found.reshape(*g.shape[:-1], -1)


def _spread_planes(g: np.ndarray, f: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Spread for few channels: plane by plane, whose rows are longer than a cell's channels."""
    count, channels = g.shape[0], f.shape[-2]
    found = f.reshape(-1, f.shape[-1]) @ g.reshape(-1, g.shape[-1]).T
    found = found.reshape(*geometry.taps, channels, count, *geometry.places)
    total = np.zeros((channels, count, *geometry.padded), g.dtype)
    for tap, met in geometry.by_tap():
        total[(slice(None), slice(None), *met)] += found[tap]
    return np.moveaxis(total, 0, -1)


def _spread_depthwise(
    total: np.ndarray, g: np.ndarray, f: np.ndarray, geometry: Geometry, n_out: int
) -> None:
    parts = g.reshape(*g.shape[:-1], -1, n_out)
    weights = f.reshape(*geometry.taps, -1, n_out)
    for tap, met in geometry.by_tap():
        total[(slice(None), *met)] += np.einsum("...cm,cm->...c", parts, weights[tap])


# ---------------------------------------------------------------- by the filters


def by_filters(
    a: np.ndarray,
    g: np.ndarray,
    groups: int,
    n_in: int,
    n_out: int,
    samples: int,
    **constants: Any,
) -> np.ndarray:
    """Return what each weight (taps, channels in, channels out) gets."""
    geometry = _geometry(constants)
    shape = (*geometry.taps, n_in, groups * n_out)
    if groups > 1 and n_in == 1:
        return _gathered_depthwise(a, g, geometry, groups, n_out).reshape(shape)
    rows = [part.reshape(-1, n_out) for part in _split(g, groups)]
    found = [_columns(part, geometry).T @ own for part, own in zip(_split(a, groups), rows)]
    return np.concatenate(found, axis=-1).reshape(shape)


def _gathered_depthwise(
    a: np.ndarray, g: np.ndarray, geometry: Geometry, groups: int, n_out: int
) -> np.ndarray:
    a = pad(a, geometry)
    parts = g.reshape(-1, groups, n_out)
    found = np.zeros((*geometry.taps, groups, n_out), a.dtype)
    for tap, met in geometry.by_tap():
        found[tap] = np.einsum("kc,kcm->cm", a[(slice(None), *met)].reshape(-1, groups), parts)
    return found


def _geometry(constants: dict[str, Any]) -> Geometry:
    return Geometry(*(constants[name] for name in Geometry._fields))
