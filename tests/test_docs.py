"""The generated pages are current, and the programs that the documentation shows run."""

from __future__ import annotations

import importlib.util
import linecache
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.passes.pipeline import DESCRIPTIONS, OPTIMIZATIONS

ROOT = Path(__file__).parent.parent
SUMS = """@gk.kernel
def sums(a):
    for k in range(gk.index()):
        total = a[k]

    return total + math.pi
"""


def load_generator() -> ModuleType:
    path = ROOT / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("docs_generate", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.version_info < (3, 11), reason="math.cbrt and math.exp2 came with 3.11")
@pytest.mark.parametrize("name", ["language.md", "map.md"])
def test_generated_pages_are_current(name: str) -> None:
    path = ROOT / "docs" / name
    expected = load_generator().pages()[path]
    assert path.read_text(encoding="utf-8") == expected, "run `make docs`"


def test_every_row_of_the_tables_is_in_the_reference() -> None:
    generator = load_generator()
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert all(row.doc.replace("|", "\\|") in text for row in generator.BUILTINS)


def test_every_public_name_is_in_the_documentation() -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "language.md", ROOT / "docs" / "launching.md"]
    words = set(re.findall(r"\w+", "\n".join(p.read_text(encoding="utf-8") for p in pages)))
    assert set(gk.__all__) - words == set()


def run_blocks(page: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, object], list[str]]:
    """Run a page's Python blocks one after the other, as a newcomer pastes them.

    Returns:
        The names that they define, and what they print.
    """
    text = page.read_text(encoding="utf-8")
    printed: list[str] = []

    def record(*values: object) -> None:
        printed.append(" ".join(map(str, values)))

    namespace: dict[str, object] = {"__name__": page.stem, "print": record}
    for match in re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL):
        line = text.count("\n", 0, match.start(1))  # so that errors name lines of the page
        block = "\n" * line + match[1]
        file = f"<{page.name}, block at line {line + 1}>"
        lines = block.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, file, (len(block), None, lines, file))
        exec(compile(block, file, "exec"), namespace)
    return namespace, printed


@pytest.mark.parametrize(
    "name",
    sorted(
        page.name
        for page in (ROOT / "docs").glob("*.md")
        if "```python" in page.read_text(encoding="utf-8")
    ),
)
def test_programs_in_the_documentation_print_what_it_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs" / name
    with gk.device("cpu"):
        _, printed = run_blocks(page, monkeypatch)
    expected = re.findall(r"# prints (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert printed == expected
    assert printed


def test_every_optimisation_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {words} |" for name, words in DESCRIPTIONS.items()]
    assert [row for row in rows if row not in text] == []
    assert re.findall(r"^### ([a-z]+)$", text, flags=re.MULTILINE) == list(OPTIMIZATIONS)


def test_outputs_in_performance_md_are_what_users_see(monkeypatch: pytest.MonkeyPatch) -> None:
    page = ROOT / "docs" / "performance.md"
    text = page.read_text(encoding="utf-8")
    with gk.device("cpu"):
        namespace, _ = run_blocks(page, monkeypatch)
    assert set(namespace["STEPS"]) == set(OPTIMIZATIONS)  # type: ignore[call-overload]
    told = str(namespace["told"]).replace(" on cpu,", " on gl,", 1)
    assert f"```\n{told}\n```" in text
    shown = re.search(r"shader = .*?```\n\n```\n(.*?)```", text, flags=re.DOTALL)
    assert shown is not None
    shader = {line.strip() for line in str(namespace["shader"]).splitlines()}
    assert [line for line in shown[1].splitlines() if line.strip() not in shader] == []


def test_readme_examples_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with gk.device("cpu"):
        namespace, printed = run_blocks(ROOT / "README.md", monkeypatch)
    assert printed
    a, b, product = (np.asarray(namespace[name]) for name in ("a", "b", "product"))
    np.testing.assert_allclose(product, a @ b, rtol=1e-4, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["flower.png"]


def test_the_error_in_the_readme_is_what_users_see(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n" * 4 + SUMS
    lines = text.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "sums.py", (len(text), None, lines, "sums.py"))
    with pytest.raises(gk.KernelNameError) as caught:
        exec(compile(text, "sums.py", "exec"), {"gk": gk})
    assert f"```\n{caught.value}\n```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
