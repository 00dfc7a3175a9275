"""The output-shape rules, and shapes that are awkward for textures."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel


@kernel
def double(a):
    return a[index()] * 2


@kernel(shape=(2, 3))
def fixed(a):
    i, j = index()
    return a[0] + i * 10 + j


@kernel(shape=5)
def five():
    return index() * index()


@kernel(shape=lambda a, n=4: (len(a), n))
def repeated(a, n=4):
    i, _ = index()
    return a[i] * n


@kernel
def second_is_array(scale, a, b):
    return scale * a[index()] + b[0, 0]


@kernel
def nothing_to_go_by(x):
    return x + 1


@kernel(shape=lambda n: "wide")
def bad_rule(n):
    return n


@kernel(shape=lambda n: 1 // 0)
def failing_rule(n):
    return n


@kernel
def number(a):
    i, j, k, m = index()
    return ((i * a.shape[1] + j) * a.shape[2] + k) * a.shape[3] + m + a[i, j, k, m]


def test_first_array_argument_gives_the_shape(device):
    result = second_is_array(3, np.ones(4, np.float32), np.ones((2, 2)))
    assert result.shape == (4,)
    assert result.tolist() == [4.0] * 4


def test_decorator_tuple_and_int(device):
    assert fixed(np.array([100])).tolist() == [[100, 101, 102], [110, 111, 112]]
    assert five().tolist() == [0, 1, 4, 9, 16]


def test_decorator_rule_gets_defaults(device):
    assert repeated(np.array([1, 2])).tolist() == [[4] * 4, [8] * 4]
    assert repeated(np.array([1, 2]), 2).tolist() == [[2, 2], [4, 4]]
    assert repeated(n=1, a=np.array([7])).tolist() == [[7]]


def test_shape_option_beats_the_decorator(device):
    assert five(shape=2).tolist() == [0, 1]
    assert fixed(np.array([1]), shape=(1, 2)).tolist() == [[1, 2]]
    assert five(shape=np.int64(3)).tolist() == [0, 1, 4]
    assert five(shape=[3]).shape == (3,)


def test_out_shape_beats_the_decorator(device):
    out = gk.empty(3, np.int32)
    assert five(out=out) is out
    assert out.tolist() == [0, 1, 4]


def test_contradiction_changes_nothing(device):
    out = gk.full(3, 9)
    with pytest.raises(gk.KernelShapeError, match="contradicts"):
        five(out=out, shape=4)
    assert out.tolist() == [9, 9, 9]
    assert five(out=out, shape=(3,)).tolist() == [0, 1, 4]


@pytest.mark.parametrize("shape", [(), (1, 1, 1, 1, 1), -1, (2, -1), "wide", 1.5, (2.5,)])
def test_not_a_shape(device, shape):
    with pytest.raises(gk.KernelShapeError):
        five(shape=shape)


def test_no_shape_to_be_found(device):
    with pytest.raises(gk.KernelShapeError, match="cannot be determined"):
        nothing_to_go_by(1)
    assert nothing_to_go_by(1, shape=2).tolist() == [2, 2]


def test_bad_rules(device):
    with pytest.raises(gk.KernelShapeError, match="not a shape"):
        bad_rule(1)
    with pytest.raises(gk.KernelShapeError, match="ZeroDivisionError"):
        failing_rule(1)


def test_rank_of_the_grid_re_specialises(device):
    for shape in ((6,), (2, 3), (1, 2, 3), (1, 2, 1, 3)):
        values = np.arange(6, dtype=np.int32).reshape(shape)
        assert np.array_equal(double(values).numpy(), values * 2)


WIDTHS = (1, 3, 4, 5, 15, 16, 17, 1023, 1025)
SHAPES: list[tuple[int, ...]] = [(w,) for w in WIDTHS] + [(h, w) for w in WIDTHS for h in (1, 3, 7)]
LONG: list[tuple[int, ...]] = [
    (70000, 3),
    (3, 70000),
    (70000, 17),
    (2, 3, 5, 7),
    (3, 1, 65, 19),
    (1, 1, 1, 1),
]


@pytest.mark.parametrize("shape", SHAPES + LONG, ids=str)
def test_values_at_any_shape(device, shape):
    values = np.arange(math.prod(shape), dtype=np.int32).reshape(shape)
    assert np.array_equal(double(values).numpy(), values * 2)
    as_float = values.astype(np.float32)
    assert np.array_equal(double(as_float).numpy(), as_float * 2)


def test_rank_4_positions(device):
    zeros = np.zeros((3, 4, 5, 6), np.int32)
    assert number(zeros).numpy().ravel().tolist() == list(range(zeros.size))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 4), (0, 0, 0, 0)], ids=str)
def test_zero_size(device, shape):
    result = double(np.zeros(shape, np.float32))
    assert result.shape == shape
    assert result.numpy().shape == shape
    out = gk.empty(shape)
    assert double(result, out=out) is out


@kernel(shape=3)
def length(a):
    return len(a) + a[0]


def test_zero_size_input_reads_zero(device):
    assert length(np.zeros(0, np.int32)).tolist() == [0, 0, 0]


def test_one_dimension_past_the_texture_width(device):
    values = np.arange(20_000_000, dtype=np.int32)
    result = double(values).numpy()
    assert np.array_equal(result, values * 2)


def test_folding_at_the_smallest_texture_limit(gl):
    limit, gl._max_size = gl._max_size, 1024
    try:
        values = np.arange(4_000_001, dtype=np.float32)
        assert np.array_equal(double(values, device="gl").numpy(), values * 2)
        wide = values[:4_000_000].reshape(2, -1)
        assert np.array_equal(double(wide, device="gl").numpy(), wide * 2)
        with pytest.raises(gk.DeviceError):
            double(gk.zeros(8, device="gl"), shape=5_000_000, device="gl")
        assert double(wide[:, :3], device="gl").tolist() == (wide[:, :3] * 2).tolist()
    finally:
        gl._max_size = limit


def test_larger_than_the_device_can_hold(device):
    gc.collect()  # what earlier tests left in cycles
    held = gk.memory().arrays
    with pytest.raises(gk.DeviceError):
        five(shape=3_000_000_000)
    assert gk.memory().arrays == held
    assert five(shape=2).tolist() == [0, 1]


def test_sizes_change_without_recompiling(device):
    double(np.zeros(3, np.float32))
    gc.collect()  # what earlier tests left in cycles
    before = gk.memory().compiles
    for n in (1, 2, 5, 64, 1000, 100_000, 0, 7):
        values = np.arange(n, dtype=np.float32)
        assert np.array_equal(double(values).numpy(), values * 2)
    assert gk.memory().compiles == before
