"""ising: Metropolis sweeps over spins on a torus, two passes each: the even sites, then the odd.

The spins are uploaded and read, the random field stays.
"""

from __future__ import annotations

import math

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import draws
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

TEMPERATURE = 2.2
CHANCE_4 = round(65536 * math.exp(-4 / TEMPERATURE))  # of a flip at energy 2, in 65536ths
CHANCE_8 = round(65536 * math.exp(-8 / TEMPERATURE))  # at energy 4


@kernel(boundary="wrap")
def half_sweep(spins, field, parity, down, right):
    y, x = index()
    spin = spins[y, x]
    if (x + y) % 2 != parity:
        return spin
    energy = spin * (spins[y - 1, x] + spins[y + 1, x] + spins[y, x - 1] + spins[y, x + 1])
    draw = field[y + down, x + right]
    if energy <= 0 or draw < (CHANCE_4 if energy == 2 else CHANCE_8):
        return -spin
    return spin


def make_inputs(n: int, sweeps: int) -> Inputs:
    stream = draws(0xC2B2AE35, 2 * n * n).reshape(2, n, n)
    spins = np.where(stream[0] >> 31 == 1, 1, -1)
    return {"spins": spins.astype(np.int32), "field": (stream[1] >> 16).astype(np.int32)}


def run(spins: np.ndarray, field: gk.Array, n: int, sweeps: int) -> np.ndarray:
    lattice = gk.array(spins)
    for t in range(sweeps):
        down, right = 577 * t % n, 373 * t % n
        lattice = half_sweep(lattice, field, 0, down, right)
        lattice = half_sweep(lattice, field, 1, down, right)
    return lattice.numpy()


def reference(spins: np.ndarray, field: np.ndarray, n: int, sweeps: int) -> np.ndarray:
    odd = (np.arange(n) + np.arange(n)[:, None]) % 2
    for t in range(sweeps):
        shifted = np.roll(field, (-577 * t % n, -373 * t % n), axis=(0, 1))
        for parity in (0, 1):
            p = np.pad(spins, 1, mode="wrap")
            energy = spins * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:])
            flip = (energy <= 0) | (shifted < np.where(energy == 2, CHANCE_4, CHANCE_8))
            spins = np.where(flip & (odd == parity), -spins, spins)
    return spins


ROW = Row(
    name="ising",
    summary="Metropolis sweeps over n x n spins",
    sizes={
        "quick": {"n": 64, "sweeps": 8},
        "bench": {"n": 512, "sweeps": 64},
        "full": {"n": 1024, "sweeps": 256},
    },
    checksums={"quick": -0.26513671875, "bench": -0.124671936035, "full": 0.445642471313},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    exact=True,
    resident=("field",),
)
