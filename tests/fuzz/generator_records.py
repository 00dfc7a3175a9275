"""Random draws, and lists of tuples and of vectors, with the statements about them."""

from __future__ import annotations

from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import INT_MAX, Domain, RecordsType, TupleType, VectorType, whole
from tests.fuzz.generator_aggregates import Aggregates, places
from tests.fuzz.generator_expressions import Production
from tests.fuzz.generator_statements import DEEPEST, VARIABLES
from tests.fuzz.generator_vectors import COMPONENT, Vectors
from tests.fuzz.program import Clause, Compound, Expr, Line, Statement

STEP = 2.0**-24  # a random float is a multiple of this


class Records(Aggregates, Vectors):
    """Adds the statements and productions of ``records`` and ``random``."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        if "records" in features:
            self.statements += [self.new_records, self.set_record, self.swap_records]
            self.statements += [self.unpack_record, self.for_each_record]
            for kind in ("bool", "int", "float"):
                self.productions[kind] += [self.record_item(kind)]
        if "random" in features:
            self.productions["int"] += [self.random_int]
            self.productions["float"] += [self.random_float]
            self.productions["rough"] += [self.random_normal]

    # ------------------------------------------------------------ draws

    def random_float(self, depth: int) -> Expr:
        return Expr("gk.random()", Domain("float", 0, 1 - STEP, STEP))

    def random_normal(self, depth: int) -> Expr:
        return Expr("gk.normal()", domains.rough(-7, 7, 1e-6))

    def random_int(self, depth: int) -> Expr:
        if self.chance(0.1):
            return Expr(f"gk.randint(-{INT_MAX}, {INT_MAX})", whole(-INT_MAX, INT_MAX - 1))
        low, high = self.random.randint(-20, 5), self.random.randint(0, 300)
        bounds = self.value(whole(low - 3, low), depth), self.value(whole(high, high + 9), depth)
        return Expr("gk.randint({0}, {1})", whole(low - 3, max(low, high + 8)), bounds)

    # ------------------------------------------------------------ lists of tuples and vectors

    def records(self) -> list[tuple[str, RecordsType]]:
        return [(n, t) for n, t in self.scope.variables.items() if isinstance(t, RecordsType)]

    def record(self, element: TupleType | VectorType, depth: int) -> Expr:
        """Return a new tuple or vector."""
        if isinstance(element, VectorType):
            return self.new_components(element.size, depth)
        values = tuple(self.value(domain, depth) for domain in element.elements)
        return Expr(places(len(values)), element, values)

    def new_records(self, depth: int) -> Statement:
        size = self.random.randint(1, 4)
        element: TupleType | VectorType
        element = TupleType(tuple(self.random.choice(VARIABLES) for _ in range(self.choose(2, 3))))
        if "vectors" in self.features and self.chance(0.4):
            element = VectorType(COMPONENT, self.choose(2, 3, 4))
        name = self.fresh("r")
        if self.chance(0.6):
            values = tuple(self.record(element, 2) for _ in range(size))
            line = Line(f"{name} = [{places(size)}]", values)
        else:
            counter = self.fresh("c")
            with self.scope.block(size):
                self.scope.variables[counter] = whole(0, size - 1)
                value = self.record(element, 2)
            line = Line(f"{name} = [{{0}} for {counter} in range({size})]", (value,))
        self.scope.variables[name] = RecordsType(element, size)
        return line

    def set_record(self, depth: int) -> Statement | None:
        if not self.records():
            return None
        name, found = self.random.choice(self.records())
        parts = (self.list_index(found.size), self.record(found.element, 2))
        return Line(f"{name}[{{0}}] = {{1}}", parts)

    def swap_records(self, depth: int) -> Statement | None:
        if not self.records():
            return None
        name, found = self.random.choice(self.records())
        parts = (self.list_index(found.size), self.list_index(found.size))
        return Line(f"{name}[{{0}}], {name}[{{1}}] = {name}[{{1}}], {name}[{{0}}]", parts)

    def unpack_record(self, depth: int) -> Statement | None:
        if not self.records():
            return None
        name, found = self.random.choice(self.records())
        index = self.list_index(found.size)
        return Line(f"{self.targets(numbers_of(found.element))} = {name}[{{0}}]", (index,))

    def for_each_record(self, depth: int) -> Statement | None:
        """``for x, y in r:``"""
        if not self.records():
            return None
        name, found = self.random.choice(self.records())
        if depth >= DEEPEST or not self.scope.may_loop(found.size):
            return None
        with self.scope.block(found.size):
            targets = self.targets(numbers_of(found.element))
            body = self.block(depth + 1, 3)
        header = f"for {targets} in {name}:"
        return self.with_else(Compound((Clause(header, (), body),)), depth)

    def record_item(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            found = [
                (name, records.size, place, domain)
                for name, records in self.records()
                for place, domain in enumerate(numbers_of(records.element).elements)
                if domain.kind == kind
            ]
            if not found:
                return None
            name, size, place, domain = self.random.choice(found)
            return Expr(f"{name}[{{0}}][{place}]", domain, (self.list_index(size),))

        return make


def numbers_of(element: TupleType | VectorType) -> TupleType:
    """Return the numbers that a tuple or vector is made of."""
    if isinstance(element, TupleType):
        return element
    return TupleType((element.element,) * element.size)
