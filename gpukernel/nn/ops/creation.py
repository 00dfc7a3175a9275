"""Tensors of given numbers: the same everywhere, evenly spaced, or one of a kind.

A tensor of one number everywhere is computed where it is used: nothing is uploaded, and in a
chain of operations it takes no memory.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.elementwise import Elementwise
from gpukernel.nn.ops.shapes import checked_sizes
from gpukernel.nn.tensor import (
    BOOL,
    FLOAT,
    INT,
    Tensor,
    TensorLike,
    as_tensor,
    checked_dtype,
    tensor,
)
from gpukernel.nn.values import Shape, is_number
from gpukernel.nn.views import reshaped
from gpukernel.nn.written_cells import WrittenCell, function_text, index_names, place
from gpukernel.runtime.device import resolve_device
from gpukernel.runtime.scopes import keep

__all__ = [
    "arange",
    "eye",
    "full",
    "linspace",
    "one_hot",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]
METHODS = ("one_hot", "ones_like", "zeros_like")
Size = Union[int, tuple[int, ...], list[int]]


# ---------------------------------------------------------------- the same everywhere


def zeros(shape: Size, dtype: Any = FLOAT, device: str | None = None) -> Tensor:
    """Return zeros.

    Args:
        shape: an int or several.
        dtype: float32, int32 or bool.
        device: ``"gl"`` or ``"cpu"``; the current device when left out.

    Raises:
        KernelShapeError: a negative size.
        KernelTypeError: another dtype, or a shape that is not ints.

    Example:
        >>> from gpukernel import nn
        >>> nn.zeros((2, 3), device="cpu").tolist()
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return _filled(shape, 0, checked_dtype(dtype), device, "zeros")


def ones(shape: Size, dtype: Any = FLOAT, device: str | None = None) -> Tensor:
    """Return ones; arguments as for `zeros`.

    Example:
        >>> from gpukernel import nn
        >>> nn.ones(3, dtype="int32", device="cpu").tolist()
        [1, 1, 1]
    """
    return _filled(shape, 1, checked_dtype(dtype), device, "ones")


