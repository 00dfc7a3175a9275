"""Random tuples, local lists and nested functions, and the statements about them.

Each belongs to a feature, so that a compiler without it can be fuzzed, too.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.fuzz import domains
from tests.fuzz.domains import ArrayType, FunctionType, ListType, TupleType, Type, whole
from tests.fuzz.generator_expressions import Production, int_literal
from tests.fuzz.generator_statements import DEEPEST, VARIABLES, Statements
from tests.fuzz.program import Clause, Compound, Expr, Line, Statement
from tests.fuzz.scope import Parameter, Signature


class Aggregates(Statements):
    """Adds the statements and productions of the chosen features."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        super().__init__(random, features)
        self.is_nested = False
        self.add_tuples()
        self.add_lists()
        if "divmod" in features:
            self.statements += [self.quotient_and_rest]
        if "nested" in features:
            self.statements += [self.nested_function]
        if "lambda" in features:
            self.statements += [self.new_lambda]

    def add_tuples(self) -> None:
        if "tuples" in self.features:
            self.statements += [self.new_tuple, self.unpack_tuple, self.unpack_call]
            self.statements += [self.for_each_value]
            for kind in ("bool", "int", "float"):
                self.productions[kind] += [self.tuple_item(kind)]

    def add_lists(self) -> None:
        if "lists" in self.features:
            self.statements += [self.new_list, self.new_list, self.set_element, self.set_element]
            self.statements += [self.augment_element, self.swap_elements, self.for_each_element]
            for kind in ("bool", "int", "float"):
                self.productions[kind] += [self.list_element(kind)] * 2
            self.productions["int"] += [self.list_summary("int"), self.list_length]
            self.productions["float"] += [self.list_summary("float")]
        if "matrices" in self.features:
            self.statements += [self.matrix]

    def tuples(self) -> list[tuple[str, TupleType]]:
        return [(n, t) for n, t in self.scope.variables.items() if isinstance(t, TupleType)]

    def lists(self) -> list[tuple[str, ListType]]:
        return [(n, t) for n, t in self.scope.variables.items() if isinstance(t, ListType)]

    # ------------------------------------------------------------ tuples

    def new_tuple(self, depth: int) -> Statement:
        elements = tuple(self.random.choice(VARIABLES) for _ in range(self.choose(2, 3)))
        values = tuple(self.value(domain, 2) for domain in elements)
        known = [(n, t) for n, t in self.tuples() if n not in self.scope.constant]
        same = [n for n, found in known if found == TupleType(elements)]
        name = self.random.choice(same) if same else self.fresh("t")
        self.scope.variables[name] = TupleType(elements)
        return Line(f"{name} = ({places(len(values))})", values)

    def unpack_tuple(self, depth: int) -> Statement | None:
        if not self.tuples():
            return None
        name, found = self.random.choice(self.tuples())
        return Line(f"{self.targets(found)} = {name}")

    def unpack_call(self, depth: int) -> Statement | None:
        usable = [s for s in self.scope.signatures if isinstance(s.result, TupleType)]
        if not usable:
            return None
        signature = self.random.choice(usable)
        call = self.call_of(signature, 2)
        if call is None:
            return None
        assert isinstance(signature.result, TupleType)
        return Line(f"{self.targets(signature.result)} = {{0}}", (call,))

    def targets(self, kind: TupleType) -> str:
        """Return new names for the elements of a tuple."""
        names = [self.fresh("e") for _ in kind.elements]
        self.scope.variables.update(zip(names, kind.elements))
        return ", ".join(names)

    def tuple_item(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            found = [
                Expr(f"{name}[{place}]", domain)
                for name, found in self.tuples()
                for place, domain in enumerate(found.elements)
                if domain.kind == kind and domain.is_exact
            ]
            return self.random.choice(found) if found else None

        return make

    def for_each_value(self, depth: int) -> Statement | None:
        """``for x in (a, b, c):``"""
        turns = self.random.randint(2, 4)
        if depth >= DEEPEST or not self.scope.may_loop(turns):
            return None
        domain = self.random.choice(VARIABLES)
        values = tuple(self.value(domain, 2) for _ in range(turns))
        name = self.fresh("k")
        with self.scope.block(turns):
            self.scope.variables[name] = domain
            body = self.block(depth + 1, 3)
        header = f"for {name} in ({places(turns)}):"
        return self.with_else(Compound((Clause(header, values, body),)), depth)

    def quotient_and_rest(self, depth: int) -> Statement | None:
        kind = self.choose("int", "int", "float")
        a, b = self.make(kind, 2), self.nonzero(kind, 2)
        quotient = domains.floor_divide(a.domain, b.domain)
        rest = domains.modulo(a.domain, b.domain)
        if quotient is None or rest is None:
            return None
        targets = self.targets(TupleType((quotient, rest)))
        return Line(f"{targets} = divmod({{0}}, {{1}})", (a, b))

    # ------------------------------------------------------------ else of loops, nested functions

    def for_range(self, depth: int) -> Statement | None:
        return self.with_else(super().for_range(depth), depth)

    def while_loop(self, depth: int) -> Statement | None:
        return self.with_else(super().while_loop(depth), depth)

    def with_else(self, loop: Statement | None, depth: int) -> Statement | None:
        if "loop_else" not in self.features or not isinstance(loop, Compound) or self.chance(0.7):
            return loop
        with self.scope.block():
            body = self.block(depth + 1, 2)
        return replace(loop, clauses=loop.clauses + (Clause("else:", (), body),))

    def nested_function(self, depth: int) -> Statement | None:
        """A function inside a function, which may read that one's variables."""
        if depth > 1 or self.is_nested:
            return None
        self.is_nested = True
        name = self.fresh("inner_")
        parameters = tuple(self.parameter([]) for _ in range(self.random.randint(0, 2)))
        parameters = tuple(sorted(parameters, key=lambda p: bool(p.default)))
        before, outer, most = self.result, self.scope, self.scope.most_turns
        self.result = self.random.choice(VARIABLES)
        with outer.block():
            outer.constant |= set(outer.variables)
            outer.variables.update({p.name: p.type for p in parameters})
            outer.variables.pop("digest", None)
            outer.in_loop, outer.turns, outer.most_turns = False, 1, 1
            body = (self.begin_digest(), *self.block(2, 2), self.returned())
            signature = Signature(name, parameters, self.result, outer.most_turns)
        outer.most_turns, self.result, self.is_nested = most, before, False
        outer.signatures.append(signature)
        text = ", ".join(f"{p.name}={p.default}" if p.default else p.name for p in parameters)
        return Compound((Clause(f"def {name}({text}):", (), body),))

    def new_lambda(self, depth: int) -> Statement | None:
        """A function of one expression, which may read the variables around it."""
        if self.is_nested:
            return None
        name, result = self.fresh("fn"), self.random.choice(VARIABLES)
        parameters = [self.parameter([]) for _ in range(self.random.randint(0, 2))]
        parameters.sort(key=lambda p: bool(p.default))
        outer, most = self.scope, self.scope.most_turns
        with outer.block():
            outer.variables.update({p.name: p.type for p in parameters})
            outer.turns, outer.most_turns = 1, 1
            value = self.value(result, 3)
            signature = Signature(name, tuple(parameters), result, outer.most_turns)
        outer.most_turns = most
        outer.signatures.append(signature)
        text = ", ".join(f"{p.name}={p.default}" if p.default else p.name for p in parameters)
        return Line(f"{name} = lambda {text}: {{0}}", (value,))

    def function_argument(self, wanted: FunctionType, depth: int) -> Expr:
        names = [self.fresh("q") for _ in wanted.parameters]
        with self.scope.block():
            self.scope.variables.update(zip(names, wanted.parameters))
            value = self.value(wanted.result, depth)
        return Expr(f"lambda {', '.join(names)}: {{0}}", wanted, (value,))

    # ------------------------------------------------------------ lists

    def parameter(self, arrays: list[ArrayType]) -> Parameter:
        if "lambda" in self.features and not self.is_nested and self.chance(0.1):
            domains_ = tuple(self.random.choice(VARIABLES) for _ in range(self.choose(1, 2)))
            kind = FunctionType(domains_, self.random.choice(VARIABLES))
            return Parameter(self.fresh("fn"), kind)
        if "lists" in self.features and self.chance(0.2):
            element = self.choose(whole(-100, 1000), domains.exact(64, 0.125))
            return Parameter(self.fresh("p"), ListType(element, self.choose(2, 3, 5)))
        return super().parameter(arrays)

    def argument(self, wanted: Type, depth: int) -> Expr | None:
        if isinstance(wanted, FunctionType):
            return self.function_argument(wanted, depth)
        found = super().argument(wanted, depth)
        if found is None and isinstance(wanted, ListType):
            value = self.value(wanted.element, 1)
            if wanted.element.kind == "float":  # of an int the list would be one of ints
                value = Expr("float({0})", replace(value.domain, kind="float"), (value,))
            return Expr(f"[{{0}}] * {wanted.size}", wanted, (value,))
        return found

    def new_list(self, depth: int) -> Statement:
        element = self.random.choice(VARIABLES)
        size = self.random.randint(1, 6)
        free = [(n, t) for n, t in self.lists() if n not in self.scope.constant]
        known = [n for n, t in free if t == ListType(element, size)]
        name = self.random.choice(known) if known and self.chance(0.3) else self.fresh("l")
        style = self.choose("repeat", "display", "comprehension")
        if style == "repeat":
            line = Line(f"{name} = [{{0}}] * {size}", (self.value(element, 1),))
        elif style == "display":
            values = tuple(self.value(element, 2) for _ in range(size))
            line = Line(f"{name} = [{places(size)}]", values)
        else:
            counter = self.fresh("c")
            with self.scope.block(size):
                self.scope.variables[counter] = whole(0, size - 1)
                value = self.value(element, 2)
            line = Line(f"{name} = [{{0}} for {counter} in range({size})]", (value,))
        self.scope.variables[name] = ListType(element, size)
        return line

    def list_index(self, size: int) -> Expr:
        """Return an index in the list; negative ones count from its end."""
        if self.chance(0.2):
            return int_literal(self.random.randrange(-size, size))
        return self.fitted("int", whole(self.choose(0, 0, -size), size - 1), 2)

    def list_element(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            known = [(n, t) for n, t in self.lists() if t.element.kind == kind]
            if not known:
                return None
            name, found = self.random.choice(known)
            return Expr(f"{name}[{{0}}]", found.element, (self.list_index(found.size),))

        return make

    def list_summary(self, kind: str) -> Production:
        def make(depth: int) -> Expr | None:
            known = [(n, t) for n, t in self.lists() if t.element.kind == kind]
            if not known:
                return None
            name, found = self.random.choice(known)
            function = self.choose("sum", "min", "max")
            if function != "sum":
                return Expr(f"{function}({name})", replace(found.element, nonzero=False))
            total = domains.multiply(found.element, int_literal(found.size).domain)
            total = total and domains.hull(total, whole(0, 0))
            return None if total is None or total.is_wrapping else Expr(f"sum({name})", total)

        return make

    def list_length(self, depth: int) -> Expr | None:
        if not self.lists():
            return None
        name, found = self.random.choice(self.lists())
        return Expr(f"len({name})", whole(found.size, found.size))

    def set_element(self, depth: int) -> Statement | None:
        if not self.lists():
            return None
        name, found = self.random.choice(self.lists())
        parts = (self.list_index(found.size), self.value(found.element))
        return Line(f"{name}[{{0}}] = {{1}}", parts)

    def augment_element(self, depth: int) -> Statement | None:
        known = [(n, t) for n, t in self.lists() if t.element.kind != "bool"]
        if not known:
            return None
        name, found = self.random.choice(known)
        value = self.make(found.element.kind, 2)
        sign = self.choose("+", "-", "*", "^")
        total = self.combined(sign, found.element, value.domain)
        if total is None or total.is_wrapping:
            return None
        place = self.fresh("at")
        fixed = self.fit(Expr(f"{name}[{place}]", total), found.element)
        line = f"{place} = {{0}}\n{name}[{place}] {sign}= {{1}}"
        if fixed.parts:
            line += f"\n{name}[{place}] = {fixed.text()}"
        return Line(line, (self.list_index(found.size), value))

    def swap_elements(self, depth: int) -> Statement | None:
        if not self.lists():
            return None
        name, found = self.random.choice(self.lists())
        parts = (self.list_index(found.size), self.list_index(found.size))
        return Line(f"{name}[{{0}}], {name}[{{1}}] = {name}[{{1}}], {name}[{{0}}]", parts)

    def for_each_element(self, depth: int) -> Statement | None:
        if not self.lists():
            return None
        name, found = self.random.choice(self.lists())
        if depth >= DEEPEST or not self.scope.may_loop(found.size):
            return None
        counter = self.fresh("k")
        with self.scope.block(found.size):
            self.scope.variables[counter] = found.element
            body = self.block(depth + 1, 3)
        header = f"for {counter} in {name}:"
        return self.with_else(Compound((Clause(header, (), body),)), depth)

    def matrix(self, depth: int) -> Statement:
        """A nested list: make it, write to it, and read a sum of it into a new variable."""
        rows, columns = self.random.randint(1, 3), self.random.randint(1, 3)
        element = self.choose(whole(-9, 9), whole(-100, 1000), domains.exact(8, 0.5))
        name, total, r, c = self.fresh("mat"), self.fresh("sum"), self.fresh("r"), self.fresh("c")
        with self.scope.block(rows * columns):
            self.scope.variables.update({r: whole(0, rows - 1), c: whole(0, columns - 1)})
            start = self.value(element, 2)
            weighed = self.fitted("int", whole(-3, 3), 1)
        lines = [f"{name} = [[{{0}} for {c} in range({columns})] for {r} in range({rows})]"]
        lines += [f"{name}[{{1}}][{{2}}] = {{3}}", f"{total} = 0", f"for {r} in range({rows}):"]
        lines += [f"    for {c} in range({columns}):"]
        lines += [f"        {total} += {name}[{r}][{c}] * {{4}}"]
        row, column = self.list_index(rows), self.list_index(columns)
        size = element.size * 3 * rows * columns
        value = self.value(element, 2)
        self.scope.variables[total] = replace(element, low=-size, high=size)
        return Line("\n".join(lines), (start, row, column, value, weighed))


def places(count: int) -> str:
    """Return the places of so many parts in a template."""
    return ", ".join(f"{{{n}}}" for n in range(count))
