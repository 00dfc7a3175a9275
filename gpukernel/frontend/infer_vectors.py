"""Vectors: componentwise arithmetic, swizzles, constructors; each becomes its numbers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence

from gpukernel.errors import Span
from gpukernel.frontend.emitter import Emitter, fold_literals, hint_for
from gpukernel.frontend.values import (
    NUMBERS,
    ArrayValue,
    ErrorValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    holders,
    numbers_in,
    parts,
    scalar_of,
    type_of,
)
from gpukernel.frontend.wording import float_hint, misfit
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, VECTOR_SIZES, Scalar

COMPONENT_SETS = ("xyzw", "rgba")
_PLAIN = (*NUMBERS, VectorValue, TupleValue)  # what messages call by its type alone


class VectorInference(Emitter):
    """Vectors of a function's inference."""

    changed_vectors: set[str]  # names of which a component is assigned
    borrowers: set[str]  # names that hold a vector which another one holds, too

    def share(self, name: str, value: Value, span: Span) -> None:
        """Note that a name holds the vectors of a value; report it where one of them changes."""
        others = holders(value)
        if not others:
            return
        self.borrowers.add(name)
        if (others | {name}) & self.changed_vectors:
            self.shared_vector(others | {name}, value, span)

    def shared_vector(self, names: frozenset[str], value: Value, span: Span) -> ErrorValue:
        """Report names that would share a vector of which one component is assigned."""
        changed = min(names & self.changed_vectors)
        message = f"two names would share one vector, and `{changed}` changes"
        while isinstance(value, TupleValue):
            value = next(e for e in value.elements if holders(e) & names)
        size = len(value.elements) if isinstance(value, VectorValue) else ""
        return self.error(span, message, f"copy it: vec{size}(...)")

    @abstractmethod
    def no_overload(self, row: Row, arguments: Sequence[Value], span: Span) -> ErrorValue:
        """Report arguments that a row does not take."""

    def vector(self, elements: Sequence[nodes.Expr], kind: Scalar) -> VectorValue:
        return VectorValue(tuple(cast(e, kind) for e in elements))

    def as_vector(self, value: Value) -> VectorValue | None:
        """Return a vector, or a tuple of 2 to 4 numbers as one; None for anything else."""
        if isinstance(value, VectorValue):
            return value
        if not isinstance(value, TupleValue) or len(value.elements) not in VECTOR_SIZES:
            return None
        numbers = [e for e in value.elements if isinstance(e, NUMBERS)]
        return self.vector(numbers, FLOAT) if len(numbers) == len(value.elements) else None

    # ------------------------------------------------------------ arithmetic

    def map_components(self, row: Row, arguments: Sequence[Value], span: Span) -> Value:
        """Apply a row of numbers to every component; numbers are the same for all of them."""
        given = [self.as_vector(a) or a for a in arguments]
        vectors = [v for v in given if isinstance(v, VectorValue)]
        sizes = {len(v.elements) for v in vectors}
        if len(sizes) > 1 or not all(isinstance(a, (VectorValue, *NUMBERS)) for a in given):
            return self.vector_misfit(row, arguments, self.misfit_hint(arguments), span)
        for number in (a for a in given if isinstance(a, NUMBERS)):
            if _is_int_variable(number) and scalar_of(vectors[0].elements[0]) == FLOAT:
                return self.vector_misfit(row, arguments, float_hint(row, span, number.span), span)
        firsts = [a.elements[0] if isinstance(a, VectorValue) else a for a in given]
        kinds = [scalar_of(a) for a in firsts if isinstance(a, NUMBERS)]
        if UINT not in kinds and row.overload(kinds) is None:
            return self.no_overload(row, arguments, span)
        shared = [self.once(a) if isinstance(a, NUMBERS) else a for a in given]
        columns = [
            self.call(
                row, [a.elements[i] if isinstance(a, VectorValue) else a for a in shared], span
            )
            for i in range(sizes.pop())
        ]
        numbers = [c for c in columns if isinstance(c, NUMBERS)]
        if len(numbers) != len(columns):
            return ErrorValue()
        return self.vector(numbers, scalar_of(numbers[0]))

    def vector_misfit(
        self, row: Row, arguments: Sequence[Value], hint: str, span: Span
    ) -> ErrorValue:
        """Report operands that are no numbers and vectors of one length."""
        names = [str(type_of(a)) if isinstance(a, _PLAIN) else describe(a) for a in arguments]
        expected = "two numbers or two vectors of one length"
        if len(arguments) != 2:
            expected = "numbers or vectors of one length"
        return self.error(span, misfit(row, " and ".join(names), expected), hint)

    def misfit_hint(self, arguments: Sequence[Value]) -> str:
        if all(isinstance(a, VectorValue) for a in arguments):
            return "take as many components of each, such as v.xy"
        if any(isinstance(a, TupleValue) for a in arguments):
            return "write as many numbers as the vector has components"
        return next(hint_for(a) for a in arguments if not isinstance(a, (VectorValue, *NUMBERS)))

    def dot(self, arguments: Sequence[Value], span: Span) -> Value:
        """Return the sum of the products of two vectors' components."""
        pair = [self.as_vector(a) for a in arguments]
        left, right = pair if len(pair) == 2 else (None, None)
        if left is None or right is None or len(left.elements) != len(right.elements):
            got = " and ".join(describe(a) for a in arguments) or "nothing"
            hint = "write dot(v, w) with two vec2, two vec3 or two vec4"
            return self.error(span, f"dot() takes two vectors of one length, got {got}", hint)
        total: Value | None = None
        for x, y in zip(left.elements, right.elements):
            product = self.call(BINARY["*"], [x, y], span)
            total = product if total is None else self.call(BINARY["+"], [total, product], span)
        assert total is not None
        return total

    # ------------------------------------------------------------ components

    def swizzle(self, node: syntax.Attribute, value: VectorValue) -> Value:
        positions = self.components(node.name, len(value.elements), node.span)
        if positions is None:
            return ErrorValue()
        chosen = tuple(value.elements[p] for p in positions)
        return chosen[0] if len(chosen) == 1 else VectorValue(chosen)

    def components(self, letters: str, size: int, span: Span) -> list[int] | None:
        """Return the positions that the letters of a swizzle name, None after reporting."""
        known = next((s for s in COMPONENT_SETS if set(letters) <= set(s)), "")
        positions = [known.index(letter) for letter in letters] if known else []
        if not positions or len(letters) > max(VECTOR_SIZES):
            message = f"a vec{size} has no attribute `{letters}`"
            named = ", ".join(COMPONENT_SETS[0][:size])
            hint = f"its components are {named}; .xy and .zyx give vectors"
            self.error(span, message, hint)
            return None
        if max(positions) >= size:
            message = f"a vec{size} has no component `{known[max(positions)]}`"
            self.error(span, message, f"its components are {', '.join(known[:size])}")
            return None
        return positions

    def component(self, value: VectorValue, index: nodes.Expr, span: Span) -> Value:
        """Return the component at an index that is known only at run time."""
        number = self.vector_index(index, len(value.elements), span)
        kind, result = scalar_of(number), value.elements
        chosen = cast(nodes.Constant(0, kind, span), scalar_of(result[0]))
        for position in range(len(result) - 1, -1, -1):
            here = nodes.Constant(position, kind, span)
            same = self.scalar_call(COMPARE["=="], [number, here], span)
            chosen = nodes.Select(same, result[position], chosen, scalar_of(chosen), span)
        return chosen

    def vector_index(self, index: nodes.Expr, size: int, span: Span) -> nodes.Expr:
        """Return an index into a vector, negative ones from the end; debug mode checks it."""
        index = self.once(index)
        place = self.once(self.from_end(index, size, span))
        if self.debug and not isinstance(place, nodes.Constant):
            low = self.scalar_call(COMPARE[">="], [place, nodes.Constant(0, INT, span)], span)
            high = self.scalar_call(COMPARE["<"], [place, nodes.Constant(size, INT, span)], span)
            inside = nodes.Logical("and", low, high, BOOL, span)
            failure = self.failure("index", f"index {{0}} is outside a vector of {size}", span)
            self.emit(nodes.Check(inside, failure, (index,), span))
        return place

    def compare_vectors(self, symbol: str, left: Value, right: Value, span: Span) -> Value:
        """Return whether all components are equal, or whether not all are."""
        pair = [self.as_vector(left), self.as_vector(right)]
        a, b = pair
        if (
            a is None
            or b is None
            or symbol not in ("==", "!=")
            or len(a.elements) != len(b.elements)
        ):
            message = f"cannot apply `{symbol}` to {describe(left)} and {describe(right)}"
            hint = "compare components, or lengths; == and != compare two vectors of one length"
            return self.error(span, message, hint)
        result: nodes.Expr | None = None
        for x, y in zip(a.elements, b.elements):
            same = self.scalar_call(COMPARE["=="], [x, y], span)
            result = same if result is None else nodes.Logical("and", result, same, BOOL, span)
        assert result is not None
        return result if symbol == "==" else self.call(UNARY["not"], [result], span)

    # ------------------------------------------------------------ constructors

    def construct(self, size: int, arguments: Sequence[Value], span: Span) -> Value:
        """Return ``vec2(...)``, ``vec3(...)`` or ``vec4(...)``: numbers and vectors in a row."""
        if not size:
            found = self.as_vector(arguments[0]) if len(arguments) == 1 else None
            hint = "write gk.vec2(x, y), gk.vec3(x, y, z) or gk.vec4(x, y, z, w)"
            message = "Vector() takes one tuple of 2 to 4 numbers"
            return found or self.error(span, message, hint)
        given: list[nodes.Expr] = []
        for value in arguments:
            inner = parts(value)
            if inner is None and not isinstance(value, NUMBERS):
                message = f"vec{size}() takes numbers and vectors, not {describe(value)}"
                return self.error(span, message, f"write vec{size}({', '.join('xyzw'[:size])})")
            given += numbers_in(value)
        if len(given) == 1 and len(arguments) == 1:
            given = [self.once(given[0])] * size
        if len(given) != size:
            message = f"vec{size}() takes {size} components, got {len(given)}"
            return self.error(span, message, f"write vec{size}({', '.join('xyzw'[:size])})")
        return self.vector(given, FLOAT)

    def load_vector(
        self,
        size: int,
        arguments: Sequence[Value],
        span: Span,
        element: Callable[[ArrayValue, list[Value]], Value],
    ) -> Value:
        """Return ``vec3.load(img, i, j)``: the elements of an array's last axis."""
        array, *indices = arguments or (None,)
        if not isinstance(array, ArrayValue) or len(indices) != array.rank - 1:
            message = f"vec{size}.load() takes an array and an index for each axis but the last"
            return self.error(span, message, f"write vec{size}.load(img, i, j)")
        shared = [self.once(i) if isinstance(i, NUMBERS) else i for i in indices]
        numbers = [element(array, [*shared, nodes.Constant(c, INT, span)]) for c in range(size)]
        found = [n for n in numbers if isinstance(n, NUMBERS)]
        return self.vector(found, FLOAT) if len(found) == size else ErrorValue()


def _is_int_variable(value: nodes.Expr) -> bool:
    return value.type != FLOAT and not isinstance(fold_literals(value), nodes.Constant)
