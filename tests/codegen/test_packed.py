"""Four cells at once: what goes into and out of a fragment, beside sizes and control flow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.lang.types import ELEMENT_TYPES
from gpukernel.runtime.device import Device

DTYPES = list(ELEMENT_TYPES)
WIDTHS = [1, 3, 4, 5, 8, 9]
TABLE = np.array([3, 0, 4, 0, 5, 1, 2], np.int32)


def check(function: Any, *arguments: Any, shape: Any = None, **options: Any) -> list[np.ndarray]:
    """Launch with all optimisations and with packing alone, and compare with the plain CPU."""
    plain = gk.kernel(optimize=False, **options)(function)
    wanted = _values(plain(*arguments, shape=shape, device="cpu"))
    for optimize in ({"pack"}, True):
        made = gk.kernel(optimize=optimize, **options)(function)
        for a, b in zip(_values(made(*arguments, shape=shape, device="gl")), wanted):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    return wanted


def _values(result: Any) -> list[np.ndarray]:
    return [array.numpy() for array in (result if isinstance(result, tuple) else (result,))]


def samples(dtype: str, height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(width)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, (height, width), dtype, endpoint=True)
    numbers = random.standard_normal((height, width)) * 100
    return (numbers > 0) if dtype == "bool" else numbers.astype(dtype)


def shifted(a):
    i, j = index()
    return a[i, j - 1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_goes_in_and_out(gl: Device, dtype: str) -> None:
    for width in WIDTHS:
        check(shifted, samples(dtype, 3, width))


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bool"])
def test_results_become_elements_of_every_dtype(gl: Device, dtype: str) -> None:
    def scaled(a):
        i, j = index()
        return a[i, j] * 3 - 100

    source = {"f": "float32", "i": "int32", "u": "int32"}[np.dtype(dtype).kind]
    source = "uint32" if dtype == "uint32" else source
    for width in (3, 4, 9):
        values = samples(source, 3, width)
        check(scaled, values, dtype=dtype)
        if np.dtype(dtype).itemsize < 4:
            check(scaled, (values % 1000).astype(source), dtype=dtype)


def test_several_outputs_of_all_kinds(gl: Device) -> None:
    def several(a, n):
        i, j = index()
        x = a[i, j]
        return x > n, x * 2, x * 0.5, n, 2.5, True, i, abs(x) % 7, j - i

    for width in WIDTHS:
        check(several, samples("int16", 2, width), 5)


def test_results_that_are_the_same_for_all_cells(gl: Device) -> None:
    def constant(a, x, n, yes):
        return 7, x * 2, n + 1, yes, len(a)

    for shape in [(5,), (3, 5), (2, 3, 9), (3, 3), (1, 1, 1, 6)]:
        check(constant, np.zeros(shape, np.float32), 0.1, -3, True)


def test_floats_round_after_every_operation(gl: Device) -> None:
    def polynomial(a, b, x):
        i = index()
        y = a[i] * b[i] + a[i + 1] - b[i - 1] * x
        return y * y - a[i] * 0.1, (y + 0.1) + 0.2, y - a[i] * a[i]

    random = np.random.default_rng(1)
    for size in (7, 1000):
        a, b = (random.standard_normal((2, size)) * 10.0 ** random.integers(-9, 9, size)).astype(
            np.float32
        )
        check(polynomial, a, b, 0.3)


def test_special_floats_in_some_cells(gl: Device) -> None:
    def chosen(a):
        x = a[index()]
        y = 1.0 / x if x != 0 else x
        if x > 1e30 or x != x:
            y = -x
        return y, min(x, 2.0), max(x, -2.0), x == x, -x, abs(x), int(x), x > 0 and x * 0 == 0

    check(chosen, np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 2.5, -7.75, 1e38], np.float32))


def test_operators_on_ints(gl: Device) -> None:
    def arithmetic(a, n):
        x = a[index()]
        return x // 3, x % -7, n // (x | 1), x * x, -x, x << 2, x >> 1, x & n, x | n, x ^ n, ~x

    edges = [-(2**31), 2**31 - 1, 0, -1, 1, 7, -8, 65536, 123456789]
    check(arithmetic, np.array(edges, np.int32), 12345)


def test_operators_on_uints(gl: Device) -> None:
    def arithmetic(a, b):
        x, y = a[index()], b[index() - 1]
        return x // 3, x % 7, x // (y | 1), x * y, x - y, x << 2, x >> 1, x & y, x ^ y, ~x, x > y

    values = np.array([0, 1, 2**32 - 1, 2**31, 5], np.uint32)
    check(arithmetic, values, values)


@pytest.mark.parametrize("width", WIDTHS)
def test_an_output_that_is_also_read(gl: Device, width: int) -> None:
    def blurred(a, b):
        i, j = index()
        return a[i, j - 1] + a[i + 1, j] * 3 + a[i, j + 1] * 5 + b[j, i] * 7

    values = np.arange(1, 4 * width + 1, dtype=np.int32).reshape(4, width)
    wanted = gk.kernel(optimize=False)(blurred)(values, values, device="cpu").numpy()
    array = gk.array(values, device="gl")
    gk.kernel(blurred)(array, array, out=array, device="gl")
    np.testing.assert_array_equal(array.numpy(), wanted)
    again = gk.kernel(optimize=False)(blurred)(wanted, wanted, device="cpu").numpy()
    gk.kernel(blurred)(array, array, out=array, device="gl")
    np.testing.assert_array_equal(array.numpy(), again)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9, 33])
def test_cells_beyond_the_grid_do_not_loop(gl: Device, size: int) -> None:
    """Elements beyond the last are zeros, with which these loops would not end."""

    def steps(a):
        count = 0
        while count * a[index()] < 20:
            count += 1
        return count

    def table_steps(n):
        count = 0
        while count * values[index()] < n:
            count += 1
        return count

    def called(a):
        return table_steps(20) + a[index()]

    def in_a_row(a):
        i, j = index()
        count = 0
        while count * a[i, j] < 20:
            count += 1
        return count

    values = np.arange(1, size + 1, dtype=np.int32)
    check(steps, values)
    check(called, values)
    check(in_a_row, np.stack([values, values + 1]))


def halves(x):
    count = 0
    while x != 1:  # never for numbers below
        x //= 2
        count += 1
    return count


def table_steps(n):
    k = 0
    while k * TABLE[index()] < n:
        k += 1
    return k


def test_what_some_cells_skip_is_not_run_for_them(gl: Device) -> None:
    def chosen(a):
        x = a[index()]
        return halves(x) if x > 0 else -1

    def second_of_and(a):
        x = a[index()]
        if x > 0 and halves(x) > 1:
            return 1
        return 0

    def second_of_or(a, n):
        x = a[index()]
        y = x <= 0 or halves(x) == n
        z = n > 7 or x < 1 or (halves(x) if x > 3 else n) < 2
        return y, z

    def below_if(a):
        x = a[index()]
        y = -1
        if x > 0:
            y = halves(x)
            if x > 5:
                y += halves(x + 1) if x % 2 else 0
        return y

    def without_arguments_that_differ(a):
        y = 0
        if TABLE[index()] > 0:
            y = table_steps(20)
        return y + a[index()]

    def in_a_condition_of_a_loop(a):
        x = a[index()]
        while x > 0 and halves(x) > 1:
            x -= 2
        return x

    values = np.array([5, 0, 7, -3, 1, 0, 9], np.int32)
    for function in (chosen, second_of_and, below_if, in_a_condition_of_a_loop):
        check(function, values)
    check(second_of_or, values, 2)
    check(without_arguments_that_differ, values)


def test_lists_change_only_in_the_cells_that_call(gl: Device) -> None:
    def push(xs, value):
        xs[0] += value
        return xs[0] > 6

    def called(a):
        x = a[index()]
        xs = [x, 0, 1]
        if x > 2 and push(xs, x):
            xs[1] = 5
        y = push(xs, 10) if x % 2 else False
        if x < 4 or push(xs, 100):
            xs[2] = 7
        return xs[0], xs[1], xs[2], y

    check(called, np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 0], np.int32))


def test_small_arrays_that_all_cells_read_alike(gl: Device) -> None:
    def weighted(a, weights, n):
        i, j = index()
        total = a[i, j] * weights[n, -1]
        for k in range(weights.shape[0]):
            for m in range(weights.shape[1]):
                total += a[i + k - 1, j + m - 1] * weights[k, m]
        return total + weights[1, n] * 100

    made = gk.kernel(weighted)
    plain = gk.kernel(optimize=False)(weighted)
    a = np.arange(1, 41, dtype=np.int32).reshape(5, 8)
    for shape in [(3, 3), (2, 4), (4, 2), (1, 1), (8, 8), (3, 3), (9, 9)]:
        for n in (0, -2):
            weights = np.arange(n, n + shape[0] * shape[1], dtype=np.int32).reshape(shape)
            wanted = plain(a, weights, n, device="cpu").numpy()
            np.testing.assert_array_equal(made(a, weights, n, device="gl").numpy(), wanted)
    check(weighted, a, np.arange(6, dtype=np.int32).reshape(2, 3), 5, boundary="wrap")
    held = gk.array(np.ones((3, 3), np.int32), device="gl")
    made(a, held, 1, device="gl")
    gk.kernel(lambda x: x[index()] * 3)(gk.array(np.ones((3, 3), np.int32)), out=held)
    wanted = plain(a, np.full((3, 3), 3, np.int32), 1, device="cpu").numpy()
    np.testing.assert_array_equal(made(a, held, 1, device="gl").numpy(), wanted)


def test_reads_of_small_arrays_that_are_skipped(gl: Device) -> None:
    """Also where their index is outside: it is not the condition that is the same for all cells."""

    def skipped(a, weights, n):
        x = a[index()]
        total = 0
        for k in range(n):
            if k < 3 and x > 1:
                total += weights[k]
            total += weights[k] * 10 if k < 3 and x < 4 else 0
        return total

    check(skipped, np.array([3, 1, 4, 1, 5], np.int32), np.array([7, 8, 9], np.int32), 200)


def test_reads_share_a_texel_only_while_it_is_the_same(gl: Device) -> None:
    def shared(a, n):
        i = index()
        total = 0
        for k in range(0, n, 4):
            total += a[k] + a[k + 1] * 3 + a[i + k]
            k += 1
            total += a[k] * 5 + a[i + k]
            if a[k] > 4:
                k += 2
            total += a[k] * 7 + a[k + 1] * 11
        k = 2
        while k < n:
            total += a[k] - a[i - k]
            k += a[k] % 3 + 1
            total += a[k] * 13 + a[i + k + 1]
        return total

    values = (np.arange(11, dtype=np.int32) * 7 + 3) % 11
    for n in (0, 1, 4, 9, 33):
        check(shared, values, n)


def test_long_lists_under_masks(gl: Device) -> None:
    def lists(a):
        n = a[index()]
        xs = [0.0] * 33
        flags = [False] * 5
        if n > 2:
            xs = [1.5] * 33
            flags[n] = True
            for k in range(n):
                xs[k * n] += k
                if k == 3:
                    break
        else:
            xs[n] = 2.25
            flags = [True] * 5
        total = 0.0
        for k in range(33):
            total = total * 0.5 + xs[k]
        for k in range(5):
            if flags[k]:
                total += k
        return total

    check(lists, np.array([3, 1, 4, 1, 5, 9, 2, 6, 5], np.int32))


def index_that_cancels_out(a):
    i = index()
    return not a[i - i + 1]


def changes_its_list(xs, start):
    xs[0] = start + gk.random()
    return True


def result_that_is_the_same_beside_one_that_is_not(a):
    i = index()
    xs = [0.0, 1.0]
    if a[i] > 3 and changes_its_list(xs, 1.0):
        pass
    return int(xs[0] > 0.5) + 2 * int(changes_its_list(xs, 2.0))


@pytest.mark.parametrize(
    "function", [index_that_cancels_out, result_that_is_the_same_beside_one_that_is_not]
)
def test_what_is_the_same_in_all_lanes_becomes_a_vector(function: Any, gl: Device) -> None:
    for optimize in ({"pack"}, True):
        made = gk.kernel(optimize=optimize)(function)
        a = np.arange(8, dtype=np.int32)
        wanted = made(a, device="cpu", seed=1).numpy()
        np.testing.assert_array_equal(made(a, device="gl", seed=1).numpy(), wanted)
