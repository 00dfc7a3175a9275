"""Index variables that become their expressions, and those that must not."""

from __future__ import annotations

import numpy as np

from gpukernel import index
from gpukernel.passes.propagate import propagate
from tests.passes.running import prepare, text

A = np.arange(72, dtype=np.float32).reshape(8, 9) % 13


def changed(function, *arguments, shape=None) -> str:
    made = prepare(function, *arguments, shape=shape)
    program = made.check(propagate)
    assert propagate(program) is program
    return text(program)


def shifted(a, r):
    i, j = index()
    y = i + r - a.shape[0] // 2
    x = j - 1 + 2 * r
    return a[y, x]


def test_loads_get_the_indices_themselves():
    assert changed(shifted, A, 2) == (
        "$$0 = (a.shape[0] // 2)\n"
        "return a[((uniform(r) - $$0) + index(0)), (((uniform(r) * 2) - 1) + index(1))]"
    )


def own_successor(a):
    i = index()
    i = i + 1
    i += 2
    return a[0, i]


def test_a_variable_may_follow_itself():
    assert changed(own_successor, A, shape=(9,)) == "return a[0, (index(0) + 3)]"


def old_value(a):
    i, j = index()
    x = j + 1
    k = x
    x = a.shape[1] - x
    j = x + k
    return a[i, j] + x


def test_an_assignment_ends_what_was_known():
    got = changed(old_value, A)
    assert "$" not in got and "x = " not in got
    assert got.startswith("return (a[index(0), a.shape[1]]")


def counted(a):
    i, j = index()
    last = 0
    for k in range(3):
        y = last + k
        last = y
        y = i + k
        last = last + int(a[y, j])
    return last


def test_what_a_loop_assigns_is_unknown_in_it():
    got = changed(counted, A)
    assert "a[(k + index(0)), index(1)]" in got
    assert "last = (k + last)" in got


def branches(a):
    i, j = index()
    y = i
    k = 1
    if a[i, j] > 3:
        y = i + 1
        k = 2
    elif a[i, j] > 2:
        return 0.5
    else:
        k = 1
    return a[y, j + k] + a[y - 1, j]


def test_branches_leave_what_they_agree_on():
    got = changed(branches, A)
    assert "a[y, (k + index(1))]" in got and "a[(y - 1), index(1)]" in got


def only_one_goes_on(a):
    i, j = index()
    y = i
    if j == 0:
        y = i + 1
        return a[y, j]
    return a[y, j]


def test_a_branch_that_leaves_says_nothing():
    assert changed(only_one_goes_on, A).endswith("return a[index(0), index(1)]")


def dead(a):
    i, j = index()
    unused = a[i, j] * 2
    x = unused + 1
    for k in range(3):
        x = x + k
    k = 5
    if i > 2:
        y = i + j
    return a[i, j]


def test_dead_variables_go():
    assert changed(dead, A) == "for k in range(0, 3, 1):\nreturn a[index(0), index(1)]"


def helper(a, i, j):
    y = i + 1
    i = y + 1
    return a[i, j - y]


def test_parameters_count_as_known():
    made = prepare(lambda a: helper(a, index()[0], index()[1]), A)
    program = made.check(propagate)
    assert len(program.functions[0].locals) <= 1


def test_only_what_is_used_is_declared():
    program = prepare(shifted, A, 2).check(propagate)
    assert [v.name for v in program.kernel.locals] == ["$$0"]


def offsets(a):
    i, j = index()
    by = [0, 1, 3]
    places = [j, j + 2, 2 * j]
    by[1] = by[1] + 1
    copied = list(by)
    return a[i, j + by[1]] + a[i, places[2]] + a[i, copied[2]] + by[7 % 3]


def test_elements_at_known_places_are_followed():
    got = changed(offsets, A)
    assert "by" not in got and "places" not in got and "copied" not in got
    assert "(index(1) + 2)" in got and "(index(1) * 2)" in got and "a[index(0), 3]" in got


def unknown_elements(a):
    i, j = index()
    by = [1, 2, 3]
    by[i % 3] = 7
    other = [j, j]
    j = j + 1
    again = [0, 1]
    if a[i, j] > 5:
        again[0] = 1
    for k in range(3):
        again[1] = again[1] + k
    return a[i, by[0]] + a[i, other[1]] + a[i, again[0]] + a[i, again[1]]


def test_an_assignment_ends_what_was_known_of_elements():
    got = changed(unknown_elements, A)
    assert "by[0]" in got and "again[0]" in got and "again[1]" in got


def set_first(xs, value):
    xs[0] = value
    return value


def filled_by_helper(a):
    i, j = index()
    xs = [1, 2]
    set_first(xs, i)
    ys = [3, 4]
    y = set_first(ys, 9) + ys[0]
    return a[i, xs[0]] + y + ys[0]


def test_helpers_change_the_lists_that_they_get():
    changed(filled_by_helper, A)


def decided(a):
    i, j = index()
    k = 2
    is_even = k % 2 == 0
    step = 1 if is_even else j
    if is_even:
        k = k + 1
    else:
        k = 0
    return a[i, k + step] + (a[i, j] if k > 5 else 2.0)


def test_what_follows_from_constants_is_known():
    got = changed(decided, A)
    assert "a[index(0), 4]" in got and "index(1)" not in got
