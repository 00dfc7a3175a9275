"""What may be passed as an argument: any strides, dtypes, buffers, and how Python binds them."""

from __future__ import annotations

import array

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel


@kernel
def identity(a):
    return a[index()]


@kernel
def affine(a, scale=2, *, offset=10):
    return a[index()] * scale + offset


@kernel
def kind(a, x):
    return x


TABLE = np.arange(60, dtype=np.float32).reshape(6, 10)
STRIDED = {
    "transposed": TABLE.T,
    "fortran": np.asfortranarray(TABLE),
    "negative": TABLE[::-1, ::-1],
    "stepped": TABLE[::2, 1::3],
    "broadcast": np.broadcast_to(TABLE[0], (4, 10)),
    "float64": TABLE.astype(np.float64),
    "big endian": TABLE.astype(">f4"),
    "big endian float64": TABLE.astype(">f8"),
    "big endian int": TABLE.astype(">i4"),
    "big endian int64": TABLE.astype(">i8"),
    "big endian short": TABLE.astype(">i2"),
    "read only": np.frombuffer(TABLE.tobytes(), np.float32).reshape(6, 10),
    "interleaved": np.stack([TABLE, TABLE], axis=-1)[..., 1],
}


@pytest.mark.parametrize("name", STRIDED)
def test_any_memory_layout(device, name):
    values = STRIDED[name]
    assert np.array_equal(identity(values).numpy(), np.asarray(values, np.float32))


@pytest.mark.parametrize(
    "name", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16"]
)
def test_dtypes(device, name):
    values = np.array([0, 1, 5, 100], name)
    result = identity(values)
    assert result.dtype == (np.float32 if values.dtype.kind == "f" else np.int32)
    assert result.tolist() == [0, 1, 5, 100]


def test_bools(device):
    values = np.array([True, False, True, True, False])
    result = identity(values)
    assert result.dtype == np.bool_
    assert np.array_equal(result.numpy(), values)


def test_extreme_values_survive(device):
    ints = np.array([-(2**31), 2**31 - 1, -1, 16777217])
    assert identity(ints).tolist() == ints.tolist()
    floats = np.array([np.inf, -np.inf, 3.4e38, -0.0, 1e-30], np.float32)
    assert identity(floats).numpy().tobytes() == floats.tobytes()
    assert np.isnan(identity(np.array([np.nan])).numpy()[0])
    small = np.array([-128, 127], np.int8)
    assert identity(small).tolist() == [-128, 127]
    assert identity(np.array([255, 0], np.uint8)).tolist() == [255, 0]
    assert identity(np.array([65535], np.uint16)).tolist() == [65535]


def test_buffers(device):
    assert identity(array.array("f", [1.5, 2.5])).tolist() == [1.5, 2.5]
    assert identity(array.array("i", [1, -2])).tolist() == [1, -2]
    assert identity(b"\x01\xff").tolist() == [1, 255]
    assert identity(bytearray(b"\x02")).tolist() == [2]
    assert identity(TABLE.data).tolist() == TABLE.tolist()
    assert identity(memoryview(b"abc")[::-1]).tolist() == [99, 98, 97]


def test_array_protocol(device):
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0])

    assert identity(Wrapped()).tolist() == [1.0, 2.0]


def test_device_arrays_in(device):
    a = gk.array(TABLE)
    uploads = gk.memory().uploads
    assert np.array_equal(identity(a).numpy(), TABLE)
    assert gk.memory().uploads == uploads


def test_keywords_and_defaults(device):
    a = np.array([1, 2])
    assert affine(a).tolist() == [12, 14]
    assert affine(a, 3).tolist() == [13, 16]
    assert affine(a, offset=0).tolist() == [2, 4]
    assert affine(offset=1, scale=1, a=a).tolist() == [2, 3]
    assert affine(a, offset=0.5).tolist() == [2.5, 4.5]


@pytest.mark.parametrize(
    "call",
    [
        lambda a: affine(),
        lambda a: affine(a, 1, 2),
        lambda a: affine(a, a=a),
        lambda a: affine(a, nonsense=1),
    ],
)
def test_wrong_arguments(device, call):
    with pytest.raises(gk.KernelTypeError, match=r"`affine` takes"):
        call(np.array([1, 2]))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.array([1j]), gk.KernelTypeError),
        (np.array(["a"]), gk.KernelTypeError),
        (np.array([None]), gk.KernelTypeError),
        (np.array(["2020-01-01"], "datetime64[D]"), gk.KernelTypeError),
        (np.zeros((1, 1, 1, 1, 1)), gk.KernelTypeError),
        (np.array([1e300]), gk.KernelOverflowError),
        (np.array([2**31]), gk.KernelOverflowError),
        (np.array([2**64 - 1], np.uint64), gk.KernelOverflowError),
        (2**31, gk.KernelOverflowError),
        (1e300, gk.KernelOverflowError),
        (10**400, gk.KernelOverflowError),
        ([1, 2], gk.KernelTypeError),
        ("text", gk.KernelTypeError),
        (None, gk.KernelTypeError),
        ({}, gk.KernelTypeError),
        (1j, gk.KernelTypeError),
        (object(), gk.KernelTypeError),
        (np.complex64(1), gk.KernelTypeError),
    ],
    ids=repr,
)
def test_refused_values_then_works(device, value, error):
    a = np.array([1.0])
    with pytest.raises(error, match="`x`"):
        kind(a, value)
    assert kind(a, 2.5).tolist() == [2.5]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (3, "int32"),
        (3.0, "float32"),
        (True, "bool"),
        (np.int64(3), "int32"),
        (np.uint8(3), "int32"),
        (np.float32(3), "float32"),
        (np.float64(3), "float32"),
        (np.float16(3), "float32"),
        (np.bool_(True), "bool"),
        (np.array(3), "int32"),
        (np.array(3.0), "float32"),
        (np.array(True), "bool"),
        (-(2**31), "int32"),
        (float("inf"), "float32"),
    ],
    ids=repr,
)
def test_numbers(device, value, dtype):
    result = kind(np.zeros(2, np.float32), value)
    assert result.dtype == dtype
    assert result.tolist() == [value] * 2


def test_float_argument_is_rounded_once(device):
    assert kind(np.zeros(1), 0.1).numpy()[0] == np.float32(0.1)


def test_new_scalar_does_not_recompile(device):
    a = np.arange(4, dtype=np.int32)
    affine(a, 1)
    before = gk.memory().compiles
    for scale in range(20):
        assert affine(a, scale, offset=-scale).tolist() == (a * scale - scale).tolist()
    assert gk.memory().compiles == before


def test_types_and_ranks_re_specialise(device):
    before = gk.memory().compiles
    gk.from_source("def fresh(a, s): return a[index()] * s", "fresh")
    assert gk.memory().compiles == before
    fresh = gk.from_source("def fresh(a, s): return a[index()] * s", "fresh")
    for a in (np.ones(3, np.float32), np.ones(3, np.int32), np.ones((1, 3), np.int32)):
        for s in (2, 2.0):
            result = fresh(a, s)
            joined = np.int32 if a.dtype == np.int32 and s.__class__ is int else np.float32
            assert result.dtype == joined
            assert (result.numpy() == 2).all()
    assert gk.memory().compiles == before + 6


def test_signed_zero_scalar(device):
    a = np.zeros(1, np.float32)
    for value in (0.0, -0.0, 0.0):
        assert np.signbit(kind(a, value).numpy()[0]) == np.signbit(value)
