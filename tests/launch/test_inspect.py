"""Looking inside a kernel: ``at``, ``glsl``, ``ir``, ``explain``."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.launch import STAGES


@kernel
def blur(a):
    i = index()
    return (a[i - 1] + a[i] + a[i + 1]) / 3.0


@kernel(shape=lambda a, n=2: n)
def ends(a, n=2):
    last = a[-1]
    return last + a[-n] * 10 + index()


@kernel
def both_on_one_line(a, n):
    return a[-1] + a[-n] * 10


@kernel
def chained(a, n):
    return a[n][-1] + a[n, -1]


@kernel
def rows(a):
    i, j = index()
    return a[i][j]


def test_at_is_the_python_function():
    a = np.array([3.0, 6.0, 9.0])
    assert blur.at(1, a) == 6.0
    assert blur.at((0,), a) == 3.0  # a[-1] was computed: out of range
    assert blur.at(2, gk.array(a, device="cpu")) == 5.0
    assert blur.at(10, a) == 0.0


def test_at_agrees_with_a_launch(device):
    a = np.array([3.0, 6.0, 9.0, 1.0])
    assert np.allclose(blur(a).numpy(), [blur.at(i, a) for i in range(4)])
    n = ends(a, 1).tolist()
    assert n == [ends.at(i, a, 1) for i in range(1)]


def test_at_literal_negative_index():
    a = np.array([1, 2, 3])
    assert ends.at(0, a) == 3  # a[-n] was computed: out of range
    assert ends.at(1, a, n=1) == 4


def test_at_tells_indices_on_one_line_apart():
    a = np.array([1, 2, 3])
    table = a[None]
    assert both_on_one_line.at(0, a, 2) == both_on_one_line(a, 2, device="cpu").tolist()[0] == 3
    assert chained.at((0, 0), table, 0) == chained(table, 0, device="cpu").tolist()[0][0] == 6
    if sys.version_info >= (3, 11):  # Python 3.10 only tells the line
        assert both_on_one_line.at(0, a, 1) == both_on_one_line(a, 1, device="cpu").tolist()[0] == 3
        assert chained.at((0, 0), table, -1) == chained(table, -1, device="cpu").tolist()[0][0] == 0


def test_at_matches_by_line_without_columns():
    program = (
        "import importlib.util, sys, numpy as np\n"
        "spec = importlib.util.spec_from_file_location('here', sys.argv[1])\n"
        "here = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(here)\n"
        "print(here.ends.at(0, np.array([1, 2, 3])))\n"
    )
    command = [sys.executable, "-X", "no_debug_ranges", "-B", "-c", program, __file__]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_at_can_be_traced():
    seen = []
    sys.settrace(lambda frame, *_: seen.append(frame.f_code.co_name))
    try:
        value = rows.at((1, 0), np.array([[1, 2], [3, 4]]))
    finally:
        sys.settrace(None)
    assert value == 3
    assert "rows" in seen


def test_at_needs_a_position():
    a = np.array([1.0])
    nowhere: Any = "here"
    with pytest.raises(gk.KernelShapeError):
        blur.at(nowhere, a)
    with pytest.raises(gk.KernelError, match="only inside a kernel"):
        index()


def test_at_needs_no_device():
    launches = gk.memory().launches
    blur.at(0, np.array([1.0]))
    assert gk.memory().launches == launches


def test_glsl_has_the_python_lines():
    text = blur.glsl(np.zeros(3))
    assert text.startswith("#version 330 core")
    assert "i = index()" in text


def test_looking_inside_needs_no_gl(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "sys.modules['moderngl'] = None\n"
        "import numpy as np\n"
        "from gpukernel import kernel, index\n"
        "@kernel\n"
        "def k(a):\n"
        "    return a[index()] * 2\n"
        "assert k.glsl(np.zeros(3)).startswith('#version 330')\n"
        "assert 'textures' in k.explain(np.zeros(3), device='cpu')\n"
        "assert 'return' in k.ir(np.zeros(3))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-W", "error", str(script)], check=True, env=environment)


@pytest.mark.parametrize("stage", STAGES)
def test_ir_of_every_stage(stage):
    assert "blur" in blur.ir(np.zeros(3), stage=stage)


def test_unknown_stage():
    with pytest.raises(gk.KernelTypeError, match="parse, resolve, infer"):
        blur.ir(np.zeros(3), stage="nonsense")


def test_looking_inside_takes_shape():
    assert "grid of 1 ax" in ends.ir(np.zeros(3), shape=4)
    assert "(4,)" in ends.explain(np.zeros(3), shape=4)
    assert ends.glsl(np.zeros(3), 5)


def test_explain(device):
    text = blur.explain(np.zeros(5))
    assert f"on {device}" in text
    for words in ("float32", "fold", "texels", "blur.i: int"):
        assert words in text
    assert "no elements" in blur.explain(np.zeros(0))
    assert f"on {device}" in blur.explain(np.zeros(5), device=device)


def test_repr_and_metadata():
    assert repr(blur) == "<kernel blur(a)>"
    assert blur.__name__ == "blur"
    assert blur.__module__ == __name__
    assert blur.py_func.__name__ == "blur"
