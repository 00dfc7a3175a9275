"""From the typed program to Python closures: what the interpreter runs for each block.

In: the functions of a `Program`.  Out: one closure a function, built of one closure a node, so
that running a node costs one Python call beside its NumPy work.  An expression's closure takes
the frame and the mask and gives a value; a statement's gives the mask of the lanes that go on to
the next statement.  A statement runs only when some lane is in its mask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.runtime.interpreter_facts import (
    assigned,
    contains,
    invokes,
    leaves,
    sparse_factor,
    visible_reads,
)
from gpukernel.runtime.interpreter_loads import load
from gpukernel.runtime.lanes import (
    Compaction,
    Frame,
    Mask,
    Value,
    conform,
    convert,
    dtypes_for,
    is_sparse,
    split,
    trip_count,
    unite,
    without,
)

Evaluate = Callable[[Frame, Mask], Value]
Execute = Callable[[Frame, Mask], Mask]


@dataclass(frozen=True)
class Compiled:
    """A function of the program: ``run`` takes a frame whose values are the parameters."""

    parameters: tuple[str, ...]
    run: Evaluate


def compile_functions(
    functions: Iterable[nodes.Function], float_dtype: npt.DTypeLike
) -> dict[str, Compiled]:
    """Compile every function, by name; callees come first."""
    compiled: dict[str, Compiled] = {}
    for function in functions:
        compiled[function.name] = _Compiler(function, compiled, float_dtype).function()
    return compiled


class _Compiler:
    """Compiles one function; the functions that it calls are compiled already."""

    def __init__(
        self, function: nodes.Function, functions: dict[str, Compiled], float_dtype: npt.DTypeLike
    ) -> None:
        self._function = function
        self._functions = functions
        self._float_dtype = float_dtype
        self._dtypes = dtypes_for(float_dtype)
        self._slots: dict[str, str] = {}  # loop counters that are read from a slot of their own
        self._used: set[str] = set()  # the slots named so far in the innermost loop
        self._num_counters = 0
        self._visible = visible_reads(function.body, frozenset())
        self._expressions: dict[type, Callable[[Any], Evaluate]] = {
            nodes.Constant: self._constant,
            nodes.Name: self._name,
            nodes.Uniform: self._uniform,
            nodes.GridIndex: self._grid_index,
            nodes.Extent: self._extent,
            nodes.Load: self._load,
            nodes.Call: self._call,
            nodes.Invoke: self._invoke,
            nodes.Logical: self._logical,
            nodes.Select: self._select,
            nodes.Cast: self._cast,
            nodes.Bind: self._bind,
        }
        self._statements: dict[type, Callable[[Any], Execute]] = {
            nodes.Assign: self._assign,
            nodes.If: self._if,
            nodes.For: self._for,
            nodes.While: self._while,
            nodes.Break: self._break,
            nodes.Continue: self._continue,
            nodes.Return: self._return,
        }

    def function(self) -> Compiled:
        """Compile the function: it runs the body and gives the result."""
        body = self._block(self._function.body)
        name = self._function.name
        parameters = tuple(parameter.name for parameter in self._function.params)

        def run(frame: Frame, mask: Mask) -> Value:
            body(frame, mask)
            if frame.result is None:
                raise InternalError(f"function {name} returned nothing")
            return frame.result

        return Compiled(parameters, run)

    # ------------------------------------------------------------ expressions

    def _expression(self, node: nodes.Expr) -> Evaluate:
        if type(node) not in self._expressions:
            raise InternalError(f"the interpreter has no {type(node).__name__}")
        return self._expressions[type(node)](node)

    def _constant(self, node: nodes.Constant) -> Evaluate:
        value = self._dtypes[node.type].type(node.value)
        return lambda frame, mask: value

    def _name(self, node: nodes.Name) -> Evaluate:
        slot = self._slots.get(node.name, node.name)
        self._used.add(slot)
        return lambda frame, mask: frame.values[slot]

    def _uniform(self, node: nodes.Uniform) -> Evaluate:
        name = node.name
        return lambda frame, mask: frame.launch.uniforms[name]

    def _grid_index(self, node: nodes.GridIndex) -> Evaluate:
        axis = node.axis
        return lambda frame, mask: frame.index[axis]

    def _extent(self, node: nodes.Extent) -> Evaluate:
        array, axis = node.array, node.axis
        return lambda frame, mask: np.int32(frame.launch.arrays[array].shape[axis])

    def _load(self, node: nodes.Load) -> Evaluate:
        array, dtype = node.array, self._dtypes[node.type]
        indices = tuple(self._expression(index) for index in node.indices)

        def run(frame: Frame, mask: Mask) -> Value:
            where = [index(frame, mask) for index in indices]
            return load(frame.launch.arrays[array], where, frame, dtype)

        return run

    def _call(self, node: nodes.Call) -> Evaluate:
        compute, dtype = node.overload.numpy, self._dtypes[node.overload.result]
        arguments = tuple(self._expression(argument) for argument in node.arguments)
        if len(arguments) == 2:
            left, right = arguments
            return lambda frame, mask: conform(
                compute(left(frame, mask), right(frame, mask)), dtype
            )
        return lambda frame, mask: conform(compute(*[a(frame, mask) for a in arguments]), dtype)

    def _invoke(self, node: nodes.Invoke) -> Evaluate:
        function = self._functions[node.function]
        arguments = tuple(self._expression(argument) for argument in node.arguments)

        def run(frame: Frame, mask: Mask) -> Value:
            values = {name: a(frame, mask) for name, a in zip(function.parameters, arguments)}
            return function.run(frame.call(values), mask)

        return run

    def _logical(self, node: nodes.Logical) -> Evaluate:
        left, right = self._expression(node.left), self._expression(node.right)
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
        condition = self._expression(node.condition)
        then, otherwise = self._expression(node.then), self._expression(node.otherwise)
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
            return np.where(chosen, then(frame, yes), otherwise(frame, no))

        return run

    def _cast(self, node: nodes.Cast) -> Evaluate:
        value, source, target = self._expression(node.value), node.value.type, node.type
        float_dtype = self._float_dtype
        if isinstance(node.value, nodes.Constant):
            with np.errstate(all="ignore"):
                constant = self._dtypes[source].type(node.value.value)
                converted = convert(constant, source, target, float_dtype)
            return lambda frame, mask: converted
        return lambda frame, mask: convert(value(frame, mask), source, target, float_dtype)

    def _bind(self, node: nodes.Bind) -> Evaluate:
        name, value = node.name, self._expression(node.value)
        self._used.add(name)

        def run(frame: Frame, mask: Mask) -> Value:
            # Read only in this evaluation, by lanes that run now: no need of the mask.
            result = frame.values[name] = value(frame, mask)
            return result

        return run

    # ------------------------------------------------------------ statements

    def _block(self, statements: tuple[nodes.Stmt, ...]) -> Execute:
        steps = tuple(self._statement(statement) for statement in statements)

        def run(frame: Frame, mask: Mask) -> Mask:
            for step in steps:
                mask = step(frame, mask)
                if mask is False:
                    return False
            return mask

        return run

    def _statement(self, node: nodes.Stmt) -> Execute:
        if type(node) not in self._statements:
            raise InternalError(f"the interpreter has no {type(node).__name__}")
        return self._statements[type(node)](node)

    def _assign(self, node: nodes.Assign) -> Execute:
        name, value = node.name, self._expression(node.value)
        self._used.add(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.assign(name, value(frame, mask), mask)
            return mask

        return run

    def _if(self, node: nodes.If) -> Execute:
        condition = self._expression(node.condition)
        then, otherwise = self._block(node.then), self._block(node.otherwise)

        def run(frame: Frame, mask: Mask) -> Mask:
            yes, no = split(mask, condition(frame, mask))
            after_yes = yes if yes is False else then(frame, yes)
            after_no = no if no is False else otherwise(frame, no)
            if after_yes is yes and after_no is no:
                return mask
            return unite(after_yes, after_no)

        return run

    def _break(self, node: nodes.Break) -> Execute:
        return lambda frame, mask: False

    def _continue(self, node: nodes.Continue) -> Execute:
        def run(frame: Frame, mask: Mask) -> Mask:
            frame.continued = unite(frame.continued, mask)
            return False

        return run

    def _return(self, node: nodes.Return) -> Execute:
        value = self._expression(node.value)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.finish(value(frame, mask), mask)
            return False

        return run

    # ------------------------------------------------------------ loops

    def _while(self, node: nodes.While) -> Execute:
        outer, self._used = self._used, set()
        condition = self._expression(node.condition)
        body = self._loop_body(node)
        used, written = frozenset(self._used), assigned(node.body)
        self._used |= outer
        factor = sparse_factor(node)

        def iterate(frame: Frame, mask: Mask) -> None:
            while mask is not False:
                if is_sparse(frame, mask, factor):
                    inner = Compaction(frame, mask, used)
                    iterate(inner.frame, True)
                    inner.scatter(written)
                    return
                running, _ = split(mask, condition(frame, mask))
                mask = running if running is False else body(frame, running)

        return _loop(node, iterate)

    def _for(self, node: nodes.For) -> Execute:
        bounds = tuple(self._expression(e) for e in (node.start, node.stop, node.step))
        outer, self._used = self._used, set()
        counters, body = self._counted_body(node)
        used = frozenset(self._used | set(counters))
        written = assigned(node.body) | {node.name}
        self._used |= outer | set(counters)
        factor = sparse_factor(node)

        def iterate(
            frame: Frame, mask: Mask, trips: Value, counter: Value, step: Value, done: int
        ) -> None:
            divergent = isinstance(trips, np.ndarray)
            least = int(trips.min()) if divergent else trips
            while mask is not False:
                if done >= least:
                    mask = split(mask, trips > done)[0] if divergent else False
                if mask is False:
                    return
                if is_sparse(frame, mask, factor):
                    inner = Compaction(frame, mask, used)
                    left, now, by = (inner.gather(v) for v in (trips, counter, step))
                    iterate(inner.frame, True, left, now, by, done)
                    inner.scatter(written)
                    return
                for name, everywhere in counters.items():
                    frame.assign(name, counter, True if everywhere else mask)
                mask = body(frame, mask)
                counter, done = counter + step, done + 1

        def start(frame: Frame, mask: Mask) -> None:
            first, stop, step = (bound(frame, mask) for bound in bounds)
            iterate(frame, mask, trip_count(first, stop, step), first, step, 0)

        return _loop(node, start)

    def _counted_body(self, node: nodes.For) -> tuple[dict[str, bool], Execute]:
        """Return the slots that take the counter, and the body.

        A body that does not assign the counter reads it from a slot of its own, which is set in
        every lane: so the counter stays uniform when lanes have left the loop.  The variable
        itself is set in the running lanes, and only if something reads it outside such bodies.
        The value of a slot says whether it is set in every lane.
        """
        if node.name in assigned(node.body):
            return {node.name: False}, self._loop_body(node)
        self._num_counters += 1
        slot = f"{node.name}#{self._num_counters}"
        previous, self._slots = self._slots, {**self._slots, node.name: slot}
        body = self._loop_body(node)
        self._slots = previous
        counters = {slot: True}
        if node.name in self._visible:
            counters[node.name] = False
        return counters, body

    def _loop_body(self, node: nodes.For | nodes.While) -> Execute:
        """Return one iteration: it gives the lanes that may begin the next one."""
        body = self._block(node.body)
        may_continue = contains(node.body, nodes.Continue, own=True)
        may_leave = leaves(node.body)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.continued = False
            rest = body(frame, mask)
            if not may_leave:
                return mask
            return unite(rest, frame.continued) if may_continue else rest

        return run


def _loop(node: nodes.For | nodes.While, iterate: Callable[[Frame, Mask], None]) -> Execute:
    """Return the loop's statement: after it, all lanes go on but those that have returned."""
    returns = contains(node.body, nodes.Return)

    def run(frame: Frame, mask: Mask) -> Mask:
        continued = frame.continued
        iterate(frame, mask)
        frame.continued = continued
        return without(mask, frame.returned) if returns else mask

    return run
