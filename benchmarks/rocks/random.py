"""The random numbers of all inputs: a linear congruential generator of 32 bits.

A *draw* is the state after ``s = (1664525 * s + 1013904223) % 2**32``, started from a row's seed.
"""

from __future__ import annotations

import numpy as np

MULTIPLIER, INCREMENT = 1664525, 1013904223  # Numerical Recipes, 2nd edition, section 7.1


def draws(seed: int, count: int) -> np.ndarray:
    """Return the first draws from a seed: uint32 (count,).

    After i + 1 steps the state is ``power[i] * seed + total[i] * INCREMENT``, modulo 2**32.
    """
    power = np.cumprod(np.full(count, MULTIPLIER, np.uint32), dtype=np.uint32)
    terms = np.concatenate([np.ones(1, np.uint32), power[:-1]])[:count]
    total = np.cumsum(terms, dtype=np.uint32)
    return power * np.uint32(seed % 2**32) + total * np.uint32(INCREMENT)


def uniforms(seed: int, count: int) -> np.ndarray:
    """Return the draws as multiples of 2**-24 in [0, 1): float64 (count,), exact in float32."""
    return (draws(seed, count) >> 8).astype(np.float64) / 2**24
