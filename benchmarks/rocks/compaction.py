"""compaction: the elements from a threshold on, in order, packed, with zeros behind them.

A kernel cannot scatter, so each output cell searches for its element in the running count of
those that are kept.  The count is made by sums of blocks of 64, sums of those and so on, and back
down.  Every round has its threshold; the last one is the result.  The input is uploaded once a
run, n values are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import draws
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

BLOCK = 64


@kernel
def mark(a, threshold):
    return 1 if a[index()] >= threshold else 0


@kernel(shape=lambda counts: len(counts) // BLOCK)
def sum_blocks(counts):
    first = index() * BLOCK
    total = 0
    for k in range(BLOCK):
        total += counts[first + k]
    return total


@kernel
def sum_before(counts):
    total = 0
    for k in range(index()):
        total += counts[k]
    return total


@kernel
def spread(counts, before, inclusive):
    """The count up to each cell, from its own block and the count ``before`` the block."""
    i = index()
    block = i // BLOCK
    total = before[block]
    for k in range(block * BLOCK, i + inclusive):
        total += counts[k]
    return total


@kernel
def pack(a, counts):
    wanted = index() + 1
    if wanted > counts[-1]:
        return 0.0
    before = -1  # the last position whose count is known to be too small
    step = len(a)
    while step > 1:
        step //= 2
        if counts[before + step] < wanted:
            before += step
    return a[before + 1]


def make_inputs(n: int, rounds: int) -> Inputs:
    return {"a": ((draws(0xCC9E2D51, n) >> 20) / 4096).astype(np.float32)}


def threshold_of(number: int) -> float:
    """Return the threshold of a round; no element is equal to it."""
    return (4095 + 2 * number) / 8192


def run(a: np.ndarray, n: int, rounds: int) -> np.ndarray:
    on_device = gk.array(a)
    for number in range(rounds):
        levels = [mark(on_device, threshold_of(number))]
        while len(levels[-1]) > BLOCK:
            levels.append(sum_blocks(levels[-1]))
        before = sum_before(levels.pop())
        for counts in reversed(levels[1:]):
            before = spread(counts, before, 0)
        packed = pack(on_device, spread(levels[0], before, 1))
    return packed.numpy()


def reference(a: np.ndarray, n: int, rounds: int) -> np.ndarray:
    for number in range(rounds):
        levels = [(a >= threshold_of(number)).astype(np.int32)]
        while len(levels[-1]) > BLOCK:
            levels.append(levels[-1].reshape(-1, BLOCK).sum(axis=1, dtype=np.int32))
        before = levels[-1].cumsum() - levels[-1]
        for counts in reversed(levels[1:-1]):
            blocks = counts.reshape(-1, BLOCK)
            before = (before[:, None] + blocks.cumsum(axis=1) - blocks).ravel()
        counts = (before[:, None] + levels[0].reshape(-1, BLOCK).cumsum(axis=1)).ravel()
        packed = pack_reference(a, counts)
    return packed


def pack_reference(a: np.ndarray, counts: np.ndarray) -> np.ndarray:
    wanted = np.arange(1, len(a) + 1)
    before = np.full(len(a), -1)
    step = len(a)
    while step > 1:
        step //= 2
        before[counts[before + step] < wanted] += step
    return np.where(wanted > counts[-1], np.float32(0), a[before + 1])


ROW = Row(
    name="compaction",
    summary="elements from a threshold on packed to the front, several rounds",
    sizes={
        "quick": {"n": 2**12, "rounds": 3},
        "bench": {"n": 2**18, "rounds": 8},
        "full": {"n": 2**22, "rounds": 24},
    },
    checksums={"quick": 3.33152621984, "bench": 3.37307894975, "full": 3.35110582726},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    exact=True,
)
