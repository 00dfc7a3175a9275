"""Several rows of the output in each fragment: unroll-and-jam over the rows.

In: a program whose control flow does not depend on the row.  Out: a program whose kernel gives the
results of ``count`` rows, all those of the first row first.  What depends on the row is computed
once for each of them, with variables of its own; all else, above all reads that the rows have in
common, is computed once.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from gpukernel.errors import Span
from gpukernel.ir import nodes
from gpukernel.ir.affine import key
from gpukernel.ir.variables import Locals, read_names, with_body
from gpukernel.ir.walk import children, rewrite, subexpressions, with_expressions
from gpukernel.lang.types import ListType, Scalar
from gpukernel.passes.propagate import is_index_expression
from gpukernel.passes.row_analysis import Rows

_LEAVES = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent,
    nodes.ListName,
)  # fmt: skip
_NAMED = (
    nodes.Name, nodes.Element, nodes.ListName, nodes.Bind, nodes.Assign, nodes.SetElement,
    nodes.Fill, nodes.CopyList,
)  # fmt: skip
_CHOICES = (nodes.Select, nodes.Logical)


def tile_rows(program: nodes.Program, count: int) -> nodes.Program | str:
    """Return the program that computes ``count`` rows at once, or why there is none.

    The reason is a part of a sentence, as in "because <reason>".
    """
    rows = Rows(program)
    reason = rows.refusal()
    if reason is not None:
        return reason
    kernel = _Tiler(rows, count).function()
    return replace(
        program,
        functions=(*program.functions[:-1], kernel),
        outputs=program.outputs * count,
    )


_PLAIN = (nodes.Assign, nodes.SetElement, nodes.Fill)


class _Tiler:
    def __init__(self, rows: Rows, count: int) -> None:
        self._rows = rows
        self._count = count
        self._kernel = rows.program.kernel
        self._locals = Locals(self._kernel)
        self._names: list[dict[str, str]] = [{}]  # of the row-dependent variables, for each row
        self._kinds = kinds = {v.name: v.type for v in self._kernel.locals}
        for tile in range(1, count):
            of_row = {n: self._locals.like(n, kinds[n], tile) for n in kinds if n in rows.variables}
            self._names.append(of_row)

    def function(self) -> nodes.Function:
        body = self._block(self._kernel.body)
        made = with_body(self._kernel, body, self._locals.added)
        return replace(made, results=self._kernel.results * self._count)

    def _block(self, block: tuple[nodes.Stmt, ...]) -> tuple[nodes.Stmt, ...]:
        """Return a block for all rows.

        Assignments that follow each other are all repeated for one row before the next, so that
        what is read for a row need not be kept for long.
        """
        made: list[nodes.Stmt] = []
        run: list[nodes.Stmt] = []  # of one row
        for statement in block:
            plain = isinstance(statement, _PLAIN) and not self._runs_once(statement)
            if plain and self._changes_row_variables(statement):
                before, changed = self._with_shared(statement)
                made += before  # it reads nothing that the run assigns
                run.append(changed)
            else:
                made += self._for_rows(run)
                run = []
                made += self._statement(statement)
        return (*made, *self._for_rows(run))

    def _runs_once(self, node: nodes.Stmt) -> bool:
        """Whether a statement calls a function that may change lists of all rows."""
        whole = getattr(node, "value", None)
        return isinstance(whole, nodes.Invoke) and not self._rows.depends(whole)

    def _for_rows(self, run: list[nodes.Stmt]) -> list[nodes.Stmt]:
        return [self._for_row(statement, tile) for tile in self._tiles for statement in run]

    def _statement(self, node: nodes.Stmt) -> list[nodes.Stmt]:
        match node:
            case nodes.Return():
                before, changed = self._with_shared(node)
                values = [self._for_row(v, tile) for tile in self._tiles for v in changed.values]
                return [*before, replace(node, values=tuple(values))]
            case nodes.If() if not self._rows.decides(node):
                then, otherwise = self._block(node.then), self._block(node.otherwise)
                return [replace(node, then=then, otherwise=otherwise)]
            case nodes.For() | nodes.While():
                return [replace(node, body=self._block(node.body))]
        if not self._changes_row_variables(node):
            return [node]
        if isinstance(node, nodes.InvokeInto) and not any(map(self._rows.depends, node.arguments)):
            return self._invoked_once(node)
        before, changed = self._with_shared(node)
        return [*before, *(self._for_row(changed, tile) for tile in self._tiles)]

    def _invoked_once(self, node: nodes.InvokeInto) -> list[nodes.Stmt]:
        """Return a call that may change lists of all rows, and copies of its results."""
        targets, copies = [], []
        for name in node.targets:
            if name in self._rows.variables:
                kind = self._kinds[name]
                held = self._locals.temporary(kind)
                copies.append(_copy(name, held, kind, node.span))
                name = held
            targets.append(name)
        call = replace(node, targets=tuple(targets))
        return [call, *(self._for_row(copy, tile) for copy in copies for tile in self._tiles)]

    @property
    def _tiles(self) -> range:
        return range(self._count)

    def _changes_row_variables(self, node: nodes.Stmt) -> bool:
        targets = {getattr(node, "name", "")} | set(getattr(node, "targets", ()))
        parts = [part for child in children(node) for part in subexpressions(child)]
        targets.update(p.name for p in parts if isinstance(p, (nodes.ListName, nodes.Bind)))
        return isinstance(node, nodes.If) or bool(targets & self._rows.variables)

    def _for_row(self, node: Any, tile: int) -> Any:
        """Return an expression or a statement for one of the rows."""
        if tile == 0:
            return node
        names, last = self._names[tile], self._rows.program.grid_rank - 1

        def change(part: Any) -> Any:
            if isinstance(part, nodes.GridIndex):
                return replace(part, tile=tile) if part.axis < last else part
            updates: dict[str, Any] = {}
            if isinstance(part, _NAMED) and part.name in names:
                updates["name"] = names[part.name]
            if isinstance(part, nodes.CopyList) and part.source in names:
                updates["source"] = names[part.source]
            if isinstance(part, nodes.InvokeInto):
                updates["targets"] = tuple(names.get(name, name) for name in part.targets)
            return replace(part, **updates) if updates else part

        return rewrite(node, change)

    # ------------------------------------------------------------ what the rows have in common

    def _with_shared(self, node: Any) -> tuple[list[nodes.Stmt], Any]:
        """Return a statement with what the rows have in common in variables, and their assignments.

        What may not be evaluated at all stays where it is, as does what the statement changes.
        """
        if isinstance(node, nodes.If):
            return [], node
        if self._runs_once(node):
            whole = node.value
            name = self._locals.temporary(whole.type)
            read = nodes.Name(name, whole.type, whole.span)
            return [nodes.Assign(name, whole, node.span)], replace(node, value=read)
        before: list[nodes.Stmt] = []
        known: dict[Hashable, nodes.Expr] = {}
        parts = [part for child in children(node) for part in subexpressions(child)]
        changed = {p.name for p in parts if isinstance(p, (nodes.Bind, nodes.ListName))}

        def visit(part: nodes.Expr, may_be_skipped: bool) -> nodes.Expr:
            if isinstance(part, _LEAVES):
                return part
            if not may_be_skipped and self._is_shared(part, changed):
                return keep(part)
            skipped = _CHOICES if isinstance(part, _CHOICES) else ()
            first = next(children(part)) if skipped else None
            return with_expressions(
                part,
                lambda inner: visit(
                    inner, may_be_skipped or (bool(skipped) and inner is not first)
                ),
            )

        def keep(part: nodes.Expr) -> nodes.Expr:
            identity = key(part)
            if identity not in known:
                assert isinstance(part.type, Scalar)
                name = self._locals.temporary(part.type)
                before.append(nodes.Assign(name, part, part.span))
                known[identity] = nodes.Name(name, part.type, part.span)
            return known[identity]

        changed_node = with_expressions(node, lambda child: visit(child, False))
        return before, changed_node

    def _is_shared(self, node: nodes.Expr, changed: set[str]) -> bool:
        """Whether an expression is worth a variable that all rows read."""
        if is_index_expression(node) or self._rows.depends(node):
            return False
        return _changes_nothing(node) and not changed.intersection(read_names(node))


def _changes_nothing(node: nodes.Expr) -> bool:
    """Whether an expression changes no variable."""
    return not any(isinstance(part, (nodes.Bind, nodes.ListName)) for part in subexpressions(node))


def _copy(name: str, source: str, kind: Scalar | ListType, span: Span) -> nodes.Stmt:
    """Return the assignment of one variable to another one, be they numbers or lists."""
    if isinstance(kind, ListType):
        return nodes.CopyList(name, source, span)
    return nodes.Assign(name, nodes.Name(source, kind, span), span)
