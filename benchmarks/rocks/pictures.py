"""What the pictures with 256 levels of grey have in common: discs, noise, rounding."""

from __future__ import annotations

import math

import numpy as np


def paint_discs(
    image: np.ndarray,
    stream: np.ndarray,
    radius: tuple[float, float],
    level: tuple[float, float],
) -> None:
    """Paint a filled disc for every four uniforms of the stream; later ones cover earlier ones.

    The four are the centre's x and y, as parts of the picture, the radius and the grey level;
    ``radius`` and ``level`` are the least value and the range.
    """
    height, width = image.shape
    for u in stream.reshape(-1, 4):
        cx, cy = float(u[0]) * width, float(u[1]) * height
        r, grey = radius[0] + float(u[2]) * radius[1], level[0] + float(u[3]) * level[1]
        for y in range(max(0, math.ceil(cy - r)), min(height - 1, math.floor(cy + r)) + 1):
            half = math.sqrt(max(0.0, r * r - (y - cy) ** 2))
            first = max(0, math.ceil(cx - r), math.ceil(cx - half))
            last = min(width - 1, math.floor(cx + r), math.floor(cx + half))
            image[y, first : last + 1] = grey


def add_noise(image: np.ndarray, stream: np.ndarray, amplitude: float) -> np.ndarray:
    """Return whole levels from 0 to 255 as float32: noise is added, halves are rounded up."""
    noisy = image.astype(np.float64) + amplitude * (stream.reshape(image.shape) - 0.5)
    return np.floor(np.clip(noisy, 0, 255) + 0.5).astype(np.float32)
