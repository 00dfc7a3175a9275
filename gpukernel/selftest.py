"""Compare every usable device with CPython: ``python -m gpukernel selftest``.

Needs nothing but the core dependencies, so it tells on any machine whether its driver computes
what the language promises.  Programs are compared with their own Python function run cell by
cell; builtins with the Python function they stand for, over samples of their domain.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.table import EXACT, Budget, Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, Scalar

SAMPLES = 61  # of every builtin; not a multiple of 4, so that the last texel is a partial one

# ------------------------------------------------------------------ programs


def python_division(a, b):
    i = gk.index()
    return a[i] // b[i] * 1000 + a[i] % b[i]


def float_modulo(a, b):
    i = gk.index()
    x = a[i] * 0.75
    return x // b[i] * 100.0 + x % b[i]


def half_to_even(a):
    return round(a[gk.index()] * 0.5)


def powers(a):
    i = gk.index()
    return (a[i] * 0.5) ** 3 - a[i] ** 2


def bits(a, b):
    i = gk.index()
    return ((a[i] << 3) ^ (b[i] & 29)) | (~a[i] >> 1)


def nested_loops(a):
    i = gk.index()
    total = 0
    for j in range(a.shape[0]):
        if (j + i) % 3 == 0:
            continue
        for k in range(10, -10, -3):
            if k < a[j]:
                break
            total += k * (j + 1)
        i += 1
    return total


def early_return(a):
    i = gk.index()
    for j in range(50):
        for k in range(j):
            if j * k > a[i] * a[i]:
                return j * 100 + k
    return -1


def assigned_loop_variable(a):
    total = 0
    for j in range(10):
        total += j
        j = j + 5
        total += j
    return total + a[gk.index()]


def collatz(a):
    n = abs(a[gk.index()]) + 1
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def long_loop(a, limit):
    total = 0
    for j in range(limit + a[gk.index()]):
        total = (total * 5 + j) % 10007
    return total


def chained_comparison(a, b):
    i = gk.index()
    return -3 <= a[i] < b[i] or not (a[i] > 0 and b[i] > 0)


def transpose(m):
    i, j = gk.index()
    return m[j, i]


def outside_is_zero(m):
    i, j = gk.index()
    return m[i - 1, j + 1] + m[i * 2, j * 2]


def box_filter(m):
    i, j = gk.index()
    total = 0.0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            total += m[i + di, j + dj]
    return total / 9


def square(x):
    return x * x


def helper_calls(a, b):
    i = gk.index()
    return square(a[i]) - square(square(b[i]))


@dataclass(frozen=True)
class Case:
    """A program, its arguments, how far floats may be off, and the output shape."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    budget: Budget = EXACT
    shape: tuple[int, ...] | None = None


def make_cases() -> list[Case]:
    """Return the programs with their inputs."""
    a = np.arange(-9, 10, dtype=np.int32)
    b = np.array([3, -3, 7, -2, 5, -5, 1] * 3, np.int32)[: a.size]
    m = np.arange(35, dtype=np.float32).reshape(5, 7) * np.float32(0.5)
    return [
        Case(python_division, (a, b)),
        Case(float_modulo, (a.astype(np.float32), b), Budget(ulp=4)),
        Case(half_to_even, (a,)),
        Case(powers, (a.astype(np.float32),), Budget(ulp=8)),
        Case(bits, (a, b)),
        Case(nested_loops, (a,)),
        Case(early_return, (a,)),
        Case(assigned_loop_variable, (a,)),
        Case(collatz, (a,)),
        Case(long_loop, (a[:5], 20000)),
        Case(chained_comparison, (a, b)),
        Case(transpose, (m,), shape=(7, 5)),
        Case(outside_is_zero, (m,)),
        Case(box_filter, (m,), Budget(ulp=4)),
        Case(helper_calls, (a, b)),
    ]


def check_case(case: Case, device: str) -> str | None:
    """Run a program on a device and say how it differs from Python, or None."""
    kernel = gk.kernel(case.function)
    result = kernel(*case.arguments, shape=case.shape, device=device).numpy()
    shape = case.shape or case.arguments[0].shape
    exact = np.empty(shape, result.dtype)
    for cell in np.ndindex(*shape):
        exact[cell] = kernel.at(cell, *case.arguments)
    return difference(result, exact, case.budget)


# ------------------------------------------------------------------ builtins


def check_builtin(row: Row, overload: Overload, device: str) -> str | None:
    """Run one signature of a builtin over its domain and compare it with Python's function."""
    inputs, exact = make_samples(row, overload)
    if not exact.size:
        return None
    result = make_kernel(row.python[0], len(inputs))(*inputs, device=device).numpy()
    return difference(result, exact, row.budget)


def make_kernel(function: Callable[..., Any], count: int) -> gk.Kernel:
    """Return a kernel that applies a builtin of ``count`` parameters to every element."""

    def of_one(x):
        return function(x[gk.index()])

    def of_two(x, y):
        return function(x[gk.index()], y[gk.index()])

    def of_three(x, y, z):
        return function(x[gk.index()], y[gk.index()], z[gk.index()])

    def of_four(x, y, z, w):
        return function(x[gk.index()], y[gk.index()], z[gk.index()], w[gk.index()])

    forms: tuple[Callable[..., Any], ...] = (of_one, of_two, of_three, of_four)
    return gk.kernel(forms[count - 1])


