"""Expressions of the typed program to Python closures, one a node.

A closure takes the frame and the mask and gives a value.  The mask says which lanes ask: what
others get is unspecified, and an expression that calls a function runs it for those lanes only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.affine import key as structure
from gpukernel.lang.types import Scalar
from gpukernel.records import record
from gpukernel.runtime.interpreter_facts import invokes
from gpukernel.runtime.interpreter_frame import Evaluate, Frame
from gpukernel.runtime.interpreter_loads import load
from gpukernel.runtime.interpreter_operations import operation
from gpukernel.runtime.interpreter_simplify import is_brief
from gpukernel.runtime.lanes import Mask, Value, choose, convert, dtypes_for, split

Invocation = Callable[[Frame, Mask], tuple[Value, ...]]
_READY = (nodes.Constant, nodes.GridIndex, nodes.Uniform)  # nothing to compute


@record(frozen=True)
class Compiled:
    """A function of the program: ``run`` takes a frame whose values are the parameters."""

    parameters: tuple[str, ...]
    run: Invocation


class Functions(Protocol):
    """What the functions of a program share while they are compiled.

    ``keys`` are those of what is kept with a block, by what is written; ``pure`` are the names of
    functions whose result follows from their arguments and the block.
    """

    grid_rank: int
    pure: frozenset[str]
    arrays: Mapping[str, nodes.ArrayInput]
    float_dtype: npt.DTypeLike
    keys: dict[Hashable, object]

    def parameters(self, name: str) -> tuple[str, ...]:
        """Return the names of a function's parameters."""

    def compiled(self, name: str, given: Mapping[str, nodes.Expr]) -> Compiled:
        """Return a function for static values of some of its parameters."""


