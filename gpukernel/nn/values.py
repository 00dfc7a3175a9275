"""`Value`: the numbers of a tensor, there already or still to be computed.

An elementwise operation computes nothing at first: it makes a value that knows its operation and
its inputs.  Whoever needs the numbers calls `Value.get`, and the whole chain that leads to them
runs as one kernel: see `fusion`.  Values never change, so a computation may wait as long as it
likes.
"""

from __future__ import annotations

import math
import os
import threading
from typing import Any, Protocol, Union

import numpy as np

from gpukernel.lang.types import MAX_RANK
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import Device

Number = Union[bool, int, float]
Shape = tuple[int, ...]
MAX_DEPTH = 32  # of a chain that waits, in operations
MAX_READS = 64  # of a chain that waits: its arrays, counted with repeats
MAX_HEIGHT = 32  # of what waits: operations that need whole arrays, one above the other
_RECURSIVE_HEIGHT = 2  # up to it an operation itself computes what has to be there before
_computing = threading.RLock()  # a value that two threads ask for is computed by one of them


def _renew_lock() -> None:
    """Replace a lock that another thread may have held while this process was forked."""
    global _computing
    _computing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Operation(Protocol):
    """What a value waits for."""

    name: str
    reads_arrays: bool  # whether it needs whole arrays of its inputs, not a number of each

    def run(self, value: Value) -> None:
        """Compute ``value.array``, and whatever else that gives."""


def storage_shape(shape: Shape) -> Shape:
    """Return the shape of the array that holds a tensor: 1 to 4 axes, the first ones merged."""
    if 1 <= len(shape) <= MAX_RANK:
        return shape
    if not shape:
        return (1,)
    merged = len(shape) - MAX_RANK + 1
    return (math.prod(shape[:merged]), *shape[merged:])


class Value:
    """Numbers of one shape and dtype on one device.

    ``uses`` counts the tensors and waiting values that refer to this one: what a chain computes
    on its way is kept if something outside the chain uses it.
    """

    __slots__ = (
        "arrays",
        "depth",
        "device",
        "dtype",
        "height",
        "inputs",
        "operation",
        "ready",
        "shape",
        "uses",
    )
    depth: int  # of the waiting elementwise operations that lead here
    height: int  # of waiting operations of all kinds
    arrays: int  # that these read, counted with repeats

    def __init__(
        self,
        shape: Shape,
        dtype: np.dtype,
        device: Device,
        operation: Operation | None,
        inputs: tuple[Value | Number, ...] = (),
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.device = device
        self.operation = operation
        self.inputs = inputs
        self.ready: Array | None = None
        self.uses = 0
        depth, arrays, height = 0, 0, 0
        for one in inputs:
            if isinstance(one, Value):
                one.uses += 1
                depth = max(depth, one.depth)
                arrays += one.arrays
                height = max(height, one.height)
        if operation is not None and operation.reads_arrays:
            depth, arrays, height = 0, len(inputs), height + 1  # they are computed before
        if depth >= MAX_DEPTH or arrays > MAX_READS or height > MAX_HEIGHT:
            for one in inputs:
                if isinstance(one, Value):
                    one.get()
            depth, arrays, height = 0, len(inputs), 1
        self.depth = depth + 1
        self.arrays = arrays
        self.height = height

    @classmethod
    def of(cls, array: Array, shape: Shape | None = None) -> Value:
        """Return the value of an array, as a tensor of that shape."""
        value = cls.__new__(cls)
        value.shape = array.shape if shape is None else shape
        value.dtype = array.dtype
        value.device = array._owner
        value.operation = None
        value.inputs = ()
        value.ready = array
        value.uses = 0
        value.depth = 0
        value.arrays = 1
        value.height = 0
        return value

    @property
    def is_waiting(self) -> bool:
        """Whether the numbers are still to be computed."""
        return self.ready is None

    def get(self) -> Array:
        """Return the numbers, computed now if they wait: an array of `storage_shape`."""
        if self.ready is None:
            with _computing:
                self._compute()
            assert self.ready is not None
        return self.ready

    def _compute(self) -> None:
        if self.height > _RECURSIVE_HEIGHT:
            _compute_below(self)
        if self.operation is not None:
            self.operation.run(self)

    def settle(self, array: Array) -> None:
        """Take the numbers, and let go of what they were computed from."""
        self.ready = array
        self._let_go()
        self.operation = None
        self.depth = 0
        self.arrays = 1
        self.height = 0

    def _let_go(self) -> None:
        inputs, self.inputs = self.inputs, ()
        for one in inputs:
            if isinstance(one, Value):
                one.uses -= 1

    def __del__(self) -> None:
        if getattr(self, "inputs", ()):
            self._let_go()


def _compute_below(root: Value) -> None:
    """Compute the whole arrays that lead to a value, the first ones first; without recursion."""
    seen: set[int] = set()
    waiting: list[tuple[Value, bool]] = [(root, False)]
    while waiting:
        value, is_due = waiting.pop()
        operation = value.operation
        if operation is None:
            continue
        if is_due:
            operation.run(value)
        elif id(value) not in seen:
            seen.add(id(value))
            for one in value.inputs:
                if isinstance(one, Value) and one.is_waiting:
                    waiting.extend([(one, True)] * operation.reads_arrays)
                    waiting.append((one, False))


def is_number(x: Any) -> bool:
    """Whether something is a Python or NumPy number."""
    return isinstance(x, (bool, int, float, np.integer, np.floating, np.bool_))
