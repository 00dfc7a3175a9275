"""Random numbers: published answers, distribution, independence, and the functions for users."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from gpukernel.errors import KernelError, KernelOverflowError, KernelTypeError
from gpukernel.lang import random as gk
from gpukernel.lang.normal_table import QUANTILE
from gpukernel.lang.random_rows import (
    RANDOM_BITS,
    RANDOM_FLOAT,
    RANDOM_INT,
    RANDOM_NORMAL,
    RANDOM_ROWS,
    threefry,
)
from gpukernel.lang.table import Row
from gpukernel.lang.types import INT, UINT

Array = np.ndarray[Any, Any]
COUNT = 1_000_000
LAST = 2**32 - 1
INT_LOW, INT_HIGH = -(2**31), 2**31 - 1


def call(row: Row, *arguments: Any) -> Any:
    """Apply a row to uint32 arguments."""
    return row.overloads[0].numpy(*(np.asarray(a, np.uint32)[()] for a in arguments))


def draw_int(bits: Any, low: int, high: int) -> Any:
    return RANDOM_INT.overloads[0].numpy(
        np.asarray(bits, np.uint32)[()], np.int32(low), np.int32(high)
    )


# ---------------------------------------------------------------- the generator

# Threefry-2x32, 20 rounds: key, counter, block; as published with the generator.
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((LAST, LAST), (LAST, LAST), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


@pytest.mark.parametrize(("key", "counter", "block"), KNOWN)
def test_known_answers(
    key: tuple[int, int], counter: tuple[int, int], block: tuple[int, int]
) -> None:
    words = [np.uint32(word) for word in (*key, *counter)]
    assert tuple(int(word) for word in threefry(*words)) == block
    assert int(call(RANDOM_BITS, *key, *counter)) == block[0]


def test_arrays_broadcast_and_equal_scalars() -> None:
    cells, draws = np.arange(5), np.arange(3)[:, None]
    block = call(RANDOM_BITS, 1, 2, cells, draws)
    assert block.shape == (3, 5) and block.dtype == np.uint32
    one_by_one = [[int(call(RANDOM_BITS, 1, 2, c, d)) for c in range(5)] for d in range(3)]
    assert block.tolist() == one_by_one


def test_rows_are_not_found_by_python_objects() -> None:
    assert all(row.python == () for row in RANDOM_ROWS)
    assert RANDOM_INT.overload([UINT, INT, INT]) is RANDOM_INT.overloads[0]


# A stream of draws along each word that a draw depends on.
ALONG: dict[str, Callable[[Array], Any]] = {
    "cells": lambda n: call(RANDOM_BITS, 3, 5, n, 0),
    "draws": lambda n: call(RANDOM_BITS, 3, 5, 7, n),
    "seeds": lambda n: call(RANDOM_BITS, n, 0, 7, 0),
    "high_seeds": lambda n: call(RANDOM_BITS, 1, n, 0, 0),
    "cells_of_four_draws": lambda n: call(RANDOM_BITS, 9, 9, n // 4, n % 4),
}


@pytest.fixture(scope="module", params=ALONG)
def bits(request: pytest.FixtureRequest) -> Array:
    """Return a million draws."""
    stream: Array = ALONG[request.param](np.arange(COUNT))
    return stream


def chi_square(bins: Array, expected: Any) -> float:
    return float(((bins - expected) ** 2 / expected).sum())


def assert_chi_square(statistic: float, freedom: int) -> None:
    """Hold a statistic between its one in a million quantiles (Wilson and Hilferty's formula)."""
    width = 4.75 * math.sqrt(2 / (9 * freedom))
    low, high = (freedom * (1 - 2 / (9 * freedom) + w) ** 3 for w in (-width, width))
    assert low < statistic < high


@pytest.mark.parametrize("shift", [24, 16, 8, 0], ids=["top", "second", "third", "last"])
def test_every_byte_is_uniform(bits: Array, shift: int) -> None:
    counts = np.bincount((bits >> np.uint32(shift)) & 255, minlength=256)
    assert_chi_square(chi_square(counts, COUNT / 256), 255)


def test_neighbours_are_independent(bits: Array) -> None:
    x = bits.astype(np.float64) / 2.0**32 - 0.5
    for lag in (1, 2, 3, 4, 16, 256, 1000):
        correlation = float((x[:-lag] * x[lag:]).mean()) * 12
        assert abs(correlation) < 4.75 / math.sqrt(COUNT - lag)
    pairs = (bits[:-1] >> np.uint32(28)) * 16 + (bits[1:] >> np.uint32(28))
    assert_chi_square(chi_square(np.bincount(pairs, minlength=256), (COUNT - 1) / 256), 255)


def test_one_bit_of_key_or_counter_changes_half_of_the_draw() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, (4, 2000), np.uint32)
    before = RANDOM_BITS.overloads[0].numpy(*words)
    for position in range(4):
        for bit in (0, 13, 31):
            changed = words.copy()
            changed[position] ^= np.uint32(1 << bit)
            flipped = before ^ RANDOM_BITS.overloads[0].numpy(*changed)
            share = np.unpackbits(flipped.view(np.uint8)).mean()
            assert abs(share - 0.5) < 0.01


