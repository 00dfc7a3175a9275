"""What the checks of a launch found: textures in, `CellFailed` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gpukernel.runtime.failure import CellFailed
from gpukernel.runtime.gl_texture import GLTexture
from gpukernel.runtime.layout import LANES, Layout

CHECK_FORMAT = "i4"


def raise_failure(
    checks: Sequence[GLTexture],
    layout: Layout,
    grid: tuple[int, ...],
    cell_size: int | None,
    value_counts: Mapping[int, int],
) -> None:
    """Raise `CellFailed` for the first cell of the grid in which a check failed, if there is one.

    Texels and their lanes follow the row-major order of the grid, so the first texel with a failure
    has the first cell.

    Args:
        checks: the two textures that a checked shader fills (see `codegen.shader.Shader`).
        layout: of the arrays filled together with them.
        grid: the shape of the grid.
        cell_size: elements of a cell in a row of those arrays; None where each element is a cell.
        value_counts: how many values the checks of each failure have.
    """
    num_texels = layout.width * layout.height
    records = np.empty((num_texels, LANES), np.int32)
    checks[0].read(records.reshape(-1))
    failed = records[:, 0] != 0
    texel = int(failed.argmax())
    if not failed[texel]:
        return
    failure, lane, *values = map(int, records[texel])
    checks[1].read(records.reshape(-1))
    values += map(int, records[texel, :2])
    if cell_size is None:
        row, column = layout.position(texel * LANES + lane)
        cell = row * layout.cols + column
    else:
        row, _ = layout.position(texel * LANES)
        cell = row + lane
    index = tuple(map(int, np.unravel_index(cell, grid)))
    raise CellFailed(index, failure - 1, tuple(values[: value_counts[failure - 1]]))
