"""A typed program run on formulas: what every result of a cell is, as a term.

Assignments, branches and calls disappear.  Of a loop, a variable that every iteration only adds to
becomes a term of kind ``sum``; one that each iteration sets anew is known inside the iteration
only.  What a loop does otherwise (products, maxima, recurrences) is unrolled if the loop is short
and its bounds are constants, else it is ``unknown``: an error if a result depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, Union

from gpukernel.errors import Diagnostic, InternalError, Span, raise_errors
from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import expressions, statements
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import INT, ListType, Scalar
from gpukernel.passes.adjoint_terms import Term, Terms

MAX_UNROLLED = 64  # iterations of a loop of constant length
MAX_CHOICES = 16  # elements of a list that is read at a place that only the cell knows

Value = Union[Term, list[Term]]  # of a scalar, or of a local list
Environment = dict[str, Value]
_RESULTS = "return"  # the name of what a function has returned; no variable is called so


class Formulas:
    """The formulas of one program.

    Args:
        program: the typed program, of any stage.
        grid: the name of an array that has the shape of the grid.
        ints: launch scalars that are constants here.
        refuse: makes the diagnostic for something that has no formula: a span and a reason.
    """

    def __init__(
        self,
        program: nodes.Program,
        grid: str,
        ints: Mapping[str, int],
        refuse: Callable[[Span, str], Diagnostic],
    ) -> None:
        self.terms = Terms()
        self.program = program
        self.boundaries = {array.name: array.boundary for array in program.arrays}
        self._functions = {function.name: function for function in program.functions}
        self._grid = grid
        self._ints = ints
        self._refuse = refuse

    def results(self) -> tuple[Term, ...]:
        """Return a formula for every result of the kernel.

        Raises:
            KernelTypeError: a loop that returns, or a result without a formula.
        """
        found = self._list(_RESULTS, self._run(self.program.kernel, {}))
        problems = [value.unknown for value in found if value.unknown]
        if problems:
            raise_errors(problems)
        return tuple(found)

    def _run(self, function: nodes.Function, given: Environment) -> Environment:
        """Return the variables of a function when it has returned."""
        env: Environment = dict(given)
        for variable in function.locals:
            if isinstance(variable.type, ListType):
                zero = self.terms.constant(0, variable.type.element, function.span)  # type: ignore[arg-type]
                env[variable.name] = [zero] * variable.type.size
        return self._block(function.body, env)

    # ------------------------------------------------------------ statements

    def _block(self, block: tuple[nodes.Stmt, ...], env: Environment) -> Environment:
        """Return the variables after a block that ends in any way, ``env`` being those before."""
        for place, statement in enumerate(block):
            match statement:
                case nodes.Return():
                    env[_RESULTS] = self._returned(statement, env)
                    return env
                case nodes.Continue():
                    return env
                case nodes.If():
                    return self._branch(statement, block[place + 1 :], env)
                case nodes.For():
                    self._loop(statement, env)
                case nodes.While():
                    self._check_no_return(statement)
                    reason = "`while` loops have no formula that could be inverted"
                    self._forget(statement, env, reason)
                case nodes.Check():
                    pass
                case _:
                    self._simple(statement, env)
        return env

    def _returned(self, statement: nodes.Return, env: Environment) -> list[Term]:
        found: list[Term] = []
        for value in statement.values:
            if isinstance(value, nodes.ListName):
                found += self._list(value.name, env)
            else:
                found.append(self._value(value, env))
        return found

    def _branch(
        self, statement: nodes.If, rest: tuple[nodes.Stmt, ...], env: Environment
    ) -> Environment:
        """Run both branches, each with what follows if one of them leaves, and choose."""
        condition = self._value(statement.condition, env)
        if condition.kind == "constant":
            chosen = statement.then if condition.value else statement.otherwise
            return self._block((*chosen, *rest), env)
        leaves = any(map(_leaves, (statement.then, statement.otherwise)))
        after = rest if leaves else ()
        then = self._block((*statement.then, *after), _copied(env))
        otherwise = self._block((*statement.otherwise, *after), _copied(env))
        merged = self._merged(condition, then, otherwise, statement.span)
        return merged if leaves else self._block(rest, merged)

    def _merged(
        self, condition: Term, then: Environment, otherwise: Environment, span: Span
    ) -> Environment:
        merged: Environment = {**otherwise, **then}  # what only one has set is read after it only
        for name in then.keys() & otherwise.keys():
            one, other = then[name], otherwise[name]
            if isinstance(one, Term) and isinstance(other, Term):
                merged[name] = self.terms.select(condition, one, other, span)
            elif isinstance(one, list) and isinstance(other, list):
                pairs = zip(one, other)
                merged[name] = [self.terms.select(condition, a, b, span) for a, b in pairs]
        return merged

    def _simple(self, statement: nodes.Stmt, env: Environment) -> None:
        """Run a statement that has no blocks."""
        match statement:
            case nodes.Assign():
                env[statement.name] = self._value(statement.value, env)
            case nodes.SetElement():
                self._set_element(statement, env)
            case nodes.Fill():
                value = self._value(statement.value, env)
                env[statement.name] = [value] * len(self._list(statement.name, env))
            case nodes.CopyList():
                env[statement.name] = list(self._list(statement.source, env))
            case nodes.InvokeInto():
                self._invoke_into(statement, env)
            case nodes.Break():
                raise InternalError("a break outside a loop")
            case _:
                raise InternalError(f"no formula for {type(statement).__name__}")

    def _set_element(self, statement: nodes.SetElement, env: Environment) -> None:
        place = self._value(statement.index, env)
        value = self._value(statement.value, env)
        elements = list(self._list(statement.name, env))
        for position, old in enumerate(elements):
            here = self._is(place, position)
            elements[position] = self.terms.select(here, value, old, statement.span)
        env[statement.name] = elements

    def _is(self, index: Term, position: int) -> Term:
        """Return whether an index is a position."""
        return self.terms.operator("==", index, self.terms.whole(position, index.span), index.span)

    def _invoke_into(self, statement: nodes.InvokeInto, env: Environment) -> None:
        results = self._call(statement.function, statement.arguments, env)
        for target in statement.targets:
            old = env.get(target)
            if isinstance(old, list):
                env[target], results = results[: len(old)], results[len(old) :]
            else:
                env[target], results = results[0], results[1:]

    def _call(self, name: str, given: tuple[nodes.Expr, ...], env: Environment) -> list[Term]:
        """Return a function's results; the lists that it writes to are written to in ``env``."""
        function = self._functions[name]
        inner: Environment = {}
        for parameter, argument in zip(function.params, given):
            if isinstance(argument, nodes.ListName):
                inner[parameter.name] = list(self._list(argument.name, env))
            else:
                inner[parameter.name] = self._value(argument, env)
        after = self._run(function, inner)
        for parameter, argument in zip(function.params, given):
            if isinstance(argument, nodes.ListName):
                env[argument.name] = after[parameter.name]
        return self._list(_RESULTS, after)

    # ------------------------------------------------------------ loops

    def _loop(self, loop: nodes.For, env: Environment) -> None:
        self._check_no_return(loop)
        bounds = tuple(self._value(bound, env) for bound in (loop.start, loop.stop, loop.step))
        start, stop, step = bounds
        if _breaks(loop.body):
            self._forget(loop, env, "a loop that ends early has no formula that could be inverted")
            return
        iterations = _iterations(start, stop, step)
        before = _copied(env)
        changed = assigned(loop.body)
        touches_lists = any(isinstance(env.get(name), list) for name in changed | _lists(loop))
        if iterations is None or not touches_lists:
            self._add_up(loop, (start, stop, step), env)
            became_unknown = any(
                isinstance(value := env.get(name), Term)
                and value.unknown
                and not _is_unknown(before.get(name))
                for name in changed
                if name in before
            )
            if iterations is None or not became_unknown:
                return
            env.update(before)
        self._unroll(loop, iterations, env)

    def _unroll(self, loop: nodes.For, iterations: range, env: Environment) -> None:
        for value in iterations:
            env[loop.name] = self.terms.whole(value, loop.span)
            after = self._block(loop.body, env)
            if after is not env:
                env.update(after)

    def _add_up(self, loop: nodes.For, bounds: tuple[Term, Term, Term], env: Environment) -> None:
        """Run one iteration, and make sums of what it adds to variables."""
        var = self.terms.leaf("var", loop.name, INT, loop.span)
        inside = _copied(env)
        carried: dict[str, Term] = {}
        reason = "is only known inside an iteration"
        for name in assigned(loop.body):
            old = env.get(name)
            if isinstance(old, Term):
                carried[name] = self.terms.leaf("carry", name, old.type, loop.span)
                inside[name] = carried[name]
            elif isinstance(old, list):
                problem = self._refuse(loop.span, f"the list `{name}` {reason} of this loop")
                inside[name] = [self.terms.unknown(problem, item.type) for item in old]
        inside[loop.name] = var
        after = self._block(loop.body, inside)
        spans = _assignments(loop.body)
        for name in (*assigned(loop.body), loop.name):
            old, value = env.get(name), after.get(name)
            if isinstance(value, list):
                problem = self._refuse(loop.span, f"the list `{name}` {reason} of this loop")
                env[name] = [self.terms.unknown(problem, item.type) for item in value]
            elif value is not None:
                span = spans.get(name, loop.span)
                env[name] = self._after_loop(name, bounds, var, old, value, carried, span)

    def _after_loop(
        self,
        name: str,
        bounds: tuple[Term, Term, Term],
        var: Term,
        old: Value | None,
        value: Term,
        carried: dict[str, Term],
        span: Span,
    ) -> Term:
        """Return a variable's value after a loop, from that after one iteration."""
        carry = carried.get(name)
        shown = name.removeprefix("$")
        if carry is not None and value is carry:
            assert isinstance(old, Term)
            return old
        if carry is not None and carry in value.free:
            added = self._added(value, carry)
            if added is not None and added.free.isdisjoint(carried.values()):
                assert isinstance(old, Term)
                total = self.terms.summed(bounds, var, name, added, span)
                return self.terms.operator("+", old, total, span)
            reason = f"`{shown}` is no sum: each iteration needs its value from the one before"
            if added is not None and carry not in added.free:
                reason = f"each iteration adds to `{shown}` what follows from those before"
        elif not value.free.isdisjoint(carried.values()):
            reason = f"each iteration computes `{shown}` from what those before have left"
        else:
            reason = f"`{shown}` is used after the loop with its value of the last iteration"
        return self.terms.unknown(self._refuse(span, reason), value.type)

    def _added(self, value: Term, carry: Term) -> Term | None:
        """Return what was added to ``carry`` to give a value, None if something else was done."""
        if value is carry:
            return self.terms.constant(0, carry.type, value.span)
        if value.type == INT:
            total = self.terms.as_sum(value)
            if total.factors.get(carry) == 1:
                return self.terms.from_sum(total.without(carry), value.span)
        if value.kind == "select" and carry not in value.children[0].free:
            then, otherwise = (self._added(child, carry) for child in value.children[1:])
            if then is None or otherwise is None:
                return None
            return self.terms.select(value.children[0], then, otherwise, value.span)
        if value.kind != "call" or value.data[0] not in (BINARY["+"], BINARY["-"]):
            return None
        left, right = value.children
        symbol = value.data[0].symbol
        if carry not in right.free:
            rest = self._added(left, carry)
            return rest and self.terms.operator(symbol, rest, right, value.span)
        if carry in left.free or symbol == "-":
            return None
        rest = self._added(right, carry)
        return rest and self.terms.operator("+", left, rest, value.span)

    def _forget(self, loop: nodes.For | nodes.While, env: Environment, reason: str) -> None:
        """Make unknown what a loop assigns."""
        problem = self._refuse(loop.span, reason)
        names = assigned((loop,))
        kinds = _types(loop)
        for name in names:
            old = env.get(name)
            if isinstance(old, list):
                env[name] = [self.terms.unknown(problem, item.type) for item in old]
            else:
                kind = old.type if old is not None else kinds.get(name, INT)
                env[name] = self.terms.unknown(problem, kind)

    def _check_no_return(self, loop: nodes.For | nodes.While) -> None:
        for statement in statements(loop.body):
            if isinstance(statement, nodes.Return):
                self._fail(statement.span, "a `return` inside a loop cannot be inverted")

    def _fail(self, span: Span, reason: str) -> NoReturn:
        raise_errors([self._refuse(span, reason)])

    # ------------------------------------------------------------ expressions

    def _list(self, name: str, env: Environment) -> list[Term]:
        found = env[name]
        assert isinstance(found, list)
        return found

    def _value(self, node: nodes.Expr, env: Environment) -> Term:
        """Return an expression's formula."""
        terms, span = self.terms, node.span
        match node:
            case nodes.Name() | nodes.Bind() | nodes.Element():
                return self._variable(node, env)
            case nodes.Load():
                return self._load(node, env)
            case nodes.Invoke():
                return self._call(node.function, node.arguments, env)[0]
        known = self._leaf(node)
        if known is not None:
            return known
        children = [self._value(child, env) for child in _operands(node)]
        match node:
            case nodes.Call():
                return terms.call(node.row, node.overload, tuple(children), span)
            case nodes.Logical():
                return terms.logical(node.operator, children[0], children[1], span)
            case nodes.Select():
                return terms.select(children[0], children[1], children[2], span)
            case nodes.Cast():
                return terms.cast(children[0], node.type, span)
        raise InternalError(f"no formula for {type(node).__name__}")

    def _leaf(self, node: nodes.Expr) -> Term | None:
        """Return the formula of what is the same wherever it is written."""
        match node:
            case nodes.Constant():
                return self.terms.constant(node.value, node.type, node.span)
            case nodes.Uniform() if node.name in self._ints:
                return self.terms.whole(self._ints[node.name], node.span)
            case nodes.Uniform():
                return self.terms.uniform(node.name, node.type, node.span)
            case nodes.GridIndex():
                return self.terms.grid(node.axis, node.span)
            case nodes.GridExtent():
                return self.terms.extent(self._grid, node.axis, node.span)
            case nodes.Extent():
                return self.terms.extent(node.array, node.axis, node.span)
        return None

    def _variable(self, node: nodes.Name | nodes.Bind | nodes.Element, env: Environment) -> Term:
        if isinstance(node, nodes.Element):
            return self._element(node, env)
        if isinstance(node, nodes.Bind):
            env[node.name] = self._value(node.value, env)
        value = env.get(node.name)
        if isinstance(value, Term):
            return value
        problem = self._refuse(node.span, f"`{node.name}` is only known inside an iteration")
        return self.terms.unknown(problem, node.type)

    def _element(self, node: nodes.Element, env: Environment) -> Term:
        place, elements = self._value(node.index, env), self._list(node.name, env)
        zero = self.terms.constant(0, node.type, node.span)
        if place.kind == "constant":
            return elements[place.value] if 0 <= place.value < len(elements) else zero
        if len(elements) > MAX_CHOICES:
            reason = f"`{node.name}` is a long list, read at a place that only the cell knows"
            return self.terms.unknown(self._refuse(node.span, reason), node.type)
        value = zero
        for position, element in enumerate(elements):
            value = self.terms.select(self._is(place, position), element, value, node.span)
        return value

    def _load(self, node: nodes.Load, env: Environment) -> Term:
        """Return a read; constants below 0, which text would count from the end, are mapped."""
        indices = [self._value(index, env) for index in node.indices]
        boundary = self.boundaries[node.array]
        for axis, index in enumerate(indices):
            if index.kind != "constant" or index.value >= 0:
                continue
            if boundary == "zero":
                return self.terms.constant(0, node.type, node.span)
            extent = self.terms.extent(node.array, axis, node.span)
            inside = {
                "clamp": self.terms.whole(0, node.span),
                "reflect": self.terms.whole(-index.value, node.span),
                "wrap": self.terms.operator("+", extent, index, node.span),
            }
            indices[axis] = inside[boundary]
        return self.terms.load(node.array, tuple(indices), node.type, node.span)


