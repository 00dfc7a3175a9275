"""Chains of waiting operations become one kernel each.

`run` takes a waiting value and gathers what leads to it: elementwise operations of its own shape,
and at most one cell operation (a matrix product, a convolution), whose cells the chain then goes
on with.  The text of a kernel is written for them, once for every form of chain, and launched.
What was computed on the way and is used elsewhere is stored too, as another output.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from gpukernel.from_source import from_source
from gpukernel.kernel import Kernel
from gpukernel.nn.values import Number, Shape, Value, storage_shape
from gpukernel.runtime.array import Array

MAX_ARRAYS = 12  # that one kernel reads: devices have 16 or more
MAX_OUTPUTS = 4  # results of one kernel: more render targets make another pass on some devices
MAX_KERNELS = 4096  # that are remembered
_INDEX = ("i0", "i1", "i2", "i3")


class Fusible(Protocol):
    """An operation that computes one cell from cells, or from whole arrays, of its inputs."""

    name: str
    function: Callable[..., Any]
    reads_arrays: bool  # whether it is given the index and whole arrays
    constants: tuple[Number, ...]  # what follows its inputs, written into the text

    def is_fused_on(self, value: Value) -> bool:
        """Whether it runs as a part of kernels on the value's device."""


@dataclass
class _Chain:
    """What one kernel computes: waiting values in order, and what they read."""

    shape: Shape  # of the grid
    inner: list[Value] = field(default_factory=list)
    arrays: list[Value] = field(default_factory=list)  # ready ones
    by_cell: set[int] = field(default_factory=set)  # ids of those read at the cell's own place
    scalars: list[Number] = field(default_factory=list)  # of the inner values, in their order
    seen: set[int] = field(default_factory=set)  # ids of inner values and arrays
    uses: dict[int, int] = field(default_factory=dict)  # of inner values, inside the chain
    has_cell: bool = False


