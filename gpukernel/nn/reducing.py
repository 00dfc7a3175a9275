"""Folds over axes: one kernel where few elements are folded, passes where many are.

`Fold` is what `sum`, `max` and the like are made of.  A fold of few elements is a cell operation,
loops in the kernel that goes on with what follows; one of many runs `gpukernel.reductions`.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Any, Union

import numpy as np

from gpukernel.from_source import from_source
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.primitive import Cell, Primitive, Vjp
from gpukernel.nn.tape import recording
from gpukernel.nn.tensor import FLOAT, Tensor
from gpukernel.nn.values import Shape, Value
from gpukernel.runtime.array import Array

MAX_LOOP = 512  # elements that one cell folds; a float32 sum of so many is good to 1e-5
Axes = tuple[int, ...]
Many = Callable[[Tensor, Axes], Tensor]
Loop = tuple[str, Union[str, tuple[str, ...]]]


class Fold:
    """A fold of numbers over any axes of a tensor.

    Args:
        name: of the operation.
        loops: the kernel-language text of one loop over the elements after another: the statement
            before the loop, and one or several statements of a step.  They may name the element
            ``x``, the ``first`` element, its position ``k`` along the first folded axis, the
            ``count`` of elements, and what loops before have found.
        many: the fold of a tensor of up to four axes with many elements; it loses the axes.
        numpy: NumPy's function ``(x, axes) -> folded``, for the ``cpu`` device.
        result: the text of what the fold gives in the end.
    """

    def __init__(
        self,
        name: str,
        loops: tuple[Loop, ...],
        many: Many,
        numpy: Callable[[np.ndarray, Axes], Any],
        result: str = "total",
    ) -> None:
        self.name = name
        self._loops = loops
        self._result = result
        self._numpy = numpy
        self._vjp: Vjp | None = None
        self._keeps: tuple[bool, ...] = ()
        self._cells: dict[tuple[int, Axes], Cell] = {}

        def fold_many(x: Array, shape: Shape, axes: Axes) -> Array:
            with recording(False):
                return many(Tensor(Value.of(x)), axes).array.reshape(shape)

        fold_many.__name__ = name
        self._many = Primitive(fold_many, self._fold_numpy)

    def vjp(self, function: Vjp) -> Vjp:
        """Give the fold its vjp, called with the constant ``axes``; used as a decorator."""
        self._vjp = function
        self._many.vjp(function)
        self._keeps = tuple([not p.startswith("_") for p in inspect.signature(function).parameters])
        return function

    def __call__(self, x: Tensor, axes: Axes, dtype: np.dtype = FLOAT) -> Tensor:
        """Return the fold over these axes, which vanish.

        Args:
            x: any tensor.
            axes: sorted numbers from 0.
            dtype: of the result.
        """
        shape = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
        if x.ndim > MAX_RANK:
            merged, folded = merge_axes(x, axes)
            found: Tensor = self(merged, folded, dtype).reshape(shape)
            return found
        if math.prod(x.shape[axis] for axis in axes) > MAX_LOOP:
            return self._many(x, shape=shape, axes=axes)
        return self._cell(x.ndim, axes)(x, shape=shape, dtype=dtype)

    def _fold_numpy(self, x: np.ndarray, axes: Axes) -> np.ndarray:
        return np.asarray(self._numpy(x, axes))

    def _cell(self, rank: int, axes: Axes) -> Cell:
        made = self._cells.get((rank, axes))
        if made is None:
            made = self._cells[rank, axes] = self._make_cell(rank, axes)
        return made

    def _make_cell(self, rank: int, axes: Axes) -> Cell:
        function = from_source(self._text(rank, axes), self.name).py_func
        made = Cell(function, functools.partial(self._fold_numpy, axes=axes))
        if self._vjp is not None:
            made.vjp(functools.partial(self._vjp, axes=axes))
            made._keeps = self._keeps
        return made

    def _text(self, rank: int, axes: Axes) -> str:
        """Return the function that folds what one cell of the result is made of."""
        left = [axis for axis in range(rank or 1) if axis not in axes]
        index = {axis: f"i{place}" for place, axis in enumerate(left)}
        parameters = [f"i{place}" for place in range(len(left) or 1)]
        texts = repr((self._loops, self._result))
        lines = [f"def {self.name}({', '.join([*parameters, 'a'])}):"]
        if re.search(r"\bfirst\b", texts):
            lines.append(f"    first = a[{_listed(index, dict.fromkeys(axes, '0'))}]")
        if re.search(r"\bcount\b", texts):
            lines.append(f"    count = {' * '.join(f'a.shape[{axis}]' for axis in axes) or '1'}")
        counters = {axis: f"k{place or ''}" for place, axis in enumerate(axes)}
        for start, step in self._loops:
            lines.append(f"    {start}")
            for depth, (axis, counter) in enumerate(counters.items(), 1):
                lines.append(f"{'    ' * depth}for {counter} in range(a.shape[{axis}]):")
            pad = "    " * (len(axes) + 1)
            lines.append(f"{pad}x = a[{_listed(index, counters)}]")
            lines.extend(pad + line for line in ([step] if isinstance(step, str) else step))
        lines.append(f"    return {self._result}")
        return "\n".join(lines)


def _listed(index: dict[int, str], counters: dict[int, str]) -> str:
    return ", ".join(text for _, text in sorted({**index, **counters}.items()))


def passes(fold: Callable[..., Any]) -> Many:
    """Return a reduction of `gpukernel.reductions` as a fold of many elements."""

    def many(x: Tensor, axes: Axes) -> Tensor:
        array = x.array
        return Tensor(Value.of(fold(array, axes, keepdims=True, device=array._owner)))

    return many


def merge_axes(x: Tensor, axes: Axes) -> tuple[Tensor, Axes]:
    """Return a tensor with at most four axes that holds the same, and its axes to fold.

    Neighbouring axes that are all folded, or all kept, become one.  If that does not do, the
    folded axes are brought to the end.
    """
    sizes, folded = _merged(x.shape, axes)
    if len(sizes) > MAX_RANK:
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        x = x.transpose((*kept, *axes))
        sizes, folded = _merged(x.shape, tuple(range(len(kept), x.ndim)))
    merged: Tensor = x.reshape(sizes)
    return merged, folded


def _merged(sizes: Shape, axes: Axes) -> tuple[Shape, Axes]:
    merged: list[int] = []
    is_folded: list[bool] = []
    for axis, n in enumerate(sizes):
        if n == 1 and axis not in axes:
            continue
        if is_folded and is_folded[-1] == (axis in axes):
            merged[-1] *= n
        else:
            merged.append(n)
            is_folded.append(axis in axes)
    return tuple(merged), tuple(place for place, folds in enumerate(is_folded) if folds)
