"""Reads `programs/*.txt`: rejected programs with what is expected written under the source.

A program begins with ``## name``.  A line whose first mark is ``^`` is no source: it underlines the
line above and says ``Class: message -> hint [called from line:column, ...]``.  Only the first
error names the class of the exception; those reported with it say ``also``.  ``>>> f(A)`` is the
call that fails; without it the program fails when it is made a kernel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
_MARK = re.compile(
    r"^(?P<before>\s*)(?P<carets>\^+) (?P<kind>\w+): (?P<message>.*?)"
    r"(?: -> (?P<hint>.*?))?(?: \[called from (?P<calls>.*)\])?$"
)
_HEADING = re.compile(r"^(?P<file>.*):(?P<line>\d+):(?P<column>\d+): error: (?P<message>.*)$")


@dataclass
class Finding:
    """One reported error; the caret line as it is drawn, from the first column of the source."""

    line: int
    column: int
    message: str
    hint: str = ""
    calls: tuple[str, ...] = ()
    excerpt: str = ""
    carets: str = ""


@dataclass
class Rejected:
    """A program, the call that fails ("" when making it fails), and what is reported."""

    name: str
    text: str
    call: str
    error: str
    findings: list[Finding]


def read_programs() -> Iterator[Rejected]:
    """Yield every program of every file."""
    for path in sorted(PROGRAMS.glob("*.txt")):
        for block in re.split(r"(?m)^## ", path.read_text(encoding="utf-8"))[1:]:
            name, _, body = block.partition("\n")
            yield _read_program(f"{path.stem}: {name}", body.rstrip().split("\n"))


def _read_program(name: str, lines: list[str]) -> Rejected:
    program = Rejected(name, "", "", "", [])
    source: list[str] = []
    for line in lines:
        mark = _MARK.match(line)
        if mark:
            program.findings.append(_expected(mark, len(source)))
            if mark["kind"] != "also":
                program.error = mark["kind"]
        elif line.startswith(">>> "):
            program.call = line[4:]
        else:
            source.append(line)
    program.text = "\n".join(source) + "\n"
    return program


def _expected(mark: re.Match[str], line: int) -> Finding:
    calls = tuple(mark["calls"].split(", ")) if mark["calls"] else ()
    carets = mark["before"] + mark["carets"]
    column = len(mark["before"]) + 1
    return Finding(line, column, mark["message"], mark["hint"] or "", calls, carets=carets)


def read_message(text: str) -> list[Finding]:
    """Return what the text of an exception reports."""
    found: list[Finding] = []
    for line in text.split("\n"):
        heading = _HEADING.match(line)
        if heading:
            place = int(heading["line"]), int(heading["column"])
            found.append(Finding(*place, heading["message"]))
        elif line.startswith("hint: "):
            found[-1].hint = line[len("hint: ") :]
        elif line.startswith("note: called from "):
            found[-1].calls += (":".join(line.split(":")[-2:]),)
        elif re.match(r"^ *\d+ \| ", line):
            found[-1].excerpt = line.split(" | ", 1)[1]
        elif re.match(r"^ +\| ", line):
            found[-1].carets = line.split("| ", 1)[1]
        else:
            raise AssertionError(f"a line that is no part of a report: {line!r}")
    return found
