"""`WrittenCell`: an operation whose function is written for a form of call, with what changes
from call to call as uniforms.

`primitive.cell` is for functions that stand in the source.  Here the text depends on ranks, axes
and the number of inputs; offsets and the like are arguments, so that other ones compile nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gpukernel.from_source import from_source
from gpukernel.nn import fusion
from gpukernel.nn.tape import Cotangents, Node, is_recording
from gpukernel.nn.tensor import Tensor
from gpukernel.nn.values import Number, Shape, Value, storage_shape
from gpukernel.runtime.host_memory import adopt, is_host, memory_of


class WrittenCell:
    """A cell operation made from text; what follows it runs in its kernel.

    Args:
        name: of the operation and of the function that the text defines.
        text: the function in the kernel language; it takes the index of the cell in the result's
            array, one int an axis, then the inputs as they are given to `value`.
        numpy: the same on NumPy arrays of the tensors' own shapes, called with the inputs and
            ``shape=``, that of the result.
    """

    reads_arrays = True
    constants: tuple[Number, ...] = ()

    def __init__(self, name: str, text: str, numpy: Callable[..., np.ndarray]) -> None:
        self.name = name
        self.function = from_source(text, name).py_func
        self._numpy = numpy

    def value(self, inputs: Sequence[Value | Number], shape: Shape, dtype: np.dtype) -> Value:
        """Return the result, still to be computed; at least one input is a value."""
        device = next(x.device for x in inputs if isinstance(x, Value))
        return Value(shape, dtype, device, self, tuple(inputs))

    def is_fused_on(self, value: Value) -> bool:
        return not is_host(value.device)

    def run(self, value: Value) -> None:
        """Compute a value that waits for this operation."""
        if not is_host(value.device):
            fusion.run(value)
            return
        inputs = [
            memory_of(x.get()).reshape(x.shape) if isinstance(x, Value) else x for x in value.inputs
        ]
        with np.errstate(all="ignore"):
            found = self._numpy(*inputs, shape=value.shape)
        if any(isinstance(x, np.ndarray) and np.may_share_memory(found, x) for x in inputs):
            found = found.copy()
        value.settle(adopt(found.reshape(storage_shape(value.shape)), value.device))


def recorded(
    name: str,
    value: Value,
    inputs: Sequence[Tensor],
    vjp: Callable[[Tensor], Cotangents],
) -> Tensor:
    """Return the tensor of a value, with a node if a gradient may be asked through it.

    Args:
        vjp: gives the cotangent of each input from that of the result; it must hold on to no
            tensor that it does not need.
    """
    result = Tensor(value)
    nodes = tuple([x._node for x in inputs])
    if is_recording() and any(nodes):
        result._node = Node(name, value.shape, nodes, lambda own, g: vjp(g))
    return result


def index_names(rank: int) -> list[str]:
    """Return the names of a cell's index in an array that holds a tensor of that rank."""
    return [f"i{axis}" for axis in range(rank or 1)]


def function_text(name: str, parameters: Sequence[str], *lines: str) -> str:
    """Return the text of a function; deeper lines bring their own further indentation."""
    return "\n".join([f"def {name}({', '.join(parameters)}):", *[f"    {line}" for line in lines]])


def place(index: Sequence[Any]) -> str:
    """Return the text between the brackets of a read; a single number is at 0."""
    return ", ".join(map(str, index)) or "0"
