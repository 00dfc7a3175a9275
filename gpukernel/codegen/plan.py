"""From what a launch knows to the variant of the program that it runs, with the reasons in words.

In: a typed program, the optimisations that are switched on, and for each launch the places of its
arrays, its grid and its scalars.  Out: a `Plan`.  Nothing here depends on a device being there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property

from gpukernel.codegen.boundaries import Reaches, Settled, Settler
from gpukernel.codegen.loops import looping_functions
from gpukernel.codegen.outputs import LANES
from gpukernel.codegen.variant import Access, Variant
from gpukernel.ir import nodes
from gpukernel.lang.types import FLOAT, INT
from gpukernel.passes.fold_constants import fold_constants
from gpukernel.passes.propagate import propagate
from gpukernel.passes.ranges import INSIDE, farther
from gpukernel.passes.size_tests import outcomes_of, size_tests, with_outcomes
from gpukernel.passes.small_lists import choose_elements
from gpukernel.passes.small_powers import write_small_powers
from gpukernel.passes.specialize import (
    arrays_alike,
    loop_constants,
    loop_extents,
    with_constants,
    with_extents,
)
from gpukernel.passes.split_counters import split_counters
from gpukernel.passes.tile_choice import worth_tiling
from gpukernel.passes.tile_rows import tile_rows
from gpukernel.passes.unroll_loops import unroll_loops
from gpukernel.records import record

MAX_EXTENT = 16  # sizes of axes up to this are compiled in, where a loop over them is written out
MAX_VALUES = 64  # elements of an array that is passed as a uniform
MAX_TURNS = 60_000  # of loops in a fragment, that drivers who end loops allow
MIN_FRAGMENTS = 1024  # that are left when a fragment computes several rows
Number = bool | int | float


@record(frozen=True)
class Place:
    """What a plan depends on of an array: where it lies, and whether the host has its values.

    ``kind`` is that of `codegen.variant.Access`.
    """

    kind: str
    shape: tuple[int, ...]
    on_host: bool = False


@record(frozen=True)
class Known:
    """What is known of a launch and the same for most, so that programs are made for it.

    Attributes:
        outcomes: of the comparisons of sizes (see `passes.size_tests`).
        constants: the captured numbers that loops run by, None for programs that read them.
    """

    outcomes: tuple[bool, ...]
    constants: tuple[int, ...] | None


@record(frozen=True)
class Proofs:
    """What is proven of a launch before it runs.

    Attributes:
        settled: how far its indices reach, and by which boundaries.
        ends_in_time: whether its loops end before drivers end them that do so: when cells are
            computed four at once, and one after the other.
        known: what is compiled in, if anything.
    """

    settled: Settled
    ends_in_time: tuple[bool, bool]
    known: Known | None = None

    @property
    def key(self) -> object:
        """Equal for launches of which the same is proven."""
        reaches = tuple((reads, tuple(axes)) for reads, axes in self.settled.reaches.items())
        return self.settled.key, reaches, self.ends_in_time, self.known


@record(frozen=True)
class Plan:
    """What a launch runs.

    Attributes:
        variant: what the shaders are made for.
        program: the program they are made of.
        notes: for each optimisation, what it did or why it did nothing.
    """

    variant: Variant
    program: nodes.Program
    notes: Mapping[str, str]


class Planner:
    """Makes the plans of one program.

    Args:
        program: the typed program after the passes that every device runs.
        optimize: names of the optimisations to use.
        max_draw_buffers: how many textures the device can draw into at once.
        cuts_loops: whether its driver ends long loops before their condition does.
    """

    def __init__(
        self,
        program: nodes.Program,
        optimize: Set[str],
        max_draw_buffers: int,
        cuts_loops: bool,
    ) -> None:
        self.program = program
        self.optimize = optimize
        self._max_draw_buffers = max_draw_buffers
        self._cuts_loops = cuts_loops
        self._tests = size_tests(program) if "bounds" in optimize else ()
        self._constants = loop_constants(program) if "unroll" in optimize else ()
        self._numbers: tuple[int, ...] | None = None  # of the constants, at the first launch
        self._made: dict[Known, Planner] = {}
        self._guards = cuts_loops and bool(looping_functions(program))
        self._lowered: dict[object, nodes.Program] = {}
        self._settler = Settler(program, optimize)
        self._unpacked = _why_not_packed(program)

    @property
    def scalars(self) -> tuple[str, ...]:
        """The uniforms whose values a plan depends on."""
        return tuple(dict.fromkeys((*self._settler.scalars, *self._constants)))

    @cached_property
    def _extents(self) -> tuple[tuple[str, int], ...]:
        """The sizes that may be compiled in: of filters and the like, which have few sizes."""
        alike = self._read_alike
        return tuple((array, axis) for array, axis in loop_extents(self.program) if array in alike)

    @cached_property
    def _read_alike(self) -> frozenset[str]:
        return arrays_alike(self.program)

    def prove(
        self,
        grid: tuple[int, ...],
        shapes: Sequence[tuple[int, ...]],
        scalars: Mapping[str, Number],
    ) -> Proofs:
        """Return what is proven of a launch.

        Args:
            grid: the shape of the grid.
            shapes: the shape of each array of the program.
            scalars: the values of the uniforms named in ``scalars``.
        """
        named = {array.name: shape for array, shape in zip(self.program.arrays, shapes)}
        if self._tests or self._constants:
            known = self._known(grid, named, scalars)
            return replace(self._for(known).prove(grid, shapes, scalars), known=known)
        ints = {name: int(value) for name, value in scalars.items()}
        settled = self._settler.settle(grid, named, ints)
        if not self._guards:
            return Proofs(settled, (True, True))
        if "bounds" not in self.optimize:
            return Proofs(settled, (False, False))
        turns = self._settler.bounds.iterations(grid, named, ints)
        return Proofs(settled, (turns < MAX_TURNS, turns * LANES < MAX_TURNS))

    def plan(
        self,
        grid: tuple[int, ...],
        targets: Sequence[str],
        arrays: Sequence[Place],
        proofs: Proofs,
    ) -> Plan:
        """Return what a launch runs.

        Args:
            grid: the shape of the grid.
            targets: the kind of each array that is drawn into.
            arrays: the place of each array of the program.
            proofs: what `prove` gives for the launch.
        """
        if proofs.known is not None:
            made = self._for(proofs.known)
            plan = made.plan(grid, targets, arrays, replace(proofs, known=None))
            return replace(
                plan,
                variant=replace(plan.variant, known=proofs.known),
                notes=self._with_constants_told(plan.notes, proofs.known),
            )
        notes: dict[str, str] = {}
        shapes = {a.name: place.shape for a, place in zip(self.program.arrays, arrays)}
        extents = self._small_extents(shapes, notes)
        packed = self._packs(targets, notes)
        settled = proofs.settled
        accesses = self._accesses(arrays, settled, packed, notes)
        extents += self._value_extents(accesses, shapes, dict(extents))
        variant = Variant(
            accesses=accesses,
            targets=tuple(targets),
            extents=extents,
            packed=packed,
            guarded=not proofs.ends_in_time[0 if packed else 1],
            shares="share" in self.optimize,
            unrolls="unroll" in self.optimize,
            boundaries=settled.key,
        )
        program = self._lower(variant, settled.program)
        rows = self._rows(program, grid, variant, notes)
        if rows > 1:
            variant = replace(variant, rows=rows, targets=variant.targets * rows)
            program = self._lower(variant, settled.program)
        return Plan(variant, program, notes)

    def _known(
        self,
        grid: tuple[int, ...],
        shapes: Mapping[str, tuple[int, ...]],
        scalars: Mapping[str, Number],
    ) -> Known:
        """Return what is known of a launch; only the first numbers seen count as constants."""
        numbers = tuple(int(scalars[name]) for name in self._constants)
        if self._numbers is None:
            self._numbers = numbers
        outcomes = outcomes_of(self._tests, grid, shapes)
        return Known(outcomes, numbers if numbers and numbers == self._numbers else None)

    def _for(self, known: Known) -> Planner:
        """Return the planner of launches of which this is known."""
        if known not in self._made:
            program = with_outcomes(self.program, self._tests, known.outcomes)
            if known.constants is not None:
                program = with_constants(program, dict(zip(self._constants, known.constants)))
            planner = Planner(program, self.optimize, self._max_draw_buffers, self._cuts_loops)
            planner._constants = ()
            self._made[known] = planner
        return self._made[known]

    def _with_constants_told(self, notes: Mapping[str, str], known: Known) -> Mapping[str, str]:
        if known.constants is None:
            return notes
        pairs = zip(self._constants, known.constants)
        words = ", ".join(f"{name} = {number}" for name, number in pairs)
        told = [notes["unroll"]] if "unroll" in notes else []
        return {**notes, "unroll": "; ".join([*told, f"{words} compiled in until it changes"])}

    def _small_extents(
        self, shapes: Mapping[str, tuple[int, ...]], notes: dict[str, str]
    ) -> tuple[tuple[tuple[str, int], int], ...]:
        if "unroll" not in self.optimize:
            return ()
        sizes = [((array, axis), shapes[array][axis]) for array, axis in self._extents]
        small = tuple((axis, size) for axis, size in sizes if size <= MAX_EXTENT)
        if small:
            words = ", ".join(f"{a}.shape[{axis}] = {size}" for (a, axis), size in small)
            notes["unroll"] = f"{words} compiled in, since loops run that often"
        return small

    def _packs(self, targets: Sequence[str], notes: dict[str, str]) -> bool:
        reason = self._unpacked
        if "pack" not in self.optimize:
            reason = "switched off"
        elif reason is None and "narrow" in targets:
            reason = "rows of less than four elements share texels"
        if reason is not None:
            notes["pack"] = f"one cell after the other: {reason}"
        return reason is None

    def _accesses(
        self,
        arrays: Sequence[Place],
        settled: Settled,
        packed: bool,
        notes: dict[str, str],
    ) -> tuple[Access, ...]:
        if "bounds" in self.optimize and settled.reaches:
            notes["bounds"] = _bounds_words(settled.reaches)
        if settled.sites:
            words = [f"{b} along axis {axis} of {name}" for name, axis, b in sorted(settled.sites)]
            notes["boundaries"] = f"what indices do by themselves: {', '.join(words)}"
        accesses = []
        for array, place in zip(self.program.arrays, arrays):
            values = MAX_VALUES if packed and self._is_value(array, place) else 0
            if values:
                told = [notes["uniforms"]] if "uniforms" in notes else []
                notes["uniforms"] = ", ".join([*told, f"{array.name} is a uniform"])
            reaches = {
                own: tuple(reach)
                for (name, own), reach in settled.reaches.items()
                if name == array.name
            }
            moves = any(
                (own[-1] if own and own[-1] else array.boundary) in ("clamp", "wrap")
                and reach[-1] != INSIDE
                for own, reach in reaches.items()
            )
            whole = moves and place.shape[-1] % 4 == 0
            reach = reaches.pop((), (INSIDE,) * array.type.rank)
            accesses.append(Access(place.kind, reach, whole, values, tuple(reaches.items())))
        return tuple(accesses)

    def _value_extents(
        self,
        accesses: Sequence[Access],
        shapes: Mapping[str, tuple[int, ...]],
        known: Mapping[tuple[str, int], int],
    ) -> tuple[tuple[tuple[str, int], int], ...]:
        """Return the sizes that give elements of arrays in uniforms numbers known beforehand."""
        return tuple(
            ((array.name, axis), shapes[array.name][axis])
            for array, access in zip(self.program.arrays, accesses)
            for axis in range(1, array.type.rank)
            if access.values and (array.name, axis) not in known
        )

    def _is_value(self, array: nodes.ArrayInput, place: Place) -> bool:
        size = 1
        for extent in place.shape:
            size *= extent
        fits = place.on_host and 0 < size <= MAX_VALUES
        plain = array.type.element in (FLOAT, INT) and array.type.dtype in ("float32", "int32")
        wanted = "uniforms" in self.optimize and array.name in self._read_alike
        return wanted and fits and plain

    def _rows(
        self,
        program: nodes.Program,
        grid: tuple[int, ...],
        variant: Variant,
        notes: dict[str, str],
    ) -> int:
        if "tile" not in self.optimize or not variant.packed:
            return 1
        if set(variant.targets) != {"rows"} or len(grid) < 2:
            notes["tile"] = "one row: the output has no rows of its own in its texture"
            return 1
        rows, reason = worth_tiling(program, self._max_draw_buffers)
        height = 1
        for extent in grid[:-1]:
            height *= extent
        width = -(-grid[-1] // 4)
        while rows > 1 and -(-height // rows) * width < MIN_FRAGMENTS:
            rows //= 2
            reason = "the grid is too small for more"
        if rows > 1 and isinstance(tile_rows(program, rows), str):
            reason, rows = str(tile_rows(program, rows)), 1
        notes["tile"] = f"{rows} row{'s' if rows > 1 else ''} a fragment: {reason}"
        return rows

    def _lower(self, variant: Variant, program: nodes.Program) -> nodes.Program:
        """Return the program that the shaders of a variant are made of.

        Args:
            variant: which one.
            program: what it is made of, which has the variant's boundaries.
        """
        key = variant.extents, variant.packed, variant.rows, variant.boundaries
        if key not in self._lowered:
            if variant.rows > 1:
                tiled = tile_rows(self._lower(replace(variant, rows=1), program), variant.rows)
                assert isinstance(tiled, nodes.Program)
                self._lowered[key] = tiled
                return tiled
            if variant.extents:
                program = with_extents(program, dict(variant.extents))
            if variant.unrolls:
                program = fold_constants(propagate(unroll_loops(program)))
                program = choose_elements(program)
            if "fold" in self.optimize:
                program = write_small_powers(program)
            if variant.packed:
                program = split_counters(program)
            self._lowered[key] = program
        return self._lowered[key]


def _bounds_words(reaches: Reaches) -> str:
    """Say which arrays are read inside only, and which axes of others are checked."""
    reach: dict[str, list[str]] = {}
    for (name, _), axes in reaches.items():
        reach[name] = [*map(farther, reach.get(name, axes), axes)]
    inside = [name for name, axes in reach.items() if set(axes) == {INSIDE}]
    words = [f"all reads of {', '.join(inside)} are inside"] if inside else []
    for name, axes in reach.items():
        if name not in inside:
            checked = [str(axis) for axis, far in enumerate(axes) if far != INSIDE]
            word = "axis" if len(checked) == 1 else "axes"
            words.append(f"reads of {name} may be outside along {word} {', '.join(checked)}")
    return "; ".join(words)


def _why_not_packed(program: nodes.Program) -> str | None:
    """Return why a program computes one cell after the other, None if it need not."""
    if program.failures:
        return "failed checks are recorded for each cell"
    if any(output.size is not None for output in program.outputs):
        return "a cell has several elements"
    return None
