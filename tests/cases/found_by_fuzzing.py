"""Programs that CPython and the devices once disagreed about, as `tests.fuzz` found them."""

from __future__ import annotations

import numpy as np

from gpukernel import index, vec2, vec3
from tests.cases.case import Cases

cases = Cases("found_by_fuzzing")

TABLE = np.array([[834, 433, -3], [2, 120, 871]])


@cases.add(TABLE, shape=(2,), reference=[[2, 120], [2, 120]])
def vector_loaded_from_the_end(a):
    return vec2.load(a, -1)


@cases.add(TABLE, shape=(3,), reference=[[0, 0, 0], [834, 433, -3], [2, 120, 871]])
def vector_loaded_from_before_the_start(a):
    return vec3.load(a, index() - 1)


@cases.add(TABLE, shape=(2,), reference=[[834, 433], [836, 553]])
def vectors_loaded_on_one_line(a):
    i = index()
    return vec2.load(a, -2) + vec2.load(a, i - 2) + vec2.load(a, -1) * float(i)


# ---------------------------------------------------------------- one list or vector, two names


def first_zeroed(xs):
    xs[0] = 0
    return xs


@cases.add(shape=(3,), reference=[705, 715, 725])
def returned_parameter_is_the_argument(start=5):
    xs = [start, index()]
    ys = first_zeroed(xs)
    ys[0] = 7
    return xs[0] * 100 + xs[1] * 10 + start


@cases.add(shape=(3,), reference=[7, 17, 27])
def list_that_a_nested_function_returns():
    xs = [0, index()]

    def same():
        return xs

    ys = same()
    ys[0] = 7
    return xs[0] + xs[1] * 10


@cases.add(shape=(2,), reference=[[9, 4], [9, 4]])
def exchanged_vectors_that_change():
    v, w = vec2(1.0, 2.0), vec2(3.0, 4.0)
    v, w = w, v
    v.x = 9.0
    return v if w.x == 1.0 else w


def turned(p):
    p = vec2(-p.y, p.x)
    return p


@cases.add(shape=(2,), reference=[[8, 3], [8, 3]])
def new_vector_of_a_replaced_parameter():
    v = vec2(1.0, 2.0)
    w = turned(v)
    w.x = 7.0
    return v + w


# ---------------------------------------------------------------- any and all of a generator


@cases.add(shape=(4,), reference=[False, False, True, True])
def any_of_floats_is_a_bool():
    i = index()
    return any(0.5 * c if c < i else 0.0 for c in range(3))


@cases.add(shape=(4,), reference=[1, 1, 1, 2])
def all_of_ints_counts_as_one():
    i = index()
    return all(c - i for c in range(3)) + any(7 * c for c in range(3))


@cases.add(np.array([3, 1, 0, 2]), reference=[3, 1, 0, 2])
def any_stops_at_the_first(a):
    seen = [0]

    def note(c):
        seen[0] += 1
        return c

    if any(note(c) == a[index()] for c in range(1, 5)):
        return seen[0]
    return 0


@cases.add(np.array([3, 1, 9, 2]), reference=[3, 1, 4, 2])
def all_stops_at_the_first(a):
    seen = [0]

    def note(c):
        seen[0] += 1
        return c

    if all(note(c) < a[index()] for c in range(1, 5)):
        return 4
    return seen[0]


# ---------------------------------------------------------------- computed once


@cases.add(shape=(2,), reference=[41, 42])
def index_of_a_component_is_computed_once():
    calls = [0]

    def place():
        calls[0] += 1
        return 0

    v = vec2(1.0, 2.0)
    v[place()] += 3.0
    return v.x * 10 + calls[0] + index()


# ---------------------------------------------------------------- targets from left to right


@cases.add(shape=(3,), reference=[3012, 1312, 2312])
def element_before_the_name_that_finds_it():
    i = index()
    xs = [1, 2, 3]
    xs[0], xs[1], xs[2] = xs[2], xs[0], xs[1]
    xs[i], i = i, xs[i]
    return xs[0] * 100 + xs[1] * 10 + xs[2] + i * 1000


