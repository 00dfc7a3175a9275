"""Windows that slide over the axes of images: how many there are, and where they begin.

In: sizes of axes and what the user asked for.  Out: along each axis the number of windows and the
cells of padding in front of the first one.  "same" gives ``ceil(size / stride)`` windows and puts
the extra cell of padding after, as TensorFlow does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.nn.ops.operands import checked_int
from gpukernel.nn.values import Shape

_FORMS = '"same", "valid", an int, or (before, after) for each axis'


class Windows(NamedTuple):
    """Where windows lie, a number for each axis."""

    before: Shape  # cells of padding
    places: Shape  # windows


def windows(
    name: str, sizes: Shape, spans: Shape, strides: Shape, padding: Any, what: str = "filter"
) -> Windows:
    """Return where windows lie.

    Args:
        name: of the operation, for messages; ``what`` its windows are.
        sizes: of the axes.
        spans: how many cells a window reaches over, dilation included.
        strides: from one window to the next.
        padding: what the user asked for.

    Raises:
        KernelShapeError: a window is larger than its padded axis, or padding is negative or as
            large as a window.
        KernelTypeError: unknown padding.
    """
    if isinstance(padding, str):
        padding = padding.lower()
    if padding == "same":
        places = tuple(-(-n // stride) for n, stride in zip(sizes, strides))
        return Windows(same_padding(sizes, spans, strides, places), places)
    pads = explicit_padding(name, padding, len(sizes))
    for n, span, (before, after) in zip(sizes, spans, pads):
        if max(before, after) >= max(span, 2) and what != "filter":
            raise KernelShapeError(
                f"nn.{name}: padding {(before, after)} is not less than the {what} of {span}"
            )
        if n and n + before + after < span:
            reached = "" if padding == "valid" else f" and padding {(before, after)}"
            raise KernelShapeError(
                f"nn.{name}: a {what} that reaches over {span} cells is larger than an axis of "
                f'{n} cells{reached}; x has sizes {sizes}\nhint: padding="same" takes any size'
            )
    places = tuple(
        max((n + before + after - span) // stride + 1, 0)
        for n, span, stride, (before, after) in zip(sizes, spans, strides, pads)
    )
    return Windows(tuple(before for before, _ in pads), places)


def same_padding(sizes: Shape, spans: Shape, strides: Shape, places: Shape) -> Shape:
    """Return the cells in front of the first window if all cells are to be covered."""
    return tuple(
        max((count - 1) * stride + span - n, 0) // 2
        for n, span, stride, count in zip(sizes, spans, strides, places)
    )


def explicit_padding(name: str, padding: Any, rank: int) -> list[tuple[int, int]]:
    """Return the cells before and after each axis.

    Raises:
        KernelTypeError: it has another form.
        KernelShapeError: it is negative, or for another number of axes.
    """
    if padding == "valid":
        return [(0, 0)] * rank
    if isinstance(padding, str) or not isinstance(padding, (int, tuple, list)):
        raise KernelTypeError(f"nn.{name}: padding={padding!r} is unknown, wanted {_FORMS}")
    if isinstance(padding, int):
        return [(checked_int(name, "padding", padding, 0),) * 2] * rank
    sides = list(padding)
    if rank == 1 and len(sides) == 2 and all(isinstance(n, int) for n in sides):
        sides = [tuple(sides)]
    if len(sides) != rank:
        raise KernelShapeError(
            f"nn.{name}: padding={padding!r} is for {len(sides)} axes, x has {rank} beside batch "
            "and channels"
        )
    pads = []
    for side in sides:
        ends = tuple(side) if isinstance(side, (tuple, list)) else (side, side)
        if len(ends) != 2:
            raise KernelTypeError(f"nn.{name}: padding={padding!r} is unknown, wanted {_FORMS}")
        pads.append(
            (checked_int(name, "padding", ends[0], 0), checked_int(name, "padding", ends[1], 0))
        )
    return pads
