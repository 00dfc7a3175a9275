"""What the writers of statements stand on: a function's variables, and which lanes set them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from gpukernel.codegen.exactness import feeding, rounds
from gpukernel.codegen.glsl_expressions import Expressions, is_atom
from gpukernel.codegen.glsl_loads import Reads
from gpukernel.codegen.loops import FILL_AT_ONCE
from gpukernel.codegen.symbols import Symbols, declaration, returned_type, scalar_of
from gpukernel.codegen.vectors import Helpers
from gpukernel.codegen.writer import Writer
from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.lang.types import ListType, Scalar
from gpukernel.passes.lanes import Lanes, Version
from gpukernel.records import record


@record(frozen=True)
class Mask:
    """A variable that says which lanes are in a block, and what the block is part of."""

    name: str
    owner: tuple[str, int]  # ("function" | "branch" | "loop" | "turn", id of the node)


@record(frozen=True)
class Shading:
    """What the functions of one shader have in common.

    Attributes:
        symbols: the global names.
        functions: the typed functions, by name.
        reads: the reads of each array.
        helpers: where GLSL functions that are needed are put.
        callee: gives the GLSL name of a version of a function, writing it if it is new.
        looping: for a driver that cuts loops short, the functions that run a loop; else None.
        checked: whether failed checks are recorded (in ``gk_failure`` and ``gk_values``).
        exact: whether the variables are tied to the outputs (see `codegen.exactness`).
        shares: whether reads share fetches.
    """

    symbols: Symbols
    functions: Mapping[str, nodes.Function]
    reads: Mapping[str, Reads]
    helpers: Helpers
    callee: Callable[[Version], str]
    looping: Set[str] | None
    checked: bool
    exact: bool
    shares: bool


class VariableWriter:
    """Writes the assignments of one version of a function."""

    def __init__(self, out: Writer, shading: Shading, lanes: Lanes) -> None:
        self.out = out
        self.shading = shading
        self.lanes = lanes
        self.source = function = shading.functions[lanes.version.function]
        self.kinds = {v.name: v.type for v in (*function.params, *function.locals)}
        self.returned = returned_type(function)
        self.exact = shading.exact
        self.expressions = Expressions(
            shading.symbols,
            function,
            lanes,
            shading.reads,
            shading.helpers,
            shading.callee,
            shading.exact,
            shading.shares,
        )
        self.value, self.names = self.expressions.value, self.expressions.names
        self.masks: list[Mask] = []

    # ------------------------------------------------------------ lines

    def write(self, text: str, node: nodes.Stmt) -> None:
        """Write a line for a statement, after what its expressions need."""
        self.flush(node)
        self.out.write(text, node.span.line)

    def flush(self, node: nodes.Stmt) -> None:
        """Write what the expressions written so far need before them."""
        for line in self.expressions.before:
            self.out.write(line, node.span.line)
        self.expressions.before.clear()

    # ------------------------------------------------------------ masks

    def enter(self, mask: Mask) -> None:
        self.masks.append(mask)
        self.expressions.mask = mask.name

    def leave(self) -> None:
        self.masks.pop()
        self.expressions.mask = self.masks[-1].name if self.masks else None

    def clear_masks(self, node: nodes.Stmt, outermost: tuple[str, int]) -> None:
        """Take the lanes that are here out of all masks up to that of an owner."""
        here = self.masks[-1].name
        cleared = {here}
        for mask in reversed(self.masks):
            if mask.name not in cleared:
                cleared.add(mask.name)
                rest = self.shading.helpers.logical("and", mask.name, f"not({here})")
                self.write(f"{mask.name} = {rest};", node)
            if mask.owner == outermost:
                break
        else:
            raise InternalError(f"no mask of a {outermost[0]} around a jump")
        self.write(f"{here} = bvec4(false);", node)

    # ------------------------------------------------------------ assignments

    def store(self, node: nodes.Stmt, name: str, text: str) -> None:
        """Write an assignment to a variable, in the lanes that are here."""
        target, kind = self.names.name(name), self.kinds[name]
        assert isinstance(kind, Scalar)
        if name in self.lanes.varying:  # of several targets, only some may keep old values
            text = self.merged(node, kind, target, text)
        self.write(f"{target} = {text};", node)

    def store_elements(
        self, node: nodes.Stmt, name: str, kind: ListType, value_at: Callable[[str], str]
    ) -> None:
        """Write assignments to all elements of a list, in the lanes that are here.

        Args:
            node: the statement.
            name: the list's GLSL name.
            kind: its type.
            value_at: gives what is assigned at a place.
        """

        def store(place: str) -> str:
            target = f"{name}[{place}]"
            return f"{target} = {self.merged(node, scalar_of(kind), target, value_at(place))};"

        in_loop = kind.size // FILL_AT_ONCE * FILL_AT_ONCE if kind.size > FILL_AT_ONCE else 0
        if in_loop:
            i = self.names.fresh()
            self.write(f"for (int {i} = 0; {i} < {in_loop}; {i} += {FILL_AT_ONCE}) {{", node)
            for offset in range(FILL_AT_ONCE):
                self.write(f"    {store(f'{i} + {offset}')}", node)
            self.write("}", node)
        for position in range(in_loop, kind.size):
            self.write(store(str(position)), node)

    def merged(self, node: nodes.Stmt, kind: Scalar, target: str, text: str) -> str:
        """Return a value that keeps the target's in the lanes that are away."""
        mask = self.expressions.mask
        if id(node) not in self.lanes.merging or mask is None:
            return text
        return self.shading.helpers.pick(kind, target, text, mask)

    # ------------------------------------------------------------ variables of our own

    def kept(self, value: nodes.Expr, node: nodes.Stmt) -> str:
        """Return the expression as text that may be written several times."""
        text = self.value(value)
        return self.tied(text, value, self.expressions.varies(value), node)

    def tied(self, text: str, value: nodes.Expr, varying: bool, node: nodes.Stmt) -> str:
        """Return a variable with a value, tied to the outputs."""
        if is_atom(value):
            return text
        name = self.names.fresh()
        assert isinstance(value.type, Scalar)
        self.write(f"{declaration(value.type, name, varying)} = {text};", node)
        self.feed(name, value, node, varying)
        return name

    def feed(self, name: str, value: nodes.Expr, node: nodes.Stmt, varying: bool) -> None:
        """Tie a variable that is none of the program's to the outputs, where rounding matters."""
        if self.exact and rounds(value):
            for text in feeding([(name, value.type, varying)]):
                self.write(text, node)

    def feeding_of(self, variables: list[tuple[str, Scalar | ListType]]) -> list[str]:
        """Return the lines that tie variables of the program to the outputs."""
        named = [(self.names.name(n), kind, n in self.lanes.varying) for n, kind in variables]
        return list(feeding(named))
