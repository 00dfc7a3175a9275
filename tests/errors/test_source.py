"""Where kernels are read from: files, text, lambdas, closures, the prompt; and stale files."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.errors import KernelError, KernelNameError, KernelSyntaxError, KernelTypeError
from tests.errors.rejected import read_message

A = np.arange(3, dtype=np.float32)
ROOT = Path(gk.__file__).parents[1]
HEADER = "import numpy as np\nfrom gpukernel import kernel, index\n"


def load(path: Path, text: str) -> ModuleType:
    """Write a module and import it."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(made: Any, *args: Any) -> list[Any]:
    result: list[Any] = made(*args, device="cpu").tolist()
    return result


# ---------------------------------------------------------------- files


def test_place_in_a_file(tmp_path: Path) -> None:
    text = HEADER + "\n@kernel\ndef f(a):\n    é = 1.0; x = é + {}\n    return x\n"
    with pytest.raises(KernelSyntaxError) as caught:
        load(tmp_path / "wrong.py", text)
    (finding,) = read_message(str(caught.value))
    assert str(caught.value).startswith(f"{tmp_path / 'wrong.py'}:6:22: error: dictionaries")
    assert (finding.line, finding.column, finding.carets.strip()) == (6, 22, "^^")


def test_file_edited_after_import(tmp_path: Path) -> None:
    """The function that runs is not the one in the file: an error, not the edited meaning."""
    path = tmp_path / "edited.py"
    module = load(path, HEADER + "def f(a):\n    return a[index()] * 2\n")
    path.write_text(HEADER + "def f(a):\n    return a[index()] * 3\n", encoding="utf-8")
    with pytest.raises(KernelSyntaxError, match="has changed since f.. was imported"):
        kernel(module.f)


def test_file_edited_after_decoration(tmp_path: Path) -> None:
    path = tmp_path / "later.py"
    module = load(path, HEADER + "@kernel\ndef f(a):\n    return a[index()] * 2\n")
    path.write_text("nothing = 1\n", encoding="utf-8")
    assert cells(module.f, A) == [0, 2, 4]


def test_lines_moved_by_an_edit(tmp_path: Path) -> None:
    path = tmp_path / "moved.py"
    module = load(path, HEADER + "def f(a):\n    return a[index()] * 2\n")
    path.write_text(HEADER + "\n\ndef f(a):\n    return a[index()] * 2\n", encoding="utf-8")
    with pytest.raises(KernelSyntaxError, match="has changed"):
        kernel(module.f)


def test_file_deleted(tmp_path: Path) -> None:
    path = tmp_path / "deleted.py"
    module = load(path, HEADER + "def f(a):\n    return a[index()] * 2\n")
    path.unlink()
    with pytest.raises(KernelSyntaxError, match="cannot read the source of f|has changed"):
        kernel(module.f)


def test_helper_defined_after_the_kernel(tmp_path: Path) -> None:
    text = HEADER + (
        "@kernel\ndef f(a):\n    return twice(a[index()]) + OFFSET\n"
        "def twice(x):\n    return 2 * x\nOFFSET = 1\n"
    )
    assert cells(load(tmp_path / "order.py", text).f, A) == [1, 3, 5]


def test_helper_of_another_file(tmp_path: Path) -> None:
    """The place is the helper's file, the note is the call's."""
    load(tmp_path / "helpers.py", "def low(x):\n    return x & 1\n")
    helpers = load(tmp_path / "helpers.py", "def low(x):\n    return x & 1\n")
    user = load(tmp_path / "user.py", HEADER + "low = None\ndef f(a):\n    return low(a[0])\n")
    vars(user)["low"] = helpers.low
    with pytest.raises(KernelTypeError) as caught:
        cells(kernel(user.f), A)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'helpers.py'}:2:12: error: cannot apply `&`")
    assert f"note: called from {tmp_path / 'user.py'}:5:12" in text


def test_from_import_as(tmp_path: Path) -> None:
    text = HEADER + "from math import floor as down\n"
    text += "@kernel\ndef f(a):\n    return down(a[0] + 1.5)\n"
    assert cells(load(tmp_path / "alias.py", text).f, A) == [1, 1, 1]


def test_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "windows.py"
    text = HEADER + "@kernel\ndef f(a):\n    return a[index()] + 1\n"
    assert cells(load(path, text.replace("\n", "\r\n")).f, A) == [1, 2, 3]


