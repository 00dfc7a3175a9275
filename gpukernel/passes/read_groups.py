"""Groups of reads whose boundaries are decided together, and what is near to an axis.

Reads of one array are in one group if they have the same boundaries.  Where whole texels may not be
read for the boundary of the last axis, they also have the same index there: indices inside can have
any boundary.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import key
from gpukernel.ir.walk import rewrite
from gpukernel.passes.intervals import Interval

Group = tuple[str, tuple[str, ...], Hashable]  # an array, boundaries, the index of the last axis
_TURNING = ("wrap", "reflect")


def group_of(node: nodes.Load, boundary: str) -> Group:
    """Return the group of a read of an array with this boundary.

    Groups have different boundaries.  Where the last axis has a boundary for which whole texels
    may not be read, they also have different indices there.
    """
    own = node.boundaries[-1] if node.boundaries else ""
    if (own or boundary) not in _TURNING:
        return node.array, node.boundaries, None
    return node.array, node.boundaries, key(rewrite(node.indices[-1], _without_boundaries))


def _without_boundaries(node: Any) -> Any:
    """Return a read as it is written, so that groups are the same whatever is inside an index."""
    return replace(node, boundaries=()) if isinstance(node, nodes.Load) else node


def near(boundary: str, size: int) -> Interval:
    """Return which indices are near an axis of a size, and within what a boundary applies to."""
    first, last = 1 - size, 2 * size - 2
    if boundary.endswith("_step"):
        first, last = max(first, -1), min(last, size)
    if "_low" in boundary:
        last = size - 1
    return (0, last) if "_high" in boundary else (first, last)
