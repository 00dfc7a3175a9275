"""Kernels over time: errors in between, threads, pickles, and memory that stays flat."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel


@kernel
def scaled(a, n):
    return a[index()] * n


@kernel
def slow_sum(a, n):
    total = 0
    for i in range(n):
        total += a[i % len(a)]
    return total + index()


class Holder:
    @staticmethod
    @kernel
    def twice(a):
        return a[index()] * 2


def test_works_after_every_kind_of_error(device):
    a = gk.array([1, 2, 3])
    gc.collect()  # what earlier tests left in cycles
    held = gk.memory().arrays
    failures = [
        lambda: scaled(a),
        lambda: scaled(a, 2**40),
        lambda: scaled(np.zeros((2, 2)) * 1j, 1),
        lambda: scaled(a, a),
        lambda: scaled(a, 1, shape=(2, 2)),
        lambda: scaled(a, 1, out=gk.empty(3)),
        lambda: scaled(a, 1, out=gk.empty(3, np.int32), shape=4),
        lambda: scaled(a, 1, device="nowhere"),
        lambda: scaled(a, 1, shape=(2**16, 2**16)),
    ]
    for fails in failures:
        with pytest.raises(gk.KernelError):
            fails()
        assert scaled(a, 3).tolist() == [3, 6, 9]
    assert gk.memory().arrays == held
    assert a.tolist() == [1, 2, 3]


def test_a_launch_that_fails_on_the_device_frees_its_memory(device, monkeypatch):
    a = np.array([1, 2, 3])
    scaled(a, 1)
    made = list(scaled._specializations.values())
    gc.collect()  # what earlier tests left in cycles
    held = gk.memory().arrays

    def fails(*_):
        raise gk.DeviceError("out of order")

    for each in made:
        monkeypatch.setattr(each.executable, "launch", fails)
    with pytest.raises(gk.DeviceError, match="out of order"):
        scaled(a, 1)
    monkeypatch.undo()
    assert gk.memory().arrays == held
    assert scaled(a, 2).tolist() == [2, 4, 6]


def test_kernels_pickle_by_name():
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    assert pickle.loads(pickle.dumps(Holder.twice)) is Holder.twice
    assert pickle.loads(pickle.dumps(type(scaled))) is type(scaled)


def test_a_local_kernel_does_not_pickle():
    @kernel
    def local(a):
        return a[index()]

    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(local)


def test_arrays_pickle(device):
    a = gk.array(np.arange(6, dtype=np.uint8).reshape(2, 3))
    again = pickle.loads(pickle.dumps(a))
    assert (again.shape, again.dtype, again.device) == (a.shape, a.dtype, device)
    assert np.array_equal(again.numpy(), a.numpy())


def test_spawned_process_runs_a_pickled_kernel(device, tmp_path):
    (tmp_path / "kernels.py").write_text(
        "from gpukernel import kernel, index\n"
        "@kernel\n"
        "def square(a):\n"
        "    return a[index()] * a[index()]\n"
    )
    main = tmp_path / "main.py"
    main.write_text(
        "import multiprocessing, numpy as np, sys\n"
        "import gpukernel as gk\n"
        "from kernels import square\n"
        "def work(k, a):\n"
        "    return k(a, device=sys.argv[1])\n"
        "if __name__ == '__main__':\n"
        "    a = gk.array([1, 2, 3], device=sys.argv[1])\n"
        "    square(a, device=sys.argv[1])\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        assert pool.apply(work, (square, a)).tolist() == [1, 4, 9]\n"
    )
    path = os.pathsep.join([os.getcwd(), str(tmp_path)])
    environment = {**os.environ, "PYTHONPATH": path, "GPUKERNEL_DEVICE": device}
    subprocess.run([sys.executable, str(main), device], check=True, env=environment, timeout=60)


def test_the_module_is_there_beside_the_decorator():
    from gpukernel.kernel import Kernel

    assert isinstance(scaled, Kernel)
    assert gk.kernel is sys.modules["gpukernel.kernel"].kernel
    assert Path(sys.modules["gpukernel.kernel"].__file__ or "").name == "kernel.py"


def test_eight_threads(device):
    start = threading.Barrier(8)

    def work(n):
        start.wait(timeout=30)
        with gk.device(device):
            a = gk.array(np.arange(50, dtype=np.int32))
            out = gk.empty(50, np.int32)
            for turn in range(25):
                scaled(a, n * turn, out=out)
                assert out.tolist() == [i * n * turn for i in range(50)]
                assert slow_sum(np.full(3 + n, n), 10).numpy()[1] == 10 * n + 1
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_threads_compile_once(device):
    fresh = gk.from_source("def fresh(a): return a[index()] + 1", "fresh")
    gc.collect()  # what earlier tests left in cycles
    before = gk.memory().compiles
    start = threading.Barrier(8)

    def work(_):
        start.wait(timeout=30)
        return fresh(np.array([1, 2]), device=device).tolist()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[2, 3]] * 8
    assert gk.memory().compiles == before + 1


def test_arrays_freed_on_another_thread(device):
    gk.synchronize()
    gc.collect()  # what earlier tests left in cycles
    held = gk.memory().arrays
    made = [gk.ones(100) for _ in range(20)]
    thread = threading.Thread(target=made.clear)
    thread.start()
    thread.join()
    gk.synchronize()
    assert gk.memory().arrays == held


def test_two_thousand_launches_leave_memory_flat(device):
    a = np.arange(64, dtype=np.float32)
    out = gk.empty(64)
    for _ in range(20):
        scaled(scaled(a, 2.0), 1.5, out=out)
    gk.synchronize()
    gc.collect()  # what earlier tests left in cycles
    before = gk.memory()
    for n in range(1000):
        scaled(scaled(a, float(n)), 1.5, out=out)
    gk.synchronize()
    after = gk.memory()
    for name in ("arrays", "bytes", "pooled_bytes", "textures", "programs", "compiles"):
        assert getattr(after, name) == getattr(before, name), name
    assert after.launches == before.launches + 2000
    assert np.array_equal(out.numpy(), a * 999 * 1.5)
