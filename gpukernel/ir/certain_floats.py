"""Which floats of a function stay floats in its text, also when it is called with ints.

The text of a typed function has no types: ``return y`` gives an int for an int.
"""

from __future__ import annotations

from gpukernel.ir import nodes
from gpukernel.ir.walk import statements
from gpukernel.lang.types import FLOAT, INT


class CertainFloats:
    """The variables of a function that are floats whatever it is called with."""

    def __init__(self, function: nodes.Function) -> None:
        self.names: set[str] = set()
        before = -1
        while before != len(self.names):
            before = len(self.names)
            for node in statements(function.body):
                match node:
                    case nodes.Assign() | nodes.SetElement() | nodes.Fill():
                        self.names |= {node.name} if self.holds(node.value) else set()
                    case _:
                        pass

    def holds(self, node: nodes.Expr) -> bool:
        """Whether an expression is certainly a float."""
        match node:
            case nodes.Constant() | nodes.Cast():
                return node.type == FLOAT
            case nodes.Name() | nodes.Element():
                return node.name in self.names
            case nodes.Select():
                return self.holds(node.then) or self.holds(node.otherwise)
            case nodes.Call():
                takes_ints = any(overload.result == INT for overload in node.row.overloads)
                return node.type == FLOAT and (
                    not takes_ints or any(map(self.holds, node.arguments))
                )
            case _:
                return False
