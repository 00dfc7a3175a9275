"""Words for messages about operators and builtins: how they are called and what they take."""

from __future__ import annotations

from gpukernel.errors import Span
from gpukernel.lang.table import Row
from gpukernel.lang.types import (
    FLOAT,
    INT,
    UINT,
    Type,
)

_COUNTS = ("no", "one", "two", "three", "four")


VERBS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_MAX_TEXT = 40  # characters of source that a hint repeats
_TO_ALL = {
    "+": "to add the number to every component",
    "-": "to subtract the number from every component",
    "*": "to multiply every component by the number",
    "/": "to divide every component by the number",
}


def sign_hint(one: Type, other: Type) -> str:
    """Return what to do about an int and a uint that meet, "" for other types."""
    if {one, other} == {INT, UINT}:
        return "convert the int with np.uint32(...), or the uint with int(...)"
    return ""


def misfit(row: Row, got: str, expected: str) -> str:
    """Return the message for a row that does not take what it is given."""
    action = VERBS.get(row.symbol, f"apply `{row.symbol or row.name}` to")
    return f"cannot {action} {got} (expected {expected})"


def float_hint(row: Row, whole: Span, number: Span) -> str:
    """Return how to write an expression with one of its ints converted to float."""
    purpose = _TO_ALL.get(row.symbol, "to use the number with every component")
    text, part = source_text(whole), source_text(number)
    start = number.column - whole.column
    if not part or text[start : start + len(part)] != part:
        return f"convert the int with float(...) {purpose}"
    return f"write `{text[:start]}float({part}){text[start + len(part) :]}` {purpose}"


def source_text(span: Span) -> str:
    """Return the text of a span, "" where it is long or goes over several lines."""
    if span.line != span.end_line or span.end_column - span.column > _MAX_TEXT:
        return ""
    return span.file.lines[span.line - 1][span.column - 1 : span.end_column - 1]


def signature_text(row: Row) -> str:
    dots = ", ..." if row.variadic else ""
    return f"{row.name}({', '.join(row.parameters)}{dots})"


def expected_text(row: Row, count: int) -> str:
    """Return the words for what the overloads of a row take."""
    kinds = {p for o in row.overloads if len(o.params) == count for p in o.params}
    if FLOAT in kinds:
        word = "number"
    else:
        word = "int" if INT in kinds else "bool"
    return f"{_COUNTS[count]} {word}" if count == 1 else f"{_COUNTS[count]} {word}s"
