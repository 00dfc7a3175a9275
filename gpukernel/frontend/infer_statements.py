"""Control flow: branches, loops, assertions, and the walk over statements."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

from gpukernel.errors import KernelSyntaxError, Span
from gpukernel.frontend.infer_assignments import AssignmentInference
from gpukernel.frontend.values import (
    NUMBERS,
    ErrorValue,
    TupleValue,
    Value,
    scalar_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import constant
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.types import (
    BOOL,
    INT,
)

STEPS = "%steps"  # the hidden count of loop iterations, see `Kernel`'s max_iterations


class StatementInference(AssignmentInference):
    """The statements of a function's inference."""

    max_iterations: int | None

    def __init__(self) -> None:
        super().__init__()
        self.broken: list[str | None] = []  # the flag that each loop's `break` sets

    @abstractmethod
    def returned(self, node: syntax.Return) -> None:
        """Emit a return."""

    def statement(self, node: syntax.Stmt) -> None:
        match node:
            case syntax.Assign():
                self.assign(node)
            case syntax.Augmented():
                self.augmented(node)
            case syntax.If():
                self.branch(node)
            case syntax.For():
                self.for_loop(node)
            case syntax.While():
                self.while_loop(node)
            case syntax.Return():
                self.returned(node)
            case syntax.Define():
                target = syntax.TargetName(node.function.name, node.span)
                self.store(target, self.define(node.function))
            case _:
                self.simple_statement(node)

    def simple_statement(self, node: syntax.Stmt) -> None:
        match node:
            case syntax.Assert():
                self.assertion(node)
            case syntax.Evaluate():
                self.evaluated(node)
            case syntax.Break():
                flag = self.broken[-1]
                if flag is not None:
                    true = nodes.Constant(True, BOOL, node.span)
                    self.emit(nodes.Assign(flag, true, node.span))
                self.emit(nodes.Break(node.span))
            case syntax.Continue():
                self.emit(nodes.Continue(node.span))

    def nested(self, statements: Sequence[syntax.Stmt]) -> tuple[nodes.Stmt, ...]:
        """Return the statements of an inner block."""

        def walk() -> None:
            for statement in statements:
                self.statement(statement)

        return self.aside(walk)[1]

    def branch(self, node: syntax.If) -> None:
        condition = self.truth(node.condition)
        then, otherwise = self.nested(node.then), self.nested(node.otherwise)
        if condition is not None:
            self.emit(nodes.If(condition, then, otherwise, node.span))

    def assertion(self, node: syntax.Assert) -> None:
        condition = self.truth(node.condition)
        if condition is not None and self.debug:
            message = f": {node.message}" if node.message else ""
            text = f"an assertion failed{message}".replace("{", "{{").replace("}", "}}")
            number = self.failure("assert", text, node.span)
            self.emit(nodes.Check(condition, number, (), node.span))

    def evaluated(self, node: syntax.Evaluate) -> None:
        """Walk a call whose value is not used: it must be there for the lists it changes."""
        before = self.num_list_calls
        value = self.apply(node.value)
        is_procedure = isinstance(value, TupleValue) and not value.elements
        if isinstance(value, ErrorValue) or is_procedure or self.num_list_calls > before:
            return
        hint = "assign it to a variable or return it"
        message = "the value of this expression is not used"
        self.error(node.span, message, hint, KernelSyntaxError)

    # ------------------------------------------------------------ loops

    def for_loop(self, node: syntax.For) -> None:
        iteration = self.iteration(node.iterable)
        counter, plain = self.counter(node, iteration is not None)

        def walk() -> None:
            self.count_iteration(node.span)
            if iteration is None:
                self.poison(node.target)
            elif not plain:
                element = iteration.element(nodes.Name(counter, INT, node.span))
                self.store_loop_target(node.target, element)
            for statement in node.body:
                self.statement(statement)

        if iteration is not None and plain:
            element = iteration.element(nodes.Name(counter, INT, node.span))
            plain = isinstance(element, nodes.Name) and element.name == counter
            if not plain:
                counter = self.temporary(INT)
        is_counter_only = counter.startswith("$") or self.is_own(counter)
        if iteration is not None and iteration.is_natural and is_counter_only:
            self.naturals.add(counter)
        body = self.loop_body(node, walk)
        if iteration is not None:
            self.emit(nodes.For(counter, *iteration.bounds, body, node.span))
        self.after_loop(node)

    def counter(self, node: syntax.For, is_loop: bool) -> tuple[str, bool]:
        """Return the variable that counts, and whether it is the loop's own."""
        target = node.target
        is_name = isinstance(target, syntax.TargetName) and target.name not in self.unread
        if is_name and is_loop and _is_range(node.iterable):
            assert isinstance(target, syntax.TargetName)
            kind = self.widen(target, nodes.Constant(0, INT, target.span))
            if kind == INT:
                return target.name, True
        return self.temporary(INT), False

    def store_loop_target(self, target: syntax.Target, value: Value) -> None:
        if isinstance(target, syntax.TargetTuple) and isinstance(value, NUMBERS):
            hint = "write one loop variable, or loop over zip(...) or enumerate(...)"
            count = len(target.elements)
            message = f"this loop gives one {scalar_of(value)} each time, not {count} values"
            self.error(target.span, message, hint)
            self.poison(target)
            return
        self.store(target, value)

    def while_loop(self, node: syntax.While) -> None:
        condition, before = self.aside(lambda: self.truth(node.condition))

        def walk() -> None:
            self.count_iteration(node.span)
            if before and condition is not None:
                self.block += before
                stop = self.scalar_call(UNARY["not"], [condition], node.span)
                self.emit(nodes.If(stop, (nodes.Break(node.span),), (), node.span))
            for statement in node.body:
                self.statement(statement)

        body = self.loop_body(node, walk)
        if condition is not None:
            always = nodes.Constant(True, BOOL, node.span)
            self.emit(nodes.While(always if before else condition, body, node.span))
        self.after_loop(node)

    def loop_body(
        self, node: syntax.For | syntax.While, walk: Callable[[], None]
    ) -> tuple[nodes.Stmt, ...]:
        """Return the statements of a loop; its ``else`` needs to know whether it was left."""
        flag = None
        if node.otherwise:
            flag = self.temporary(BOOL)
            self.emit(nodes.Assign(flag, nodes.Constant(False, BOOL, node.span), node.span))
        self.broken.append(flag)
        return self.aside(walk)[1]

    def after_loop(self, node: syntax.For | syntax.While) -> None:
        flag = self.broken.pop()
        if flag is not None:
            left = nodes.Name(flag, BOOL, node.span)
            self.emit(nodes.If(left, (), self.nested(node.otherwise), node.span))

    def count_iteration(self, span: Span) -> None:
        """Count an iteration of a kernel with ``max_iterations``, and fail past the limit."""
        if self.max_iterations is None:
            return
        one, limit = constant(1, span), constant(self.max_iterations, span)
        count = self.scalar_call(BINARY["+"], [self.state(STEPS), one], span)
        self.emit(nodes.Assign(STEPS, count, span))
        within = self.scalar_call(COMPARE["<="], [self.state(STEPS), limit], span)
        message = f"a cell ran more than max_iterations={self.max_iterations} loop iterations"
        number = self.failure("iterations", message, span)
        self.emit(nodes.Check(within, number, (), span))
        beyond = self.scalar_call(COMPARE[">"], [self.state(STEPS), limit], span)
        self.emit(nodes.If(beyond, (nodes.Break(span),), (), span))


def _is_range(node: syntax.Expr) -> bool:
    if not isinstance(node, syntax.Apply) or not isinstance(node.function, syntax.Global):
        return False
    return node.function.value is range
