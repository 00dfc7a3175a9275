"""`topk`: the largest elements along the last axis, and where they are."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel.errors import KernelShapeError, KernelTypeError
from gpukernel.kernel import kernel
from gpukernel.lang.grid import index
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Spec, cell, primitive
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape
from gpukernel.runtime.array import Array

__all__ = ["topk"]
MAX_COUNTED = 256  # elements of a row that each is compared with to know its rank
_made: Callable[[Callable[..., Any]], Callable[..., Any]] = functools.cache(kernel)


def _comes_first(x, place, other, other_place):
    """Whether ``x`` comes before another element: nan, the larger, the earlier."""
    if x == other or (x != x and other != other):
        return place < other_place
    return x > other or x != x


def _topk_on_host(x: np.ndarray, k: int) -> np.ndarray:
    falling = -x if x.dtype.kind == "f" else -x.astype(np.int64)
    return np.lexsort((falling, x == x), axis=1)[:, :k].astype(np.int32)


# ---------------------------------------------------------------- short rows: ranks


def _rank(x):
    r, j = index()
    rank = 0
    for other in range(x.shape[1]):
        if _comes_first(x[r, other], other, x[r, j], j):
            rank += 1
    return rank


def _place_of_rank(ranks):
    r, p = index()
    place = 0
    for j in range(ranks.shape[1]):
        if ranks[r, j] == p:
            place = j
    return place


# ---------------------------------------------------------------- long rows: sorting


def _first_places():
    _, j = index()
    return j


def _exchange(x, places, block, distance):
    """Take the element that belongs here, of this one and its partner."""
    r, j = index()
    mine = places[r, j]
    other = places[r, j ^ distance]
    n = x.shape[1]
    is_first = other >= n
    if mine < n and other < n:
        is_first = _comes_first(x[r, mine], mine, x[r, other], other)
    elif mine >= n and other >= n:
        is_first = mine < other
    wants_first = ((j & distance) == 0) == ((j & block) == 0)
    return mine if is_first == wants_first else other


def _cut(places):
    r, p = index()
    return places[r, p]


def _sorted(x: Array) -> Array:
    """Return the places in order, in rows as long as the next power of two.

    Bitonic sort (Batcher, Sorting Networks and their Applications, 1968); what fills the rows up
    comes last.
    """
    count, n = x.shape
    shape = (count, 1 << (n - 1).bit_length())
    places: Array = _made(_first_places)(shape=shape, device=x._owner)
    block = 2
    while block <= shape[1]:
        distance = block // 2
        while distance:
            places = _made(_exchange)(x, places, block, distance, shape=shape, device=x._owner)
            distance //= 2
        block *= 2
    return places


@primitive(numpy=_topk_on_host)
def _topk(x: Array, shape: Shape, k: int) -> Array:
    """Return the places of the ``k`` largest elements of each row."""
    if x.shape[1] > MAX_COUNTED:
        found: Array = _made(_cut)(_sorted(x), shape=shape, device=x._owner)
        return found
    ranks = _made(_rank)(x, shape=x.shape, device=x._owner)
    places: Array = _made(_place_of_rank)(ranks, shape=shape, device=x._owner)
    return places


# ---------------------------------------------------------------- what is there


@cell(numpy=lambda x, places: np.take_along_axis(x, places, axis=1))
def _picked(r, p, x, places):
    return x[r, places[r, p]]


@_picked.vjp
def _(g: Tensor, _result: Spec, _x: Spec, places: Tensor) -> Cotangents:
    return _spread(g, places, shape=_x.shape), None


@cell()
def _spread(r, j, g, places):
    total = 0.0
    for p in range(places.shape[1]):
        if places[r, p] == j:
            total += g[r, p]
    return total


@_spread.vjp
def _(g: Tensor, _result: Spec, _g: Spec, places: Tensor) -> Cotangents:
    return _picked(g, places, shape=places.shape), None


def topk(x: TensorLike, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """Return the ``k`` largest elements along the last axis, and their places.

    The largest comes first; of equal ones the earlier.  A nan counts as larger than any number.

    Args:
        x: shape (..., n).
        k: how many, from 0 to n.
        sorted: False promises no order; they are sorted all the same.

    Returns:
        the values, of the dtype of ``x``, and their places as int32; both of shape (..., k).
        The values are differentiable.

    Raises:
        KernelTypeError: ``k`` is not an int.
        KernelShapeError: ``x`` is a single number, or has fewer than ``k`` elements a row.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     values, places = nn.topk([3, 1, 4, 1, 5], 2)
        >>> values.tolist(), places.tolist()
        ([5, 4], [4, 2])
    """
    source = as_tensor(x)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise KernelTypeError(f"nn.topk: k={k!r} is not an int")
    if source.ndim == 0 or not 0 <= k <= source.shape[-1]:
        raise KernelShapeError(
            f"nn.topk: there are no k={k} elements along the last axis of shape {source.shape}"
        )
    n, shape = source.shape[-1], (*source.shape[:-1], int(k))
    rows = reshape(source, (math.prod(source.shape[:-1]), n))
    places = _topk(rows, shape=(rows.shape[0], int(k)), k=int(k))
    values = _picked(rows, places, shape=places.shape, dtype=source.dtype)
    return reshape(values, shape), reshape(places, shape)
