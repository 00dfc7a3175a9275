"""What functions return, and the arrays that a launch fills with a kernel's results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from gpukernel.errors import Diagnostic, KernelTypeError, Span, raise_errors
from gpukernel.frontend.emitter import hint_for
from gpukernel.frontend.infer_random import RandomInference
from gpukernel.frontend.values import (
    ArrayValue,
    Binding,
    ErrorValue,
    FunctionValue,
    ListBinding,
    ListValue,
    ObjectValue,
    TupleValue,
    Value,
    VectorValue,
    describe,
    holders,
    numbers_in,
    parts,
    read_storage,
    storage,
    type_of,
)
from gpukernel.frontend.wording import sign_hint, source_text
from gpukernel.ir import nodes, syntax
from gpukernel.ir.constants import cast
from gpukernel.lang.builtins import find_builtin
from gpukernel.lang.types import (
    ERROR,
    INT,
    INT_MAX,
    MAX_RANK,
    RESULT_DTYPES,
    UINT,
    ErrorType,
    ListType,
    Scalar,
    TupleType,
    Type,
    VectorType,
    join,
)


class ResultInference(RandomInference):
    """The returned values of a function's inference."""

    is_kernel: bool
    bindings: dict[str, Binding]
    lends = False
    lent_list: str | None = None
    tree: syntax.Function
    result: Type | None  # the join of all that is returned
    returns_literals = False  # whether it returned nothing but int literals so far

    @abstractmethod
    def state_values(self) -> tuple[nodes.Expr, ...]:
        """Return the hidden variables as a helper gives them back."""

    def returned(self, node: syntax.Return) -> None:
        joins_uint = self.result == UINT  # so literals may be as large as a uint
        value = self.uint_literal(node.value) if joins_uint else self.value(node.value)
        kind = type_of(value) if self.can_return(node.value, value) else ERROR
        self.lend(node.value, value)
        joined = self.joined_result(value, kind)
        if joined is None:
            assert self.result is not None
            self.other_result(node.value, self.result, kind)
            return
        self.result = joined
        if not isinstance(joined, ErrorType) and not isinstance(value, ErrorValue):
            values = self.result_values(value, joined, node.span)
            self.emit(nodes.Return((*values, *self.state_values()), node.span))

    def lend(self, node: syntax.Expr, value: Value) -> None:
        """Note what a result shares with the caller; report a list that sometimes is the caller's.

        A list parameter that every ``return`` gives back is the argument itself.
        """
        roots = {name.removesuffix("[]") for name in holders(value)}
        lent = {n for n in roots if n in self.bindings and n not in self.assignments}
        self.lends = self.lends or bool(lent or holders(value) & self.borrowers)
        own = self.lent(value)
        again = self.result is not None and own != self.lent_list
        lent_part = any(self.lent(e) is not None for e in parts(value) or ())
        if own == "" or lent_part:
            hint = f"return a copy: list({source_text(node.span) or '...'})"
            self.error(node.span, "a list of the caller's would have a second name", hint)
        elif again and (own or self.lent_list):
            name = (own or self.lent_list or "").rpartition("^")[2]
            message = f"`{self.tree.name}` returns the caller's `{name}` and other lists, too"
            self.error(node.span, message, f"return a copy: list({name})")
        self.lent_list = own or self.lent_list

    def lent(self, value: Value) -> str | None:
        """Return the list parameter that a value is, empty for a part of one, None for others."""
        root = value.name.partition(".")[0] if isinstance(value, ListValue) else ""
        binding = self.bindings.get(root)
        if not isinstance(value, ListValue) or not isinstance(binding, ListBinding):
            return None
        return root if binding.type == value.type else ""

    def joined_result(self, value: Value, kind: Type) -> Type | None:
        """Return the type that holds this result and those before; int literals join uint."""
        is_literal = self.is_literal_int(value)
        if self.result is None or (kind == UINT and self.result == INT and self.returns_literals):
            self.returns_literals = is_literal
            return kind
        if is_literal and self.result == UINT:
            return UINT
        self.returns_literals = self.returns_literals and is_literal
        return join(self.result, kind)

    def can_return(self, node: syntax.Expr, value: Value, *, in_tuple: bool = False) -> bool:
        """Whether a value may be returned; reports what may not, where it is written."""
        if isinstance(value, ErrorValue):
            return True
        if isinstance(value, TupleValue):
            return self.can_return_tuple(node, value, in_tuple=in_tuple)
        is_thing = isinstance(value, (ArrayValue, ObjectValue, FunctionValue))
        if is_thing or (self.is_kernel and isinstance(value, ListValue)):
            hint = hint_for(value)
            if isinstance(value, ListValue):
                hint = "return one element, or a vector or tuple of elements"
            what = "a kernel returns numbers and vectors"
            if not self.is_kernel:
                what = "a function returns numbers, vectors, tuples and lists"
            self.error(node.span, f"{what}, not {describe(value)}", hint)
            return False
        if self.is_kernel and isinstance(value, VectorValue) and self.grid_rank == MAX_RANK:
            message = f"a vector adds a last axis, but the output has {MAX_RANK} axes already"
            self.error(node.span, message, "return one number, or several outputs")
            return False
        return True

    def can_return_tuple(self, node: syntax.Expr, value: TupleValue, *, in_tuple: bool) -> bool:
        if self.is_kernel and not value.elements:
            hint = "return the value of this output cell"
            self.error(node.span, "a kernel returns at least one number", hint)
            return False
        if self.is_kernel and in_tuple:
            message = f"an output must be a number or a vector, not {describe(value)}"
            self.error(node.span, message, "return one flat tuple")
            return False
        places = _elements(node, len(value.elements))
        found = [self.can_return(n, e, in_tuple=True) for n, e in zip(places, value.elements)]
        return all(found)

    def other_result(self, node: syntax.Expr, old: Type, new: Type) -> None:
        """Report results of two kinds: of tuples, the element that differs."""
        if isinstance(old, TupleType) and isinstance(new, TupleType):
            pairs = list(zip(old.elements, new.elements))
            wrong = next((i for i, (a, b) in enumerate(pairs) if join(a, b) is None), None)
            if wrong is not None and len(old.elements) == len(new.elements):
                place = _elements(node, len(pairs))[wrong]
                self.other_result(place, *pairs[wrong])
                return
        message = f"`{self.tree.name}` returns {old} elsewhere and {new} here"
        hint = sign_hint(old, new) or "every return gives the same kind of value"
        self.error(node.span, message, hint)

    def result_values(self, value: Value, kind: Type, span: Span) -> list[nodes.Expr]:
        """Return the numbers and lists of a returned value, converted to the result's types."""
        if isinstance(kind, ListType):
            assert isinstance(value, ListValue)
            name = self.temporary(kind)
            self.count_list(name, kind, span)
            self.copy_list(ListValue(name, kind), value, span)
            return [
                nodes.ListName(leaf, leaf_kind, span)
                for leaf, leaf_kind in storage(name, kind).items()
                if isinstance(leaf_kind, ListType)
            ]
        elements = parts(value)
        if elements is None:
            return [cast(n, kind) for n in numbers_in(value) if isinstance(kind, Scalar)]
        inner = [type_of(e) for e in parts(read_storage("", kind, span)) or ()]
        return [n for e, k in zip(elements, inner) for n in self.result_values(e, k, span)]