def full(shape: Size, fill_value: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """Return one number everywhere.

    Args:
        shape, device: as for `zeros`.
        fill_value: a number; one of another dtype is converted as NumPy does.
        dtype: float32, int32 or bool; that of the value when left out.

    Raises:
        KernelTypeError: the value is not a number.
        KernelOverflowError: an int that does not fit int32.

    Example:
        >>> from gpukernel import nn
        >>> nn.full((2, 2), 0.5, device="cpu").tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """
    if not is_number(fill_value):
        raise KernelTypeError(f"nn.full: fill_value={fill_value!r:.60} is not a number")
    kind = np.asarray(fill_value).dtype.kind
    own = {"b": BOOL, "f": FLOAT}.get(kind, INT)
    wanted = own if dtype is None else checked_dtype(dtype)
    return _filled(shape, fill_value, wanted, device, "full")


def zeros_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Return zeros of the shape, dtype and device of a tensor.

    Args:
        x: any tensor; its numbers do not matter.
        dtype: instead of that of ``x``.

    Example:
        >>> from gpukernel import nn
        >>> nn.zeros_like(nn.tensor([1, 2], device="cpu")).tolist()
        [0, 0]
    """
    return _like(x, 0, dtype, "zeros_like")


def ones_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Return ones of the shape, dtype and device of a tensor; arguments as for `zeros_like`.

    Example:
        >>> from gpukernel import nn
        >>> nn.ones_like(nn.tensor([0.5, 2.0], device="cpu")).tolist()
        [1.0, 1.0]
    """
    return _like(x, 1, dtype, "ones_like")


def _like(x: TensorLike, value: int, dtype: Any, name: str) -> Tensor:
    source = as_tensor(x)
    wanted = source.dtype if dtype is None else checked_dtype(dtype)
    return _filled(source.shape, value, wanted, source.device, name)


def checked_shape(shape: Any, name: str) -> Shape:
    """Return the shape of a new tensor.

    Raises:
        KernelTypeError: it is not ints.
        KernelShapeError: a size is negative.
    """
    sizes = checked_sizes(shape, name)
    if min(sizes, default=0) < 0:
        raise KernelShapeError(f"nn.{name}: the sizes of shape {sizes} cannot be negative")
    return sizes


def _filled(shape: Any, value: Any, dtype: np.dtype, device: str | None, name: str) -> Tensor:
    sizes = checked_shape(shape, name)
    number: bool | int | float
    if dtype == INT:
        if not -(2**31) <= value < 2**31:
            raise KernelOverflowError(f"nn.{name}: {value} does not fit int32")
        number = int(value)
    else:
        number = bool(value) if dtype == BOOL else float(value)
    anchor = _anchor(resolve_device(device).name)
    filled: Tensor = _fills()[dtype].apply((anchor, number), sizes)
    return filled


@functools.cache
def _anchor(device: str) -> Tensor:
    """Return the tensor that says on which device numbers are made; its own does not matter."""
    made = tensor(np.zeros((), np.float32), device=device)
    keep(made.array)  # it outlives a `tidy` in which it is made first
    return made


@functools.cache
def _fills() -> dict[np.dtype, Elementwise]:
    """Return the operations that give their second argument."""
    return {
        FLOAT: Elementwise(lambda x, number: float(number), ("0", "0"), "float", "full"),
        INT: Elementwise(lambda x, number: int(number), ("0", "0"), "int", "full"),
        BOOL: Elementwise(lambda x, number: bool(number), ("0", "0"), "bool", "full"),
    }


# ---------------------------------------------------------------- others


def eye(
    rows: int, columns: int | None = None, k: int = 0, dtype: Any = FLOAT, device: str | None = None
) -> Tensor:
    """Return a matrix of ones on a diagonal and zeros elsewhere.

    Args:
        rows, columns: its size; square when ``columns`` is left out.
        k: which diagonal: above the main one for positive numbers.
        dtype, device: as for `zeros`.

    Raises:
        KernelShapeError: a negative size.

    Example:
        >>> from gpukernel import nn
        >>> nn.eye(2, 3, device="cpu").tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    shape = checked_shape((rows, rows if columns is None else columns), "eye")
    diagonal = operator.index(k)
    return tensor(np.eye(shape[0], shape[1], diagonal, checked_dtype(dtype)), device=device)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    device: str | None = None,
) -> Tensor:
    """Return evenly spaced numbers as ``numpy.arange`` does; one argument means ``stop``.

    Args:
        start, stop, step: numbers; ``stop`` itself is not among those returned.
        dtype: float32, int32 or bool; int32 if all three are ints, else float32.
        device: as for `zeros`.

    Raises:
        KernelTypeError: they are not numbers, or ``step`` is 0.

    Example:
        >>> from gpukernel import nn
        >>> nn.arange(1, 7, 2, device="cpu").tolist()
        [1, 3, 5]
    """
    first, last = (0, start) if stop is None else (start, stop)
    if not (is_number(first) and is_number(last) and is_number(step)) or step == 0:
        raise KernelTypeError(f"nn.arange: from {first!r} to {last!r} in steps of {step!r}")
    numbers = np.arange(first, last, step)
    return tensor(numbers if dtype is None else numbers.astype(checked_dtype(dtype)), device=device)


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = FLOAT,
    device: str | None = None,
) -> Tensor:
    """Return ``num`` evenly spaced numbers as ``numpy.linspace`` does.

    Args:
        start, stop: the first number, and the last.
        num: how many.
        endpoint: whether ``stop`` is the last of them, or would be the next.
        dtype, device: as for `zeros`.

    Raises:
        KernelTypeError: the ends are not numbers.
        KernelShapeError: ``num`` is negative.

    Example:
        >>> from gpukernel import nn
        >>> nn.linspace(0, 1, 5, device="cpu").tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if not (is_number(start) and is_number(stop)):
        raise KernelTypeError(f"nn.linspace: from {start!r} to {stop!r}: these are not numbers")
    (count,) = checked_shape(num, "linspace")
    numbers = np.linspace(start, stop, count, endpoint, dtype=checked_dtype(dtype))
    return tensor(numbers, device=device)


def one_hot(indices: TensorLike, depth: int, dtype: Any = FLOAT) -> Tensor:
    """Return rows that are 1 at the place an int names and 0 elsewhere.

    Args:
        indices: ints of any shape; one outside ``0, ..., depth - 1`` gives a row of zeros.
        depth: the length of the rows.
        dtype: of the result.

    Returns:
        A tensor of the indices' shape with another axis of size ``depth`` at the end.  No
        gradient passes: ints have none.

    Raises:
        KernelTypeError: the indices are not ints.
        KernelShapeError: a negative depth.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.one_hot([2, 0], 3).tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    places = as_tensor(indices)
    if places.dtype != INT:
        raise KernelTypeError(f"nn.one_hot: indices are ints, not {places.dtype}")
    (count,) = checked_shape(depth, "one_hot")
    shape = (*places.shape, count)
    flat = places if places.ndim < MAX_RANK else reshaped(places, (places.size,))
    wanted = checked_dtype(dtype)
    cell = _one_hot_cell(flat.ndim, wanted)
    made = Tensor(cell.value([flat._value], (*flat.shape, count), wanted))
    return reshaped(made, shape)


@functools.cache
def _one_hot_cell(rank: int, dtype: np.dtype) -> WrittenCell:
    names = index_names(rank + 1)
    is_here = f"places[{place(names[:-1])}] == {names[-1]}"
    one, zero = {FLOAT: ("1.0", "0.0"), INT: ("1", "0"), BOOL: ("True", "False")}[dtype]
    line = f"return {one} if {is_here} else {zero}"
    text = function_text("one_hot", [*names, "places"], line)

    def chosen(places: np.ndarray, shape: Shape) -> np.ndarray:
        return np.asarray(places[..., None] == np.arange(shape[-1])).astype(dtype)

    return WrittenCell("one_hot", text, chosen)
