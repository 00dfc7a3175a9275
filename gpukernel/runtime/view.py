"""How ``kernel.at`` shows an array to the original Python function: reads only, any index.

An index out of range reads what the boundary mode says, as on the devices.  Elements are Python
numbers, except that those of uint32 arrays are NumPy scalars, whose arithmetic wraps.

Under CPython a negative index that was written as a constant cannot be told from a computed one by
its value, so the places where the source has one are passed in. Python 3.11 and later tell which
subscript is running. Python 3.10 (and any started without columns, ``-X no_debug_ranges``) only
tells the line: there, a computed index equal to a constant one on its line counts from the end too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from types import FrameType
from typing import Any

import numpy as np

from gpukernel.errors import KernelTypeError
from gpukernel.lang import vectors

# The places of negative indices written as constants: see `frontend.parse.literal_negatives`.
LiteralIndices = frozenset[tuple[str, int, int, int]]


class ArrayView:
    """One array argument, possibly with its leading indices given.

    Args:
        values: the array; it is not copied.
        literals: where the source has negative indices written as constants.
        boundary: ``"zero"``, ``"clamp"``, ``"wrap"`` or ``"reflect"``: see `ir.nodes.ArrayInput`.
        prefix: the indices that are given already.
    """

    def __init__(
        self,
        values: np.ndarray,
        literals: LiteralIndices,
        boundary: str = "zero",
        prefix: tuple[int, ...] = (),
    ) -> None:
        self._values = values
        self._literals = literals
        self._boundary = boundary
        self._prefix = prefix

    @property
    def shape(self) -> tuple[int, ...]:
        return self._values.shape[len(self._prefix) :]

    @property
    def ndim(self) -> int:
        return self._values.ndim - len(self._prefix)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Any:
        raise KernelTypeError("a kernel loops over range(len(a)), not over the array itself")

    def __getitem__(self, index: Any) -> Any:
        given = index if isinstance(index, tuple) else (index,)
        if len(given) > self.ndim or not all(isinstance(i, (int, np.integer)) for i in given):
            raise KernelTypeError(f"index {index!r} into an array with {self.ndim} axes")
        frame = _reader(sys._getframe(1))
        position = list(self._prefix)
        for offset, i in enumerate(given):
            from_end = i < 0 and _place(frame, offset, int(i)) in self._literals
            position.append(int(i) + self.shape[offset] if from_end else int(i))
        if len(position) < self._values.ndim:
            return ArrayView(self._values, self._literals, self._boundary, tuple(position))
        inside = [_INSIDE[self._boundary](i, n) for i, n in zip(position, self._values.shape)]
        outside = any(not 0 <= i < n for i, n in zip(inside, self._values.shape))
        element = self._values.dtype.type(0) if outside else self._values[tuple(inside)]
        return element if element.dtype == np.uint32 else element.item()

    def __repr__(self) -> str:
        return f"ArrayView({self._values!r})"


def _clamp(i: int, size: int) -> int:
    return min(max(i, 0), size - 1)


def _wrap(i: int, size: int) -> int:
    return i % size if size else i


def _reflect(i: int, size: int) -> int:
    if size <= 1:
        return 0
    there = i % (2 * size - 2)
    return min(there, 2 * size - 2 - there)


# Where an index of an axis reads; what is still out of range reads zero.
_INSIDE: dict[str, Callable[[int, int], int]] = {
    "zero": lambda i, size: i,
    "clamp": _clamp,
    "wrap": _wrap,
    "reflect": _reflect,
}


def _reader(frame: FrameType) -> FrameType:
    """Return the frame of the kernel's own code, where ``vec3.load`` reads on its behalf."""
    while frame.f_globals is vars(vectors) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _place(frame: FrameType, axis: int, value: int) -> tuple[str, int, int, int]:
    """Return the place of an index in the subscript that a frame is evaluating."""
    code = frame.f_code
    if sys.version_info >= (3, 11):
        # One position for each code unit of two bytes.
        _, end_line, _, end_column = next(islice(code.co_positions(), frame.f_lasti // 2, None))
        if end_line is not None and end_column is not None:
            return code.co_filename, end_line, end_column, axis
    return code.co_filename, frame.f_lineno, axis, value