def kernel_outputs(
    result: Type, dtypes: str | tuple[str, ...] | None, grid_rank: int, span: Span
) -> tuple[nodes.Output, ...]:
    """Return one output for each number or vector of the result.

    Args:
        result: the type that the kernel returns.
        dtypes: the dtype of the outputs, one for all or one each; None takes those of the types.
        grid_rank: the number of axes of the grid.
        span: the kernel's name, for errors.

    Raises:
        KernelTypeError: a result that no array holds, or another number of dtypes.
    """
    kinds = result.elements if isinstance(result, TupleType) else (result,)
    names = dtypes if isinstance(dtypes, tuple) else (dtypes,) * len(kinds)
    if len(names) != len(kinds):
        message = f"dtype= names {len(names)} dtypes, but the kernel returns {len(kinds)} values"
        raise_errors([Diagnostic(KernelTypeError, span, message, "give one dtype for each")])
    return tuple(_output(k, n, grid_rank, span) for k, n in zip(kinds, names))


def _output(kind: Type, dtype: str | None, grid_rank: int, span: Span) -> nodes.Output:
    if isinstance(kind, Scalar):
        return nodes.Output(dtype or RESULT_DTYPES[kind])
    problem, hint = f"a kernel cannot return a {kind} inside a tuple", "return numbers and vectors"
    if isinstance(kind, VectorType):
        if grid_rank < MAX_RANK:
            return nodes.Output(dtype or RESULT_DTYPES[kind.element], kind.size)
        problem = f"a {kind} adds an axis to an output that has {MAX_RANK} already"
        hint = "return one number, or use a smaller output shape"
    raise_errors([Diagnostic(KernelTypeError, span, problem, hint)])


def _elements(node: syntax.Expr, count: int) -> Sequence[syntax.Expr]:
    """Return the expressions of a tuple's elements, where they are written out."""
    if isinstance(node, syntax.Sequence) and len(node.elements) == count:
        return node.elements
    return (node,) * count


def saturated(value: nodes.Expr, kind: Scalar) -> nodes.Expr:
    """Return a result in the type of its output: ints and uints end at what that holds."""
    limits = {(UINT, INT): ("min", UINT, INT_MAX), (INT, UINT): ("max", INT, 0)}
    limit = limits.get((value.type, kind))  # type: ignore[arg-type]
    if limit is None:
        return cast(value, kind)
    name, own, number = limit
    row = find_builtin({"min": min, "max": max}[name])
    assert row is not None
    overload = next(o for o in row.overloads if o.params == (own, own))
    bound = nodes.Constant(number, own, value.span)
    return cast(nodes.Call(row, overload, (value, bound), own, value.span), kind)
