"""Index variables replaced by their expressions, and variables that nobody reads removed.

In: any valid program.  Out: the same meaning; a read of an int variable whose value is known to be
a sum of indices, loop counters and sizes is that sum, and every index of a load is written as
`ir.affine.to_expr` writes it.  What in such a sum is costly (``n // 2``) stays in a variable.
Ints and conditions that become constants are evaluated, so that what follows from them is known.
The same goes for elements of short lists at known places.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.affine import Affine, affine, key, to_expr
from gpukernel.ir.variables import Locals, assigned, is_pure, read_names, with_body
from gpukernel.ir.walk import (
    children,
    expressions,
    rewrite,
    subexpressions,
    substatements,
    with_expressions,
)
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import BOOL, INT, ListType, Scalar
from gpukernel.passes.fold_constants import fold_expression
from gpukernel.records import record

MAX_TERMS = 6  # of a sum that takes the place of its variable
MAX_NODES = 64  # of the expression that becomes such a sum
MAX_ELEMENTS = 64  # of a list whose elements are followed
_LEAVES = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent
)  # fmt: skip
_CHANGING = (nodes.Bind, nodes.ListName)  # a function may write to a list that it gets
_PRODUCT = BINARY["*"].overload([INT, INT])


def propagate(program: nodes.Program) -> nodes.Program:
    """Return the program with index variables replaced by what they stand for."""
    functions = tuple(_propagate_function(f) for f in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=functions)


def _propagate_function(function: nodes.Function) -> nodes.Function:
    walk = Walk(function)
    body = walk.block(function.body, {})[0]
    if len(body) == len(function.body) and all(a is b for a, b in zip(body, function.body)):
        body = function.body
    return with_body(function, without_dead(body, walk.own_lists), walk.locals.added)


@record(frozen=True)
class Known:
    """What a variable is equal to until it, or a variable in there, is assigned."""

    value: nodes.Expr
    reads: frozenset[str]
    is_costly: bool = False  # so that it takes the variable's place only where `Walk.load` says


Knowledge = dict[str, Known]


class Walk:
    """One walk over a function, in the order of its execution."""

    constants: tuple[Scalar, ...] = (INT, BOOL)  # what indices and branches depend on

    def __init__(self, function: nodes.Function) -> None:
        self.locals = Locals(function)
        lists = {
            v.name: v.type.size
            for v in (*function.params, *function.locals)
            if isinstance(v.type, ListType)
        }
        self.own_lists = lists.keys() - {v.name for v in function.params}
        self._sizes = {name: size for name, size in lists.items() if size <= MAX_ELEMENTS}
        self._binds = any(isinstance(node, _CHANGING) for node in expressions(function.body))

    def block(
        self, block: tuple[nodes.Stmt, ...], known: Knowledge | None
    ) -> tuple[tuple[nodes.Stmt, ...], Knowledge | None]:
        """Return the statements rewritten, and what is known after them.

        Nothing (None) is known after statements that never end; it is like knowing everything.
        """
        made: list[nodes.Stmt] = []
        for statement in block:
            before, changed, known = self.statement(statement, known or {})
            made += [*before, changed]
        same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
        return block if same else tuple(made), known

    def statement(
        self, node: nodes.Stmt, known: Knowledge
    ) -> tuple[list[nodes.Stmt], nodes.Stmt, Knowledge | None]:
        match node:
            case nodes.Assign():
                return self.assign(node, known)
            case nodes.If():
                return [], *self.branch(node, known)
            case nodes.For() | nodes.While():
                return [], *self.loop(node, known)
            case nodes.Return() | nodes.Break() | nodes.Continue():
                return [], self.with_known(node, known), None
            case nodes.SetElement() | nodes.Fill() | nodes.CopyList():
                return [], *self.elements(node, known)
            case _:
                changed = self.with_known(node, known)
                return [], changed, _without(known, assigned((node,)))

    def assign(
        self, node: nodes.Assign, known: Knowledge
    ) -> tuple[list[nodes.Stmt], nodes.Stmt, Knowledge]:
        changed = self.with_known(node, known)
        after = _without(known, self.bound(node) | {node.name})
        if self._is_followed(changed.value):
            after[node.name] = Known(changed.value, frozenset())
            return [], changed, after
        if not is_index_expression(changed.value):
            return [], changed, after
        total = affine(changed.value)
        if len(total.terms) > MAX_TERMS or _is_costly_atom(total):
            return [], changed, after
        before, total = self.kept(total)
        value = to_expr(total, changed.value.span)
        if before or key(value) != key(changed.value):
            changed = replace(changed, value=value)
        reads = frozenset(read_names(value))
        if node.name not in reads:
            after[node.name] = Known(value, reads)
        return before, changed, after

    def elements(
        self, node: nodes.SetElement | nodes.Fill | nodes.CopyList, known: Knowledge
    ) -> tuple[nodes.Stmt, Knowledge]:
        """Rewrite an assignment to elements of a list, of which then as much is known."""
        changed = self.with_known(node, known)
        gone = self.bound(node) | {node.name}
        places = range(self._sizes.get(node.name, 0))
        if isinstance(node, nodes.SetElement):
            index = changed.index
            place = int(index.value) if isinstance(index, nodes.Constant) else -1
            if isinstance(index, nodes.Constant):
                gone = self.bound(node) | {_element(node.name, place)}
            places = range(place, place + 1) if place in places else range(0)
        after = _without(known, gone)
        for place in places:
            if isinstance(node, nodes.CopyList):
                found = known.get(_element(node.source, place))
                value = None if found is None else found.value
            else:
                value = changed.value
            if value is None:
                continue
            if self._is_followed(value) or _may_be_repeated(value):
                reads = frozenset((node.name, *read_names(value)))
                after[_element(node.name, place)] = Known(value, reads)
        return changed, after

    def _is_followed(self, value: nodes.Expr) -> bool:
        return isinstance(value, nodes.Constant) and value.type in self.constants

    def kept(self, total: Affine) -> tuple[list[nodes.Stmt], Affine]:
        """Return assignments of the costly atoms to variables, and the sum of those variables."""
        before: list[nodes.Stmt] = []
        terms: list[tuple[nodes.Expr, int]] = []
        for atom, factor in total.terms:
            if not _is_cheap(atom):
                name = self.locals.temporary(INT)
                before.append(nodes.Assign(name, atom, atom.span))
                atom = nodes.Name(name, INT, atom.span)
            terms.append((atom, factor))
        return before, Affine(tuple(terms), total.constant)

    def branch(self, node: nodes.If, known: Knowledge) -> tuple[nodes.Stmt, Knowledge | None]:
        changed = self.with_known(node, known)
        known = _without(known, self.bound(node))
        then, after_then = self.block(node.then, dict(known))
        otherwise, after_otherwise = self.block(node.otherwise, dict(known))
        if then is not node.then or otherwise is not node.otherwise:
            changed = replace(changed, then=then, otherwise=otherwise)
        if isinstance(changed.condition, nodes.Constant):
            return changed, after_then if changed.condition.value else after_otherwise
        if after_then is None or after_otherwise is None:
            return changed, after_otherwise if after_then is None else after_then
        both = {n: v for n, v in after_then.items() if after_otherwise.get(n) is v}
        return changed, both

    def loop(self, node: nodes.For | nodes.While, known: Knowledge) -> tuple[nodes.Stmt, Knowledge]:
        """Rewrite a loop: what it assigns is unknown in every iteration, and after it."""
        inside = _without(known, assigned((node,)))
        # A `while` evaluates its condition in every iteration, a `for` its bounds before the first.
        changed = self.with_known(node, inside if isinstance(node, nodes.While) else known)
        body = self.block(node.body, dict(inside))[0]
        return changed if body is node.body else replace(changed, body=body), inside

    def bound(self, node: nodes.Stmt) -> frozenset[str]:
        """Return the variables that the statement's own expressions may assign."""
        if not self._binds:
            return frozenset()
        parts = (part for child in children(node) for part in subexpressions(child))
        return frozenset(part.name for part in parts if isinstance(part, _CHANGING))

    def with_known(self, node: Any, known: Knowledge) -> Any:
        """Return a statement with the variables in its own expressions replaced."""
        bound = self.bound(node)
        usable = _without(known, bound) if bound else known

        def change(part: Any) -> Any:
            if isinstance(part, nodes.Name) and part.name in usable:
                found = usable[part.name]
                return part if found.is_costly else found.value
            if isinstance(part, nodes.Load):
                return with_plain_indices(self.load(part, usable))
            if isinstance(part, nodes.Element) and isinstance(part.index, nodes.Constant):
                element = usable.get(_element(part.name, int(part.index.value)))
                return part if element is None else element.value
            folds = part.type in self.constants or isinstance(part, nodes.Select)
            return fold_expression(part) if folds else part

        return with_expressions(node, lambda child: rewrite(child, change))

    def load(self, node: nodes.Load, known: Knowledge) -> nodes.Load:
        """Return a read, its indices changed by what is known."""
        return node


