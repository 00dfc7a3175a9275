"""Lines of shader text, each with the Python line it came from."""

from __future__ import annotations

from collections.abc import Sequence

from gpukernel.errors import Span


class Writer:
    """The text written so far; ``origins[i]`` is the Python line behind ``lines[i]``, or None."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.origins: list[int | None] = []
        self.depth = 0
        self._annotated: Span | None = None

    def write(self, text: str, line: int | None = None) -> None:
        """Add lines at the present depth."""
        for part in text.split("\n"):
            self.lines.append("    " * self.depth + part if part else "")
            self.origins.append(line)

    def insert(self, position: int, texts: Sequence[str]) -> None:
        """Add lines, at the present depth, before the line of that position."""
        self.lines[position:position] = ["    " * self.depth + text for text in texts]
        self.origins[position:position] = [None] * len(texts)

    def annotate(self, span: Span) -> None:
        """Write the Python line as a comment, once, before what it became."""
        last = self._annotated
        if last and (last.file, last.line) == (span.file, span.line):
            return
        if not 1 <= span.line <= len(span.file.lines):
            return
        self._annotated = span
        text = span.file.lines[span.line - 1].strip().encode("ascii", "replace").decode()
        self.write(f"// {span.line}: {text.rstrip(chr(92))}", span.line)
