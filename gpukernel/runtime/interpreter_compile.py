"""Statements of the typed program to Python closures: what the interpreter runs for each block.

In: a function.  Out: its closure, built of one closure a node, so that running a node costs one
Python call beside its NumPy work.  A statement's closure takes the frame and the mask
and gives the mask of the lanes that go on to the next statement.  A statement runs only when some
lane is in its mask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.lang.types import ListType, Scalar
from gpukernel.runtime.interpreter_expressions import Compiled, ExpressionCompiler, Functions
from gpukernel.runtime.interpreter_facts import (
    contains,
    leaves,
    static_nodes,
)
from gpukernel.runtime.interpreter_frame import Execute, Frame
from gpukernel.runtime.interpreter_lists import LocalList
from gpukernel.runtime.interpreter_loops import LoopCompiler
from gpukernel.runtime.interpreter_masks import free_assignments
from gpukernel.runtime.lanes import (
    Mask,
    Value,
    dtypes_for,
    narrow,
    split,
    unite,
)


class FunctionCompiler:
    """Compiles one function."""

    def __init__(self, function: nodes.Function, functions: Functions) -> None:
        """Take the function, and where those that it calls come from."""
        self._function = function
        self.float_dtype = functions.float_dtype
        self.scope = ExpressionCompiler(functions, static_nodes(function.body))
        self._expression = self.scope.expression
        self._lists = _local_lists(function, dtypes_for(self.float_dtype))
        self.free = free_assignments(function.body)
        loops = LoopCompiler(self, function.body)
        self._statements: dict[type, Callable[[Any], Execute]] = {
            nodes.Assign: self._assign,
            nodes.SetElement: self._set_element,
            nodes.Fill: self._fill,
            nodes.CopyList: self._copy_list,
            nodes.InvokeInto: self._invoke_into,
            nodes.Check: self._check,
            nodes.If: self._if,
            nodes.For: loops.counted,
            nodes.While: loops.conditional,
            nodes.Break: self._break,
            nodes.Continue: self._continue,
            nodes.Return: self._return,
        }

    def function(self) -> Compiled:
        """Compile the function: it runs the body and gives the results."""
        steps = tuple(self._statement(statement) for statement in self._function.body)
        lists, name = self._lists, self._function.name
        parameters = tuple(parameter.name for parameter in self._function.params)

        def run(frame: Frame, mask: Mask) -> tuple[Value, ...]:
            for local, (size, dtype) in lists.items():
                frame.values[local] = LocalList.zeros(size, dtype, len(frame.shape))
            for step in steps:
                frame.live = mask
                mask = step(frame, mask)
                if mask is False:
                    break
            if frame.results is None:
                raise InternalError(f"function {name} returned nothing")
            return frame.results

        return Compiled(parameters, run)

    def block(self, statements: tuple[nodes.Stmt, ...]) -> Execute:
        steps = tuple(self._statement(statement) for statement in statements)
        if len(steps) == 1:
            return steps[0]

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
        self.scope.used.add(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.assign(name, value(frame, mask), mask)
            return mask

        def run_free(frame: Frame, mask: Mask) -> Mask:
            frame.values[name] = value(frame, mask)
            return mask

        return run_free if id(node) in self.free else run

    def _set_element(self, node: nodes.SetElement) -> Execute:
        name, index, value = node.name, self._expression(node.index), self._expression(node.value)
        lanes = self._list_mask(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            where = index(frame, mask)
            frame.values[name].set_element(where, value(frame, mask), lanes(frame, mask))
            return mask

        return run

    def _fill(self, node: nodes.Fill) -> Execute:
        name, value = node.name, self._expression(node.value)
        lanes = self._list_mask(name)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.values[name].fill(value(frame, mask), lanes(frame, mask))
            return mask

        return run

    def _copy_list(self, node: nodes.CopyList) -> Execute:
        name, source = node.name, node.source
        lanes = self._list_mask(name)
        self.scope.used.add(source)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.values[name].assign(frame.values[source], lanes(frame, mask))
            return mask

        return run

    def _list_mask(self, name: str) -> Execute:
        """Return what gives the lanes in which a list is written.

        In lanes that are done nobody reads the function's own lists: they may be written, so that
        a list that is the same in all lanes stays so.
        """
        self.scope.used.add(name)
        if name not in self._lists:  # the caller's
            return lambda frame, mask: mask
        return lambda frame, mask: True if mask is frame.live else mask

    # ------------------------------------------------------------ functions

    def _invoke_into(self, node: nodes.InvokeInto) -> Execute:
        call, targets = self.scope.invocation(node.function, node.arguments), node.targets
        self.scope.used.update(targets)
        is_free = id(node) in self.free

        def run(frame: Frame, mask: Mask) -> Mask:
            for target, result in zip(targets, call(frame, mask)):
                if isinstance(result, LocalList):
                    frame.values[target].assign(result, mask)
                else:
                    frame.assign(target, result, is_free or mask)
            return mask

        return run

    def _return(self, node: nodes.Return) -> Execute:
        values = self.scope.expressions(node.values)

        def run(frame: Frame, mask: Mask) -> Mask:
            frame.finish([value(frame, mask) for value in values], mask)
            return False

        if len(values) != 1:
            return run
        (only,) = values

        def run_one(frame: Frame, mask: Mask) -> Mask:
            frame.finish((only(frame, mask),), mask)
            return False

        return run_one

    def _check(self, node: nodes.Check) -> Execute:
        condition, failure = self._expression(node.condition), node.failure
        values = self.scope.expressions(node.values)

        def run(frame: Frame, mask: Mask) -> Mask:
            _, failed = split(mask, condition(frame, mask))
            if failed is not False:
                frame.fail(failed, failure, lambda: [value(frame, failed) for value in values])
            return mask

        return run

    # ------------------------------------------------------------ branches

    def _if(self, node: nodes.If) -> Execute:
        condition = self._expression(node.condition)
        then, otherwise = self.block(node.then), self.block(node.otherwise)
        sides = self._sides(node)
        only_passes = not node.otherwise and not _diverts(node.then)

        def run(frame: Frame, mask: Mask) -> Mask:
            yes, no = sides(frame, mask)
            after_yes = yes if yes is False else then(frame, yes)
            after_no = no if no is False else otherwise(frame, no)
            if after_yes is yes and after_no is no:
                return mask
            return unite(after_yes, after_no)

        def run_then(frame: Frame, mask: Mask) -> Mask:
            yes = narrow(mask, condition(frame, mask))
            if yes is not False:
                then(frame, yes)
            return mask

        return run_then if only_passes else run

    def _sides(self, node: nodes.If) -> Callable[[Frame, Mask], tuple[Mask, Mask]]:
        """Return what gives the lanes that take either branch."""
        condition, key = self._expression(node.condition), object()
        if id(node.condition) not in self.scope.static:
            return lambda frame, mask: split(mask, condition(frame, mask))

        def kept(frame: Frame, mask: Mask) -> tuple[Mask, Mask]:
            value, block = condition(frame, mask), frame.block
            if mask is not True or block is None or not block.keeps_lanes:
                return split(mask, value)
            found: tuple[Mask, Mask] | None = frame.known.get(key)
            if found is None:
                found = split(mask, value)
                block.keep(frame.known, key, found, value.size)
            return found

        return kept

    def _break(self, node: nodes.Break) -> Execute:
        return lambda frame, mask: False

    def _continue(self, node: nodes.Continue) -> Execute:
        def run(frame: Frame, mask: Mask) -> Mask:
            frame.continued = unite(frame.continued, mask)
            return False

        return run


def _diverts(statements: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a lane that begins a branch may not reach its end."""
    return leaves(statements) or contains(statements, nodes.Continue, own=True)


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
