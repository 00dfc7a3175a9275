"""Random loops over several things at once, and what sums up a generator expression."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import BOOL, Domain, ListType, whole
from tests.fuzz.generator_aggregates import places
from tests.fuzz.generator_expressions import Production, int_literal
from tests.fuzz.generator_records import Records
from tests.fuzz.generator_statements import DEEPEST, VARIABLES
from tests.fuzz.program import Clause, Compound, Expr, Line, Statement

MOST = 4  # turns of a generator expression


class Loops(Records):
    """Adds the statements and productions of ``iteration``."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        if "iteration" in features:
            self.statements += [self.for_enumerate, self.for_zip, self.for_reversed]
            self.productions["bool"] += [self.any_or_all]
            for kind in ("int", "float"):
                self.productions[kind] += [self.generated(kind)]
            if "lists" in features:
                self.statements += [self.copy_list, self.move_element]
            if "vectors" in features:
                self.statements += [self.for_each_component]

    # ------------------------------------------------------------ loops

    def iterable(self, depth: int) -> tuple[str, tuple[Expr, ...], Domain, int]:
        """Return a list, tuple or range: text, parts, the domain of its elements, its length."""
        if self.lists() and self.chance(0.6):
            name, found = self.random.choice(self.lists())
            return name, (), found.element, found.size
        size = self.random.randint(1, 4)
        if self.chance(0.3):
            low = self.random.randint(-3, 3)
            return f"range({low}, {low + size})", (), whole(low, low + size - 1), size
        domain = self.random.choice(VARIABLES)
        if self.chance(0.5):
            return f"[{{0}}] * {size}", (self.value(domain, depth),), domain, size
        values = tuple(self.value(domain, depth) for _ in range(size))
        return f"({places(size)},)", values, domain, size

    def over(
        self,
        header: str,
        parts: tuple[Expr, ...],
        turns: int,
        targets: dict[str, Domain],
        depth: int,
    ) -> Statement | None:
        """Return a loop with these variables."""
        with self.scope.block(turns):
            self.scope.variables.update(targets)
            body = self.block(depth + 1, 3)
        return self.with_else(Compound((Clause(header, parts, body),)), depth)

    def for_enumerate(self, depth: int) -> Statement | None:
        text, parts, domain, size = self.iterable(1)
        if depth >= DEEPEST or not self.scope.may_loop(size):
            return None
        k, x, start = self.fresh("k"), self.fresh("x"), self.choose(0, 0, 1, -2)
        header = f"for {k}, {x} in enumerate({text}{f', {start}' if start else ''}):"
        return self.over(header, parts, size, {k: whole(start, start + size), x: domain}, depth)

    def for_zip(self, depth: int) -> Statement | None:
        first, parts, domain, size = self.iterable(1)
        second, more, other, length = self.iterable(1)
        turns = min(size, length)
        if depth >= DEEPEST or not self.scope.may_loop(turns):
            return None
        for n in reversed(range(len(more))):
            second = second.replace(f"{{{n}}}", f"{{{n + len(parts)}}}")
        x, y = self.fresh("x"), self.fresh("y")
        header = f"for {x}, {y} in zip({first}, {second}):"
        return self.over(header, parts + more, turns, {x: domain, y: other}, depth)

    def for_reversed(self, depth: int) -> Statement | None:
        text, parts, domain, size = self.iterable(1)
        if depth >= DEEPEST or not self.scope.may_loop(size):
            return None
        x = self.fresh("x")
        return self.over(f"for {x} in reversed({text}):", parts, size, {x: domain}, depth)

    def for_each_component(self, depth: int) -> Statement | None:
        """``for x in v:``, where the body may change the vector."""
        if not self.vectors() or depth >= DEEPEST:
            return None
        name, found = self.random.choice(self.vectors())
        if not self.scope.may_loop(found.size):
            return None
        x = self.fresh("x")
        return self.over(f"for {x} in {name}:", (), found.size, {x: found.element}, depth)

    # ------------------------------------------------------------ lists

    def copy_list(self, depth: int) -> Statement | None:
        if not self.lists():
            return None
        name, found = self.random.choice(self.lists())
        new = self.fresh("l")
        self.scope.variables[new] = found
        return Line(f"{new} = list({name})")

    def move_element(self, depth: int) -> Statement | None:
        """``l[i], x, m[j] = x, m[j], l[i]``, shorter ones, and ``l[i] = x = e``."""
        kinds = [t.element for _, t in self.lists()]
        if not kinds:
            return None
        domain = self.random.choice(kinds)
        cells = [(n, t) for n, t in self.lists() if t.element == domain]
        found = [self.cell(*self.random.choice(cells)) for _ in range(self.choose(1, 2))]
        names = [n for n, d in self.scope.writable() if d == domain]
        found += [(self.random.choice(names), ())] if names else []
        if len(found) < 2:
            return None
        self.random.shuffle(found)
        texts: list[str] = []
        parts: tuple[Expr, ...] = ()
        for text, index in found:
            texts.append(text.replace("{0}", f"{{{len(parts)}}}"))
            parts += index
        if self.chance(0.3):
            return Line(f"{' = '.join(texts)} = {{{len(parts)}}}", (*parts, self.value(domain, 2)))
        return Line(f"{', '.join(texts)} = {', '.join(texts[1:] + texts[:1])}", parts)

    def cell(self, name: str, found: ListType) -> tuple[str, tuple[Expr, ...]]:
        return f"{name}[{{0}}]", (self.list_index(found.size),)

    # ------------------------------------------------------------ generator expressions

    def generator(self, kind: str, depth: int) -> tuple[str, Expr, int] | None:
        """Return ``for x in ...``, an expression of x, and the number of turns."""
        size = self.random.randint(1, MOST)
        domain, source = whole(0, size - 1), f"range({size})"
        if self.lists() and self.chance(0.4):
            name, found = self.random.choice(self.lists())
            domain, source, size = found.element, name, found.size
        if not self.scope.may_loop(size):
            return None
        name = self.fresh("c")
        with self.scope.block(size):
            self.scope.variables[name] = domain
            value = self.condition(depth) if kind == "bool" else self.make(kind, depth)
        return f"for {name} in {source}", value, size

    def any_or_all(self, depth: int) -> Expr | None:
        made = self.generator("bool", depth - 1)
        return made and Expr(f"{self.choose('any', 'all')}({{0}} {made[0]})", BOOL, (made[1],))

    def generated(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            made = self.generator(kind, depth - 1)
            if made is None:
                return None
            source, value, size = made
            function = self.choose("sum", "min", "max")
            if function != "sum":
                found: Domain | None = replace(value.domain, nonzero=False)
            else:
                found = domains.multiply(value.domain, int_literal(size).domain)
                found = found and domains.hull(found, whole(0, 0))
            if found is None or found.is_wrapping:
                return None
            return Expr(f"{function}({{0}} {source})", found, (value,))

        return make
