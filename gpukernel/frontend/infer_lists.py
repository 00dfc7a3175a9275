"""Local lists: displays, repetition, element reads and writes, copies.

A list of numbers is one flat array variable of the program; a list of tuples or vectors is one for
each of their parts, and a nested list is kept in the storage of the outermost one.
"""

from __future__ import annotations

from collections.abc import Sequence

from gpukernel.errors import KernelIndexError, Span
from gpukernel.frontend.emitter import hint_for
from gpukernel.frontend.infer_vectors import VectorInference
from gpukernel.frontend.values import (
    NUMBERS,
    Binding,
    ErrorValue,
    ListValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    numbers_in,
    part_types,
    storage,
    type_of,
)
from gpukernel.frontend.wording import sign_hint, source_text
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast, constant
from gpukernel.lang.operators import BINARY, COMPARE
from gpukernel.lang.types import (
    BOOL,
    ERROR,
    FLOAT,
    INT,
    UINT,
    ErrorType,
    ListType,
    Scalar,
    TupleType,
    Type,
    VectorType,
    join,
)

MAX_LIST_ELEMENTS = 4096  # of all lists of a function together: they live in a GPU's registers
_UNROLLED = 16  # elements that are copied one by one rather than in a loop


class ListInference(VectorInference):
    """Lists of a function's inference."""

    bindings: dict[str, Binding]
    list_sizes: dict[str, int]  # the numbers that the lists made so far hold, by variable
    materialize: bool  # whether calls write to lists, so that reads must not wait

    # ------------------------------------------------------------ new lists

    def new_list(self, kind: ListType, into: str | None, span: Span) -> ListValue | ErrorValue:
        """Return an empty list: the variable ``into``, or a temporary."""
        if into is not None:
            joined = join(kind, self.variables.get(into, kind))
            if not isinstance(joined, ListType):
                old = self.variables[into]
                if isinstance(old, ErrorType):
                    return ErrorValue()
                message = f"`{into}` is {old} elsewhere and {kind} here"
                return self.error(span, message, "a variable has one type; use another name")
            kind = self.variables[into] = joined
        if self.list_size(kind) > MAX_LIST_ELEMENTS:
            return self.too_large(f"this list has {self.list_size(kind)} numbers", span)
        name = self.temporary(kind) if into is None else into
        return ListValue(name, kind) if self.count_list(name, kind, span) else ErrorValue()

    def count_list(self, name: str, kind: ListType, span: Span) -> bool:
        """Count the numbers of a new list; False after reporting that there are too many."""
        self.list_sizes[name] = self.list_size(kind)
        total = sum(self.list_sizes.values())
        if total > MAX_LIST_ELEMENTS:
            count = self.list_sizes.pop(name)
            what = f"this list has {count} numbers, and with those before it {total}"
            self.too_large(what, span)
            return False
        return True

    def too_large(self, message: str, span: Span) -> ErrorValue:
        hint = f"a function's lists hold at most {MAX_LIST_ELEMENTS} numbers; use an array"
        return self.error(span, message, hint)

    def list_size(self, kind: Type) -> int:
        """Return how many numbers a value of this type has in its lists."""
        return sum(k.size for k in storage("", kind).values() if isinstance(k, ListType))

    def list_display(self, node: syntax.ListDisplay, into: str | None = None) -> Value:
        elements = [self.value(e) for e in node.elements]
        if not all(self.is_fresh(e, n.span) for e, n in zip(elements, node.elements)):
            return ErrorValue()
        return self.list_of(elements, node.span, into)

    def list_of(self, elements: Sequence[Value], span: Span, into: str | None = None) -> Value:
        """Return a new list of these values."""
        if any(isinstance(e, ErrorValue) for e in elements):
            return ErrorValue()
        if not elements:
            hint = "write its length: [0.0] * n, with a constant n"
            return self.error(span, "an empty list has no element type", hint)
        kind = self.element_type(elements, span)
        if kind is None:
            return ErrorValue()
        if not all(self.is_fresh(e, span) for e in elements):
            return ErrorValue()
        made = self.new_list(ListType(kind, len(elements)), into, span)
        if isinstance(made, ListValue):
            for position, element in enumerate(elements):
                self.set_item(made, constant(position, span), element, span)
        return made

    def is_fresh(self, value: Value, span: Span) -> bool:
        """Whether a value may become an element: a list that has another name may not."""
        if not isinstance(value, ListValue) or value.name.startswith("$"):
            return True
        message = "the same list would be in two places"
        text = source_text(span) or value.name.split(".")[0]
        self.error(span, message, f"copy it: list({text})")
        return False

    def element_type(self, elements: Sequence[Value], span: Span) -> Type | None:
        """Return the type that all elements of a list have, None after reporting."""
        kind: Type | None = self.joined(elements)
        if kind is None:
            first, other = (
                elements[0],
                next(e for e in elements if self.joined([elements[0], e]) is None),
            )
            message = (
                f"a list holds values of one type, not {describe(first)} and {describe(other)}"
            )
            signs = sign_hint(type_of(first), type_of(other))
            self.error(span, message, signs or "use a tuple, or convert the values")
        elif isinstance(kind, ErrorType):
            odd = next((e for e in elements if isinstance(type_of(e), ErrorType)), elements[0])
            self.error(span, f"a list cannot hold {describe(odd)}", hint_for(odd))
            return None
        elif not _can_be_listed(kind):
            self.error(span, f"a list cannot hold {describe(elements[0])}", hint_for(elements[0]))
            return None
        return kind

    def joined(self, values: Sequence[Value]) -> Type | None:
        """Return the type that holds all values; int literals join uint."""
        kind: Type | None = None
        literals = []
        for value in values:
            if self.is_literal_int(value):
                literals.append(value)
                continue
            kind = type_of(value) if kind is None else join(kind, type_of(value))
            if kind is None:
                return None
        if not literals or kind == UINT:
            return kind
        return INT if kind is None else join(kind, INT)

    def is_literal_int(self, value: Value) -> bool:
        return isinstance(value, nodes.Constant) and value.type == INT and value.value >= 0

    def repeated(self, elements: list[Value], count: int, span: Span, into: str | None) -> Value:
        """Return ``[a, b] * count``."""
        if any(isinstance(e, (ListValue, ErrorValue)) for e in elements):
            if any(isinstance(e, ErrorValue) for e in elements):
                return ErrorValue()
            hint = "write a comprehension: [[0.0] * 3 for _ in range(3)]"
            return self.error(span, "the repeated rows would all be one list", hint)
        if not elements:
            return self.list_of([], span)
        if count < 1:
            message = f"the length of a list must be positive, not {count}"
            return self.error(span, message, "a list has at least one element")
        kind = self.element_type(elements, span)
        if kind is None:
            return ErrorValue()
        held = [self.once(e) if isinstance(e, NUMBERS) else e for e in elements]
        made = self.new_list(ListType(kind, count * len(held)), into, span)
        if not isinstance(made, ListValue):
            return made
        self.share(elements_of(made.name), held[0], span)
        if len(held) > 1:
            for position in range(count * len(held)):
                self.set_item(made, constant(position, span), held[position % len(held)], span)
            return made
        for (name, leaf), number in zip(storage(made.name, made.type).items(), numbers_in(held[0])):
            self.emit(nodes.Fill(name, cast(number, _scalar(leaf)), span))
        return made

    def copied(self, value: Value, span: Span, into: str | None = None) -> Value:
        """Return ``list(value)``: a new list of the elements of a list, tuple or vector."""
        if isinstance(value, (TupleValue, VectorValue)):
            return self.list_of(list(value.elements), span, into)
        if not isinstance(value, ListValue):
            message = f"list() takes a list, tuple or vector, not {describe(value)}"
            return self.error(span, message, hint_for(value))
        if isinstance(value.type.element, ListType):
            hint = "copy each row: [list(row) for row in m]"
            return self.error(span, "list() would keep the rows of the list shared", hint)
        made = self.new_list(value.type, into, span)
        if isinstance(made, ListValue):
            self.copy_list(made, value, span)
        return made

    # ------------------------------------------------------------ elements

    def list_index(self, value: ListValue, index: Value, span: Span) -> nodes.Expr | None:
        """Return an index as a checked int, negative ones counted from the end."""
        number = self.as_number(index, span, "a list index")
        if number is None:
            return None
        if number.type == FLOAT:
            self.error(span, "a list index must be an int, not float", "convert it with int(...)")
            return None
        number, size = self.constant_of(cast(number, INT)), value.type.size
        if isinstance(number, nodes.Constant):
            if not -size <= number.value < size:
                message = f"index {number.value} is outside a list of {size}"
                self.error(span, message, f"use 0 to {size - 1}", KernelIndexError)
                return None
            return constant(int(number.value) % size, span)
        if not self.debug:
            return self.from_end(number, size, span)
        number = self.once(number)
        place = self.from_end(number, size, span)
        text = f"index {{0}} is outside a list of {size}"
        failure = self.failure("index", text, span)
        self.emit(nodes.Check(self.is_inside(place, size, span), failure, (number,), span))
        return place

    def is_inside(self, index: nodes.Expr, size: int, span: Span) -> nodes.Expr:
        low = self.scalar_call(COMPARE[">="], [index, constant(0, span)], span)
        high = self.scalar_call(COMPARE["<"], [index, constant(size, span)], span)
        return nodes.Logical("and", low, high, BOOL, span)

    def flat_index(self, value: ListValue, index: nodes.Expr, span: Span) -> nodes.Expr:
        """Return an element's place in the storage, counted in elements; -1 for none."""
        size = value.type.size
        if value.offset is None:
            if isinstance(value.type.element, Scalar) or isinstance(index, nodes.Constant):
                return index
            index = self.once(index)  # an outer index out of range must not reach another row
            inside = self.is_inside(index, size, span)
            return self.once(nodes.Select(inside, index, constant(-1, span), INT, span))
        start = self.scalar_call(BINARY["*"], [value.offset, constant(size, span)], span)
        if isinstance(index, nodes.Constant) and isinstance(value.offset, nodes.Constant):
            return self.scalar_call(BINARY["+"], [start, index], span)
        index = self.once(index)
        place = self.scalar_call(BINARY["+"], [start, index], span)
        exists = self.scalar_call(COMPARE[">="], [value.offset, constant(0, span)], span)
        inside = nodes.Logical("and", exists, self.is_inside(index, size, span), BOOL, span)
        return self.once(nodes.Select(inside, place, constant(-1, span), INT, span))

    def item(self, value: ListValue, index: nodes.Expr, span: Span) -> Value:
        """Return the element at a checked index."""
        place = self.flat_index(value, index, span)
        if not isinstance(value.type.element, Scalar):
            place = self.once(place)
        return self.read_place(value.name, value.type.element, place, span)

    def read_place(self, name: str, kind: Type, place: nodes.Expr, span: Span) -> Value:
        if isinstance(kind, Scalar):
            read = nodes.Element(name, place, kind, span)
            return self.once(read) if self.materialize else read
        if isinstance(kind, ListType):
            return ListValue(name, kind, place)
        elements = [
            self.read_place(f"{name}.{i}", element, place, span)
            for i, element in enumerate(part_types(kind))
        ]
        if isinstance(kind, VectorType):
            numbers = tuple(self.once(e) for e in elements if isinstance(e, NUMBERS))
            return VectorValue(numbers, frozenset([elements_of(name)]))
        return TupleValue(tuple(self.once(e) if isinstance(e, NUMBERS) else e for e in elements))

    def set_item(self, target: ListValue, index: nodes.Expr, value: Value, span: Span) -> None:
        """Write an element, at a checked index; lists are copied element by element."""
        place = self.flat_index(target, index, span)
        element = target.type.element
        if isinstance(element, ListType):
            row = ListValue(target.name, element, self.once(place))
            if not self.is_fresh(value, span):
                return
            if isinstance(value, ListValue) and value.type.size == element.size:
                self.copy_list(row, value, span)
            elif not isinstance(value, ErrorValue):
                message = f"cannot put {describe(value)} where a {element} is"
                self.error(span, message, "lists keep their length")
            return
        numbers = self.fitting(element, value, span)
        if numbers is None:
            return
        self.share(elements_of(target.name), value, span)
        leaves = storage(target.name, target.type).items()
        if len(numbers) > 1:
            place = self.once(place)
        for (name, leaf), number in zip(leaves, numbers):
            self.widen_leaf(name, number, _scalar(leaf), span)
            self.emit(nodes.SetElement(name, place, self.stored(number, _scalar(leaf)), span))

    def fitting(self, element: Type, value: Value, span: Span) -> list[nodes.Expr] | None:
        """Return the numbers of a value that becomes an element, None after reporting."""
        if isinstance(value, ErrorValue):
            return None
        if isinstance(element, VectorType):
            value = self.as_vector(value) or value
        numbers = numbers_in(value)
        same_kind = isinstance(element, Scalar) == isinstance(value, NUMBERS)
        wanted = len(storage("", element))
        if not same_kind or len(numbers) != wanted or type_of(value) == ERROR:
            message = f"cannot put {describe(value)} into a list of {element} values"
            self.error(span, message, hint_for(value) or f"every element is a {element}")
            return None
        return numbers

    def stored(self, number: nodes.Expr, kind: Scalar) -> nodes.Expr:
        return cast(number, kind)

    def widen_leaf(self, leaf: str, number: nodes.Expr, kind: Scalar, span: Span) -> None:
        """Let a list's elements become the type that holds a number, too."""
        if self.is_literal_int(number) and kind.rank >= INT.rank:
            return
        joined = join(kind, number.type)
        root, *path = leaf.split(".")
        if joined == kind:
            return
        if root in self.variables and isinstance(joined, Scalar):
            positions = [int(p) for p in path]
            self.variables[root] = _widened(self.variables[root], positions, joined)
            return
        what = "a list that the caller made" if root in self.bindings else "this list"
        message = f"cannot put {describe(number)} into {what}, of {kind} values"
        hint = f"convert the value with {kind}(...), or make the list of floats"
        self.error(span, message, sign_hint(kind, number.type) or hint)

    def copy_list(self, target: ListValue, source: ListValue, span: Span) -> None:
        """Copy all elements of a list into another one of the same length."""
        to, of = storage(target.name, target.type), storage(source.name, source.type)
        whole = target.offset is None and source.offset is None
        if whole and list(to.values()) == list(of.values()):
            for name, origin in zip(to, of):
                if name != origin:
                    self.emit(nodes.CopyList(name, origin, span))
            return
        size = target.type.size
        if size <= _UNROLLED:
            for position in range(size):
                self.copy_item(target, source, constant(position, span), span)
            return
        counter = self.temporary(INT)
        at = nodes.Name(counter, INT, span)
        _, body = self.aside(lambda: self.copy_item(target, source, at, span))
        bounds = (constant(0, span), constant(size, span), constant(1, span))
        self.emit(nodes.For(counter, *bounds, body, span))

    def copy_item(self, target: ListValue, source: ListValue, at: nodes.Expr, span: Span) -> None:
        """Copy one element, a list too, from one list into another."""
        value = self.item(source, at, span)
        if isinstance(value, ListValue):
            place = self.once(self.flat_index(target, at, span))
            row = ListValue(target.name, value.type, place)
            self.copy_list(row, value, span)
            return
        self.set_item(target, at, value, span)


def elements_of(name: str) -> str:
    """Return what the elements of a list are called as a holder of vectors."""
    return f"{name.partition('.')[0]}[]"


def _scalar(kind: Scalar | ListType) -> Scalar:
    element = kind.element if isinstance(kind, ListType) else kind
    assert isinstance(element, Scalar)
    return element


def _widened(kind: Type, path: list[int], scalar: Scalar) -> Type:
    """Return a list's type with the numbers at a path through its tuples of another type."""
    if isinstance(kind, ListType):
        return ListType(_widened(kind.element, path, scalar), kind.size)
    if isinstance(kind, VectorType):
        return VectorType(scalar, kind.size)
    if isinstance(kind, TupleType):
        elements = list(kind.elements)
        elements[path[0]] = _widened(elements[path[0]], path[1:], scalar)
        return TupleType(tuple(elements))
    return scalar


def _can_be_listed(kind: Type) -> bool:
    if isinstance(kind, Scalar):
        return True
    if isinstance(kind, ListType):
        return _can_be_listed(kind.element)
    inner = part_types(kind)
    return bool(inner) and all(map(_can_be_listed, inner))
