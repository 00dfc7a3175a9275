"""What of a kernel depends on the row of the output cell, and what stands against several at once.

A *row* is a position along all axes of the grid but the last.  A variable depends on the row if
anything that is assigned to it does, or if a condition that does decides whether it is assigned.
(The same for other axes than those of the rows.)
"""

from __future__ import annotations

from collections.abc import Container

from gpukernel.ir import nodes
from gpukernel.ir.variables import assigned
from gpukernel.ir.walk import children, expressions, statements, subexpressions, substatements

_LOOPS = (nodes.For, nodes.While)
_LEAVING = (nodes.Return, nodes.Break, nodes.Continue)


class Rows:
    """The variables of a kernel that depend on the row, or on the index along ``axes``."""

    def __init__(self, program: nodes.Program, axes: Container[int] | None = None) -> None:
        self.program = program
        self._axes = range(program.grid_rank - 1) if axes is None else axes
        self.variables: set[str] = set()
        found = -1
        while found != len(self.variables):  # what a loop assigns may be read before that
            found = len(self.variables)
            self._block(program.kernel.body, False)

    def depends(self, node: nodes.Expr) -> bool:
        """Whether the value of an expression depends on the row."""
        return any(self._part_depends(part) for part in subexpressions(node))

    def _part_depends(self, node: nodes.Expr) -> bool:
        if isinstance(node, nodes.GridIndex):
            return node.axis in self._axes
        if isinstance(node, (nodes.Name, nodes.Element, nodes.ListName, nodes.Bind)):
            return node.name in self.variables
        return False

    def decides(self, node: nodes.Stmt) -> bool:
        """Whether a statement is a branch that the row decides."""
        return isinstance(node, nodes.If) and self.depends(node.condition)

    def _block(self, block: tuple[nodes.Stmt, ...], decided: bool) -> None:
        for statement in block:
            own = [part for child in children(statement) for part in subexpressions(child)]
            for part in own:
                if isinstance(part, nodes.Bind) and (decided or self.depends(part.value)):
                    self.variables.add(part.name)
            if decided or any(self._part_depends(part) for part in own):
                self.variables |= _own_targets(statement, own)
            elif isinstance(statement, nodes.CopyList) and statement.source in self.variables:
                self.variables.add(statement.name)
            inner = decided or self.decides(statement)
            self._block(tuple(substatements(statement)), inner)

    # ------------------------------------------------------------ what stands against it

    def refusal(self) -> str | None:
        """Return why one fragment cannot compute several rows, or None."""
        program = self.program
        if program.grid_rank == 1:
            return "the output has one axis only"
        if program.failures:
            return "its checks must name the cell that fails"
        for function in program.functions[:-1]:
            if any(isinstance(node, nodes.GridIndex) for node in expressions(function.body)):
                return f"the function `{function.name}` asks for index() itself"
        reasons = (self._refusal_of(node) for node in statements(program.kernel.body))
        return next((reason for reason in reasons if reason is not None), None)

    def _refusal_of(self, node: nodes.Stmt) -> str | None:
        line = node.span.line
        if isinstance(node, nodes.For):
            if any(self.depends(bound) for bound in (node.start, node.stop, node.step)):
                return f"the number of iterations of the loop in line {line} depends on the row"
            if node.name in self.variables:
                return f"the variable of the loop in line {line} is changed depending on the row"
        elif isinstance(node, nodes.While) and self.depends(node.condition):
            return f"the number of iterations of the loop in line {line} depends on the row"
        elif self.decides(node):
            inside = statements(tuple(substatements(node)))
            if any(isinstance(statement, (*_LOOPS, *_LEAVING)) for statement in inside):
                return f"the condition in line {line} depends on the row"
        return None


def _own_targets(node: nodes.Stmt, own: list[nodes.Expr]) -> set[str]:
    """Return what a statement changes, but not what the statements inside of it do."""
    names = {part.name for part in own if isinstance(part, nodes.ListName)}
    if isinstance(node, (nodes.Return, nodes.If, nodes.While, nodes.For)):
        return names
    binds = {part.name for part in own if isinstance(part, nodes.Bind)}
    return set(assigned((node,))) - binds
