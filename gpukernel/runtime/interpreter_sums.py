"""Loops that only add up: many of their iterations at once, as one more axis of the block.

What iterations compute does not depend on the ones before where nothing but sums goes from one to
the next.  In a small grid a loop costs Python far more than NumPy; so its iterations become lanes,
and then the sums take what they gave in order, one after the other: the same additions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gpukernel.ir import nodes, walk
from gpukernel.ir.affine import int_call
from gpukernel.lang.operators import BINARY, UNARY
from gpukernel.lang.types import FLOAT, INT, UINT, Scalar
from gpukernel.records import record
from gpukernel.runtime.interpreter_frame import Frame
from gpukernel.runtime.interpreter_masks import own_variables
from gpukernel.runtime.interpreter_simplify import is_brief, iterations_done, replace_names
from gpukernel.runtime.lanes import Lanes, Mask, Value, dtypes_for, narrow

BATCH_LANES = 16384  # of all iterations that run at once
MIN_ITERATIONS = 8  # that run at once: with fewer, it takes longer than one after the other
MIN_ITERATIONS_APART = 4  # where some lanes run more of them than others
ITERATION = -1  # the axis of the grid index, in the body: which iteration it is
FIRST, STEP = "#first", "#step"  # the range's start and step, in the body
_NUMBERS = (FLOAT, INT, UINT)
_ADDITIONS = tuple(BINARY["+"].overload([kind] * 2) for kind in _NUMBERS)
_SUBTRACTIONS = tuple(BINARY["-"].overload([kind] * 2) for kind in _NUMBERS)


@record(frozen=True)
class Batch:
    """A loop's body for many iterations: each sum has a variable for what is to be added."""

    body: tuple[nodes.Stmt, ...]
    sums: Mapping[str, Scalar]  # the variables that go from one iteration to the next

    @property
    def terms(self) -> frozenset[int]:
        """The identities of the statements that set what is to be added."""
        names = {term_of(name) for name in self.sums}
        found = (s for s in walk.statements(self.body) if isinstance(s, nodes.Assign))
        return frozenset(id(statement) for statement in found if statement.name in names)


def term_of(name: str) -> str:
    """Return the variable for what an iteration adds to a sum."""
    return f"+{name}"


# ---------------------------------------------------------------- before a launch


def find_batch(node: nodes.For, function_body: tuple[nodes.Stmt, ...]) -> Batch | None:
    """Return the loop's body for many iterations, or None if it does more than add up."""
    if not _is_plain(node.body):
        return None
    sums, own = _find_sums(node.body), own_variables(node.body)
    changed = {s.name for s in walk.statements(node.body) if isinstance(s, nodes.Assign)}
    if not sums or not changed <= own | sums.keys() or node.name in changed:
        return None
    inside, everywhere = _uses(node.body), _uses(function_body)
    if any(inside[name] != everywhere[name] for name in changed - sums.keys()):
        return None
    body = tuple(_with_terms(statement, sums) for statement in node.body)
    iteration = nodes.GridIndex(ITERATION, INT, node.span)
    counter = {node.name: _counter(node), iterations_done(node): iteration}
    return Batch(tuple(replace_names(statement, counter) for statement in body), sums)


def _is_plain(body: tuple[nodes.Stmt, ...]) -> bool:
    """Whether there is nothing but arithmetic, reads and branches."""
    hard = (nodes.Invoke, nodes.ListName, nodes.Bind)
    return all(isinstance(s, (nodes.Assign, nodes.If)) for s in walk.statements(body)) and not any(
        isinstance(e, hard) for e in walk.expressions(body)
    )


def _uses(body: tuple[nodes.Stmt, ...]) -> Counter[str]:
    """Count how often each variable is read or set."""
    found = Counter(e.name for e in walk.expressions(body) if isinstance(e, nodes.Name))
    for statement in walk.statements(body):
        if isinstance(statement, (nodes.Assign, nodes.For)):
            found[statement.name] += 1
        elif isinstance(statement, nodes.InvokeInto):
            found.update(statement.targets)
    return found


def _find_sums(body: tuple[nodes.Stmt, ...]) -> dict[str, Scalar]:
    """Return the variables of which one statement is all that uses them: it adds to them."""
    uses = _uses(body)
    return {
        s.name: s.value.type
        for s in walk.statements(body)
        if isinstance(s, nodes.Assign)
        and isinstance(s.value.type, Scalar)
        and uses[s.name] == 2
        and _added(s) is not None
    }


def _added(node: nodes.Assign) -> nodes.Expr | None:
    """Return what ``name = name + value`` adds to its variable, None of other statements."""
    value = node.value
    if not isinstance(value, nodes.Call) or len(value.arguments) != 2:
        return None
    left, right = value.arguments
    if isinstance(left, nodes.Name) and left.name == node.name:
        if value.overload in _ADDITIONS:
            return right
        if value.overload in _SUBTRACTIONS:
            return _negative(right)
    if isinstance(right, nodes.Name) and right.name == node.name:
        return left if value.overload in _ADDITIONS else None
    return None


