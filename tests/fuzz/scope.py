"""What the generator knows at one place of the program: names, functions, loops around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from tests.fuzz.domains import ArrayType, Domain, Type
from tests.fuzz.program import Expr

Item = TypeVar("Item")
MOST_TURNS = 240  # of all loops around one place, those of called functions included


@dataclass(frozen=True)
class Parameter:
    """A parameter of a generated function; ``default`` is a literal or empty."""

    name: str
    type: Type
    default: str = ""


@dataclass(frozen=True)
class Signature:
    """A generated function that can be called."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type
    turns: int  # of its innermost loop, for one call
    is_argument: bool = False  # whether it is a parameter, whose parameters have no names


@dataclass
class Scope:
    """The names that are surely set here, and what else limits the next statement."""

    variables: dict[str, Type] = field(default_factory=dict)
    constant: set[str] = field(default_factory=set)  # names that nothing may assign
    signatures: list[Signature] = field(default_factory=list)
    turns: int = 1  # product of the turns of the loops around this place
    most_turns: int = 1  # the largest `turns` of the function so far
    in_loop: bool = False

    def arrays(self) -> list[tuple[str, ArrayType]]:
        return [(n, t) for n, t in self.variables.items() if isinstance(t, ArrayType)]

    def scalars(self, kind: str) -> list[tuple[str, Domain]]:
        found = [(n, t) for n, t in self.variables.items() if isinstance(t, Domain)]
        return [(name, domain) for name, domain in found if domain.kind == kind]

    def writable(self) -> list[tuple[str, Domain]]:
        found = [(n, t) for n, t in self.variables.items() if isinstance(t, Domain)]
        return [(name, domain) for name, domain in found if name not in self.constant]

    def count(self, turns: int) -> None:
        """Note that a loop of so many turns, or a call of a function with one, is made here."""
        self.most_turns = max(self.most_turns, self.turns * turns)

    def may_loop(self, turns: int) -> bool:
        return self.turns * max(turns, 1) <= MOST_TURNS

    @contextmanager
    def block(self, turns: int = 0) -> Iterator[None]:
        """Forget afterwards what the block sets; ``turns`` of the loop that it is the body of."""
        before = dict(self.variables), set(self.constant), self.turns, self.in_loop
        signatures = list(self.signatures)
        if turns:
            self.count(turns)
            self.turns *= turns
            self.in_loop = True
        yield
        self.variables, self.constant, self.turns, self.in_loop = before
        self.signatures = signatures


class Chooser:
    """Random choices, all of them from one seeded source."""

    def __init__(self, random: Random, features: frozenset[str]) -> None:
        self.random = random
        self.features = features
        self.scope = Scope()
        self.names = 0

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def choose(self, *items: Item) -> Item:
        return self.random.choice(items)

    def fresh(self, prefix: str) -> str:
        """Return a name that the program does not have yet."""
        self.names += 1
        return f"{prefix}{self.names}"

    def variable(self, name: str) -> Expr:
        return Expr(name, self.scope.variables[name])
