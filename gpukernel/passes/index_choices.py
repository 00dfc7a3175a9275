"""Choices that bring an index inside: ``i - 1 if i > 0 else n - 1``.

In: a selection of ints, and what is known of sizes.  Out: the boundary that it stands for, and the
index without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gpukernel.ir import nodes
from gpukernel.ir.affine import Affine, affine, sum_of, to_expr
from gpukernel.ir.walk import subexpressions
from gpukernel.passes.conditions import MIRRORED, comparisons

_PLAIN = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent,
    nodes.Call, nodes.Select,
)  # fmt: skip
MAX_NODES = 64

IsSize = Callable[[nodes.Expr, int], bool]  # whether an expression is the size, less a number
IsSmall = Callable[[nodes.Expr], bool]  # whether an index is far from the ends of the int range


def is_choice(node: nodes.Expr) -> bool:
    """Whether an expression chooses between ints, and reads nothing but variables."""
    if not isinstance(node, nodes.Select):
        return False
    for count, part in enumerate(subexpressions(node)):
        if not isinstance(part, _PLAIN) or count >= MAX_NODES:
            return False
    return True


def boundary_of(node: nodes.Select, is_size: IsSize, is_small: IsSmall) -> tuple[str, nodes.Expr]:
    """Return the boundary that a choice stands for, or "", and the index without it.

    The boundary is ``wrap`` or ``clamp``, followed by the side (``_low`` or ``_high``) and by
    ``_step`` where indices must not be beyond that side by more than one (see `nodes.Load`).
    """
    if is_choice(node):
        for inner, edge, holds in (
            (node.then, node.otherwise, True),
            (node.otherwise, node.then, False),
        ):
            if not is_small(inner):
                continue
            for side, is_step in _sides(inner, node.condition, holds, is_size):
                found = _kind(inner, edge, side, is_step, is_size)
                if found:
                    return found, inner
    return "", node


def _sides(
    inner: nodes.Expr, condition: nodes.Expr, holds: bool, is_size: IsSize
) -> Iterator[tuple[str, bool]]:
    """Yield the sides on which an index is inside exactly if a condition holds, or does not.

    With each comes whether that is so for steps by one only.
    """
    found = list(comparisons(condition, holds))
    if len(found) != 1 or not isinstance(condition, nodes.Call):
        return
    symbol, left, right = found[0]
    for sign, seen in ((1, symbol), (-1, MIRRORED[symbol])):
        # ``inner`` compares so with ``-rest``
        rest = sum_of([(affine(left), sign), (affine(right), -sign), (affine(inner), -1)])
        least = {">": 1, ">=": 0, "!=": 1}.get(seen)
        if not rest.terms and rest.constant == least:
            yield "low", seen == "!="
        less = {"<": 0, "<=": 1, "!=": 0}.get(seen)
        limit = to_expr(Affine(tuple((a, -f) for a, f in rest.terms), -rest.constant), inner.span)
        if less is not None and is_size(limit, less):
            yield "high", seen == "!="


def _kind(inner: nodes.Expr, edge: nodes.Expr, side: str, is_step: bool, is_size: IsSize) -> str:
    """Return the boundary for which an edge is what an index outside stands for, or ""."""
    first = isinstance(edge, nodes.Constant) and edge.value == 0
    last = is_size(edge, 1)
    sign = 1 if side == "low" else -1
    moved = to_expr(sum_of([(affine(edge), sign), (affine(inner), -sign)]), inner.span)
    if first if side == "low" else last:
        return f"clamp_{side}" + ("_step" if is_step else "")
    if is_size(moved, 0):
        return f"wrap_{side}" + ("_step" if is_step else "")
    if last if side == "low" else first:
        return f"wrap_{side}_step"
    return ""
