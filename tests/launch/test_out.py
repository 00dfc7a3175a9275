"""``out=``: filled and returned, also when it is an input or shares memory with another array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel


@kernel
def shifted_sum(a):
    i = index()
    return a[i] + a[i + 1]


@kernel
def add(a, b):
    return a[index()] + b[index()]


@kernel
def as_float(a):
    return a[index()] * 1.0


@kernel
def positive(a):
    return a[index()] > 0


@pytest.fixture
def numbers():
    return np.arange(10, dtype=np.int32)


def test_filled_and_returned(device, numbers):
    out = gk.empty(10, np.int32)
    assert add(numbers, numbers, out=out) is out
    assert out.tolist() == (numbers * 2).tolist()


def test_in_place_without_aliasing_keeps_memory(device, numbers):
    out = gk.empty(10, np.int32)
    storage = out._storage
    add(numbers, numbers, out=out)
    assert out._storage is storage


def test_out_is_an_input(device, numbers):
    a = gk.array(numbers)
    expected = numbers.copy()
    for _ in range(5):
        assert shifted_sum(a, out=a) is a
        expected = expected + np.append(expected[1:], 0)
        assert a.tolist() == expected.tolist()


def test_ping_pong(device, numbers):
    front, back = gk.array(numbers), gk.empty(10, np.int32)
    expected = numbers.copy()
    for _ in range(6):
        shifted_sum(front, out=back)
        front, back = back, front
        expected = expected + np.append(expected[1:], 0)
    assert front.tolist() == expected.tolist()


def test_one_array_twice_and_as_out(device, numbers):
    a = gk.array(numbers)
    assert add(a, a, out=a).tolist() == (numbers * 2).tolist()


def test_aliasing_through_a_reshape(device, numbers):
    a = gk.array(numbers)
    view = a.reshape(10)
    shifted_sum(a, out=view)
    assert a.tolist() == numbers.tolist()
    assert view.tolist() == (numbers + np.append(numbers[1:], 0)).tolist()


def test_writing_to_one_reshape_leaves_the_other(device, numbers):
    a = gk.array(numbers)
    table = a.reshape(2, 5)
    add(table, table, out=table)
    assert a.tolist() == numbers.tolist()
    assert table.tolist() == (numbers * 2).reshape(2, 5).tolist()
    del table
    add(a, a, out=a)
    assert a.tolist() == (numbers * 2).tolist()


def test_memory_stays_flat_with_aliasing(device, numbers):
    a = gk.array(numbers)
    shifted_sum(a, out=a)
    gk.synchronize()
    before = gk.memory()
    for _ in range(50):
        shifted_sum(a, out=a)
    gk.synchronize()
    after = gk.memory()
    assert (after.arrays, after.bytes) == (before.arrays, before.bytes)
    assert after.textures <= before.textures + 1


def test_another_dtype_is_refused(device, numbers):
    out = gk.full(10, 3.0)
    with pytest.raises(gk.KernelTypeError, match="float32.*int32"):
        add(numbers, numbers, out=out)
    assert out.tolist() == [3.0] * 10


def test_not_a_device_array(device, numbers):
    not_ours: Any = np.empty(10, np.int32)
    with pytest.raises(gk.KernelTypeError, match=r"ndarray.*gk\.Array"):
        add(numbers, numbers, out=not_ours)


def test_released_out(device, numbers):
    out = gk.empty(10, np.int32)
    out.release()
    with pytest.raises(gk.DeviceError, match="released"):
        add(numbers, numbers, out=out)


def test_released_input(device, numbers):
    a = gk.array(numbers)
    a.release()
    with pytest.raises(gk.DeviceError, match="released"):
        add(a, numbers)
    assert add(numbers, numbers).tolist() == (numbers * 2).tolist()


def test_out_on_another_device(gl, numbers):
    out = gk.empty(10, np.int32, device="cpu")
    with pytest.raises(gk.KernelTypeError, match="'cpu'.*'gl'"):
        add(numbers, numbers, out=out, device="gl")


def test_result_dtypes(device, numbers):
    assert add(numbers, numbers).dtype == np.int32
    assert as_float(numbers).dtype == np.float32
    assert positive(numbers).dtype == np.bool_
    assert positive(numbers).tolist() == [False] + [True] * 9
    flags = gk.zeros(10, bool)
    assert positive(numbers, out=flags).tolist() == [False] + [True] * 9


def test_inputs_from_another_device(gl, numbers):
    on_cpu, on_gl = gk.array(numbers, device="cpu"), gk.array(numbers, device="gl")
    for target in ("cpu", "gl"):
        result = add(on_cpu, on_gl, device=target)
        assert result.device == target
        assert result.tolist() == (numbers * 2).tolist()
    assert (on_cpu.device, on_gl.device) == ("cpu", "gl")
