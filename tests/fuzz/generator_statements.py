"""Random statements, functions and whole programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import BOOL, INT_MAX, ArrayType, Domain, TupleType, Type, whole
from tests.fuzz.generator_expressions import literal
from tests.fuzz.generator_numbers import Numbers
from tests.fuzz.program import Clause, Compound, Expr, Line, Statement
from tests.fuzz.scope import Parameter

DEEPEST = 4  # nested blocks

VARIABLES = (
    BOOL,
    whole(-9, 9),
    whole(0, 15),
    whole(-100, 1000),
    whole(-(2**20), 2**20),
    whole(0, INT_MAX),
    domains.exact(64, 0.125),
    domains.exact(64, 0.125),
    domains.exact(1024, 2.0**-6),
    domains.exact(8, 0.5),
)

LEAVES = ("break", "continue", "return")
DIGEST = "digest"  # the variable of every function that others are mixed into


class Statements(Numbers):
    """Makes statements that keep every variable within its domain."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        self.result: Type = BOOL  # what the function being made returns
        self.statements: list[Callable[[int], Statement | None]] = []
        self.statements += (
            [self.declare] * 5 + [self.assign] * 5 + [self.augment] * 4 + [self.branch] * 4
            + [self.for_range] * 3 + [self.while_loop] * 2
            + [self.swap, self.unpack, self.assertion, self.leave_early]
        )  # fmt: skip

    def block(self, depth: int, most: int) -> tuple[Statement, ...]:
        """Return statements; none follows one that leaves the block."""
        made: list[Statement] = []
        for _ in range(self.random.randint(1, max(1, most - depth // 2))):
            make = self.random.choice(self.statements)
            if self.scope.in_loop and self.chance(0.15):
                make = self.leave
            statement = make(depth)
            if statement is not None:
                made.append(statement)
                if is_leave(statement):
                    break
        if self.chance(0.6) and not (made and is_leave(made[-1])):
            made += self.noted()
        return tuple(made)

    def noted(self) -> list[Statement]:
        """Mix the block's variables into `DIGEST`, so that a wrong one changes the result."""
        if DIGEST not in self.scope.variables:
            return []
        return [Line(f"{DIGEST} = {DIGEST} * 31 + {{0}} & 65535", (self.digest(),))]

    def digest(self) -> Expr:
        """Return an int made of the variables that were set last."""
        kinds = ("bool", "int", "float")
        known = [v for kind in kinds for v in self.scope.scalars(kind) if not v[1].error]
        order = list(self.scope.variables)
        known.sort(key=lambda v: order.index(v[0]))
        terms: list[Expr] = []
        for name, domain in known[-6:]:
            term = Expr(name, domain)
            if domain.kind == "float":  # times a power of two, which is exact
                scale = 1.0
                while scale * domain.grain < 1 and scale * domain.size < 2**24:
                    scale *= 2
                size = int(domain.size * scale)
                term = Expr(f"int({{0}} * {scale!r})", whole(-size, size), (term,))
            terms.append(term)
        factors = [self.choose(1, 3, 5, 7, 31) for _ in terms]
        text = " + ".join(f"{{{n}}} * {factor}" for n, factor in enumerate(factors))
        size = sum(int(t.domain.size) * factor for t, factor in zip(terms, factors))
        return Expr(text or "1", whole(-size, size), tuple(terms))

    # ------------------------------------------------------------ simple statements

    def kind_of(self, domain: Domain) -> str:
        return "rough" if domain.error else "wrapping" if domain.is_wrapping else domain.kind

    def value(self, wanted: Domain, depth: int = 3) -> Expr:
        """Return an expression for a variable of this domain."""
        return self.fitted(self.kind_of(wanted), wanted, depth)

    def declare(self, depth: int) -> Statement:
        """Assign a new variable."""
        name = self.fresh("xyzuvw"[self.random.randrange(6)])
        if self.chance(0.2):  # as wide as its first value: wrapping and rough ones, too
            value = self.make(self.choose("int", "wrapping", "float", "rough"), 3)
            domain = replace(value.domain, nonzero=False)
        else:
            domain = self.random.choice(VARIABLES)
            value = self.value(domain)
        self.scope.variables[name] = domain
        return Line(f"{name} = {{0}}", (value,))

    def assign(self, depth: int) -> Statement | None:
        known = self.scope.writable()
        if not known:
            return None
        name, domain = self.random.choice(known)
        if self.chance(0.15):
            others = [n for n, d in known if n != name and domain.fits(d) and d.fits(domain)]
            if others:
                return Line(f"{name} = {self.random.choice(others)} = {{0}}", (self.value(domain),))
        return Line(f"{name} = {{0}}", (self.value(domain),))

    def augment(self, depth: int) -> Statement | None:
        """``x += e``, and a second statement where that leaves the variable's domain."""
        known = [
            n for n in self.scope.writable() if n[1].is_exact and n[1].kind in ("int", "float")
        ]
        if not known:
            return None
        name, domain = self.random.choice(known)
        old = Expr(name, domain)
        value = self.make(domain.kind, 2)
        sign = self.choose("+", "+", "-", "*", "//", "%", "&", "|", "^", ">>")
        if sign in ("//", "%"):
            value = self.nonzero(domain.kind, 2)
        found = self.combined(sign, domain, value.domain)
        if found is None or (domain.kind == "int" and found.is_wrapping):
            return None
        fixed = self.fit(Expr(name, found), domain)
        line = f"{name} {sign}= {{0}}"
        if fixed.parts:
            line += f"\n{name} = {fixed.template.format(old.text())}"
        return Line(line, (value,)) if len(fixed.parts) < 2 and not deep(fixed) else None

    def combined(self, sign: str, a: Domain, b: Domain) -> Domain | None:
        arithmetic = {
            "+": domains.add,
            "-": domains.subtract,
            "*": domains.multiply,
            "//": domains.floor_divide,
            "%": domains.modulo,
        }
        if sign in arithmetic:
            return arithmetic[sign](a, b)
        if a.kind != "int" or b.kind != "int":
            return None
        if sign == ">>":
            return domains.hull(a, whole(-1, 0)) if b.low >= 0 else None
        return domains.both_bits(a, b) if sign == "&" else domains.bits(a, b)

    def swap(self, depth: int) -> Statement | None:
        known = self.scope.writable()
        pairs = [
            (a, b) for a, of_a in known for b, of_b in known
            if a != b and of_a.fits(of_b) and of_b.fits(of_a)
        ]  # fmt: skip
        if not pairs:
            return None
        a, b = self.random.choice(pairs)
        return Line(f"{a}, {b} = {b}, {a}")

    def unpack(self, depth: int) -> Statement | None:
        """``x, y = e, f`` on known or new variables."""
        known = self.scope.writable()
        if len(known) < 2:
            return None
        chosen = self.random.sample(known, self.choose(2, 2, 3) if len(known) > 2 else 2)
        values = tuple(self.value(domain, 2) for _, domain in chosen)
        places = ", ".join(f"{{{n}}}" for n in range(len(values)))
        targets = ", ".join(name for name, _ in chosen)
        return Line(f"{targets} = {places}", values)

    def assertion(self, depth: int) -> Statement | None:
        value = self.make(self.choose("int", "float"), 2)
        if not value.domain.is_exact:
            return None
        low, high = value.domain.low, value.domain.high
        if self.chance(0.5):
            return Line(f"assert {max(int(low) - 1, -INT_MAX)} <= {{0}}", (value,))
        return Line(f"assert not {{0}} > {min(int(high) + 1, INT_MAX)}, 'too large'", (value,))

    def leave(self, depth: int) -> Statement | None:
        """``break`` or ``continue`` under a condition."""
        if not self.scope.in_loop:
            return None
        line = Line(self.choose("break", "continue", "continue"))
        return Compound((Clause("if {0}:", (self.condition(2),), (line,)),))

    def leave_early(self, depth: int) -> Statement | None:
        if depth == 0 and self.chance(0.5):
            return None
        return Compound((Clause("if {0}:", (self.condition(2),), (self.returned(),)),))

    def returned(self) -> Statement:
        is_tuple = isinstance(self.result, TupleType)
        wanted = self.result.elements if is_tuple else (self.result,)  # type: ignore[union-attr]
        values = tuple(self.returned_value(kind) for kind in wanted)
        places = ", ".join(f"{{{n}}}" for n in range(len(values)))
        return Line(f"return {places}", values)

    def returned_value(self, wanted: Type) -> Expr:
        """Return an expression of a result; mostly one that tells the variables' values."""
        assert isinstance(wanted, Domain)
        if wanted.error or self.chance(0.25):
            return self.value(wanted)
        digest = self.digest()
        if wanted.kind == "bool":
            return Expr("{0} & 1 == 1", BOOL, (digest,))
        if digest.domain.fits(wanted):
            return digest
        # As many of its bits as the result has room for.
        room = int((wanted.high - wanted.low) / wanted.grain)
        mask = min(2 ** (room + 1).bit_length() // 2 - 1, 65535)
        if wanted.kind == "int":
            return Expr(f"({{0}} & {mask}) + {int(wanted.low)}", wanted, (digest,))
        return Expr(f"({{0}} & {mask}) * {wanted.grain!r} + {wanted.low!r}", wanted, (digest,))

    # ------------------------------------------------------------ blocks

    def branch(self, depth: int) -> Statement | None:
        if depth >= DEEPEST:
            return None
        clauses: list[Clause] = []
        ends: list[dict[str, Type]] = []
        headers = ["if {0}:"] + ["elif {0}:"] * self.choose(0, 0, 0, 1, 2)
        for header in headers + ["else:"] * self.choose(0, 1):
            parts = () if header == "else:" else (self.condition(2),)
            with self.scope.block():
                body = self.block(depth + 1, 3)
                clauses.append(Clause(header, parts, body))
                ends.append(dict(self.scope.variables))
        statement = Compound(tuple(clauses))
        if clauses[-1].header == "else:":
            return self.set_in_all(statement)
        return statement

    def set_in_all(self, statement: Compound) -> Statement:
        """Let every branch end with an assignment to one new variable."""
        domain = self.random.choice(VARIABLES)
        name = self.fresh("m")
        clauses: list[Clause] = []
        for clause in statement.clauses:
            last = clause.body[-1] if clause.body else Line("pass")
            if is_leave(last):
                clauses.append(clause)
                continue
            line = Line(f"{name} = {{0}}", (self.value(domain, 2),))
            clauses.append(replace(clause, body=clause.body + (line,)))
        self.scope.variables[name] = domain
        return Compound(tuple(clauses))

    def for_range(self, depth: int) -> Statement | None:
        if depth >= DEEPEST:
            return None
        template, parts, first, last, turns = self.range(self.choose(1, 1, 2, 2, 3, 3))
        if not self.scope.may_loop(turns):
            return None
        counter = whole(min(first, last), max(first, last))
        known = [n for n, d in self.scope.writable() if d.kind == "int" and counter.fits(d)]
        name = self.random.choice(known) if known and self.chance(0.3) else self.fresh("k")
        with self.scope.block(turns):
            self.scope.variables.setdefault(name, counter)
            body = self.block(depth + 1, 3)
        if not parts and range(*map(int, template[6:-1].split(", "))):
            self.scope.variables.setdefault(name, counter)  # it surely ran
        return Compound((Clause(f"for {name} in {template}:", parts, body),))

    def range(self, count: int) -> tuple[str, tuple[Expr, ...], int, int, int]:
        """Return a call of range, its arguments, the bounds of its values and of its turns."""
        step = 1
        if count == 3:
            step = self.choose(-3, -2, -1, 2, 3, 4)
        if self.chance(0.35):
            start, stop = self.random.randint(-3, 4), self.random.randint(-2, 7)
            start = 0 if count == 1 else start
            text = {1: f"{stop}", 2: f"{start}, {stop}", 3: f"{start}, {stop}, {step}"}[count]
            turns = len(range(start, stop, step))
            return f"range({text})", (), min(start, stop), max(start, stop), max(turns, 1)
        low, high = self.choose((0, 3), (-2, 4), (0, 5), (1, 6))
        stop_value = self.fitted("int", whole(low, high), 2)
        if count == 1:
            return "range({0})", (stop_value,), 0, max(high, 0), max(high, 1)
        start_value = self.fitted("int", whole(low - 1, high), 2)
        turns = (high - low + 1) // abs(step) + 1
        text = "range({0}, {1})" if count == 2 else f"range({{0}}, {{1}}, {step})"
        return text, (start_value, stop_value), low - 1, high, turns

    def while_loop(self, depth: int) -> Statement | None:
        """A while loop with a counter of its own, so that it surely ends."""
        turns = self.random.randint(1, 6)
        if depth >= DEEPEST or not self.scope.may_loop(turns + 1):
            return None
        name = self.fresh("n")
        self.scope.variables[name] = whole(0, turns + 1)
        self.scope.constant.add(name)
        with self.scope.block(turns + 1):
            condition = (self.condition(2),)
            body = self.block(depth + 1, 3)
        header, parts, before, first = self.choose(
            (f"while {name} < {turns}:", (), f"{name} = 0", f"{name} += 1"),
            (f"while {name} < {turns} and {{0}}:", condition, f"{name} = 0", f"{name} += 1"),
            (f"while {{0}} and {name}:", condition, f"{name} = {turns}", f"{name} -= 1"),
            (f"while {name} > 0:", (), f"{name} = {turns}", f"{name} //= 2"),
            ("while True:", (), f"{name} = 0", f"{name} += 1\nif {name} > {turns}:\n    break"),
        )
        return Compound((Clause(header, parts, body, first),), before)

    # ------------------------------------------------------------ parameters

    def parameter(self, arrays: list[ArrayType]) -> Parameter:
        if arrays and self.chance(0.2):
            return Parameter(self.fresh("a"), self.random.choice(arrays))
        domain = self.random.choice(VARIABLES)
        default = ""
        if self.chance(0.3):
            default = literal(self.random.choice([0, 1, 2, 7]), domain.kind).template
        return Parameter(self.fresh("p"), domain, default)

    def begin_digest(self) -> Statement:
        self.scope.variables[DIGEST] = whole(0, 65535)
        self.scope.constant.add(DIGEST)
        return Line(f"{DIGEST} = 0")


def is_leave(statement: Statement) -> bool:
    """Whether nothing after this statement runs."""
    return isinstance(statement, Line) and statement.template.split()[0] in LEAVES


def deep(value: Expr) -> bool:
    return any(part.parts for part in value.parts)