def make_samples(row: Row, overload: Overload) -> tuple[list[np.ndarray], np.ndarray]:
    """Return one array a parameter and the exact results, without what Python refuses."""
    random = np.random.default_rng(7)
    # NumPy leaves some results open (a negative shift) that the language defines: ask the table.
    named = row.python[0]
    reference = overload.numpy if isinstance(named, np.ufunc) else named
    columns = [
        sample(scalar, domain, random)
        for scalar, domain in zip(overload.params, row.domain or ((-4.0, 4.0),) * 4)
    ]
    kept: list[tuple[Any, ...]] = []
    exact: list[Any] = []
    for values in zip(*(column.tolist() for column in columns)):
        value = call_python(reference, values)
        if value is not None and fits(value, overload.result):
            kept.append(values)
            exact.append(value)
    inputs = [
        np.array([values[n] for values in kept], column.dtype) for n, column in enumerate(columns)
    ]
    return inputs, np.array(exact, RESULT[overload.result])


RESULT = {FLOAT: np.float64, INT: np.int32, BOOL: np.bool_}


def sample(scalar: Scalar, domain: tuple[float, float], random: np.random.Generator) -> np.ndarray:
    """Return values of a domain, its ends included."""
    low, high = domain
    values = np.concatenate([[low, high], random.uniform(low, high, SAMPLES - 2)])
    if scalar is FLOAT:
        return np.asarray(np.clip(values, low, high), np.float32)
    if scalar is BOOL:
        return np.asarray(values > (low + high) / 2)
    return np.asarray(np.rint(np.clip(values, INT_MIN, INT_MAX)), np.int32)


def call_python(function: Callable[..., Any], values: Sequence[Any]) -> Any:
    """Return what Python gives, or None where it raises."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*values)
    except (ArithmeticError, ValueError):
        return None
    except TypeError:  # keyword-only in Python, such as the tolerances of isclose
        return None


def fits(value: Any, scalar: Scalar) -> bool:
    """Whether the exact value can be compared: an int of 32 bits, a float32 that is finite."""
    if scalar is FLOAT:
        return bool(abs(value) < 3e38)
    return scalar is BOOL or INT_MIN <= value <= INT_MAX


# ------------------------------------------------------------------ comparing and reporting


def difference(result: np.ndarray, exact: np.ndarray, budget: Budget) -> str | None:
    """Say where a result is further from the exact one than the budget allows, or None."""
    if result.shape != exact.shape:
        return f"shape {result.shape}, expected {exact.shape}"
    if result.dtype.kind != "f":
        wrong = result != exact
    else:
        single = np.maximum(np.abs(exact.astype(np.float32)), np.float32(2.0**-126))
        # Rounding the exact result to float32 is half a unit by itself.
        allowed = budget.absolute + (budget.ulp + 0.5) * np.spacing(single).astype(np.float64)
        wrong = ~(np.abs(result.astype(np.float64) - exact) <= allowed)
    if not wrong.any():
        return None
    cell = tuple(int(i) for i in np.argwhere(wrong)[0])
    count = int(wrong.sum())
    return f"{count} of {wrong.size} cells wrong, the first at {cell}: " + (
        f"{result[cell]!r}, Python gives {exact[cell]!r}"
    )


def run_checks(device: str) -> Iterator[tuple[str, str | None]]:
    """Yield the name of every check and what is wrong with it, or None."""
    for case in make_cases():
        yield f"program {case.function.__name__}", guarded(check_case, case, device)
    for row in BUILTINS:
        for overload in row.overloads:
            name = f"builtin {row.name}({overload.signature})"
            yield name, guarded(check_builtin, row, overload, device)


def guarded(check: Callable[..., str | None], *arguments: Any) -> str | None:
    """Return what a check says, or the error that it raised: the next one still runs."""
    try:
        return check(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def run_selftest() -> int:
    """Check every usable device, print a report, and return 0 when all agree, else 1."""
    start = time.perf_counter()
    print(f"gpukernel {gk.__version__} selftest, NumPy {np.__version__}")
    usable = gk.devices()
    failures = total = 0
    for device in usable:
        passed = 0
        for name, problem in run_checks(device):
            total += 1
            if problem is None:
                passed += 1
            else:
                failures += 1
                print(f"  FAILED on {device}: {name}\n    {problem}")
        print(f"device {describe(device)}: {passed} checks passed")
    if "gl" not in usable:
        print("device gl: cannot be used here (python -m gpukernel info says why)")
    seconds = math.ceil(time.perf_counter() - start)
    verdict = f"{failures} of {total} checks FAILED" if failures else f"all {total} checks passed"
    print(f"{verdict} ({seconds} s)")
    return 1 if failures else 0


def describe(device: str) -> str:
    """Return a device's name, for gl with its renderer."""
    if device != "gl":
        return device
    with gk.device(device):
        info = dict(gk.info())
    return f"gl ({info['renderer']}{', software' if info['software'] else ''})"
