"""Branches, loops and jumps, for four lanes that may part.

Where all lanes go the same way, these are GLSL's own.  Where they part, a branch is run by all of
them under a mask, a loop goes on until no lane is left in it, and a jump takes the lanes that make
it out of the masks around.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from gpukernel.codegen.addresses import aligned_counter
from gpukernel.codegen.glsl_statements import StatementWriter
from gpukernel.codegen.glsl_variables import Mask, Shading
from gpukernel.codegen.loops import copies_of
from gpukernel.codegen.symbols import COMPONENTS
from gpukernel.codegen.writer import Writer
from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import expressions, statements
from gpukernel.passes.lanes import Lanes

# What is run under a mask without asking whether any lane is there.
_CHEAP = 24  # expression nodes
_FEW_READS = 2  # others may share their fetches, as they could not in a branch
_COUNT_HELPER = """\
uint gk_count(int start, int stop, int by) {
    if (by > 0 && stop > start) return (uint(stop) - uint(start) - 1u) / uint(by) + 1u;
    if (by < 0 && stop < start) return (uint(start) - uint(stop) - 1u) / uint(-by) + 1u;
    return 0u;
}
"""
Loop = nodes.For | nodes.While


class FunctionWriter(StatementWriter):
    """Writes one version of a function."""

    def __init__(self, out: Writer, shading: Shading, lanes: Lanes) -> None:
        super().__init__(out, shading, lanes)
        self.loops: list[Loop] = []  # around the statement
        self._scopes: list[AbstractContextManager[None]] = []

    def control(self, node: nodes.Stmt) -> None:
        """Write a branch, a loop or a jump."""
        match node:
            case nodes.If():
                self._parted_branch(node) if self._parts(node) else self._branch(node)
            case nodes.For() | nodes.While():
                self._loop(node)
            case nodes.Break() | nodes.Continue():
                self._jump(node)
            case _:
                raise InternalError(f"no GLSL for statement {type(node).__name__}")

    def _parts(self, node: nodes.Stmt) -> bool:
        return id(node) in self.lanes.parting

    # ------------------------------------------------------------ branches

    def _branch(self, node: nodes.If) -> None:
        self.write(f"if ({self.expressions.condition(node.condition)}) {{", node)
        self.inner(node.then)
        if node.otherwise:
            self.write("} else {", node)
            self.inner(node.otherwise)
        self.write("}", node)

    def _parted_branch(self, node: nodes.If) -> None:
        """Run both sides, each for its lanes."""
        around = self.expressions.mask
        decided = self.names.fresh()
        self.write(f"bvec4 {decided} = {self.expressions.condition(node.condition)};", node)
        sides = []
        for side, condition in ((node.then, decided), (node.otherwise, f"not({decided})")):
            if not side:
                continue
            text = condition
            if around is not None:
                text = self.shading.helpers.logical("and", around, condition)
            mask = self.names.fresh()
            self.write(f"bvec4 {mask} = {text};", node)
            sides.append((side, mask))
        for side, mask in sides:
            self.enter(Mask(mask, ("branch", id(node))))
            if _is_cheap(side):
                self.block(side)
            else:
                self.write(f"if (any({mask})) {{", node)
                self.inner(side)
                self.write("}", node)
            self.leave()

    # ------------------------------------------------------------ loops

    def _loop(self, node: Loop) -> None:
        """Write a loop, with a mask of its own if lanes leave it at different times."""
        parts = self._parts(node)
        if parts:
            self._new_mask(node, "loop")
        self.loops.append(node)
        if isinstance(node, nodes.For):
            aligned = aligned_counter(node) and node.name not in assigned(node.body)
            if aligned:
                self.expressions.aligned.add(node.name)
            self._for(node)
            self.expressions.aligned.discard(node.name)
        else:
            self._while(node)
        self.loops.pop()
        if parts:
            self.leave()

    def _for(self, node: nodes.For) -> None:
        """Write a loop over a counter of its own, so that the body may assign the variable."""
        if any(self.expressions.varies(b) for b in (node.start, node.stop, node.step)):
            self._for_each_lane(node)
            return
        start, condition, advance, value = self._counting(node)
        if self.shading.looping is None:
            self._open(f"for ({start}; {condition}; {advance}) {{", node)
            self._turn(node, value)
        else:
            self.write(f"{start};", node)
            self._open("while (true) {", node)
            for left in reversed(range(self._copies(node))):
                self.write(f"if (!({condition})) break;", node)
                self._turn(node, value, advance, is_last=left == 0)
        self._close(node)

    def _for_each_lane(self, node: nodes.For) -> None:
        """Write a loop of which each lane makes as many turns as its own bounds say."""
        start, stop, step = (
            self._hoisted(b, node, spread=True) for b in (node.start, node.stop, node.step)
        )
        count, turn = self.names.fresh(), self.names.fresh()
        each = [f"gk_count({start}.{c}, {stop}.{c}, {step}.{c})" for c in COMPONENTS]
        self.shading.helpers.need(_COUNT_HELPER)
        self.write(f"uvec4 {count} = uvec4({', '.join(each)});", node)
        self.write(f"uint {turn} = 0u;", node)
        value = f"{start} + ivec4({turn}) * {step}"
        if node.name not in self.lanes.varying:
            value = f"{start}.x + int({turn}) * {step}.x"
        self._open("while (true) {", node)
        for left in reversed(range(self._copies(node))):
            self._narrow(f"lessThan(uvec4({turn}), {count})", node)
            self._turn(node, value, f"++{turn}", is_last=left == 0)
        self._close(node)

    def _while(self, node: nodes.While) -> None:
        apart = self.expressions.varies(node.condition)
        copies = self._copies(node)
        with self.expressions.fetches.block(assigned((node,)), repeats=True):
            condition = self.expressions.condition(node.condition)
        plain = not (apart or self.expressions.before or self.shading.looping is not None)
        self.expressions.before.clear()
        self._open(f"while ({condition}) {{" if plain else "while (true) {", node)
        for left in reversed(range(copies)):
            if not plain:
                condition = self.expressions.condition(node.condition)
            if apart:
                self._narrow(condition, node)
            elif not plain:
                self.write(f"if (!({condition})) break;", node)
            self._turn(node, is_last=left == 0)
        self._close(node)

    def _open(self, head: str, node: Loop) -> None:
        self.write(head, node)
        self.out.depth += 1
        self._scopes.append(self.expressions.fetches.block(assigned((node,)), repeats=True))
        self._scopes[-1].__enter__()

    def _close(self, node: Loop) -> None:
        self._scopes.pop().__exit__(None, None, None)
        self.out.depth -= 1
        self.write("}", node)

    def _turn(
        self,
        node: Loop,
        value: str | None = None,
        advance: str | None = None,
        is_last: bool = True,
    ) -> None:
        """Write one iteration of the source: set the variable, run the body.

        Only the last one in a turn of the loop asks whether any lane is left: before that, the
        others run for no lane.
        """
        if isinstance(node, nodes.For) and value is not None:
            spread = node.name in self.lanes.varying and not self._counts_apart(node)
            self.store(node, node.name, f"ivec4({value})" if spread else value)
            self.expressions.fetches.forget({node.name})
        if advance is not None:
            self.write(f"{advance};", node)
        continues = id(node) in self.lanes.continuing
        if continues:
            self._new_mask(node, "turn")
        self.block(node.body)
        if continues:
            self.leave()
        if is_last and self._parts(node):
            self.write(f"if (!any({self.expressions.mask})) break;", node)

    def _counts_apart(self, node: Loop) -> bool:
        """Whether the lanes have counts of their own."""
        bounds = (node.start, node.stop, node.step) if isinstance(node, nodes.For) else ()
        return any(map(self.expressions.varies, bounds))

    def _narrow(self, condition: str, node: Loop) -> None:
        """Leave only the lanes in the loop for which the condition holds."""
        mask = self.expressions.mask
        assert mask is not None
        self.write(f"{mask} = {self.shading.helpers.logical('and', mask, condition)};", node)
        if self._continues_together(node):  # and so gets round the question at the end
            self.write(f"if (!any({mask})) break;", node)

    def _continues_together(self, node: Loop) -> bool:
        """Whether a ``continue`` of all lanes that are left is in the body."""
        return any(
            isinstance(s, nodes.Continue) and not self._parts(s) for s in statements(node.body)
        )

    def _new_mask(self, node: Loop, kind: str) -> None:
        """Declare a mask for the lanes that are here."""
        name = self.names.fresh()
        self.write(f"bvec4 {name} = {self.expressions.mask or 'bvec4(true)'};", node)
        self.enter(Mask(name, (kind, id(node))))

    def _copies(self, node: Loop) -> int:
        """Return how many iterations of the source to write in one of the loop."""
        if self.shading.looping is None:
            return 1
        return copies_of(node, self.expressions.sizes, self.shading.looping)

    def _counting(self, node: nodes.For) -> tuple[str, str, str, str]:
        """Return a counter's declaration, condition and step, and the variable's value.

        Other steps than 1 and -1 count iterations instead, in unsigned arithmetic, since the
        counter itself could pass the end of the int range.
        """
        counter = self.names.fresh()
        start, stop = self._hoisted(node.start, node), self._hoisted(node.stop, node)
        step = node.step.value if isinstance(node.step, nodes.Constant) else None
        if step == 1:
            return f"int {counter} = {start}", f"{counter} < {stop}", f"++{counter}", counter
        if step == -1:
            return f"int {counter} = {start}", f"{counter} > {stop}", f"--{counter}", counter
        by, count = self._hoisted(node.step, node), self.names.fresh()
        self.shading.helpers.need(_COUNT_HELPER)
        self.write(f"uint {count} = gk_count({start}, {stop}, {by});", node)
        value = f"{start} + int({counter}) * {by}"
        return f"uint {counter} = 0u", f"{counter} < {count}", f"++{counter}", value

    def _hoisted(self, bound: nodes.Expr, node: nodes.Stmt, spread: bool = False) -> str:
        """Return a loop bound as an atom, computed once before the loop."""
        self.expressions.begin(bound)
        text = self.expressions.spread(bound) if spread else self.value(bound)
        if isinstance(bound, nodes.Constant) and not spread:
            return text
        name = self.names.fresh()
        self.write(f"{'ivec4' if spread else 'int'} {name} = {text};", node)
        self.feed(name, bound, node, spread)
        return name

    # ------------------------------------------------------------ jumps

    def _jump(self, node: nodes.Break | nodes.Continue) -> None:
        leaves = isinstance(node, nodes.Break)
        if self._parts(node):
            self.clear_masks(node, ("loop" if leaves else "turn", id(self.loops[-1])))
        else:
            self.write("break;" if leaves else "continue;", node)


def _is_cheap(block: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a block is run faster than it is asked whether a lane is in it."""
    if any(isinstance(s, (nodes.For, nodes.While, nodes.InvokeInto)) for s in statements(block)):
        return False
    found = list(expressions(block))
    if any(isinstance(part, nodes.Invoke) for part in found):
        return False
    reads = sum(isinstance(part, nodes.Load) for part in found)
    return reads <= _FEW_READS and len(found) <= _CHEAP
