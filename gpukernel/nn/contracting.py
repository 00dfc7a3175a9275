"""Sums of products over labelled axes: what matmul, dot, outer and einsum are made of.

Axes have one-letter labels.  `contract` multiplies two tensors and adds up over the labels that
the result does not have: one kernel, with a loop for each of them.  `rearrange` takes axes in
another order, or a diagonal.  Their derivatives are of the same two forms.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from gpukernel.errors import KernelShapeError
from gpukernel.from_source import from_source
from gpukernel.lang.types import MAX_RANK
from gpukernel.nn.primitive import Cell, Spec
from gpukernel.nn.reducing import MAX_LOOP
from gpukernel.nn.tape import Cotangents
from gpukernel.nn.tensor import FLOAT, INT, Tensor
from gpukernel.nn.values import Shape

Terms = tuple[str, ...]


def contract(a: Tensor, b: Tensor, of_a: str, of_b: str, output: str, name: str) -> Tensor:
    """Return the sum of products of two tensors over the labels that ``output`` has not.

    Args:
        a, b: any tensors; ints and bools give exact ints, which wrap.
        of_a, of_b: a label for each axis, none twice.  Equal labels mean equal sizes; every label
            is in ``output`` or in both.
        output: the labels of the result.
        name: of the operation, for errors.

    Raises:
        KernelShapeError: more than four axes are left when neighbours have been merged.
    """
    dtype = FLOAT if a.dtype == FLOAT or b.dtype == FLOAT else INT
    if not output and a.size > MAX_LOOP:
        total: Tensor = (a * rearrange(b, of_b, of_a)).sum()
        return total
    inputs, joined = _merged((of_a, of_b), output)
    most = max(len(inputs[0]), len(inputs[1]), len(joined))
    if most <= MAX_RANK and joined == output and inputs == (of_a, of_b):
        shapes = (a.shape, b.shape)
        shape = tuple([shapes[which][place] for which, place in _sources(inputs, output)])
        return _cell(inputs, output, dtype)(a, b, shape=shape, dtype=dtype)
    if most > MAX_RANK:
        raise KernelShapeError(
            f"nn.{name}: {of_a},{of_b}->{output} needs more than {MAX_RANK} axes at once\n"
            "hint: reshape, so that axes which go together are one"
        )
    sizes = {**dict(zip(of_a, a.shape)), **dict(zip(of_b, b.shape))}
    fewer = _merged_sizes(sizes, (of_a, of_b, output), (*inputs, joined))
    left, right = (x.reshape(_sizes_of(term, fewer)) for x, term in zip((a, b), inputs))
    product = contract(left, right, inputs[0], inputs[1], joined, name)
    if joined == output:
        return product
    split: Tensor = product.reshape(_sizes_of(output, sizes))
    return split


def rearrange(x: Tensor, labels: str, output: str) -> Tensor:
    """Return a tensor with its axes in another order.

    A label that ``labels`` has several times stands for a diagonal; one that ``output`` has
    several times for a diagonal amid zeros.  Both have the same labels.
    """
    if labels == output:
        return x
    if len(set(labels)) == len(labels) and len(set(output)) == len(output):
        turned: Tensor = x.transpose(tuple(labels.index(label) for label in output))
        return turned
    sizes = dict(zip(labels, x.shape))
    dtype = FLOAT if x.dtype == FLOAT else INT
    return _cell((labels,), output, dtype)(x, shape=_sizes_of(output, sizes), dtype=dtype)


@functools.cache
def _sources(inputs: Terms, output: str) -> list[tuple[int, int]]:
    """Return for each label of the output an input that has it, and where."""
    has = {label: which for which, term in enumerate(inputs) for label in term}
    return [(has[label], inputs[has[label]].index(label)) for label in output]


def _sizes_of(term: str, sizes: dict[str, int]) -> Shape:
    return tuple(sizes[label] for label in term)


# ---------------------------------------------------------------- cells


@functools.cache
def _cell(inputs: Terms, output: str, dtype: np.dtype) -> Cell:
    """Return the operation of labels; its derivatives are of the same kind."""
    function = from_source(_text(inputs, output, dtype == FLOAT), "product").py_func
    if len(inputs) == 1:

        def turn_back(g: Tensor, _result: Spec, _x: Spec) -> Cotangents:
            return (rearrange(g, output, inputs[0]),)

        return Cell(function, _diagonals_on_host(inputs[0], output), turn_back)
    of_a, of_b = inputs

    def vjp(g: Tensor, _result: Spec, a: Tensor, b: Tensor) -> Cotangents:
        return (
            contract(g, b, output, of_b, of_a, "matmul"),
            contract(a, g, of_a, output, of_b, "matmul"),
        )

    return Cell(function, _product_on_host(of_a, of_b, output), vjp)


def _text(inputs: Terms, output: str, is_float: bool) -> str:
    """Return the function that computes one cell: a loop for each label that is summed over."""
    index = {label: f"i{output.index(label)}" for label in output}
    arrays = "ab"[: len(inputs)]
    parameters = [f"i{place}" for place in range(len(output) or 1)]
    counters = {label: f"k_{label}" for term in inputs for label in term if label not in output}
    reads = []
    for array, term in zip(arrays, inputs):
        places = [counters.get(label) or index[label] for label in term] or ["0"]
        reads.append(f"{array}[{', '.join(places)}]")
    lines = [
        f"def product({', '.join([*parameters, *arrays])}):",
        f"    total = {'0.0' if is_float else '0'}",
    ]
    pad = "    "
    for label, counter in counters.items():
        lines.append(f"{pad}for {counter} in range(a.shape[{inputs[0].index(label)}]):")
        pad += "    "
    for place, label in enumerate(output):
        if output.index(label) != place:
            lines.append(f"{pad}if {index[label]} == i{place}:")
            pad += "    "
    lines.append(f"{pad}total += {' * '.join(reads)}")
    lines.append("    return total")
    return "\n".join(lines)


# ---------------------------------------------------------------- merged axes


@functools.cache
def _merged(inputs: Terms, output: str) -> tuple[Terms, str]:
    """Return the terms with labels left out that always follow another one.

    Those of the output stay unless there are too many: what follows is to run in the same kernel.
    """
    terms = [*inputs, output]
    with_output = max(map(len, terms)) > MAX_RANK
    for second in dict.fromkeys("".join(terms)):
        holders = [term for term in terms if second in term]
        before = {term[term.index(second) - 1] if term.index(second) else "" for term in holders}
        first = before.pop()
        if before or not first or (second in output and not with_output):
            continue
        if all(second in term for term in terms if first in term):
            terms = [term.replace(second, "") for term in terms]
    return tuple(terms[:-1]), terms[-1]


def _merged_sizes(sizes: dict[str, int], terms: Terms, merged: Terms) -> dict[str, int]:
    """Return the sizes of labels that stand for those left out behind them too."""
    found = dict(sizes)
    for term, shorter in zip(terms, merged):
        for place, label in enumerate(term):
            if label in shorter:
                end = place + 1
                while end < len(term) and term[end] not in shorter:
                    end += 1
                found[label] = math.prod(sizes[one] for one in term[place:end])
    return found


# ---------------------------------------------------------------- on the host


def _numbers(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int32) if x.dtype.kind == "b" else x


def _diagonals_on_host(labels: str, output: str) -> Callable[[np.ndarray], np.ndarray]:
    distinct = "".join(dict.fromkeys(output))

    def run(x: np.ndarray) -> np.ndarray:
        diagonal: np.ndarray = np.einsum(f"{labels}->{distinct}", _numbers(x))
        if distinct == output:
            return diagonal.copy()
        sizes = dict(zip(distinct, diagonal.shape))
        found = np.zeros(_sizes_of(output, sizes), diagonal.dtype)
        np.einsum(f"{output}->{distinct}", found)[...] = diagonal
        return found

    return run


def _product_on_host(
    of_a: str, of_b: str, output: str
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the product as a function of arrays: one matmul, or einsum if nothing is summed."""
    batch = [label for label in output if label in of_a and label in of_b]
    rows = [label for label in output if label not in of_b]
    cols = [label for label in output if label not in of_a]
    summed = [label for label in of_a if label not in output]
    if not summed:
        spec = f"{of_a},{of_b}->{output}"
        return lambda a, b: np.asarray(np.einsum(spec, _numbers(a), _numbers(b)))
    order_a = [of_a.index(label) for label in (*batch, *rows, *summed)]
    order_b = [of_b.index(label) for label in (*batch, *summed, *cols)]
    given = [*batch, *rows, *cols]
    order = [given.index(label) for label in output]
    is_plain = not batch and len(rows) == len(cols) == len(summed) == 1

    def run(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        left, right = _numbers(a).transpose(order_a), _numbers(b).transpose(order_b)
        if is_plain:
            return np.asarray((left @ right).transpose(order))
        sizes = left.shape[: len(batch)]
        shape = (*left.shape[: len(batch) + len(rows)], *right.shape[len(batch) + len(summed) :])
        count = math.prod(left.shape[len(batch) + len(rows) :])
        row_count = math.prod(left.shape[len(batch) : len(batch) + len(rows)])
        col_count = math.prod(right.shape[len(batch) + len(summed) :])
        product = left.reshape(*sizes, row_count, count) @ right.reshape(*sizes, count, col_count)
        return np.asarray(product.reshape(shape).transpose(order))

    return run
