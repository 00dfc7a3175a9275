"""From the typed program to Python closures: what the interpreter runs for each block.

In: a `Program`.  Out: one closure a function, built of one closure a node, so that running a node
costs one Python call beside its NumPy work.  A statement's closure takes the frame and the mask
and gives the mask of the lanes that go on to the next statement.  A statement runs only when some
lane is in its mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.lang.types import ListType, Scalar
from gpukernel.runtime.interpreter_compaction import Compaction, is_sparse
from gpukernel.runtime.interpreter_expressions import Compiled, ExpressionCompiler
from gpukernel.runtime.interpreter_facts import (
    assigned,
    contains,
    leaves,
    sparse_factor,
    visible_reads,
)
from gpukernel.runtime.interpreter_frame import Frame
from gpukernel.runtime.interpreter_lists import LocalList
from gpukernel.runtime.lanes import Mask, Value, dtypes_for, split, trip_count, unite, without

Execute = Callable[[Frame, Mask], Mask]


def compile_functions(program: nodes.Program, float_dtype: npt.DTypeLike) -> dict[str, Compiled]:
    """Compile every function, by name; callees come first."""
    boundaries = {array.name: array.boundary for array in program.arrays}
    compiled: dict[str, Compiled] = {}
    for function in program.functions:
        expressions = ExpressionCompiler(boundaries, compiled, float_dtype)
        compiled[function.name] = _Compiler(function, expressions, float_dtype).function()
    return compiled


class _Compiler:
    """Compiles one function; the functions that it calls are compiled already."""

    def __init__(
        self,
        function: nodes.Function,
        expressions: ExpressionCompiler,
        float_dtype: npt.DTypeLike,
    ) -> None:
        self._function = function
        self._scope = expressions
        self._expression = expressions.expression
        self._lists = _local_lists(function, dtypes_for(float_dtype))
        self._num_counters = 0
        self._visible = visible_reads(function.body, frozenset())
        self._statements: dict[type, Callable[[Any], Execute]] = {
            nodes.Assign: self._assign,
            nodes.SetElement: self._set_element,
            nodes.Fill: self._fill,
            nodes.CopyList: self._copy_list,
            nodes.InvokeInto: self._invoke_into,
            nodes.Check: self._check,
            nodes.If: self._if,
            nodes.For: self._for,
            nodes.While: self._while,
            nodes.Break: self._break,
            nodes.Continue: self._continue,
            nodes.Return: self._return,
        }

    def function(self) -> Compiled:
        """Compile the function: it runs the body and gives the results."""
        body, lists = self._block(self._function.body), self._lists
        name = self._function.name
        parameters = tuple(parameter.name for parameter in self._function.params)

        def run(frame: Frame, mask: Mask) -> tuple[Value, ...]:
            for local, (size, dtype) in lists.items():
                frame.values[local] = LocalList.zeros(size, dtype, len(frame.shape))
            body(frame, mask)
            if frame.results is None:
                raise InternalError(f"function {name} returned nothing")
            return frame.results

        return Compiled(parameters, run)

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

    # ------------------------------------------------------------ scalars and lists

    def _assign(self, node: nodes.Assign) -> Execute:
        name, value = node.name, self._expression(node.value)
        self._scope.used.add(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.assign(name, value(frame, mask), mask)
            return mask

        return run

    def _set_element(self, node: nodes.SetElement) -> Execute:
        name, index, value = node.name, self._expression(node.index), self._expression(node.value)
        self._scope.used.add(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            where = index(frame, mask)
            frame.values[name].set_element(where, value(frame, mask), mask)
            return mask

        return run

    def _fill(self, node: nodes.Fill) -> Execute:
        name, value = node.name, self._expression(node.value)
        self._scope.used.add(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.values[name].fill(value(frame, mask), mask)
            return mask

        return run

    def _copy_list(self, node: nodes.CopyList) -> Execute:
        name, source = node.name, node.source
        self._scope.used.update((name, source))

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.values[name].assign(frame.values[source], mask)
            return mask

        return run

    # ------------------------------------------------------------ functions

    def _invoke_into(self, node: nodes.InvokeInto) -> Execute:
        call, targets = self._scope.invocation(node.function, node.arguments), node.targets
        self._scope.used.update(targets)

        def run(frame: Frame, mask: Mask) -> Mask:
            for target, result in zip(targets, call(frame, mask)):
                if isinstance(result, LocalList):
                    frame.values[target].assign(result, mask)
                else:
                    frame.assign(target, result, mask)
            return mask

        return run

    def _return(self, node: nodes.Return) -> Execute:
        values = self._scope.expressions(node.values)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.finish([value(frame, mask) for value in values], mask)
            return False

        return run

    def _check(self, node: nodes.Check) -> Execute:
        condition, failure = self._expression(node.condition), node.failure
        values = self._scope.expressions(node.values)

        def run(frame: Frame, mask: Mask) -> Mask:
            _, failed = split(mask, condition(frame, mask))
            if failed is not False:
                frame.fail(failed, failure, lambda: [value(frame, failed) for value in values])
            return mask

        return run

    # ------------------------------------------------------------ branches

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

    # ------------------------------------------------------------ loops

    def _while(self, node: nodes.While) -> Execute:
        scope = self._scope
        outer, scope.used = scope.used, set()
        condition = self._expression(node.condition)
        body = self._loop_body(node)
        used, written = frozenset(scope.used), assigned(node.body)
        scope.used |= outer
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
        scope = self._scope
        bounds = scope.expressions((node.start, node.stop, node.step))
        outer, scope.used = scope.used, set()
        counters, body = self._counted_body(node)
        used = frozenset(scope.used | set(counters))
        written = assigned(node.body) | {node.name}
        scope.used |= outer | set(counters)
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
        previous, self._scope.slots = self._scope.slots, {**self._scope.slots, node.name: slot}
        body = self._loop_body(node)
        self._scope.slots = previous
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


def _local_lists(
    function: nodes.Function, dtypes: Mapping[Scalar, np.dtype[Any]]
) -> dict[str, tuple[int, np.dtype[Any]]]:
    """Return the size and dtype of every list that the function makes."""
    lists: dict[str, tuple[int, np.dtype[Any]]] = {}
    for variable in function.locals:
        if isinstance(variable.type, ListType):
            assert isinstance(variable.type.element, Scalar)
            lists[variable.name] = variable.type.size, dtypes[variable.type.element]
    return lists


def _loop(node: nodes.For | nodes.While, iterate: Callable[[Frame, Mask], None]) -> Execute:
    """Return the loop's statement: after it, all lanes go on but those that have returned."""
    returns = contains(node.body, nodes.Return)

    def run(frame: Frame, mask: Mask) -> Mask:
        continued = frame.continued
        iterate(frame, mask)
        frame.continued = continued
        return without(mask, frame.returned) if returns else mask

    return run
