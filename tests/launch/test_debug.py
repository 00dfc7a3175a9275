"""Debug mode and ``max_iterations``: what fails, where it says so, and that nothing is changed."""

from __future__ import annotations

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index


@gk.kernel(debug=True)
def neighbour(a):
    i, j = index()
    return a[i + 1, j]


@gk.kernel(debug=True)
def divided(a, b):
    i = index()
    return a[i] // b[i]


def checked_root(x):
    assert x >= 0.0, "a root of {x}"
    return x**0.5


@gk.kernel(debug=True)
def roots(a):
    return checked_root(a[index()])


@gk.kernel(debug=True)
def guarded(a):
    i = index()
    left = a[i - 1] if i > 0 else 0
    right = i + 1 < len(a) and a[i + 1] > 0
    return left + int(right)


@gk.kernel(debug=True)
def from_list(a):
    xs = [1, 2, 3]
    xs[a[index()]] = 7
    return xs[a[index()]]


@gk.kernel(debug=True)
def shifted(a):
    return 1 << a[index()]


@gk.kernel(debug=True)
def powered(a):
    return 2 ** a[index()]


@gk.kernel(shape=8, max_iterations=1000)
def collatz_steps(limit):
    n = index() + 1
    steps = 0
    while n != limit:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def test_index_out_of_range(device: str) -> None:
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    with pytest.raises(gk.KernelIndexError) as caught:
        neighbour(a)
    text = str(caught.value)
    assert "test_debug.py:15:12: error: index (3, 0) is outside `a`" in text
    assert "which has shape (3, 4)" in text
    assert "(in output cell (2, 0))" in text
    assert "^^^^^^^^^^^" in text
    np.testing.assert_array_equal(neighbour(a, shape=(2, 4)).numpy(), a[1:])


def test_division_by_zero(device: str) -> None:
    with pytest.raises(ZeroDivisionError, match="integer division by zero") as caught:
        divided(np.array([1, 2, 3]), np.array([1, 0, 0]))
    assert isinstance(caught.value, gk.KernelError)
    assert "cell 1)" in str(caught.value)
    assert divided(np.array([7]), np.array([2])).tolist() == [3]


def test_failed_assertion(device: str) -> None:
    with pytest.raises(
        gk.KernelAssertionError, match=r"an assertion failed: a root of \{x\}"
    ) as caught:
        roots(np.array([4.0, 1.0, -1.0]))
    assert "cell 2" in str(caught.value)
    assert roots(np.array([4.0, 9.0])).tolist() == [2.0, 3.0]


def test_assertions_are_not_checked_otherwise(device: str) -> None:
    @gk.kernel
    def unchecked(a):
        assert a[index()] > 0
        return a[index() + 5]

    assert unchecked(np.array([-1.0, 2.0])).tolist() == [0.0, 0.0]


def test_what_does_not_run_is_not_checked(device: str) -> None:
    assert guarded(np.array([1, 0, 2])).tolist() == [0, 2, 0]


def test_list_index(device: str) -> None:
    assert from_list(np.array([0, 2, -1])).tolist() == [7, 7, 7]
    with pytest.raises(gk.KernelIndexError, match="index 3 is outside a list of 3"):
        from_list(np.array([1, 3]))
    with pytest.raises(gk.KernelIndexError, match="index -4 is outside a list of 3"):
        from_list(np.array([-4, 3]))


def test_negative_counts(device: str) -> None:
    assert shifted(np.array([3])).tolist() == [8]
    with pytest.raises(ValueError, match="negative shift count"):
        shifted(np.array([1, -2]))
    with pytest.raises(ValueError, match="negative exponent"):
        powered(np.array([1, -2]))


def test_failure_leaves_out_as_it_was(device: str) -> None:
    out = gk.full(3, 9, np.int32)
    with pytest.raises(gk.KernelError):
        divided(np.array([1, 2, 3]), np.array([1, 0, 1]), out=out)
    assert out.tolist() == [9, 9, 9]
    divided(np.array([1, 2, 3]), np.array([1, 2, 1]), out=out)
    assert out.tolist() == [1, 1, 3]


def test_first_cell_of_many(device: str) -> None:
    a = np.zeros(5000, np.int32)
    b = np.ones(5000, np.int32)
    b[[4999, 1234, 2001]] = 0
    with pytest.raises(gk.KernelError, match="cell 1234"):
        divided(a, b)


def test_environment(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUKERNEL_DEBUG", "1")

    @gk.kernel
    def beyond(a):
        return a[index() + 1]

    with pytest.raises(gk.KernelIndexError):
        beyond(np.zeros(3))


def test_endless_loop_ends(device: str) -> None:
    assert collatz_steps(1).tolist() == [0, 1, 7, 2, 5, 8, 16, 3]
    with pytest.raises(gk.KernelError, match="max_iterations=1000"):
        collatz_steps(-1)
    assert collatz_steps(1).tolist() == [0, 1, 7, 2, 5, 8, 16, 3]


def test_iterations_of_helpers_count(device: str) -> None:
    def spin(n):
        while n > 0:
            n += 0
        return n

    @gk.kernel(shape=3, max_iterations=500)
    def endless():
        total = 0
        for k in range(100):
            total += spin(index() + k)
        return total

    with pytest.raises(gk.KernelError, match="max_iterations=500"):
        endless()


def test_iterations_of_generators_count(device: str) -> None:
    @gk.kernel(shape=2, max_iterations=10)
    def summed(n):
        return sum(k for k in range(n))

    assert summed(10).tolist() == [45, 45]
    with pytest.raises(gk.KernelError, match="max_iterations=10"):
        summed(11)


def test_iterations_are_counted_by_cell(device: str) -> None:
    @gk.kernel(shape=(40, 50), max_iterations=64)
    def short():
        total = 0
        for a in range(8):
            for b in range(6):
                total += a * b
        return total

    assert (short().numpy() == sum(a * b for a in range(8) for b in range(6))).all()