def _element(name: str, place: int) -> str:
    """Return what knowledge of an element is filed under: no variable has such a name."""
    return f"{name}[{place}]"


def _without(known: Knowledge, names: frozenset[str]) -> Knowledge:
    """Return a copy of what is still known after assigning to variables."""
    if not names:
        return dict(known)
    return {n: k for n, k in known.items() if n not in names and not names & k.reads}


def with_plain_indices(node: nodes.Load) -> nodes.Load:
    indices = tuple(_plain(index) for index in node.indices)
    same = all(a is b for a, b in zip(indices, node.indices))
    return node if same else replace(node, indices=indices)


def _plain(index: nodes.Expr) -> nodes.Expr:
    if isinstance(index, _LEAVES) or not is_pure(index):
        return index
    written = to_expr(affine(index), index.span)
    return index if key(written) == key(index) else written


# ---------------------------------------------------------------- expressions


def is_index_expression(node: nodes.Expr) -> bool:
    """Whether an int is computed from ints by operators alone: no reads, no choices, no casts."""
    if node.type != INT:
        return False
    for count, part in enumerate(subexpressions(node)):
        if not isinstance(part, (*_LEAVES, nodes.Call)) or part.type != INT or count >= MAX_NODES:
            return False
    return True


def _is_cheap(atom: nodes.Expr) -> bool:
    if isinstance(atom, nodes.Call) and atom.overload is _PRODUCT:
        return all(isinstance(side, _LEAVES) for side in atom.arguments)
    return isinstance(atom, _LEAVES)


