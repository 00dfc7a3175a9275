"""Processes: spawned, forked before and after OpenGL was used; what travels between them.

Each script runs in a fresh interpreter with a time limit, so that a driver that hangs in a forked
child fails a test instead of stopping all of them.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpukernel.runtime import device as devices

ROOT = Path(__file__).parents[2]
LIMIT = 60  # seconds
NEEDS_FORK = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this platform has no fork"
)

WORK = """
import numpy as np
import gpukernel as gk
from gpukernel import index, kernel

OFFSET = 100

@kernel
def shifted(a, n):
    return a[index()] * n + OFFSET

def launch(device, n):
    return shifted(np.arange(4), n, device=device).tolist()

def launch_on(array, n):
    "The array stands where it is current here; what comes back is one too."
    return shifted(array, n)

def apply(function, array):
    return function(array, 3)

def describe(device):
    try:
        return launch(device, 2)
    except gk.DeviceError as error:
        return "DeviceError: " + str(error)
"""
EXPECTED = [100, 102, 104, 106]


@pytest.fixture
def run(tmp_path: Path):
    """Return a function that runs a script beside the module ``work`` and gives its output."""
    (tmp_path / "work.py").write_text(WORK)

    def run_script(body: str, **variables: str) -> str:
        script = tmp_path / "main.py"
        lines = "\n".join("    " + line for line in body.strip("\n").split("\n"))
        script.write_text(
            "import multiprocessing, os, sys, threading\n"
            "import numpy as np\n"
            "import gpukernel as gk\n"
            "import work\n"
            f"if __name__ == '__main__':\n{lines}\n"
        )
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GPUKERNEL_")}
        path = os.pathsep.join([str(ROOT), str(tmp_path)])
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", str(script)],
            env={**clean, "PYTHONPATH": path, **variables},
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_script


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_fresh_child_launches_on_the_device(run, device: str, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this platform has no {method}")
    out = run(f"""
work.launch({device!r}, 2)
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    print(pool.starmap(work.launch, [({device!r}, n) for n in (2, 3)]))
print(work.launch({device!r}, 4))
""")
    assert out == "[[100, 102, 104, 106], [100, 103, 106, 109]]\n[100, 104, 108, 112]\n"


def test_arrays_and_kernels_travel_to_a_spawned_child_and_back(run, device: str) -> None:
    out = run(
        """
a = gk.array(np.arange(6, dtype=np.uint8).reshape(2, 3))
with multiprocessing.get_context("spawn").Pool(1) as pool:
    b = pool.apply(work.launch_on, (a, 2))
    c = pool.apply(work.apply, (work.shifted, a))
print(b.tolist(), b.dtype, b.device)
print(c.tolist(), c.device)
print(a.tolist())
""",
        GPUKERNEL_DEVICE=device,
    )
    assert out == (
        f"[[100, 102, 104], [106, 108, 110]] int32 {device}\n"
        f"[[100, 103, 106], [109, 112, 115]] {device}\n"
        "[[0, 1, 2], [3, 4, 5]]\n"
    )


def test_arrays_travel_through_a_queue(run, device: str) -> None:
    out = run(
        """
context = multiprocessing.get_context("spawn")
there, back = context.Pipe()
there.send({"views": [gk.arange(6).reshape(2, 3), gk.ones((0, 3))], "flag": gk.full(2, True)})
received = back.recv()
print(received["views"][0].tolist(), received["views"][1].shape, received["flag"].dtype)
print({x.device for x in (*received["views"], received["flag"])})
""",
        GPUKERNEL_DEVICE=device,
    )
    assert out == f"[[0, 1, 2], [3, 4, 5]] (0, 3) bool\n{{'{device}'}}\n"


@NEEDS_FORK
def test_a_child_forked_before_gl_was_used_launches_on_it(run, gl: devices.Device) -> None:
    out = run("""
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.starmap(work.launch, [("gl", 2), ("cpu", 2), ("gl", 2)]))
print(work.launch("gl", 2))
""")
    assert out == f"{[EXPECTED] * 3}\n{EXPECTED}\n"


@NEEDS_FORK
def test_using_only_the_cpu_does_not_spoil_a_later_fork(run, gl: devices.Device) -> None:
    out = run("""
gk.use_device("cpu")
work.launch("cpu", 2)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply(work.launch, ("gl", 2)))
""")
    assert out == f"{EXPECTED}\n"


@NEEDS_FORK
def test_a_child_forked_after_gl_was_used_gets_an_error_at_once(run, gl: devices.Device) -> None:
    out = run("""
work.launch("gl", 2)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply_async(work.describe, ("gl",)).get(timeout=20))
    print(pool.apply_async(work.describe, ("cpu",)).get(timeout=20))
    print(pool.apply_async(gk.devices).get(timeout=20))
print(work.launch("gl", 2))
""")
    problem, *rest = out.splitlines()
    assert problem.startswith("DeviceError: ") and "spawn" in problem
    assert rest == [str(EXPECTED), "['cpu']", str(EXPECTED)]


@NEEDS_FORK
def test_a_forked_child_drops_inherited_arrays_and_ends(run, gl: devices.Device) -> None:
    """Finalisers of arrays that the parent made must neither hang nor print in the child."""
    out = run("""
arrays = [gk.ones(100, device="gl") for _ in range(20)]
result = work.shifted(arrays[0], 2, device="gl")
def child():
    global result
    arrays.clear()
    result = None
    print("dropped", flush=True)
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(timeout=20)
print(process.exitcode, arrays[0].numpy().sum(), result.numpy().sum())
""")
    assert out == "dropped\n0 100.0 10200.0\n"


@NEEDS_FORK
def test_read_backs_in_a_forked_child_are_errors(run, gl: devices.Device) -> None:
    out = run("""
array = gk.ones(100, device="gl")
waiting = [array.numpy_async(), array.numpy_async()]
def child():
    for ask in (array.numpy_async, waiting[0].result, waiting[0].done):
        try:
            ask()
        except gk.DeviceError as error:
            print("spawn" in str(error), flush=True)
    waiting.clear()
process = multiprocessing.get_context("fork").Process(target=child)
process.start()
process.join(timeout=20)
print(process.exitcode, waiting[0].result().sum())
""")
    assert out == "True\nTrue\nTrue\n0 100.0\n"


@NEEDS_FORK
def test_a_child_forked_while_another_thread_launches(run, gl: devices.Device) -> None:
    """The context's lock may be held at the fork: the child must not wait for it."""
    out = run("""
stop = threading.Event()
def busy():
    while not stop.is_set():
        work.launch("gl", 2)
thread = threading.Thread(target=busy)
work.launch("gl", 2)
thread.start()
for _ in range(5):
    process = multiprocessing.get_context("fork").Process(
        daemon=True,
        target=lambda: sys.exit(0 if "DeviceError" in work.describe("gl") else 1))
    process.start()
    process.join(timeout=20)
    print(process.exitcode)
stop.set()
thread.join()
""")
    assert out == "0\n" * 5


def test_an_interpreter_ends_quietly_with_arrays_alive(run, device: str) -> None:
    out = run(
        """
held = [gk.ones(10) for _ in range(5)]
cycle = [held[0]]
cycle.append(cycle)
leaked = threading.Thread(target=lambda: work.launch_on(held[1], 2))
leaked.start()
print("end")
""",
        GPUKERNEL_DEVICE=device,
    )
    assert out == "end\n"