def _operands(node: nodes.Expr) -> tuple[nodes.Expr, ...]:
    match node:
        case nodes.Call():
            return node.arguments
        case nodes.Logical():
            return node.left, node.right
        case nodes.Select():
            return node.condition, node.then, node.otherwise
        case nodes.Cast():
            return (node.value,)
    raise InternalError(f"no formula for {type(node).__name__}")


def _copied(env: Environment) -> Environment:
    return {name: list(v) if isinstance(v, list) else v for name, v in env.items()}


def _is_unknown(value: Value | None) -> bool:
    return isinstance(value, Term) and value.unknown is not None


def _leaves(block: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a block may end what is around it: by a return, or a continue of a loop around."""
    for statement in block:
        if isinstance(statement, (nodes.Return, nodes.Continue)):
            return True
        if isinstance(statement, nodes.If) and (
            _leaves(statement.then) or _leaves(statement.otherwise)
        ):
            return True
    return False


def _breaks(block: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a loop with this body may end early."""
    for statement in block:
        if isinstance(statement, nodes.Break):
            return True
        if isinstance(statement, nodes.If) and (
            _breaks(statement.then) or _breaks(statement.otherwise)
        ):
            return True
    return False


def _iterations(start: Term, stop: Term, step: Term) -> range | None:
    """Return what a short loop of constant bounds runs over."""
    if any(bound.kind != "constant" for bound in (start, stop, step)):
        return None
    found = range(start.value, stop.value, step.value) if step.value else range(0)
    return found if len(found) <= MAX_UNROLLED else None


def _lists(loop: nodes.For) -> set[str]:
    """Return the local lists whose elements a loop reads."""
    return {node.name for node in expressions(loop.body) if isinstance(node, nodes.Element)}


def _assignments(block: tuple[nodes.Stmt, ...]) -> dict[str, Span]:
    """Return where each variable is assigned."""
    return {s.name: s.span for s in statements(block) if isinstance(s, nodes.Assign)}


def _types(loop: nodes.For | nodes.While) -> dict[str, Scalar]:
    """Return the types of the variables that a loop assigns."""
    found = statements(loop.body)
    return {s.name: s.value.type for s in found if isinstance(s, nodes.Assign) and s.value.type}  # type: ignore[misc]
