"""One way to compile a program: what the generator may rely on, and what it is to do.

A launch knows more than the program does: where arrays lie in their textures, which indices can
leave them, how large small arrays are.  A `Variant` is the part of it that shaders are made for.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from gpukernel.passes.ranges import INSIDE
from gpukernel.records import record


@record(frozen=True)
class Access:
    """How a shader reads one array.

    Attributes:
        kind: ``rows``: four elements of a row in a texel, and row ``r`` of the array in row ``r``
            of the texture; ``folded``: the same, but the texels of all rows follow each other and
            fill the rows of the texture; ``narrow``: rows of less than four elements follow each
            other, so that a texel has elements of several.
        reach: for each axis, how far the indices are proven to reach (see `passes.ranges`).
        others: the same of reads that have boundaries of their own (see `nodes.Load`), by these.
        whole: whether the last axis is a multiple of four, where that makes a difference.
        values: how many elements the uniform has that holds the array, 0 for a texture.
    """

    kind: str
    reach: tuple[str, ...]
    whole: bool = False
    values: int = 0
    others: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    @property
    def inside(self) -> bool:
        """Whether every index is proven to be inside."""
        return set(self.reach) == {INSIDE}

    def of(self, boundaries: tuple[str, ...]) -> Access:
        """Return the access of reads with boundaries of their own."""
        return replace(self, reach=dict(self.others)[boundaries], others=())


@record(frozen=True)
class Variant:
    """What one shader is made for.

    Attributes:
        accesses: one an array of the program.
        targets: the kind (see `Access`) of each array that is drawn into.
        extents: sizes of axes that are compiled in: ((array, axis), size).
        known: what else is compiled in (see `codegen.plan.Known`).
        packed: whether the four cells of a texel are computed at once.
        guarded: whether the driver may end loops before their condition does.
        rows: how many rows of the output a fragment computes.
        shares: whether equal and neighbouring reads share a fetch.
        unrolls: whether loops are unrolled.
        boundaries: differs where the reads of the program have other boundaries.
    """

    accesses: tuple[Access, ...]
    targets: tuple[str, ...]
    extents: tuple[tuple[tuple[str, int], int], ...] = ()
    known: object = None
    packed: bool = False
    guarded: bool = False
    rows: int = 1
    shares: bool = False
    unrolls: bool = False
    boundaries: Hashable = ()
