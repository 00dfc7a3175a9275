"""Cross-entropy of classes from logits: one launch for all losses, one for the gradient.

A row's loss is computed from differences to its largest logit, so logits of any finite size are
safe.  The gradient ``g * (softmax - labels)`` needs no sums of exponentials again: the softmax
follows from the loss that is known.
"""

from __future__ import annotations

import math

import numpy as np

from gpukernel.nn.losses.averaging import scaled, spread_number
from gpukernel.nn.ops.reductions import sum as add_up
from gpukernel.nn.ops.shapes import expand_dims
from gpukernel.nn.ops.softmax import log_softmax, softmax
from gpukernel.nn.primitive import Spec, cell
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import Tensor


def _shifted(x: np.ndarray) -> np.ndarray:
    """Return the logarithms of the softmax."""
    below = x - x.max(axis=1, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=1, keepdims=True)))


# ---------------------------------------------------------------- labels are probabilities


def _soft_rows_on_host(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(-np.sum(np.where(y == 0, 0, y * _shifted(x)), axis=1), x.dtype)


@cell(numpy=_soft_rows_on_host)
def _soft_rows(i, y, x):
    top = x[i, 0]
    for k in range(x.shape[1]):
        top = max(top, x[i, k])
    total = 0.0
    for k in range(x.shape[1]):
        total += math.exp(x[i, k] - top)
    rest = math.log(total)
    loss = 0.0
    for k in range(x.shape[1]):
        loss += y[i, k] * (top - x[i, k] + rest) if y[i, k] != 0.0 else 0.0
    return loss


def _soft_slope_on_host(g: np.ndarray, y: np.ndarray, x: np.ndarray, _: np.ndarray) -> np.ndarray:
    wanted = np.exp(_shifted(x)) * y.sum(axis=1, keepdims=True) - y
    return np.asarray(g.reshape(-1, 1) * wanted, g.dtype)


def _soft_wanted(i, j, y, x, rows):
    total = 0.0
    apart = 0.0  # the loss, were this the logarithm of the sum of exponentials
    for k in range(x.shape[1]):
        total += y[i, k]
        apart += y[i, k] * (x[i, j] - x[i, k]) if y[i, k] != 0.0 else 0.0
    share = math.exp((apart - rows[i]) / total) if total != 0.0 else 0.0
    return share * total - y[i, j]


@cell(numpy=_soft_slope_on_host)
def _soft_slope(i, j, g, y, x, rows):
    return g[i] * _soft_wanted(i, j, y, x, rows)


@cell(numpy=_soft_slope_on_host)
def _soft_slope_by_one(i, j, g, y, x, rows):
    return g[0] * _soft_wanted(i, j, y, x, rows)


@_soft_rows.vjp
def _(g: Tensor, result: Tensor, y: Tensor, x: Tensor) -> Cotangents:
    spread = spread_number(g)
    if spread is None:
        return None, _soft_slope(g, y, x, result, shape=x.shape)
    number, part = spread
    return None, scaled(_soft_slope_by_one(number, y, x, result, shape=x.shape), part)


@_soft_slope.vjp
def _(h: Tensor, _result: Spec, g: Tensor, y: Tensor, x: Tensor, _rows: Spec) -> Cotangents:
    share = softmax(x)
    total = add_up(y, -1, keepdims=True)
    towards = total * share * (h - add_up(h * share, -1, keepdims=True))
    return add_up(h * (share * total - y), -1), None, expand_dims(g, 1) * towards, None


def soft_rows(y: Tensor, x: Tensor) -> Tensor:
    """Return the cross-entropy of each row.

    Args:
        y: (n, c), the probabilities wanted.
        x: (n, c), logits.
    """
    if y._node is None:
        return _soft_rows(y, x, shape=x.shape[:1])
    negative: Tensor = -add_up(y * log_softmax(x), -1)
    return negative


# ---------------------------------------------------------------- labels are numbers of classes


def _picked(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return an element of each row, nan where there is no such class."""
    places = labels.astype(np.int64)
    inside = (places >= 0) & (places < x.shape[1])
    found = x[np.arange(len(x)), np.where(inside, places, 0)]
    return np.where(inside, found, np.nan)


def _sparse_rows_on_host(labels: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(-_picked(_shifted(x), labels), x.dtype)


@cell(numpy=_sparse_rows_on_host)
def _sparse_rows(i, labels, x):
    top = x[i, 0]
    for k in range(x.shape[1]):
        top = max(top, x[i, k])
    label = int(labels[i])
    total = 0.0
    picked = math.nan
    for k in range(x.shape[1]):
        total += math.exp(x[i, k] - top)
        picked = x[i, k] if k == label else picked
    return math.log(total) + (top - picked)


def _sparse_slope_on_host(
    g: np.ndarray, labels: np.ndarray, x: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    wanted = np.exp(_shifted(x))
    wanted[np.arange(len(x)), np.clip(labels.astype(np.int64), 0, x.shape[1] - 1)] -= 1
    wanted[np.isnan(rows)] = np.nan
    return np.asarray(g.reshape(-1, 1) * wanted, g.dtype)


def _sparse_wanted(i, j, labels, x, rows):
    label = min(max(int(labels[i]), 0), x.shape[1] - 1)
    share = math.exp(x[i, j] - x[i, label] - rows[i])
    return share - (1.0 if j == label else 0.0)


@cell(numpy=_sparse_slope_on_host)
def _sparse_slope(i, j, g, labels, x, rows):
    return g[i] * _sparse_wanted(i, j, labels, x, rows)


@cell(numpy=_sparse_slope_on_host)
def _sparse_slope_by_one(i, j, g, labels, x, rows):
    return g[0] * _sparse_wanted(i, j, labels, x, rows)


@_sparse_rows.vjp
def _(g: Tensor, result: Tensor, labels: Tensor, x: Tensor) -> Cotangents:
    spread = spread_number(g)
    if spread is None:
        return None, _sparse_slope(g, labels, x, result, shape=x.shape)
    number, part = spread
    return None, scaled(_sparse_slope_by_one(number, labels, x, result, shape=x.shape), part)


@_sparse_slope.vjp
def _(h: Tensor, _result: Spec, g: Tensor, labels: Tensor, x: Tensor, rows: Tensor) -> Cotangents:
    share = softmax(x)
    mean = add_up(h * share, -1, keepdims=True)
    picked = _sparse_pick(labels, h, shape=labels.shape)
    towards = expand_dims(g, 1) * share * (h - mean)
    return add_up(h * share, -1) - picked, None, towards, None


@cell()
def _sparse_pick(i, labels, h):
    return h[i, min(max(int(labels[i]), 0), h.shape[1] - 1)]


def sparse_rows(labels: Tensor, x: Tensor) -> Tensor:
    """Return the cross-entropy of each row; nan where the label is no class.

    Args:
        labels: (n,), numbers of classes from 0.
        x: (n, c), logits.
    """
    return _sparse_rows(labels, x, shape=x.shape[:1])
