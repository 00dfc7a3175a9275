"""Random indices near a cell: offsets, clamps, moduli, mirrors, by themselves or in functions.

They are what a compiler takes apart to fetch whole texels and to leave out the code for indices
that are outside: so there are many of them, and some that only look like it.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import ArrayType, whole
from tests.fuzz.generator_expressions import Expressions, int_literal
from tests.fuzz.program import Expr, Function, Line
from tests.fuzz.scope import Parameter, Scope, Signature

LARGEST_SIZE = 300  # of an axis
PLACES = whole(-2 * LARGEST_SIZE, 3 * LARGEST_SIZE)  # what functions take for an index
# An index {0} brought inside of a size {1}, and some that are off by one or the wrong way round.
CLAMPS = (
    "min(max({0}, 0), {1} - 1)",
    "max(min({0}, {1} - 1), 0)",
    "max(0, min({1} - 1, {0}))",
    "gk.clamp({0}, 0, {1} - 1)",
    "min(max({0}, 1), {1} - 1)",
    "min(max({0}, 0), {1})",
    "max({0}, 0)",
    "min({0}, {1} - 1)",
)


class Indices(Expressions):
    """Makes indices out of those of the cell and of loops."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        self.axes: list[str] = []  # names of the indices of the cell
        self.sizes: list[str] = []  # names of scalar arguments that are the size of some axis
        self.placing: list[str] = []  # names of functions of an index and a size

    def index(self, extent: int, depth: int, size: str = "") -> Expr:
        if size and "places" in self.features and self.chance(0.45):
            found = self.near(extent, size)
            if found is not None:
                return found
        return super().index(extent, depth, size)

    def near(self, extent: int, size: str) -> Expr | None:
        """Return an index that is mostly a short way from a cell's or a loop's."""
        value = self.shifted()
        if value is None:
            return None
        style = self.choose(*["plain"] * 4, *["modulo"] * 2, *["clamp"] * 2, "mirror", "call")
        limit = self.limit(extent, size)
        if style == "modulo":
            return Expr("{0} % {1}", whole(0, limit.domain.high - 1), (value, limit))
        if style == "clamp":
            high = max(value.domain.high, limit.domain.high, 1)
            found = whole(min(value.domain.low, 0), high)
            return Expr(self.choose(*CLAMPS), found, (value, limit))
        if style == "mirror":
            high = limit.domain.high - 1 - value.domain.low
            return Expr("{1} - 1 - {0}", whole(-value.domain.high, high), (value, limit))
        if style == "call" and self.placing and value.domain.fits(PLACES):
            return Expr(f"{self.random.choice(self.placing)}({{0}}, {{1}})", PLACES, (value, limit))
        return value

    def shifted(self) -> Expr | None:
        """Return a sum of an index, perhaps another, and a constant, perhaps scaled."""
        names = [n for n, d in self.scope.scalars("int") if d.size <= LARGEST_SIZE]
        axes = [n for n in self.axes if n in names]
        if not names:
            return None
        value = self.variable(self.random.choice(axes if axes and self.chance(0.6) else names))
        if self.chance(0.12):
            scaled = self.choose("{0} * 2", "{0} // 2", "{0} >> 1", "2 * {0} + 1", "{0} // 4 * 4")
            value = Expr(
                scaled, whole(2 * value.domain.low - 4, 2 * value.domain.high + 1), (value,)
            )
        for probability in (0.25, 0.1):
            if self.chance(probability):
                value = self.plus(value, self.variable(self.random.choice(names)))
        if self.chance(0.55):
            value = self.plus(value, int_literal(self.choose(1, 1, 1, 2, 2, 3, 4, 5, 7, 8)))
        return value

    def plus(self, a: Expr, b: Expr) -> Expr:
        sign = self.choose("+", "-")
        found = domains.add(a.domain, b.domain if sign == "+" else domains.negate(b.domain))
        assert found is not None
        return Expr(f"{{0}} {sign} {{1}}", found, (a, b))

    def limit(self, extent: int, size: str) -> Expr:
        """Return the size of an axis, or something that may be another size."""
        known = [name for name in self.sizes if name in self.scope.variables]
        if known and self.chance(0.35):
            return self.variable(self.random.choice(known))
        return Expr(self.choose(str(extent), size, size), whole(extent, extent))

    # ------------------------------------------------------------ functions

    def place_function(self) -> Function:
        """Make a function of an index and a size, which returns an index."""
        name = self.fresh("place_")
        offset = self.choose(-4, -1, 0, 0, 1, 2, 3)
        shifted = Expr(f"i + {offset}" if offset else "i", PLACES)
        inside = self.choose("{0} % {1}", "{1} - 1 - {0}", "{0}", *CLAMPS)
        self.placing.append(name)
        value = Expr(inside, PLACES, (shifted, Expr("n", whole(1, LARGEST_SIZE))))
        if self.chance(0.3):
            value = Expr("{0} if i > 2 else i", PLACES, (value,))
        return Function(name, "i, n", (Line("return {0}", (value,)),))

    def read_function(self, arrays: Sequence[ArrayType], signatures: list[Signature]) -> Function:
        """Make a function of an array and indices, which reads near these."""
        array = self.random.choice(arrays)
        name, axes = self.fresh("read_"), [self.fresh("p") for _ in array.shape]
        parameters = (Parameter("a", array), *(Parameter(axis, PLACES) for axis in axes))
        self.scope = Scope({p.name: p.type for p in parameters}, {"a"})
        before, self.axes = self.axes, axes
        indices = tuple(
            self.near_parameter(axis, extent, f"a.shape[{number}]")
            for number, (axis, extent) in enumerate(zip(axes, array.shape))
        )
        self.axes = before
        places = ", ".join(f"{{{n}}}" for n in range(len(indices)))
        signatures.append(Signature(name, parameters, array.element, turns=1))
        text = ", ".join(p.name for p in parameters)
        return Function(name, text, (Line(f"return a[{places}]", indices),))

    def near_parameter(self, axis: str, extent: int, size: str) -> Expr:
        value = self.variable(axis)
        if self.chance(0.5):
            value = self.plus(value, int_literal(self.choose(1, 1, 2, 3, 4)))
        inside = self.choose("{0}", "{0} % {1}", *CLAMPS)
        return Expr(inside, PLACES, (value, self.limit(extent, size)))
