"""The words of Python text: identifiers for the variables of a typed function, and numbers."""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gpukernel.ir import nodes
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, ListType, Scalar

_ZEROS = {INT: "0", FLOAT: "0.0", BOOL: "False", UINT: "np.uint32(0)"}


def identifiers(function: nodes.Function, reserved: frozenset[str]) -> dict[str, str]:
    """Return the Python name of every variable; the user's own come first, as they are."""
    found: dict[str, str] = {}
    taken = set(reserved)
    variables = (*function.params, *function.locals)
    for parameter in function.params:
        found[parameter.name] = _free(plain_name(parameter.name), taken - reserved)
        taken.add(found[parameter.name])
    for variable in sorted(variables, key=lambda v: not v.name.isidentifier()):
        name = variable.name
        if name in found:
            continue
        arriving = found.get(f"{name}.in")
        found[name] = arriving if arriving is not None else _free(plain_name(name), taken)
        taken.add(found[name])
    return found


def plain_name(name: str) -> str:
    """Return an identifier like a name of the program."""
    name = name.removesuffix(".in").split("^")[-1]
    if name.startswith("$"):
        name = f"t{name.lstrip('$')}"
    plain = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return plain if plain.isidentifier() else f"_{plain}"


def _free(name: str, taken: Iterable[str]) -> str:
    candidate, count = name, 1
    while candidate in taken or keyword.iskeyword(candidate):
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def zero_text(kind: Scalar | ListType) -> str:
    if isinstance(kind, ListType):
        assert isinstance(kind.element, Scalar)
        return f"[{_ZEROS[kind.element]}] * {kind.size}"
    return _ZEROS[kind]


def number_text(node: nodes.Constant, name_of: Callable[[str], str]) -> str:
    """Return the text of a number: the user's own where that says the same."""
    value: Any = node.value
    if node.type == BOOL:
        return str(bool(value))
    if node.type == UINT:
        return f"{name_of('np')}.uint32({value})"
    if node.type == INT:
        return str(int(value))
    if math.isfinite(value):
        return _float_text(value, node, name_of)
    sign = "-" if value < 0 else ""
    return f"{sign}{name_of('math')}.{'nan' if math.isnan(value) else 'inf'}"


def _float_text(value: float, node: nodes.Constant, name_of: Callable[[str], str]) -> str:
    written = _written(node)
    if written is not None:
        return written
    for name in ("pi", "e", "tau"):
        if float(np.float32(getattr(math, name))) == value:
            return f"{name_of('math')}.{name}"
    rounded = np.float32(value)
    return repr(float(str(rounded))) if float(rounded) == value else repr(value)


def _written(node: nodes.Constant) -> str | None:
    """Return the literal in the source that this float comes from, with all of its digits."""
    span = node.span
    if span.line != span.end_line or not 1 <= span.line <= len(span.file.lines):
        return None
    text = span.file.lines[span.line - 1][span.column - 1 : span.end_column - 1]
    try:
        number = float(text)
    except ValueError:
        return None
    if "." not in text and "e" not in text.lower():
        return None
    same = float(np.float32(number)) == node.value or number == node.value
    return text if same else None
