"""Neighbours of all cells at once, for the references."""

from __future__ import annotations

import numpy as np


def clamped(a: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Return ``a[y + dy, x + dx]`` for every cell, coordinates limited to the array."""
    height, width = a.shape
    rows = np.clip(np.arange(height) + dy, 0, height - 1)
    cols = np.clip(np.arange(width) + dx, 0, width - 1)
    result: np.ndarray = a if dx == 0 else a[:, cols]
    return result if dy == 0 else result[rows]


def wrapped(a: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """Return ``a[y + dy, x + dx]`` for every cell of a periodic array."""
    return np.roll(a, (-dy, -dx), (0, 1))
