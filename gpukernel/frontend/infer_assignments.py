"""Assignments: tuples of targets, elements of lists, components of vectors, and ``+=``."""

from __future__ import annotations

from dataclasses import replace

from gpukernel.errors import KernelIndexError, KernelSyntaxError, Span
from gpukernel.frontend.emitter import hint_for, plural
from gpukernel.frontend.flow import target_names
from gpukernel.frontend.infer_names import NameInference
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    ListValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    held_by,
    holders,
    numbers_in,
    parts,
    scalar_of,
)
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.operators import COMPARE
from gpukernel.lang.types import (
    Scalar,
    VectorType,
)


class AssignmentInference(NameInference):
    """The assignments of a function's inference."""

    changed_vectors: set[str]  # names of which a component is assigned

    def assign(self, node: syntax.Assign) -> None:
        value = self.assigned_value(node)
        into_list = any(isinstance(t, syntax.TargetElement) for t in node.targets)
        if into_list and not self.is_fresh(value, node.value.span):
            return
        if len(node.targets) > 1:
            value = self.shared(value, node)
        for target in node.targets:
            self.store(target, value)

    def assigned_value(self, node: syntax.Assign) -> Value:
        """Return the value; a new list is made in the variable itself where that is safe."""
        (target, *more) = node.targets or (None,)
        if more or not isinstance(target, syntax.TargetName) or not self.is_own(target.name):
            return self.value(node.value)
        return self.value_into(node.value, target.name)

    def shared(self, value: Value, node: syntax.Assign) -> Value:
        """Return a value that several targets can take without computing it again."""
        inner = parts(value)
        if isinstance(value, ListValue):
            hint = "assign each name a list of its own"
            return self.error(node.span, "two names would share one list", hint)
        if isinstance(value, VectorValue):
            names = frozenset(t.name for to in node.targets for t in target_names(to))
            if names & self.changed_vectors:
                return self.shared_vector(names, value, node.span)
            return held_by(self.held(value), value.holders | names)
        if inner is not None:
            return TupleValue(tuple(self.shared(e, node) for e in inner))
        return self.once(value) if isinstance(value, NUMBERS) else value

    def store(self, target: syntax.Target, value: Value) -> None:
        """Assign a value to a target, element by element."""
        pairs: list[tuple[syntax.Target, Value]] = []
        if not self.match(target, value, pairs):
            self.poison(target)
            return
        if any(isinstance(v, ErrorValue) for _, v in pairs):
            self.poison(target)
        places = [t for t, _ in pairs if not isinstance(t, syntax.TargetName)]
        if len(pairs) > 1 and places:  # written in order: a place may be found by an earlier name
            pairs = [(t, self.held(v)) for t, v in pairs]
        moves: list[tuple[str, nodes.Expr]] = []
        for to, part in exchanged(pairs):
            if isinstance(to, syntax.TargetName):
                moves += self.name_moves(to, part)
                continue
            self.move(moves)
            moves = []
            if isinstance(to, syntax.TargetElement):
                self.store_element(to, part)
            elif isinstance(to, syntax.TargetAttribute):
                self.store_component(to, part)
        self.move(moves)

    def held(self, value: Value) -> Value:
        """Return a value whose numbers are computed now."""
        if isinstance(value, VectorValue):
            return replace(value, elements=tuple(self.once(e) for e in value.elements))
        if isinstance(value, TupleValue):
            return TupleValue(tuple(self.held(e) for e in value.elements))
        return self.once(value) if isinstance(value, NUMBERS) else value

    def match(
        self, target: syntax.Target, value: Value, pairs: list[tuple[syntax.Target, Value]]
    ) -> bool:
        """Pair every place of a target with its value; False after reporting a misfit."""
        if not isinstance(target, syntax.TargetTuple):
            pairs.append((target, value))
            return True
        if isinstance(value, ErrorValue):
            return False
        elements = parts(value)
        if isinstance(value, ListValue):
            places = [constant(i, target.span) for i in range(value.type.size)]
            elements = tuple(self.item(value, place, target.span) for place in places)
        if elements is None:
            hint = hint_for(value) or "write one name on the left"
            if isinstance(value, nodes.GridIndex):
                hint = "the output has one axis, so index() is one int: write i = index()"
            self.error(target.span, f"cannot unpack {describe(value)}", hint)
            return False
        if len(elements) != len(target.elements):
            wanted, got = len(target.elements), len(elements)
            self.error(
                target.span,
                f"cannot unpack {got} values into {wanted} names",
                f"write {got} names on the left",
            )
            return False
        return all([self.match(t, v, pairs) for t, v in zip(target.elements, elements)])

    # ------------------------------------------------------------ elements and components

    def store_element(self, target: syntax.TargetElement, value: Value) -> None:
        base = self.value(target.value)
        indices = self.indices(target.indices)
        if isinstance(base, ErrorValue) or any(isinstance(i, ErrorValue) for i, _ in indices):
            return
        if isinstance(base, VectorValue) and isinstance(target.value, syntax.Local):
            self.store_at(target, base, indices, value)
            return
        if not isinstance(base, ListValue):
            hint = "lists have elements that can be assigned"
            if isinstance(base, ArrayValue):
                hint = "a kernel returns the value of its own output cell: use return"
            message = f"cannot write to an element of {describe(base)}"
            self.error(target.span, message, hint, KernelSyntaxError)
            return
        if len(indices) != 1:
            self.error(target.span, "a list takes one index", "write m[i][j] for nested lists")
            return
        index = self.list_index(base, *indices[0])
        if index is not None:
            self.set_item(base, index, value, target.span)

    def is_own_vector(self, name: str, base: VectorValue, span: Span) -> bool:
        """Whether a vector is one of this function's variables; reports that it is not."""
        if isinstance(self.variables.get(name), VectorType):
            return True
        whose = "the caller" if name in self.bindings else "the function around"
        own = name if name in self.bindings else f"{name}2"
        hint = f"copy it first: {own} = vec{len(base.elements)}({name})"
        self.error(span, f"`{name}` belongs to {whose}", hint)
        return False

    def store_at(
        self,
        target: syntax.TargetElement,
        base: VectorValue,
        indices: list[tuple[Value, Span]],
        value: Value,
    ) -> None:
        """Write one component of a vector, at an index that may be known only at run time."""
        index = self.as_number(indices[0][0], indices[0][1], "the index of a vector")
        number = self.as_number(value, target.span, "a component")
        if index is None or number is None or not isinstance(target.value, syntax.Local):
            return
        if not self.is_own_vector(target.value.name, base, target.span):
            return
        size, number = len(base.elements), self.once(number)
        index = self.constant_of(index)
        if isinstance(index, nodes.Constant) and not -size <= index.value < size:
            message = f"index {index.value} is outside a vector of {size}"
            self.error(target.span, message, f"use 0 to {size - 1}", KernelIndexError)
            return
        index = self.vector_index(index, size, target.span)
        for position, old in enumerate(base.elements):
            place = constant(position, target.span)
            here = self.scalar_call(COMPARE["=="], [index, place], target.span)
            kind = scalar_of(old)
            chosen = nodes.Select(here, cast(number, kind), old, kind, target.span)
            self.emit(nodes.Assign(f"{target.value.name}.{position}", chosen, target.span))

    def store_component(self, target: syntax.TargetAttribute, value: Value) -> None:
        base = self.value(target.value)
        if isinstance(base, ErrorValue) or isinstance(value, ErrorValue):
            return
        if not isinstance(base, VectorValue) or not isinstance(target.value, syntax.Local):
            message = f"cannot assign to attribute `{target.name}`"
            self.error(target.span, message, "assign to a variable", KernelSyntaxError)
            return
        name = target.value.name
        if not self.is_own_vector(name, base, target.span):
            return
        positions = self.components(target.name, len(base.elements), target.span)
        if positions is None:
            return
        numbers, count = numbers_in(value), len(positions)
        if len(set(positions)) < count:
            message = f"`{target.name}` names a component twice"
            self.error(target.span, message, "each component can be assigned once")
            return
        if len(numbers) != count or (count == 1) != isinstance(value, NUMBERS):
            has = plural(count, "component", "components")
            message = f"cannot assign {describe(value)} to `{name}.{target.name}`, which has {has}"
            self.error(
                target.span, message, f"assign a {'number' if count == 1 else f'vec{count}'}"
            )
            return
        kind = base.elements[0].type
        assert isinstance(kind, Scalar)
        self.move([(f"{name}.{p}", cast(n, kind)) for p, n in zip(positions, numbers)])

    def augmented(self, node: syntax.Augmented) -> None:
        target = node.target
        if isinstance(target, syntax.TargetName):
            left = self.read_variable(target.name, target.span)
        elif isinstance(target, syntax.TargetAttribute):
            left = self.value(syntax.Attribute(target.value, target.name, target.span))
        else:
            self.augmented_element(node, target)
            return
        right = self.uint_literal(node.value)
        if self.is_bare_wide(node.value, left):
            return
        self.store(target, self.operator(node.symbol, left, right, node.span))

    def augmented_element(self, node: syntax.Augmented, target: syntax.TargetElement) -> None:
        """``xs[i] += value``: the index is computed once."""
        base = self.value(target.value)
        if not isinstance(base, ListValue) or len(target.indices) != 1:
            held = self.with_held_indices(target)
            read = syntax.Subscript(held.value, held.indices, held.span)
            self.store(
                held,
                self.operator(node.symbol, self.value(read), self.value(node.value), node.span),
            )
            return
        index = self.list_index(base, self.value(target.indices[0]), target.indices[0].span)
        if index is None:
            return
        index = self.once(index)
        left = self.held(self.item(base, index, target.span))
        right = self.uint_literal(node.value)
        if not self.is_bare_wide(node.value, left):
            value = self.operator(node.symbol, left, right, node.span)
            self.set_item(base, index, value, target.span)

    def with_held_indices(self, target: syntax.TargetElement) -> syntax.TargetElement:
        """Return a target whose indices are computed now, so that they can be read twice."""
        indices: list[syntax.Expr] = []
        for position, index in enumerate(target.indices):
            value, name = self.held(self.value(index)), f"index@{position}"
            self.aliases[name] = value
            is_constant = isinstance(value, nodes.Constant)
            indices.append(index if is_constant else syntax.Local(name, index.span))
        return replace(target, indices=tuple(indices))


def exchanged(pairs: list[tuple[syntax.Target, Value]]) -> list[tuple[syntax.Target, Value]]:
    """Return assignments as they are, but ``v, w = w, v`` as one of new vectors."""
    names = [to.name for to, _ in pairs if isinstance(to, syntax.TargetName)]
    held = [name for _, part in pairs for name in holders(part)]
    is_exchange = len(names) == len(pairs) and sorted(names) == sorted(held)
    return [(to, held_by(part, frozenset())) for to, part in pairs] if is_exchange else pairs
