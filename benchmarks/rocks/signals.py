"""The complex test signal of the Fourier rows: three tones and noise."""

from __future__ import annotations

import numpy as np

from benchmarks.rocks.random import uniforms


def make_signal(n: int, seed: int, noise: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    """Return the real and the imaginary part, float32 (n,); ``noise`` is the range of the noise."""
    random = noise * (uniforms(seed, n) - 0.5)
    turn = 2 * np.pi * np.arange(n) / n
    real = np.sin(5 * turn) + 0.5 * np.sin(37 * turn + 0.4) + random
    imaginary = 0.3 * np.cos(11 * turn) + random
    return real.astype(np.float32), imaginary.astype(np.float32)


def batch_seed(b: int) -> int:
    """Return the seed of the signal with number ``b`` in a batch."""
    return (0x9E3779B9 + b * 0x85EBCA6B) % 2**32


def make_twiddles(n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of ``exp(-2πi·m/n)`` for m < count, float32 (count,)."""
    angle = -2 * np.pi * np.arange(count) / n
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
