"""Lane analysis: which values differ between the cells that a fragment computes at once.

In: the functions of a typed program.  Out: `Lanes` of every version of a function, which says of
its variables and expressions whether they are *uniform* (the same in all lanes) or *varying*, and
at which statements the lanes part.

The lanes are neighbours along the last axis of the grid, so `GridIndex` of that axis varies and
all other launch values are uniform.  A variable varies when something varying is assigned to it,
or when some lanes that may read it do not reach an assignment.  To tell the latter, every variable
has a *home*: the innermost block around all its uses.  Since every variable is set before it is
read, lanes that are away from its home block never read what is assigned in it.  And a variable
that is only read in one loop is not missed by the lanes that have left that loop, if the loop is
not in another one that is in the home.  Blocks are known by their depth: the body of the function
is 0, a branch or the body of a loop one more than what is around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from gpukernel.errors import InternalError
from gpukernel.ir import nodes
from gpukernel.ir.variables import read_names
from gpukernel.ir.walk import children, expressions, statements, subexpressions
from gpukernel.lang.types import ListType

Loop = nodes.For | nodes.While


class Version(NamedTuple):
    """A function as it is called: which arguments vary, and whether only some lanes call it.

    Lists always count as varying.
    """

    function: str
    varying: tuple[bool, ...]
    masked: bool


@dataclass
class Lanes:
    """What is known of one version of a function.

    Attributes:
        version: which one it is.
        analysis: that of the whole program.
        varying: names of the variables that differ between lanes.
        results: for each result of the function, whether it varies.
        parting: ids of the branches with a varying condition, of the loops that lanes leave at
            different times, and of the jumps that some lanes make before others.
        merging: ids of the assignments (also `For` and `Bind`) after which lanes that do not get
            there may read the variable: these keep its old value.
        continuing: ids of the loops in which some lanes end an iteration before others.
        parts_at_return: whether some lanes return before others.
        parts_at_loop: whether some lanes leave a loop before others.
    """

    version: Version
    analysis: LaneAnalysis
    varying: set[str] = field(default_factory=set)
    results: list[bool] = field(default_factory=list)
    parting: set[int] = field(default_factory=set)
    merging: set[int] = field(default_factory=set)
    continuing: set[int] = field(default_factory=set)
    parts_at_return: bool = False
    parts_at_loop: bool = False

    def varies(self, node: nodes.Expr) -> bool:
        """Whether the expression differs between lanes."""
        match node:
            case nodes.GridIndex():
                return node.axis == self.analysis.lane_axis
            case nodes.Name() | nodes.ListName():
                return node.name in self.varying
            case nodes.Element() | nodes.Bind() if node.name in self.varying:
                return True
            case nodes.Invoke():
                return self.analysis.of(self.called(node, masked=False)).results[0]
            case _:
                return any(self.varies(child) for child in children(node))

    def called(self, node: nodes.Invoke | nodes.InvokeInto, *, masked: bool) -> Version:
        """Return the version that a call needs; ``masked`` says that only some lanes call."""
        lists = self.analysis.lane_axis is not None
        varying = tuple(
            (lists and isinstance(a, nodes.ListName)) or self.varies(a) for a in node.arguments
        )
        needed = masked and self.analysis.minds_masks(node.function)
        return Version(node.function, varying, needed)

    @property
    def size(self) -> tuple[int, ...]:
        """What grows while the analysis goes on."""
        return (
            len(self.varying),
            len(self.parting),
            len(self.merging),
            len(self.continuing),
            sum(self.results),
            self.parts_at_return,
        )


class LaneAnalysis:
    """The lanes of all functions of a program.

    Args:
        program: the typed program.
        packed: whether a fragment computes several cells at once; else everything is uniform.
    """

    def __init__(self, program: nodes.Program, packed: bool) -> None:
        self.lane_axis = program.grid_rank - 1 if packed else None
        self._functions = {f.name: f for f in program.functions}
        self._known: dict[Version, Lanes] = {}
        self._minding: dict[str, bool] = {}
        self.kernel = self.of(Version(program.kernel.name, (), False))
        if any(lanes.parts_at_loop for lanes in self._known.values()):
            # Lanes beyond the grid read zeros, with which a loop might never end: they do not call.
            self.kernel = self.of(Version(program.kernel.name, (), True))

    def of(self, version: Version) -> Lanes:
        """Return what is known of a version of a function."""
        found = self._known.get(version)
        if found is None:
            found = Lanes(version, self)
            _Walk(self._functions[version.function], found).run()
            self._known[version] = found
        return found

    def minds_masks(self, name: str) -> bool:
        """Whether it matters to a function which lanes call it: it loops, or writes to lists."""
        if name not in self._minding:
            self._minding[name] = self._minds(self._functions[name])
        return self._minding[name]

    def _minds(self, function: nodes.Function) -> bool:
        if any(isinstance(p.type, ListType) for p in function.params):
            return True
        if any(isinstance(s, (nodes.For, nodes.While)) for s in statements(function.body)):
            return True
        called = {s.function for s in statements(function.body) if isinstance(s, nodes.InvokeInto)}
        called |= {e.function for e in expressions(function.body) if isinstance(e, nodes.Invoke)}
        return any(map(self.minds_masks, called))


class _Absence(NamedTuple):
    """Some lanes are away until the block of this depth ends."""

    depth: int
    reason: str  # "branch" | "loop" | "continue" | "return" | "call"


class _Walk:
    """Walks a function again and again, until nothing more is found."""

    def __init__(self, function: nodes.Function, found: Lanes) -> None:
        self.function = function
        self.found = found
        self.homes = find_homes(function)
        self.loops: list[tuple[Loop, int]] = []  # around the statement, with their bodies' depth
        found.varying |= {p.name for p, v in zip(function.params, found.version.varying) if v}
        found.varying |= {
            node.name for node in expressions(function.body) if isinstance(node, nodes.ListName)
        }
        if found.analysis.lane_axis is None:
            found.varying.clear()
        found.results[:] = [False] * len(function.results)

    def run(self) -> None:
        found, before = self.found, None
        while found.size != before:
            before = found.size
            away = {_Absence(0, "call")} if found.version.masked else set()
            self._block(self.function.body, 0, away)

    def _block(self, block: tuple[nodes.Stmt, ...], depth: int, away: set[_Absence]) -> None:
        """Walk a block; what is left in ``away`` are the absences that outlast it."""
        for statement in block:
            for child in children(statement):
                for part in subexpressions(child):
                    if isinstance(part, nodes.Bind):
                        self._assign(part, part.name, self.found.varies(part.value), away)
            self._statement(statement, depth, away)
        away -= {a for a in away if a.depth >= depth and a.reason != "return"}

    def _statement(self, node: nodes.Stmt, depth: int, away: set[_Absence]) -> None:
        match node:
            case nodes.If():
                self._branch(node, depth, away)
            case nodes.For() | nodes.While():
                self._loop(node, depth, away)
            case nodes.Break() | nodes.Continue():
                self._jump(node, away)
            case nodes.Return():
                self._return(node, away)
            case nodes.Check():
                pass
            case _:
                self._assignment(node, away)

    def _assignment(self, node: nodes.Stmt, away: set[_Absence]) -> None:
        found = self.found
        match node:
            case nodes.Assign() | nodes.Fill():
                self._assign(node, node.name, found.varies(node.value), away)
            case nodes.SetElement():
                varying = found.varies(node.index) or found.varies(node.value)
                self._assign(node, node.name, varying, away)
            case nodes.CopyList():
                self._assign(node, node.name, node.source in found.varying, away)
                if node.name in found.varying:  # lists are copied as a whole
                    found.varying.add(node.source)
            case nodes.InvokeInto():
                callee = found.analysis.of(found.called(node, masked=False))
                for target, varying in zip(node.targets, callee.results):
                    self._assign(node, target, varying, away)
            case _:
                raise InternalError(f"no lanes for statement {type(node).__name__}")

    def _assign(
        self, node: nodes.Stmt | nodes.Bind, name: str, varying: bool, away: set[_Absence]
    ) -> None:
        if any(self._is_missed(name, absence) for absence in away):
            self.found.merging.add(id(node))
            varying = True
        if varying:
            self.found.varying.add(name)

    def _is_missed(self, name: str, absence: _Absence) -> bool:
        """Whether lanes that are away may read what is assigned to a variable now."""
        home = self.homes[name]
        if home.only_reader is not None:
            for loop, depth in self.loops:
                if id(loop) == home.only_reader and absence.reason != "continue":
                    return absence.depth > depth
        return absence.depth > home.depth

    def _branch(self, node: nodes.If, depth: int, away: set[_Absence]) -> None:
        parts = self.found.varies(node.condition)
        if parts:
            self.found.parting.add(id(node))
        lasting: set[_Absence] = set()
        for side in (node.then, node.otherwise):
            there = away | {_Absence(depth + 1, "branch")} if parts else set(away)
            self._block(side, depth + 1, there)
            lasting |= there
        away |= lasting

    def _loop(self, node: Loop, depth: int, away: set[_Absence]) -> None:
        found = self.found
        bounds = (node.start, node.stop, node.step) if isinstance(node, nodes.For) else ()
        deciding = (node.condition,) if isinstance(node, nodes.While) else bounds
        if any(map(found.varies, deciding)):
            found.parting.add(id(node))
        there = set(away)
        if id(node) in found.parting:
            found.parts_at_loop = True
            there.add(_Absence(depth + 1, "loop"))
        if isinstance(node, nodes.For):
            varying = found.varies(node.start) or found.varies(node.step)
            self._assign(node, node.name, varying, there)
        self.loops.append((node, depth + 1))
        self._block(node.body, depth + 1, there)
        self.loops.pop()
        away |= there

    def _jump(self, node: nodes.Break | nodes.Continue, away: set[_Absence]) -> None:
        loop, depth = self.loops[-1]
        apart = any(a.depth > depth for a in away)
        if isinstance(node, nodes.Break):
            if apart or _Absence(depth, "continue") in away:
                self.found.parting |= {id(node), id(loop)}
        elif apart:
            self.found.parting.add(id(node))
            self.found.continuing.add(id(loop))
            away.add(_Absence(depth, "continue"))

    def _return(self, node: nodes.Return, away: set[_Absence]) -> None:
        found = self.found
        if any(a.depth > 0 for a in away):
            found.parting |= {id(node), *(id(loop) for loop, _ in self.loops)}
            found.parts_at_return = True
            away.add(_Absence(0, "return"))
        for position, value in enumerate(node.values):
            if found.parts_at_return or found.varies(value):
                found.results[position] = True


class Home(NamedTuple):
    """Where a variable is used: the depth of the innermost block around all uses.

    ``only_reader`` is the id of a loop in that block, in no other loop there, in which all reads
    are.
    """

    depth: int
    only_reader: int | None = None


_Path = tuple[object, ...]  # the blocks around a place: (branch, side), or the id of a loop


def find_homes(function: nodes.Function) -> dict[str, Home]:
    """Return the home of each variable; that of a list parameter, the caller's, has depth -1."""
    uses = _Uses()
    uses.block(function.body, ())
    homes = {}
    for name, path in uses.all.items():
        loops = [p for p in uses.reads.get(name, ())[len(path) :] if isinstance(p, int)]
        homes[name] = Home(len(path), loops[0] if loops else None)
    for parameter in function.params:
        if isinstance(parameter.type, ListType):
            homes[parameter.name] = Home(-1)
        else:
            homes.setdefault(parameter.name, Home(0))
    return homes


