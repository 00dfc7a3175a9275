"""Softmax and its logarithm along an axis, of any finite numbers without overflow.

Along a short axis one kernel does it all: every cell looks for the largest element, adds up, and
goes on with what follows.  Along a long one the largest elements and the sums are folds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from gpukernel.from_source import from_source
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.contracting import contract
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.ops.reductions import checked_axes, max, refuse_empty, sum
from gpukernel.nn.ops.shapes import reshape
from gpukernel.nn.primitive import Cell, Primitive, Spec, primitive
from gpukernel.nn.tape import Cotangents, recording
from gpukernel.nn.tensor import Tensor, TensorLike, as_tensor
from gpukernel.nn.values import Shape, Value
from gpukernel.runtime.array import Array

__all__ = ["log_softmax", "softmax"]
MAX_LOOP = 64  # elements along the axis that every cell goes through by itself
_LABELS = "abcd"


@elementwise("0", "0", result="float")
def _exp_below(x, top):
    return math.exp(x - top)


@elementwise("0", "0", "0", result="float")
def _log_below(x, top, total):
    return x - top - math.log(total)


class _Rows:
    """An operation on rows along an axis, made of the largest element and the sum of exponentials.

    Args:
        many: the operation along axes of any length, with its vjp.
        result: the kernel-language text of it, over ``x``, ``top`` and ``total``.
        on_host: NumPy's function of floats and an axis.
    """

    def __init__(
        self, many: Primitive, result: str, on_host: Callable[[np.ndarray, int], np.ndarray]
    ) -> None:
        self.name = many.name
        self._many = many
        self._result = result
        self._on_host = on_host
        self._cells: dict[tuple[int, int], Cell] = {}

    def __call__(self, x: TensorLike, axis: int) -> Tensor:
        source = as_tensor(x)
        (place,) = checked_axes((axis,), source.ndim, self.name)
        refuse_empty(source, (place,), self.name)
        shape = source.shape
        if len(shape) <= MAX_RANK:
            return self._run(source, place)
        sizes = (math.prod(shape[:place]), shape[place], math.prod(shape[place + 1 :]))
        return reshape(self._run(reshape(source, sizes), 1), shape)

    def _run(self, x: Tensor, axis: int) -> Tensor:
        if x.shape[axis] > MAX_LOOP:
            return self._many(x, shape=x.shape, axis=axis)
        key = (x.ndim, axis)
        if key not in self._cells:
            self._cells[key] = self._make_cell(*key)
        return self._cells[key](x, shape=x.shape)

    def _make_cell(self, rank: int, axis: int) -> Cell:
        index = [f"i{place}" for place in range(rank)]
        cell, first, each = (
            ", ".join([*index[:axis], at, *index[axis + 1 :]]) for at in (index[axis], "0", "k")
        )
        text = f"""
def {self.name}({", ".join(index)}, a):
    top = a[{first}]
    for k in range(a.shape[{axis}]):
        top = np.maximum(top, a[{each}])
    total = 0.0
    for k in range(a.shape[{axis}]):
        total += math.exp(a[{each}] - top)
    x = a[{cell}]
    return {self._result}
"""
        function = from_source(text, self.name).py_func
        made = Cell(function, lambda x: self._on_host(x, axis))
        assert self._many._vjp is not None
        made.vjp(functools.partial(self._many._vjp, axis=axis))
        made._keeps = self._many._keeps
        return made


def _floats(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind == "f" else x.astype(np.float32)


# ---------------------------------------------------------------- softmax


def _softmax_on_host(x: np.ndarray, axis: int) -> np.ndarray:
    values = _floats(x)
    terms = np.exp(values - values.max(axis=axis, keepdims=True))
    return np.asarray(terms / terms.sum(axis=axis, keepdims=True))


@primitive(numpy=_softmax_on_host)
def _softmax(x: Array, shape: Shape, axis: int) -> Array:
    with recording(False):
        source = Tensor(Value.of(x))
        terms = _exp_below(source, max(source, axis, keepdims=True))
        result: Tensor = terms / sum(terms, axis, keepdims=True)
        return result.array


@elementwise("g * (y - mean)", "g * x", "-g * x", result="float")
def _scaled(x, y, mean):
    return x * (y - mean)


@_softmax.vjp
def _softmax_vjp(g: Tensor, result: Tensor, _x: Spec, axis: int) -> Cotangents:
    labels = _LABELS[: g.ndim]
    mean = contract(g, result, labels, labels, labels.replace(_LABELS[axis], ""), "softmax")
    kept = (*g.shape[:axis], 1, *g.shape[axis + 1 :])
    return (_scaled(result, g, reshape(mean, kept)),)


_softmax_rows = _Rows(_softmax, "math.exp(x - top) / total", _softmax_on_host)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along an axis, safe for large and small numbers.

    Elements of -inf become 0.  A row of nothing else is nan, and so is one with inf or nan.

    Args:
        x: a tensor of at least one axis; ints become floats.
        axis: along which the results add up to 1.

    Returns:
        float32, the shape of ``x``.

    Raises:
        KernelTypeError: the axis is not an int.
        KernelShapeError: it is not there, or has no elements.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.softmax([1000.0, 1000.0, -1000.0]).tolist()
        [0.5, 0.5, 0.0]
    """
    return _softmax_rows(x, axis)


# ---------------------------------------------------------------- its logarithm


def _log_softmax_on_host(x: np.ndarray, axis: int) -> np.ndarray:
    values = _floats(x)
    below = values - values.max(axis=axis, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=axis, keepdims=True)))


@primitive(numpy=_log_softmax_on_host)
def _log_softmax(x: Array, shape: Shape, axis: int) -> Array:
    with recording(False):
        source = Tensor(Value.of(x))
        top = max(source, axis, keepdims=True)
        total = sum(_exp_below(source, top), axis, keepdims=True)
        result: Tensor = _log_below(source, top, total)
        return result.array


@elementwise("g", "-g * total * math.exp(y)", "-g * math.exp(y)", result="float")
def _less_share(x, y, total):
    return x - total * math.exp(y)


@_log_softmax.vjp
def _log_softmax_vjp(g: Tensor, result: Tensor, _x: Spec, axis: int) -> Cotangents:
    return (_less_share(g, result, sum(g, axis, keepdims=True)),)


_log_softmax_rows = _Rows(_log_softmax, "x - top - math.log(total)", _log_softmax_on_host)


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the logarithm of `softmax`, also where that is too small for a float.

    Elements of -inf stay so.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.log_softmax([0.0, 1000.0]).tolist()
        [-1000.0, 0.0]
    """
    return _log_softmax_rows(x, axis)
