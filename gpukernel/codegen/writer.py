"""Lines of shader text, each with the Python line it came from."""

from __future__ import annotations

from gpukernel.errors import Span


class Writer:
    """The text written so far; ``origins[i]`` is the Python line behind ``lines[i]``, or None."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.origins: list[int | None] = []
        self.depth = 0
        self._annotated: Span | None = None
        self._next_line = 0
        self._shown: set[object] = set()  # lines of parts of statements

    def write(self, text: str, line: int | None = None) -> None:
        """Add lines at the present depth."""
        for part in text.split("\n"):
            self.lines.append("    " * self.depth + part if part else "")
            self.origins.append(line)

    def extend(self, other: Writer) -> None:
        """Add what another writer has."""
        self.lines += other.lines
        self.origins += other.origins

    def begin(self, line: int) -> None:
        """Say where the body of a Python function begins, for `annotate`."""
        self._next_line = line

    def annotate(self, span: Span) -> None:
        """Write the Python line as a comment, once, before what it became.

        Lines that became nothing, and are before it in the function, are written too.
        """
        last = self._annotated
        if last and (last.file, last.line) == (span.file, span.line):
            return
        if not 1 <= span.line <= len(span.file.lines):
            return
        self._annotated = span
        if self._next_line:
            for line in range(self._next_line, span.line):
                if (span.file, line) not in self._shown:
                    self._comment(span.file.lines[line - 1], line)
            self._next_line = max(self._next_line, span.line + 1)
        self._comment(span.file.lines[span.line - 1], span.line)

    def annotate_inner(self, span: Span) -> None:
        """Write the Python line of a part of a statement, once in a function."""
        last, place = self._annotated, (span.file, span.line)
        if last is not None and place == (last.file, last.line):
            return
        if place not in self._shown and 1 <= span.line <= len(span.file.lines):
            self._shown.add(place)
            self._comment(span.file.lines[span.line - 1], span.line)

    def _comment(self, source: str, line: int) -> None:
        text = source.strip().encode("ascii", "replace").decode().rstrip("\\")
        if text:
            self.write(f"// {line}: {text}", line)
