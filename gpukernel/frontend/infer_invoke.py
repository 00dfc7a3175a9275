"""Calls of other Python functions: each is inferred once for every combination of argument types.

Array and function arguments are bound to the thing itself, so nothing of them is left at run time;
lists are passed by reference, tuples and vectors as their numbers.  A nested function takes the
variables that it reads of the function ``f`` around it as further parameters, called ``f^x``.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from gpukernel.errors import Diagnostic, Span
from gpukernel.frontend.emitter import FIXED
from gpukernel.frontend.infer_calls import CallInference
from gpukernel.frontend.objects import is_number, is_tuple
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    Binding,
    ErrorValue,
    FunctionValue,
    ListBinding,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    held_by,
    holders,
    numbers_in,
    read_storage,
    storage,
    type_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import constant
from gpukernel.lang.types import (
    ErrorType,
    ListType,
    Scalar,
    Type,
)
from gpukernel.lang.vectors import Vector

AnyFunction = FunctionType | FunctionValue


class Instance:
    """A function made for some argument types: its name in the program and what it gives."""

    name: str
    result: Type | None
    hidden: dict[str, Scalar]  # the state that it takes and gives back, in order
    lends: bool  # whether it may return a vector that its caller holds
    lent_list: str | None  # the parameter that it returns, where that is a list
    diagnostics: list[Diagnostic]

    @abstractmethod
    def function(self) -> nodes.Function:
        """Return the typed function."""


class InvokeInference(CallInference):
    """The calls of Python functions of a function's inference."""

    num_list_calls = 0
    materialize = False

    @abstractmethod
    def instance(
        self, function: AnyFunction, bindings: dict[str, Binding], span: Span
    ) -> Instance | None:
        """Return another function made for these arguments; None if it recurses."""

    @abstractmethod
    def state(self, name: str) -> nodes.Expr:
        """Return a read of a hidden variable that all functions share."""

    @abstractmethod
    def closure_value(self, function: FunctionValue, name: str, span: Span) -> Value:
        """Return what a nested function's outer variable holds now."""

    @abstractmethod
    def leaf_type(self, name: str) -> ListType:
        """Return the type of a list variable of the program."""

    def define(self, function: syntax.Function) -> FunctionValue:
        defaults = [
            (parameter.name, self.default(parameter))
            for parameter in function.params
            if parameter.default is not None
        ]
        return FunctionValue(function, self, tuple(defaults))

    def default(self, parameter: syntax.Parameter) -> Value:
        assert parameter.default is not None
        value = self.value(parameter.default)
        if not isinstance(value, FIXED):
            message = f"the default of parameter `{parameter.name}` is not a constant"
            return self.error(parameter.default.span, message, "pass the value in the call")
        return value

    # ------------------------------------------------------------ calling

    def invoke(
        self,
        function: AnyFunction,
        arguments: list[Value],
        keywords: dict[str, Value],
        span: Span,
    ) -> Value:
        values = self.bind(function, arguments, keywords, span)
        if values is None or any(isinstance(v, ErrorValue) for v in values.values()):
            return ErrorValue()
        for used in (function, *list(values.values())):
            if isinstance(used, FunctionValue):
                values.update(self.closure(used, span))
        bindings: dict[str, Binding] = {}
        operands: list[nodes.Expr] = []
        for name, value in values.items():
            bound = self.binding(name, value, operands, span)
            if bound is None:
                return ErrorValue()
            bindings[name] = bound
        lists = [o.name for o in operands if isinstance(o, nodes.ListName)]
        if len(set(lists)) < len(lists):
            hint = "pass a copy for one of them: list(xs)"
            return self.error(span, "the same list is passed twice", hint)
        self.num_list_calls += bool(lists)
        made = self.instance(function, bindings, span)
        if made is None or made.result is None or isinstance(made.result, ErrorType):
            return ErrorValue()
        result = self.emit_call(made, operands, span)
        if made.lent_list is not None:
            return values[made.lent_list]
        lent = frozenset().union(*map(holders, values.values())) if made.lends else frozenset()
        return held_by(result, lent)

    def emit_call(self, made: Instance, operands: list[nodes.Expr], span: Span) -> Value:
        result = made.result
        assert result is not None
        hidden = [self.state(name) for name in made.hidden]
        arguments = (*operands, *hidden)
        passes_lists = any(isinstance(o, nodes.ListName) for o in operands)
        if isinstance(result, Scalar) and not hidden:
            invoked = nodes.Invoke(made.name, arguments, result, span)
            return self.once(invoked) if passes_lists or self.debug else invoked
        name = self.temporary(result)
        targets = (*storage(name, result), *made.hidden)
        self.emit(nodes.InvokeInto(targets, made.name, arguments, span))
        return read_storage(name, result, span)

    def binding(
        self, name: str, value: Value, operands: list[nodes.Expr], span: Span
    ) -> Binding | None:
        """Return what a parameter is bound to, and add what is passed at run time."""
        if isinstance(value, ListValue):
            operands += self.list_operands(value)
            leaves = tuple(self.leaf_type(leaf) for leaf in storage(value.name, value.type))
            return ListBinding(value.type, leaves, value.offset is not None)
        if isinstance(value, ArrayValue) and value.prefix:
            hint = "pass the whole array and the indices"
            self.error(span, f"parameter `{name}` cannot be a part of an array", hint)
            return None
        if isinstance(value, (ArrayValue, ObjectValue, FunctionValue)):
            return value
        operands += numbers_in(value)
        return type_of(value)

    def list_operands(self, value: ListValue) -> list[nodes.Expr]:
        found: list[nodes.Expr] = []
        for leaf in storage(value.name, value.type):
            found.append(nodes.ListName(leaf, self.leaf_type(leaf), self.where))
        return found if value.offset is None else [*found, value.offset]

    where: Span  # of the function: for names that no expression in the source stands for

    def closure(self, function: FunctionValue, span: Span) -> dict[str, Value]:
        """Return the outer variables of a nested function and of those that it may call."""
        found: dict[str, Value] = {}
        pending = [function]
        while pending:
            current = pending.pop()
            for name in current.function.outer:
                key = outer_name(current.owner, name)
                if key not in found:
                    value = found[key] = self.closure_value(current, name, span)
                    pending += [value] if isinstance(value, FunctionValue) else []
        return found

    # ------------------------------------------------------------ binding arguments

    def bind(
        self,
        function: AnyFunction,
        arguments: Sequence[Value],
        keywords: dict[str, Value],
        span: Span,
    ) -> dict[str, Value] | None:
        """Return the value of every parameter, as Python would bind them."""
        signature, name, defaults = _signature(function)
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as problem:
            parameters = ", ".join(str(p.name) for p in signature.parameters.values())
            message = f"cannot call `{name}`: {problem}"
            self.error(span, message, f"it is defined as {name}({parameters})")
            return None
        values: dict[str, Value] = {}
        for parameter in signature.parameters.values():
            if parameter.name in bound.arguments:
                values[parameter.name] = bound.arguments[parameter.name]
            elif parameter.name in defaults:
                values[parameter.name] = defaults[parameter.name]
            else:
                value = _constant_value(parameter.default, span)
                if value is None:
                    message = f"the default of parameter `{parameter.name}` is not a number"
                    self.error(span, message, f"pass `{parameter.name}` in the call")
                    return None
                values[parameter.name] = value
        return values