def _may_be_repeated(node: nodes.Expr) -> bool:
    """Whether an int costs no more than to read it from a list."""
    if not is_index_expression(node):
        return False
    total = affine(node)
    return len(total.terms) <= MAX_TERMS and all(_is_cheap(atom) for atom, _ in total.terms)


def _is_costly_atom(total: Affine) -> bool:
    """Whether a sum is nothing but one atom that had better be computed once."""
    if len(total.terms) != 1 or total.constant:
        return False
    atom, factor = total.terms[0]
    return factor == 1 and not _is_cheap(atom)


# ---------------------------------------------------------------- dead variables


def without_dead(
    body: tuple[nodes.Stmt, ...], lists: Set[str] = frozenset()
) -> tuple[nodes.Stmt, ...]:
    """Return a function's body without assignments that nobody reads.

    Args:
        body: the body.
        lists: the function's own lists, if those are to go as well.
    """
    while True:
        read = _read_variables(body)
        smaller = _prune(body, read, lists - read)
        if smaller is body:
            return body
        body = smaller


def _read_variables(
    block: tuple[nodes.Stmt, ...], counters: frozenset[str] = frozenset()
) -> set[str]:
    """Return the variables that are read, other than to compute their own next value.

    A loop that alone assigns its variable (``counters``) gives it a value before each read.
    """
    found: set[str] = set()
    for statement in block:
        names = {name for child in children(statement) for name in read_names(child)}
        if isinstance(statement, nodes.Assign) and statement.name in names:
            names -= {statement.name} if is_pure(statement.value) else set()
        if isinstance(statement, nodes.CopyList):
            names.add(statement.source)
        found |= names - counters
        inner = counters
        if isinstance(statement, nodes.For) and statement.name not in assigned(statement.body):
            inner = counters | {statement.name}
        found |= _read_variables(tuple(substatements(statement)), inner)
    return found


def _prune(
    block: tuple[nodes.Stmt, ...], read: Set[str], unread: Set[str]
) -> tuple[nodes.Stmt, ...]:
    """Return a block without what changes nothing but variables and lists that nobody reads."""
    made: list[nodes.Stmt] = []
    for statement in block:
        updates: dict[str, Any] = {}
        for name in ("then", "otherwise", "body"):
            old = getattr(statement, name, None)
            if old is not None and (new := _prune(old, read, unread)) is not old:
                updates[name] = new
        changed = replace(statement, **updates) if updates else statement
        if not _is_idle(changed, read, unread):
            made.append(changed)
    same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
    return block if same else tuple(made)


def _is_idle(node: nodes.Stmt, read: Set[str], unread: Set[str]) -> bool:
    """Whether a statement has no effect that anything depends on."""
    if isinstance(node, (nodes.SetElement, nodes.Fill, nodes.CopyList)):
        return node.name in unread and all(map(is_pure, children(node)))
    if isinstance(node, nodes.Assign):
        return node.name not in read and is_pure(node.value)
    if isinstance(node, nodes.If):
        return not node.then and not node.otherwise and is_pure(node.condition)
    return False
