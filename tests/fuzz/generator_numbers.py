"""Random numbers: the operations on ints, on exact floats, on wrapping ints and on rough floats."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import INT_MAX, INT_MIN, MANTISSA, Domain, whole
from tests.fuzz.generator_expressions import binary, float_literal
from tests.fuzz.generator_indices import Indices
from tests.fuzz.program import Expr

OPERATIONS = {"+": domains.add, "-": domains.subtract, "*": domains.multiply}


class Numbers(Indices):
    """Makes expressions of the kinds bool, int, float, wrapping (int) and rough (float)."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        table = self.productions
        table["bool"] += [self.comparison] * 4 + [self.chain, self.logic, self.logic]
        table["bool"] += [self.negation, self.bool_bits, self.bool_of]
        table["int"] += [self.int_arithmetic] * 5 + [self.int_division] * 2 + [self.int_bits] * 2
        table["int"] += [self.shift, self.int_unary, self.from_float, self.int_of_bool]
        table["int"] += [self.masked, self.extent, self.int_function]
        table["float"] += [self.float_arithmetic] * 5 + [self.halves, self.float_division]
        table["float"] += [self.float_unary, self.float_function, self.of_int]
        table["wrapping"] += [self.wrapping_arithmetic] * 4 + [self.wrapping_bits]
        table["rough"] += [self.rough_function] * 3 + [self.rough_arithmetic, self.quotient]
        for kind in ("bool", "int", "float", "rough"):
            table[kind] += [self.selection(kind)]
        for kind in ("bool", "int", "float"):
            table[kind] += [self.call(kind), self.read(kind)]
        for kind in ("int", "float"):
            table[kind] += [self.extreme(kind), self.either(kind), self.read(kind)]

    # ------------------------------------------------------------ int

    def int_arithmetic(self, depth: int) -> Expr | None:
        a, b = self.make("int", depth), self.make("int", depth)
        sign = self.choose("+", "+", "-", "-", "*")
        found = OPERATIONS[sign](a.domain, b.domain)
        if found is None or found.is_wrapping:
            return None
        return Expr(f"{{0}} {sign} {{1}}", found, (a, b))

    def int_division(self, depth: int) -> Expr | None:
        a, b = self.make("int", depth), self.nonzero("int", depth)
        if self.chance(0.5):
            return binary("{0} // {1}", a, b, domains.floor_divide(a.domain, b.domain))
        return binary("{0} % {1}", a, b, domains.modulo(a.domain, b.domain))

    def int_bits(self, depth: int) -> Expr:
        a, b = self.make("int", depth), self.make("int", depth)
        if self.chance(0.4):
            return Expr("{0} & {1}", domains.both_bits(a.domain, b.domain), (a, b))
        return Expr(self.choose("{0} | {1}", "{0} ^ {1}"), domains.bits(a.domain, b.domain), (a, b))

    def shift(self, depth: int) -> Expr | None:
        a = self.make("int", depth)
        if self.chance(0.5):
            count = self.fitted("int", whole(0, self.choose(3, 31, 40)), depth)
            return Expr("{0} >> {1}", domains.hull(a.domain, whole(-1, 0)) or a.domain, (a, count))
        count = self.fitted("int", whole(0, 3), depth)
        found = domains.multiply(a.domain, whole(1, 8))
        return None if found is None or found.is_wrapping else Expr("{0} << {1}", found, (a, count))

    def int_unary(self, depth: int) -> Expr | None:
        a = self.make("int", depth)
        if a.domain.low == INT_MIN:
            return None
        low, high = a.domain.low, a.domain.high
        template, found = self.choose(
            ("-{0}", domains.negate(a.domain)),
            ("abs({0})", domains.magnitude(a.domain)),
            ("~{0}", whole(~int(high), ~int(low))),
            ("+{0}", a.domain),
            ("gk.sign({0})", whole(-1, 1)),
        )
        return Expr(template, found, (a,))

    def int_function(self, depth: int) -> Expr | None:
        a, b = self.make("int", depth), self.make("int", depth)
        choice = self.choose("gcd", "isqrt", "power")
        if choice == "gcd" and INT_MIN not in (a.domain.low, b.domain.low):
            return Expr("math.gcd({0}, {1})", whole(0, max(a.domain.size, b.domain.size)), (a, b))
        if choice == "isqrt":
            a = self.fit(a, whole(0, INT_MAX))
            return Expr("math.isqrt({0})", whole(0, int(a.domain.high**0.5) + 1), (a,))
        size = int(a.domain.size) ** 3
        return (
            Expr(f"{{0}} ** {self.choose(2, 3)}", whole(-size, size), (a,)) if size < 2e9 else None
        )

    def from_float(self, depth: int) -> Expr:
        a = self.make("float", depth)
        function = self.choose("int", "math.floor", "math.ceil", "math.trunc", "round")
        low, high = a.domain.low - 1, a.domain.high + 1
        return Expr(f"{function}({{0}})", whole(low, high), (a,))

    def int_of_bool(self, depth: int) -> Expr | None:
        test = self.make("bool", depth)
        if self.chance(0.4):
            return Expr("int({0})", whole(0, 1), (test,))
        a = self.make("int", depth)
        if self.chance(0.5):
            found = domains.hull(a.domain, whole(0, 0))
            return binary(self.choose("{0} * {1}", "{0} * int({1})"), a, test, found)
        found = domains.add(a.domain, whole(0, 1))
        return binary("{0} + {1}", a, test, None if found is None or found.is_wrapping else found)

    def masked(self, depth: int) -> Expr:
        mask = self.choose(1, 7, 63, 255, 4095, 65535, INT_MAX)
        return Expr(f"{{0}} & {mask}", whole(0, mask), (self.make("wrapping", depth),))

    def extent(self, depth: int) -> Expr | None:
        arrays = self.scope.arrays()
        if not arrays:
            return None
        name, array = self.random.choice(arrays)
        axis = self.random.randrange(len(array.shape))
        template = f"{name}.shape[{axis}]" if axis or self.chance(0.5) else f"len({name})"
        return Expr(template, whole(array.shape[axis], array.shape[axis]))

    def wrapping_arithmetic(self, depth: int) -> Expr | None:
        a = self.make(self.choose("wrapping", "int"), depth)
        b = self.make(self.choose("wrapping", "int"), depth)
        sign = self.choose("+", "-", "*", "*")
        return binary(f"{{0}} {sign} {{1}}", a, b, OPERATIONS[sign](a.domain, b.domain))

    def wrapping_bits(self, depth: int) -> Expr | None:
        a = self.make(self.choose("wrapping", "int"), depth)
        if self.chance(0.3):
            b = self.make("int", depth)
            return binary("{0} ^ {1}", a, b, domains.bits(a.domain, b.domain))
        if self.chance(0.3):
            return Expr("~{0}", whole(~int(a.domain.high), ~int(a.domain.low)), (a,))
        count = self.random.randint(0, 31)
        found = domains.multiply(a.domain, whole(1, 2**count))
        return None if found is None else Expr(f"{{0}} << {count}", found, (a,))

    # ------------------------------------------------------------ float

    def float_arithmetic(self, depth: int) -> Expr | None:
        a, b = self.make("float", depth), self.make(self.choose("float", "float", "int"), depth)
        if self.chance(0.3):
            a, b = b, a
        sign = self.choose("+", "+", "-", "-", "*")
        return binary(f"{{0}} {sign} {{1}}", a, b, OPERATIONS[sign](a.domain, b.domain))

    def halves(self, depth: int) -> Expr | None:
        """Division by a power of two, which is exact."""
        a = self.make(self.choose("float", "int"), depth)
        power = self.random.randint(0, 4)
        divisor = self.choose(str(2**power), f"{2.0**power!r}", f"{2.0**-power!r}")
        found = domains.multiply(a.domain, float_literal(1 / float(divisor)).domain)
        return None if found is None else Expr(f"{{0}} / {divisor}", found, (a,))

    def float_division(self, depth: int) -> Expr | None:
        a, b = self.make("float", depth), self.nonzero("float", depth)
        if self.chance(0.5):
            return binary("{0} // {1}", a, b, domains.floor_divide(a.domain, b.domain))
        return binary("{0} % {1}", a, b, domains.modulo(a.domain, b.domain))

    def float_unary(self, depth: int) -> Expr:
        a = self.make("float", depth)
        template, found = self.choose(
            ("-{0}", domains.negate(a.domain)),
            ("abs({0})", domains.magnitude(a.domain)),
            ("math.fabs({0})", replace(domains.magnitude(a.domain), kind="float")),
        )
        return Expr(template, found, (a,))

    def float_function(self, depth: int) -> Expr | None:
        a, b = self.make("float", depth), self.nonzero("float", depth)
        whole_float = Domain("float", a.domain.low - 1, a.domain.high + 1)
        name = self.choose("floor", "ceil", "trunc", "rint", "fract", "sign", "step", "fmod")
        if name in ("floor", "ceil", "trunc", "rint"):
            return Expr(f"float(np.{name}({{0}}))", whole_float, (a,))
        if name == "fract":
            return Expr("gk.fract({0})", Domain("float", 0, 1, a.domain.grain), (a,))
        if name == "sign":
            return Expr("gk.sign({0})", Domain("float", -1, 1), (a,))
        if name == "step":
            return Expr("gk.step({0}, {1})", Domain("float", 0, 1), (a, b))
        grain = min(a.domain.grain, b.domain.grain)
        size = b.domain.size
        found = domains.allowed(Domain("float", -size, size, grain))
        return binary("math.fmod({0}, {1})", a, b, found)

    def of_int(self, depth: int) -> Expr | None:
        a = self.make("int", depth)
        if a.domain.size > MANTISSA:
            return None
        return Expr("float({0})", replace(a.domain, kind="float"), (a,)) if self.chance(0.5) else a

    # ------------------------------------------------------------ rough

    def rough_function(self, depth: int) -> Expr | None:
        a = self.fitted("float", domains.exact(16, 2.0**-8), depth)
        template, found = self.choose(
            ("math.sin({0})", domains.rough(-1, 1, 2e-5)),
            ("math.cos({0})", domains.rough(-1, 1, 2e-5)),
            ("math.sqrt(abs({0}))", domains.rough(0, 4, 4e-6)),
            ("math.exp(min({0}, 3))", domains.rough(0, 21, 2e-5)),
            ("np.tanh({0})", domains.rough(-1, 1, 4e-6)),
            ("math.atan2({0}, 2.5)", domains.rough(-2, 2, 4e-6)),
            ("math.log(1.0 + abs({0}))", domains.rough(0, 3, 1e-5)),
            ("math.hypot({0}, 3.0)", domains.rough(3, 17, 2e-5)),
            ("gk.smoothstep(-2.0, 5.0, {0})", domains.rough(0, 1, 4e-6)),
        )
        return Expr(template, found, (a,))

    def quotient(self, depth: int) -> Expr | None:
        a = self.fitted("float", domains.exact(16, 2.0**-8), depth)
        b = self.fit(self.make("float", depth), Domain("float", 0.5, 8, 2.0**-8, nonzero=True))
        return Expr("{0} / {1}", domains.rough(-32, 32, 2e-5), (a, b))

    def rough_arithmetic(self, depth: int) -> Expr | None:
        a = self.make("rough", depth)
        b = self.fitted("float", domains.exact(4, 2.0**-4), depth)
        b = self.choose(b, self.make("rough", depth))
        if not a.domain.error and not b.domain.error:
            return None
        sign = self.choose("+", "-", "*")
        return binary(f"{{0}} {sign} {{1}}", a, b, OPERATIONS[sign](a.domain, b.domain))
