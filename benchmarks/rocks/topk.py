"""topk: the 512 largest of n = 2**log values, descending, without the host looking in between.

The values are in n / 64 tiles, tile j holding the elements j, j + n / 64, ...  The smallest value
that belongs to the result is found by halving a bracket, kept on the device, 22 times: the values
are multiples of 2**-22.  Then each output cell looks for its element, and the elements are
ordered by counting the greater ones.  Every round adds a little to all values; the last one is
the result.  The values are uploaded once a run, 512 are read.
"""

from __future__ import annotations

import numpy as np

import gpukernel as gk
from benchmarks.rocks.random import draws
from benchmarks.rocks.row import Inputs, Row
from gpukernel import index, kernel

K = 512
TILE = 64  # elements in a tile
BLOCK = 256  # tiles in a block
HALVINGS = 22


def middle(bracket):
    return 0.5 * (bracket[0] + bracket[1])


@kernel(shape=2)
def start_bracket(low):
    return low + index()


@kernel(shape=lambda a, shift: len(a) // TILE)
def tile_maxima(a, shift):
    j = index()
    tiles = len(a) // TILE
    largest = a[j]
    for k in range(1, TILE):
        largest = max(largest, a[j + k * tiles])
    return largest + shift


@kernel
def count_tiles(maxima, a, shift, bracket):
    j = index()
    limit = middle(bracket)
    if maxima[j] < limit:
        return 0
    count = 0
    for k in range(TILE):
        if a[j + k * len(maxima)] + shift >= limit:
            count += 1
    return count


@kernel(shape=lambda counts: len(counts) // BLOCK)
def sum_blocks(counts):
    first = index() * BLOCK
    total = 0
    for k in range(BLOCK):
        total += counts[first + k]
    return total


@kernel
def halve(bracket, sums):
    """The upper half if enough values are in it, else the lower half."""
    total = 0
    for block in range(len(sums)):
        total += sums[block]
    if total >= K:
        return middle(bracket) if index() == 0 else bracket[1]
    return bracket[0] if index() == 0 else middle(bracket)


@kernel(shape=K)
def collect(a, shift, counts, sums, bracket):
    """The values above the bracket in the order of their places, then the bracket's low end."""
    ahead = index()  # how many values to pass over
    block = 0
    while block < len(sums) and ahead >= sums[block]:
        ahead -= sums[block]
        block += 1
    if block == len(sums):
        return bracket[0]
    tile = block * BLOCK
    while ahead >= counts[tile]:
        ahead -= counts[tile]
        tile += 1
    limit = middle(bracket)
    for k in range(TILE):
        value = a[tile + k * len(counts)] + shift
        if value >= limit:
            if ahead == 0:
                return value
            ahead -= 1
    return bracket[0]


@kernel
def rank(values):
    """How many come before each: the greater ones, and equal ones in front of it."""
    i = index()
    before = 0
    for j in range(len(values)):
        if values[j] > values[i] or (values[j] == values[i] and j < i):
            before += 1
    return before


@kernel
def order(values, ranks):
    wanted = index()
    for j in range(len(values)):
        if ranks[j] == wanted:
            return values[j]
    return 0.0


def make_inputs(log: int, rounds: int) -> Inputs:
    return {"a": ((draws(0x2F6F2B79, 2**log) >> 10) / 2**22).astype(np.float32)}


def run(a: np.ndarray, log: int, rounds: int) -> np.ndarray:
    on_device = gk.array(a)
    for number in range(rounds):
        shift = number / 16384
        maxima = tile_maxima(on_device, shift)
        bracket = start_bracket(shift)
        for _ in range(HALVINGS):
            sums = sum_blocks(count_tiles(maxima, on_device, shift, bracket))
            bracket = halve(bracket, sums)
        counts = count_tiles(maxima, on_device, shift, bracket)
        values = collect(on_device, shift, counts, sum_blocks(counts), bracket)
        largest = order(values, rank(values))
    return largest.numpy()


def reference(a: np.ndarray, log: int, rounds: int) -> np.ndarray:
    for number in range(rounds):
        shift = np.float32(number / 16384)
        tiles = a.reshape(TILE, -1) + shift
        maxima = tiles.max(axis=0)
        low, high = shift, shift + np.float32(1)
        for _ in range(HALVINGS):
            limit = (low + high) / 2
            candidates = tiles[:, maxima >= limit]
            if np.count_nonzero(candidates >= limit) >= K:
                low = limit
            else:
                high = limit
        candidates = tiles[:, maxima >= (low + high) / 2].T
        above = candidates[candidates >= (low + high) / 2]
        values = np.concatenate([above, np.full(K - len(above), low)])
        greater = values[None, :] > values[:, None]
        equal = values[None, :] == values[:, None]
        ranks = (greater | np.tril(equal, -1)).sum(axis=1)
        largest = np.empty_like(values)
        largest[ranks] = values
    return largest


def checksum(result: np.ndarray) -> float:
    """Return the mean of all values, weighted by position, plus the number of ascents."""
    weighted = (result.astype(np.float64) * (1 + np.arange(K) / K)).sum() / K
    return float(weighted + np.count_nonzero(result[1:] > result[:-1]))


ROW = Row(
    name="topk",
    summary="the 512 largest of 2**log values by counting, several rounds",
    sizes={
        "quick": {"log": 16, "rounds": 2},
        "bench": {"log": 20, "rounds": 4},
        "full": {"log": 23, "rounds": 24},
    },
    checksums={"quick": 1.49262148373, "bench": 1.49891264143, "full": 1.50107830931},
    make_inputs=make_inputs,
    run=run,
    reference=reference,
    checksum=checksum,
    exact=True,
)
