"""Imports of the package go down only, wherever they are written.

The layers are those of docs/map.md, top first.  A module may import its own layer and those
below; inside functions and under ``TYPE_CHECKING`` as well, since both would hide a cycle.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gpukernel"
LAYERS = (
    ("nn",),
    ("__init__", "__main__", "selftest"),
    ("adjoint",),
    ("reductions",),
    ("reduction",),
    ("folding",),
    ("derivative",),
    ("vectorize", "from_source"),
    ("kernel",),
    ("inspection",),
    ("launch", "at"),
    ("settings",),
    ("arguments",),
    ("runtime",),
    ("codegen",),
    ("passes",),
    ("frontend",),
    ("ir",),
    ("lang",),
    ("errors", "config", "records"),
)
BELOW_LANG = ("lang", "errors", "records")
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}
MODULES = sorted(PACKAGE.rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc"}


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute dotted name) of everything that a file imports."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def layer_of(dotted: str) -> str:
    """Return the layer of a module of ours: the part after ``gpukernel``."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in DEPTH else "__init__"


def layer_of_file(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def violations(path: Path) -> list[str]:
    """Return every import of a file that goes up, or that its folder may not have."""
    name = str(path.relative_to(ROOT))
    mine = layer_of_file(path)
    found = []
    for line, dotted in imported_modules(path):
        top = dotted.split(".")[0]
        if top == "gpukernel":
            other = layer_of(dotted)
            if DEPTH[other] < DEPTH[mine] or (mine == "lang" and other not in BELOW_LANG):
                found.append(f"{name}:{line}: {mine} imports {other}")
        elif top == "ast" and mine != "frontend":
            found.append(f"{name}:{line}: ast belongs to frontend")
        elif top in ("moderngl", "glcontext") and not (
            mine == "runtime" and path.name.startswith("gl_")
        ):
            found.append(f"{name}:{line}: {top} belongs to runtime/gl_*.py")
    return found


def test_every_module_has_a_layer() -> None:
    assert {layer_of_file(path) for path in MODULES} <= set(DEPTH)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    assert violations(path) == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("ir/x.py", "from gpukernel.frontend import parse"),
        ("ir/x.py", "import gpukernel"),
        ("ir/x.py", "from ..codegen.glsl import generate_glsl"),
        ("lang/x.py", "def f():\n    from gpukernel.ir import nodes"),
        ("lang/x.py", "import gpukernel.config"),
        ("passes/x.py", "if TYPE_CHECKING:\n    import gpukernel.runtime.array"),
        ("kernel.py", "import ast"),
        ("runtime/array.py", "import moderngl"),
        ("frontend/gl_x.py", "from moderngl import Context"),
    ],
)
def test_a_wrong_import_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, text: str
) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path / "gpukernel")
    path = tmp_path / "gpukernel" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert len(violations(path)) == 1


def test_examples_and_benchmarks_use_only_the_public_api() -> None:
    files = [*ROOT.glob("examples/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    inside = [
        f"{path.name}:{line}: {dotted}"
        for path in files
        for line, dotted in imported_modules(path)
        if dotted.startswith("gpukernel.")
        and dotted.split(".")[1] in DEPTH
        # `from gpukernel import kernel` is the decorator, not the module of that name.
        and dotted not in ("gpukernel.kernel", "gpukernel.nn")
    ]
    assert inside == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_is_documented_and_of_a_readable_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens by saying what it is for"
    assert path.stem not in FORBIDDEN_NAMES
    is_table = path.parent.name == "lang"
    assert is_table or text.count("\n") <= 600, "split what does two things"
