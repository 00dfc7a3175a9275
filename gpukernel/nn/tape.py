"""What gradients are computed from: a `Node` for each tensor that a gradient was asked through.

A node is made only for results of tensors that have one, and the first ones are made by
`autodiff`; so nothing is recorded where no gradient is asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpukernel.nn.tensor import Tensor
    from gpukernel.nn.values import Shape

Cotangents = Sequence[Any]  # Tensor | None for each input
_order = itertools.count()
_variables: ContextVar[Mapping[int, Node]] = ContextVar("gpukernel_nn_variables")
_recording: ContextVar[bool] = ContextVar("gpukernel_nn_recording", default=True)


class Node:
    """How one tensor was computed: from which nodes, and how its cotangent becomes theirs.

    ``vjp`` is called with the node's own cotangent and gives one for each of ``parents``: None
    where an input is not to be differentiated by.
    """

    __slots__ = ("name", "order", "parents", "shape", "vjp")

    def __init__(
        self,
        name: str,
        shape: Shape,
        parents: tuple[Node | None, ...],
        vjp: Callable[[Node, Tensor], Cotangents],
    ) -> None:
        self.name = name
        self.shape = shape
        self.parents = parents
        self.vjp = vjp
        self.order = next(_order)


def is_recording() -> bool:
    """Whether results of tensors that have a node get one."""
    return _recording.get()


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Record, or do not, inside a ``with`` block in this thread."""
    token = _recording.set(on)
    try:
        yield
    finally:
        _recording.reset(token)


def node_of_variable(variable: Tensor) -> Node | None:
    """Return the node at which a gradient by a variable ends; None where none is asked for."""
    nodes = _variables.get(None)
    return None if nodes is None else nodes.get(id(variable))


@contextmanager
def variable_nodes(nodes: Mapping[int, Node]) -> Iterator[None]:
    """Give variables, known by their ids, nodes inside a ``with`` block in this thread."""
    token = _variables.set({**_variables.get({}), **nodes})
    try:
        yield
    finally:
        _variables.reset(token)
