"""How axes are folded: which kernels run, in passes, and which elements each cell folds.

A pass cuts a folded axis into parts and gives one value for each, the next pass folds those.  The
cells of a pass are neighbours along the axis in which elements follow each other, so that at every
step they read a stretch of memory.  What a cell folds is told by a `Pattern`:

- *rows*: an axis before the last one, cell by cell down the columns;
- *runs*: neighbours along the last axis, the only way that keeps the order there;
- *columns* and *flat*: every so-many-th element along the last axis, for functions that give the
  same for both orders of their arguments.

Float sums are as exact as pairwise ones (N. J. Higham, "The accuracy of floating point summation",
SIAM J. Sci. Comput. 14, 1993): a cell adds blocks of elements, each a small tree.
Which passes are made depends on shapes alone, so that all devices add in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gpukernel.kernel import Kernel, kernel
from gpukernel.lang.grid import index
from gpukernel.passes.pipeline import OPTIMIZATIONS
from gpukernel.records import record
from gpukernel.runtime.array import Array

FEWEST = 16  # elements that a cell folds
CELLS = 32768  # of a pass that is not the last: enough for every device to be busy
TALL = 256  # rows that one cell folds in the last pass
SHORT = 64  # the same for neighbours
FLAT_STEP = 65536  # elements from one that a cell of the flat pattern folds to the next
COLUMN_STEP = 16  # the same for columns, in every row
LANES = 4  # elements that narrower rows share with their neighbours in memory
ROW = 256  # elements in a row of a flat array that is seen as a matrix
LONG = 128  # elements of a last axis that are worth a pass over columns
MANY = 64  # rows that keep a device busy, when every cell folds columns of one
GROUPS = 64  # stretches of an axis that are folded apart, so that what is read is near
NEAR = 4  # parts of each, at least: neighbours in an image are computed together

State = tuple[Array, ...]  # what passes fold: values, or values with their positions


@record(frozen=True)
class Pattern:
    """Which elements a cell folds, in the kernel language.

    Attributes:
        read: gives element number ``k`` of those that the present cell folds.
        place: gives the number of that element in the whole array, in row-major order.
        cell: the number of the cell along the folded axis; cells below ``more`` fold one more.
        block: gives how many elements are folded to one before they join the rest, a multiple of 4.
        without: optimisations that do not pay: cells that read apart from each other had better be
            computed one after the other.
    """

    read: Callable[..., Any]
    place: Callable[..., Any]
    cell: Callable[..., Any]
    block: Callable[[], int]
    without: frozenset[str] = frozenset()


def _row(x, k, apart, step, skip):
    o, i, m, j = index()
    return x[o, i * apart + min(i, skip) + k * step, m, j]


def _row_place(x, k, apart, step, skip):
    o, i, m, j = index()
    row = o * x.shape[1] + (i * apart + min(i, skip) + k * step)
    return (row * x.shape[2] + m) * x.shape[3] + j


def _row_cell():
    return index()[1]


def _run(x, k, apart, step, skip):
    o, i = index()
    return x[o, i * apart + min(i, skip) + k * step]


def _run_place(x, k, apart, step, skip):
    o, i = index()
    return o * x.shape[1] + (i * apart + min(i, skip) + k * step)


def _run_cell():
    return index()[1]


def _column(x, k, apart, step, skip):
    o, j = index()
    return x[o, k * 16 + j]


def _column_place(x, k, apart, step, skip):
    o, j = index()
    return o * x.shape[1] + (k * 16 + j)


def _flat(x, k, apart, step, skip):
    return x[k * 65536 + index()]


def _flat_place(x, k, apart, step, skip):
    return k * 65536 + index()


def _flat_cell():
    return index()


def _sixteen():
    return 16


def _eight():
    return 8


# The steps of columns and flat ones are literals above: compilers see that reads are aligned.
PATTERNS: Mapping[str, Pattern] = {
    "rows": Pattern(_row, _row_place, _row_cell, _sixteen),
    "runs": Pattern(_run, _run_place, _run_cell, _eight, frozenset(("pack",))),
    "columns": Pattern(_column, _column_place, _run_cell, _sixteen),
    "flat": Pattern(_flat, _flat_place, _flat_cell, _sixteen),
}


def make_value_pass(pattern: Pattern, combine: Callable[[Any, Any], Any], optimize: Any) -> Kernel:
    """Return the kernel that folds values with a function of two.

    Args:
        pattern: which elements a cell folds.
        combine: a function in the kernel language.
        optimize: as for `kernel`.
    """
    read, cell, size = pattern.read, pattern.cell, pattern.block

    @kernel(optimize=optimize)
    def fold(x, whole, count, more, apart, step, skip):
        total = read(x, 0, apart, step, skip)
        for block in range(0, whole, size()):
            part = total
            for k in range(0, size(), 4):
                a = read(x, block + k, apart, step, skip)
                b = read(x, block + k + 1, apart, step, skip)
                c = read(x, block + k + 2, apart, step, skip)
                d = read(x, block + k + 3, apart, step, skip)
                four = combine(combine(a, b), combine(c, d))
                if k == 0:
                    part = four
                else:
                    part = combine(part, four)
            if block == 0:
                total = part
            else:
                total = combine(total, part)
        for k in range(max(whole, 1), count):
            total = combine(total, read(x, k, apart, step, skip))
        if cell() < more:
            total = combine(total, read(x, count, apart, step, skip))
        return total

    return fold


def make_position_pass(
    pattern: Pattern, is_better: Callable[[Any, Any], Any], is_first: bool
) -> Kernel:
    """Return the kernel that finds the best values and where they are, the first of equal ones.

    ``at`` has the places that the pass before found; the first pass does not read it.
    """
    read, cell, number = pattern.read, pattern.cell, pattern.place

    def known_place(x, at, k, apart, step, skip):
        return read(at, k, apart, step, skip)

    def own_place(x, at, k, apart, step, skip):
        return number(x, k, apart, step, skip)

    def first_wins(value, other, best, place):
        return is_better(value, best)  # places grow

    def wins(value, other, best, place):
        return is_better(value, best) or (other < place and not is_better(best, value))

    place_of, beats = (own_place, first_wins) if is_first else (known_place, wins)

    @kernel(optimize=frozenset(OPTIMIZATIONS) - pattern.without)
    def find_best(x, at, whole, count, more, apart, step, skip):
        best = read(x, 0, apart, step, skip)
        place = place_of(x, at, 0, apart, step, skip)
        for k in range(1, count + 1):
            if k < count or cell() < more:
                value = read(x, k, apart, step, skip)
                other = place_of(x, at, k, apart, step, skip)
                if beats(value, other, best, place):
                    best = value
                    place = other
        return best, place

    return find_best


@record(frozen=True)
class Cut:
    """How an axis is cut into parts for a pass.

    Attributes:
        parts: how many there are.
        count: elements of each, without the one more that some have.
        more: how many parts have one more element.
        apart: elements from the first one of a part to that of the next.
        step: elements from one of a part to the next.
        skip: how many parts have one more element before them.
    """

    parts: int
    count: int
    more: int
    apart: int
    step: int
    skip: int

    def arguments(self, pattern: Pattern) -> tuple[int, ...]:
        """Return the arguments of a pass."""
        whole = self.count - self.count % pattern.block()
        return whole, self.count, self.more, self.apart, self.step, self.skip


def neighbours(length: int, parts: int) -> Cut:
    """Cut an axis into parts of neighbours, so that folding keeps their order."""
    count, more = divmod(length, parts)
    return Cut(parts, count, more, count, 1, more)


def strided(length: int, parts: int) -> Cut:
    """Cut an axis so that neighbours belong to different parts."""
    count, more = divmod(length, parts)
    return Cut(parts, count, more, 1, parts, 0)


Run = Callable[[str, State, "Cut", "tuple[int, ...]"], State]


class Passes:
    """Folds axes in passes.

    Args:
        run: runs a pass: gets the name of a pattern, what to fold in the shape that the pattern
            takes, the cut, and the shape of the result.
        ordered: whether elements must be folded in their order.
    """

    def __init__(self, run: Run, ordered: bool) -> None:
        self._run = run
        self._ordered = ordered

    def fold(self, state: State, axes: tuple[int, ...]) -> State:
        """Return the state with these axes folded to size 1, by at least one pass.

        Args:
            state: arrays of one shape, without axes of size 0.
            axes: sorted numbers of axes.
        """
        sizes = list(state[0].shape)
        left = tuple(1 if axis in axes else size for axis, size in enumerate(sizes))
        folded = state
        for start, stop in reversed(merged(axes)):
            outer, within, last = math.prod(sizes[:start]), math.prod(sizes[start:stop]), sizes[-1]
            if stop == len(sizes):
                folded = self._fold_end(folded, outer, within // last, last)
            else:
                mid = math.prod(sizes[stop:-1])
                folded = self._fold_rows(folded, (outer, within, mid, last))
            sizes[start:stop] = [1] * (stop - start)
        if folded is state:  # no axis is longer than 1, but the type of the result may differ
            shape = (1, math.prod(sizes[:-1]), 1, sizes[-1])
            folded = self._run("rows", _seen(state, shape), neighbours(shape[1], shape[1]), shape)
        return _seen(folded, left)

    def _fold_end(self, state: State, outer: int, leading: int, last: int) -> State:
        """Fold the last two of three axes."""
        if self._ordered:
            state = self._fold_last(state, outer * leading, last)
            return self._fold_last(state, outer, leading)
        if outer == 1 and _is_flat(last):
            return self._fold_last(state, 1, leading * last)
        state = self._fold_rows(state, (outer, leading, 1, last))
        return self._fold_last(state, outer, last)

    def _fold_rows(self, state: State, shape: tuple[int, int, int, int]) -> State:
        """Fold the second of four axes."""
        outer, length, mid, last = shape
        near = math.gcd(length, ROW)
        if not self._ordered and mid == 1 and last < LANES <= near < length:
            state = self._fold_rows(state, (outer, length // near, 1, near * last))
            length = near
        while length > 1:
            parts = 1 if length <= TALL else max(1, CELLS // (outer * mid * last))
            parts = min(parts, max(1, length // FEWEST))
            state, length = self._pass_rows(state, (outer, length, mid, last), parts)
        return state

    def _pass_rows(
        self, state: State, shape: tuple[int, int, int, int], parts: int
    ) -> tuple[State, int]:
        """Fold the second of four axes to at most so many parts; return how many there are."""
        outer, length, mid, last = shape
        groups = 1
        if not self._ordered:
            most = max(1, parts // NEAR)
            groups = math.gcd(length, GROUPS, 1 << most.bit_length() - 1)
        parts //= groups
        cut = (neighbours if self._ordered else strided)(length // groups, parts)
        seen = _seen(state, (outer * groups, length // groups, mid, last))
        state = self._run("rows", seen, cut, (outer * groups, parts, mid, last))
        return state, groups * parts

    def _fold_last(self, state: State, outer: int, length: int) -> State:
        """Fold the second of two axes."""
        if not self._ordered:
            state, length = self._fold_strided(state, outer, length)
        while length > 1:
            parts = length // FEWEST if length > SHORT else 1
            if outer == 1 and SHORT < length <= SHORT**2:  # two passes over as many
                parts = 1 << length.bit_length() // 2
            cut = neighbours(length, parts)
            shape = (outer, parts)
            state = self._run("runs", _seen(state, (outer, length)), cut, shape)
            length = cut.parts
        return state

    def _fold_strided(self, state: State, outer: int, length: int) -> tuple[State, int]:
        """Fold most of the second of two axes, and return how long it still is."""
        if outer == 1:
            return self._fold_flat(state, length)
        if length < LONG:
            return state, length
        shape = (outer, length // COLUMN_STEP, 1, COLUMN_STEP)
        if _is_flat(length):
            return self._fold_rows(state, shape), COLUMN_STEP
        if outer < MANY:
            return state, length
        cut = strided(length, COLUMN_STEP)
        seen = _seen(state, (outer, length))
        return self._run("columns", seen, cut, (outer, COLUMN_STEP)), COLUMN_STEP

    def _fold_flat(self, state: State, length: int) -> tuple[State, int]:
        """Fold most of an array of one axis, and return how long it still is."""
        if length % ROW and length >= 2 * FLAT_STEP:
            cut = strided(length, FLAT_STEP)
            state = self._run("flat", _seen(state, (length,)), cut, (FLAT_STEP,))
            length = FLAT_STEP
        while length % ROW == 0 and length >= FEWEST * ROW:
            rows = length // ROW
            parts = NEAR if rows <= 2 * TALL else min(CELLS // ROW, rows // FEWEST)
            state, parts = self._pass_rows(state, (1, rows, 1, ROW), parts)
            length = parts * ROW
        if length % COLUMN_STEP == 0 and length >= FEWEST * COLUMN_STEP:
            state = self._fold_rows(state, (1, length // COLUMN_STEP, 1, COLUMN_STEP))
            length = COLUMN_STEP
        return state, length


def merged(axes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the first axis of every run of neighbouring axes, and the one after it."""
    runs: list[tuple[int, int]] = []
    for axis in axes:
        if runs and runs[-1][1] == axis:
            runs[-1] = (runs[-1][0], axis + 1)
        else:
            runs.append((axis, axis + 1))
    return runs


def _is_flat(last: int) -> bool:
    """Whether arrays with a last axis of this size are always stored without gaps."""
    return last < LANES or last & (last - 1) == 0


def _seen(state: State, shape: tuple[int, ...]) -> State:
    """Return arrays under another shape."""
    return tuple(a if a.shape == shape else a.reshape(shape) for a in state)
