"""Indices that are brought inside by hand, turned into boundaries of their reads.

``a[(i - 1) % a.shape[0], min(max(j + 1, 0), a.shape[1] - 1)]`` reads what ``a[i - 1, j + 1]`` does
with the boundaries ``wrap`` and ``clamp``, for which whole texels can be read.  What an index is
brought inside of may also be something that happens to be the size of the axis at a launch: a
scalar, the size of another array or of the grid.  Such a `Fact` is decided by the launch.

In: any valid program, best after `propagate`.  Out: the same meaning for launches in which the
facts hold; reads have ``boundaries`` (see `nodes.Load`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TypeGuard

from gpukernel.ir import nodes
from gpukernel.ir.affine import affine, to_expr
from gpukernel.ir.constants import round_to
from gpukernel.ir.variables import assigned, is_pure, read_names, with_body
from gpukernel.ir.walk import expressions, rewrite, statements
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY
from gpukernel.lang.types import INT
from gpukernel.passes.index_choices import boundary_of, is_choice
from gpukernel.passes.propagate import (
    Knowledge,
    Known,
    Walk,
    is_index_expression,
    without_dead,
)
from gpukernel.records import record

SMALL = 1 << 24  # sizes below, and sums of few of them, are far from the end of the int range
MAX_FACTOR = 16
_MODULO = BINARY["%"].overload([INT, INT])


def _int_overloads(*names: str) -> frozenset[int]:
    rows = (row for row in BUILTINS if row.name in names)
    overloads = (overload for row in rows for overload in row.overloads)
    return frozenset(id(o) for o in overloads if {o.result, *o.params} == {INT})


_LEAST = _int_overloads("min", "np.minimum", "np.fmin")
_LARGEST = _int_overloads("max", "np.maximum", "np.fmax")
_CLAMP = _int_overloads("clamp", "np.clip")

Atom = tuple[str, int]  # ("array", axis), ("grid[]", axis), or a uniform's ("name()", 0)
Site = tuple[str, int, str]  # an array, its axis, a boundary


@record(frozen=True)
class Fact:
    """That a sum of launch values is the size of an axis; of no array: that all sizes are small."""

    array: str
    axis: int
    terms: tuple[tuple[str, str, int, int], ...] = ()  # kind, name, axis, factor
    constant: int = 0

    def holds(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> bool:
        """Whether the fact is true of a launch."""
        if not self.array:
            return max(*grid, *(size for shape in shapes.values() for size in shape)) < SMALL
        total = self.constant
        for kind, name, axis, factor in self.terms:
            if kind == "grid":
                total += factor * grid[axis]
            else:
                total += factor * (shapes[name][axis] if kind == "array" else scalars[name])
        return int(round_to(total, INT)) == shapes[self.array][self.axis]

    @property
    def scalars(self) -> tuple[str, ...]:
        """The uniforms that it is about."""
        return tuple(name for kind, name, _, _ in self.terms if kind == "uniform")


_SIZES_ARE_SMALL = Fact("", 0)


def find_facts(program: nodes.Program) -> tuple[frozenset[Fact], bool]:
    """Return the facts that boundaries depend on, and whether there are any boundaries at all."""
    if not any(map(_may_bring_inside, program.functions)):
        return frozenset(), False
    asked = _Asked()
    found = _with_boundaries(program, asked, None)
    has_boundaries = any(fact.array for fact in asked.facts) or found is not program
    return frozenset(asked.facts), has_boundaries


class _Asked(Container[object]):
    """Facts that remember which ones they were asked for: sizes are small, all else is not so."""

    def __init__(self) -> None:
        self.facts: set[Fact] = set()

    def __contains__(self, fact: object) -> bool:
        assert isinstance(fact, Fact)
        self.facts.add(fact)
        return fact == _SIZES_ARE_SMALL


def with_boundaries(
    program: nodes.Program, facts: Container[object], accepted: Container[Site] | None = None
) -> nodes.Program:
    """Return the program with boundaries instead of ``%``, ``min`` and ``max`` in indices.

    Args:
        program: any valid program.
        facts: those that hold.
        accepted: where to do so; boundaries of one side then become those of both, so what they
            do not apply to is to be inside.  None: everywhere.
    """
    return _with_boundaries(program, facts, accepted)


def _with_boundaries(
    program: nodes.Program, facts: Container[object], accepted: Container[Site] | None
) -> nodes.Program:
    functions = []
    for function in program.functions:
        walk = _Walk(function, facts, accepted)
        body = walk.block(function.body, {})[0]
        if walk.found:
            function = with_body(function, without_dead(body), walk.locals.added)
        functions.append(function)
    if all(a is b for a, b in zip(functions, program.functions)):
        return program
    return replace(program, functions=tuple(functions))


class _Walk(Walk):
    """The walk of `propagate`, which also remembers variables that are inside of something."""

    def __init__(
        self,
        function: nodes.Function,
        facts: Container[object],
        accepted: Container[Site] | None,
    ) -> None:
        super().__init__(function)
        self.found = False
        self._facts = facts
        self._accepted = accepted
        self._counters: frozenset[str] = frozenset()  # of loops around, with small constant bounds

    def assign(
        self, node: nodes.Assign, known: Knowledge
    ) -> tuple[list[nodes.Stmt], nodes.Stmt, Knowledge]:
        before, changed, after = super().assign(node, known)
        if node.name not in after and not self.bound(node):
            assert isinstance(changed, nodes.Assign)
            value = _resolved(changed.value, known)
            reads = frozenset(read_names(value))
            if _brings_inside(value) and node.name not in reads:
                after[node.name] = Known(value, reads, is_costly=True)
        return before, changed, after

    def branch(self, node: nodes.If, known: Knowledge) -> tuple[nodes.Stmt, Knowledge | None]:
        changed, after = super().branch(node, known)
        choice = _as_choice(node, known)
        if choice is not None and after is not None:
            name, value = choice
            reads = frozenset(read_names(value))
            if name not in after and name not in reads:
                after[name] = Known(value, reads, is_costly=True)
        return changed, after

    def loop(self, node: nodes.For | nodes.While, known: Knowledge) -> tuple[nodes.Stmt, Knowledge]:
        outside = self._counters
        if _is_small_counter(node):
            assert isinstance(node, nodes.For)
            self._counters = outside | {node.name}
        made = super().loop(node, known)
        self._counters = outside
        return made

    def load(self, node: nodes.Load, known: Knowledge) -> nodes.Load:
        if node.boundaries:
            return node
        indices, boundaries = list(node.indices), ["" for _ in node.indices]
        for axis, index in enumerate(node.indices):
            value = known[index.name].value if _is_costly(index, known) else index
            boundary, inner = self._match(value, node.array, axis)
            site = node.array, axis, boundary
            if boundary and (self._accepted is None or site in self._accepted):
                indices[axis] = inner
                boundaries[axis] = boundary if self._accepted is None else boundary.split("_")[0]
        if not any(boundaries):
            return node
        self.found = True
        return replace(node, indices=tuple(indices), boundaries=tuple(boundaries))

    # ------------------------------------------------------------ what indices look like

    def _match(self, node: nodes.Expr, array: str, axis: int) -> tuple[str, nodes.Expr]:
        """Return the boundary that an index has by itself, or "", and the index without it."""
        if isinstance(node, nodes.Select):
            return boundary_of(
                node,
                lambda value, less: self._is_size(value, (array, axis), less),
                self._is_small_sum,
            )
        if not isinstance(node, nodes.Call):
            return "", node
        place, arguments = (array, axis), node.arguments
        if node.overload is _MODULO:
            if self._is_size(arguments[1], place):
                return "wrap", self._without_turns(*arguments)
        elif id(node.overload) in _CLAMP:
            inner, low, high = arguments
            if _is_zero(low) and self._is_size(high, place, 1):
                return "clamp", inner
        elif id(node.overload) in _LARGEST:
            return self._one_sided("clamp_low", node, place)
        elif id(node.overload) in _LEAST:
            return self._one_sided("clamp_high", node, place)
        return "", node

    def _one_sided(
        self, boundary: str, node: nodes.Call, place: tuple[str, int]
    ) -> tuple[str, nodes.Expr]:
        left, right = node.arguments
        for inner, limit in ((left, right), (right, left)):
            hits = _is_zero(limit) if boundary == "clamp_low" else self._is_size(limit, place, 1)
            if hits:
                other, innermost = self._match(inner, *place)
                if {boundary, other} == {"clamp_low", "clamp_high"}:
                    return "clamp", innermost
                return boundary, inner
        return "", node

    def _is_size(self, node: nodes.Expr, place: tuple[str, int], less: int = 0) -> bool:
        """Whether an expression is the size of an axis, less a number."""
        if not is_index_expression(node):
            return False
        total = affine(node)
        terms = []
        for atom, factor in total.terms:
            term = _launch_value(atom)
            if term is None:
                return False
            terms.append((*term, factor))
        constant = total.constant + less
        if terms == [("array", *place, 1)] and constant == 0:
            return True
        return Fact(*place, tuple(sorted(terms)), constant) in self._facts

    def _without_turns(self, node: nodes.Expr, size: nodes.Expr) -> nodes.Expr:
        """Return an index without multiples of what it is taken modulo (``i + n - 1``)."""
        total = affine(node)
        if not total.coefficient(size) or not is_pure(node):
            return node
        rest = total.without(size)
        if not all(self._is_small(atom, factor) for atom, factor in rest.terms):
            return node
        small = abs(rest.constant) < SMALL and abs(total.coefficient(size)) <= MAX_FACTOR
        return to_expr(rest, node.span) if small and _SIZES_ARE_SMALL in self._facts else node

    def _is_small_sum(self, node: nodes.Expr) -> bool:
        total = affine(node)
        small = all(self._is_small(atom, factor) for atom, factor in total.terms)
        return small and abs(total.constant) < SMALL and _SIZES_ARE_SMALL in self._facts

    def _is_small(self, atom: nodes.Expr, factor: int) -> bool:
        is_index = isinstance(atom, nodes.GridIndex)
        is_counter = isinstance(atom, nodes.Name) and atom.name in self._counters
        return (is_index or is_counter) and abs(factor) <= MAX_FACTOR


def _launch_value(atom: nodes.Expr) -> tuple[str, str, int] | None:
    match atom:
        case nodes.Extent():
            return "array", atom.array, atom.axis
        case nodes.GridExtent():
            return "grid", "", atom.axis
        case nodes.Uniform():
            return "uniform", atom.name, 0
    return None


def _is_zero(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Constant) and node.value == 0


def _is_costly(node: nodes.Expr, known: Knowledge) -> TypeGuard[nodes.Name]:
    return isinstance(node, nodes.Name) and node.name in known and known[node.name].is_costly


def _resolved(node: nodes.Expr, known: Knowledge) -> nodes.Expr:
    """Return an expression with all known variables replaced, costly ones too."""

    def change(part: nodes.Expr) -> nodes.Expr:
        return known[part.name].value if _is_costly(part, known) else part

    return rewrite(node, change) if is_index_expression(node) or is_choice(node) else node


def _as_choice(node: nodes.If, known: Knowledge) -> tuple[str, nodes.Expr] | None:
    """Return the variable that a branch changes if its condition holds, and its value after it."""
    if len(node.then) != 1 or node.otherwise:
        return None
    (then,) = node.then
    if not isinstance(then, nodes.Assign) or then.value.type != INT or then.name not in known:
        return None
    old = nodes.Name(then.name, INT, node.span)
    choice = nodes.Select(node.condition, then.value, old, INT, node.span)

    def change(part: nodes.Expr) -> nodes.Expr:
        return (
            known[part.name].value if isinstance(part, nodes.Name) and part.name in known else part
        )

    return (then.name, rewrite(choice, change)) if is_choice(choice) else None


def _brings_inside(node: nodes.Expr) -> bool:
    """Whether an int is computed by what brings indices inside."""
    return is_choice(node) or (_turns_inside(node) and is_index_expression(node))


def _may_bring_inside(function: nodes.Function) -> bool:
    if any(isinstance(s, nodes.If) for s in statements(function.body)):
        return True
    return any(isinstance(n, nodes.Select) or _turns_inside(n) for n in expressions(function.body))


def _turns_inside(node: nodes.Expr) -> bool:
    if not isinstance(node, nodes.Call):
        return False
    return node.overload is _MODULO or id(node.overload) in _LEAST | _LARGEST | _CLAMP


def _is_small_counter(node: nodes.For | nodes.While) -> bool:
    if not isinstance(node, nodes.For) or node.name in assigned(node.body):
        return False
    bounds = (node.start, node.stop, node.step)
    return all(isinstance(b, nodes.Constant) and abs(b.value) < SMALL for b in bounds)