@cases.add(shape=(3,), reference=[2965, 1795, 769])
def element_after_the_name_that_finds_it():
    i = index()
    xs = [5, 6, 7]
    i, xs[i] = 2 - i, 9
    return xs[0] + xs[1] * 10 + xs[2] * 100 + i * 1000


@cases.add(shape=(3,))
def names_and_components_in_turn():
    i = index()
    k = 2 - i
    v = vec3(1.0, 2.0, 3.0)
    v[k], k, v[k], i, v.x = v.y, i, float(k), k, float(i)
    return v.x + v.y * 10 + v.z * 100 + k * 1000 + i * 10000


# ---------------------------------------------------------------- constants that are not written


@cases.add(TABLE, shape=(2,), reference=0)
def negative_places_in_a_tuple_are_outside(a):
    place = (-1, -2)
    return a[place] + a[min(-1, 5), 0]


@cases.add(TABLE, shape=(2,), reference=[[2, 120], [2, 120]])
def vectors_loaded_at_computed_constants(a):
    k = -1
    return vec2.load(a, -2 + 1) + vec2.load(a, k) + vec2.load(a, int(-1.0))


# ---------------------------------------------------------------- chains that end early everywhere


def successor(x):
    return x + 1


@cases.add(shape=(3,), reference=[False, False, False])
def chain_that_no_cell_finishes():
    i = index()
    return i < 0 < successor(i) < 5


@cases.add(shape=(5,), reference=[12, 2, 1, 1, 1])
def chain_evaluates_as_far_as_it_holds():
    calls = [0]

    def counted(x):
        calls[0] += 1
        return x + 1

    i = index()
    holds = 0 <= i < counted(i) < 3 != counted(i + 1) < i + 9
    return holds * 10 + calls[0]


# ---------------------------------------------------------------- one element, four cells at once


@cases.add(np.array([-7, -161, 6, -91, -205, 4, -2, 3]))
def only_element_written_at_a_computed_place(a):
    xs = [a[index()] & 7]
    xs[min(xs[0], 0)] = a[index()] + 1
    return xs[0]


@cases.add(np.array([-7, -161, 6, -91, -205, 4, -2, 3]))
def only_element_read_at_a_computed_place(a):
    xs = [a[index()] & 7]
    place = min(xs[0], 0)
    xs[place] = xs[place]
    return xs[0]


# ---------------------------------------------------------------- what is known of elements


@cases.add(np.zeros((3, 5), int), reference=np.array([[320] * 5, [301] * 5, [21] * 5]))
def constant_written_at_a_computed_place(a):
    i, j = index()
    xs = [1, 2, 3]
    xs[i] = 0
    return xs[0] + 10 * xs[1] + 100 * xs[2]


@cases.add(np.zeros((2, 6), int))
def constant_written_before_a_short_loop(a):
    i, j = index()
    table = [[0, 0], [0, 0]]
    table[0][j % 2] = 5
    total = 0
    for r in range(2):
        for c in range(2):
            total += table[r][c] * (r + 2 * c + 1)
    return total


# ---------------------------------------------------------------- indices that only seem to vary


@cases.add(np.arange(8))
def index_that_cancels_out(a):
    i = index()
    return (max(a[i - i + 1], i) if not a[i * 0] else i) * 10 + (a[i - i + 2] < a[i])


# ---------------------------------------------------------------- loops that cells leave apart


@cases.add(np.zeros((1, 7)))
def all_cells_continue_together(a):
    i, j = index()
    digest = 0
    for k in range(0, min(max(j, -2), 4)):
        if k > 1:
            continue
        digest = digest * 31 + k + 1
    return digest


@cases.add(np.array([[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]]))
def all_cells_continue_or_some_return(a):
    i, j = index()
    n = j
    turns = 0
    while n > 0:
        n //= 2
        turns += 1
        if turns > 1:
            continue
        if a[i, j] > 0.5:
            return -1
    return turns


# Mesa took minutes to compile loops in a row, and one is in each of these.
@cases.add(np.arange(-8, 8) / 2)
def many_float_remainders(a):
    i = index()
    total = 0.0
    for k in range(8):
        total += (a[i] * (k + 1)) % 3.5
    return total + a[i] // 0.75
