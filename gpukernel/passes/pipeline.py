"""The names of the optimisations, and the passes that every device runs, in their order.

What is only of use to one device (unrolling, row tiling, bounds) is run by that device, when it
builds a program; it looks its names up in the same set.
"""

from __future__ import annotations

from collections.abc import Callable

from gpukernel.ir.nodes import Program
from gpukernel.passes.fold_constants import fold_constants
from gpukernel.passes.hoist_invariants import hoist_invariants
from gpukernel.passes.inline_functions import inline_functions
from gpukernel.passes.propagate import propagate

Pass = Callable[[Program], Program]

DESCRIPTIONS: dict[str, str] = {
    "fold": "constants are computed once, when compiling",
    "inline": "small functions are put in place of their calls",
    "propagate": "index variables are replaced by their expressions, dead ones removed",
    "hoist": "code that gives the same in every iteration moves out of its loop",
    "unroll": "short constant loops are written out, others do four iterations at a time",
    "pack": "four cells at once as vec4; else one cell after the other",
    "share": "one fetch for equal and neighbouring reads",
    "tile": "several rows of the output in each fragment",
    "bounds": "no bounds code where all indices are proven to be inside",
    "boundaries": "indices written with % n, min and max read like boundary=wrap and clamp",
    "uniforms": "small arrays are passed as uniforms, not as textures",
}
OPTIMIZATIONS: tuple[str, ...] = tuple(DESCRIPTIONS)

PASSES: tuple[tuple[str, Pass], ...] = (
    ("fold", fold_constants),
    ("inline", inline_functions),
    ("propagate", propagate),
    ("hoist", hoist_invariants),
)
