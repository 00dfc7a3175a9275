"""Types of calls: special forms, casts, table rows, and other Python functions.

A Python function is inferred once for every combination of argument types it is called with;
array arguments are bound to the array itself, so nothing of them is left at run time.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from dataclasses import replace
from types import FunctionType

from gpukernel.errors import Span
from gpukernel.frontend.infer_expressions import ExpressionInference, hint_for, signature_text
from gpukernel.frontend.resolve import CASTS, find_row, is_number
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    ObjectValue,
    TupleValue,
    Value,
    describe,
    leaves,
    type_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.grid import index
from gpukernel.lang.operators import BINARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import INT, Scalar, Type


class CallInference(ExpressionInference):
    """The calls of a function's inference."""

    grid_rank: int

    @abstractmethod
    def instance(
        self, function: FunctionType, bindings: dict[str, Type | ArrayValue], span: Span
    ) -> tuple[str, Type | None] | None:
        """Return another function's name and result for these arguments; None if it recurses."""

    def apply(self, node: syntax.Apply) -> Value:
        function = self.value(node.function)
        arguments = [self.value(a) for a in node.arguments]
        keywords = {name: self.value(v) for name, v in node.keywords}
        if isinstance(function, ErrorValue):
            return function
        if not isinstance(function, ObjectValue):
            hint = hint_for(function) if isinstance(function, ArrayValue) else ""
            return self.error(node.span, f"{describe(function)} cannot be called", hint)
        given = [*arguments, *keywords.values()]
        if any(isinstance(value, ErrorValue) for value in given):
            return ErrorValue()
        return self.apply_object(function, arguments, keywords, node.span)

    def apply_object(
        self, function: ObjectValue, arguments: list[Value], keywords: dict[str, Value], span: Span
    ) -> Value:
        target = function.value
        row = find_row(target)
        if row is not None:
            return self.apply_row(row, function.name, arguments, keywords, span)
        if isinstance(target, FunctionType) and target is not index:
            return self.invoke(target, arguments, keywords, span)
        if keywords:
            message = f"`{function.name}` takes no keyword arguments"
            return self.error(span, message, "pass the value by position")
        if isinstance(target, type) and target in CASTS:
            return self.apply_cast(function.name, CASTS[target], arguments, span)
        if target is index:
            return self.apply_index(arguments, span)
        if target is len:
            return self.apply_len(arguments, span)
        if target is divmod:
            return self.apply_divmod(arguments, span)
        if target is range:
            return self.error(
                span, "range() can only be looped over", "write `for i in range(...)`"
            )
        return self.error(span, f"`{function.name}` cannot be called in a kernel")

    # ------------------------------------------------------------ special forms

    def apply_index(self, arguments: list[Value], span: Span) -> Value:
        if arguments:
            return self.error(span, "index() takes no arguments", "unpack it: i, j = index()")
        axes = tuple(nodes.GridIndex(axis, INT, span) for axis in range(self.grid_rank))
        return axes[0] if self.grid_rank == 1 else TupleValue(axes)

    def apply_len(self, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 1:
            return self.error(span, f"len() takes one argument, got {len(arguments)}")
        (value,) = arguments
        if isinstance(value, ArrayValue):
            return self.extents(value, span)[0]
        if isinstance(value, TupleValue):
            return constant(len(value.elements), span)
        return self.error(span, f"{describe(value)} has no length", "len() takes an array")

    def apply_divmod(self, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 2:
            return self.error(span, f"divmod() takes two arguments, got {len(arguments)}")
        left, right = arguments
        quotient = self.call(BINARY["//"], [left, right], span)
        if isinstance(quotient, ErrorValue):
            return quotient
        return TupleValue((quotient, self.call(BINARY["%"], [left, right], span)))

    def apply_cast(self, name: str, kind: Scalar, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 1:
            return self.error(span, f"{name}() takes one number, got {len(arguments)}")
        number = self.as_number(arguments[0], span, f"the argument of {name}()")
        return ErrorValue() if number is None else replace(cast(number, kind), span=span)

    def apply_row(
        self, row: Row, name: str, arguments: list[Value], keywords: dict[str, Value], span: Span
    ) -> Value:
        ordered = list(arguments)
        for parameter in row.parameters[len(arguments) :]:
            if parameter not in keywords:
                break
            ordered.append(keywords.pop(parameter))
        if keywords:
            wrong = next(iter(keywords))
            message = f"`{name}` has no parameter `{wrong}`"
            if wrong in row.parameters:
                twice = row.parameters.index(wrong) < len(arguments)
                problem = "is given twice" if twice else "is given, but not all before it are"
                message = f"parameter `{wrong}` of `{name}` {problem}"
            return self.error(span, message, f"write {signature_text(row)}")
        if row.symbol:
            return self.apply_operator(row, ordered, span)
        return self.call(row, ordered, span)

    def apply_operator(self, row: Row, arguments: list[Value], span: Span) -> Value:
        """Return ``pow(x, y)`` or ``operator.add(x, y)``, as the symbol itself would give."""
        if row is BINARY["**"] and len(arguments) == 2:
            return self.operator("**", arguments[0], arguments[1], span)
        return self.call(row, arguments, span)

    # ------------------------------------------------------------ Python functions

    def invoke(
        self, function: FunctionType, arguments: list[Value], keywords: dict[str, Value], span: Span
    ) -> Value:
        bound = self.bind(function, arguments, keywords, span)
        if bound is None:
            return ErrorValue()
        bindings: dict[str, Type | ArrayValue] = {}
        numbers: list[Value] = []
        for name, value in bound.items():
            if isinstance(value, ObjectValue) or (isinstance(value, ArrayValue) and value.prefix):
                what = "a function" if isinstance(value, ObjectValue) else "a part of an array"
                hint = "pass the whole array and the indices"
                if isinstance(value, ObjectValue):
                    hint = "call the function by its own name inside the helper"
                return self.error(span, f"parameter `{name}` cannot be {what}", hint)
            bindings[name] = value if isinstance(value, ArrayValue) else type_of(value)
            numbers += [] if isinstance(value, ArrayValue) else leaves(value)
        name, result = self.instance(function, bindings, span) or ("", None)
        if not isinstance(result, Scalar):
            return ErrorValue()
        operands = tuple(n for n in numbers if isinstance(n, NUMBERS))
        return nodes.Invoke(name, operands, result, span)

    def bind(
        self, function: FunctionType, arguments: list[Value], keywords: dict[str, Value], span: Span
    ) -> dict[str, Value] | None:
        """Return the value of every parameter, as Python would bind them."""
        signature = inspect.signature(function)
        try:
            bound = signature.bind(*arguments, **keywords)
        except TypeError as problem:
            parameters = ", ".join(str(p.name) for p in signature.parameters.values())
            message = f"cannot call `{function.__name__}`: {problem}"
            self.error(span, message, f"it is defined as {function.__name__}({parameters})")
            return None
        values: dict[str, Value] = {}
        for name, parameter in signature.parameters.items():
            if name in bound.arguments:
                values[name] = bound.arguments[name]
            elif is_number(parameter.default):
                values[name] = constant(parameter.default, span)
            else:
                message = f"the default of parameter `{name}` is not a number"
                self.error(span, message, f"pass `{name}` in the call")
                return None
        return values
