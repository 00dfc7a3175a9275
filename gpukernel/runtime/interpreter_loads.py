"""Array reads of the interpreter: a view of the array where the indices allow it, else a gather.

In: a load and the closures of its indices.  Out: a closure that gives the elements as lanes, in
the dtype that the program computes with.  An index that is a sum over the grid index, and of
numbers that all lanes share, says by itself how to read; so does one whose lanes turn out to run
in even steps.  What depends on nothing but shapes is found once and kept with the block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.ir import nodes
from gpukernel.records import record
from gpukernel.runtime.interpreter_blocks import Block
from gpukernel.runtime.interpreter_facts import depends_on_grid, is_static
from gpukernel.runtime.interpreter_frame import Evaluate, Frame
from gpukernel.runtime.interpreter_gather import find_lines, fixed_index, look_up
from gpukernel.runtime.interpreter_indices import Sum, find_sums, line
from gpukernel.runtime.interpreter_windows import Line, Reader, Window, Zero, find_reader
from gpukernel.runtime.lanes import Lanes, Mask, Value

MAX_LANES_TO_GATHER = 8192  # as many are gathered in the time that looking for steps takes
MAX_RECENT = 6  # reads and ways to read that a frame keeps
Read = Callable[[Lanes, Frame, Mask], Value]


def load(
    node: nodes.Load,
    given: nodes.ArrayInput,
    grid_rank: int,
    dtype: np.dtype[Any],
    expression: Callable[[nodes.Expr], Evaluate],
) -> Evaluate:
    """Return the closure of a load from an array.

    ``dtype`` is what the lanes are to have, and ``expression`` makes closures of expressions.
    """
    boundary, is_converted = given.boundary, dtype != given.type.dtype
    name, read = node.array, _anyhow(node, boundary, expression)
    sums = find_sums(node.indices, grid_rank)
    shared = None if sums is None else _Shared(sums, expression)
    if _is_fixed(node.indices):
        operands = tuple(expression(index) for index in node.indices)
        read = _fixed(shared, boundary, read, operands)
    elif shared is not None:
        read = _moving(shared, boundary, read)

    if not is_converted:
        return lambda frame, mask: read(frame.launch.arrays[name], frame, mask)

    def run(frame: Frame, mask: Mask) -> Value:
        block, launch = frame.block, frame.launch
        # In a small grid it is quicker to convert all of the array, once.
        is_small = block is not None and block.keeps_lanes
        array = launch.converted(name, dtype) if is_small else launch.arrays[name]
        value = read(array, frame, mask)
        return value if value.dtype == dtype else value.astype(dtype)

    return run


def _is_fixed(indices: Sequence[nodes.Expr]) -> bool:
    return all(map(is_static, indices)) and any(map(depends_on_grid, indices))


# ---------------------------------------------------------------- any indices


def _anyhow(node: nodes.Load, boundary: str, expression: Callable[[nodes.Expr], Evaluate]) -> Read:
    """Return the way to read that looks at the indices every time.

    What was read last is kept: programs often read at the same indices again, and from other
    arrays of the same shape.
    """
    name, indices = node.array, tuple(expression(index) for index in node.indices)

    def read(array: Lanes, frame: Frame, mask: Mask) -> Value:
        where = [index(frame, mask) for index in indices]
        for index, size in zip(where, array.shape):
            if isinstance(index, np.ndarray) or not 0 <= index < size:
                break
        else:
            return array[tuple(where)]
        if not any(isinstance(index, np.ndarray) for index in where):
            return _element(array, where, boundary)
        recent, same = frame.recent, tuple(map(id, where))
        found = recent.get((name, same))
        if found is not None:
            return found[0]
        known = recent.get((array.shape, boundary, same))
        reader = _reader(array, where, boundary, frame) if known is None else known[0]
        value = reader.read(array)
        if len(recent) >= MAX_RECENT:
            recent.clear()
        # With the indices, or others could come to have their identities.
        recent[array.shape, boundary, same] = reader, where
        recent[name, same] = value, where
        return value

    return read


def _element(array: Lanes, where: Sequence[Value], boundary: str) -> Value:
    if array.size == 0:
        return array.dtype.type(0)
    place = [fixed_index(int(i), size, boundary) for i, size in zip(where, array.shape)]
    if None in place:
        return array.dtype.type(0)
    return array[tuple(place)]


def _reader(array: Lanes, where: Sequence[Value], boundary: str, frame: Frame) -> Reader:
    if array.size == 0:
        return Zero()
    is_large = frame.block is not None and frame.size > MAX_LANES_TO_GATHER
    lines = find_lines(where) if is_large else None
    along = None if lines is None else find_reader(array, lines, frame.shape, boundary)
    return look_up(array.shape, where, boundary) if along is None else along


# ---------------------------------------------------------------- sums over the grid index


class _Shared:
    """What all lanes share of the indices of a load: a closure for every factor and rest."""

    def __init__(self, sums: Sequence[Sum], expression: Callable[[nodes.Expr], Evaluate]) -> None:
        self.sums = sums
        self._factors = tuple(tuple(map(expression, each.factors)) for each in sums)
        self.has_factors = any(self._factors)
        self.rests = tuple(expression(each.rest) for each in sums)

    def factors(self, frame: Frame, mask: Mask) -> tuple[tuple[int, ...], ...] | None:
        """Return the factors of every index, None where the lanes differ."""
        values = [[factor(frame, mask) for factor in each] for each in self._factors]
        if any(isinstance(value, np.ndarray) for each in values for value in each):
            return None
        return tuple(tuple(map(int, each)) for each in values)

    def lines(
        self, factors: Sequence[Sequence[int]], start: Sequence[int], rests: Sequence[int]
    ) -> list[Line]:
        """Return the indices in a block that begins at ``start``."""
        given = zip(self.sums, factors, rests)
        return [line(each.steps(numbers), start, rest) for each, numbers, rest in given]


def _fixed(
    shared: _Shared | None, boundary: str, anyhow: Read, operands: Sequence[Evaluate]
) -> Read:
    """Return the way to read at static indices: it is the same in every launch."""
    key = object()

    def find(array: Lanes, frame: Frame, block: Block) -> Reader:
        if shared is not None:
            rests = [int(rest(frame, True)) for rest in shared.rests]
            factors = shared.factors(frame, True)
            assert factors is not None, "static values without the grid index are shared"
            lines = shared.lines(factors, block.start, rests)
            found = find_reader(array, lines, block.shape, boundary)
            if found is not None:
                return found
        where = [operand(frame, True) for operand in operands]
        return _reader(array, where, boundary, frame).lasting()

    def read(array: Lanes, frame: Frame, mask: Mask) -> Value:
        block = frame.block
        if block is None:
            return anyhow(array, frame, mask)
        reader = frame.known.get(key)
        if reader is None:
            reader = find(array, frame, block)
            block.keep(frame.known, key, reader, reader.num_numbers)
        return reader.read(array)

    return read


@record(frozen=True)
class _Reach:
    """Which rests of each index keep all of a block inside of the array, and what is read then."""

    limits: tuple[tuple[int, int, int], ...]  # least and greatest rest, and its stride in bytes
    window: Window

    @staticmethod
    def of(array: Lanes, lines: Sequence[Line], block: Block) -> _Reach:
        """Return the reach of a block into arrays of this shape, for lines with rests of 0."""
        unit, limits = array.itemsize, []
        strides = [0] * len(block.shape)
        offset = 0
        for each, size in zip(reversed(lines), reversed(array.shape)):
            low, high = each.reach(block.shape)
            limits.append((-low, size - 1 - high, unit))
            offset += unit * each.first
            for axis, step in each.steps:
                strides[axis] += unit * step
            unit *= size
        varying = {axis % len(block.shape) for each in lines for axis, _ in each.steps}
        shape = tuple(n if axis in varying else 1 for axis, n in enumerate(block.shape))
        return _Reach(tuple(reversed(limits)), Window(shape, offset, tuple(strides)))


def _moving(shared: _Shared, boundary: str, anyhow: Read) -> Read:
    """Return the way to read at sums whose shared parts may be other numbers each time."""
    key = object()
    rests, no_factors = shared.rests, tuple(() for _ in shared.sums)

    def beyond(
        array: Lanes, frame: Frame, mask: Mask, factors: Any, firsts: tuple[int, ...]
    ) -> Value:
        block, known = frame.block, frame.known
        assert block is not None
        reader = known.get((key, factors, firsts))
        if reader is None:
            lines = shared.lines(factors, block.start, firsts)
            reader = find_reader(array, lines, block.shape, boundary)
            if reader is None:
                return anyhow(array, frame, mask)
            block.keep(known, (key, factors, firsts), reader, reader.num_numbers)
        return reader.read(array)

    def read(array: Lanes, frame: Frame, mask: Mask) -> Value:
        block = frame.block
        factors = shared.factors(frame, mask) if shared.has_factors else no_factors
        if block is None or factors is None:
            return anyhow(array, frame, mask)
        name = (key, factors) if factors is not no_factors else key
        reach = frame.known.get(name)
        if reach is None:
            lines = shared.lines(factors, block.start, [0] * len(rests))
            reach = _Reach.of(array, lines, block)
            block.keep(frame.known, name, reach, 0)
        window = reach.window
        offset, inside, firsts = window.offset, True, []
        for rest, (low, high, stride) in zip(rests, reach.limits):
            first = rest(frame, mask)
            if isinstance(first, np.ndarray):
                return anyhow(array, frame, mask)
            first = int(first)
            firsts.append(first)
            inside = inside and low <= first <= high
            offset += first * stride
        if not inside:
            return beyond(array, frame, mask, factors, tuple(firsts))
        return np.ndarray(window.shape, array.dtype, array, offset, window.strides)

    return read
