"""`Array` on every device: round trips, reading back, reshaping, life and death."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import DeviceError, KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.lang.types import ELEMENT_TYPES
from gpukernel.runtime import creation as arrays
from gpukernel.runtime.array import Array
from gpukernel.runtime.device import get_device, memory, synchronize

SHAPES = [
    (1,), (3,), (4,), (5,), (1023,), (1025,), (3, 1), (3, 5), (7, 16), (7, 17), (5, 1023),
    (5, 1025), (70000, 3), (3, 70000), (2, 3, 4, 5), (2, 1, 3, 21), (0,), (0, 3), (3, 0),
]  # fmt: skip


def sample(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Return repeatable values over the range of the dtype."""
    random = np.random.default_rng(7)
    if dtype == "bool":
        return random.random(shape) < 0.5
    if dtype.startswith("float"):
        return random.normal(0, 1000, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_round_trip(device: str, shape: tuple[int, ...], dtype: str) -> None:
    host = sample(shape, dtype)
    there = arrays.array(host)
    assert (there.shape, there.dtype, there.nbytes) == (host.shape, host.dtype, host.nbytes)
    assert there.device == device
    back = there.numpy()
    assert back.dtype == host.dtype and back.flags.c_contiguous and back.flags.writeable
    np.testing.assert_array_equal(back, host)


@pytest.mark.parametrize("shape", [(7, 17), (4, 16)])
def test_strided_inputs(device: str, shape: tuple[int, int]) -> None:
    base = sample(shape, "float32")
    for host in (base[:, ::2], base[::-1, ::-1], base.T, np.asfortranarray(base),
                 base.astype("f8"), base.astype(">f4")):  # fmt: skip
        np.testing.assert_array_equal(arrays.array(host).numpy(), host)


def test_special_floats_travel_bit_for_bit(device: str) -> None:
    host = np.array([np.inf, -np.inf, np.nan, -0.0, 1e-45, 3.4e38], np.float32)
    back = arrays.array(host).numpy()
    np.testing.assert_array_equal(back.view(np.int32), host.view(np.int32))


def test_a_recycled_texture_shows_nothing_old(device: str) -> None:
    arrays.full((5, 5), 9.0).release()
    assert arrays.zeros((5, 5)).numpy().sum() == 0


def test_creation(device: str) -> None:
    assert arrays.zeros((2, 3)).numpy().tolist() == [[0.0] * 3] * 2
    assert arrays.ones(3, "uint8").tolist() == [1, 1, 1]
    assert arrays.full((2,), 2.5).dtype == np.float32
    assert arrays.full(2, True).dtype == np.bool_
    assert arrays.empty((2, 2), bool).shape == (2, 2)
    assert arrays.arange(2, 8, 2).tolist() == [2, 4, 6]
    assert arrays.arange(1.5).dtype == np.float32
    assert arrays.array(arrays.arange(3)).tolist() == [0, 1, 2]
    assert arrays.array([1, 2], dtype="float16").dtype == np.float16


@pytest.mark.parametrize(
    ("shape", "error"),
    [((), KernelTypeError), ((1,) * 5, KernelTypeError), (-1, KernelShapeError),
     (1.5, KernelTypeError), ("ab", KernelTypeError)],
)  # fmt: skip
def test_bad_shapes(shape: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        arrays.zeros(shape, device="cpu")


def test_larger_than_the_device(device: str) -> None:
    gc.collect()  # what earlier tests left in cycles
    before = memory()
    with pytest.raises(DeviceError, match="1048576"):
        arrays.zeros((1 << 20, 1 << 20))
    assert memory().arrays == before.arrays
    assert arrays.ones(3).tolist() == [1, 1, 1]


def test_int64_out_of_range(device: str) -> None:
    with pytest.raises(KernelOverflowError, match="4294967296"):
        arrays.array(np.array([1, 1 << 32]))


def test_numpy_protocols(device: str) -> None:
    there = arrays.array([[1, 2], [3, 4]])
    assert np.asarray(there).tolist() == [[1, 2], [3, 4]]
    assert np.asarray(there, dtype=float).dtype == np.float64
    with pytest.raises(ValueError, match="without a copy"):
        there.__array__(copy=False)
    assert len(there) == 2 and there.ndim == 2 and there.size == 4
    assert there[1, 0] == 3 and [row.tolist() for row in there] == [[1, 2], [3, 4]]


def test_one_element_arrays_are_numbers(device: str) -> None:
    one = arrays.array([2.5])
    assert (one.item(), float(one), int(one), bool(one)) == (2.5, 2.5, 2, True)
    two = arrays.array([1, 2])
    for convert in (bool, int, float, Array.item):
        with pytest.raises(KernelShapeError, match="one element"):
            convert(two)  # type: ignore[operator]


def test_repr_shows_values(device: str) -> None:
    assert repr(arrays.array([1, 2])) == f"Array([1, 2], dtype=int32, device='{device}')"
    assert "shape=(0, 3)" in repr(arrays.zeros((0, 3)))
    released = arrays.zeros(2)
    released.release()
    assert repr(released) == "Array(released, shape=(2,), dtype=float32)"


def test_copies_and_pickles_are_independent(device: str) -> None:
    there = arrays.array([1, 2, 3])
    others = [there.copy(), copy.copy(there), copy.deepcopy(there)]
    others.append(pickle.loads(pickle.dumps(there)))
    there.release()
    assert all(other.tolist() == [1, 2, 3] and other.device == device for other in others)


def test_astype(device: str) -> None:
    assert arrays.array([1.75, -2.5]).astype(int).tolist() == [1, -2]
    with pytest.raises(KernelOverflowError):
        arrays.array([300]).astype("uint8")
    with pytest.raises(KernelTypeError):
        arrays.array([300]).astype(complex)


@pytest.mark.parametrize("shape", [(24,), (-1,), (2, 12), (2, 3, 4), (8, 3), (2, 2, 3, -1)])
@pytest.mark.parametrize("start", [(4, 6), (24,), (6, 4)])
def test_reshape(device: str, start: tuple[int, ...], shape: tuple[int, ...]) -> None:
    host = np.arange(24).reshape(start)
    there = arrays.array(host)
    np.testing.assert_array_equal(there.reshape(shape).numpy(), host.reshape(shape))
    np.testing.assert_array_equal(there.reshape(*shape).numpy(), host.reshape(shape))


@pytest.mark.parametrize("shape", [(51, 7), (17, 21), (3, 7, 17)])
def test_reshape_of_padded_rows(device: str, shape: tuple[int, ...]) -> None:
    host = np.arange(21 * 17).reshape(21, 17)
    np.testing.assert_array_equal(arrays.array(host).reshape(shape).numpy(), host.reshape(shape))


def test_reshape_shares_memory_until_the_last_user(device: str) -> None:
    gc.collect()  # what earlier tests left in cycles
    before = memory().arrays
    there = arrays.arange(12)
    view = there.reshape(3, 4)
    assert memory().arrays == before + 1
    assert not there._is_exclusive() and not view._is_exclusive()
    there.release()
    assert view._is_exclusive() and view.tolist()[2] == [8, 9, 10, 11]
    del view
    assert memory().arrays == before


@pytest.mark.parametrize("shape", [(5,), (-1, -1), (7, -1), (0, -1)])
def test_impossible_reshapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(KernelShapeError, match="cannot be reshaped"):
        arrays.arange(12, device="cpu").reshape(shape)


def test_use_after_release(device: str) -> None:
    with arrays.zeros(3) as there:
        assert there.numpy().size == 3
    there.release()
    for use in (there.numpy, there.copy, there.__enter__, lambda: there.device,
                lambda: there._storage, lambda: there.reshape(3)):  # fmt: skip
        with pytest.raises(DeviceError, match="released"):
            use()


def test_replace_storage_frees_the_old_one(device: str) -> None:
    there = arrays.zeros(4)
    gc.collect()  # what earlier tests left in cycles
    before = memory()
    owner = get_device(device)
    there._replace_storage(owner.upload(np.ones(4, np.float32)))
    assert there.tolist() == [1, 1, 1, 1]
    assert memory().arrays == before.arrays


def test_storage_on_another_device(device: str) -> None:
    there = arrays.array([1, 2], device=device)
    own, copied = there._storage_on(get_device(device))
    assert own is there._storage and not copied
    cpu = get_device("cpu")
    storage, copied = there._storage_on(cpu)
    assert copied is (device != "cpu")
    assert cpu.download(storage).tolist() == [1, 2]


def test_memory_counts(device: str) -> None:
    gc.collect()
    gc.collect()  # what earlier tests left in cycles
    before = memory()
    there = arrays.zeros((10, 10))
    there.numpy()
    now = memory()
    assert (now.arrays, now.bytes) == (before.arrays + 1, before.bytes + 400)
    assert (now.uploads, now.downloads) == (before.uploads + 1, before.downloads + 1)
    del there
    synchronize()
    assert (memory().arrays, memory().bytes) == (before.arrays, before.bytes)
    assert "uploads" in str(now)


def test_memory_stays_flat(device: str) -> None:
    arrays.zeros((64, 64)).release()
    synchronize()
    gc.collect()  # what earlier tests left in cycles
    before = memory()
    for _ in range(2000):
        arrays.empty((64, 64))
    synchronize()
    after = memory()
    assert (after.arrays, after.bytes) == (before.arrays, before.bytes)
    assert after.textures <= before.textures + 1


def test_other_threads_create_read_and_drop(device: str) -> None:
    gc.collect()  # what earlier tests left in cycles
    before = memory()
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(50):
                there = arrays.full((9, 9), number * 100 + step, device=device)
                assert (there.numpy() == number * 100 + step).all()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    synchronize()
    assert not problems and memory().arrays == before.arrays


def test_arrays_have_no_public_constructor() -> None:
    with pytest.raises(TypeError, match=r"made by gpukernel\.array"):
        Array()
