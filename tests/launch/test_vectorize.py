"""``@vectorize``: broadcasting, numbers, ``out=``, several results and what is refused."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gpukernel as gk


@gk.vectorize
def weighted(x, y, weight=0.5):
    return x * weight + y * (1 - weight)


@gk.vectorize
def parts(x):
    return x // 2, x % 2 == 1, x * 0.5


@gk.vectorize
def coloured(x):
    return gk.vec3(x, 1.0 - x, 0.25)


@gk.vectorize(dtype="uint8")
def as_pixel(x):
    return x * 255.0 + 0.5


def halved(x):
    return x / 2


@gk.vectorize
def through_helper(x):
    return halved(halved(x))


SHAPES = [
    ((), (3,)),
    ((4,), (4,)),
    ((4,), (1,)),
    ((3, 1), (4,)),
    ((2, 3), (3,)),
    ((1, 5), (4, 1)),
    ((2, 1, 3), (4, 1)),
    ((2, 3, 4), (2, 3, 4)),
    ((2, 1, 3, 1), (5, 1, 4)),
    ((1, 1, 1, 1), (2, 2, 2, 2)),
    ((0, 3), (3,)),
    ((2, 0), (1,)),
    ((17, 33), (33,)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_broadcasts_as_numpy(left: tuple[int, ...], right: tuple[int, ...], device: str) -> None:
    ramps = (np.arange(np.prod(s), dtype=np.float32).reshape(s) for s in (left, right))
    x, y = (ramp - 3 if ramp.ndim else float(ramp) for ramp in ramps)
    expected = np.asarray(x * 0.5 + y * 0.5, np.float32)
    result = weighted(x, y)
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result.numpy(), expected)
    np.testing.assert_array_equal(weighted(y, x).numpy(), expected)


def test_numbers_give_numbers(device: str) -> None:
    assert weighted(2.0, 4.0) == 3.0
    assert weighted(2, 4, weight=0.25) == 3.5
    assert parts(7) == (3, True, 3.5)
    assert coloured(0.5).tolist() == [0.5, 0.5, 0.25]


def test_several_results(device: str) -> None:
    thirds, odd, half = parts(np.arange(5))
    assert thirds.tolist() == [0, 0, 1, 1, 2]
    assert odd.tolist() == [False, True, False, True, False]
    assert half.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_vector_result_adds_an_axis(device: str) -> None:
    result = coloured(np.zeros((2, 3), np.float32))
    assert result.shape == (2, 3, 3)
    np.testing.assert_array_equal(result.numpy()[1, 2], [0.0, 1.0, 0.25])


def test_dtype_saturates(device: str) -> None:
    result = as_pixel(np.array([-1.0, 0.0, 0.5, 1.0, 7.0], np.float32))
    assert result.dtype == np.uint8
    assert result.tolist() == [0, 0, 128, 255, 255]


def test_helper(device: str) -> None:
    assert through_helper(np.array([4.0, 8.0])).tolist() == [1.0, 2.0]


def test_out_may_be_an_input(device: str) -> None:
    x = gk.array([1.0, 2.0, 3.0])
    assert weighted(x, 1.0, out=x) is x
    assert x.tolist() == [1.0, 1.5, 2.0]
    other = gk.zeros(3)
    assert weighted(x, x, out=other) is other
    assert other.tolist() == [1.0, 1.5, 2.0]


def test_sizes_and_values_do_not_compile_again(device: str) -> None:
    weighted(np.zeros((2, 8)), np.zeros(8), 0.5)
    compiles = gk.memory().compiles
    for size in (2, 9, 40):
        weighted(np.zeros((size, 4)), np.zeros(4), 0.1 * size)
        weighted(np.zeros((size, size + 3)), np.zeros(size + 3), 0.1 * size)
    assert gk.memory().compiles == compiles


def test_shapes_that_do_not_broadcast(device: str) -> None:
    with pytest.raises(gk.KernelShapeError, match=r"`x` \(3,\), `y` \(2, 4\) do not broadcast"):
        weighted(np.zeros(3), np.zeros((2, 4)))


def test_out_of_another_shape(device: str) -> None:
    with pytest.raises(gk.KernelShapeError, match=r"out= has shape \(4,\)"):
        weighted(np.zeros(3), 1.0, out=gk.zeros(4))


def test_errors_point_into_the_function(device: str) -> None:
    @gk.vectorize
    def indexed(x):
        return x[0]

    with pytest.raises(gk.KernelTypeError, match=r"test_vectorize.py:\d+:16: error: `x` \(float\)"):
        indexed(np.zeros(3))


def test_index_is_the_position(device: str) -> None:
    @gk.vectorize
    def numbered(x):
        i, j = gk.index()
        return i * 10 + j + x * 0

    assert numbered(np.zeros((2, 3), np.int32)).tolist() == [[0, 1, 2], [10, 11, 12]]


def test_pickles_by_name() -> None:
    assert pickle.loads(pickle.dumps(weighted)) is weighted


def test_needs_a_function() -> None:
    with pytest.raises(gk.KernelTypeError, match="@vectorize needs a plain Python function"):
        gk.vectorize(np.sin)


def test_from_source(device: str) -> None:
    text = "import gpukernel as gk\n@gk.vectorize\ndef doubled(x): return 2 * x"
    assert gk.from_source(text, "doubled")(np.arange(3)).tolist() == [0, 2, 4]
