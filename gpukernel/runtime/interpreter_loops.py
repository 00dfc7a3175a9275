"""Loops of the typed program to Python closures.

An iteration runs the lanes that have not left the loop; when few are left, those alone; and where
iterations only add up, many at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gpukernel.ir import nodes
from gpukernel.runtime.interpreter_compaction import Compaction, is_sparse
from gpukernel.runtime.interpreter_expressions import ExpressionCompiler
from gpukernel.runtime.interpreter_facts import (
    assigned,
    contains,
    leaves,
    sparse_factor,
    static_nodes,
    visible_reads,
)
from gpukernel.runtime.interpreter_frame import Execute, Frame
from gpukernel.runtime.interpreter_masks import free_assignments
from gpukernel.runtime.interpreter_simplify import iterations_done
from gpukernel.runtime.interpreter_sums import Adder, find_batch
from gpukernel.runtime.lanes import Mask, Value, narrow, trip_count, unite, without


class BlockCompiler(Protocol):
    """The compiler of the function that a loop belongs to.

    ``free`` has the identities of the assignments that may ignore the mask.
    """

    float_dtype: npt.DTypeLike
    scope: ExpressionCompiler
    free: frozenset[int]

    def block(self, statements: tuple[nodes.Stmt, ...]) -> Execute:
        """Return the closure of statements."""


class LoopCompiler:
    """Compiles the loops of one function."""

    def __init__(self, compiler: BlockCompiler, body: tuple[nodes.Stmt, ...]) -> None:
        """Take the compiler and the body of the function."""
        self._compiler = compiler
        self._scope = compiler.scope
        self._function_body = body
        self._visible = visible_reads(body, frozenset())
        self._num_counters = 0

    def conditional(self, node: nodes.While) -> Execute:
        """Return the closure of a ``while`` loop."""
        scope = self._scope
        outer, scope.used = scope.used, set()
        condition = scope.expression(node.condition)
        body = self._body(node)
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
                running = narrow(mask, condition(frame, mask))
                mask = running if running is False else body(frame, running)

        return _loop(node, iterate)

    def counted(self, node: nodes.For) -> Execute:
        """Return the closure of a ``for`` loop."""
        scope = self._scope
        bounds = scope.expressions((node.start, node.stop, node.step))
        adder = self._adder(node)
        outer, scope.used = scope.used, set()
        slots, body = self._counted_body(node)
        counters = tuple(slots.items())
        count = iterations_done(node)
        counts = count in scope.used
        used = frozenset(scope.used | set(slots))
        written = assigned(node.body) | {node.name}
        scope.used |= outer | set(slots)
        factor = sparse_factor(node)

        def iterate(
            frame: Frame, mask: Mask, trips: Value, counter: Value, step: Value, done: int
        ) -> None:
            divergent = isinstance(trips, np.ndarray)
            least = int(trips.min()) if divergent else trips
            while mask is not False:
                if done >= least:
                    mask = narrow(mask, trips > done) if divergent else False
                if mask is False:
                    return
                if is_sparse(frame, mask, factor):
                    inner = Compaction(frame, mask, used)
                    left, now, by = (inner.gather(v) for v in (trips, counter, step))
                    iterate(inner.frame, True, left, now, by, done)
                    inner.scatter(written)
                    return
                for name, everywhere in counters:
                    frame.assign(name, counter, everywhere or mask)
                if counts:
                    frame.values[count] = np.int32(done)
                mask = body(frame, mask)
                counter, done = counter + step, done + 1

        def start(frame: Frame, mask: Mask) -> None:
            first, stop, step = (bound(frame, mask) for bound in bounds)
            trips = _shared(trip_count(first, stop, step))
            if adder is not None and adder.pays(frame, trips):
                adder.run(frame, mask, trips, first, step)
            else:
                iterate(frame, mask, trips, first, step, 0)

        return _loop(node, start)

    def _adder(self, node: nodes.For) -> Adder | None:
        """Return what runs many iterations at once, None where more than sums goes on."""
        if node.name in self._visible:
            return None
        batch = find_batch(node, self._function_body)
        if batch is None:
            return None
        compiler = self._compiler
        compiler.free |= free_assignments(batch.body) - batch.terms
        self._scope.static |= static_nodes(batch.body)
        return Adder(batch, compiler.block(batch.body), compiler.float_dtype)

    def _counted_body(self, node: nodes.For) -> tuple[dict[str, bool], Execute]:
        """Return the slots that take the counter, and the body.

        A body that does not assign the counter reads it from a slot of its own, which is set in
        every lane: so the counter stays uniform when lanes have left the loop.  The variable
        itself is set in the running lanes, and only if something reads it outside such bodies.
        The value of a slot says whether it is set in every lane.
        """
        if node.name in assigned(node.body):
            return {node.name: False}, self._body(node)
        self._num_counters += 1
        slot = f"{node.name}#{self._num_counters}"
        previous, self._scope.slots = self._scope.slots, {**self._scope.slots, node.name: slot}
        body = self._body(node)
        self._scope.slots = previous
        counters = {slot: True}
        if node.name in self._visible:
            counters[node.name] = False
        return counters, body

    def _body(self, node: nodes.For | nodes.While) -> Execute:
        """Return one iteration: it gives the lanes that may begin the next one."""
        body = self._compiler.block(node.body)
        may_continue = contains(node.body, nodes.Continue, own=True)
        may_leave = leaves(node.body)
        if not may_continue and not may_leave:
            return body

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.continued = False
            rest = body(frame, mask)
            if not may_leave:
                return mask
            return unite(rest, frame.continued) if may_continue else rest

        return run


def _shared(trips: Value) -> Value:
    """Return one number where that is how many iterations all lanes run."""
    if not isinstance(trips, np.ndarray):
        return trips
    most = int(trips.max())
    return most if most == int(trips.min()) else trips


def _loop(node: nodes.For | nodes.While, iterate: Callable[[Frame, Mask], None]) -> Execute:
    """Return the loop's statement: after it, all lanes go on but those that have returned."""
    returns = contains(node.body, nodes.Return)

    def run(frame: Frame, mask: Mask) -> Mask:
        continued = frame.continued
        iterate(frame, mask)
        frame.continued = continued
        return without(mask, frame.returned) if returns else mask

    return run
