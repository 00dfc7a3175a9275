"""Operations that are not elementwise: `Primitive` runs at once, `Cell` starts a fused chain.

Both have a ``vjp`` beside their function: called as ``vjp(g, result, *inputs, **constants)`` it
returns a cotangent for each input, None for one that is not differentiated by.  It computes with
tensors, so derivatives of derivatives follow.  A parameter of it whose name starts with ``_`` is
not kept from the forward computation: it is given a `Spec`, which knows shape and dtype only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from gpukernel.errors import KernelError
from gpukernel.nn import fusion
from gpukernel.nn.tape import Cotangents, Node, is_recording
from gpukernel.nn.tensor import FLOAT, Tensor
from gpukernel.nn.values import Shape, Value, storage_shape
from gpukernel.runtime.array import Array
from gpukernel.runtime.host_memory import adopt, is_host, memory_of

Vjp = Callable[..., Cotangents]


class Spec(NamedTuple):
    """What a vjp knows of a tensor that was not kept."""

    shape: Shape
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)


class _Differentiable:
    """An operation with a vjp."""

    name: str

    def __init__(self, function: Callable[..., Any], vjp: Vjp | None) -> None:
        self.name = function.__name__.strip("_")
        self.function = function
        self._vjp: Vjp | None = None
        if vjp is not None:
            self.vjp(vjp)

    def vjp(self, function: Vjp) -> Vjp:
        """Give the operation its vjp; used as a decorator."""
        self._vjp = function
        self._keeps = tuple([not name.startswith("_") for name in signature(function).parameters])
        return function

    def record(
        self, result: Tensor, inputs: tuple[Tensor, ...], constants: dict[str, Any]
    ) -> Tensor:
        """Give the result a node if a gradient may be asked through it."""
        if not is_recording():
            return result
        nodes = tuple([x._node for x in inputs])
        if any(nodes):
            result._node = Node(
                self.name, result.shape, nodes, self._backward(result, inputs, constants)
            )
        return result

    def _backward(
        self, result: Tensor, inputs: tuple[Tensor, ...], constants: dict[str, Any]
    ) -> Callable[[Node, Tensor], Cotangents]:
        """Return what a node calls, holding on to what the vjp needs and no more."""
        function, name = self._vjp, self.name
        if function is None:

            def refuse(own: Node, g: Tensor) -> Cotangents:
                raise KernelError(
                    f"nn.{name} has no derivative\n"
                    "hint: stop the gradient before it with nn.stop_gradient"
                )

            return refuse
        kept = [
            Tensor(x._value, x._node) if keeps else Spec(x.shape, x.dtype)
            for x, keeps in zip(inputs, self._keeps[2:])
        ]
        outcome = Tensor(result._value) if self._keeps[1] else None
        spec = Spec(result.shape, result.dtype)

        def backward(own: Node, g: Tensor) -> Cotangents:
            given = spec if outcome is None else Tensor(outcome._value, own)
            return function(g, given, *kept, **constants)

        return backward


class Primitive(_Differentiable):
    """An operation that runs when it is called; made by `primitive`."""

    def __init__(
        self,
        function: Callable[..., Array],
        numpy: Callable[..., np.ndarray] | None = None,
        vjp: Vjp | None = None,
    ) -> None:
        super().__init__(function, vjp)
        self._numpy = numpy

    def __call__(self, *inputs: Tensor, shape: Shape, **constants: Any) -> Tensor:
        """Run the operation.

        Args:
            inputs: its tensors, at least one.
            shape: of the result.
            constants: what else its function takes, by name.
        """
        device = inputs[0]._value.device
        stored = storage_shape(shape)
        if self._numpy is not None and is_host(device):
            hosts = [memory_of(x.array).reshape(x.shape) for x in inputs]
            with np.errstate(all="ignore"):
                array = adopt(self._numpy(*hosts, **constants).reshape(stored), device)
        else:
            array = self.function(*[x.array for x in inputs], shape=stored, **constants)
        return self.record(Tensor(Value.of(array, shape)), inputs, constants)


class Cell(_Differentiable):
    """An operation given by what it computes for one cell; made by `cell`.

    Its function takes the index of the cell in the result's array, one int an axis, then the
    arrays of the inputs and the constants.  It waits, so that what follows runs in its kernel.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        numpy: Callable[..., np.ndarray] | None = None,
        vjp: Vjp | None = None,
    ) -> None:
        super().__init__(function, vjp)
        self._numpy = numpy
        self._bound = functools.lru_cache(maxsize=1024)(functools.partial(_BoundCell, self))

    def __call__(
        self, *inputs: Tensor, shape: Shape, dtype: np.dtype = FLOAT, **constants: Any
    ) -> Tensor:
        """Return the result, still to be computed.

        Args:
            inputs: its tensors, at least one.
            shape: of the result.
            dtype: of the result.
            constants: numbers, or tuples of them, that the function takes after its arrays, in
                that order; they are written into the kernel.
        """
        operation = self._bound(tuple(constants.items()))
        values = tuple([x._value for x in inputs])
        value = Value(shape, dtype, values[0].device, operation, values)
        return self.record(Tensor(value), inputs, constants)


class _BoundCell:
    """A cell operation with its constants."""

    reads_arrays = True

    def __init__(self, cell: Cell, constants: tuple[tuple[str, Any], ...]) -> None:
        self.name = cell.name
        self.function = cell.function
        self.constants = tuple(number for _, number in constants)
        self._named = dict(constants)
        self._numpy = cell._numpy

    def is_fused_on(self, value: Value) -> bool:
        return self._numpy is None or not is_host(value.device)

    def run(self, value: Value) -> None:
        """Compute a value that waits for this operation."""
        if self._numpy is None or not is_host(value.device):
            fusion.run(value)
            return
        inputs = [x for x in value.inputs if isinstance(x, Value)]
        hosts = [memory_of(x.get()).reshape(x.shape) for x in inputs]
        with np.errstate(all="ignore"):
            found = self._numpy(*hosts, **self._named)
        value.settle(adopt(found.reshape(storage_shape(value.shape)), value.device))


def primitive(numpy: Callable[..., np.ndarray] | None = None) -> Callable[..., Primitive]:
    """Make a `Primitive` from a function of arrays; used as a decorator.

    The function is called with the inputs' arrays, ``shape=`` (that of the array to return) and
    the constants, by name.

    Args:
        numpy: a function of NumPy arrays of the tensors' own shapes, and the constants by name,
            that gives the same on the ``cpu`` device in one call.
    """
    return functools.partial(Primitive, numpy=numpy)


def cell(numpy: Callable[..., np.ndarray] | None = None) -> Callable[..., Cell]:
    """Make a `Cell` from a function in the kernel language; used as a decorator.

    Args:
        numpy: as for `primitive`.
    """
    return functools.partial(Cell, numpy=numpy)
