"""The kernel around a scalar function: read every argument at the output position, call it.

Axes are aligned from the last one and an axis of size 1 is read at 0, as NumPy broadcasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType

from gpukernel.errors import Span
from gpukernel.ir import syntax
from gpukernel.lang.grid import index
from gpukernel.lang.types import ArrayType, Type


def elementwise_tree(
    function: FunctionType, tree: syntax.Function, arguments: Mapping[str, Type], grid_rank: int
) -> syntax.Function:
    """Return a resolved surface function that applies ``function`` to elements.

    Args:
        function: the scalar function.
        tree: its own surface tree.
        arguments: the type of every parameter; those that are arrays are broadcast.
        grid_rank: the number of axes of the output, at least that of every array.
    """
    span = tree.span
    given: list[tuple[str, syntax.Expr]] = []
    for name, kind in arguments.items():
        value: syntax.Expr = syntax.Local(name, span)
        if isinstance(kind, ArrayType):
            value = _element(name, kind.rank, grid_rank, span)
        given.append((name, value))
    by_place = function.__code__.co_posonlyargcount  # the rest by name, which some need
    call = syntax.Apply(
        syntax.Global((tree.name,), function, span),
        tuple(value for _, value in given[:by_place]),
        tuple(given[by_place:]),
        span,
    )
    return syntax.Function(tree.name, tree.params, (syntax.Return(call, span),), span)


def _element(name: str, rank: int, grid_rank: int, span: Span) -> syntax.Expr:
    """Return ``name[...]`` at the output position."""
    array = syntax.Local(name, span)
    indices = []
    for axis in range(rank):
        extent = _item(syntax.Attribute(array, "shape", span), axis, span)
        is_one = syntax.Comparison(("==",), (extent, syntax.Literal(1, span)), span)
        here = _position(grid_rank - rank + axis, grid_rank, span)
        indices.append(syntax.Conditional(is_one, syntax.Literal(0, span), here, span))
    return syntax.Subscript(array, tuple(indices), span)


def _position(axis: int, grid_rank: int, span: Span) -> syntax.Expr:
    position = syntax.Apply(syntax.Global(("index",), index, span), (), (), span)
    return position if grid_rank == 1 else _item(position, axis, span)


def _item(value: syntax.Expr, position: int, span: Span) -> syntax.Expr:
    return syntax.Subscript(value, (syntax.Literal(position, span),), span)
