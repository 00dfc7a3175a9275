"""Write the pages of docs/ that are made from the code: `language.md` and the list in `map.md`.

``make docs`` runs it; a test compares what it would write with what is there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import ELEMENT_TYPES, RESULT_DTYPES

ROOT = Path(__file__).resolve().parent.parent
MARK = "<!-- What follows is written by docs/generate.py: run `make docs`. -->"
FOLDERS = ("gpukernel", "benchmarks", "examples", "docs")
MODULE_NAMES = {"numpy": "np", "gpukernel.lang.functions": "gk", "builtins": ""}


def main() -> int:
    """Write every page and print its name."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


def pages() -> dict[Path, str]:
    """Return the text of every page that this program is responsible for."""
    return {
        ROOT / "docs" / name: _hand_written(ROOT / "docs" / name) + MARK + "\n\n" + make() + "\n"
        for name, make in (("language.md", tables), ("map.md", files))
    }


def _hand_written(path: Path) -> str:
    """Return what stands before the mark: people write that."""
    return path.read_text(encoding="utf-8").partition(MARK)[0]


# ------------------------------------------------------------------ language.md


def tables() -> str:
    """Return every operator and builtin, from the tables."""
    parts = [
        "## Operators",
        _table(("operator", "types", "meaning", "accuracy"), _operators()),
        "`and`, `or` and conditional expressions evaluate only what Python would.",
        "## Functions",
        _table(("function", "types", "meaning", "accuracy"), [_builtin(row) for row in BUILTINS]),
        "## Array types",
        _table(
            ("dtype", "read in a kernel as"),
            [(f"`{dtype}`", str(scalar)) for dtype, scalar in ELEMENT_TYPES.items()],
        ),
        "## Result types",
        _table(
            ("a kernel that returns", "gives an array of"),
            [(str(scalar), f"`{dtype}`") for scalar, dtype in RESULT_DTYPES.items()],
        ),
    ]
    return "\n\n".join(parts)


def _operators() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for table, form in ((BINARY, "x {} y"), (COMPARE, "x {} y"), (UNARY, "{}x")):
        for symbol, row in table.items():
            spelled = form.format(symbol + " " if symbol == "not" else symbol)
            rows.append((f"`{spelled}`".replace("|", "\\|"), _types(row), row.doc, _accuracy(row)))
    return rows


def _builtin(row: Row) -> tuple[str, ...]:
    names = " ".join(f"`{name}`" for name in dict.fromkeys(map(_spelling, row.python)))
    return names, _types(row), row.doc.replace("|", "\\|"), _accuracy(row)


def _spelling(function: Callable[..., Any]) -> str:
    """Return how users write a function: math.sin, np.sin, abs."""
    module = getattr(function, "__module__", None) or "numpy"
    prefix = MODULE_NAMES.get(module, module)
    name = getattr(function, "__name__", str(function))
    return f"{prefix}.{name}" if prefix else name


def _types(row: Row) -> str:
    return "<br>".join(overload.signature.replace("->", "→") for overload in row.overloads)


def _accuracy(row: Row) -> str:
    parts = [f"{row.budget.ulp:g} ULP"] if row.budget.ulp else []
    parts += [f"{row.budget.absolute:g}"] if row.budget.absolute else []
    return " + ".join(parts) or "exact"


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


# ------------------------------------------------------------------ map.md


def files() -> str:
    """Return one line a file: its path and the first sentence of its docstring."""
    parts = []
    for folder in FOLDERS:
        for inner in sorted({path.parent for path in (ROOT / folder).rglob("*.py")}):
            parts.append(f"### {inner.relative_to(ROOT).as_posix()}/")
            parts.append("\n".join(_line(path) for path in sorted(inner.glob("*.py"))))
    return "\n\n".join(parts)


def _line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    sentence, stop, _ = paragraph.partition(". ")
    return f"- `{path.name}` {sentence.rstrip('.')}{'.' if sentence or stop else ''}"


if __name__ == "__main__":
    sys.exit(main())
