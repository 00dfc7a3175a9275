"""``@reduction`` and the ready-made ones against NumPy: axes, dtypes, nan, lengths, accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk

RANDOM = np.random.default_rng(5)
LENGTHS = (1, 2, 3, 63, 64, 65, 255, 256, 1000, 4096, 4097, 10000, 131072, 131073, 200_003)
SHAPES = (  # every way of cutting axes into parts, with parts that are longer than others
    (1, 1), (1, 700), (700, 1), (300, 3), (512, 3), (2048, 2), (5, 256), (70, 131), (64, 128),
    (1000, 37), (3, 5000), (3, 70, 5), (70, 3, 150), (40, 65, 66), (2, 300, 2, 3), (3, 2, 5, 140),
)  # fmt: skip
FLOATS = RANDOM.uniform(-1, 1, (3, 5, 70)).astype(np.float32)
INPUTS = {
    "floats": FLOATS,
    "ints": RANDOM.integers(-50, 50, (4, 200)).astype(np.int32),
    "bools": RANDOM.random((5, 2, 3, 7)) > 0.3,
    "bytes": RANDOM.integers(0, 255, 300).astype(np.uint8),
    "uints": RANDOM.integers(0, 2**20, (7, 9)).astype(np.uint32),
    "halves": RANDOM.uniform(0, 1, 130).astype(np.float16),
    "nans": np.array([[1, np.nan, 3], [-1, 2, np.inf]], np.float32),
    "one": np.array([[[2.5]]], np.float32),
}
NAMES = ("sum", "min", "max", "mean", "any", "all", "argmin", "argmax")


def axes_of(rank: int, name: str) -> list[Any]:
    """Return axes to fold: all, each, and some together where that is allowed."""
    together: list[Any] = [] if name.startswith("arg") else [(0, rank - 1), (-1,)]
    return [None, *range(rank), -1, *(together if rank > 1 else [])]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", INPUTS)
def test_as_numpy(name: str, given: str, device: str) -> None:
    x = INPUTS[given]
    for axis in axes_of(x.ndim, name):
        wide = {"dtype": np.float64} if name in ("sum", "mean") and x.dtype.kind == "f" else {}
        expected = getattr(np, name)(x, axis=axis, **wide)
        result = getattr(gk, name)(x, axis=axis)
        assert np.shape(result) == np.shape(expected), axis
        np.testing.assert_allclose(
            np.asarray(result, np.float64), np.asarray(expected, np.float64), rtol=2e-6, atol=2e-6
        )


@pytest.mark.parametrize("name", NAMES)
def test_keepdims(name: str, device: str) -> None:
    for axis in (None, 1, -1):
        expected = getattr(np, name)(FLOATS, axis=axis, keepdims=True)
        assert getattr(gk, name)(FLOATS, axis=axis, keepdims=True).shape == expected.shape


@pytest.mark.parametrize("length", LENGTHS)
def test_every_length(length: int, device: str) -> None:
    x = np.arange(length, dtype=np.int32) % 1000
    assert gk.sum(x) == x.sum()
    assert gk.argmax(x) == x.argmax()
    columns = np.stack([x, -x], axis=1)
    assert gk.sum(columns, axis=0).tolist() == columns.sum(axis=0).tolist()


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape(shape: tuple[int, ...], device: str) -> None:
    x = RANDOM.integers(-1000, 1000, shape).astype(np.int32)
    on_device = gk.array(x)
    sparse = np.where(RANDOM.random(shape) < 0.05, x, 0)
    for axis in axes_of(x.ndim, "sum"):
        np.testing.assert_array_equal(gk.sum(on_device, axis), x.sum(axis), str(axis))
    for axis in axes_of(x.ndim, "argmin"):
        np.testing.assert_array_equal(gk.argmin(on_device, axis), x.argmin(axis), str(axis))
        np.testing.assert_array_equal(first_set(sparse, axis), first_of(sparse, axis), str(axis))


def first_of(x: np.ndarray, axis: int | None) -> np.ndarray:
    """Return the first element along an axis that is not zero, or zero."""
    if axis is None:
        return first_of(x.reshape(-1), 0)
    at = (x != 0).argmax(axis=axis, keepdims=True)
    return np.take_along_axis(x, at, axis).squeeze(axis)


def test_dtypes(device: str) -> None:
    assert gk.sum(INPUTS["bools"], axis=0).dtype == np.int32
    assert gk.sum(INPUTS["uints"], axis=0).dtype == np.uint32
    assert gk.sum(INPUTS["floats"], axis=0).dtype == np.float32
    assert gk.mean(INPUTS["ints"], axis=0).dtype == np.float32
    assert gk.any(INPUTS["ints"], axis=0).dtype == np.bool_
    assert gk.argmin(INPUTS["ints"], axis=0).dtype == np.int32


def test_product_wraps(device: str) -> None:
    x = np.full(40, 3, np.int32)
    with np.errstate(over="ignore"):
        assert gk.prod(x) == np.multiply.reduce(x, dtype=np.int32)


def test_first_of_ties(device: str) -> None:
    x = np.zeros(500, np.float32)
    x[[77, 78, 400]] = 3
    assert gk.argmax(x) == 77
    assert gk.argmin(x) == 0


def test_a_nan_is_the_extreme(device: str) -> None:
    x = np.arange(300, dtype=np.float32)
    x[[123, 250]] = np.nan
    assert gk.argmax(x) == gk.argmin(x) == 123
    assert np.isnan(gk.min(x)) and np.isnan(gk.max(x))


def test_no_elements(device: str) -> None:
    nothing = np.zeros((0, 3), np.float32)
    assert gk.sum(nothing) == 0.0
    assert gk.prod(nothing, axis=0).tolist() == [1.0, 1.0, 1.0]
    assert gk.all(nothing) is True and gk.any(nothing) is False
    assert np.isnan(gk.mean(nothing))
    assert gk.sum(nothing, axis=1).shape == (0,)
    for name in ("min", "max", "argmin", "argmax"):
        with pytest.raises(gk.KernelShapeError, match=f"`{name}` of no elements has no value"):
            getattr(gk, name)(nothing)


def test_float_sum_is_as_good_as_pairwise(device: str) -> None:
    x = RANDOM.uniform(0, 1, 1_000_003).astype(np.float32)
    exact = float(x.sum(dtype=np.float64))
    spacing = float(np.spacing(np.float32(exact)))
    assert abs(gk.sum(x) - exact) <= max(abs(float(x.sum()) - exact), spacing)


def test_few_launches(device: str) -> None:
    x = gk.zeros(2**20)
    before = gk.memory().launches
    gk.sum(x)
    assert gk.memory().launches - before <= 4


def test_few_programs(device: str) -> None:
    @gk.reduction
    def total(a, b):
        return a + b

    sizes = (70, 1000, 5000, 2**17, 2**17 + 1, 2**18, 300_001)
    before = gk.memory().compiles
    for size in sizes:
        assert total(np.ones(size, np.int32)) == size
    assert gk.memory().compiles - before <= len(sizes)


def test_long_float_sum(device: str) -> None:
    x = RANDOM.uniform(0, 1, 2**22).astype(np.float32)
    for values in (x, x[:-1], np.full(2**22, 0.1, np.float32)):
        exact = float(values.sum(dtype=np.float64))
        assert abs(gk.sum(values) - exact) <= 2 * float(np.spacing(np.float32(exact)))


@pytest.mark.parametrize("shape", [(300_001,), (2**18,), (70, 131), (300, 3), (9, 50, 36)])
def test_same_bits_on_all_devices(shape: tuple[int, ...], device: str) -> None:
    x = RANDOM.uniform(-1, 1, shape).astype(np.float32)
    for axis in axes_of(len(shape), "sum"):
        here, there = gk.sum(x, axis), gk.sum(x, axis, device="cpu")
        np.testing.assert_array_equal(here, there, str(axis))


@pytest.mark.parametrize("shape", [(10000,), (131_073,), (33, 400), (200, 3), (30, 40, 50)])
def test_ties_between_passes(shape: tuple[int, ...], device: str) -> None:
    x = RANDOM.integers(0, 3, shape).astype(np.float32)
    with_nans = np.where(RANDOM.random(shape) < 0.02, np.float32(np.nan), x)
    for values in (x, with_nans):
        for axis in axes_of(len(shape), "argmax"):
            for name in ("argmax", "argmin"):
                found, expected = getattr(gk, name)(values, axis), getattr(np, name)(values, axis)
                np.testing.assert_array_equal(found, expected, f"{name} {axis}")


@gk.reduction
def first_set(a, b):
    return b if a == 0 else a


@gk.reduction(identity=0)
def farthest(a, b):
    return a if abs(a) > abs(b) else b


@gk.reduction
def concatenated(a, b):
    """Keep the first digit of a and the last of b: associative, not commutative."""
    return a // 10 * 10 + b % 10


def test_own_function(device: str) -> None:
    x = np.array([[3, -9, 2], [5, 1, -4]], np.int32)
    assert farthest(x) == -9
    assert farthest(x, axis=1).tolist() == [-9, 5]
    assert farthest(np.zeros(0, np.int32)) == 0


def test_keeps_the_order_of_the_elements(device: str) -> None:
    x = np.full(333, 55, np.int32)
    x[0], x[-1] = 71, 29
    assert concatenated(x) == 79


def test_without_identity(device: str) -> None:
    with pytest.raises(gk.KernelShapeError, match="identity"):
        concatenated(np.zeros((3, 0), np.int32))


@pytest.mark.parametrize(
    ("axis", "error", "message"),
    [
        (2, gk.KernelShapeError, "axis 2 is outside an array with 2 axes"),
        (-3, gk.KernelShapeError, "axis -3 is outside"),
        ((0, 0), gk.KernelShapeError, "names an axis twice"),
        (1.0, gk.KernelTypeError, "is not an int"),
        ("x", gk.KernelTypeError, "is not an int"),
    ],
)
def test_wrong_axes(axis: Any, error: type[Exception], message: str, device: str) -> None:
    with pytest.raises(error, match=message):
        gk.sum(np.zeros((2, 3)), axis=axis)


def test_needs_two_parameters() -> None:
    with pytest.raises(gk.KernelTypeError, match="made from a function of two numbers"):

        @gk.reduction  # type: ignore[arg-type]
        def of_one(a):
            return a


def test_no_elements_have_the_type_of_some(device: str) -> None:
    bools = np.zeros((0, 2), bool)
    assert gk.sum(bools) == 0 and gk.sum(bools) is not False
    assert gk.sum(bools, axis=0).dtype == gk.prod(bools, axis=0).dtype == np.int32
    assert gk.argmin(np.zeros((0, 3)), axis=1).shape == (0,)

    @gk.reduction(identity=0.5)
    def larger(a, b):
        return max(a, b)

    assert larger(np.zeros(0, np.int32)) == 0.5


def test_no_axes(device: str) -> None:
    result = gk.sum(np.ones((2, 3), bool), axis=())
    assert result.dtype == np.int32 and result.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_wrong_functions(device: str) -> None:
    @gk.reduction
    def both(a, b):
        return a, b

    with pytest.raises(gk.KernelTypeError, match="returns a tuple, but a reduction folds to one"):
        both(np.zeros(3))
    with pytest.raises(gk.KernelTypeError, match="identity='x' of `both` is not a number"):
        gk.reduction(both.py_func, identity="x")


def test_stays_on_the_device(device: str) -> None:
    x = gk.array(FLOATS)
    uploads, downloads = gk.memory().uploads, gk.memory().downloads
    gk.sum(x, axis=0)
    assert (gk.memory().uploads, gk.memory().downloads) == (uploads, downloads)
