"""What can be looped over: ranges, lists, tuples, vectors, and enumerate, zip and reversed of them.

Everything but a plain ``range`` becomes a counted loop that reads one element an iteration.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from gpukernel.errors import Span
from gpukernel.frontend.infer_expressions import ExpressionInference
from gpukernel.frontend.resolve import MISSING
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    ListValue,
    TupleValue,
    Value,
    describe,
    parts,
    scalar_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, INT, ErrorType, ListType, Scalar, join
from gpukernel.records import record

Bounds = tuple[nodes.Expr, nodes.Expr, nodes.Expr]
# What a loop over a generator gives: the variable, its start, and what each element does to it.
Reduced = tuple[nodes.Name, nodes.Assign, tuple[nodes.Stmt, ...]]


@record(frozen=True)
class Iteration:
    """``bounds`` of the counter, and what the loop variable is for a value of the counter."""

    bounds: Bounds
    element: Callable[[nodes.Expr], Value]

    @property
    def is_natural(self) -> bool:
        """Whether the counter is known never to be negative."""
        start, _, step = self.bounds
        if not isinstance(start, nodes.Constant) or not isinstance(step, nodes.Constant):
            return False
        return start.value >= 0 and step.value > 0

    @property
    def count(self) -> int | None:
        """The number of iterations, where it is a constant."""
        known = [b.value for b in self.bounds if isinstance(b, nodes.Constant)]
        return len(range(*map(int, known))) if len(known) == len(self.bounds) else None


class LoopInference(ExpressionInference):
    """Iteration and comprehensions of a function's inference."""

    def iteration(self, node: syntax.Expr) -> Iteration | None:
        """Return how to loop over an expression; None after reporting that one cannot."""
        if isinstance(node, syntax.Apply) and isinstance(node.function, syntax.Global):
            function = node.function.value
            if function is MISSING:
                return None
            if function is range:
                bounds = self.range_arguments(node)
                return None if bounds is None else Iteration(bounds, lambda counter: counter)
            if function is enumerate:
                return self.enumerated(node)
            if function is zip:
                return self.zipped(node)
            if function is reversed:
                return self.reversed(node)
        return self.over_value(self.value(node), node.span)

    def over_value(self, value: Value, span: Span) -> Iteration | None:
        """Return how to loop over the elements of a list, tuple or vector."""
        elements = parts(value)
        if elements is not None:
            value = self.listed(elements, span)
        if isinstance(value, ListValue):
            listed = value
            bounds = constant(0, span), constant(listed.type.size, span), constant(1, span)
            return Iteration(bounds, lambda counter: self.item(listed, counter, span))
        if not isinstance(value, ErrorValue):
            hint = "write `for i in range(...)`"
            if isinstance(value, ArrayValue):
                hint = f"write `for i in range(len({value.array.name}))`"
            self.error(span, f"cannot loop over {describe(value)}", hint)
        return None

    def listed(self, elements: tuple[Value, ...], span: Span) -> Value:
        """Return the elements of a tuple as a list."""
        kind = self.joined(elements)
        if kind is not None and not isinstance(kind, ErrorType) and elements:
            return self.table(elements, span)
        if any(isinstance(e, ErrorValue) for e in elements):
            return ErrorValue()
        if not elements:
            return self.error(span, "cannot loop over an empty tuple", "remove the loop")
        hint = "write the body once for each element, in a function that is called with each"
        return self.error(span, "cannot loop over a tuple of values of different kinds", hint)

    # ------------------------------------------------------------ enumerate, zip, reversed

    def enumerated(self, node: syntax.Apply) -> Iteration | None:
        given = [*node.arguments, *(v for name, v in node.keywords if name == "start")]
        if not 1 <= len(given) <= 2:
            message = "enumerate() takes one list, tuple or range, and a start"
            self.error(node.span, message, "write `for i, x in enumerate(xs)`")
            return None
        start: nodes.Expr | None = constant(0, node.span)
        if len(given) == 2:
            start = self.number(given[1], "the start of enumerate()")
        inner = self.from_zero(self.iteration(given[0]), node.span)
        if inner is None or start is None:
            return None
        first = self.once(cast(start, INT))

        def element(counter: nodes.Expr) -> Value:
            number = self.call(BINARY["+"], [first, counter], node.span)
            return TupleValue((number, inner.element(counter)))

        return Iteration(inner.bounds, element)

    def zipped(self, node: syntax.Apply) -> Iteration | None:
        found = [self.from_zero(self.iteration(a), node.span) for a in node.arguments]
        inner = [i for i in found if i is not None]
        if len(inner) != len(found):
            return None
        if not inner or node.keywords:
            message = "zip() takes lists, tuples and ranges"
            self.error(node.span, message, "write `for x, y in zip(xs, ys)`")
            return None
        stop = inner[0].bounds[1]
        for other in inner[1:]:
            shorter = self.scalar_call(COMPARE["<"], [other.bounds[1], stop], node.span)
            if not isinstance(shorter, nodes.Constant):
                choice = nodes.Select(shorter, other.bounds[1], stop, INT, node.span)
                stop = self.once(choice)
            elif shorter.value:
                stop = other.bounds[1]
        bounds = constant(0, node.span), stop, constant(1, node.span)
        return Iteration(
            bounds, lambda counter: TupleValue(tuple(i.element(counter) for i in inner))
        )

    def reversed(self, node: syntax.Apply) -> Iteration | None:
        if len(node.arguments) != 1 or node.keywords:
            message = "reversed() takes one list, tuple or range"
            self.error(node.span, message, "write `for x in reversed(xs)`")
            return None
        inner = self.from_zero(self.iteration(node.arguments[0]), node.span)
        if inner is None:
            return None
        one = constant(1, node.span)
        last = self.once(self.scalar_call(BINARY["-"], [inner.bounds[1], one], node.span))

        def element(counter: nodes.Expr) -> Value:
            return inner.element(self.scalar_call(BINARY["-"], [last, counter], node.span))

        return Iteration(inner.bounds, element)

    def from_zero(self, iteration: Iteration | None, span: Span) -> Iteration | None:
        """Return the same iteration with a counter that runs from 0 by 1."""
        if iteration is None:
            return None
        start, stop, step = iteration.bounds
        zero, one = constant(0, span), constant(1, span)
        if _is_constant(start, 0) and _is_constant(step, 1):
            return iteration
        count: nodes.Expr
        if iteration.count is not None:
            count = constant(iteration.count, span)
        else:
            start, stop, step = self.once(start), self.once(stop), self.once(step)
            count = self.once(self.trip_count(start, stop, step, span))

        def element(counter: nodes.Expr) -> Value:
            offset = self.scalar_call(BINARY["*"], [counter, step], span)
            return iteration.element(self.scalar_call(BINARY["+"], [start, offset], span))

        return Iteration((zero, count, one), element)

    def trip_count(
        self, start: nodes.Expr, stop: nodes.Expr, step: nodes.Expr, span: Span
    ) -> nodes.Expr:
        """Return ``max(0, (stop - start + step - sign) // step)``, 0 for a step of 0."""
        zero, one = constant(0, span), constant(1, span)
        up = self.scalar_call(COMPARE[">"], [step, zero], span)
        sign = nodes.Select(up, one, constant(-1, span), INT, span)
        distance = self.scalar_call(BINARY["-"], [stop, start], span)
        padded = self.scalar_call(BINARY["-"], [distance, sign], span)
        padded = self.scalar_call(BINARY["+"], [padded, step], span)
        count = self.once(self.scalar_call(BINARY["//"], [padded, step], span))
        positive = self.scalar_call(COMPARE[">"], [count, zero], span)
        return nodes.Select(positive, count, zero, INT, span)

    # ------------------------------------------------------------ range

    def range_arguments(self, node: syntax.Apply) -> Bounds | None:
        if node.keywords or not 1 <= len(node.arguments) <= 3:
            hint = "write range(start, stop, step)"
            self.error(node.span, "range() takes one to three ints", hint)
            return None
        found: list[nodes.Expr] = []
        for argument in node.arguments:
            number = self.number(argument, "a bound of range()")
            if number is not None and number.type not in (BOOL, INT):
                hint = "convert it with int(...)"
                message = f"a bound of range() must be an int, not {number.type}"
                self.error(argument.span, message, hint)
            elif number is not None:
                found.append(cast(number, INT))
        if len(found) != len(node.arguments):
            return None
        if len(found) == 1:
            found.insert(0, constant(0, node.span))
        if len(found) == 2:
            found.append(constant(1, node.span))
        start, stop, step = found
        if isinstance(step, nodes.Constant) and step.value == 0:
            message = "the step of range() must not be zero"
            self.error(node.arguments[2].span, message, "use 1 or -1")
            return None
        return start, stop, step

    # ------------------------------------------------------------ comprehensions

    def comprehension(self, node: syntax.Comprehension, into: str | None = None) -> Value:
        if not node.is_list:
            hint = "use it inside sum(), min(), max(), any() or all(), or write a list"
            return self.error(node.span, "a generator expression is not a value here", hint)
        return self.comprehended(node, into)

    def comprehended(self, node: syntax.Comprehension, into: str | None = None) -> Value:
        """Return the list of a comprehension's elements."""
        iteration = self.iteration(node.iterable)
        if iteration is None:
            return ErrorValue()
        start, stop, step = map(self.constant_of, iteration.bounds)
        iteration = Iteration((start, stop, step), iteration.element)
        count = iteration.count
        if count is None or node.conditions:
            message = "a comprehension needs a length that is known before the launch"
            hint = "use a constant range, or accumulate in a for loop"
            if node.conditions:
                message = "a comprehension with `if` has no constant length"
                hint = "write a for loop, or use sum(... for ... if ...)"
            return self.error(node.span, message, hint)
        if count == 0:
            return self.list_of([], node.span)
        from_zero = self.from_zero(iteration, node.span)
        assert from_zero is not None
        counter = nodes.Name(self.temporary(INT), INT, node.span)
        self.naturals.add(counter.name)
        element, body = self.aside(lambda: self.loop_element(node, from_zero, counter))
        kind = None if isinstance(element, ErrorValue) else self.element_type([element], node.span)
        if kind is None:
            return ErrorValue()
        made = self.new_list(ListType(kind, count), into, node.span)
        if not isinstance(made, ListValue):
            return made
        _, stores = self.aside(lambda: self.set_item(made, counter, element, node.span))
        self.emit(nodes.For(counter.name, *from_zero.bounds, (*body, *stores), node.span))
        return made

    def loop_element(
        self, node: syntax.Comprehension, iteration: Iteration, counter: nodes.Expr
    ) -> Value:
        """Bind the comprehension's variable and return its element."""
        self.begin_iteration(node, iteration.element(counter))
        return self.value(node.element)

    def begin_iteration(self, node: syntax.Comprehension, element: Value) -> None:
        """Emit what every iteration of a comprehension begins with."""
        self.count_iteration(node.span)
        self.store_loop_target(node.target, element)

    @abstractmethod
    def count_iteration(self, span: Span) -> None:
        """Count an iteration of a kernel with ``max_iterations``."""

    @abstractmethod
    def store_loop_target(self, target: syntax.Target, value: Value) -> None:
        """Bind the variable of a loop to an element."""

    def accumulate(
        self,
        node: syntax.Comprehension,
        start: nodes.Expr,
        combine: Callable[[nodes.Expr, nodes.Expr], Value],
    ) -> Value:
        """Return ``start`` combined with every element of a generator, of any length."""

        def add(number: nodes.Expr) -> Reduced | None:
            kind = join(scalar_of(start), scalar_of(number))
            if not isinstance(kind, Scalar):
                return None
            total = nodes.Name(self.temporary(kind), kind, node.span)
            combined, more = self.aside(lambda: combine(total, number))
            if not isinstance(combined, NUMBERS):
                return None
            first = nodes.Assign(total.name, cast(start, kind), node.span)
            return total, first, (*more, nodes.Assign(total.name, cast(combined, kind), node.span))

        return self.reduce(node, add)

    def decide(self, node: syntax.Comprehension, wanted: bool) -> Value:
        """Return ``any`` (True is wanted) or ``all`` (False is) of a generator.

        As in Python nothing after the element that decides is evaluated.
        """

        def check(number: nodes.Expr) -> Reduced | None:
            found = nodes.Name(self.temporary(BOOL), BOOL, node.span)
            first, last = (
                nodes.Assign(found.name, nodes.Constant(value, BOOL, node.span), node.span)
                for value in (not wanted, wanted)
            )
            decides = cast(number, BOOL)
            if not wanted:
                decides = self.scalar_call(UNARY["not"], [decides], node.span)
            return found, first, (nodes.If(decides, (last, nodes.Break(node.span)), (), node.span),)

        return self.reduce(node, check)

    def extreme(self, node: syntax.Comprehension, row: Row) -> Value:
        """Return ``min`` or ``max`` of a generator of any length, 0 of one without elements."""

        def choose(number: nodes.Expr) -> Reduced | None:
            kind = scalar_of(number)
            best = nodes.Name(self.temporary(kind), kind, node.span)
            seen = nodes.Name(self.temporary(BOOL), BOOL, node.span)
            held, before = self.aside(lambda: self.once(number))
            better, more = self.aside(lambda: self.call(row, [best, held], node.span))
            if not isinstance(better, NUMBERS):
                return None
            not_yet, now = (nodes.Constant(value, BOOL, node.span) for value in (False, True))
            self.emit(nodes.Assign(seen.name, not_yet, node.span))
            first = nodes.Assign(best.name, cast(constant(0, node.span), kind), node.span)
            chosen = nodes.Select(seen, cast(better, kind), held, kind, node.span)
            keep = nodes.Assign(best.name, chosen, node.span)
            return best, first, (*before, *more, keep, nodes.Assign(seen.name, now, node.span))

        return self.reduce(node, choose)

    def reduce(
        self, node: syntax.Comprehension, take: Callable[[nodes.Expr], Reduced | None]
    ) -> Value:
        """Return what a loop over a generator makes of its elements; see `Reduced`."""
        iteration = self.iteration(node.iterable)
        if iteration is None:
            return ErrorValue()
        counter = nodes.Name(self.temporary(INT), INT, node.span)
        _, before = self.aside(lambda: self.begin_iteration(node, iteration.element(counter)))
        condition, tests = self.aside(lambda: self.all_conditions(node))
        element, body = self.aside(lambda: self.value(node.element))
        number = self.as_number(element, node.element.span, "an element of the generator")
        taken = None if number is None or condition is None else take(number)
        if taken is None or condition is None:
            return ErrorValue()
        result, first, last = taken
        step = (*body, *last)
        if node.conditions:
            step = (nodes.If(condition, step, (), node.span),)
        self.emit(first)
        inner = (*before, *tests, *step)
        self.emit(nodes.For(counter.name, *iteration.bounds, inner, node.span))
        return result

    def all_conditions(self, node: syntax.Comprehension) -> nodes.Expr | None:
        found = [self.truth(condition) for condition in node.conditions]
        always = nodes.Constant(True, BOOL, node.span)
        return self.logical("and", found, node.span) if found else always


def _is_constant(number: nodes.Expr, value: int) -> bool:
    return isinstance(number, nodes.Constant) and number.value == value


def constant_length(value: Value) -> int | None:
    """Return the number of elements of a list, tuple or vector."""
    if isinstance(value, ListValue):
        return value.type.size
    inner = parts(value)
    return None if inner is None else len(inner)