class ExpressionCompiler:
    """Compiles the expressions of one function.

    ``slots`` says which loop counters are read from a slot of their own; ``used`` collects the
    slots named so far in the innermost loop, ``static`` has the identities of the static nodes.
    The compiler of statements keeps them up to date.
    """

    def __init__(self, functions: Functions, static: frozenset[int]) -> None:
        """Take where functions come from, and the identities of the static nodes."""
        self.static = static
        self.slots: dict[str, str] = {}
        self.used: set[str] = set()
        self._functions = functions
        self._in_static = False
        self._float_dtype = functions.float_dtype
        self._dtypes = dtypes_for(functions.float_dtype)
        self._kinds: dict[type, Callable[[Any], Evaluate]] = {
            nodes.Constant: self._constant,
            nodes.Name: self._name,
            nodes.Uniform: self._uniform,
            nodes.GridIndex: self._grid_index,
            nodes.GridExtent: self._grid_extent,
            nodes.Extent: self._extent,
            nodes.Load: self._load,
            nodes.Element: self._element,
            nodes.ListName: self._name,
            nodes.Call: self._call,
            nodes.Invoke: self._invoke,
            nodes.Logical: self._logical,
            nodes.Select: self._select,
            nodes.Cast: self._cast,
            nodes.Bind: self._bind,
        }

    def expression(self, node: nodes.Expr) -> Evaluate:
        """Return the closure of an expression."""
        if type(node) not in self._kinds:
            raise InternalError(f"the interpreter has no {type(node).__name__}")
        if self._in_static or isinstance(node, _READY) or id(node) not in self.static:
            return self._kinds[type(node)](node)
        self._in_static = True
        evaluate = self._kinds[type(node)](node)
        self._in_static = False
        return _kept(evaluate, self._key(node))

    def expressions(self, group: Sequence[nodes.Expr]) -> tuple[Evaluate, ...]:
        """Return the closures of several expressions."""
        return tuple(self.expression(node) for node in group)

    def invocation(self, name: str, arguments: Sequence[nodes.Expr]) -> Invocation:
        """Return a closure that calls a function and gives all its results."""
        named = dict(zip(self._functions.parameters(name), arguments))
        given = {parameter: value for parameter, value in named.items() if is_brief(value)}
        function = self._functions.compiled(name, given)
        evaluate = tuple((p, self.expression(named[p])) for p in function.parameters)

        def run(frame: Frame, mask: Mask) -> tuple[Value, ...]:
            values = {parameter: argument(frame, mask) for parameter, argument in evaluate}
            return function.run(frame.call(values), mask)

        return run

    # ------------------------------------------------------------ leaves

    def _constant(self, node: nodes.Constant) -> Evaluate:
        value = self._dtypes[node.type].type(node.value)
        return lambda frame, mask: value

    def _name(self, node: nodes.Name | nodes.ListName) -> Evaluate:
        slot = self.slots.get(node.name, node.name)
        self.used.add(slot)
        return lambda frame, mask: frame.values[slot]

    def _uniform(self, node: nodes.Uniform) -> Evaluate:
        name = node.name
        return lambda frame, mask: frame.launch.uniforms[name]

    def _grid_index(self, node: nodes.GridIndex) -> Evaluate:
        axis = node.axis - self._functions.grid_rank  # from the last: others may come before
        return lambda frame, mask: frame.index[axis]

    def _grid_extent(self, node: nodes.GridExtent) -> Evaluate:
        axis = node.axis
        return lambda frame, mask: np.int32(frame.launch.grid[axis])

    def _extent(self, node: nodes.Extent) -> Evaluate:
        array, axis = node.array, node.axis
        return lambda frame, mask: np.int32(frame.launch.arrays[array].shape[axis])

    # ------------------------------------------------------------ reads and calls

    def _load(self, node: nodes.Load) -> Evaluate:
        given = self._functions.arrays[node.array]
        grid_rank, dtype = self._functions.grid_rank, self._dtypes[node.type]
        return load(node, given, grid_rank, dtype, self.expression)

    def _element(self, node: nodes.Element) -> Evaluate:
        name, index = node.name, self.expression(node.index)
        self.used.add(name)
        return lambda frame, mask: frame.values[name].element(index(frame, mask))

    def _call(self, node: nodes.Call) -> Evaluate:
        return operation(node.overload, self.expressions(node.arguments), self._float_dtype)

    def _invoke(self, node: nodes.Invoke) -> Evaluate:
        call = self.invocation(node.function, node.arguments)
        same_arguments = all(id(argument) in self.static for argument in node.arguments)
        if not same_arguments or node.function not in self._functions.pure:
            return lambda frame, mask: call(frame, mask)[0]
        kept = _kept(lambda frame, mask: call(frame, mask)[0], self._key(node))
        # Lanes that do not ask might never come back from the function.
        return lambda frame, mask: kept(frame, mask) if mask is True else call(frame, mask)[0]

    def _key(self, node: nodes.Expr) -> object:
        """Return what a value is kept by: where the same is written again, the same is known."""
        return self._functions.keys.setdefault(structure(node), object())

    # ------------------------------------------------------------ choices

    def _logical(self, node: nodes.Logical) -> Evaluate:
        left, right = self.expression(node.left), self.expression(node.right)
        is_and, guarded = node.operator == "and", invokes(node.right)
        combine = np.logical_and if is_and else np.logical_or

        def run(frame: Frame, mask: Mask) -> Value:
            first = left(frame, mask)
            if not isinstance(first, np.ndarray):
                return right(frame, mask) if bool(first) is is_and else first
            if guarded:
                yes, no = split(mask, first)
                mask = yes if is_and else no
                if mask is False:
                    return first
            return combine(first, right(frame, mask))

        return run

    def _select(self, node: nodes.Select) -> Evaluate:
        condition = self.expression(node.condition)
        then, otherwise = self.expression(node.then), self.expression(node.otherwise)
        guarded = invokes(node.then) or invokes(node.otherwise)

        def run(frame: Frame, mask: Mask) -> Value:
            chosen = condition(frame, mask)
            if not isinstance(chosen, np.ndarray):
                return then(frame, mask) if chosen else otherwise(frame, mask)
            yes, no = split(mask, chosen) if guarded else (mask, mask)
            if yes is False:
                return otherwise(frame, no)
            if no is False:
                return then(frame, yes)
            return choose(chosen, then(frame, yes), otherwise(frame, no))

        return run

    # ------------------------------------------------------------ casts and binds

    def _cast(self, node: nodes.Cast) -> Evaluate:
        value, source, target = self.expression(node.value), node.value.type, node.type
        assert isinstance(source, Scalar)
        float_dtype = self._float_dtype
        if isinstance(node.value, nodes.Constant):
            with np.errstate(all="ignore"):
                constant = self._dtypes[source].type(node.value.value)
                converted = convert(constant, source, target, float_dtype)
            return lambda frame, mask: converted
        return lambda frame, mask: convert(value(frame, mask), source, target, float_dtype)

    def _bind(self, node: nodes.Bind) -> Evaluate:
        name, value = node.name, self.expression(node.value)
        self.used.add(name)

        def run(frame: Frame, mask: Mask) -> Value:
            # Read only in this evaluation, by lanes that run now: no need of the mask.
            result = frame.values[name] = value(frame, mask)
            return result

        return run


def _kept(evaluate: Evaluate, key: object) -> Evaluate:
    """Return the closure of a static expression: what it gives is kept with the block."""

    def run(frame: Frame, mask: Mask) -> Value:
        value = frame.known.get(key)
        if value is None:
            value = evaluate(frame, True)
            block = frame.block
            if block is None:
                frame.known[key] = value
            elif block.keeps_lanes or value.size == 1:
                block.keep(frame.known, key, value, value.size)
        return value

    return run