def run(root: Value) -> None:
    """Compute a waiting value, and what on the way to it is used elsewhere."""
    while root.is_waiting:
        chain = _gather(root)
        if not all([value.is_waiting for value in chain.inner]):
            continue  # what had to be computed first has given some of these too
        if len(chain.arrays) > MAX_ARRAYS and len(chain.inner) > 1:
            run(chain.inner[len(chain.inner) // 2 - 1])
            continue
        kept = [v for v in chain.inner if v is root or v.uses > chain.uses.get(id(v), 0)]
        if len(kept) > MAX_OUTPUTS:
            run(kept[0])
            continue
        for value, array in zip(kept, _launch(chain, kept)):
            value.settle(array)


def _gather(root: Value) -> _Chain:
    """Return the chain that ends in ``root``; computes first what cannot be a part of it."""
    chain = _Chain(storage_shape(root.shape))
    _add(chain, root)
    return chain


def _add(chain: _Chain, value: Value) -> None:
    """Append a waiting value to the chain, after those it is computed from."""
    operation: Any = value.operation
    chain.seen.add(id(value))
    if operation.reads_arrays:
        chain.has_cell = True
    for one in value.inputs:
        if not isinstance(one, Value):
            continue
        if operation.reads_arrays or not _joined(chain, one):
            _read(chain, one, whole=operation.reads_arrays)
    chain.scalars.extend([one for one in value.inputs if not isinstance(one, Value)])
    chain.inner.append(value)


def _joined(chain: _Chain, value: Value) -> bool:
    """Whether an input is computed in the chain itself; adds it then."""
    if not value.is_waiting:
        return False
    if id(value) not in chain.seen:
        if not _fits(value, chain):
            return False
        _add(chain, value)
    chain.uses[id(value)] = chain.uses.get(id(value), 0) + 1
    return True


def _read(chain: _Chain, value: Value, whole: bool) -> None:
    """Note an array that the kernel reads; it is computed now if it waits."""
    value.get()
    if not whole:
        chain.by_cell.add(id(value))
    if id(value) not in chain.seen:
        chain.seen.add(id(value))
        chain.arrays.append(value)


def _fits(value: Value, chain: _Chain) -> bool:
    """Whether a waiting value can be computed in the kernel of the chain that reads it."""
    operation: Any = value.operation
    if storage_shape(value.shape) != chain.shape:
        return False
    if operation.reads_arrays and chain.has_cell:
        return False
    return bool(operation.is_fused_on(value))


_kernels: dict[object, Kernel] = {}


def _launch(chain: _Chain, kept: list[Value]) -> tuple[Array, ...]:
    """Run the chain's kernel; made at the first chain of this form."""
    shape = chain.shape
    arrays = [value.get() for value in chain.arrays]
    key = _form(chain, kept, shape)
    made = _kernels.get(key)
    if made is None:
        if len(_kernels) >= MAX_KERNELS:
            _kernels.pop(next(iter(_kernels)))
        made = _kernels[key] = _make_kernel(chain, kept, shape)
    results = made(*arrays, *chain.scalars, shape=shape, device=kept[0].device)  # type: ignore[arg-type]
    return results if isinstance(results, tuple) else (results,)


def _form(chain: _Chain, kept: list[Value], shape: Shape) -> object:
    """Return what is equal for chains that the same kernel computes."""
    places = {id(v): place for place, v in enumerate(chain.arrays)}
    places.update({id(v): -1 - place for place, v in enumerate(chain.inner)})
    steps = tuple(
        (v.operation, tuple([places[id(x)] if isinstance(x, Value) else type(x) for x in v.inputs]))
        for v in chain.inner
    )
    reads = tuple([_read_form(v, shape, chain) for v in chain.arrays])
    return steps, reads, tuple([(places[id(v)], v.dtype.num) for v in kept]), len(shape)


def _read_form(value: Value, shape: Shape, chain: _Chain) -> object:
    """Return how an array is read at a cell: which of its axes follow the grid."""
    stored = storage_shape(value.shape)
    if id(value) not in chain.by_cell:
        return len(stored)
    return True if stored == shape else tuple([size != 1 for size in stored])


def _make_kernel(chain: _Chain, kept: list[Value], shape: Shape) -> Kernel:
    """Write and compile the kernel of a chain."""
    rank = len(shape)
    names: dict[int, str] = {id(v): f"a{place}" for place, v in enumerate(chain.arrays)}
    functions: dict[str, Callable[..., Any]] = {}
    lines, scalars = [], iter(range(len(chain.scalars)))
    for place, value in enumerate(chain.inner):
        operation: Any = value.operation
        inputs = []
        for one in value.inputs:
            if not isinstance(one, Value):
                inputs.append(f"s{next(scalars)}")
            elif operation.reads_arrays or one.is_waiting:
                inputs.append(names[id(one)])
            else:
                inputs.append(names[id(one)] + _cell_of(one, shape))
        if operation.reads_arrays:
            inputs = [*_INDEX[:rank], *inputs]
        inputs.extend(map(repr, operation.constants))
        called = _unique(functions, operation.name, operation.function)
        names[id(value)] = f"v{place}"
        lines.append(f"    v{place} = {called}({', '.join(inputs)})")
    scalar_names = [f"s{place}" for place in range(len(chain.scalars))]
    array_names = [f"a{place}" for place in range(len(chain.arrays))]
    dtypes = tuple(v.dtype.name for v in kept)
    name = "".join(functions)[:60] + "fused"
    text = "\n".join(
        [
            f"@kernel(dtype={dtypes if len(dtypes) > 1 else dtypes[0]!r}, debug=None)",
            f"def {name}({', '.join([*array_names, *scalar_names])}):",
            f"    {', '.join(_INDEX[:rank])} = index()",
            *lines,
            f"    return {', '.join(names[id(v)] for v in kept)}",
        ]
    )
    made: Kernel = from_source(text, name, functions)
    return made


def _cell_of(value: Value, shape: Shape) -> str:
    """Return the index at which an array is read for a cell of the grid."""
    stored = storage_shape(value.shape)
    index = _INDEX[len(shape) - len(stored) : len(shape)]
    if stored == shape:
        return f"[{', '.join(index)}]"
    return f"[{', '.join(i if n != 1 else '0' for i, n in zip(index, stored))}]"


def _unique(
    functions: dict[str, Callable[..., Any]], name: str, function: Callable[..., Any]
) -> str:
    """Return the name under which the text calls a function: one that nothing else in it has."""
    stem = name if name.isidentifier() and not keyword.iskeyword(name) else "function"
    called, count = f"{stem}_", 2
    while functions.get(called, function) is not function:
        called, count = f"{stem}_{count}_", count + 1
    functions[called] = function
    return called
