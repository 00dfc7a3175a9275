"""What a launch writes: several outputs, vectors, and conversion to the dtype of each output."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.ir.nodes import GridExtent, Output
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT
from tests.interpreter.programs import (
    SPAN,
    I,
    J,
    assign,
    cast,
    give,
    load,
    op,
    run,
    run_outputs,
    uint,
    uniform,
    var,
    when,
)


@pytest.mark.parametrize("shape", [(5, 7), (300, 700), (0, 4)])
def test_several_outputs_of_different_types(shape):
    outputs = [Output("int32"), Output("float32", 3), Output("bool"), Output("uint32", 2)]
    results = [
        op("+", I, J),
        op("/", I, 2), 0.25, cast(J, FLOAT),
        op("<", I, J),
        cast(I, UINT), uint(2**32 - 1),
    ]  # fmt: skip
    ints, floats, truths, uints = run_outputs(shape, outputs, give(*results))
    i, j = np.indices(shape)
    np.testing.assert_array_equal(ints, i + j)
    np.testing.assert_array_equal(floats, np.stack([i / 2, np.full(shape, 0.25), j], -1))
    np.testing.assert_array_equal(truths, i < j)
    np.testing.assert_array_equal(uints, np.stack([i, np.full(shape, 2**32 - 1)], -1))
    assert (str(truths.dtype), str(uints.dtype)) == ("bool", "uint32")


def test_several_outputs_with_early_returns():
    outputs = [Output("int32", 2), Output("float32")]
    early = when(op(">", J, I), [give(I, J, 1.5)])
    pairs, floats = run_outputs((50, 60), outputs, early, give(J, -1, cast(I, FLOAT)))
    i, j = np.indices((50, 60))
    np.testing.assert_array_equal(pairs[..., 0], np.where(j > i, i, j))
    np.testing.assert_array_equal(pairs[..., 1], np.where(j > i, j, -1))
    np.testing.assert_array_equal(floats, np.where(j > i, 1.5, i))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "uint16"])
def test_ints_saturate_to_small_dtypes(dtype):
    limits = np.iinfo(dtype)
    values = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 65535, 65536,
              2**31 - 1, -(2**31)]  # fmt: skip
    array = np.array(values, np.int32)
    (got,) = run_outputs((16,), [Output(dtype)], give(load("a", I, kind=INT)), arrays={"a": array})
    np.testing.assert_array_equal(got, np.clip(array, limits.min, limits.max))
    assert got.dtype == dtype
    for value in (2**31 - 1, -(2**31), 5):
        (same,) = run_outputs((3, 4), [Output(dtype)], give(value))
        assert (same == np.clip(value, limits.min, limits.max)).all()


def test_floats_are_rounded_to_float16():
    values = np.array([1.0, 1 + 2**-11, 1 + 3 * 2**-11, 65519.0, 65520.0, -1e9, 1e-8, np.nan])
    array = values.astype(np.float32)
    (got,) = run_outputs((8,), [Output("float16")], give(load("a", I)), arrays={"a": array})
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(got, array.astype(np.float16))
    assert got[3] == 65504 and np.isinf(got[4])


def test_outputs_in_double_precision():
    outputs = [Output("float32", 2), Output("int16")]
    body = give(op("/", I, 3), 0.1, I)
    floats, ints = run_outputs((6,), outputs, body, float_dtype=np.float64)
    assert floats.dtype == np.float64
    np.testing.assert_array_equal(floats, np.stack([np.arange(6) / 3, np.full(6, 0.1)], -1))
    np.testing.assert_array_equal(ints, np.arange(6))


def test_grid_extent():
    rows, cols = GridExtent(0, INT, SPAN), GridExtent(1, INT, SPAN)
    for shape in ((3, 5), (400, 900)):
        got = run(shape, INT, give(op("+", op("*", rows, 10000), cols)))
        assert (got == shape[0] * 10000 + shape[1]).all()


# ---------------------------------------------------------------- uint


def test_uint_arithmetic_wraps():
    i = np.arange(900, dtype=np.uint32)
    value = cast(I, UINT)
    got = run((900,), UINT, give(op("*", op("-", value, uint(700)), uint(2654435761))))
    np.testing.assert_array_equal(got, (i - np.uint32(700)) * np.uint32(2654435761))
    assert got.dtype == np.uint32
    shifted = run((900,), UINT, give(op(">>", op("-", value, uint(700)), uint(3))))
    np.testing.assert_array_equal(shifted, (i - np.uint32(700)) >> np.uint32(3))
    ordered = run((900,), BOOL, give(op("<", op("-", value, uint(700)), uint(100))))
    np.testing.assert_array_equal(ordered, (i - np.uint32(700)) < 100)


def test_uint_uniforms_and_arrays():
    array = np.array([0, 1, 2**31, 2**32 - 1], np.uint32)
    total = op("+", load("a", I, kind=UINT), uniform("step", UINT))
    got = run((5,), UINT, give(total), arrays={"a": array}, uniforms={"step": np.uint32(2**31)})
    assert got.tolist() == [2**31, 2**31 + 1, 0, 2**31 - 1, 2**31]


@pytest.mark.parametrize("lanes", [False, True])
def test_uint_casts(lanes):
    def one(node, kind):
        given = op("+", node, op("*", I, 0)) if lanes and node.type == INT else node
        return run((2,), kind, give(cast(given, kind))).tolist()[0]

    signed = [0, 5, -1, 2**31 - 1, -(2**31)]
    for value in signed:
        assert one(op("+", 0, value), UINT) == value % 2**32
    for number in (0, 5, 2**31, 2**32 - 1):
        wrapped = (number + 2**31) % 2**32 - 2**31
        assert one(uint(number), INT) == wrapped
        assert one(uint(number), FLOAT) == np.float32(number)
        assert one(uint(number), BOOL) == (number != 0)


def test_floats_truncate_and_saturate_to_uint():
    values = [0.9, -0.9, 2.5, -2.5, 3e9, 5e9, np.inf, -np.inf, np.nan, 4294967040.0]
    exact = [0, 0, 2, 0, 3000000000, 2**32 - 1, 2**32 - 1, 0, 0, 4294967040]
    array = np.array(values, np.float32)
    got = run((10,), UINT, give(cast(load("a", I), UINT)), arrays={"a": array})
    assert got.tolist() == exact
    for position, value in enumerate(exact):
        one = run((1,), UINT, give(cast(load("a", position), UINT)), arrays={"a": array})
        assert one.tolist() == [value]
    inside = np.array([0.5, 4294967040.0, 17.25], np.float32)
    got = run((3,), UINT, give(cast(load("a", I), UINT)), arrays={"a": inside})
    assert got.tolist() == [0, 4294967040, 17]


def test_uint_variables_in_divergent_code():
    value = cast(I, UINT)
    body = [
        assign("h", value),
        when(op(">", I, 300), [assign("h", op("*", value, uint(16777619)))]),
    ]
    got = run((2000,), UINT, *body, give(var("h", UINT)))
    i = np.arange(2000, dtype=np.uint32)
    np.testing.assert_array_equal(got, np.where(i > 300, i * np.uint32(16777619), i))