class _Uses:
    """What the paths to all uses, and to all reads, of each variable have in common."""

    def __init__(self) -> None:
        self.all: dict[str, _Path] = {}
        self.reads: dict[str, _Path] = {}

    def block(self, block: tuple[nodes.Stmt, ...], path: _Path) -> None:
        """Take down the uses in a block."""
        for statement in block:
            # The condition of a loop is read in the loop, but also before it is first run.
            repeats = isinstance(statement, nodes.While)
            for child in children(statement):
                self._read(child, path, (*path, id(statement)) if repeats else path)
            self._set(statement, path)
            if isinstance(statement, nodes.If):
                self.block(statement.then, (*path, (id(statement), "then")))
                self.block(statement.otherwise, (*path, (id(statement), "otherwise")))
            elif isinstance(statement, (nodes.For, nodes.While)):
                self.block(statement.body, (*path, id(statement)))

    def _read(self, expression: nodes.Expr, path: _Path, reading: _Path) -> None:
        for name in read_names(expression):
            _narrow(self.all, name, path)
            _narrow(self.reads, name, reading)
        for part in subexpressions(expression):
            if isinstance(part, nodes.Bind):
                _narrow(self.all, part.name, path)

    def _set(self, statement: nodes.Stmt, path: _Path) -> None:
        match statement:
            case nodes.Assign() | nodes.SetElement() | nodes.Fill():
                _narrow(self.all, statement.name, path)
            case nodes.CopyList():
                _narrow(self.all, statement.name, path)
                _narrow(self.all, statement.source, path)
                _narrow(self.reads, statement.source, path)
            case nodes.InvokeInto():
                for target in statement.targets:
                    _narrow(self.all, target, path)
            case nodes.For():
                _narrow(self.all, statement.name, (*path, id(statement)))


def _narrow(paths: dict[str, _Path], name: str, path: _Path) -> None:
    """Keep what a variable's paths have in common."""
    known = paths.setdefault(name, path)
    common = 0
    while common < min(len(known), len(path)) and known[common] == path[common]:
        common += 1
    paths[name] = known[:common]
