"""How ``kernel.at`` shows an array to the original Python function: reads only, zero out of range.

Under CPython a negative index that was written as a constant cannot be told from a computed one by
its value, so the places where the source has one are passed in.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from gpukernel.errors import KernelTypeError

# (file name, line, axis, value) of every negative index written as a constant.
LiteralIndices = frozenset[tuple[str, int, int, int]]


class ArrayView:
    """One array argument, possibly with its leading indices given."""

    def __init__(
        self, values: np.ndarray, literals: LiteralIndices, prefix: tuple[int, ...] = ()
    ) -> None:
        self._values = values
        self._literals = literals
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
        frame = sys._getframe(1)
        place = (frame.f_code.co_filename, frame.f_lineno)
        position = list(self._prefix)
        for offset, i in enumerate(given):
            written = (*place, offset, int(i)) in self._literals
            position.append(int(i) + self.shape[offset] if i < 0 and written else int(i))
        if len(position) < self._values.ndim:
            return ArrayView(self._values, self._literals, tuple(position))
        if all(0 <= i < n for i, n in zip(position, self._values.shape)):
            return self._values[tuple(position)].item()
        return self._values.dtype.type(0).item()

    def __repr__(self) -> str:
        return f"ArrayView({self._values!r})"