def _negative(node: nodes.Expr) -> nodes.Expr:
    assert isinstance(node.type, Scalar)
    row = UNARY["-"]
    overload = row.overload([node.type])
    assert overload is not None
    return nodes.Call(row, overload, (node,), node.type, node.span)


def _with_terms(node: nodes.Stmt, sums: Mapping[str, Scalar]) -> nodes.Stmt:
    """Return a statement that keeps what it would add."""
    if isinstance(node, nodes.If):
        then = tuple(_with_terms(inner, sums) for inner in node.then)
        return replace(
            node, then=then, otherwise=tuple(_with_terms(inner, sums) for inner in node.otherwise)
        )
    if isinstance(node, nodes.Assign) and node.name in sums:
        added = _added(node)
        assert added is not None
        return nodes.Assign(term_of(node.name), added, node.span)
    return node


def _counter(node: nodes.For) -> nodes.Expr:
    """Return the counter as an expression over the iteration."""
    span = node.span
    start = node.start if is_brief(node.start) else nodes.Name(FIRST, INT, span)
    step = node.step if is_brief(node.step) else nodes.Name(STEP, INT, span)
    iteration = nodes.GridIndex(ITERATION, INT, span)
    return int_call("+", start, int_call("*", step, iteration, span), span)


# ---------------------------------------------------------------- in a launch


class Adder:
    """Runs a loop that only adds up; ``body`` is that of its `Batch`."""

    def __init__(
        self,
        batch: Batch,
        body: Callable[[Frame, Mask], Mask],
        float_dtype: npt.DTypeLike,
    ) -> None:
        dtypes = dtypes_for(float_dtype)
        # Minus zero is what leaves every float as it is.
        self._nothing = {name: dtypes[kind].type(-0.0) for name, kind in batch.sums.items()}
        self._body = body
        self._batch = batch  # the identities of its nodes are in use

    def pays(self, frame: Frame, trips: Value) -> bool:
        """Whether the lanes are so few that several iterations should run at once."""
        # Lanes that leave at different times need masks, which several iterations share.
        least = MIN_ITERATIONS_APART if isinstance(trips, np.ndarray) else MIN_ITERATIONS
        has_room = BATCH_LANES // frame.size >= least
        return frame.block is not None and has_room and _most(trips) >= least

    def run(self, frame: Frame, mask: Mask, trips: Value, first: Value, step: Value) -> None:
        """Run all iterations; the numbers of them may differ by lane."""
        sums = {name: frame.values[name] for name in self._nothing}
        given = {**frame.values, FIRST: first, STEP: step}
        given.update({term_of(name): nothing for name, nothing in self._nothing.items()})
        at_once, most = BATCH_LANES // frame.size, _most(trips)
        for done in range(0, most, at_once):
            inner = self._frame(frame, given, done, min(at_once, most - done))
            running = mask
            if isinstance(trips, np.ndarray):
                running = narrow(mask, inner.index[0] < trips)
            elif mask is not True:
                inner.live = mask  # every iteration runs the same lanes
            if running is not False:
                self._body(inner, running)
            for name, nothing in self._nothing.items():
                terms = inner.values[term_of(name)]
                if terms is not nothing:
                    sums[name] = _add_in_order(sums[name], terms, inner.shape)
        for name, total in sums.items():
            frame.assign(name, total, mask)

    def _frame(self, outer: Frame, given: dict[str, Value], done: int, count: int) -> Frame:
        """Return the frame of some iterations, each over the lanes of the outer one."""
        key = self, done, count
        block = outer.known.get(key)
        if block is None:
            assert outer.block is not None
            block = outer.block.repeated(done, count)
            outer.block.keep(outer.known, key, block, count)
        known = block.recall(())
        return Frame(outer.launch, block.shape, block.index, dict(given), block, known)


def _most(trips: Value) -> int:
    return int(trips.max()) if isinstance(trips, np.ndarray) else trips


def _add_in_order(total: Value, terms: Value, shape: tuple[int, ...]) -> Value:
    """Add the terms of every iteration to the total, one after the other."""
    lanes, others = terms.shape, total.shape
    if len(lanes) == len(shape):
        lanes = lanes[1:]
    if not lanes:
        lanes = others
    elif others and others != lanes:
        lanes = np.broadcast_shapes(others, lanes)
    steps: Lanes = np.empty((shape[0] + 1, *lanes), terms.dtype)
    steps[0] = total
    steps[1:] = terms
    if math.prod(lanes) == 1:  # a single column would be added up in pairs
        return np.add.accumulate(steps.reshape(-1), dtype=steps.dtype)[-1]
    # NumPy begins at zero if not told otherwise, and so makes zeros of negative zeros.
    return np.add.reduce(steps, axis=0, dtype=steps.dtype, initial=steps.dtype.type(-0.0))
