"""Conversion of host values: what is accepted, and that nothing changes silently."""

from __future__ import annotations

import array as stdlib_array
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelOverflowError, KernelShapeError, KernelTypeError
from gpukernel.runtime.host import to_host

BASE = np.arange(24, dtype=np.float32).reshape(4, 6)


@pytest.mark.parametrize(
    "value",
    [BASE[:, ::2], BASE[::-1], BASE[:, ::-1], np.asfortranarray(BASE), BASE.T, BASE.astype(">f4")],
    ids=["strided", "negative", "negative-columns", "fortran", "transposed", "big-endian"],
)
def test_any_strides_and_byte_order(value: np.ndarray) -> None:
    host = to_host(value)
    assert host.flags.c_contiguous and host.dtype == np.float32 and host.dtype.isnative
    np.testing.assert_array_equal(host, value)


def test_a_fitting_array_is_not_copied() -> None:
    assert np.shares_memory(to_host(BASE), BASE)


@pytest.mark.parametrize(
    ("given", "stored"),
    [("float64", "float32"), ("int64", "int32"), ("uint64", "int32"), (">i8", "int32"),
     (">f8", "float32"), ("float16", "float16"), ("uint8", "uint8"), ("uint32", "uint32"),
     (">u4", "uint32"), ("bool", "bool")],
)  # fmt: skip
def test_stored_dtypes(given: str, stored: str) -> None:
    host = to_host(np.ones(3, given))
    assert host.dtype.name == stored and host.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "value", [[1, 2, 3], stdlib_array.array("i", [1, 2, 3]), memoryview(bytearray([1, 2, 3])),
              bytes([1, 2, 3])],
)  # fmt: skip
def test_lists_and_buffers(value: Any) -> None:
    assert to_host(value).tolist() == [1, 2, 3]


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1])
def test_int64_out_of_range_names_the_value(value: int) -> None:
    with pytest.raises(KernelOverflowError, match=f"argument 'a' holds {value}.*int32"):
        to_host(np.array([0, value]), "argument 'a'")


def test_int_limits_fit() -> None:
    limits = [-(2**31), 2**31 - 1]
    assert to_host(np.array(limits)).tolist() == limits


def test_uint32_keeps_its_whole_range() -> None:
    limits = np.array([0, 2**31, 2**32 - 1], np.uint32)
    assert to_host(limits) is limits
    with pytest.raises(KernelOverflowError, match="does not fit int32.*\n.*astype.np.uint32"):
        to_host(limits.astype(np.uint64))
    assert to_host(limits.astype(np.uint64), dtype="uint32").tolist() == limits.tolist()
    with pytest.raises(KernelOverflowError, match="holds -1, which does not fit uint32"):
        to_host([-1, 1], dtype="uint32")


def test_float64_that_overflows_names_the_value() -> None:
    with pytest.raises(KernelOverflowError, match="1e\\+300, too large for float32"):
        to_host(np.array([1.0, np.inf, 1e300, np.nan]))


def test_inf_nan_and_tiny_values_are_kept() -> None:
    host = to_host(np.array([np.inf, -np.inf, np.nan, 1e-300]))
    np.testing.assert_array_equal(host, np.array([np.inf, -np.inf, np.nan, 0.0], np.float32))


@pytest.mark.parametrize(
    "value", [np.ones(2, complex), np.array(["a"]), np.array([object()]),
              np.array(["2020-01-01"], "datetime64[D]"), np.zeros(2, [("x", "f4")])],
    ids=["complex", "str", "object", "datetime", "record"],
)  # fmt: skip
def test_other_dtypes_are_named_with_the_supported_ones(value: np.ndarray) -> None:
    with pytest.raises(KernelTypeError, match="argument 'a' has dtype .*supported.*float32.*bool"):
        to_host(value, "argument 'a'")


@pytest.mark.parametrize("value", [3.0, np.float32(2), np.zeros((1, 1, 1, 1, 1))])
def test_ranks_outside_one_to_four(value: Any) -> None:
    with pytest.raises(KernelTypeError, match="argument 'a' has [05] axes"):
        to_host(value, "argument 'a'")


def test_ragged_lists_and_masks_are_refused() -> None:
    with pytest.raises(KernelShapeError, match="not a rectangular array"):
        to_host([[1, 2], [3]])
    with pytest.raises(KernelTypeError, match="masked"):
        to_host(np.ma.masked_array([1, 2], [True, False]))


def test_asked_dtypes_check_the_range() -> None:
    assert to_host([1.7, -1.7], dtype="int8").tolist() == [1, -1]
    assert to_host(np.array([7], np.uint32), dtype=int).dtype == np.int32
    for value in (300, -1, float("nan"), float("inf")):
        with pytest.raises(KernelOverflowError, match="does not fit uint8"):
            to_host([value], dtype=np.uint8)
    with pytest.raises(KernelOverflowError, match="too large for float16"):
        to_host([1e6], dtype=np.float16)
