"""The side of a convolution by its filters, where a cell computes the sums of several weights.

A weight's gradient is a long sum of ``a * g`` over images ``a`` and results ``g``, both (batch,
height, width, channels): see `convolution_cells`.  Neighbouring weights read the same ``g``, and
mostly the same ``a``, so the kernel here computes a block of them in each cell, as several
results: those of some taps of a row, for some channels in.  The batch is split into chunks, whose
sums are added up by a second kernel.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from gpukernel.from_source import from_source
from gpukernel.kernel import Kernel
from gpukernel.nn.primitive import Cell
from gpukernel.nn.tensor import Tensor
from gpukernel.nn.values import Shape, Value

MOST = 8  # weights in a block: as many results as every device can draw at once
PLACES = range(8, 3, -1)  # of a row, whose products are written out one after another


class Block(NamedTuple):
    """How many neighbouring weights a cell computes: so many taps of a row for so many channels."""

    taps: int
    channels: int

    @property
    def size(self) -> int:
        return self.taps * self.channels


class _Form(NamedTuple):
    """What a kernel is written for."""

    block: Block
    taps: Shape
    stride: Shape
    dilation: Shape
    before: Shape
    width: int  # places of a row of the result
    places: int  # of these, whose products are written out


def block_of(taps: Shape, n_in: int) -> Block:
    """Return the block for filters of so many taps and channels in."""
    along = _largest_divisor(taps[1], MOST)
    return Block(along, _largest_divisor(n_in, MOST // along))


def _largest_divisor(n: int, most: int) -> int:
    return next(count for count in range(min(n, most), 0, -1) if n % count == 0)


def _places_of(width: int) -> int:
    """Return how many places of a row to write out: so that few are left over."""
    return min(PLACES, key=lambda places: -width % places)


def by_filters(a: Tensor, g: Tensor, constants: dict[str, Any], chunks: int) -> Tensor:
    """Return what each weight (height, width, channels in, channels out) gets; nothing is recorded.

    Args:
        a: the images.
        g: the cotangents of the results.
        constants: those of the convolution, of one group and with blocks of several weights.
        chunks: into which the batch is split.
    """
    taps, n_in, n_out = constants["taps"], constants["n_in"], constants["n_out"]
    block, width = block_of(taps, n_in), constants["places"][1]
    form = _Form(
        block,
        taps,
        constants["stride"],
        constants["dilation"],
        constants["before"],
        width,
        _places_of(width),
    )
    parts = _kernel(form)(
        a.array,
        g.array,
        -(-a.shape[0] // chunks),
        shape=(chunks * taps[0], taps[1] // block.taps, n_in // block.channels, n_out),
        device=a.device,
    )
    given = [Tensor(Value.of(part)) for part in parts]
    return _added(block)(*given, shape=(*taps, n_in, n_out), rows=taps[0])


@functools.cache
def _kernel(form: _Form) -> Kernel:
    """Write the kernel that adds up the products of a chunk for a block of weights."""
    (down, along), (top, left) = form.stride, form.before
    totals = [f"total{k}" for k in range(form.block.size)]
    text = f"""
@kernel(debug=None)
def by_filters(a, g, samples):
    i, s, c, o = index()
    chunk, r = i // {form.taps[0]} * samples, i % {form.taps[0]}
    top = r * {form.dilation[0]} - {top}
    left = s * {form.block.taps * form.dilation[1]} - {left}
    {" = ".join(totals)} = 0.0
    for m in range(samples):
        n = chunk + m
        for y in range(g.shape[1]):
            row = y * {down} + top
            for x in range(0, {form.width}, {form.places}):
                column = x * {along} + left
                {"; ".join(_products(form))}
    return {", ".join(totals)}
"""
    made: Kernel = from_source(text, "by_filters")
    return made


def _products(form: _Form) -> list[str]:
    """Write the products of some places of a row with a block of weights; no cell is read twice."""
    lines: list[str] = []
    names: dict[tuple[int, int], str] = {}  # of the cells, by column and channel
    for place in range(form.places):
        lines.append(f"value = g[n, y, x + {place}, o]")
        for k in range(form.block.size):
            tap, channel = divmod(k, form.block.channels)
            column = place * form.stride[1] + tap * form.dilation[1]
            name = names.get((column, channel))
            if name is None:
                name = names[column, channel] = f"a{len(names)}"
                channels = f"c * {form.block.channels} + {channel}"
                lines.append(f"{name} = a[n, row, column + {column}, {channels}]")
            lines.append(f"total{k} += {name} * value")
    return lines


@functools.cache
def _added(block: Block) -> Cell:
    """Return the operation that adds up the sums of chunks, a weight of each block in turn."""
    names = [f"parts{k}" for k in range(block.size)]
    branches = [
        f"""
    if which == {k}:
        for chunk in range({name}.shape[0] // rows):
            total += {name}[chunk * rows + r, s // {block.taps}, c // {block.channels}, o]"""
        for k, name in enumerate(names)
    ]
    text = f"""
def added(r, s, c, o, {", ".join(names)}, rows):
    which = s % {block.taps} * {block.channels} + c % {block.channels}
    total = 0.0{"".join(branches)}
    return total
"""
    return Cell(from_source(text, "added").py_func)
