"""Small functions are put in place of their calls.

In: any valid program.  Out: the same meaning; functions that are no longer called are gone.  What
indices are sums of, which reads are alike and which are inside is then seen through the call.

A function is inlined as an *expression* where it is one: assignments, branches that return, and a
return, with nothing costly computed twice.  An expression goes anywhere.  Else it is inlined as a
*body*, in front of the statement that calls it, which must evaluate the call whatever happens.
Functions that take lists, and those that check, keep their calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.variables import Locals, read_names, with_body
from gpukernel.ir.walk import (
    children,
    expressions,
    rewrite,
    statements,
    subexpressions,
    with_expressions,
)
from gpukernel.lang.types import ListType, Scalar
from gpukernel.passes.conditions import leaves
from gpukernel.passes.fold_constants import fold_constants
from gpukernel.passes.propagate import is_index_expression
from gpukernel.records import record

MAX_NODES = 64  # expressions of a function that is inlined wherever it is called
MAX_NODES_ONCE = 300  # of one that is called in one place
MAX_GROWTH = 3000  # expressions that a program may get by inlining
MAX_INDEX_NODES = 8  # of a sum of indices that may be written twice
_LEAVES = (
    nodes.Constant, nodes.Name, nodes.Uniform, nodes.GridIndex, nodes.GridExtent, nodes.Extent
)  # fmt: skip
_CHOICES = (nodes.Select, nodes.Logical)
_NAMED = (
    nodes.Name, nodes.Element, nodes.ListName, nodes.Bind, nodes.Assign, nodes.SetElement,
    nodes.Fill, nodes.CopyList, nodes.For,
)  # fmt: skip
_Block = tuple[nodes.Stmt, ...]
_Values = Mapping[str, nodes.Expr]


def inline_functions(program: nodes.Program) -> nodes.Program:
    """Return the program with calls of small functions replaced by what they do."""
    if len(program.functions) == 1:
        return program
    inliner = _Inliner(program)
    functions = tuple(inliner.function(function) for function in program.functions)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return fold_constants(replace(program, functions=tuple(_called(functions))))


def _called(functions: tuple[nodes.Function, ...]) -> Iterator[nodes.Function]:
    """Return the kernel and the functions that it still calls, callees first."""
    needed = {functions[-1].name}
    for function in reversed(functions):  # callers come first
        if function.name in needed:
            needed.update(node.function for node in _calls(function))
    return (function for function in functions if function.name in needed)


def _calls(function: nodes.Function) -> Iterator[nodes.Invoke | nodes.InvokeInto]:
    for node in expressions(function.body):
        if isinstance(node, nodes.Invoke):
            yield node
    for statement in statements(function.body):
        if isinstance(statement, nodes.InvokeInto):
            yield statement


# ---------------------------------------------------------------- what can be inlined


@record(frozen=True)
class _Recipe:
    """How a function is inlined.

    Attributes:
        function: which one it is, what it calls inlined already.
        size: the number of its expressions.
        value: what it returns, as an expression of its parameters, if it can be written as one.
        uses: how often each parameter is in there.
        has_body: whether it can be inlined as a body.
    """

    function: nodes.Function
    size: int
    value: nodes.Expr | None
    uses: Mapping[str, int]
    has_body: bool


def _recipe(function: nodes.Function, is_only_call: bool) -> _Recipe | None:
    """Return how a function is inlined, or None if it is not."""
    if any(isinstance(kind, ListType) for kind in _interface(function)):
        return None
    size = sum(1 for _ in expressions(function.body))
    if size > (MAX_NODES_ONCE if is_only_call else MAX_NODES):
        return None
    value = _value(function.body, {}) if len(function.results) == 1 else None
    if value is not None and _repeats_work(value):
        value = None
    has_body = sum(isinstance(s, nodes.Return) for s in statements(function.body)) == 1
    has_body = has_body and isinstance(function.body[-1], nodes.Return)
    if value is None and not has_body:
        return None
    uses = Counter(read_names(value)) if value is not None else {}
    return _Recipe(function, size, value, uses, has_body)


def _interface(function: nodes.Function) -> Iterator[Scalar | ListType]:
    yield from (param.type for param in function.params)
    yield from function.results


def _value(block: _Block, known: _Values) -> nodes.Expr | None:
    """Return what a block returns as one expression, if it does nothing else."""
    values = dict(known)
    for place, statement in enumerate(block):
        if any(isinstance(p, nodes.Bind) for c in children(statement) for p in subexpressions(c)):
            return None
        match statement:
            case nodes.Assign():
                values[statement.name] = _replaced(statement.value, values)
            case nodes.Return():
                return _replaced(statement.values[0], values)
            case nodes.If() if leaves(statement.then):
                then = _value(statement.then, values)
                rest = _value((*statement.otherwise, *block[place + 1 :]), values)
                if then is None or rest is None:
                    return None
                condition = _replaced(statement.condition, values)
                assert isinstance(then.type, Scalar)
                return nodes.Select(condition, then, rest, then.type, statement.span)
            case _:
                return None
    return None


def _replaced(node: nodes.Expr, values: _Values) -> nodes.Expr:
    """Return an expression with variables replaced."""

    def change(part: Any) -> Any:
        return values.get(part.name, part) if isinstance(part, nodes.Name) else part

    return rewrite(node, change) if values else node


def _repeats_work(value: nodes.Expr) -> bool:
    """Whether something costly is in an expression twice: the same node, put in for a variable."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        node = pending.pop()
        if _may_be_repeated(node):
            continue
        if id(node) in seen:
            return True
        seen.add(id(node))
        if len(seen) > MAX_NODES_ONCE:
            return True
        pending += children(node)
    return False


