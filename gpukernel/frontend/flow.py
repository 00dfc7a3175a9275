"""Control flow of a surface function: is every name set where it is read, does every path return.

Reads the surface tree, reports diagnostics, and returns the tree without unreachable statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace

from gpukernel.errors import Diagnostic, KernelNameError, KernelSyntaxError, Span
from gpukernel.ir import syntax
from gpukernel.ir.walk import syntax_children


@dataclass
class _Loop:
    breaks: list[frozenset[str]] = field(default_factory=list)
    continues: list[frozenset[str]] = field(default_factory=list)


def check_flow(
    function: syntax.Function, *, is_kernel: bool = False, around: frozenset[str] = frozenset()
) -> tuple[syntax.Function, list[Diagnostic]]:
    """Return the function without dead statements, and what is wrong with its flow.

    A function other than a kernel may return nothing, everywhere: it changes lists.  ``around`` are
    the variables of the functions around a nested one.
    """
    flow = _Flow(function.name, around)
    params = frozenset((*(p.name for p in function.params), *function.outer))
    body, state = flow.block(function.body, params)
    returns_values = is_kernel or any(not is_bare(r) for r in flow.returns)
    if returns_values:
        for bare in filter(is_bare, flow.returns):
            hint = "return the value of this output cell"
            flow.diagnostics.append(
                Diagnostic(KernelSyntaxError, bare.span, "return needs a value", hint)
            )
    if state is not None and returns_values:
        flow.diagnostics.append(
            Diagnostic(
                KernelSyntaxError,
                function.span,
                f"`{function.name}` can end without returning a value",
                "end it with a return that every path reaches",
            )
        )
    return replace(function, body=body), flow.diagnostics


def is_bare(node: syntax.Return) -> bool:
    """Whether a return has no value."""
    return isinstance(node.value, syntax.Sequence) and node.value.span == node.span


def assigned_names(statements: tuple[syntax.Stmt, ...]) -> Iterator[syntax.TargetName]:
    """Yield every target that the statements assign, in source order."""
    for statement in statements:
        if isinstance(statement, syntax.Assign):
            for target in statement.targets:
                yield from target_names(target)
        elif isinstance(statement, syntax.Augmented):
            yield from target_names(statement.target)
        elif isinstance(statement, syntax.Define):
            yield syntax.TargetName(statement.function.name, statement.span)
        elif isinstance(statement, syntax.If):
            yield from assigned_names(statement.then)
            yield from assigned_names(statement.otherwise)
        elif isinstance(statement, (syntax.For, syntax.While)):
            if isinstance(statement, syntax.For):
                yield from target_names(statement.target)
            yield from assigned_names(statement.body)
            yield from assigned_names(statement.otherwise)


def target_names(target: syntax.Target) -> Iterator[syntax.TargetName]:
    """Yield the names that an assignment to the target binds."""
    if isinstance(target, syntax.TargetName):
        yield target
    elif isinstance(target, syntax.TargetTuple):
        for element in target.elements:
            yield from target_names(element)


def names_read(function: syntax.Function) -> set[str]:
    """Return the variables that are read anywhere in a function."""
    found: set[str] = set()
    for node in _nodes(function):
        if isinstance(node, syntax.Local):
            found.add(node.name)
        elif isinstance(node, syntax.Augmented) and isinstance(node.target, syntax.TargetName):
            found.add(node.target.name)
    return found


def comprehension_names(function: syntax.Function) -> set[str]:
    """Return the variables of a function's comprehensions, as they are written."""
    targets = (node.name for node in _nodes(function) if isinstance(node, syntax.TargetName))
    return {name.partition("@")[0] for name in targets if "@" in name}


