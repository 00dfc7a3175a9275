"""Write the pages of docs/ that are made from the code: `language.md` and the list in `map.md`.

``make docs`` runs it; a test compares what it would write with what is there.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gpukernel
from gpukernel import from_source
from gpukernel.errors import KernelError
from gpukernel.frontend.refused import REFUSED, REFUSED_LITERALS
from gpukernel.lang import random, vectors
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.operators import BINARY, COMPARE, UNARY
from gpukernel.lang.table import Row
from gpukernel.lang.types import ELEMENT_TYPES, RESULT_DTYPES

ROOT = Path(__file__).resolve().parent.parent
MARK = "<!-- What follows is written by docs/generate.py: run `make docs`. -->"
FOLDERS = ("gpukernel", "benchmarks", "examples", "docs")
MODULE_NAMES = {"numpy": "np", "gpukernel.lang.functions": "gk", "builtins": ""}
VECTOR_FUNCTIONS = (
    vectors.dot,
    vectors.length,
    vectors.distance,
    vectors.normalize,
    vectors.cross,
    vectors.reflect,
    vectors.refract,
    vectors.faceforward,
)
RANDOM_FUNCTIONS = (random.random, random.randint, random.normal)
# Programs in which two names would stand for one list or vector, or a list has no type or length.
REFUSED_PROGRAMS = (
    "xs = [1, 2]; ys = [3, 4]; ys = xs; return ys[0]",
    "xs = ys = [1, 2]; return ys[0]",
    "xs = [1, 2]; m = [xs, xs]; return m[0][0]",
    "m = [[0] * 3] * 3; return m[0][0]",
    "xs = [1, 2]; return both(xs, xs)",
    "v = gk.vec2(1, 2); w = v; w.x = 5.0; return v.x",
    "v = gk.vec2(1, 2); return shifted(v)",
    "xs = [gk.vec2(1, 2)]\nfor v in xs:\n    v.x = 5.0\nreturn xs[0].x",
    "xs = [gk.vec2(1, 2)]; xs[0].x = 5.0; return xs[0].x",
    "xs = []; xs.append(1); return xs[0]",
    "xs = [0.0] * index(); return xs[0]",
    "xs = [0.0] * 5000; return xs[0]",
)
NEWER_NODES = ("TypeAlias", "TemplateStr")  # of Python 3.12 and 3.14: the page is for all versions
HELPERS = """
def both(xs, ys):
    xs[0] = 1
    return ys[0]

def shifted(v):
    v.x = 2.0
    return v.x
"""


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
        "## Vector functions",
        "Vectors stand for tuples of as many numbers here, and the other way round.",
        _table(("function", "gives"), [_described(function) for function in VECTOR_FUNCTIONS]),
        "## Random functions",
        _table(("function", "gives"), [_described(function) for function in RANDOM_FUNCTIONS]),
        "## What is refused",
        _table(("in Python, not in kernels", "what to do instead"), _refused()),
        "Lists and vectors whose names would get mixed up, and lists without a constant length. "
        "`both` and `shifted` are helper functions that write to their first argument.",
        _table(("in a kernel", "message", "hint"), _refused_programs()),
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


def _described(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return a call of a function of `gk`, and the first sentence of its docstring."""
    arguments = ", ".join(inspect.signature(function).parameters)
    words = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    meaning = words.removeprefix("Return ").replace("``", "`")
    return f"`gk.{function.__name__}({arguments})`", meaning[0].upper() + meaning[1:]


def _refused() -> list[tuple[str, ...]]:
    """Return what Python has and kernels do not, each once."""
    old = [entry for node, entry in REFUSED.items() if node.__name__ not in NEWER_NODES]
    entries = dict.fromkeys((*old, *REFUSED_LITERALS.values()))
    words = [(what.rpartition(" ")[0], instead) for what, instead in entries]
    return sorted(words, key=lambda row: row[0].strip("`").lower())


def _refused_programs() -> list[tuple[str, ...]]:
    return [(f"`{_one_line(body)}`", *_refusal(body)) for body in REFUSED_PROGRAMS]


def _one_line(body: str) -> str:
    return " ".join(line.strip() for line in body.replace("\n", "; ").split()).replace(":;", ":")


def _refusal(body: str) -> tuple[str, str]:
    """Return the message and the hint that a kernel of these statements gets."""
    lines = body.replace("; ", "\n").split("\n")
    text = HELPERS + "\ndef program():\n" + "\n".join(f"    {line}" for line in lines)
    try:
        from_source(text, "program", {"gk": gpukernel})(shape=2, device="cpu")
    except KernelError as error:
        first, *rest = str(error).split("\n")
        hint = next((line for line in rest if line.startswith("hint: ")), "")
        return first.partition(" error: ")[2], hint.removeprefix("hint: ")
    raise AssertionError(f"{body!r} was not refused")


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
