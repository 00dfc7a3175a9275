"""What random expressions of all kinds share: leaves, fitting into a domain, selections, bools.

``productions`` maps a kind to the methods that make one; each returns None where its operands do
not allow it, and a leaf is taken instead after a few tries.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import BOOL, INT_MAX, INT_MIN, MANTISSA, ArrayType, Domain, ListType, whole
from tests.fuzz.program import Expr
from tests.fuzz.scope import Chooser, Signature

Production = Callable[[int], "Expr | None"]
TRIES = 4
ROUGH = Domain("float", -50, 50, 0.0, domains.ROUGHEST)


def int_literal(value: int) -> Expr:
    """Return an int literal, which is never wider than an int of the devices."""
    return Expr(str(value), whole(value, value))


def float_literal(value: float) -> Expr:
    return Expr(repr(value), Domain("float", value, value, domains.grain_of(value)))


def literal(value: float, kind: str) -> Expr:
    if kind == "bool":
        return Expr(str(bool(value)), BOOL)
    return int_literal(int(value)) if kind == "int" else float_literal(float(value))


def binary(template: str, a: Expr, b: Expr, found: Domain | None) -> Expr | None:
    return None if found is None else Expr(template, found, (a, b))


class Expressions(Chooser):
    """Makes expressions of the kinds bool, int, float, wrapping (int) and rough (float)."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        kinds = ("bool", "int", "float", "wrapping", "rough", "uint")
        self.productions: dict[str, list[Production]] = {kind: [] for kind in kinds}

    def make(self, kind: str, depth: int) -> Expr:
        """Return an expression of a kind; the deeper, the larger it may be."""
        for _ in range(TRIES if depth > 0 and self.chance(0.85) else 0):
            found = self.random.choice(self.productions[kind])(depth - 1)
            if found is not None:
                return found
        return self.leaf(kind)

    # ------------------------------------------------------------ leaves

    def leaf(self, kind: str) -> Expr:
        if kind == "rough":
            known = [n for n, d in self.scope.scalars("float") if d.error]
            return self.variable(self.random.choice(known)) if known else self.leaf("float")
        if kind == "wrapping":
            return self.int_leaf(wrapping=True)
        if kind == "int":
            return self.int_leaf(wrapping=False)
        if self.chance(0.25):
            found = self.read(kind)(0)
            if found is not None:
                return found
        known = [n for n, d in self.scope.scalars(kind) if not d.error]
        if known and self.chance(0.8):
            return self.variable(self.random.choice(known))
        if kind == "bool":
            return Expr(self.choose("True", "False"), BOOL)
        if kind == "float" and self.chance(0.15):
            return self.int_leaf(wrapping=False, size=4096)
        return float_literal(self.random.randint(-40, 40) * self.choose(0.125, 0.25, 0.5, 1.0))

    def int_leaf(self, wrapping: bool, size: int = INT_MAX) -> Expr:
        if self.chance(0.25):
            read = self.read("int")(0)
            if read is not None and read.domain.size <= size:
                return read
        known = [n for n, d in self.scope.scalars("int") if d.size <= size or wrapping]
        if known and self.chance(0.85):
            found = self.variable(self.random.choice(known))
            if wrapping or not found.domain.is_wrapping:
                return found
        if self.chance(0.08):
            return int_literal(min(self.choose(255, 1000, 4096, 65535, INT_MAX), size))
        return int_literal(self.random.randint(-9, 12))

    # ------------------------------------------------------------ fitting

    def fitted(self, kind: str, wanted: Domain, depth: int) -> Expr:
        """Return an expression of a kind, brought into a domain."""
        return self.fit(self.make(kind, depth), wanted)

    def fit(self, value: Expr, wanted: Domain) -> Expr:
        """Bring the value of an expression into a domain by as little as is needed."""
        if value.domain.fits(wanted):
            return value
        if wanted.kind == "bool":
            return Expr("bool({0})", BOOL, (value,))
        if value.domain.error or wanted.error:
            return self.fit_rough(value, wanted)
        if wanted.kind == "int":
            return self.fit_int(value, wanted)
        return self.fit_float(value, wanted)

    def fit_int(self, value: Expr, wanted: Domain) -> Expr:
        if value.domain.kind == "float":
            value = Expr("int({0})", whole(value.domain.low, value.domain.high), (value,))
        if value.domain.kind == "bool":
            value = Expr("int({0})", whole(0, 1), (value,))
        if value.domain.is_wrapping:
            value = Expr(f"{{0}} & {self.choose(15, 255, INT_MAX)}", BOOL, (value,))
            value = replace(value, type=whole(0, int(value.template.split()[-1])))
        if value.domain.fits(wanted):
            return value
        low, high = int(max(wanted.low, INT_MIN)), int(min(wanted.high, INT_MAX))
        if wanted.nonzero:
            low = max(low, 1)
        if low == 0 and high < INT_MAX and self.chance(0.5):
            return Expr(f"{{0}} % {high + 1}", whole(0, high), (value,))
        return self.clamp(value, str(low), str(high), low, high)

    def fit_float(self, value: Expr, wanted: Domain) -> Expr:
        if value.domain.kind == "bool":
            value = Expr("float({0})", Domain("float", 0, 1), (value,))
        if value.domain.is_wrapping:
            value = self.fit_int(value, whole(-4096, 4096))
        grain = wanted.grain
        if value.domain.grain < grain:
            size = value.domain.size + grain
            template = f"math.floor({{0}} * {1 / grain!r}) * {grain!r}"
            value = Expr(template, Domain("float", -size, size, grain), (value,))
        low = grain if wanted.nonzero else wanted.low
        if low <= value.domain.low and value.domain.high <= wanted.high and not wanted.nonzero:
            return value
        # A bound that is no multiple of the grain may be no float32, and be rounded.
        low, high = math.ceil(low / grain) * grain, math.floor(wanted.high / grain) * grain
        return self.clamp(value, repr(float(low)), repr(float(high)), low, high)

    def clamp(self, value: Expr, low_text: str, high_text: str, low: float, high: float) -> Expr:
        template = self.choose(
            f"min(max({{0}}, {low_text}), {high_text})",
            f"max({low_text}, min({high_text}, {{0}}))",
            f"gk.clamp({{0}}, {low_text}, {high_text})",
        )
        found = domains.clamped(value.domain, low, high)
        kind = "float" if "." in low_text else found.kind
        return Expr(template, replace(found, kind=kind), (value,))

    def fit_rough(self, value: Expr, wanted: Domain) -> Expr:
        if value.domain.error > wanted.error:
            return literal(max(wanted.low, 1.0), "float")
        if value.domain.kind != "float":
            value = self.fit(value, domains.exact(32, 0.25))
        return self.clamp(
            value, repr(float(wanted.low)), repr(float(wanted.high)), wanted.low, wanted.high
        )

    def nonzero(self, kind: str, depth: int) -> Expr:
        """Return a divisor: an expression that is never zero."""
        value = self.make(kind, depth)
        if value.domain.excludes_zero:
            return value
        if kind == "float":
            return self.fit(value, Domain("float", 0.25, 8, 0.25, nonzero=True))
        if self.chance(0.4):
            domain = domains.bits(value.domain, whole(1, 1))
            return Expr("{0} | 1", replace(domain, nonzero=True), (value,))
        if self.chance(0.5):
            return Expr("({0} & 7) + 1", whole(1, 8), (value,))
        return int_literal(self.choose(-7, -3, -2, 2, 3, 5, 8))

    # ------------------------------------------------------------ any kind

    def selection(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            a, b = self.make(kind, depth), self.make(kind, depth)
            found = domains.hull(a.domain, b.domain)
            test = self.condition(depth)
            return None if found is None else Expr("{0} if {1} else {2}", found, (a, test, b))

        return make

    def extreme(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            values = tuple(self.make(kind, depth) for _ in range(self.choose(2, 2, 3)))
            found: Domain | None = values[0].domain
            for value in values[1:]:
                found = found and domains.hull(found, value.domain)
            places = ", ".join(f"{{{n}}}" for n in range(len(values)))
            template = f"{self.choose('min', 'max')}({places})"
            return None if found is None else Expr(template, found, values)

        return make

    def either(self, kind: str) -> Production:
        """``x and y`` and ``x or y`` on numbers."""

        def make(depth: int) -> Expr | None:
            a, b = self.make(kind, depth), self.make(kind, depth)
            found = domains.hull(a.domain, b.domain)
            if found is not None:
                found = replace(
                    found, nonzero=False, low=min(found.low, 0), high=max(found.high, 0)
                )
            return binary(self.choose("{0} and {1}", "{0} or {1}"), a, b, found)

        return make

    def read(self, kind: str) -> Production:
        """An array element."""

        def make(depth: int) -> Expr | None:
            arrays = [(n, t) for n, t in self.scope.arrays() if t.element.kind == kind]
            return self.element(*self.random.choice(arrays), depth) if arrays else None

        return make

    def element(self, name: str, array: ArrayType, depth: int) -> Expr:
        indices = tuple(
            self.index(extent, depth, f"{name}.shape[{axis}]")
            for axis, extent in enumerate(array.shape)
        )
        places = ", ".join(f"{{{n}}}" for n in range(len(indices)))
        return Expr(f"{name}[{places}]", array.element, indices)

    def index(self, extent: int, depth: int, size: str = "") -> Expr:
        """Return an index that is mostly in range of an axis; ``size`` is how to ask for that."""
        style = self.random.random()
        near = whole(-extent - 1, 2 * extent + 1)
        known = [n for n, d in self.scope.scalars("int") if d.fits(near)]
        if known and (depth <= 0 or style < 0.3):
            return self.variable(self.random.choice(known))
        if depth <= 0:
            return int_literal(self.random.randrange(extent))
        if style < 0.75:
            return self.fitted("int", whole(0, extent - 1), depth - 1)
        if style < 0.85:
            return int_literal(-self.random.randint(1, extent))
        if style < 0.95:
            return self.fitted("int", whole(-3 * extent, 4 * extent), depth - 1)
        return self.make("int", depth - 1)

    def call(self, kind: str) -> Production:
        """A call of a generated function."""

        def make(depth: int) -> Expr | None:
            usable = [
                s for s in self.scope.signatures
                if isinstance(s.result, Domain) and s.result.kind == kind and s.result.is_exact
            ]  # fmt: skip
            return self.call_of(self.random.choice(usable), depth) if usable else None

        return make

    def call_of(self, signature: Signature, depth: int) -> Expr | None:
        if not self.scope.may_loop(signature.turns):
            return None
        arguments: list[Expr] = []
        places: list[str] = []
        by_keyword = False
        for parameter in signature.parameters:
            if parameter.default and self.chance(0.4):
                by_keyword = True
                continue
            with self.scope.block(signature.turns):  # in which a function argument is called
                value = self.argument(parameter.type, depth)
            if value is None:
                return None
            by_keyword = by_keyword or (self.chance(0.15) and not signature.is_argument)
            prefix = f"{parameter.name}=" if by_keyword else ""
            if isinstance(parameter.type, ListType) and value.text() in map(Expr.text, arguments):
                return None  # no list may be passed twice
            places.append(f"{prefix}{{{len(arguments)}}}")
            arguments.append(value)
        self.scope.count(signature.turns)
        return Expr(f"{signature.name}({', '.join(places)})", signature.result, tuple(arguments))

    def argument(self, wanted: domains.Type, depth: int) -> Expr | None:
        """Return an argument for a parameter, None where there is nothing to pass."""
        if isinstance(wanted, Domain):
            kind = "rough" if wanted.error else wanted.kind
            return self.fitted(kind, wanted, depth)
        known = [name for name, found in self.scope.variables.items() if found == wanted]
        return self.variable(self.random.choice(known)) if known else None

    # ------------------------------------------------------------ bool

    def condition(self, depth: int) -> Expr:
        """Return something to branch on: a bool, or a number that is or is not zero."""
        kind = self.choose("bool", "bool", "bool", "bool", "int", "float")
        if depth > 0 and self.chance(0.1):
            a, b = self.condition(depth - 1), self.condition(depth - 1)
            return Expr(self.choose("{0} and {1}", "{0} or {1}"), BOOL, (a, b))
        value = self.make(kind, depth)
        return value if value.domain.is_exact else self.fit(value, whole(0, 1))

    def numbers(self, count: int, depth: int) -> list[Expr]:
        """Return exact numbers of one kind, or of several."""
        kind = self.choose("int", "int", "float")
        kinds = [self.choose(kind, kind, "int", "float") for _ in range(count)]
        made = [self.make(kind, depth) for kind in kinds]
        # Where a float is compared with an int, the int becomes a float.
        if any(v.domain.kind == "float" for v in made):
            made = [v if v.domain.size <= MANTISSA else int_literal(100) for v in made]
        return made

    def comparison(self, depth: int) -> Expr:
        a, b = self.numbers(2, depth)
        return Expr(f"{{0}} {self.choose('<', '<=', '>', '>=', '==', '!=')} {{1}}", BOOL, (a, b))

    def chain(self, depth: int) -> Expr:
        values = self.numbers(self.choose(3, 3, 4), depth - 1)
        signs = [self.choose("<", "<=", ">", "!=", "==") for _ in values[1:]]
        text = "{0}" + "".join(f" {sign} {{{n}}}" for n, sign in enumerate(signs, 1))
        return Expr(text, BOOL, tuple(values))

    def logic(self, depth: int) -> Expr:
        a, b = self.make("bool", depth), self.make("bool", depth)
        return Expr(self.choose("{0} and {1}", "{0} or {1}"), BOOL, (a, b))

    def negation(self, depth: int) -> Expr:
        return Expr("not {0}", BOOL, (self.condition(depth),))

    def bool_bits(self, depth: int) -> Expr:
        a, b = self.make("bool", depth), self.make("bool", depth)
        return Expr(f"{{0}} {self.choose('&', '|', '^', '==', '!=')} {{1}}", BOOL, (a, b))

    def bool_of(self, depth: int) -> Expr:
        return Expr("bool({0})", BOOL, (self.make(self.choose("int", "float"), depth),))