def outer_name(owner: Any, name: str) -> str:
    """Return what a variable of a function is called in the functions nested in it."""
    return f"{owner.name.replace('.', '~')}^{name}"


def binding_key(value: Binding) -> object:
    """Return what tells bindings apart that need functions of their own."""
    if isinstance(value, FunctionValue):
        return id(value.function)
    return id(value.value) if isinstance(value, ObjectValue) else value


def _signature(function: AnyFunction) -> tuple[inspect.Signature, str, dict[str, Value]]:
    if isinstance(function, FunctionValue):
        tree = function.function
        parameters = [
            inspect.Parameter(
                p.name, p.kind, default=inspect.Parameter.empty if p.default is None else None
            )
            for p in tree.params
        ]
        return inspect.Signature(parameters), tree.name, dict(function.defaults)
    return inspect.signature(function), function.__name__, {}


def _constant_value(value: Any, span: Span) -> Value | None:
    """Return a default of a plain function: a number, or a tuple or vector of numbers."""
    if is_number(value):
        return constant(value, span)
    if not is_tuple(value):
        return None
    elements = [_constant_value(v, span) for v in value]
    if isinstance(value, Vector):
        return VectorValue(tuple(e for e in elements if isinstance(e, NUMBERS)))
    return TupleValue(tuple(e for e in elements if e is not None))
