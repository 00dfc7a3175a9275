"""Which boundaries the reads of a launch have, and how far their indices reach.

In: a program, and for each launch its sizes and scalars.  Out: the program for launches like this
one, in which indices that are brought inside by hand have become boundaries (see
`passes.index_boundaries`), and the reach of the reads of each array.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from typing import Any

from gpukernel.ir import nodes
from gpukernel.ir.walk import rewrite
from gpukernel.passes.index_boundaries import Fact, Site, find_facts, with_boundaries
from gpukernel.passes.propagate import propagate
from gpukernel.passes.ranges import (
    ANYWHERE,
    INSIDE,
    Bounds,
    farther,
    find_bounds,
)
from gpukernel.passes.read_groups import Group, group_of
from gpukernel.records import record

Boundaries = tuple[str, ...]
Reaches = dict[tuple[str, Boundaries], list[str]]
Names = dict[Group, Boundaries]
LANES = 4


@record(frozen=True)
class Settled:
    """What is known of the reads of a launch.

    Attributes:
        program: the program with boundaries.
        key: equal for equal programs.
        reaches: for each array, and each choice of boundaries that its reads have, how far they
            reach along each axis.
        sites: where boundaries have taken the place of what was written.
    """

    program: nodes.Program
    key: object
    reaches: Reaches
    sites: frozenset[Site] = frozenset()


class Settler:
    """Settles the boundaries of one program.

    Args:
        program: the typed program.
        optimize: names of the optimisations to use.
    """

    def __init__(self, program: nodes.Program, optimize: Set[str]) -> None:
        self._boundaries = {array.name: array.boundary for array in program.arrays}
        self._proves = "bounds" in optimize
        self._facts: frozenset[Fact] = frozenset()
        self._changes = False
        if "boundaries" in optimize and not program.failures:
            turning = not {"wrap", "reflect"}.isdisjoint(self._boundaries.values())
            self._facts, found = find_facts(program)
            self._changes = found or turning
        self._program = propagate(program) if self._changes else program
        self.bounds = find_bounds(self._program)
        self._made: dict[object, tuple[nodes.Program, Bounds]] = {}
        self._renamed: dict[object, nodes.Program] = {}

    @property
    def scalars(self) -> tuple[str, ...]:
        """The uniforms that something depends on."""
        found = dict.fromkeys(self.bounds.scalars if self._proves else ())
        if self._changes:
            found.update(dict.fromkeys(s for fact in self._facts for s in fact.scalars))
        return tuple(found)

    def settle(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> Settled:
        """Return what is known of a launch; arguments as of `Bounds.reach`."""
        if not self._changes:
            plain: Reaches = {}
            for (name, own, _), axes in self._reaches(self.bounds, grid, shapes, scalars).items():
                plain[name, own] = [*map(farther, plain.get((name, own), axes), axes)]
            return Settled(self._program, (), plain)
        facts = frozenset(f for f in self._facts if f.holds(grid, shapes, scalars))
        bounds = self._with_boundaries(facts, None)[1]
        accepted = self._accepted(self._reaches(bounds, grid, shapes, scalars))
        program, bounds = self._with_boundaries(facts, accepted)
        reaches = self._reaches(bounds, grid, shapes, scalars)
        names, merged = self._merged(reaches, shapes)
        key = facts, accepted, tuple(names.items())
        if key not in self._renamed:
            self._renamed[key] = self._with_names(program, names)
        return Settled(self._renamed[key], key, merged, accepted)

    def _with_boundaries(
        self, facts: frozenset[object], accepted: frozenset[Site] | None
    ) -> tuple[nodes.Program, Bounds]:
        key = facts, accepted
        if key not in self._made:
            program = propagate(with_boundaries(self._program, facts, accepted))
            self._made[key] = program, find_bounds(program)
        return self._made[key]

    def _reaches(
        self,
        bounds: Bounds,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, int],
    ) -> dict[Group, list[str]]:
        if self._proves:
            return bounds.reaches(grid, shapes, scalars)
        return {group: [ANYWHERE] * len(shapes[group[0]]) for group in bounds.groups}

    def _accepted(self, reaches: dict[Group, list[str]]) -> frozenset[Site]:
        """Return where boundaries pay.

        Reads anywhere need a division each time, where one for several reads may have been enough.
        """
        far: dict[Site, str] = {}
        for (name, own, _), axes in reaches.items():
            for axis, boundary in enumerate(own):
                if boundary:
                    site = name, axis, boundary
                    far[site] = farther(far.get(site, INSIDE), axes[axis])
        return frozenset(site for site, reach in far.items() if reach != ANYWHERE)

    def _merged(
        self, reaches: dict[Group, list[str]], shapes: Mapping[str, tuple[int, ...]]
    ) -> tuple[Names, Reaches]:
        """Return boundaries that are as alike as can be, so that reads can share fetches.

        Indices that are inside can have any boundary.
        """
        names: Names = {}
        merged: Reaches = {}
        for array in self._program.arrays:
            groups = {group: axes for group, axes in reaches.items() if group[0] == array.name}
            columns = []
            for axis in range(array.type.rank):
                of_axis = [
                    (own[axis] if own and own[axis] != array.boundary else "", axes[axis])
                    for (_, own, _), axes in groups.items()
                ]
                is_last = axis == array.type.rank - 1
                whole = not is_last or shapes[array.name][axis] % LANES == 0
                columns.append(_alike(of_axis, array.boundary, is_last, whole))
            for place, (group, reach) in enumerate(groups.items()):
                found = tuple(column[place] for column in columns)
                names[group] = found = found if any(found) else ()
                axes = merged.setdefault((array.name, found), [INSIDE] * array.type.rank)
                merged[array.name, found] = [*map(farther, axes, reach)]
        return names, merged

    def _with_names(self, program: nodes.Program, names: Names) -> nodes.Program:
        def change(node: Any) -> Any:
            if not isinstance(node, nodes.Load):
                return node
            found = names[group_of(node, self._boundaries[node.array])]
            return node if found == node.boundaries else replace(node, boundaries=found)

        functions = tuple(
            replace(f, body=tuple(rewrite(statement, change) for statement in f.body))
            for f in program.functions
        )
        return replace(program, functions=functions)


def _alike(axes: list[tuple[str, str]], boundary: str, is_last: bool, whole: bool) -> list[str]:
    """Return a boundary for each of these, one for all of them if that is possible.

    Args:
        axes: the boundaries along one axis, and how far the reads reach.
        boundary: the array's own, which is meant by "".
        is_last: whether it is the last axis.
        whole: whether it is a multiple of four.
    """
    needed = {own for own, reach in axes if reach != INSIDE}
    gathers = is_last and any(_gathers(own or boundary, whole) for own in needed)
    if len(needed) == 1 and not gathers:
        return [*needed] * len(axes)
    # Reads inside can have any boundary: one for which texels can be read.
    inside = "clamp" if is_last and _gathers(boundary, whole) else ""
    return [own if reach != INSIDE else inside for own, reach in axes]


def _gathers(boundary: str, whole: bool) -> bool:
    """Whether elements are read one by one along a last axis with this boundary."""
    return boundary == "reflect" or (boundary == "wrap" and not whole)