def _nodes(function: syntax.Function) -> Iterator[object]:
    """Yield all that a function is written with."""
    pending: list[object] = [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending += node
        elif is_dataclass(node) and not isinstance(node, (syntax.Global, Span)):
            yield node
            pending += [getattr(node, field.name) for field in fields(node)]


def element_targets(
    statements: tuple[syntax.Stmt, ...],
) -> Iterator[syntax.TargetElement | syntax.TargetAttribute]:
    """Yield every target that is a part of something, in source order."""
    for statement in statements:
        if isinstance(statement, syntax.Assign):
            for target in statement.targets:
                yield from _parts(target)
        elif isinstance(statement, syntax.Augmented):
            yield from _parts(statement.target)
        elif isinstance(statement, syntax.If):
            yield from element_targets((*statement.then, *statement.otherwise))
        elif isinstance(statement, (syntax.For, syntax.While)):
            yield from element_targets((*statement.body, *statement.otherwise))


def _parts(target: syntax.Target) -> Iterator[syntax.TargetElement | syntax.TargetAttribute]:
    if isinstance(target, syntax.TargetTuple):
        for element in target.elements:
            yield from _parts(element)
    elif not isinstance(target, syntax.TargetName):
        yield target


def _meet(states: list[frozenset[str] | None]) -> frozenset[str] | None:
    reached = [s for s in states if s is not None]
    return frozenset.intersection(*reached) if reached else None


class _Flow:
    def __init__(self, name: str, around: frozenset[str]) -> None:
        self.name = name
        self.around = around
        self.diagnostics: list[Diagnostic] = []
        self.loops: list[_Loop] = []
        self.returns: list[syntax.Return] = []
        self.reported: set[tuple[str, Span]] = set()
        self.outer: dict[str, tuple[str, ...]] = {}  # what nested functions read of this one

    def block(
        self, statements: tuple[syntax.Stmt, ...], state: frozenset[str] | None
    ) -> tuple[tuple[syntax.Stmt, ...], frozenset[str] | None]:
        kept: list[syntax.Stmt] = []
        for statement in statements:
            if state is None:
                break
            new, state = self.statement(statement, state)
            kept.append(new)
        return tuple(kept), state

    def statement(
        self, node: syntax.Stmt, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        if isinstance(node, syntax.Assign):
            names = {n.name for target in node.targets for n in target_names(target)}
            if isinstance(node.value, syntax.Lambda):
                self.refuse_recursion(node.value, names - state)
            self.read(node.value, state)
            for target in node.targets:
                self.read_target(target, state)
            return node, state | names
        if isinstance(node, syntax.Augmented):
            if isinstance(node.target, syntax.TargetName):
                self.read(syntax.Local(node.target.name, node.target.span), state)
            self.read_target(node.target, state)
            self.read(node.value, state)
            return node, state | {n.name for n in target_names(node.target)}
        if isinstance(node, syntax.Define):
            return self.define(node, state)
        if isinstance(node, syntax.If):
            return self.branch(node, state)
        if isinstance(node, syntax.For):
            return self.for_loop(node, state)
        if isinstance(node, syntax.While):
            return self.while_loop(node, state)
        return self.leave(node, state)

    def leave(
        self, node: syntax.Stmt, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        if isinstance(node, syntax.Return):
            self.returns.append(node)
            self.read(node.value, state)
        elif isinstance(node, syntax.Evaluate):
            self.read(node.value, state)
            return node, state
        elif isinstance(node, syntax.Assert):
            self.read(node.condition, state)
            return node, state
        elif isinstance(node, syntax.Break):
            self.loops[-1].breaks.append(state)
        elif isinstance(node, syntax.Continue):
            self.loops[-1].continues.append(state)
        return node, None

    def branch(
        self, node: syntax.If, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        self.read(node.condition, state)
        then, after_then = self.block(node.then, state)
        otherwise, after_otherwise = self.block(node.otherwise, state)
        return replace(node, then=then, otherwise=otherwise), _meet([after_then, after_otherwise])

    def for_loop(
        self, node: syntax.For, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        self.read(node.iterable, state)
        loop = _Loop()
        self.loops.append(loop)
        names = {n.name for n in target_names(node.target)}
        body, end = self.block(node.body, state | names)
        self.loops.pop()
        at_end = _meet([end, *loop.continues]) if _runs_at_least_once(node.iterable) else state
        otherwise, after = self.block(node.otherwise, at_end)
        new = replace(node, body=body, otherwise=otherwise)
        return new, _meet([after, *loop.breaks])

    def while_loop(
        self, node: syntax.While, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        self.read(node.condition, state)
        loop = _Loop()
        self.loops.append(loop)
        body, _ = self.block(node.body, state)
        self.loops.pop()
        endless = isinstance(node.condition, syntax.Literal) and bool(node.condition.value)
        otherwise, after = self.block(node.otherwise, None if endless else state)
        return replace(node, body=body, otherwise=otherwise), _meet([after, *loop.breaks])

    def define(
        self, node: syntax.Define, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        function = node.function
        for parameter in function.params:
            if parameter.default is not None:
                self.read(parameter.default, state)
        self.outer[function.name] = function.outer
        around = state | {function.name}
        return replace(node, function=self.nested(function, around)), around

    def refuse_recursion(self, node: syntax.Lambda, names: frozenset[str] | set[str]) -> None:
        """Report a lambda that calls itself by the name that it is assigned to."""
        for name in names & set(node.function.outer):
            self.reported.add((name, node.span))  # that it has no value yet follows from this
            hint = "kernels cannot recurse; write the repetition as a loop"
            message = f"`{name}` calls itself"
            self.diagnostics.append(Diagnostic(KernelSyntaxError, node.span, message, hint))

    def nested(self, function: syntax.Function, around: frozenset[str]) -> syntax.Function:
        """Check a function inside this one; what it reads of this one is checked at its uses."""
        checked, diagnostics = check_flow(function, around=around)
        self.diagnostics += diagnostics
        return checked

    def read_target(self, target: syntax.Target, state: frozenset[str]) -> None:
        """Check what an assignment to a target reads."""
        if isinstance(target, syntax.TargetTuple):
            for element in target.elements:
                self.read_target(element, state)
        elif not isinstance(target, syntax.TargetName):
            self.read(target.value, state)
            for index in getattr(target, "indices", ()):
                self.read(index, state)

    def read(self, node: syntax.Expr, state: frozenset[str]) -> None:
        if isinstance(node, syntax.Local):
            for name in (node.name, *self.outer.get(node.name, ())):
                self.read_name(name, node.span, state)
        elif isinstance(node, syntax.Lambda):
            self.nested(node.function, state)
            for name in node.function.outer:
                self.read_name(name, node.span, state)
        for child in syntax_children(node):
            self.read(child, state)

    def read_name(self, name: str, span: Span, state: frozenset[str]) -> None:
        of_comprehension = "@" in name
        if name in state or of_comprehension or (name, span) in self.reported:
            return
        self.reported.add((name, span))
        message = f"`{name}` may be unset here"
        hint = f"give `{name}` a value before this line, on every path that leads here"
        if name in self.around:
            hint = (
                f"`{name}` is a variable of `{self.name}` because `{self.name}` assigns it; "
                "return the new value instead"
            )
        self.diagnostics.append(Diagnostic(KernelNameError, span, message, hint))


def _runs_at_least_once(iterable: syntax.Expr) -> bool:
    """Whether the iterable is ``range`` of literals, or a tuple or list, that is not empty."""
    if isinstance(iterable, (syntax.Sequence, syntax.ListDisplay)):
        return bool(iterable.elements)
    if isinstance(iterable, syntax.Local):
        return True  # a list, tuple or vector, and those are never empty
    if not isinstance(iterable, syntax.Apply) or not isinstance(iterable.function, syntax.Global):
        return False
    values = [a.value for a in iterable.arguments if isinstance(a, syntax.Literal)]
    whole = [v for v in values if isinstance(v, int)]
    if iterable.function.value is not range or len(whole) != len(iterable.arguments):
        return False
    return 1 <= len(whole) <= 3 and 0 not in whole[2:] and len(range(*whole)) > 0
