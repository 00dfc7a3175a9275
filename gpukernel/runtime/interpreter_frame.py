"""What a running function sees: its lanes, its variables, and what it has returned so far."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.runtime.failure import CellFailed
from gpukernel.runtime.interpreter_blocks import Block, Known
from gpukernel.runtime.interpreter_lists import LocalList
from gpukernel.runtime.lanes import Lanes, Mask, Value, choose, unite


class FirstFailure:
    """The first cell, in row-major order, in which a check has failed so far in a launch.

    A cell runs in one thread, in program order, so its first failed check comes first; between
    cells the smaller one wins.  So the outcome does not depend on the order of the blocks.
    """

    def __init__(self) -> None:
        self.found: CellFailed | None = None
        self._lock = threading.Lock()

    def offer(
        self, cell: tuple[int, ...], failure: int, values: Callable[[], tuple[int, ...]]
    ) -> None:
        """Note that a check failed in ``cell``, unless that cell or one before it failed."""
        if not self._is_first(cell):
            return
        found = CellFailed(cell, failure, values())
        with self._lock:
            if self._is_first(cell):
                self.found = found

    def precedes(self, cell: tuple[int, ...]) -> bool:
        """Whether a cell before this one has failed."""
        return self.found is not None and self.found.cell < cell

    def _is_first(self, cell: tuple[int, ...]) -> bool:
        return self.found is None or cell < self.found.cell


class Launch:
    """What is the same for every block of one run; ``whole`` are its ints and bools."""

    __slots__ = ("_converted", "arrays", "first_failure", "grid", "uniforms", "whole")

    def __init__(
        self,
        arrays: dict[str, Lanes],
        uniforms: dict[str, Value],
        whole: tuple[bool | int | float, ...],
        grid: tuple[int, ...],
    ) -> None:
        self.arrays = arrays
        self.uniforms = uniforms
        self.whole = whole
        self.grid = grid
        self.first_failure = FirstFailure()
        self._converted: dict[str, Lanes] = {}

    def converted(self, name: str, dtype: np.dtype[Any]) -> Lanes:
        """Return an array in ``dtype``, or as it is where most of it may never be read."""
        found = self._converted.get(name)
        if found is None:
            found = self.arrays[name]
            if found.size <= 2 * math.prod(self.grid):
                found = found.astype(dtype)
            self._converted[name] = found
        return found


class Frame:
    """One activation of a function over a set of lanes.

    ``block`` is the block whose cells the lanes are, None where they are some cells of one, and
    ``known`` what is known of it in this launch.  ``recent`` has the last reads of arrays.
    Lanes outside of ``live`` read no variable any more: they have returned, or never began.
    ``index`` holds the grid index along each axis, ``values`` the variables: scalars and
    `LocalList`s.  ``returned`` says which lanes have returned, ``results`` what they returned,
    ``continued`` which lanes wait for the next iteration of the innermost loop.
    """

    __slots__ = (
        "block",
        "continued",
        "index",
        "known",
        "launch",
        "live",
        "recent",
        "results",
        "returned",
        "shape",
        "size",
        "values",
    )

    def __init__(
        self,
        launch: Launch,
        shape: tuple[int, ...],
        index: Sequence[Value],
        values: dict[str, Value],
        block: Block | None = None,
        known: Known | None = None,
    ) -> None:
        self.launch = launch
        self.shape = shape
        self.size = math.prod(shape)
        self.index = index
        self.values = values
        self.block = block
        self.known: Known = {} if known is None else known
        self.results: tuple[Value, ...] | None = None
        self.returned: Mask = False
        self.live: Mask = True
        self.recent: dict[object, Any] = {}
        self.continued: Mask = False

    def call(self, values: dict[str, Value]) -> Frame:
        """Return a frame over the same lanes for a function with these parameters."""
        return Frame(self.launch, self.shape, self.index, values, self.block, self.known)

    def assign(self, name: str, value: Value, mask: Mask) -> None:
        """Set a scalar variable in the lanes of ``mask``.

        A variable that is not set yet takes the value in every lane: the lanes outside the mask
        cannot read it before they set it themselves.  So it does if all other lanes are done.
        """
        values = self.values
        if mask is not True and mask is not self.live and name in values:
            value = choose(mask, value, values[name])
        values[name] = value

    def finish(self, values: Sequence[Value], mask: Mask) -> None:
        """Return ``values`` from the lanes of ``mask``; lists are copied."""
        if self.results is None:
            self.results = tuple(v.copy() if isinstance(v, LocalList) else v for v in values)
        else:
            self.results = tuple(_merge(o, v, mask) for o, v in zip(self.results, values))
        self.returned = unite(self.returned, mask)

    def fail(self, failed: Mask, failure: int, values: Callable[[], Sequence[Value]]) -> None:
        """Note that the lanes of ``failed`` did not pass a check."""
        lane = int(np.argmax(np.broadcast_to(failed, self.shape)))
        position = tuple(int(p) for p in np.unravel_index(lane, self.shape))
        cell = tuple(_at(component, position) for component in self.index)
        self.launch.first_failure.offer(
            cell, failure, lambda: tuple(_at(value, position) for value in values())
        )


def _merge(old: Value, new: Value, mask: Mask) -> Value:
    """Return ``new`` in the lanes of ``mask`` and ``old`` elsewhere."""
    if isinstance(old, LocalList):
        old.assign(new, mask)
        return old
    return choose(mask, new, old)


def _at(value: Value, position: tuple[int, ...]) -> int:
    """Return the int that a lane holds."""
    if not isinstance(value, np.ndarray):
        return int(value)
    return int(value[tuple(p if size > 1 else 0 for p, size in zip(position, value.shape))])


Evaluate = Callable[[Frame, Mask], Value]
Execute = Callable[[Frame, Mask], Mask]
