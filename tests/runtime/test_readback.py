"""`Array.numpy_async`: the values of that moment, whenever and wherever they are asked for."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.lang.types import ELEMENT_TYPES
from gpukernel.runtime import gl_transfer
from gpukernel.runtime.device import Device
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.stats import Memory

SHAPES = [
    (1,), (7,), (8,), (257,), (1023,), (5, 3), (5, 4), (5, 6), (1, 7), (129, 33), (3, 5, 7),
    (70000, 5), (3, 70001), (0,), (3, 0), (0, 5),
]  # fmt: skip


@kernel
def plus_one(a):
    return a[index()] + 1


def settled() -> Memory:
    """Return the counters when nothing is left that waits to be freed."""
    gc.collect()
    gk.synchronize()
    return gk.memory()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes(device: str, shape: tuple[int, ...]) -> None:
    host = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    values = gk.array(host).numpy_async().result()
    np.testing.assert_array_equal(values, host)
    assert values.flags.c_contiguous and values.flags.writeable and values.dtype == host.dtype


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
@pytest.mark.parametrize("shape", [(1000,), (9, 13)], ids=str)
def test_dtypes(device: str, shape: tuple[int, ...], dtype: str) -> None:
    host = (np.arange(np.prod(shape)) % 120).reshape(shape).astype(dtype)
    values = gk.array(host).numpy_async().result()
    assert values.dtype == host.dtype
    np.testing.assert_array_equal(values, host)


def test_padded_rows_in_bands(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gl_transfer, "_BAND_BYTES", 300)
    host = np.arange(101 * 33).reshape(101, 33)
    np.testing.assert_array_equal(gk.array(host).numpy_async().result(), host)


def test_every_call_gives_the_same_array(device: str) -> None:
    waiting = gk.arange(5).numpy_async()
    first = waiting.result()
    assert waiting.result() is first and waiting.done()
    assert repr(waiting) == "<readback, done>"
    first[0] = 7
    assert waiting.result()[0] == 7


def test_later_changes_do_not_show(device: str) -> None:
    there = gk.arange(100)
    waiting = [there.numpy_async()]
    for _ in range(5):
        plus_one(there, out=there)
        waiting.append(there.numpy_async())
    there.release()
    other = gk.zeros(100, np.int32)  # may have the same texture
    plus_one(other, out=other)
    for step, each in enumerate(waiting):
        np.testing.assert_array_equal(each.result(), np.arange(100) + step)


def test_results_of_launches(device: str) -> None:
    host = np.arange(64, dtype=np.float32).reshape(8, 8)
    waiting = [plus_one(host + n).numpy_async() for n in range(10)]
    for n, each in enumerate(waiting):
        np.testing.assert_array_equal(each.result(), host + n + 1)


def test_done_becomes_true_without_asking_for_the_result(device: str) -> None:
    waiting = gk.arange(1000).numpy_async()
    gk.synchronize()
    assert waiting.done()
    np.testing.assert_array_equal(waiting.result(), np.arange(1000))


def test_without_fences_done_waits(gl: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(gl, GLDevice)
    gk.arange(3, device="gl").numpy_async().result()
    fences = gl._readbacks._fences
    assert fences is not None
    monkeypatch.setattr(fences, "available", False)
    waiting = gk.arange(3, device="gl").numpy_async()
    assert waiting.done() and waiting.result().tolist() == [0, 1, 2]


def test_other_threads_ask_for_the_result(device: str) -> None:
    there = [gk.full((33, 7), n) for n in range(8)]
    waiting = [array.numpy_async() for array in there]
    there.clear()
    start = threading.Barrier(8)

    def work(number: int) -> list[Any]:
        start.wait(timeout=30)
        return [each.result() for each in waiting]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8), timeout=120))
    for values in results:
        assert all(a is b for a, b in zip(values, results[0]))
        assert [int(v.mean()) for v in values] == list(range(8))


def test_other_threads_begin(device: str) -> None:
    before = settled()

    def work(number: int) -> bool:
        there = gk.full((9, 9), number, device=device)
        for _ in range(20):
            assert (there.numpy_async().result() == number).all()
            there.numpy_async()  # dropped here
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8), timeout=120))
    assert settled().arrays == before.arrays


def test_memory_stays_flat(device: str) -> None:
    there = gk.zeros((40, 39))
    there.numpy_async().result()
    there.numpy_async()
    before = settled()
    for turn in range(1000):
        waiting = there.numpy_async()
        if turn % 2:
            waiting.result()
    del waiting
    after = settled()
    assert (after.arrays, after.bytes, after.textures) == (
        before.arrays, before.bytes, before.textures,
    )  # fmt: skip
    assert after.pooled_bytes <= before.pooled_bytes + 40 * 40 * 4  # one buffer more
    assert after.downloads == before.downloads + 1000


def test_a_released_array_is_a_clear_error(device: str) -> None:
    there = gk.arange(3)
    there.release()
    with pytest.raises(gk.DeviceError, match="was released"):
        there.numpy_async()


def test_an_array_that_another_thread_releases_meanwhile(gl: Device) -> None:
    """Its texture may be another array's by then."""
    assert isinstance(gl, GLDevice)
    there = gk.arange(3, device="gl")
    gl._context.defer(there.release)  # runs when the context is next entered
    with pytest.raises(gk.DeviceError, match="was released"):
        there.numpy_async()


def test_a_device_that_cannot_be_used_is_an_error_until_it_can(
    gl: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(gl, GLDevice)
    waiting = gk.arange(3, device="gl").numpy_async()
    assert repr(waiting) == "<readback, waiting>"

    def fails() -> None:
        raise gk.DeviceError("device 'gl' cannot be used in a process forked after OpenGL was used")

    with monkeypatch.context() as patched:
        patched.setattr(gl._context, "check_process", fails)
        for ask in (waiting.done, waiting.result):
            with pytest.raises(gk.DeviceError, match="forked"):
                ask()
    assert waiting.result().tolist() == [0, 1, 2]
