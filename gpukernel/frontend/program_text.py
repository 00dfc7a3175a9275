"""How the names of a typed program are written in Python text, and what the text needs by name.

Captured numbers and arrays are written as attributes of an object that reads them where they are
kept, so that the text sees a rebound name as the source does.
"""

from __future__ import annotations

import builtins
import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from keyword import iskeyword
from types import FunctionType
from typing import Any, Union

from gpukernel.frontend.captured_names import CapturedNames
from gpukernel.frontend.infer import TypedKernel
from gpukernel.frontend.resolve import Capture
from gpukernel.ir import nodes
from gpukernel.ir.python_text import ALIASES, Spelling
from gpukernel.ir.python_words import plain_name


def spelling_of(
    typed: TypedKernel, functions: Sequence[nodes.Function], known: Mapping[str, str]
) -> tuple[Spelling, dict[str, Any]]:
    """Return how to write functions of a program, and what their text needs by name.

    Args:
        typed: the program, which says what its captured names stand for.
        functions: the functions to write, the last of which keeps its own name.
        known: the text for functions that are called and not among these.
    """
    params = {plain_name(p.name) for f in functions for p in f.params}
    titles = {**known, **_titles(functions, params)}
    namespace: dict[str, Any] = dict(ALIASES)
    captured = _Captured(namespace, params.union(titles.values()))
    scalars = zip(typed.program.uniforms, typed.scalars)
    arrays = zip(typed.program.arrays, typed.arrays)
    spelling = Spelling(
        {v.name: captured.text(s.origin, s.path) for v, s in scalars},
        {a.name: captured.text(s) for a, s in arrays},
        titles,
        frozenset([*namespace, *titles.values(), *dir(builtins)]),
    )
    return spelling, namespace


def _titles(functions: Sequence[nodes.Function], params: set[str]) -> dict[str, str]:
    """Return the Python names of the functions, no two alike."""
    taken = {*params, *ALIASES}
    titles: dict[str, str] = {}
    for function in reversed(functions):
        wish = "".join(c if c.isalnum() or c == "_" else "_" for c in function.name)
        titles[function.name] = _free(wish, taken)
        taken.add(titles[function.name])
    return titles


def _free(wish: str, taken: Iterable[str]) -> str:
    name, count = wish, 1
    while name in taken or iskeyword(name):
        count += 1
        name = f"{wish}_{count}"
    return name


def parameters_of(function: FunctionType) -> str:
    """Return the parameters as they are written, without annotations.

    Defaults that have no short text stand there as ``Ellipsis``.
    """
    signature = inspect.signature(function)
    bare = [
        p.replace(annotation=p.empty, default=_plain_default(p.default))
        for p in signature.parameters.values()
    ]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return text[1:-1]


def _plain_default(value: Any) -> Any:
    is_plain = type(value) in (bool, int, float) and math.isfinite(value)
    return value if is_plain or value is inspect.Parameter.empty else ...


class _Captured:
    """How captured names are written, as far as this was asked."""

    def __init__(self, namespace: dict[str, Any], taken: set[str]) -> None:
        self.namespace = namespace
        self.taken = taken

    def text(self, origin: Union[str, Capture], inside: tuple[int, ...] = ()) -> str:
        """Return the text for a captured value or an argument, or a number inside of it."""
        words = [origin] if isinstance(origin, str) else self.words(origin)
        return ".".join(words) + "".join(f"[{place}]" for place in inside)

    def words(self, capture: Capture) -> list[str]:
        owner, path = capture.owner, capture.path
        first = owner.__globals__.get(path[0])
        if isinstance(first, CapturedNames):  # the function was made from such a text
            return [self.name(first, path[0]), *path[1:]]
        name = owner.__name__ if owner.__name__.isidentifier() else "lambda"
        return [self.name(CapturedNames(owner), f"of_{name}"), *path]

    def name(self, names: CapturedNames, wish: str) -> str:
        for name, known in self.namespace.items():
            if isinstance(known, CapturedNames) and known == names:
                return name
        name = _free(wish, {*self.taken, *self.namespace})
        self.namespace[name] = names
        return name
