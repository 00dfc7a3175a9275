"""Control flow of a surface function: is every name set where it is read, does every path return.

Reads the surface tree, reports diagnostics, and returns the tree without unreachable statements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gpukernel.errors import Diagnostic, KernelNameError, KernelSyntaxError, Span
from gpukernel.ir import syntax
from gpukernel.ir.walk import syntax_children


@dataclass
class _Loop:
    breaks: list[frozenset[str]] = field(default_factory=list)
    continues: list[frozenset[str]] = field(default_factory=list)


def check_flow(function: syntax.Function) -> tuple[syntax.Function, list[Diagnostic]]:
    """Return the function without dead statements, and what is wrong with its flow."""
    flow = _Flow()
    params = frozenset(p.name for p in function.params)
    body, state = flow.block(function.body, params)
    if state is not None:
        flow.diagnostics.append(
            Diagnostic(
                KernelSyntaxError,
                function.span,
                f"`{function.name}` can end without returning a value",
                "end it with a return that every path reaches",
            )
        )
    return replace(function, body=body), flow.diagnostics


def assigned_names(statements: tuple[syntax.Stmt, ...]) -> Iterator[syntax.TargetName]:
    """Yield every target that the statements assign, in source order."""
    for statement in statements:
        if isinstance(statement, syntax.Assign):
            for target in statement.targets:
                yield from target_names(target)
        elif isinstance(statement, syntax.Augmented):
            yield statement.target
        elif isinstance(statement, syntax.If):
            yield from assigned_names(statement.then)
            yield from assigned_names(statement.otherwise)
        elif isinstance(statement, syntax.For):
            yield statement.target
            yield from assigned_names(statement.body)
        elif isinstance(statement, syntax.While):
            yield from assigned_names(statement.body)


def target_names(target: syntax.Target) -> Iterator[syntax.TargetName]:
    """Yield the names inside a target."""
    if isinstance(target, syntax.TargetName):
        yield target
    else:
        for element in target.elements:
            yield from target_names(element)


def _meet(states: list[frozenset[str] | None]) -> frozenset[str] | None:
    reached = [s for s in states if s is not None]
    return frozenset.intersection(*reached) if reached else None


class _Flow:
    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.loops: list[_Loop] = []
        self.reported: set[tuple[str, Span]] = set()

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
            self.read(node.value, state)
            names = {n.name for target in node.targets for n in target_names(target)}
            return node, state | names
        if isinstance(node, syntax.Augmented):
            self.read(syntax.Local(node.target.name, node.target.span), state)
            self.read(node.value, state)
            return node, state | {node.target.name}
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
            self.read(node.value, state)
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
        body, end = self.block(node.body, state | {node.target.name})
        self.loops.pop()
        new = replace(node, body=body)
        if _runs_at_least_once(node.iterable):
            return new, _meet([end, *loop.breaks, *loop.continues])
        return new, state

    def while_loop(
        self, node: syntax.While, state: frozenset[str]
    ) -> tuple[syntax.Stmt, frozenset[str] | None]:
        self.read(node.condition, state)
        loop = _Loop()
        self.loops.append(loop)
        body, _ = self.block(node.body, state)
        self.loops.pop()
        endless = isinstance(node.condition, syntax.Literal) and bool(node.condition.value)
        after = _meet(list(loop.breaks)) if endless else state
        return replace(node, body=body), after

    def read(self, node: syntax.Expr, state: frozenset[str]) -> None:
        unset = isinstance(node, syntax.Local) and node.name not in state
        if isinstance(node, syntax.Local) and unset and (node.name, node.span) not in self.reported:
            self.reported.add((node.name, node.span))
            message = f"`{node.name}` may be unset here"
            hint = f"give `{node.name}` a value before this line, on every path that leads here"
            self.diagnostics.append(Diagnostic(KernelNameError, node.span, message, hint))
        for child in syntax_children(node):
            self.read(child, state)


def _runs_at_least_once(iterable: syntax.Expr) -> bool:
    """Whether the iterable is ``range`` of literals that is not empty."""
    if not isinstance(iterable, syntax.Apply) or not isinstance(iterable.function, syntax.Global):
        return False
    values = [a.value for a in iterable.arguments if isinstance(a, syntax.Literal)]
    whole = [v for v in values if isinstance(v, int)]
    if iterable.function.value is not range or len(whole) != len(iterable.arguments):
        return False
    return 1 <= len(whole) <= 3 and 0 not in whole[2:] and len(range(*whole)) > 0