def test_form_feed_and_byte_order_mark(tmp_path: Path) -> None:
    """Characters that end a line for `str.splitlines` but not for Python do not move places."""
    text = "\ufeff" + HEADER + "X = '\x0c\x1c'\n\x0c\n@kernel\ndef f(a):\n    return {}\n"
    with pytest.raises(KernelSyntaxError) as caught:
        load(tmp_path / "odd.py", text)
    (finding,) = read_message(str(caught.value))
    assert (finding.line, finding.column) == (7, 12)
    assert finding.excerpt == "    return {}"


# ---------------------------------------------------------------- shapes of functions


def test_two_lambdas_on_one_line() -> None:
    two, three = kernel(lambda a: a[index()] * 2), kernel(lambda a: a[index()] * 3)
    assert cells(two, A) == [0, 2, 4]
    assert cells(three, A) == [0, 3, 6]


def test_decorated_function() -> None:
    def same(function: Any) -> Any:
        return function

    @same
    @kernel(
        shape=2,
    )
    @same
    def f(a):
        """Docstring."""
        return a[index()]

    assert cells(f, A) == [0, 1]


def test_docstring_at_column_0() -> None:
    @kernel
    def f(a):
        """First line.
        Second line.
        """
        return a[index()]

    assert cells(f, A) == [0, 1, 2]


def test_same_name_twice() -> None:
    made = []
    for _ in range(2):

        @kernel
        def f(a):
            return a[index()] + 1

        made.append(f)

    @kernel  # type: ignore[no-redef]
    def f(a):
        return a[index()] + 2

    assert [cells(m, A) for m in (*made, f)] == [[1, 2, 3], [1, 2, 3], [2, 3, 4]]


def test_closure_filled_before_the_launch() -> None:
    @kernel
    def f(a):
        return plus(a[index()]) + offset

    with pytest.raises(KernelNameError, match="`plus` is not defined"):
        cells(f, A)

    def plus(x):
        return x + 1

    offset = 10
    assert cells(f, A) == [11, 12, 13]


def test_closures_of_one_code() -> None:
    def scale(by: int) -> Any:
        @kernel
        def f(a):
            return a[index()] * by

        return f

    assert [cells(scale(by), A) for by in (2, 3)] == [[0, 2, 4], [0, 3, 6]]


def test_static_method() -> None:
    class Group:
        @staticmethod
        @kernel
        def f(a):
            return a[index()] + 1

    assert cells(Group.f, A) == [1, 2, 3]


def test_bound_method_is_refused() -> None:
    class Group:
        def f(self, a):
            return a[index()]

    with pytest.raises(KernelTypeError, match="plain Python function"):
        kernel(Group().f)


# ---------------------------------------------------------------- text


def test_exec_without_source() -> None:
    names: dict[str, Any] = {"kernel": kernel, "index": index}
    with pytest.raises(KernelSyntaxError, match="gk.from_source") as caught:
        exec("@kernel\ndef f(a):\n    return a[index()]\n", names)
    assert "cannot read the source of f()" in str(caught.value)


def test_from_source() -> None:
    assert cells(gk.from_source("def f(a): return a[index()] + 1", "f"), A) == [1, 2, 3]
    twice = "@kernel(shape=2)\ndef f(a): return a[index()]"
    assert cells(gk.from_source(twice, "f"), A) == [0, 1]


def test_from_source_that_is_not_python() -> None:
    with pytest.raises(KernelSyntaxError, match=r":1:\d+: error: the text is not Python"):
        gk.from_source("def f(a:", "f")


def test_from_source_without_the_name() -> None:
    with pytest.raises(KernelNameError, match="no function `g`"):
        gk.from_source("def f(a): return 1.0", "g")


PROMPT = (
    "import gpukernel as gk\n"
    "from gpukernel import kernel, index\n"
    "@kernel\n"
    "def f(a):\n"
    "    return a[index()] + 1\n"
    "\n"
    "print(f(gk.arange(3)).tolist())\n"
)


@pytest.mark.parametrize("options", [["-c", PROMPT], ["-"], ["-i", "-q"]])
def test_no_file(options: list[str]) -> None:
    """Where Python keeps the text it runs, otherwise an error that says what to do."""
    environment = {**os.environ, "GPUKERNEL_DEVICE": "cpu", "PYTHONPATH": str(ROOT)}
    environment["PYTHON_BASIC_REPL"] = "1"
    done = subprocess.run(
        [sys.executable, *options],
        input=PROMPT,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    if "[1, 2, 3]" not in done.stdout:
        assert sys.version_info < (3, 13) or options == ["-"]  # piped text is never kept
        assert "cannot read the source of f()" in done.stderr
        assert "gk.from_source(text, name)" in done.stderr
        assert "frontend" not in done.stderr, "the traceback shows only the user's call"


def test_error_is_catchable_by_base() -> None:
    with pytest.raises(KernelError):
        gk.from_source("def f(a): return {}", "f")
