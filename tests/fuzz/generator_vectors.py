"""Random vectors and unsigned ints, and the statements about them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import BOOL, UINT, ArrayType, Domain, Type, VectorType, whole
from tests.fuzz.generator_expressions import float_literal, int_literal
from tests.fuzz.generator_numbers import OPERATIONS
from tests.fuzz.generator_statements import Statements
from tests.fuzz.program import Expr, Line, Statement

COMPONENT = domains.exact(64, 0.125)
LETTERS = ("xyzw", "rgba")


class Vectors(Statements):
    """Adds the statements and productions of ``vectors`` and ``uint``."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        if "vectors" in features:
            self.statements += [self.new_vector] * 3 + [self.set_component] * 2
            self.statements += [self.augment_component, self.exchange_components]
            self.productions["float"] += [self.component, self.component, self.dot]
            self.productions["bool"] += [self.vectors_equal]
        if "uint" in features:
            self.productions["uint"] += [self.uint_arithmetic] * 3 + [self.uint_shift, self.uint_of]
            self.productions["uint"] += [self.selection("uint"), self.read("uint")]
            self.productions["bool"] += [self.uint_comparison]
            self.productions["int"] += [self.int_of_uint]
            self.statements += [self.new_uint, self.augment_uint]

    # ------------------------------------------------------------ vectors

    def vectors(self) -> list[tuple[str, VectorType]]:
        return [(n, t) for n, t in self.scope.variables.items() if isinstance(t, VectorType)]

    def vector(self, size: int, depth: int) -> Expr:
        """Return an expression that is a vector of exact floats."""
        same = [n for n, t in self.vectors() if t.size == size]
        style = self.choose("make", "make", "arithmetic", "arithmetic", "swizzle", "name", "load")
        if style == "name" and same:
            return self.variable(self.random.choice(same))
        if style == "swizzle" and self.vectors():
            name, found = self.random.choice(self.vectors())
            letters = self.choose(*LETTERS)[: found.size]
            chosen = "".join(self.random.choice(letters) for _ in range(size))
            return Expr(f"{name}.{chosen}", VectorType(found.element, size))
        arrays = [a for a in self.scope.arrays() if a[1].element.kind in ("int", "float")]
        if style == "load" and arrays:
            return self.load(size, *self.random.choice(arrays), depth - 1)
        if style == "arithmetic" and depth > 0:
            made = self.vector_arithmetic(size, depth - 1)
            if made is not None:
                return made
        return self.new_components(size, depth - 1)

    def load(self, size: int, name: str, array: ArrayType, depth: int) -> Expr:
        """Return elements of the last axis of an array."""
        indices = tuple(
            self.index(extent, depth, f"{name}.shape[{axis}]")
            for axis, extent in enumerate(array.shape[:-1])
        )
        text = ", ".join([name, *(f"{{{n}}}" for n in range(len(indices)))])
        element = replace(array.element, kind="float")
        return Expr(f"gk.vec{size}.load({text})", VectorType(element, size), indices)

    def new_components(self, size: int, depth: int) -> Expr:
        count = self.choose(1, size, size)
        values = tuple(self.fitted("float", COMPONENT, depth) for _ in range(count))
        if size > 2 and self.chance(0.2):
            pair, rest = self.vector(2, 0), values[: size - 2]
            rest += tuple(float_literal(0.5) for _ in range(size - 2 - len(rest)))
            element = domains.hull(component_of(pair), COMPONENT) or COMPONENT
            text = f"gk.vec{size}({{0}}, {', '.join(f'{{{n}}}' for n in range(1, size - 1))})"
            return Expr(text, VectorType(element, size), (pair, *rest))
        text = f"gk.vec{size}({', '.join(f'{{{n}}}' for n in range(count))})"
        return Expr(text, VectorType(COMPONENT, size), values)

    def vector_arithmetic(self, size: int, depth: int) -> Expr | None:
        a = self.vector(size, depth)
        if self.chance(0.2):
            return Expr("-{0}", VectorType(domains.negate(component_of(a)), size), (a,))
        b = self.vector(size, depth)
        if self.chance(0.3):
            b = self.fitted("float", domains.exact(4, 0.5), depth)
            b = Expr("float({0})", replace(b.domain, kind="float"), (b,))
        sign = self.choose("+", "-", "*")
        found = OPERATIONS[sign](component_of(a), component_of(b))
        if found is None:
            return None
        a, b = self.choose((a, b), (b, a)) if sign != "-" else (a, b)
        return Expr(f"{{0}} {sign} {{1}}", VectorType(found, size), (a, b))

    def new_vector(self, depth: int) -> Statement:
        value = self.vector(self.choose(2, 3, 4), 2)
        assert isinstance(value.type, VectorType)
        fixed = self.scope.constant
        known = [n for n, t in self.vectors() if domains.fits(value.type, t) and n not in fixed]
        if known and self.chance(0.4):
            return Line(f"{self.random.choice(known)} = {copied(value)}", (value,))
        name = self.fresh("v")
        wide = domains.hull(value.type.element, COMPONENT) or value.type.element
        self.scope.variables[name] = VectorType(wide, value.type.size)
        return Line(f"{name} = {copied(value)}", (value,))

    def set_component(self, depth: int) -> Statement | None:
        known = [(n, t) for n, t in self.vectors() if n not in self.scope.constant]
        if not known:
            return None
        name, found = self.random.choice(known)
        place = self.random.randrange(found.size)
        style = self.choose("name", "index", "pair")
        if style == "pair":
            letters = "".join(self.random.sample("xyzw"[: found.size], 2))
            pair = tuple(self.value(found.element, 2) for _ in range(2))
            return Line(f"{name}.{letters} = ({{0}}, {{1}})", pair)
        target = f"{name}.{self.choose(*LETTERS)[place]}" if style == "name" else f"{name}[{place}]"
        return Line(f"{target} = {{0}}", (self.value(found.element, 2),))

    def augment_component(self, depth: int) -> Statement | None:
        """``v[i] += e`` or ``v.x += e``, and a vector in the domain made of the result."""
        known = [(n, t) for n, t in self.vectors() if n not in self.scope.constant]
        if not known:
            return None
        name, found = self.random.choice(known)
        value, sign = self.fitted("float", COMPONENT, 2), self.choose("+", "-", "*")
        total = OPERATIONS[sign](found.element, value.domain)
        if total is None:
            return None
        fixed = self.fit(Expr(f"{name}.@", total), found.element).text()
        parts: tuple[Expr, ...] = (value,)
        target = f"{name}.{self.choose(*LETTERS)[self.random.randrange(found.size)]}"
        if self.chance(0.5):
            target, parts = f"{name}[{{1}}]", (value, self.list_place(found.size))
        components = ", ".join(fixed.replace("@", letter) for letter in "xyzw"[: found.size])
        return Line(f"{target} {sign}= {{0}}\n{name} = gk.vec{found.size}({components})", parts)

    def list_place(self, size: int) -> Expr:
        return self.fitted("int", whole(self.choose(0, -size), size - 1), 2)

    def exchange_components(self, depth: int) -> Statement | None:
        known = [(n, t) for n, t in self.vectors() if n not in self.scope.constant]
        if not known:
            return None
        name, found = self.random.choice(known)
        letters = self.choose(*LETTERS)[: found.size]
        count = self.random.randint(2, found.size)
        to, of = self.random.sample(letters, count), self.random.choices(letters, k=count)
        return Line(f"{name}.{''.join(to)} = {name}.{''.join(of)}")

    def component(self, depth: int) -> Expr | None:
        if not self.vectors():
            return None
        name, found = self.random.choice(self.vectors())
        if self.chance(0.3):
            place = self.fitted(
                "int", whole(self.choose(0, -found.size), found.size - 1), depth - 1
            )
            return Expr(f"{name}[{{0}}]", found.element, (place,))
        letter = self.choose(*LETTERS)[self.random.randrange(found.size)]
        return Expr(f"{name}.{letter}", found.element)

    def dot(self, depth: int) -> Expr | None:
        size = self.choose(2, 3, 4)
        a, b = self.vector(size, depth - 1), self.vector(size, depth - 1)
        product = domains.multiply(component_of(a), component_of(b))
        found = product and domains.multiply(product, int_literal(size).domain)
        if product is None or found is None:
            return None
        bound = size * product.size
        return Expr("gk.dot({0}, {1})", replace(found, low=-bound, high=bound), (a, b))

    def vectors_equal(self, depth: int) -> Expr:
        size = self.choose(2, 3)
        sides = (self.vector(size, depth - 1), self.vector(size, depth - 1))
        return Expr(self.choose("{0} == {1}", "{0} != {1}"), BOOL, sides)

    def returned_value(self, wanted: Type) -> Expr:
        if isinstance(wanted, VectorType):
            parts = tuple(self.returned_value(wanted.element) for _ in range(wanted.size))
            places = ", ".join(f"{{{n}}}" for n in range(wanted.size))
            return Expr(f"gk.vec{wanted.size}({places})", wanted, parts)
        if isinstance(wanted, Domain) and wanted.kind == "uint":
            return self.make("uint", 3)
        return super().returned_value(wanted)

    # ------------------------------------------------------------ unsigned ints

    def leaf(self, kind: str) -> Expr:
        if kind != "uint":
            return super().leaf(kind)
        known = [n for n, _ in self.scope.scalars("uint")]
        if known and self.chance(0.7):
            return self.variable(self.random.choice(known))
        number = self.choose(0, 1, 2, 7, 255, 65535, 2**31 - 1)
        return Expr(f"np.uint32({number})", UINT)

    def uint_of(self, depth: int) -> Expr:
        return Expr("np.uint32({0})", UINT, (self.fitted("int", whole(0, 2**31 - 1), depth),))

    def uint_arithmetic(self, depth: int) -> Expr:
        a, b = self.make("uint", depth), self.make("uint", depth)
        sign = self.choose("+", "-", "*", "*", "&", "|", "^", "^")
        if self.chance(0.2):
            divisor = Expr(f"np.uint32({self.choose(1, 3, 7, 10, 1000)})", UINT)
            return Expr(self.choose("{0} // {1}", "{0} % {1}"), UINT, (a, divisor))
        return Expr(f"{{0}} {sign} {{1}}", UINT, (a, b))

    def uint_shift(self, depth: int) -> Expr:
        count = Expr(f"np.uint32({self.random.randint(0, 31)})", UINT)
        return Expr(
            self.choose("{0} >> {1}", "{0} << {1}"), UINT, (self.make("uint", depth), count)
        )

    def uint_comparison(self, depth: int) -> Expr:
        sides = (self.make("uint", depth), self.make("uint", depth))
        sign = self.choose("<", "<=", ">", ">=", "==", "!=")
        # Under CPython the bool must be Python's: NumPy's add up to bools again.
        return Expr(f"bool({{0}} {sign} {{1}})", BOOL, sides)

    def int_of_uint(self, depth: int) -> Expr:
        mask = self.choose(1, 15, 255, 65535)
        value = self.make("uint", depth)
        return Expr(f"int({{0}} & np.uint32({mask}))", whole(0, mask), (value,))

    def new_uint(self, depth: int) -> Statement:
        known = [n for n, _ in self.scope.scalars("uint") if n not in self.scope.constant]
        name = self.random.choice(known) if known and self.chance(0.5) else self.fresh("b")
        value = self.make("uint", 3)
        self.scope.variables[name] = UINT
        return Line(f"{name} = {{0}}", (value,))

    def augment_uint(self, depth: int) -> Statement | None:
        known = [n for n, _ in self.scope.scalars("uint") if n not in self.scope.constant]
        if not known:
            return None
        sign, value = self.choose("+", "-", "*", "&", "|", "^"), self.make("uint", 2)
        if self.chance(0.4):
            sign = self.choose("//", "%", ">>", "<<")
            most = 31 if sign in (">>", "<<") else 1000
            value = Expr(f"np.uint32({self.random.randint(1, most)})", UINT)
        return Line(f"{self.random.choice(known)} {sign}= {{0}}", (value,))


def component_of(value: Expr) -> Domain:
    """Return the domain of a number, or of each component of a vector."""
    return value.type.element if isinstance(value.type, VectorType) else value.domain


def copied(value: Expr) -> str:
    """Return the template of an assignment: a vector's name alone would make it shared."""
    assert isinstance(value.type, VectorType)
    return "{0}" if value.parts else f"gk.vec{value.type.size}({{0}})"
