"""Types of calls: special forms, casts, table rows, and constructors.

Python functions, which are compiled too, are called in `frontend.infer_invoke`.
"""

from __future__ import annotations

import types
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gpukernel.errors import Span
from gpukernel.frontend.emitter import fold_operators, hint_for
from gpukernel.frontend.infer_expressions import is_written
from gpukernel.frontend.infer_loops import LoopInference, constant_length
from gpukernel.frontend.infer_operators import is_negative, is_wide
from gpukernel.frontend.objects import CASTS, RANDOM, VECTORS, find_row, vector_load
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    parts,
)
from gpukernel.frontend.wording import signature_text, source_text
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang import functions
from gpukernel.lang.grid import index
from gpukernel.lang.operators import BINARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, INT, UINT, UINT_MAX, Scalar
from gpukernel.lang.vectors import dot

# Builtins that fold the elements of a list, tuple, vector or generator.
FOLDS = (sum, min, max, any, all)
_ITERATORS = (range, enumerate, zip, reversed)
LIST_METHODS = {
    "append": "make the list with its full length, [0.0] * n, and assign to its elements",
    "copy": "write list(...)",
    "sort": "write the sorting loop; it is short for a few elements",
}


class CallInference(LoopInference):
    """The calls of a function's inference."""

    grid_rank: int

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[object, Callable[[list[Value], Span], Value]] = {
            index: self.apply_index,
            len: self.apply_len,
            divmod: self.apply_divmod,
            dot: self.dot,
            list: self.apply_list,
            **{draw: self.drawing(draw) for draw in RANDOM},
        }

    @abstractmethod
    def invoke(
        self,
        function: types.FunctionType | FunctionValue,
        arguments: list[Value],
        keywords: dict[str, Value],
        span: Span,
    ) -> Value:
        """Return what another Python function gives for these arguments."""

    @abstractmethod
    def draw(self, which: object, arguments: list[Value], span: Span) -> Value:
        """Return a random number."""

    def drawing(self, which: object) -> Callable[[list[Value], Span], Value]:
        return lambda arguments, span: self.draw(which, arguments, span)

    def apply(self, node: syntax.Apply) -> Value:
        method = self.list_method(node)
        if method is not None:
            return method
        function = self.value(node.function)
        if isinstance(function, ObjectValue) and function.value in (list, *FOLDS):
            folded = self.fold_generator(function, node)
            if folded is not None:
                return folded
        arguments = self.argument_values(function, node)
        keywords = {name: self.value(v) for name, v in node.keywords}
        given = [*arguments, *keywords.values()]
        if isinstance(function, ErrorValue) or any(isinstance(g, ErrorValue) for g in given):
            return ErrorValue()
        if isinstance(function, FunctionValue):
            return self.invoke(function, arguments, keywords, node.span)
        if not isinstance(function, ObjectValue):
            hint = "only functions can be called; write `*` to multiply"
            if isinstance(function, (ArrayValue, ListValue)):
                hint = hint_for(function)
            return self.error(node.span, f"{describe(function)} cannot be called", hint)
        return self.apply_object(function, arguments, keywords, node.span)

    def argument_values(self, function: Value, node: syntax.Apply) -> list[Value]:
        """Return the arguments; a uint parameter takes literals that no int can hold."""
        if not isinstance(function, ObjectValue):
            return [self.value(a) for a in node.arguments]
        if vector_load(function.value):
            return [self.load_argument(a) for a in node.arguments]
        found = [self.uint_literal(a) for a in node.arguments]
        takes_uint = function.value is np.uint32
        if find_row(function.value) is not None:
            takes_uint = any(
                isinstance(v, NUMBERS) and v.type == UINT and not is_wide(a)
                for v, a in zip(found, node.arguments)
            )
        if not takes_uint:
            found = [self.value(a) if is_wide(a) else v for v, a in zip(found, node.arguments)]
        return found

    def load_argument(self, node: syntax.Expr) -> Value:
        """Return an argument of ``vec3.load``: of its indices the written constants are known."""
        value = self.value(node)
        if not isinstance(value, NUMBERS):
            return value
        if is_written(node):
            return fold_operators(value)
        return self.variable_of(value) if isinstance(value, nodes.Constant) else value

    def used_call(self, node: syntax.Apply) -> Value:
        """Return the value of a call, which must have one."""
        value = self.apply(node)
        if value != TupleValue(()):
            return value
        hint = "call it on a line of its own, or end it with a return"
        name = source_text(node.function.span) or "the function"
        return self.error(node.span, f"`{name}` returns no value", hint)

    def list_method(self, node: syntax.Apply) -> Value | None:
        """Report the call of a list's method."""
        target = node.function
        if isinstance(target, syntax.Attribute) and isinstance(target.value, syntax.Local):
            value = self.value(target.value)
            if isinstance(value, ListValue):
                hint = LIST_METHODS.get(target.name, "assign to its elements: xs[i] = value")
                return self.error(node.span, f"a list has no method `{target.name}` here", hint)
        return None

    def apply_object(
        self, function: ObjectValue, arguments: list[Value], keywords: dict[str, Value], span: Span
    ) -> Value:
        target = function.value
        row = find_row(target)
        if row is not None:
            return self.apply_row(row, function, arguments, keywords, span)
        if isinstance(target, types.FunctionType) and target not in self.forms:
            return self.invoke(target, arguments, keywords, span)
        if target is sum and list(keywords) == ["start"]:
            arguments = [*arguments, keywords.pop("start")]
        if keywords:
            message = f"`{function.name}` takes no keyword arguments"
            return self.error(span, message, "pass the value by position")
        return self.apply_form(function, arguments, span)

    def apply_form(self, function: ObjectValue, arguments: list[Value], span: Span) -> Value:
        """Return the call of an object that has a meaning of its own."""
        target = function.value
        if isinstance(target, type) and target in CASTS:
            return self.apply_cast(function.name, CASTS[target], arguments, span)
        if target in VECTORS:
            return self.construct(VECTORS[target], arguments, span)
        if vector_load(target):
            return self.load_vector(vector_load(target), arguments, span, self.element_at(span))
        form = self.forms.get(target)
        if form is not None:
            return form(arguments, span)
        if target in FOLDS:
            return self.apply_fold(function, arguments, span)
        if target in _ITERATORS:
            name = function.name
            return self.error(
                span, f"{name}() can only be looped over", f"write `for i in {name}(...)`"
            )
        hint = "use the functions of `math` and `gpukernel`, or a plain Python function"
        return self.error(span, f"`{function.name}` cannot be called in a kernel", hint)

    # ------------------------------------------------------------ special forms

    def element_at(self, span: Span) -> Callable[[ArrayValue, list[Value]], Value]:
        return lambda array, indices: self.element(span, array, [(i, span) for i in indices])

    def apply_index(self, arguments: list[Value], span: Span) -> Value:
        if arguments:
            return self.error(span, "index() takes no arguments", "unpack it: i, j = index()")
        axes = tuple(nodes.GridIndex(axis, INT, span) for axis in range(self.grid_rank))
        return axes[0] if self.grid_rank == 1 else TupleValue(axes)

    def apply_len(self, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 1:
            message = f"len() takes one argument, got {len(arguments)}"
            return self.error(span, message, "write len(a) with one array, list or tuple")
        (value,) = arguments
        if isinstance(value, ArrayValue):
            return self.extents(value, span)[0]
        length = constant_length(value)
        if length is not None:
            return constant(length, span)
        hint = "len() takes an array, list or tuple"
        return self.error(span, f"{describe(value)} has no length", hint)

    def apply_divmod(self, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 2:
            message = f"divmod() takes two arguments, got {len(arguments)}"
            return self.error(span, message, "write divmod(x, y)")
        left, right = (self.once(a) if isinstance(a, NUMBERS) else a for a in arguments)
        quotient = self.call(BINARY["//"], [left, right], span)
        if isinstance(quotient, ErrorValue):
            return quotient
        return TupleValue((quotient, self.call(BINARY["%"], [left, right], span)))

    def apply_list(self, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 1:
            message = f"list() takes one argument, got {len(arguments)}"
            return self.error(span, message, "write list(xs), or [0.0] * n for a new list")
        return self.copied(arguments[0], span)

    def apply_cast(self, name: str, kind: Scalar, arguments: list[Value], span: Span) -> Value:
        if len(arguments) != 1:
            message = f"{name}() takes one number, got {len(arguments)}"
            return self.error(span, message, f"write {name}(x)")
        number = self.as_number(arguments[0], span, f"the argument of {name}()")
        if kind == UINT and number is not None and is_negative(number):
            hint = f"write {int(number.value) % (UINT_MAX + 1)}, the uint of the same bits"
            return self.no_uint(number, hint)
        return ErrorValue() if number is None else replace(cast(number, kind), span=span)

    # ------------------------------------------------------------ folds

    def fold_generator(self, function: ObjectValue, node: syntax.Apply) -> Value | None:
        """Return a fold of a generator expression or a range; None if it is of something else."""
        starts = [*node.arguments[1:], *(v for name, v in node.keywords if name == "start")]
        if not node.arguments or len(starts) > (function.value is sum):
            return None
        given, fold = node.arguments[0], function.value
        if _is_iterator(given):
            name = f"each@{function.name}"
            target, element = syntax.TargetName(name, given.span), syntax.Local(name, given.span)
            given = syntax.Comprehension(element, target, given, (), False, given.span)
        if not isinstance(given, syntax.Comprehension):
            return None
        if isinstance(given.element, syntax.Comprehension) and not given.element.is_list:
            if fold is list:
                hint = "nest the lists: [[... for j in range(3)] for i in range(3)]"
                return self.error(node.span, "list() takes a generator with one `for`", hint)
            inner = syntax.Apply(node.function, (given.element,), (), node.span)
            given = replace(given, element=inner)  # several `for`: a fold of folds
        if fold is list or given.is_list:
            listed = self.comprehended(given)
            if isinstance(listed, ErrorValue) or fold is list:
                return listed
            return self.apply_fold(function, [listed, *map(self.value, starts)], node.span)
        return self.fold_elements(fold, given, starts, node.span)

    def fold_elements(
        self, fold: object, given: syntax.Comprehension, starts: Sequence[syntax.Expr], span: Span
    ) -> Value:
        """Return a fold of a generator that is not kept as a list."""
        row = find_row(fold)
        if row is not None:  # min, max
            return self.extreme(given, row)
        if fold in (any, all):
            return self.decide(given, fold is any)
        start, combine = self.fold_step(fold, span)
        if starts:
            number = self.number(starts[0], "the start of sum()")
            start = start if number is None else number
        return self.accumulate(given, start, combine)

    def fold_step(
        self, fold: object, span: Span
    ) -> tuple[nodes.Expr, Callable[[nodes.Expr, nodes.Expr], Value]]:
        """Return where ``sum``, ``any`` or ``all`` starts, and how it takes one more element."""
        if fold is sum:
            return constant(0, span), lambda total, x: self.call(BINARY["+"], [total, x], span)
        symbol = "or" if fold is any else "and"
        return nodes.Constant(fold is all, BOOL, span), lambda total, x: nodes.Logical(
            symbol, cast(total, BOOL), cast(x, BOOL), BOOL, span
        )

    def apply_fold(self, function: ObjectValue, arguments: list[Value], span: Span) -> Value:
        """Return ``sum(xs)``, ``min(xs)`` and the like of the elements of a list or tuple."""
        start = None
        if function.value is sum and len(arguments) == 2:
            start = self.as_number(arguments.pop(), span, "the start of sum()")
        elements = self.elements_of(arguments[0], span) if len(arguments) == 1 else None
        if elements is None:
            hint = f"write {function.name}(xs) with a list or tuple"
            got = " and ".join(describe(a) for a in arguments) or "nothing"
            if len(arguments) == 1 and isinstance(arguments[0], ArrayValue):
                name = arguments[0].array.name
                hint = f"write {function.name}({name}[i] for i in range(len({name})))"
            return self.error(span, f"{function.name}() takes a list or tuple, not {got}", hint)
        row = find_row(function.value)
        if row is not None:  # min, max
            result = elements[0]
            for element in elements[1:]:
                result = self.call(row, [result, element], span)
            return result
        total, combine = self.fold_step(function.value, span)
        total = total if start is None else start
        for element in elements:
            number = self.as_number(element, span, f"an element of {function.name}()")
            combined = ErrorValue() if number is None else combine(total, number)
            if not isinstance(combined, NUMBERS):
                return ErrorValue()
            total = combined
        return total

    def elements_of(self, value: Value, span: Span) -> Sequence[Value] | None:
        """Return the elements of a list, tuple or vector one by one."""
        if isinstance(value, ListValue):
            return [self.item(value, constant(i, span), span) for i in range(value.type.size)]
        return parts(value)

    # ------------------------------------------------------------ table rows

    def apply_row(
        self,
        row: Row,
        function: ObjectValue,
        arguments: list[Value],
        keywords: dict[str, Value],
        span: Span,
    ) -> Value:
        name = function.name
        ordered = list(arguments)
        for parameter in row.parameters[len(arguments) :]:
            if parameter not in keywords:
                break
            ordered.append(keywords.pop(parameter))
        for position, parameter in enumerate(row.parameters[len(ordered) :], len(ordered)):
            default = row.defaults[position] if row.defaults else None
            if default is None:
                break
            given = keywords.pop(parameter, None)
            ordered.append(constant(default, span) if given is None else given)
        if keywords:
            wrong = next(iter(keywords))
            message = f"`{name}` has no parameter `{wrong}`"
            if wrong in row.parameters:
                twice = row.parameters.index(wrong) < len(arguments)
                problem = "is given twice" if twice else "is given, but not all before it are"
                message = f"parameter `{wrong}` of `{name}` {problem}"
            return self.error(span, message, f"write {signature_text(row)}")
        if function.value in (min, max) and len(ordered) == 1:
            return self.apply_fold(function, ordered, span)
        if any(isinstance(a, VectorValue) for a in ordered) and not _maps(function.value):
            vector = next(a for a in ordered if isinstance(a, VectorValue))
            message = f"`{name}` takes numbers, not {describe(vector)}"
            hint = vector_hint(row.name.removeprefix("np."))
            return self.error(span, message, hint)
        if row.symbol:
            return self.apply_operator(row, ordered, span)
        return self.call(row, ordered, span)

    def apply_operator(self, row: Row, arguments: list[Value], span: Span) -> Value:
        """Return ``pow(x, y)`` or ``operator.add(x, y)``, as the symbol itself would give."""
        if row is BINARY["**"] and len(arguments) == 2:
            return self.operator("**", arguments[0], arguments[1], span)
        if row is BINARY["**"]:
            message = f"`pow` takes two arguments in a kernel, got {len(arguments)}"
            return self.error(span, message, "write pow(x, y)")
        return self.call(row, arguments, span)


def _is_iterator(node: syntax.Expr) -> bool:
    """Whether an expression is a call of ``range``, ``enumerate``, ``zip`` or ``reversed``."""
    if not isinstance(node, syntax.Apply) or not isinstance(node.function, syntax.Global):
        return False
    return node.function.value in _ITERATORS


def _maps(function: object) -> bool:
    """Whether a function takes vectors under CPython too, component by component."""
    if function is abs or function is pow or isinstance(function, np.ufunc):
        return True
    module = getattr(function, "__module__", "")
    return module in (functions.__name__, "_operator", "operator")


def vector_hint(name: str) -> str:
    """Return what does for vectors what a function of numbers does."""
    known = {"min": "minimum", "max": "maximum", "round": "rint", "pow": "power"}.get(name, name)
    if isinstance(getattr(np, known, None), np.ufunc):
        return f"use np.{known}, which takes vectors"
    return f"apply it to each component: vec2({name}(v.x), {name}(v.y))"
