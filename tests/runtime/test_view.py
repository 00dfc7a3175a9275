"""What ``kernel.at`` shows of an array: boundary modes, element types, leading indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelTypeError
from gpukernel.runtime.view import ArrayView

# NumPy's own name of a boundary mode.
PADDING: dict[str, dict[str, Any]] = {
    "zero": {"mode": "constant"},
    "clamp": {"mode": "edge"},
    "wrap": {"mode": "wrap"},
    "reflect": {"mode": "reflect"},
}
MARGIN = 9


def view(values: Any, boundary: str = "zero") -> ArrayView:
    return ArrayView(np.asarray(values), frozenset(), boundary)


@pytest.mark.parametrize("boundary", PADDING)
@pytest.mark.parametrize("shape", [(5,), (1,), (2,), (3, 4), (1, 2), (2, 1, 3)])
def test_out_of_range_reads_what_numpy_pads(boundary: str, shape: tuple[int, ...]) -> None:
    values = np.arange(1, 1 + int(np.prod(shape)), dtype=np.int32).reshape(shape)
    padded = np.pad(values, MARGIN, **PADDING[boundary])
    seen = view(values, boundary)
    for position in np.ndindex(*padded.shape):
        if len(shape) == 3 and sum(position) % 3:
            continue  # a third is enough
        assert seen[tuple(p - MARGIN for p in position)] == padded[position]


@pytest.mark.parametrize("boundary", PADDING)
def test_empty_axes_read_zero(boundary: str) -> None:
    seen = view(np.zeros((0, 3), np.float32), boundary)
    assert [seen[i, 1] for i in (-1, 0, 1)] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("float32", float), ("float16", float), ("int32", int), ("uint8", int), ("uint16", int),
     ("bool", bool), ("uint32", np.uint32)],
)  # fmt: skip
def test_elements_are_numbers_of_the_language(dtype: str, kind: type) -> None:
    seen = view(np.ones(2, dtype))
    assert type(seen[1]) is kind and type(seen[7]) is kind
    assert seen[1] == 1 and seen[7] == 0


def test_uint32_wraps() -> None:
    seen = view(np.array([2**32 - 1, 2], np.uint32))
    with np.errstate(over="ignore"):
        assert seen[0] + seen[1] == 1 and type(seen[0] + seen[1]) is np.uint32


def test_leading_indices_keep_the_boundary() -> None:
    rows = view([[1, 2], [3, 4]], "clamp")
    assert rows[9][-9] == 3 and rows[9].shape == (2,) and rows[0].ndim == 1
    assert len(rows) == 2 and rows.size == 4


def test_slices_and_loops_are_refused() -> None:
    seen: Any = view([1, 2])
    for index in (slice(None), (0, 0), 0.5):
        with pytest.raises(KernelTypeError, match="index .* into an array with 1 axes"):
            seen[index]
    with pytest.raises(KernelTypeError, match="range"):
        list(seen)
