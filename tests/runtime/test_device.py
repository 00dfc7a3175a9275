"""Choice of a device, in fresh interpreters where the choice is made once a process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gpukernel.errors import DeviceError
from gpukernel.runtime import creation as arrays
from gpukernel.runtime import device as devices

ROOT = Path(__file__).parents[2]
NO_EGL = {"GLCONTEXT_LINUX_LIBEGL": "libno-such-egl.so", "GLCONTEXT_LINUX_LIBX11": "libno-x11.so"}


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter with exactly these GPUKERNEL_ and GLCONTEXT_ variables."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GPUKERNEL_", "GLCONTEXT_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(DeviceError, match="'cuda'; known devices are 'gl' and 'cpu'"):
        devices.get_device("cuda")


def test_scoped_choice_ends_with_the_block_and_stays_in_its_thread() -> None:
    outside: list[str] = []
    chosen = devices.current_device().name
    with devices.device("cpu"):
        thread = threading.Thread(target=lambda: outside.append(devices.current_device().name))
        thread.start()
        thread.join()
        assert devices.current_device().name == "cpu"
    assert outside == [chosen] and devices.current_device().name == chosen


def test_info_names_the_device(device: str) -> None:
    facts = devices.info()
    assert facts["device"] == device and facts["renderer"]
    assert str(facts["renderer"]) in str(facts)
    assert ("software renderer" in str(facts)) == (device == "gl" and bool(facts["software"]))


def test_cpu_is_always_listed() -> None:
    assert "cpu" in devices.devices()


def test_environment_names_the_default() -> None:
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from gpukernel.runtime.device import current_device; print(current_device().name)"
    )
    done = run_python(code, GPUKERNEL_DEVICE="cpu", **NO_EGL)
    assert (done.stdout, done.stderr) == ("cpu\n", "")
    done = run_python(code, GPUKERNEL_DEVICE="cuda")
    assert "unknown device 'cuda'" in done.stderr


def test_without_opengl_there_is_one_warning_and_the_cpu() -> None:
    code = (
        "from gpukernel.runtime import device\n"
        "for _ in range(3): print(device.current_device().name)\n"
        "print(device.devices())\n"
        "try: device.get_device('gl')\n"
        "except Exception as error: print(type(error).__name__)"
    )
    done = run_python(code, **NO_EGL)
    assert done.stdout == "cpu\ncpu\ncpu\n['cpu']\nDeviceError\n"
    assert done.stderr.count("RuntimeWarning") == 1
    assert "libegl1" in done.stderr and "libno-such-egl.so" in done.stderr


def test_environment_does_not_forbid_gl(gl: devices.Device) -> None:
    code = "from gpukernel.runtime.device import get_device; print(get_device('gl').name)"
    assert run_python(code, GPUKERNEL_DEVICE="cpu").stdout == "gl\n"


def test_device_index(gl: devices.Device) -> None:
    code = "from gpukernel.runtime.device import get_device; get_device('gl')"
    assert "EGL device 99" in run_python(code, GPUKERNEL_DEVICE_INDEX="99").stderr
    assert "must be a number" in run_python(code, GPUKERNEL_DEVICE_INDEX="one").stderr


def test_moderngl_is_imported_only_for_gl() -> None:
    code = (
        "import sys; from gpukernel.runtime.device import get_device; get_device('cpu')\n"
        "print('moderngl' in sys.modules)"
    )
    assert run_python(code).stdout == "False\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_gets_an_error_not_a_hang(gl: devices.Device) -> None:
    code = (
        "import os, warnings\n"
        "from gpukernel.errors import DeviceError\n"
        "from gpukernel.runtime import creation as arrays, device\n"
        "there = arrays.ones(3, device='gl')\n"
        "if os.fork() == 0:\n"
        "    for use in (there.numpy, lambda: arrays.zeros(2, device='gl')):\n"
        "        try: use()\n"
        "        except DeviceError as error: print('spawn' in str(error), flush=True)\n"
        "    print(device.devices(), arrays.ones(1, device='cpu').tolist(), flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "print(there.tolist())"
    )
    done = run_python(code)
    assert done.stdout == "True\nTrue\n['cpu'] [1.0]\n[1.0, 1.0, 1.0]\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_forked_before_gl_may_use_it(gl: devices.Device) -> None:
    code = (
        "import os\n"
        "from gpukernel.runtime import creation as arrays\n"
        "if os.fork() == 0:\n"
        "    print(arrays.ones(2, device='gl').tolist(), flush=True); os._exit(0)\n"
        "os.wait(); print(arrays.ones(1, device='gl').tolist())"
    )
    assert run_python(code).stdout == "[1.0, 1.0]\n[1.0]\n"


def test_upload_copies(device: str) -> None:
    host = np.ones(3, np.float32)
    there = arrays.array(host)
    host[:] = 5
    assert there.tolist() == [1, 1, 1]