def _may_be_repeated(node: nodes.Expr) -> bool:
    if isinstance(node, _LEAVES):
        return True
    if not is_index_expression(node):
        return False
    parts = list(subexpressions(node))
    symbols = {part.row.symbol for part in parts if isinstance(part, nodes.Call)}
    return len(parts) <= MAX_INDEX_NODES and symbols <= {"+", "-", "*"}


# ---------------------------------------------------------------- callers


class _Inliner:
    """Works through a program; callees come first, so what is inlined has no calls to inline."""

    def __init__(self, program: nodes.Program) -> None:
        self._counts = Counter(call.function for f in program.functions for call in _calls(f))
        self._recipes: dict[str, _Recipe] = {}
        self._checking: set[str] = set()  # functions in which a check may fail
        self._left = MAX_GROWTH

    def function(self, function: nodes.Function) -> nodes.Function:
        """Return a function with its calls inlined."""
        self._locals = Locals(function)
        self._kinds = {v.name: v.type for v in (*function.params, *function.locals)}
        made = with_body(function, self._block(function.body), self._locals.added)
        if self._checks(made):
            self._checking.add(made.name)
        else:
            recipe = _recipe(made, self._counts[made.name] == 1)
            if recipe is not None:
                self._recipes[made.name] = recipe
        return made

    def _checks(self, function: nodes.Function) -> bool:
        if any(isinstance(s, nodes.Check) for s in statements(function.body)):
            return True
        return any(call.function in self._checking for call in _calls(function))

    def _block(self, block: _Block) -> _Block:
        made: list[nodes.Stmt] = []
        for statement in block:
            made += self._statement(self._with_inner(statement))
        same = len(made) == len(block) and all(a is b for a, b in zip(made, block))
        return block if same else tuple(made)

    def _with_inner(self, node: nodes.Stmt) -> nodes.Stmt:
        updates: dict[str, Any] = {}
        for name in ("then", "otherwise", "body"):
            old = getattr(node, name, None)
            if old is not None and (new := self._block(old)) is not old:
                updates[name] = new
        return replace(node, **updates) if updates else node

    def _statement(self, node: nodes.Stmt) -> list[nodes.Stmt]:
        """Return what takes the place of a statement; the blocks inside of it are done."""
        before: list[nodes.Stmt] = []
        parts = [part for child in children(node) for part in subexpressions(child)]
        bound = {part.name for part in parts if isinstance(part, nodes.Bind)}

        def visit(part: nodes.Expr, always: bool) -> nodes.Expr:
            if isinstance(part, _LEAVES):
                return part
            first = next(children(part), None) if isinstance(part, _CHOICES) else None
            part = with_expressions(
                part, lambda inner: visit(inner, always and (first is None or inner is first))
            )
            if not isinstance(part, nodes.Invoke):
                return part
            goes_first = always and bound.isdisjoint(read_names(part))
            return self._inlined(part, before if goes_first else None)

        if any(isinstance(part, nodes.Invoke) for part in parts):
            always = not isinstance(node, nodes.While)  # whose condition is evaluated often
            node = with_expressions(node, lambda child: visit(child, always))
        if isinstance(node, nodes.InvokeInto):
            return [*before, *self._inlined_into(node)]
        return [*before, node]

    def _takes(self, recipe: _Recipe) -> bool:
        """Whether there is room for one more copy of a function; take it."""
        if recipe.size > self._left:
            return False
        self._left -= recipe.size
        return True

    def _inlined(self, call: nodes.Invoke, before: list[nodes.Stmt] | None) -> nodes.Expr:
        """Return what takes the place of a call.

        Args:
            call: the call, its arguments done.
            before: where statements go that are to run before it; None where there is no place.
        """
        recipe = self._recipes.get(call.function)
        if recipe is None or any(map(_binds, call.arguments)):
            return call
        params = recipe.function.params
        fits = {
            param.name: recipe.uses.get(param.name, 0) <= 1 or _may_be_repeated(argument)
            for param, argument in zip(params, call.arguments)
        }
        if recipe.value is not None and (before is not None or all(fits.values())):
            if not self._takes(recipe):
                return call
            values = {
                param.name: argument if fits[param.name] else self._kept(param, argument, before)
                for param, argument in zip(params, call.arguments)
            }
            return _replaced(recipe.value, values)
        if before is None or not recipe.has_body or not self._takes(recipe):
            return call
        return self._body(recipe, call.arguments, before)[0]

    def _inlined_into(self, node: nodes.InvokeInto) -> list[nodes.Stmt]:
        recipe = self._recipes.get(node.function)
        if recipe is None or not recipe.has_body or any(map(_binds, node.arguments)):
            return [node]
        if not self._takes(recipe):
            return [node]
        made: list[nodes.Stmt] = []
        results = self._body(recipe, node.arguments, made)
        for place, value in enumerate(results[1:], 1):
            if not set(node.targets[:place]).isdisjoint(read_names(value)):
                kind = value.type
                assert isinstance(kind, Scalar)
                name = self._locals.temporary(kind)
                made.append(nodes.Assign(name, value, value.span))
                results[place] = nodes.Name(name, kind, value.span)
        made += [nodes.Assign(t, value, node.span) for t, value in zip(node.targets, results)]
        return made

    def _kept(
        self, param: nodes.Variable, argument: nodes.Expr, before: list[nodes.Stmt] | None
    ) -> nodes.Expr:
        """Return a read of an argument that is computed once."""
        assert before is not None
        assert isinstance(param.type, Scalar)
        name = self._fresh(param)
        before.append(nodes.Assign(name, argument, argument.span))
        return nodes.Name(name, param.type, argument.span)

    def _body(
        self, recipe: _Recipe, arguments: tuple[nodes.Expr, ...], before: list[nodes.Stmt]
    ) -> list[nodes.Expr]:
        """Put the statements of a function before the call, and return its results."""
        values = {
            param.name: argument
            if isinstance(argument, _LEAVES)
            else self._kept(param, argument, before)
            for param, argument in zip(recipe.function.params, arguments)
        }
        names = {local.name: self._fresh(local) for local in recipe.function.locals}
        change = _renaming(names, values)
        *body, last = (rewrite(statement, change) for statement in recipe.function.body)
        before += body
        assert isinstance(last, nodes.Return)
        return list(last.values)

    def _fresh(self, variable: nodes.Variable) -> str:
        """Return a variable of the caller for one of a function."""
        if variable.name.startswith("$"):
            return self._locals.temporary(variable.type)
        return self._locals.like(variable.name, variable.type, len(self._locals.added) + 1)


def _binds(node: nodes.Expr) -> bool:
    return any(isinstance(part, nodes.Bind) for part in subexpressions(node))


def _renaming(names: Mapping[str, str], values: _Values) -> Callable[[Any], Any]:
    """Return the change that gives variables other names, and values to parameters."""

    def change(node: Any) -> Any:
        if isinstance(node, nodes.Name) and node.name in values:
            return values[node.name]
        updates: dict[str, Any] = {}
        if isinstance(node, _NAMED) and node.name in names:
            updates["name"] = names[node.name]
        if isinstance(node, nodes.CopyList):
            updates["source"] = names[node.source]
        if isinstance(node, nodes.InvokeInto):
            updates["targets"] = tuple(names[target] for target in node.targets)
        return replace(node, **updates) if updates else node

    return change
