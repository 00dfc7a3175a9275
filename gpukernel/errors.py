"""Spans, diagnostics and the exceptions users see.

A stage collects `Diagnostic`s while it goes on checking; `raise_errors` turns all of one function
into a single exception whose class is that of the first, in source order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NoReturn

from gpukernel.records import record


@record(frozen=True)
class SourceFile:
    """A file's name and text, kept so that a caret can be drawn at any time."""

    name: str
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        return f"SourceFile({self.name!r})"


@record(frozen=True)
class Span:
    """A range of source text.  Lines and columns count characters from 1; the end is exclusive."""

    file: SourceFile
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}:{self.column}"


class KernelError(Exception):
    """Base of every error about a kernel or its arguments."""


class KernelSyntaxError(KernelError, SyntaxError):
    """A construct that the kernel language does not have."""

    def __str__(self) -> str:  # SyntaxError's own would append a location of its own
        return str(self.args[0]) if self.args else ""


class KernelTypeError(KernelError, TypeError):
    """Wrong types, ranks, argument counts or dtypes."""


class KernelNameError(KernelError, NameError):
    """A name that is unknown, or possibly unset where it is read."""


class KernelIndexError(KernelError, IndexError):
    """An index that is known to be out of range."""


class KernelShapeError(KernelError, ValueError):
    """A shape that cannot be determined, or does not fit."""


class KernelOverflowError(KernelError, OverflowError):
    """A value that no supported dtype can hold."""


class KernelZeroDivisionError(KernelError, ZeroDivisionError):
    """An integer division by zero in debug mode."""


class KernelValueError(KernelError, ValueError):
    """A negative shift count or exponent of ints in debug mode."""


class KernelAssertionError(KernelError, AssertionError):
    """An ``assert`` of a kernel that failed in debug mode."""


class DeviceError(KernelError, RuntimeError):
    """A device that cannot be used, or that cannot hold what was asked of it."""


class InternalError(Exception):
    """A broken invariant of gpukernel itself: please report it."""


@record(frozen=True)
class Diagnostic:
    """One thing wrong with a program: where, what, and what to do.

    ``calls`` is the chain of helper calls that led there, outermost first.
    """

    error: type[KernelError]
    span: Span
    message: str
    hint: str = ""
    calls: tuple[Span, ...] = ()

    def render(self) -> str:
        """Return the message with its source line, caret and hint."""
        parts = [f"{self.span}: error: {self.message}", *_excerpt(self.span)]
        parts += [f"note: called from {call}" for call in self.calls]
        if self.hint:
            parts.append(f"hint: {self.hint}")
        return "\n".join(parts)


def raise_errors(diagnostics: Sequence[Diagnostic]) -> NoReturn:
    """Raise all diagnostics as one exception, in source order, each once."""
    unique: dict[object, Diagnostic] = {}
    for d in diagnostics:  # a helper that is called twice has the same mistake twice
        unique.setdefault((d.error, d.span, d.message, d.hint), d)
    ordered = sorted(unique.values(), key=lambda d: (d.span.file.name, d.span.line, d.span.column))
    text = "\n".join(d.render() for d in ordered)
    raise ordered[0].error(text) from None


_LONGEST_EXCERPT = 160  # characters of a source line that are shown
_MARGIN = 20  # characters before the marked ones that a cut line keeps


def _excerpt(span: Span) -> list[str]:
    """Return the source line and a line of carets under the span, aligned by display width."""
    if not 1 <= span.line <= len(span.file.lines):
        return []
    text = span.file.lines[span.line - 1].rstrip("\r\n")
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    if len(text) > _LONGEST_EXCERPT:
        first = max(0, min(start - _MARGIN, len(text) - _LONGEST_EXCERPT))
        text, start, end = text[first:], start - first, min(end - first, _LONGEST_EXCERPT)
        text = text[:_LONGEST_EXCERPT]
    padding = "".join("\t" if c == "\t" else " " * _width(c) for c in text[:start])
    carets = "^" * max(1, sum(_width(c) for c in text[start:end]))
    margin = f"{span.line:5d} | "
    return [margin + text, " " * (len(margin) - 2) + "| " + padding + carets]


def _width(character: str) -> int:
    """Return how many terminal columns a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
