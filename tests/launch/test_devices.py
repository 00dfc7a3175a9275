"""Which device a launch uses: argument, ``with``, ``use_device``, environment, default."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel

SCRIPT = """
import sys, warnings
{before}
import numpy as np
from gpukernel import kernel, index
import gpukernel as gk

@kernel
def double(a):
    return a[index()] * 2

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(3):
        result = double(np.array([1, 2]))
        gk.zeros(3)
assert result.tolist() == [2, 4]
print(result.device, len(seen), *(w.category.__name__ for w in seen))
for w in seen:
    print(w.message)
"""
NO_MODERNGL = "sys.modules['moderngl'] = None"


@kernel
def double(a):
    return a[index()] * 2


@pytest.fixture
def run_script(tmp_path):
    """Return a function that runs SCRIPT in a new process and gives what it printed."""

    def run(before="", **variables):
        path = tmp_path / "script.py"
        path.write_text(SCRIPT.format(before=before))
        given = {k: v for k, v in os.environ.items() if not k.startswith("GPUKERNEL")}
        return subprocess.run(
            [sys.executable, str(path)],
            env={**given, "PYTHONPATH": os.getcwd(), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_with_and_argument(gl):
    a = np.array([1, 2])
    with gk.device("cpu"):
        assert double(a).device == "cpu"
        assert double(a, device="gl").device == "gl"
        with gk.device("gl"):
            assert double(a).device == "gl"
        assert double(a).device == "cpu"


def test_one_kernel_compiles_once_a_device(device):
    fresh = gk.from_source("def fresh(a): return a[index()] + 1", "fresh")
    before = gk.memory().compiles
    for _ in range(3):
        assert fresh(np.array([1])).device == device
    assert gk.memory().compiles == before + 1


def test_unknown_device():
    with pytest.raises(gk.DeviceError, match="'gl' and 'cpu'"):
        double(np.array([1]), device="tpu")
    with pytest.raises(gk.DeviceError), gk.device("tpu"):
        pass


def test_environment_chooses(device, run_script):
    done = run_script(GPUKERNEL_DEVICE=device)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{device} 0\n"


def test_environment_names_no_device(run_script):
    done = run_script(GPUKERNEL_DEVICE="tpu")
    assert done.returncode != 0
    assert "unknown device 'tpu'" in done.stderr


def test_one_warning_without_opengl(run_script):
    done = run_script(NO_MODERNGL)
    assert done.returncode == 0, done.stderr
    first, message = done.stdout.split("\n", 1)
    assert first == "cpu 1 RuntimeWarning"
    assert "install" in message


def test_no_warning_when_the_cpu_was_chosen(run_script):
    done = run_script(NO_MODERNGL, GPUKERNEL_DEVICE="cpu")
    assert done.stdout == "cpu 0\n", done.stderr


def test_chosen_gl_without_opengl_raises(run_script):
    done = run_script(NO_MODERNGL, GPUKERNEL_DEVICE="gl")
    assert done.returncode != 0
    assert "DeviceError" in done.stderr
    assert "moderngl" in done.stderr
