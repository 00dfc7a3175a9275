"""How often loops run: proven where a launch says so, and never less than they really do."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from gpukernel import index
from gpukernel.codegen.plan import MAX_TURNS, Planner, Proofs
from gpukernel.passes.pipeline import OPTIMIZATIONS
from gpukernel.passes.ranges import find_bounds
from tests.passes.running import prepare

A = np.ones((6, 9), np.float32)
ALL = frozenset(OPTIMIZATIONS)


def prove(
    function: Any, *arguments: Any, optimize: frozenset[str] = ALL, cuts_loops: bool = True
) -> Proofs:
    made = prepare(function, *arguments)
    planner = Planner(made.program, optimize, 8, cuts_loops)
    return planner.prove(made.grid, list(made.shapes.values()), made.ints)


def iterations(function: Any, *arguments: Any) -> int:
    made = prepare(function, *arguments)
    return find_bounds(made.program).iterations(made.grid, made.shapes, made.ints)


def nested(a, limit):
    i, j = index()
    total = 0.0
    for p in range(limit):
        for q in range(p, limit, 3):
            total += a[p, q]
    return total


def counted_up(a, limit):
    i, j = index()
    n = 0
    while n < limit and a[i, j] > 0.0:
        n += 1
    return n


def counted_up_to(a, limit):
    i, j = index()
    n = -2
    while n <= limit:
        n += 3
    return n


def counted_down(a, limit):
    i, j = index()
    n = limit
    while a[i, j] > 0.0 and n >= 0:
        n = n - 2
    return n


def mirrored(a, limit):
    i, j = index()
    n = i
    while limit > n:
        n = 1 + n
    return n


def two_starts(a, limit):
    i, j = index()
    n = 0
    if a[i, j] > 2.0:
        n = -5
    while n < limit:
        n += 1
    return n


def nested_while(a, limit):
    i, j = index()
    total = 0
    n = 0
    while n < limit:
        m = 0
        while m < limit:
            m += 1
            total += m
        n += 1
    return total


def of_the_shape(a, limit):
    i, j = index()
    n = 0
    while n < a.shape[1] * limit:
        n += 1
    return n


PROVEN = [
    nested,
    counted_up,
    counted_up_to,
    counted_down,
    mirrored,
    two_starts,
    nested_while,
    of_the_shape,
]


@pytest.mark.parametrize("function", PROVEN)
def test_loops_end_in_time_for_few_iterations_only(function):
    assert prove(function, A, 9).ends_in_time == (True, True)
    assert prove(function, A, 10**6).ends_in_time == (False, False)


def test_a_fragment_has_four_times_as_many_turns_cell_after_cell():
    few, many = MAX_TURNS // 4 - 10, MAX_TURNS // 4 + 10
    assert prove(counted_up, A, few).ends_in_time == (True, True)
    assert prove(counted_up, A, many).ends_in_time == (True, False)
    assert prove(counted_up, A, MAX_TURNS + 10).ends_in_time == (False, False)


def test_only_drivers_that_end_loops_need_a_proof():
    assert prove(counted_up, A, 10**6, cuts_loops=False).ends_in_time == (True, True)
    assert prove(counted_up, A, 1, optimize=ALL - {"bounds"}).ends_in_time == (False, False)


def without_loops(a, limit):
    i, j = index()
    return a[i, j] * limit


def test_no_loop_ends_in_time():
    assert prove(without_loops, A, 10**6).ends_in_time == (True, True)


def float_condition(a, limit):
    i, j = index()
    z = 0.0
    while z < 3.0:
        z += a[i, j]
    return z


def changed_in_a_branch(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        if a[i, j] > 0.0:
            n += 1
    return n


def growing_limit(a, limit):
    i, j = index()
    n = 0
    end = limit
    while n < end:
        n += 1
        end += 1
        if a[i, j] > 5.0:
            break
    return n


def reset_inside(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        n += 1
        if a[i, n] > 3.0:
            n = 0
    return n


def without_condition(a, limit):
    i, j = index()
    n = 0
    while True:
        n += 1
        if n > a[i, j]:
            break
    return n


def wrong_direction(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        n -= 1
    return n


def stands_still(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        n += 0
    return n


def either_condition(a, limit):
    i, j = index()
    n = 0
    while n < limit or a[i, j] > 0.0:
        n += 1
    return n


def until_equal(a, limit):
    i, j = index()
    n = 0
    while n != limit:
        n += 2
    return n


def doubled(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        n = n * 2
    return n


def skipped_by_continue(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        if a[i, j] > 0.0:
            continue
        n += 1
    return n


def set_by_a_loop_inside(a, limit):
    i, j = index()
    n = 0
    while n < limit:
        n += 1
        for m in range(2):
            n -= m
    return n


def up_to_an_element(a, limit):
    i, j = index()
    n = 0
    while n < int(a[i, j]):
        n += 1
    return n


UNPROVEN = [
    float_condition,
    changed_in_a_branch,
    growing_limit,
    reset_inside,
    without_condition,
    wrong_direction,
    stands_still,
    either_condition,
    until_equal,
    doubled,
    skipped_by_continue,
    set_by_a_loop_inside,
    up_to_an_element,
]


@pytest.mark.parametrize("function", UNPROVEN)
def test_what_may_not_end_is_not_proven(function):
    assert prove(function, A, 9).ends_in_time == (False, False)


@pytest.mark.parametrize(
    ("function", "limit", "needed"),
    [
        (counted_up, 9, 9),
        (counted_up_to, 7, 4),
        (counted_up_to, 6, 3),
        (counted_down, 9, 5),
        (counted_down, 8, 5),
        (mirrored, 9, 9),
        (two_starts, 9, 14),
    ],
)
def test_how_tight_the_bound_of_one_loop_is(function, limit, needed):
    assert iterations(function, A, limit) == needed + 1  # the last look at the condition


def test_loops_that_never_run():
    for function in (nested, counted_up, counted_down, mirrored):
        assert iterations(function, A, -5) <= 2


def random_kernel(random: Random) -> list[str]:
    """Return the body of a kernel of nested loops, with a line for each iteration."""
    names = iter("pqrstuvw")
    lines: list[str] = []

    def bound(outer: list[str]) -> str:
        known = [*outer, "limit", "a.shape[0]", str(random.randint(-2, 5))]
        return random.choice([random.choice(known), f"{random.choice(known)} + 1"])

    def block(depth: int, outer: list[str]) -> None:
        pad, name = "    " * (depth + 1), next(names, "")
        if not name:
            return
        step = random.choice([1, 1, 2, 3])
        kind = random.choice(["for", "back", "while", "down"])
        if kind in ("for", "back"):
            ends = f"{bound(outer)}, {bound(outer)}"
            lines.append(f"{pad}for {name} in range({ends}, {step if kind == 'for' else -step}):")
        else:
            symbol = random.choice(["<", "<="] if kind == "while" else [">", ">="])
            lines.append(f"{pad}{name} = {bound(outer)}")
            lines.append(f"{pad}while {name} {symbol} {bound(outer)}:")
        lines.append(f"{pad}    total += 1.0")
        for _ in range(random.randint(0, 2) if depth < 2 else 0):
            block(depth + 1, [*outer, name])
        if kind in ("while", "down"):
            lines.append(f"{pad}    {name} {'+' if kind == 'while' else '-'}= {step}")

    for _ in range(random.randint(1, 2)):
        block(0, ["i"])
    return [*lines, "    return total"]


def compiled(name: str, lines: list[str]) -> Callable[..., Any]:
    """Return a function of a text, with the text where `inspect` finds it."""
    text = "\n".join([f"def {name}(a, limit):", *lines]) + "\n"
    file = f"<{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"index": index}
    exec(compile(text, file, "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    return function


@pytest.mark.parametrize("seed", range(60))
def test_no_bound_is_below_what_python_needs(seed):
    random = Random(seed)
    body = random_kernel(random)
    made = compiled(f"loops{seed}", ["    i, j = index()", "    total = 0.0", *body])
    counted = compiled(
        f"counted{seed}", ["    i, total = limit[1], 0.0", "    limit = limit[0]", *body]
    )
    a = np.ones((random.randint(1, 5), 3), np.float32)
    limit = random.randint(-3, 6)
    needed = max(counted(a, (limit, i)) for i in range(len(a)))
    assert iterations(made, a, limit) >= needed, "\n".join(body)


def by_two(a, limit):
    i, j = index()
    n = limit - 5
    count = 0
    while n < limit:
        n += 2
        count += 1
    return count


def with_builtins(a, limit):
    i, j = index()
    total = 0.0
    for k in range(limit):
        total += a[i, j] % (k + 1.5)
    return total


def test_counters_that_could_wrap_prove_nothing():
    assert prove(by_two, A, 2**31 - 1).ends_in_time == (False, False)
    assert prove(by_two, A, 1000).ends_in_time == (True, True)


def test_loops_of_builtins_count():
    assert prove(with_builtins, A, 10).ends_in_time == (True, True)
    assert prove(with_builtins, A, 50_000).ends_in_time == (False, False)
