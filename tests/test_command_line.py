"""``python -m gpukernel info`` and ``show``: what they print, and what wrong commands are told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gpukernel as gk
from gpukernel.__main__ import main

FILE = """
import gpukernel as gk
from neighbour import FACTOR

def helper(x):
    return x * FACTOR

@gk.kernel
def doubled(a):
    return a[gk.index()] * 2

@gk.kernel
def shaded(img, colour, at, n, flag):
    i, j = gk.index()
    return gk.vec3(img[i, j]) * colour if flag else gk.vec3(at[0] + at[1] + int(n))

@gk.kernel(shape=5)
def counted():
    return gk.index() * 3

@gk.vectorize
def scaled(x, y):
    return helper(x) + y
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file of kernels that imports its neighbour, as `python FILE` allows."""
    (tmp_path / "neighbour.py").write_text("FACTOR = 3\n", encoding="utf-8")
    path = tmp_path / "kernels.py"
    path.write_text(FILE, encoding="utf-8")
    sys.modules.pop("neighbour", None)
    return str(path)


def test_show_prints_the_shader_with_the_python_lines(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", f"{file}:doubled", "--args", "float32:1"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("#version 330")
    assert "return a[gk.index()] * 2" in text


def test_show_takes_every_type_of_argument(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    types = ["uint8:2", "float3", "int2", "uint32", "bool"]
    assert main(["show", f"{file}:shaded", "--args", *types]) == 0
    assert "return gk.vec3(img[i, j]) * colour" in capsys.readouterr().out


def test_show_needs_no_types_for_no_arguments(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", f"{file}:counted"]) == 0
    assert "return gk.index() * 3" in capsys.readouterr().out


def test_show_takes_vectorized_functions(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{file}:scaled", "--args", "float32:2", "int"]) == 0
    text = capsys.readouterr().out
    assert "return helper(x) + y" in text
    assert "return x * FACTOR" in text


@pytest.mark.parametrize(
    ("target", "types", "message"),
    [
        ("kernels.py", [], "show: expected FILE:KERNEL, such as examples/life.py:life, got"),
        ("missing.py:life", [], "show: no such file: missing.py"),
        ("{}:halved", [], "its kernels are: doubled, shaded, counted, scaled"),
        ("{}:helper", [], "no kernel 'helper'"),
        ("{}:doubled", ["float32"], "unknown argument type 'float32': expected DTYPE:RANK"),
        ("{}:doubled", ["float32:5"], "a rank is 1 to 4"),
        ("{}:doubled", ["complex64:1"], "a dtype one of float32, float16, int32"),
        ("{}:doubled", ["float5"], "bool, int, uint32, float, int2, int3, int4, float2"),
    ],
)
def test_wrong_commands(
    file: str, target: str, types: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", target.format(file), "--args", *types]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_file_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.py"
    path.write_text("import no_such_module\n", encoding="utf-8")
    assert main(["show", f"{path}:f"]) == 2
    assert "cannot be run: ModuleNotFoundError: " in capsys.readouterr().err


def test_a_file_without_kernels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.py"
    path.write_text("x = 1\n", encoding="utf-8")
    assert main(["show", f"{path}:x"]) == 2
    assert "it has no kernels" in capsys.readouterr().err


def test_a_file_with_a_wrong_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "wrong.py"
    path.write_text("import gpukernel as gk\n@gk.kernel\ndef f(a):\n    return {}\n", "utf-8")
    assert main(["show", f"{path}:f", "--args", "float32:1"]) == 1
    assert "wrong.py:4:12: error: " in capsys.readouterr().err


def test_errors_of_types_are_told(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"{file}:doubled", "--args", "float32:2", "int"]) == 1
    assert "`doubled` takes 1 arguments but 2 were given" in capsys.readouterr().err
    assert main(["show", f"{file}:doubled"]) == 1
    assert "hint: --args gives the types of the arguments" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["shw"], ["show"], ["info", "more"]])
def test_unknown_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m gpukernel" in capsys.readouterr().err


def test_info_names_both_devices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert f"gpukernel {gk.__version__}, Python " in text
    assert "device             cpu" in text
    if "gl" in gk.devices():
        assert "device             gl" in text
        is_software = bool(gk.info("gl")["software"])
        assert ("software renderer: no GPU is used" in text) == is_software
    else:
        assert "device gl cannot be used here; kernels run on cpu." in text


def test_info_from_a_shell() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpukernel", "info"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0
    assert done.stderr == ""
