"""What the interpreter must know about statements before it runs them.

Pure functions from nodes of the typed program to names and yes-or-no answers.
"""

from __future__ import annotations

from gpukernel.ir import nodes, walk
from gpukernel.lang.types import BOOL, INT, ListType

# A loop goes on with its running lanes alone when fewer than one in so many run.  Reads become
# gathers then, so a loop that reads arrays waits longer.
SPARSE, SPARSE_WITH_LOADS = 2, 8
# The launch scalars whose values are worth remembering: positions, sizes, switches.  Floats are
# others each time, and so are the seeds of random numbers, which are uints.
WHOLE = (BOOL, INT)
_STATIC = (
    nodes.Constant,
    nodes.GridIndex,
    nodes.GridExtent,
    nodes.Extent,
    nodes.Call,
    nodes.Logical,
    nodes.Select,
    nodes.Cast,
)
_ASSIGNING = (nodes.Assign, nodes.SetElement, nodes.Fill, nodes.CopyList, nodes.For)


def invokes(node: nodes.Expr) -> bool:
    """Whether the expression calls a function, which may loop for ever in a lane not asked."""
    return any(isinstance(e, nodes.Invoke) for e in walk.subexpressions(node))


def is_static(node: nodes.Expr) -> bool:
    """Whether the value follows from the cell, shapes and whole launch scalars alone."""
    return all(_may_be_static(e) for e in walk.subexpressions(node))


def _may_be_static(node: nodes.Expr) -> bool:
    return isinstance(node, _STATIC) or (isinstance(node, nodes.Uniform) and node.type in WHOLE)


def static_nodes(statements: tuple[nodes.Stmt, ...]) -> frozenset[int]:
    """Return the identities of all expressions inside that are static."""
    found: set[int] = set()
    for node in reversed(list(walk.expressions(statements))):  # children before parents
        if _may_be_static(node) and all(id(c) in found for c in walk.children(node)):
            found.add(id(node))
    return frozenset(found)


def pure_functions(program: nodes.Program) -> frozenset[str]:
    """Return the functions that depend on nothing but numbers, and give nothing but results."""
    pure: set[str] = set()
    for function in program.functions:  # callees come first
        parts = tuple(walk.expressions(function.body))
        statements = tuple(walk.statements(function.body))
        calls = {e.function for e in parts if isinstance(e, nodes.Invoke)}
        calls |= {s.function for s in statements if isinstance(s, nodes.InvokeInto)}
        reads = any(isinstance(e, (nodes.Load, nodes.Uniform)) for e in parts)
        checks = any(isinstance(s, nodes.Check) for s in statements)
        lists = any(isinstance(parameter.type, ListType) for parameter in function.params)
        if calls <= pure and not reads and not checks and not lists:
            pure.add(function.name)
    return frozenset(pure)


def depends_on_grid(node: nodes.Expr) -> bool:
    """Whether the grid index is read inside."""
    return any(isinstance(e, nodes.GridIndex) for e in walk.subexpressions(node))


def sparse_factor(node: nodes.For | nodes.While) -> int:
    """Return how few of the lanes must run for the loop to go on with those alone."""
    reads = any(isinstance(e, nodes.Load) for e in walk.expressions((node,)))
    return SPARSE_WITH_LOADS if reads else SPARSE


def contains(statements: tuple[nodes.Stmt, ...], kind: type, own: bool = False) -> bool:
    """Whether a statement of ``kind`` is inside; with ``own``, not counting inner loops."""
    for statement in statements:
        if isinstance(statement, kind):
            return True
        if own and isinstance(statement, (nodes.For, nodes.While)):
            continue
        if contains(tuple(walk.substatements(statement)), kind, own):
            return True
    return False


def leaves(body: tuple[nodes.Stmt, ...]) -> bool:
    """Whether a lane may leave the loop with this body from inside the body."""
    return contains(body, nodes.Return) or contains(body, nodes.Break, own=True)


def assigned(statements: tuple[nodes.Stmt, ...]) -> frozenset[str]:
    """Return the variables that the statements may change, at any depth.

    A list that is passed to a function counts: the function may write to it.
    """
    passed = {e.name for e in walk.expressions(statements) if isinstance(e, nodes.ListName)}
    return frozenset(_targets(statements) | passed)


def _targets(statements: tuple[nodes.Stmt, ...]) -> set[str]:
    names: set[str] = set()
    for statement in statements:
        if isinstance(statement, _ASSIGNING):
            names.add(statement.name)
        if isinstance(statement, nodes.InvokeInto):
            names.update(statement.targets)
        names |= _targets(tuple(walk.substatements(statement)))
    return names


def visible_reads(statements: tuple[nodes.Stmt, ...], hidden: frozenset[str]) -> set[str]:
    """Return the names read where they are not a counter in a slot of its own (``hidden``)."""
    reads: set[str] = set()
    for statement in statements:
        for child in walk.children(statement):
            names = (e.name for e in walk.subexpressions(child) if isinstance(e, nodes.Name))
            reads.update(name for name in names if name not in hidden)
        inner = hidden
        if isinstance(statement, nodes.For) and statement.name not in assigned(statement.body):
            inner = hidden | {statement.name}
        reads |= visible_reads(tuple(walk.substatements(statement)), inner)
    return reads


def num_list_elements(program: nodes.Program) -> int:
    """Return how many list elements a lane can hold at most, as if all functions ran at once."""
    variables = (v for function in program.functions for v in function.locals)
    return sum(v.type.size for v in variables if isinstance(v.type, ListType))
