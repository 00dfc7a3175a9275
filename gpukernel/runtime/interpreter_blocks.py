"""Blocks: the rectangles that a grid is cut into, and what is known of each from launch to launch.

A block's cells run in step as lanes of NumPy arrays.  Where it lies and the shapes of the arrays
do not change while a kernel is launched again and again, so what follows from those and the whole
launch scalars alone (index arithmetic, masks of borders, ways to read an array) is kept with the
block, by the node that it belongs to.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from gpukernel.runtime.lanes import Value

MIN_BLOCK_LANES = 32768  # the least that a second thread is worth
MAX_KEPT_LANES = 32768  # of a grid whose lanes are kept: larger ones are not bound by overhead
MAX_KEPT_NUMBERS = 2**20  # over all blocks of a geometry: some 8 MiB
MAX_GEOMETRIES = 4  # of one program
ENTRY_NUMBERS = 64  # what an entry costs beside the numbers that it holds

Known = dict[object, Any]
Extents = tuple[tuple[int, int], ...]  # start and stop along each axis


class Block:
    """A rectangle of the grid.

    ``index`` has the grid index along each axis, varying along that axis only; ``keeps_lanes``
    says whether results of expressions are worth keeping.
    """

    __slots__ = (
        "_extents",
        "_known",
        "_owner",
        "_room",
        "_size",
        "cells",
        "index",
        "keeps_lanes",
        "shape",
        "start",
    )

    def __init__(
        self, extents: Extents, keeps_lanes: bool, size: int, owner: Block | None = None
    ) -> None:
        """Take how many numbers may be kept, and whose room is used if not the block's own."""
        self._extents = extents
        self._owner = self if owner is None else owner
        self.start = tuple(start for start, _ in extents)
        self.shape = tuple(stop - start for start, stop in extents)
        self.cells = tuple(slice(start, stop) for start, stop in extents)
        self.index = _index(extents)
        self.keeps_lanes = keeps_lanes
        self._known: dict[Hashable, Known] = {}
        self._size = self._room = size

    def recall(self, numbers: Hashable) -> Known:
        """Return what is known where the launch scalars that are whole are these."""
        found = self._known.get(numbers)
        if found is None:
            self._take(0)
            found = self._known[numbers] = {}
        return found

    def keep(self, known: Known, key: object, value: Any, num_numbers: int) -> None:
        """Keep what holds so many numbers; where there is no more room, forget all first."""
        if not self._owner._take(num_numbers):
            known.clear()
        known[key] = value

    def _take(self, num_numbers: int) -> bool:
        """Make room for an entry; return whether that was possible without forgetting."""
        self._room -= num_numbers + ENTRY_NUMBERS
        if self._room >= 0:
            return True
        self._known, self._room = {}, self._size
        return False

    def repeated(self, first: int, count: int) -> Block:
        """Return the block with one more axis before the others, with these positions."""
        extents = ((first, first + count), *self._extents)
        return Block(extents, self.keeps_lanes, 0, self._owner)


class Geometries:
    """The blocks of the grids that a program was launched over last."""

    def __init__(self, max_lanes: int, workers: int) -> None:
        """Take the largest number of lanes in a block, and how many threads share a grid."""
        self._max_lanes = max_lanes
        self._workers = workers
        self._known: dict[Hashable, tuple[Block, ...]] = {}

    def blocks(self, grid: tuple[int, ...], layout: Hashable) -> tuple[Block, ...]:
        """Return the blocks of a grid, for arrays whose shapes ``layout`` tells apart."""
        key = grid, layout
        found = self._known.get(key)
        if found is None:
            small = math.prod(grid) <= MAX_KEPT_LANES
            cuts = cut(grid, self._workers, self._max_lanes)
            room = MAX_KEPT_NUMBERS // len(cuts)
            found = tuple(Block(extents, small, room) for extents in cuts)
            # Another thread may do the same: then one of two equal results stays.
            kept = list(self._known.items())[1 - MAX_GEOMETRIES :]
            self._known = {**dict(kept), key: found}
        return found


def cut(shape: tuple[int, ...], workers: int, limit: int) -> list[Extents]:
    """Cut the grid into blocks of at most ``limit`` cells, long along the last axes."""
    share = -(-math.prod(shape) // (2 * workers))
    room = min(limit, max(MIN_BLOCK_LANES, share)) if workers > 1 else limit
    cuts: list[list[tuple[int, int]]] = []
    for extent in reversed(shape):
        length = min(extent, max(room, 1))
        cuts.append([(at, min(at + length, extent)) for at in range(0, extent, length)])
        room //= length
    return [block[::-1] for block in itertools.product(*cuts)]


def _index(extents: Extents) -> tuple[Value, ...]:
    index: list[Value] = []
    for axis, (start, stop) in enumerate(extents):
        if stop - start == 1:
            index.append(np.int32(start))
            continue
        shape = [1] * len(extents)
        shape[axis] = stop - start
        index.append(np.arange(start, stop, dtype=np.int32).reshape(shape))
    return tuple(index)
