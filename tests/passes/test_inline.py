"""Functions in place of their calls: which ones, where they go, and what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpukernel import index, kernel
from gpukernel.ir import nodes
from gpukernel.passes import inline_functions as inline_functions_module
from gpukernel.passes.inline_functions import inline_functions
from gpukernel.passes.ranges import find_bounds
from tests.passes.running import prepare, simplify, text

A = (np.arange(72, dtype=np.float32).reshape(8, 9) * 7) % 13 - 5


def inlined(function: Any, *arguments: Any) -> nodes.Program:
    """Return a program with its calls inlined, which gives the same as before."""
    made = prepare(function, *arguments)
    program = made.check(inline_functions)
    assert inline_functions(program) is program
    return program


def names(program: nodes.Program) -> list[str]:
    return [function.name for function in program.functions]


def laplace(a, i, j):
    return a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j]


def stencil(a):
    i, j = index()
    return 0.5 * laplace(a, i, j)


def test_indices_are_seen_through_a_call():
    program = inlined(stencil, A)
    assert names(program) == ["stencil"]
    assert text(simplify(program)) == text(simplify(prepare(by_hand, A).program))
    proven = find_bounds(program).reach((8, 9), {"a": (8, 9)}, {})
    assert proven == {"a": ["near", "near"]}


def by_hand(a):
    i, j = index()
    return 0.5 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j])


def square(x):
    return x * x


def reads_once(a):
    i, j = index()
    return square(a[i, j] + 1.0) + square(a[i, j])


def test_arguments_are_computed_once():
    program = inlined(reads_once, A)
    assert names(program) == ["reads_once"]
    assert text(program).count("a[") == 2


def chosen(a):
    i, j = index()
    return square(a[i, j] + 1.0) if i > 3 else laplace(a, i, j)


def test_a_call_that_may_not_run_computes_nothing_before():
    program = inlined(chosen, A)
    assert names(program) == ["square", "chosen"]  # its argument would be read in all cells
    assert "laplace" not in text(program)


def sign_of(x):
    if x > 0.0:
        return 1.0
    if x < 0.0:
        y = -1.0
        return y
    return 0.0


def branching(a):
    i, j = index()
    x = a[i, j]
    return sign_of(x) if j > 2 else 2.0


def test_branches_that_return_become_choices():
    program = inlined(branching, A)
    assert names(program) == ["branching"]
    assert "if" in text(program)


def smallest_and_largest(a, i):
    low = a[i, 0]
    high = a[i, 0]
    for k in range(1, a.shape[1]):
        low = min(low, a[i, k])
        high = max(high, a[i, k])
    return low, high


def spread(a):
    i, j = index()
    low, high = smallest_and_largest(a, i)
    high, low = smallest_and_largest(a, i - 1)
    return (a[i, j] - low) / (high - low + 1.0)


def test_several_results_and_loops():
    program = inlined(spread, A)
    assert names(program) == ["spread"]
    assert text(program).count("for ") == 2


def swap(x, y):
    return y, x


def swapped(a):
    i, j = index()
    x = a[i, j]
    y = a[j, i]
    for _ in range(3):
        x, y = swap(x, y)
    return x + 10 * y


def test_results_do_not_overwrite_each_other():
    assert names(inlined(swapped, A)) == ["swapped"]


def collatz_step(n):
    if n % 2 == 0:
        m = n // 2
    else:
        m = 3 * n + 1
    return m


def collatz(a):
    i, j = index()
    n = i + j + 1
    steps = 0
    while n > 1 and collatz_step(n) > 0:
        n = collatz_step(n)
        steps += 1
    return steps


def test_conditions_of_loops_keep_what_has_statements():
    program = inlined(collatz, A)
    assert names(program) == ["collatz_step", "collatz"]
    assert text(program).count("collatz_step(") == 1


def total_of(values):
    return values[0] + values[1]


def with_list(a):
    i, j = index()
    values = [a[i, j], a[j, i]]
    return total_of(values)


def test_lists_are_passed_as_before():
    assert names(inlined(with_list, A)) == ["total_of", "with_list"]


def own_list(a, i):
    found = [0.0] * 4
    for k in range(4):
        found[k] = a[i, k]
    return found[1] + found[3] * found[i % 4]


def uses_own_list(a):
    i, j = index()
    total = 0.0
    for k in range(2):
        total += own_list(a, i + k) - own_list(a, j + k)
    return total


def test_functions_with_lists_of_their_own():
    assert names(inlined(uses_own_list, A)) == ["uses_own_list"]


def outer(a, i, j):
    left = a[i, j - 1]
    return left * square(left) - square(a[i, j])


def nested(a):
    i, j = index()
    left = outer(a, j, i)
    return left + outer(a, i, j)


def test_functions_of_functions_have_variables_of_their_own():
    assert names(inlined(nested, A)) == ["nested"]


def checked(a, k):
    assert k > 2, "too small"
    return a[k, 0]


def checking(a):
    i, _ = index()
    return checked(a, i)


@pytest.mark.parametrize("debug", [False, True])
def test_checks_stay_in_their_functions(debug: bool) -> None:
    made = prepare(kernel(debug=debug)(checking), A)
    names_left = names(inline_functions(made.program))
    assert names_left == (["checked", "checking"] if debug else ["checking"])


def big(x):
    for _ in range(2):
        x = x + x * 3.0 - x / 2.0 + x * x - x * 4.0 + x * 5.0 - x * 6.0 + x * 7.0 - x * 8.0
        x = x + x * 3.0 - x / 2.0 + x * x - x * 4.0 + x * 5.0 - x * 6.0 + x * 7.0 - x * 8.0
    return x


def calls_once(a):
    i, j = index()
    return big(a[i, j])


def calls_twice(a):
    i, j = index()
    return big(a[i, j]) - big(a[j, i])


def test_large_functions_go_to_their_only_call():
    assert names(inlined(calls_once, A / 100)) == ["calls_once"]
    assert names(inlined(calls_twice, A / 100)) == ["big", "calls_twice"]


def doubled(a, i, j):
    return laplace(a, i, j) + laplace(a, j, i)


def four_times(a, i, j):
    return doubled(a, i, j) + doubled(a, i + 1, j)


def many(a):
    i, j = index()
    total = 0.0
    for k in range(3):
        total += four_times(a, i + k, j) + four_times(a, i, j + k) + four_times(a, k, k)
    return total


def test_programs_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(inlined(many, A)) == ["four_times", "many"]
    monkeypatch.setattr(inline_functions_module, "MAX_GROWTH", 100)
    assert names(prepare(many, A).check(inline_functions)) == ["doubled", "many"]
    monkeypatch.setattr(inline_functions_module, "MAX_GROWTH", 0)
    made = prepare(many, A).program
    assert inline_functions(made) is made


@pytest.mark.parametrize(
    "function", [stencil, chosen, branching, spread, swapped, collatz, uses_own_list, nested, many]
)
def test_devices_give_what_python_does(device: str, function: Any) -> None:
    got = kernel(function)(A).numpy()
    plain = kernel(optimize=False)(function)(A).numpy()
    np.testing.assert_array_equal(got, plain)
    for place in [(0, 0), (3, 8), (7, 2)]:
        np.testing.assert_allclose(got[place], kernel(function).at(place, A), rtol=1e-5)
