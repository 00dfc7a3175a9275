"""Threads that work on both devices at once: results, memory, and the choice of a device."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.runtime import device as devices
from gpukernel.runtime.scopes import tidy

NUM_THREADS = 8


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Have threads take turns so often that what is not locked shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@kernel
def affine(a, scale, offset):
    return a[index()] * scale + offset


@kernel
def row_sums(a):
    total = 0
    for k in range(a.shape[1]):
        total += a[index(), k]
    return total


def in_threads(work: Callable[[int], Any]) -> list[Any]:
    """Return what ``work`` gives for 0 to 7, each in a thread of its own, all begun at once."""
    start = threading.Barrier(NUM_THREADS)

    def begin(number: int) -> Any:
        start.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        return list(pool.map(begin, range(NUM_THREADS), timeout=120))


def num_arrays() -> int:
    gk.synchronize()
    gc.collect()  # what earlier tests left in cycles
    gk.synchronize()
    return gk.memory().arrays


def test_both_devices_at_once(gl: devices.Device) -> None:
    before = num_arrays()

    def work(number: int) -> str:
        name = ("gl", "cpu")[number % 2]
        with gk.device(name):
            for turn in range(20):
                host = np.arange(6 * (turn + 1), dtype=np.int32).reshape(6, turn + 1) + number
                there = affine(host, number, turn)
                assert there.device == name
                np.testing.assert_array_equal(there.numpy(), host * number + turn)
                np.testing.assert_array_equal(row_sums(host, shape=6).numpy(), host.sum(axis=1))
        return name

    assert in_threads(work) == ["gl", "cpu"] * 4
    assert num_arrays() == before


def test_one_array_is_read_by_all(device: str) -> None:
    shared = gk.arange(1000, dtype=np.float32)

    def work(number: int) -> bool:
        for _ in range(10):
            result = affine(shared, 1.0, float(number), device=device)
            assert (result.numpy() == np.arange(1000) + number).all()
        return True

    assert all(in_threads(work))


def test_arrays_travel_between_threads_and_devices(gl: devices.Device) -> None:
    made = in_threads(lambda n: gk.full(16, n, device=("gl", "cpu")[n % 2]))

    def work(number: int) -> list[int]:
        received = made[(number + 1) % NUM_THREADS]
        result: gk.Array = affine(received, 10, 0, device=("gl", "cpu")[number % 2])
        return result.tolist()

    assert in_threads(work) == [[10 * ((n + 1) % NUM_THREADS)] * 16 for n in range(NUM_THREADS)]


def test_arrays_dropped_while_other_threads_launch(device: str) -> None:
    before = num_arrays()
    host = np.arange(64, dtype=np.float32)
    made = [[gk.array(host + n) for _ in range(25)] for n in range(NUM_THREADS)]

    def work(number: int) -> bool:
        mine = made[(number + 3) % NUM_THREADS]  # another thread's
        while mine:
            with gk.device(device):
                assert (affine(mine[-1], 1.0, 0.0).numpy()[1:] > 0).all()
            mine.pop()
        return True

    assert all(in_threads(work))
    assert num_arrays() == before


def test_the_pool_is_not_left_with_two_owners(device: str) -> None:
    """A texture given back by one thread must not reach two others."""

    def work(number: int) -> bool:
        for turn in range(100):
            with gk.full((7, 5), number * 1000 + turn, device=device) as array:
                assert (array.numpy() == number * 1000 + turn).all()
        return True

    assert all(in_threads(work))


def test_each_thread_has_its_own_tidy(device: str) -> None:
    before = num_arrays()
    host = np.arange(8, dtype=np.int32)

    def work(number: int) -> list[int]:
        def steps() -> gk.Array:
            x = gk.array(host, device=device)
            for _ in range(5):
                x = affine(x, 1, number, device=device)
            return x

        return tidy(steps).tolist()

    expected = [(host + 5 * n).tolist() for n in range(NUM_THREADS)]
    assert in_threads(work) == expected
    assert num_arrays() == before


def test_with_device_is_for_one_thread(gl: devices.Device) -> None:
    def work(number: int) -> bool:
        name = ("gl", "cpu")[number % 2]
        with gk.device(name):
            return all(gk.zeros(2).device == name for _ in range(50))

    assert all(in_threads(work))


def test_a_failed_context_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def fails() -> Any:
        tries.append(1)
        raise gk.DeviceError("no OpenGL context could be made")

    monkeypatch.setattr(devices, "_FACTORIES", {**devices._FACTORIES, "gl": fails})
    monkeypatch.setattr(devices, "_made", {"cpu": devices.get_device("cpu")})
    monkeypatch.setattr(devices, "_failed", {})

    def work(number: int) -> str:
        with pytest.raises(gk.DeviceError) as caught:
            gk.zeros(2, device="gl")
        return str(caught.value)

    assert in_threads(work) == ["no OpenGL context could be made"] * NUM_THREADS
    assert len(tries) == 1 and gk.devices() == ["cpu"]


def test_without_opengl_eight_threads_get_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Any:
        raise gk.DeviceError("no OpenGL context could be made")

    monkeypatch.delenv("GPUKERNEL_DEVICE", raising=False)
    monkeypatch.setattr(devices, "_FACTORIES", {**devices._FACTORIES, "gl": fails})
    monkeypatch.setattr(devices, "_made", {"cpu": devices.get_device("cpu")})
    monkeypatch.setattr(devices, "_failed", {})
    monkeypatch.setattr(devices, "_chosen", [])
    with pytest.warns(RuntimeWarning, match="no OpenGL context") as seen:
        assert in_threads(lambda n: gk.zeros(2).device) == ["cpu"] * NUM_THREADS
    assert len(seen) == 1


# ---------------------------------------------------------------- use after release


def test_a_released_argument_is_a_clear_error(device: str) -> None:
    a, out = gk.arange(3), gk.zeros(3, np.int32)
    a.release()
    with pytest.raises(gk.DeviceError, match="was released"):
        affine(a, 1, 0)
    with gk.arange(3) as b:
        assert affine(b, 2, 1).tolist() == [1, 3, 5]
    with pytest.raises(gk.DeviceError, match="was released"):
        affine(b, 1, 0)
    out.release()
    with pytest.raises(gk.DeviceError, match="was released"):
        affine(np.arange(3), 1, 0, out=out)
    assert affine(np.arange(3), 1, 0).tolist() == [0, 1, 2]


def test_release_on_many_threads_frees_once(device: str) -> None:
    before = num_arrays()
    arrays = [gk.ones(10) for _ in range(50)]
    views = [array.reshape(2, 5) for array in arrays]

    def work(number: int) -> None:
        for array in arrays:
            array.release()

    in_threads(work)
    assert num_arrays() == before + 50
    assert all(view.numpy().sum() == 10 for view in views)
    views.clear()
    assert num_arrays() == before
