"""Forward-mode differentiation: typed functions in, functions that carry tangents out.

Every float variable ``x`` that changes with the parameter gets another one, ``d_x``, which is
assigned wherever ``x`` is: its derivative.  A called function becomes one that takes the tangents
of its arguments too, and returns those of its results after them.  A result that is used again,
in the derivative or for it, is kept in a variable; what is evaluated only on one side of a choice
stays there.

Source: A. Griewank and A. Walther, "Evaluating Derivatives", SIAM 2008, chapter 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gpukernel.errors import Diagnostic, Span, raise_errors
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions, statements
from gpukernel.passes.activity import Activity, Changes
from gpukernel.passes.bound_names import without_bound_names
from gpukernel.passes.named_draws import DRAWS
from gpukernel.passes.tangents import TangentWriter
from gpukernel.records import record


@record(frozen=True)
class Derived:
    """The derivative of a function, and what it calls.

    ``functions`` has callees first; the last one takes the parameters of the original and returns
    its derivative, a float.  ``originals`` says which function each new one was made of.
    """

    functions: tuple[nodes.Function, ...]
    originals: Mapping[str, str]


def differentiate(functions: Mapping[str, nodes.Function], name: str, place: int) -> Derived:
    """Return the derivative of a function by one of its parameters, and what it calls.

    Args:
        functions: the functions of the program by name; none calls itself.
        name: the function: it has one result.
        place: of the parameter, a float.

    Raises:
        KernelTypeError: for what has no derivative, everything that was found.
    """
    work = _Derivatives({name: without_bound_names(f) for name, f in functions.items()})
    made = work.derivative(name, place)
    return Derived((*work.reached(made), made), work.originals)


class _Derivatives:
    """The functions with tangents of one program."""

    def __init__(self, functions: Mapping[str, nodes.Function]) -> None:
        self.functions = functions
        self.originals: dict[str, str] = {}  # which function each new one was made of
        self.found: dict[tuple[str, frozenset[int]], _Activity] = {}
        self.made: dict[tuple[str, frozenset[int]], nodes.Function] = {}
        self.names = set(functions)

    def derivative(self, name: str, place: int) -> nodes.Function:
        activity = self.activity(name, frozenset([place]))
        if activity.diagnostics:
            raise_errors(activity.diagnostics)
        return TangentWriter(activity, self.called, is_outermost=True).run(self.unique(name))

    def activity(self, name: str, params: frozenset[int]) -> _Activity:
        found = self.found.get((name, params))
        if found is None:
            found = _Activity(self, self.functions[name], params)
            found.settle()
            self.found[(name, params)] = found
            if found.changes.params != params:  # lists that it fills with what changes
                found = self.found[(name, params)] = self.activity(name, found.changes.params)
        return found

    def called(self, name: str, params: frozenset[int]) -> str:
        """Return the name of a function with tangents, for those of its parameters that change."""
        key = name, params
        if key not in self.made:
            writer = TangentWriter(self.activity(name, params), self.called, is_outermost=False)
            self.made[key] = writer.run(self.unique(name))
        return self.made[key].name

    def unique(self, name: str) -> str:
        wanted = candidate = f"d_{name.partition('.')[0]}"
        count = 1
        while candidate in self.names:
            count += 1
            candidate = f"{wanted}_{count}"
        self.names.add(candidate)
        self.originals[candidate] = name
        return candidate

    def reached(self, function: nodes.Function) -> list[nodes.Function]:
        """Return the functions that a function calls, callees first."""
        known = {**self.functions, **{f.name: f for f in self.made.values()}}
        order: dict[str, nodes.Function] = {}

        def visit(caller: nodes.Function) -> None:
            for name in called_names(caller):
                if name not in order and name not in DRAWS:
                    visit(known[name])
                    order[name] = known[name]

        visit(function)
        return list(order.values())


def called_names(function: nodes.Function) -> list[str]:
    """Return the names of the functions that a function calls."""
    found = [s.function for s in statements(function.body) if isinstance(s, nodes.InvokeInto)]
    found += [e.function for e in expressions(function.body) if isinstance(e, nodes.Invoke)]
    return found


class _Activity(Activity):
    def __init__(
        self, work: _Derivatives, function: nodes.Function, params: frozenset[int]
    ) -> None:
        super().__init__(function, params)
        self.work = work

    def callee(self, name: str, params: frozenset[int], span: Span) -> Changes:
        if name in DRAWS:
            return Changes(frozenset(), (False,))
        found = self.work.activity(name, params)
        self.diagnostics += [_called_from(d, span) for d in found.diagnostics]
        return found.changes


def _called_from(diagnostic: Diagnostic, span: Span) -> Diagnostic:
    return replace(diagnostic, calls=(span, *diagnostic.calls))