# ---------------------------------------------------------------- distributions


def test_floats_are_in_the_unit_interval(bits: Array) -> None:
    floats = call(RANDOM_FLOAT, bits)
    assert floats.dtype == np.float32
    assert floats.min() >= 0.0 and floats.max() < 1.0
    assert abs(floats.mean(dtype=np.float64) - 0.5) < 4.75 * math.sqrt(1 / 12 / COUNT)
    assert float(call(RANDOM_FLOAT, 0)) == 0.0
    assert float(call(RANDOM_FLOAT, LAST)) == 1.0 - 2.0**-24
    assert float(call(RANDOM_FLOAT, 1 << 8)) == 2.0**-24


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (1, 7), (-3, 4), (0, 1000), (INT_LOW, INT_HIGH), (-5, INT_HIGH), (INT_LOW, 0)],
)
def test_ints_are_scaled_exactly(bits: Array, low: int, high: int) -> None:
    some = np.concatenate([bits[:1000], np.array([0, 1, 2**31, LAST], np.uint32)])
    found = draw_int(some, low, high)
    assert found.dtype == np.int32
    assert found.tolist() == [low + b * (high - low) // 2**32 for b in some.tolist()]
    assert draw_int(0, low, high) == low and draw_int(LAST, low, high) == high - 1


@pytest.mark.parametrize(("low", "high"), [(3, 3), (3, 2), (INT_HIGH, INT_LOW)])
def test_an_empty_range_gives_its_low_end(low: int, high: int) -> None:
    assert [int(draw_int(b, low, high)) for b in (0, 2**31, LAST)] == [low] * 3


def test_ints_are_uniform(bits: Array) -> None:
    counts = np.bincount(draw_int(bits, -5, 95) + 5, minlength=100)
    assert_chi_square(chi_square(counts, COUNT / 100), 99)


def quantile(bits: Array) -> Array:
    """Return the exact quantile, from the tail that keeps its digits."""
    exact = NormalDist().inv_cdf
    tails = ((min(b, LAST - b) + 0.5) / 2.0**32 for b in bits.tolist())
    return np.array([exact(p) for p in tails]) * np.where(bits >> np.uint32(31), -1.0, 1.0)


def test_normal_is_the_quantile() -> None:
    few = np.arange(600)
    octaves = np.concatenate([2**e + few * 2 ** max(e - 9, 0) // 600 for e in range(31)])
    tails = np.concatenate([few, octaves, 2**31 - 1 - few]).astype(np.uint32)
    some = np.concatenate([tails, ~tails])
    found = call(RANDOM_NORMAL, some)
    assert found.dtype == np.float32
    assert np.abs(found - quantile(some)).max() < 4e-7
    assert not np.signbit(found[found == 0.0]).any()
    np.testing.assert_array_equal(call(RANDOM_NORMAL, tails), 0.0 - call(RANDOM_NORMAL, ~tails))
    ends = [float(call(RANDOM_NORMAL, b)) for b in (0, LAST)]
    np.testing.assert_allclose(ends, [-6.337958, 6.337958], rtol=1e-6)


def test_normal_never_falls() -> None:
    ordered = np.linspace(0, LAST, 400_000).astype(np.uint32)
    assert (np.diff(call(RANDOM_NORMAL, ordered)) >= 0.0).all()


def test_coefficients_interpolate_the_quantile() -> None:
    nodes = 0.5 - 0.5 * np.cos((np.arange(8) + 0.5) * np.pi / 8)
    for zeros, row in enumerate(QUANTILE[:-1]):
        tail = (2.0 ** (30 - zeros) * (1.0 + nodes) + 0.5) / 2.0**32
        values = [sum(c * (-t) ** k for k, c in enumerate(row)) * 2.0**-29 for t in nodes]
        exact = [-NormalDist().inv_cdf(p) for p in tail]
        np.testing.assert_allclose(values, exact, atol=(36 if zeros == 0 else 5) * 2.0**-29)
    assert abs(QUANTILE[-1][0] * 2.0**-29 + NormalDist().inv_cdf(2.0**-33)) < 2.0**-29


def test_normal_distribution(bits: Array) -> None:
    x = call(RANDOM_NORMAL, bits).astype(np.float64)
    assert abs(x.mean()) < 4.75 / math.sqrt(COUNT)
    assert abs(x.var() - 1.0) < 4.75 * math.sqrt(2 / COUNT)
    assert abs((x**3).mean()) < 4.75 * math.sqrt(15 / COUNT)
    inner = np.linspace(-3.5, 3.5, 71)
    counts = np.bincount(np.searchsorted(inner, x), minlength=72)
    steps = np.array([0.0, *(NormalDist().cdf(edge) for edge in inner), 1.0])
    assert_chi_square(chi_square(counts, COUNT * np.diff(steps)), 71)


# ---------------------------------------------------------------- functions for users


def test_functions_draw_what_the_rows_give() -> None:
    seed = 5 + 6 * 2**32
    words = [call(RANDOM_BITS, 5, 6, 77, draw) for draw in range(4)]
    with gk.at_seed(seed, cell=77):
        found = [gk.random(), gk.randint(-4, 9), gk.normal(), gk.random()]
    assert found[0] == call(RANDOM_FLOAT, words[0])
    assert found[1] == draw_int(words[1], -4, 9)
    assert found[2] == call(RANDOM_NORMAL, words[2])
    assert found[3] == call(RANDOM_FLOAT, words[3])
    assert [type(value) for value in found] == [float, int, float, float]
    with gk.at_seed(seed, cell=77):
        assert gk.random() == found[0]


def test_ends_of_randint_wrap_as_ints_do() -> None:
    with gk.at_seed(1, 0):
        wrapped = gk.randint(2**31, -(2**31) + 10)
    with gk.at_seed(1, 0):
        assert gk.randint(-(2**31), -(2**31) + 10) == wrapped


def test_inner_seeds_end_with_their_block() -> None:
    with gk.at_seed(1, 0):
        first = gk.random()
        with gk.at_seed(2, 0):
            assert gk.random() != first
        second = gk.random()
    with gk.at_seed(1, 0):
        assert [gk.random(), gk.random()] == [first, second]


@pytest.mark.parametrize(
    ("function", "arguments"), [(gk.random, ()), (gk.randint, (1, 2)), (gk.normal, ())]
)
def test_outside_of_kernels_there_are_no_draws(
    function: Callable[..., Any], arguments: tuple[int, ...]
) -> None:
    match = rf"{function.__name__}\(\) has a value only inside a kernel\nhint: .*kernel.at"
    with pytest.raises(KernelError, match=match):
        function(*arguments)


@pytest.fixture
def restored() -> Any:
    """Leave a known seed behind, whatever the test did."""
    yield
    gk.seed(0)


def test_seeds_repeat_after_seed(restored: None) -> None:
    gk.seed(11)
    first = [gk.next_seed() for _ in range(5)]
    gk.seed(11)
    assert [gk.next_seed() for _ in range(5)] == first
    assert len(set(first)) == 5 and all(0 <= s < 2**64 for s in first)
    number: Any = np.uint64(12)
    gk.seed(number)
    assert gk.next_seed() not in first


def test_threads_get_seeds_of_their_own(restored: None) -> None:
    gk.seed(3)
    expected = {gk.next_seed() for _ in range(800)}
    gk.seed(3)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.extend(gk.next_seed() for _ in range(100)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 800 and set(found) == expected


def test_split_seed() -> None:
    assert gk.split_seed(2**64 - 1) == (LAST, LAST)
    assert gk.split_seed(np.int64(1 + 2**33)) == (1, 2)
    for value in (-1, 2**64):
        with pytest.raises(KernelOverflowError, match=f"seed is {value}, but.*2.*64 - 1"):
            gk.split_seed(value)
    for bad in (1.0, "1", None):
        with pytest.raises(KernelTypeError, match="the seed is a .*, but seeds are ints"):
            gk.split_seed(bad)
