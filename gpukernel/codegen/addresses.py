"""Where a read lies, seen from the four cells of a texel: which texel of a row, and which lanes.

In packed shaders the first cell of a fragment is in a column that is a multiple of four.  An index
that is that column plus a multiple of four plus a constant reads a whole texel, or parts of two
that follow each other; one that is the same in the four cells reads one lane of a texel.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from gpukernel.ir import nodes
from gpukernel.ir.affine import Affine, affine, to_expr
from gpukernel.records import record

LANES = 4
_FARTHEST = 1 << 24  # constants beyond could make the sum of texel numbers differ from the index'


@record(frozen=True)
class Address:
    """An index along the last axis.

    ``moves`` says that it is one more from each cell to the next; else it is the same in all four.
    Where it is known, ``lane`` is the lane of the first cell's element in texel ``base + offset``
    of the row; else ``index`` is the index, less the first cell's column if it moves.
    """

    moves: bool
    base: str = "0"
    offset: int = 0
    lane: int | None = None
    index: nodes.Expr | None = None


def find_address(
    index: nodes.Expr,
    lane_axis: int | None,
    varies: Callable[[nodes.Expr], bool],
    aligned: Set[str],
    value: Callable[[nodes.Expr], str],
) -> Address | None:
    """Return where an index of the last axis points, or None where the cells go separate ways.

    Args:
        index: the index expression.
        lane_axis: the axis of the grid along which the four cells lie.
        varies: whether an expression differs between them.
        aligned: variables that are known to be multiples of four.
        value: GLSL for a uniform expression.
    """
    total = affine(index)
    moves, rest = False, []
    for atom, factor in total.terms:
        if isinstance(atom, nodes.GridIndex) and atom.axis == lane_axis and factor == 1:
            moves = True
        elif varies(atom):
            return None
        else:
            rest.append((atom, factor))
    known = len(rest) <= 1 and abs(total.constant) < _FARTHEST
    if known and all(_is_aligned(atom, factor, aligned) for atom, factor in rest):
        parts = ["gk_texel"] if moves else []
        parts += [f"({value(_product(atom, factor, index))} >> 2)" for atom, factor in rest]
        offset, lane = divmod(total.constant, LANES)
        if not parts:
            return Address(moves, str(offset), 0, lane)
        return Address(moves, " + ".join(parts), offset, lane)
    base = to_expr(Affine(tuple(rest), total.constant), index.span)
    return Address(moves, index=base)


def aligned_counter(loop: nodes.For) -> bool:
    """Whether a loop variable, as the loop sets it, is a multiple of four."""
    bounds = (loop.start, loop.step)
    return all(isinstance(b, nodes.Constant) and b.value % LANES == 0 for b in bounds)


def _is_aligned(atom: nodes.Expr, factor: int, aligned: Set[str]) -> bool:
    if factor % LANES == 0:
        return True
    return isinstance(atom, nodes.Name) and atom.name in aligned


def _product(atom: nodes.Expr, factor: int, index: nodes.Expr) -> nodes.Expr:
    return to_expr(Affine(((atom, factor),), 0), index.span)
