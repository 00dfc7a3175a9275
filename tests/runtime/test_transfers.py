"""Copies to, from and on the gl device: values, padding that holds zero, and small host copies."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.lang.types import ELEMENT_TYPES
from gpukernel.runtime import gl_transfer
from gpukernel.runtime.device import Device, get_device
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.gl_texture import FORMATS, MAX_HOST_ELEMENTS, GLStorage
from gpukernel.runtime.layout import LANES, make_layout
from gpukernel.runtime.scopes import keep, tidy

SHAPES = [
    (1,), (7,), (8,), (1023,), (5, 1), (5, 3), (5, 4), (5, 6), (1, 7), (129, 33), (3, 5, 7),
    (2, 3, 2, 9), (70000, 5), (3, 70001), (0,), (3, 0), (0, 5),
]  # fmt: skip
SMALL = [shape for shape in SHAPES if 0 < math.prod(shape) < 5000]


@pytest.fixture
def device(gl: Device) -> GLDevice:
    assert isinstance(gl, GLDevice)
    return gl


@pytest.fixture(params=["host", "shader"])
def copying(request: pytest.FixtureRequest, device: GLDevice) -> GLDevice:
    """The device, made to copy in each of its ways."""
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setattr(device._mover, "through_host", request.param == "host")
    return device


def numbers(shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    """Return values that differ from one another where the dtype can hold that many, none 0."""
    values = np.arange(1, math.prod(shape) + 1).reshape(shape)
    return values % 100 != 5 if dtype == "bool" else (values % 120 + 1).astype(dtype)


def storage_of(array: gk.Array) -> GLStorage:
    storage = array._storage
    assert isinstance(storage, GLStorage)
    return storage


def lanes_of(storage: GLStorage) -> np.ndarray:
    """Return all lanes of the texels that hold elements."""
    lanes = np.empty(storage.layout.num_texels * LANES, storage.dtype)
    device = get_device("gl")
    assert isinstance(device, GLDevice)
    with device._context:
        storage.live_texture.read(lanes)
    return lanes


def padding_of(array: gk.Array) -> np.ndarray:
    """Return the lanes that belong to no element."""
    layout = storage_of(array).layout
    lanes = lanes_of(storage_of(array))
    row, column = np.divmod(np.arange(lanes.size), layout.pitch)
    return lanes[(row >= layout.rows) | (column >= layout.cols)]


def spoil_pool(device: GLDevice, shape: tuple[int, ...], dtype: str = "float32") -> None:
    """Leave idle textures for arrays of this shape that hold no zero."""
    storages = [device.allocate(shape, np.dtype(dtype)) for _ in range(3)]
    for storage in storages:
        texture = storage.live_texture
        with device._context:
            texture.write(np.full(texture.width * texture.height * LANES, 9, dtype))
        device.release(storage)


@kernel
def doubled(a):
    return a[index()] * 2


@kernel
def next_in_row(a):
    i, j = index()
    return a[i, j + 1]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("shape", "band_bytes"),
    [(s, b) for s in SHAPES for b in (1, 3000, 1 << 19) if b > 1 or math.prod(s) < 5000],
)
def test_round_trips_in_bands(
    device: GLDevice, shape: tuple[int, ...], band_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gl_transfer, "_BAND_BYTES", band_bytes)
    spoil_pool(device, shape)
    host = numbers(shape)
    there = gk.array(host, device="gl")
    back = there.numpy()
    np.testing.assert_array_equal(back, host)
    assert back.base is None or back.base.nbytes == back.nbytes  # keeps nothing else alive
    assert back.flags.c_contiguous and back.flags.writeable and back.shape == shape


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint64", ">f4"])
def test_converted_values_are_contiguous_at_once(order: str, dtype: str) -> None:
    host = np.asarray(numbers((6, 7)).astype(dtype), order=order)  # type: ignore[call-overload]
    there = gk.array(host, device="cpu")
    np.testing.assert_array_equal(there.numpy(), host)
    assert there._storage.values.flags.c_contiguous  # type: ignore[attr-defined]


# ---------------------------------------------------------------- padding


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
@pytest.mark.parametrize("shape", SMALL, ids=str)
def test_uploads_pad_with_zeros(device: GLDevice, shape: tuple[int, ...], dtype: str) -> None:
    spoil_pool(device, shape, dtype)
    there = gk.array(numbers(shape, dtype), device="gl")
    assert not padding_of(there).any()
    layout = storage_of(there).layout
    assert padding_of(there).size == layout.num_texels * LANES - math.prod(shape)


MAKERS: dict[str, Callable[[tuple[int, ...]], gk.Array]] = {
    "ones": gk.ones,
    "zeros": gk.zeros,
    "full": lambda shape: gk.full(shape, 3.5),
    "empty": gk.empty,
    "arange": lambda shape: gk.arange(1, math.prod(shape) + 1).reshape(shape),
    "copy": lambda shape: gk.ones(shape).copy(),
    "deepcopy": lambda shape: copy.deepcopy(gk.ones(shape)),
    "flattened": lambda shape: gk.ones(shape).reshape(-1),
    "one row": lambda shape: gk.ones(shape).reshape(1, -1),
    "rows of five": lambda shape: gk.ones((5, *shape)).reshape(-1, 5),
    "rows of three": lambda shape: gk.ones((3, *shape)).reshape(-1, 3),
    "astype": lambda shape: gk.ones(shape).astype(np.int32),
    "pickle": lambda shape: pickle.loads(pickle.dumps(gk.ones(shape))),
    "from cpu": lambda shape: gk.array(gk.ones(shape, device="cpu")),
    "launch": lambda shape: doubled(gk.ones(shape)),
    "out": lambda shape: doubled(gk.ones(shape), out=gk.ones(shape)),
    "in place": lambda shape: _in_place(gk.ones(shape)),
    "tidy": lambda shape: tidy(lambda: doubled(gk.ones(shape))),
    "kept": lambda shape: tidy(lambda: keep(gk.ones(shape))),
}


def _in_place(array: gk.Array) -> gk.Array:
    result: gk.Array = doubled(array, out=array)
    return result


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("shape", [(7,), (5, 6), (1, 7), (3, 5, 7), (6, 4), (5, 3)], ids=str)
def test_padding_holds_zero_however_an_array_is_made(
    copying: GLDevice, name: str, shape: tuple[int, ...]
) -> None:
    for spoiled in (shape, (math.prod(shape),), (1, math.prod(shape))):
        for dtype in ("float32", "int32"):
            spoil_pool(copying, spoiled, dtype)
    with gk.device("gl"):
        made = MAKERS[name](shape)
    layout = storage_of(made).layout
    assert padding_of(made).size == layout.num_texels * LANES - made.size
    assert not padding_of(made).any()


def test_an_empty_array_reads_zero_beyond_its_columns(device: GLDevice) -> None:
    spoil_pool(device, (4, 5))
    shown = next_in_row(gk.empty((4, 5), device="gl"), device="gl").numpy()
    assert not shown[:, -1].any()


# ---------------------------------------------------------------- copies on the device


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_copies_on_the_device_have_the_same_bits(copying: GLDevice, dtype: str) -> None:
    host = numbers((13, 21), dtype)
    if dtype == "float32":
        host[0, :6] = [np.inf, -np.inf, np.nan, -0.0, 3.4e38, -1e-30]
    there = gk.array(host, device="gl")
    for wanted in (there.copy(), there.reshape(21, 13), there.reshape(-1)):
        assert wanted.dtype == host.dtype
        assert wanted.numpy().tobytes() == host.tobytes()


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((4, 6), (3, 8)), ((4, 6), (24,)), ((24,), (4, 6)), ((10, 1000), (10000,)),
     ((10, 1000), (8, 1250)), ((6, 35), (5, 6, 7)), ((70000, 5), (7, 50000)), ((9, 7), (63, 1)),
     ((3, 70001), (70001, 3)), ((2, 2, 2, 5), (1, 5, 8))],
    ids=str,
)  # fmt: skip
def test_reshaping_that_moves_elements(
    copying: GLDevice, shape: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    host = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    before = gk.memory()
    there = gk.array(host, device="gl")
    assert copying.reshape(there._storage, wanted) is None  # type: ignore[arg-type]
    moved = there.reshape(wanted)
    now = gk.memory()
    assert (now.uploads, now.downloads) == (before.uploads + 1, before.downloads)
    there.release()
    np.testing.assert_array_equal(moved.numpy(), host.reshape(wanted))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 5)], ids=str)
def test_copies_of_nothing(copying: GLDevice, shape: tuple[int, ...]) -> None:
    assert gk.zeros(shape, device="gl").copy().shape == shape
    assert gk.zeros(shape, device="gl").reshape(0, 2, 3).shape == (0, 2, 3)


# ---------------------------------------------------------------- small arrays on the host


def host_of(array: gk.Array) -> np.ndarray | None:
    return storage_of(array).host


@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
def test_small_uploads_are_kept_on_the_host_too(device: GLDevice, dtype: str) -> None:
    host = numbers((3, 5), dtype)
    kept = host_of(gk.array(host, device="gl"))
    if dtype not in ("float32", "int32"):
        assert kept is None
        return
    assert kept is not None and not kept.flags.writeable and kept.flags.c_contiguous
    expected = host.copy()
    host[:] = 0  # it is a copy
    np.testing.assert_array_equal(kept, expected)


def test_only_small_uploads_are_kept(device: GLDevice) -> None:
    assert host_of(gk.zeros(MAX_HOST_ELEMENTS, device="gl")) is not None
    assert host_of(gk.zeros(MAX_HOST_ELEMENTS + 1, device="gl")) is None
    assert host_of(gk.empty(4, device="gl")) is None


def test_reshaping_keeps_the_host_values(device: GLDevice) -> None:
    seen = host_of(gk.arange(12, device="gl").reshape(3, 4))
    assert seen is not None and seen.tolist() == np.arange(12).reshape(3, 4).tolist()
    assert not seen.flags.writeable


def test_forgetting_the_host_values(device: GLDevice) -> None:
    array = gk.arange(12, device="gl")
    storage = storage_of(array)
    storage.forget_host()
    assert storage.host is None
    seen = storage.reshaped((3, 4))
    assert seen is not None and seen.host is None


@pytest.mark.parametrize("in_place", [False, True])
def test_drawing_forgets_the_host_values(device: GLDevice, in_place: bool) -> None:
    filled, there = gk.ones(4, device="gl"), gk.full(4, 3.0, device="gl")
    doubled(filled if in_place else there, out=filled, device="gl")
    assert host_of(filled) is None and host_of(there) is not None
    assert filled.tolist() == [2.0 if in_place else 6.0] * 4


# ---------------------------------------------------------------- textures


def test_rows_are_read_and_written_from_any_texture_row(device: GLDevice) -> None:
    layout = make_layout((6, 16), 1024)
    with device._context:
        texture = device._textures.take(layout.width, layout.height, FORMATS[np.dtype("float32")])
        texture.write(np.zeros(96, np.float32))
        texture.write(np.arange(1, 35, dtype=np.float32), 2)
        everything = np.empty(96, np.float32)
        texture.read(everything)
        part = np.empty(21, np.float32)
        texture.read(part, 3)
        device._textures.give(texture)
    expected = np.zeros(96)
    expected[32:66] = np.arange(1, 35)
    assert everything.tolist() == expected.tolist()
    assert part.tolist() == expected[48:69].tolist()
