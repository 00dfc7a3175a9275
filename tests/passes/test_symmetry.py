"""Functions that give the same for both orders of their arguments, and ones that may not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.lang.types import BOOL, FLOAT, INT
from gpukernel.passes.symmetry import is_symmetric
from gpukernel.vectorize import Vectorized


def square(x):
    return x * x


def add(a, b):
    return a + b


def product_and_sum(a, b):
    return a + b + a * b


def larger_size(a, b):
    return max(abs(a), abs(b))


def smallest(a, b):
    return np.minimum(b, a)


def either(a, b):
    return a != 0 or b != 0


def norm(a, b):
    return math.sqrt(float(square(a) + square(b)))


def difference(a, b):
    return a - b


def first(a, b):
    return a


def first_set(a, b):
    return b if a == 0 else a


def digits(a, b):
    return a // 10 * 10 + b % 10


def in_a_loop(a, b):
    total = a
    for _ in range(3):
        total = total + b
    return total


SYMMETRIC = (add, larger_size, smallest, either, norm)
OTHERS = (difference, first, first_set, digits, in_a_loop)


@pytest.mark.parametrize("kind", [INT, FLOAT, BOOL], ids=str)
@pytest.mark.parametrize("function", [*SYMMETRIC, *OTHERS], ids=lambda f: f.__name__)
def test_both_orders(function: Callable[[Any, Any], Any], kind: Any) -> None:
    pair = Vectorized(function, {})  # type: ignore[arg-type]
    typed = pair._infer(pair._current().snapshot(), {"a": kind, "b": kind}, 1)
    assert is_symmetric(typed.program, "a", "b") == (function in SYMMETRIC)


def test_sums_of_three_are_left_as_they_are() -> None:
    pair = Vectorized(product_and_sum, {})  # type: ignore[arg-type]
    typed = pair._infer(pair._current().snapshot(), {"a": FLOAT, "b": FLOAT}, 1)
    assert is_symmetric(typed.program, "a", "b")


def test_captured_numbers(device: str) -> None:
    weight = 2.0

    @gk.reduction
    def weighted(a, b):
        return weight * a + b  # not associative: only the types matter here

    assert weighted(np.array([1.0, 2.0], np.float32)) == 4.0
