"""erosion: rain carries a terrain away; three fields on a torus, four passes a tick.

Terrain, water and sediment are uploaded and read.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.gray_scott import laplacian
from benchmarks.rocks.random import uniforms
from benchmarks.rocks.row import Inputs, Row, weighted_sum
from gpukernel import index, kernel

Fields = tuple[np.ndarray, np.ndarray, np.ndarray]


@kernel(boundary="wrap")
def flow(height, water):
    i, j = index()
    level = height[i, j] + water[i, j]
    around = 0.0
    for y, x in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
        around += height[y, x] + water[y, x]
    return max(0.0, (water[i, j] + 0.008) * 0.995 + 0.15 * (around - 4.0 * level))


@kernel(boundary="wrap")
def find_speed(height, water):
    i, j = index()
    gx = (height[i, j + 1] + water[i, j + 1] - height[i, j - 1] - water[i, j - 1]) / 2.0
    gy = (height[i + 1, j] + water[i + 1, j] - height[i - 1, j] - water[i - 1, j]) / 2.0
    return math.sqrt(gx * gx + gy * gy) * min(water[i, j], 1.0)


@kernel
def erode(height, sediment, speed):
    i, j = index()
    change = 0.12 * (sediment[i, j] - 0.6 * speed[i, j])
    return max(0.0, height[i, j] + gk.clamp(change, -0.05, 0.05))


@kernel(boundary="wrap")
def settle(sediment, height, eroded):
    i, j = index()
    s = sediment[i, j]
    around = sediment[i - 1, j] + sediment[i + 1, j] + sediment[i, j - 1] + sediment[i, j + 1]
    return max(0.0, s + 0.2 * (around - 4.0 * s) - (eroded[i, j] - height[i, j]))


def make_inputs(n: int, ticks: int) -> Inputs:
    return {
        "height": make_terrain(n),
        "water": np.zeros((n, n), np.float32),
        "sediment": np.zeros((n, n), np.float32),
    }


def make_terrain(n: int) -> np.ndarray:
    """Return octaves of random lattices, smoothly interpolated: float32 (n, n)."""
    frequencies = [f for f in (2**k for k in range(2, 31)) if f < n]
    sizes = [(f + 1) ** 2 for f in frequencies]
    lattices = np.split(uniforms(0x1B873593, sum(sizes)), np.cumsum(sizes)[:-1])
    height = np.zeros((n, n), np.float32)
    for octave, (frequency, values) in enumerate(zip(frequencies, lattices)):
        lattice = values.reshape(frequency + 1, frequency + 1)
        position = np.arange(n) * frequency / n
        corner = position.astype(int)
        t = position - corner
        smooth = t * t * (3 - 2 * t)
        along = lattice[:, corner] * (1 - smooth) + lattice[:, corner + 1] * smooth
        down = smooth[:, None]
        octave_height = along[corner] * (1 - down) + along[corner + 1] * down
        height = (height + 32 / 2**octave * octave_height).astype(np.float32)
    return height


def run(height: np.ndarray, water: np.ndarray, sediment: np.ndarray, n: int, ticks: int) -> Fields:
    h, w, s = gk.array(height), gk.array(water), gk.array(sediment)
    for _ in range(ticks):
        w = flow(h, w)
        speed = find_speed(h, w)
        eroded = erode(h, s, speed)
        s = settle(s, h, eroded)
        h = eroded
    return h.numpy(), w.numpy(), s.numpy()


def reference(
    height: np.ndarray, water: np.ndarray, sediment: np.ndarray, n: int, ticks: int
) -> Fields:
    h, w, s = height, water, sediment
    for _ in range(ticks):
        w = np.maximum(0, (w + 0.008) * 0.995 + 0.15 * laplacian(h + w))
        surface = np.pad(h + w, 1, mode="wrap")
        gx = (surface[1:-1, 2:] - surface[1:-1, :-2]) / 2
        gy = (surface[2:, 1:-1] - surface[:-2, 1:-1]) / 2
        speed = np.sqrt(gx * gx + gy * gy) * np.minimum(w, 1)
        eroded = np.maximum(0, h + np.clip(0.12 * (s - 0.6 * speed), -0.05, 0.05))
        s = np.maximum(0, s + 0.2 * laplacian(s) - (eroded - h))
        h = eroded
    return h, w, s


def checksum(fields: Fields) -> float:
    h, w, s = fields
    return (weighted_sum(h) + weighted_sum(w, 13) + weighted_sum(s, 11)) / h.size


ROW = Row(
    name="erosion",
    summary="rain on an n x n terrain",
    sizes={
        "quick": {"n": 64, "ticks": 8},
        "bench": {"n": 512, "ticks": 32},
        "full": {"n": 1024, "ticks": 128},
    },
    checksums={"quick": 291.906470707, "bench": 303.769425899, "full": 308.06055132},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
)
