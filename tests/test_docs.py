"""The generated pages are current, and what README shows runs."""

from __future__ import annotations

import importlib.util
import linecache
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


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


def test_readme_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run README's Python blocks one after the other, as a newcomer pastes them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    namespace: dict[str, object] = {"__name__": "readme"}
    for number, block in enumerate(blocks):
        file = f"<README block {number}>"
        lines = block.splitlines(keepends=True)
        monkeypatch.setitem(linecache.cache, file, (len(block), None, lines, file))
        exec(compile(block, file, "exec"), namespace)
    a, b, product = (np.asarray(namespace[name]) for name in ("a", "b", "product"))
    np.testing.assert_allclose(product, a @ b, rtol=1e-4, atol=1e-4)


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
