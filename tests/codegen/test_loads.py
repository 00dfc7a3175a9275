"""Reads of arrays outside their range, against NumPy's padding."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.lang.types import ELEMENT_TYPES, INT, INT_MAX, INT_MIN
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen.running import compare, make_program, run_gl
from tests.interpreter.programs import I, J, const, give, load, op

PAD = 9
MODES = {"zero": "constant", "clamp": "edge", "wrap": "wrap", "reflect": "reflect"}


@pytest.mark.parametrize("boundary", list(MODES))
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 20), (1, 5), (7, 2)])
def test_reads_around_an_array_are_its_padding(
    device: GLDevice, boundary: str, shape: tuple[int, int]
) -> None:
    values = np.arange(1, 1 + shape[0] * shape[1], dtype=np.int32).reshape(shape)
    expected = np.pad(values, PAD, mode=MODES[boundary])  # type: ignore[call-overload]
    read = give(load("a", op("-", I, PAD), op("-", J, PAD), kind=INT))
    program = make_program(2, ["int32"], read, arrays={"a": values}, boundary=boundary)
    got = compare(device, program, expected.shape, {"a": values})[0]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("boundary", list(MODES))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_indices_at_the_ends_of_the_int_range(device: GLDevice, boundary: str, size: int) -> None:
    values = np.arange(1, size + 1, dtype=np.int32)
    indices = [INT_MIN, INT_MIN + 1, INT_MIN + 2, INT_MAX, INT_MAX - 1, INT_MAX - 2, -1, 0, size]
    reads = [load("a", const(i), kind=INT) for i in indices]
    program = make_program(
        1, ["int32"] * len(reads), give(*reads), arrays={"a": values}, boundary=boundary
    )
    compare(device, program, (2,), {"a": values})


@pytest.mark.parametrize("boundary", list(MODES))
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_array_reads_zero(
    device: GLDevice, boundary: str, shape: tuple[int, int], optimize: frozenset[str]
) -> None:
    values = np.ones(shape, np.float32)
    program = make_program(
        2, ["float32"], give(load("a", I, J)), arrays={"a": values}, boundary=boundary
    )
    assert not run_gl(device, program, (3, 3), {"a": values}, optimize=optimize)[0].any()


@pytest.mark.parametrize("dtype", list(ELEMENT_TYPES))
@pytest.mark.parametrize("boundary", ["zero", "reflect"])
def test_every_dtype_is_read(device: GLDevice, dtype: str, boundary: str) -> None:
    kind = ELEMENT_TYPES[dtype]
    values = np.array([0, 1, 2, 100, 1, 0, 7]).astype(dtype)
    if np.dtype(dtype).kind in "iu":
        values[[1, 3]] = np.iinfo(dtype).min, np.iinfo(dtype).max
    program = make_program(
        1,
        [dtype],
        give(load("a", op("-", I, 3), kind=kind)),
        arrays={"a": values},
        boundary=boundary,
    )
    compare(device, program, (14,), {"a": values})


def test_rank_four_with_every_boundary(device: GLDevice) -> None:
    values = np.random.default_rng(1).random((2, 3, 4, 5), np.float32)
    for boundary, mode in MODES.items():
        place = [op("-", op("%", I, n), 2) for n in (6, 7, 8)]
        program = make_program(
            2,
            ["float32"],
            give(load("a", *place, op("-", J, 4))),
            arrays={"a": values},
            boundary=boundary,
        )
        padded = np.pad(values, [(2, 2), (2, 2), (2, 2), (4, 4)], mode=mode)  # type: ignore[call-overload]
        rows = np.arange(40)
        expected = padded[rows % 6, rows % 7, rows % 8]
        np.testing.assert_array_equal(
            compare(device, program, (40, 13), {"a": values})[0], expected
        )
