"""Fetches that several reads share: what is already in a variable at this point of the shader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager


class Fetches:
    """The texels held in variables, by how they are fetched.

    A texel is the same as long as nothing that its address reads is assigned, and its variable can
    be read to the end of the block that declares it.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, Set[str]]] = {}

    def find(self, fetch: str) -> str | None:
        """Return the variable that holds the texel of a fetch."""
        held = self._held.get(fetch)
        return held[0] if held else None

    def keep(self, fetch: str, variable: str, reads: Iterable[str]) -> None:
        """Remember that a variable holds a texel whose address reads these program variables."""
        self._held[fetch] = variable, frozenset(reads)

    def forget(self, assigned: Set[str]) -> None:
        """Drop the texels whose address reads a variable that is assigned now."""
        if assigned:
            self._held = {f: h for f, h in self._held.items() if not h[1] & assigned}

    @contextmanager
    def block(self, assigned: Set[str], *, repeats: bool = False) -> Iterator[None]:
        """Enter a block, which assigns these variables, again and again if it ``repeats``."""
        if repeats:
            self.forget(assigned)
        outside = dict(self._held)
        yield
        self._held = outside
        self.forget(assigned)
