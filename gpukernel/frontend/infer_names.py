"""Names: what they are assigned, and what they stand for.

A variable has one type, the join of all it is assigned.  A name that is assigned once may instead
stand for a thing itself: an array, a function, or the list that it was made with.
"""

from __future__ import annotations

from abc import abstractmethod

from gpukernel.errors import Span
from gpukernel.frontend.emitter import FIXED
from gpukernel.frontend.flow import target_names
from gpukernel.frontend.infer_invoke import InvokeInference
from gpukernel.frontend.values import (
    ALIASES,
    NUMBERS,
    ArrayValue,
    ErrorValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    describe,
    numbers_in,
    parts,
    storage,
    type_of,
)
from gpukernel.frontend.wording import sign_hint
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast
from gpukernel.ir.walk import expressions
from gpukernel.lang.types import (
    INT,
    UINT,
    ErrorType,
    ListType,
    Scalar,
    Type,
    VectorType,
    join,
)

_FUNCTIONS = (ObjectValue, FunctionValue)


class NameInference(InvokeInference):
    """The names of a function's inference."""

    assignments: dict[str, int]  # how often each name is assigned
    unread: set[str]  # throwaway names: nothing reads them

    def __init__(self) -> None:
        super().__init__()
        self.aliases: dict[str, Value] = {}
        self.only_literals: set[str] = set()  # names that were only assigned int literals so far

    @abstractmethod
    def read_variable(self, name: str, span: Span) -> Value:
        """Return the value of a local name."""

    def is_own(self, name: str) -> bool:
        """Whether a name is no parameter and is assigned only once."""
        return name not in self.bindings and self.assignments.get(name, 0) <= 1

    def poison(self, target: syntax.Target) -> None:
        """Mark the names of a failed assignment, so that reading them is not reported again."""
        for name in target_names(target):
            self.aliases.setdefault(name.name, ErrorValue())

    def name_moves(self, target: syntax.TargetName, value: Value) -> list[tuple[str, nodes.Expr]]:
        """Return the moves that give a name its value; things that are no numbers are aliased."""
        name = target.name
        if name in self.unread:
            return []
        if isinstance(value, ListValue) and value.name == name and value.offset is None:
            self.aliases.pop(name, None)
            return []  # it was made in the variable
        if isinstance(value, ALIASES):
            self.alias(target, value)
            return []
        if isinstance(value, TupleValue) and self.is_own(name) and _is_fixed(value):
            self.aliases[name] = value  # a table of launch values needs no variables
            return []
        kind = self.widen(target, value)
        if kind is None:
            self.aliases[name] = ErrorValue()
            return []
        if not self.has_own_lists(value, target.span):
            return []
        self.share(name, value, target.span)
        if isinstance(kind, VectorType):
            value = self.as_vector(value) or value
        return [
            (leaf, cast(number, scalar))
            for (leaf, scalar), number in zip(storage(name, kind).items(), numbers_in(value))
            if isinstance(scalar, Scalar)
        ]

    def has_own_lists(self, value: Value, span: Span) -> bool:
        """Whether all lists in a tuple are new ones; reports one that has another name."""
        if isinstance(value, TupleValue):
            return all(self.has_own_lists(e, span) for e in value.elements)
        if not isinstance(value, ListValue) or value.name.startswith("$"):
            return True
        hint = f"copy it: list({value.name.partition('.')[0]})"
        self.error(span, "the same list would be in two places", hint)
        return False

    def alias(self, target: syntax.TargetName, value: Value) -> None:
        """Let a name stand for a list, an array or a function."""
        name = target.name
        fresh = isinstance(value, ListValue) and value.name.startswith("$")
        if isinstance(value, ListValue) and not self.is_own(name) and name not in self.bindings:
            if fresh:
                self.store_list(target, value)
                return
            hint = f"copy it: {name} = list(...)"
            self.error(target.span, f"`{name}` would be a second name of a list", hint)
            return
        if not self.can_alias(target, value):
            self.aliases[name] = ErrorValue()
            return
        if isinstance(value, ListValue) and not fresh and not self.is_kept(value):
            message = f"`{name}` would be a second name of a list that is replaced elsewhere"
            hint = f"copy it: {name} = list(...); in a loop, go over range(len(...))"
            self.error(target.span, message, hint)
            return
        if isinstance(value, ListValue) and value.offset is not None:
            value = ListValue(value.name, value.type, self.once(value.offset))
        if isinstance(value, ArrayValue):
            value = ArrayValue(value.array, tuple(self.once(i) for i in value.prefix))
        self.aliases[name] = value

    def can_alias(self, target: syntax.TargetName, value: Value) -> bool:
        """Whether a name may stand for a thing: it stands for nothing else; reports it if not."""
        name = target.name
        other = self.aliases.get(name)
        if name in self.bindings:
            hint = "use another name for the new value"
            if isinstance(value, ListValue):
                hint = "use another name for the new list"
            what = "which is an array argument" if self.is_array(name) else "which is a parameter"
            self.error(target.span, f"cannot assign {describe(value)} to `{name}`, {what}", hint)
        elif isinstance(other, ErrorValue):
            return False
        elif name in self.variables:
            old, hint = self.variables[name], "a variable has one type; use another name"
            message = f"`{name}` is {old} elsewhere and {describe(value)} here"
            self.error(target.span, message, hint)
        elif other is not None and other != value:
            message = f"`{name}` is {describe(other)} elsewhere and {describe(value)} here"
            hint = "give each its own name, and choose between their elements"
            if isinstance(value, _FUNCTIONS) and isinstance(other, _FUNCTIONS):
                message = f"`{name}` is another function elsewhere"
                hint = "call the function wanted inside if/else"
            self.error(target.span, message, hint)
        else:
            return True
        return False

    def is_array(self, name: str) -> bool:
        """Whether a name is an array argument."""
        return isinstance(self.bindings.get(name), ArrayValue)

    def is_kept(self, value: ListValue) -> bool:
        """Whether the variable that a list is kept in always is that list."""
        root = value.name.split(".")[0]
        return self.assignments.get(root, 0) <= (0 if root in self.bindings else 1)

    def store_list(self, target: syntax.TargetName, value: ListValue) -> None:
        """Copy a new list into a variable that takes several lists, one after the other."""
        kind = self.widen(target, value)
        if isinstance(kind, ListType) and self.count_list(target.name, kind, target.span):
            self.copy_list(ListValue(target.name, kind), value, target.span)

    def is_thing(self, target: syntax.TargetName, kind: Type) -> bool:
        """Whether a name stands for an array or a function, and can hold no number; reports it."""
        name = target.name
        bound, thing = self.bindings.get(name), self.aliases.get(name)
        if isinstance(bound, (ArrayValue, ObjectValue, FunctionValue)):
            what = "an array argument" if isinstance(bound, ArrayValue) else "a function argument"
            message = f"cannot assign to `{name}`, which is {what}"
            self.error(target.span, message, "use another name for the new value")
            return True
        if thing is None or isinstance(thing, ErrorValue):
            return False
        message = f"`{name}` is {describe(thing)} elsewhere and {kind} here"
        self.error(target.span, message, "a variable has one type; use another name")
        return True

    def widen(self, target: syntax.TargetName, value: Value) -> Type | None:
        """Join a value's type into a variable's; None when nothing can be stored."""
        name, kind = target.name, type_of(value)
        if isinstance(kind, ErrorType) or self.is_thing(target, kind):
            return None
        old = self.variables.get(name)
        if self.is_literal_int(value):
            if old is None:
                self.only_literals.add(name)
            if old == UINT:
                return old
        elif kind == UINT and old == INT and name in self.only_literals:
            old = None
        else:
            self.only_literals.discard(name)
        joined = kind if old is None else join(old, kind)
        if joined is None and isinstance(old, VectorType):
            vector = self.as_vector(value)
            joined = None if vector is None else join(old, type_of(vector))
        if joined is None:
            message = f"`{name}` is {old} elsewhere and {kind} here"
            hint = "a variable has one type; use another name"
            self.error(target.span, message, (old and sign_hint(old, kind)) or hint)
            return None
        self.variables[name] = joined
        return joined

    def move(self, moves: list[tuple[str, nodes.Expr]]) -> None:
        """Assign numbers to variables all at once, through temporaries where one is read later."""
        written: set[str] = set()
        overlap = False
        for name, value in moves:
            overlap = overlap or bool(_names_in(value) & written)
            written.add(name)
        if overlap:
            moves = [(name, self.once(value)) for name, value in moves]
        for name, value in moves:
            self.emit(nodes.Assign(name, value, value.span))


def _names_in(value: nodes.Expr) -> set[str]:
    """Return the variables and lists that an expression reads."""
    inside = expressions((nodes.Return((value,), value.span),))
    return {node.name for node in inside if isinstance(node, (nodes.Name, nodes.Element))}


def _is_fixed(value: TupleValue) -> bool:
    """Whether a tuple holds nothing but numbers that are the same in the whole launch."""
    numbers = numbers_in(value)
    return bool(numbers) and all(isinstance(n, FIXED) for n in numbers) and not _has_things(value)


def _has_things(value: Value) -> bool:
    """Whether there is something in a tuple that is no number."""
    inner = parts(value)
    return not isinstance(value, NUMBERS) if inner is None else any(map(_has_things, inner))
