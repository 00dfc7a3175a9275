"""Indices that are brought inside by hand: the same values, read as with boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.ir import nodes
from gpukernel.ir.walk import expressions
from gpukernel.kernel import Kernel
from gpukernel.passes.index_boundaries import find_facts, with_boundaries
from gpukernel.passes.propagate import propagate
from tests.passes.running import prepare

SHAPES = [(3, 1), (3, 2), (4, 3), (3, 5), (1, 8), (2, 13), (11, 12)]


def data(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).integers(-99, 99, shape).astype(np.float32)


# ---------------------------------------------------------------- values


def wrapped(a):
    i, j = index()
    h, w = a.shape
    total = 0.0
    for d in range(-9, 10, 3):
        total += (d + 12) * (a[(i + d) % h, j] + 3 * a[i, (j + d + 1) % w]) + a[
            (i - d) % h, (j + d) % w
        ]
    return total


def wrapped_in_variables(a):
    i, j = index()
    h, w = a.shape
    total = 0.0
    for d in range(-2, 3):
        y = (i + d) % h
        for e in range(-2, 3):
            x = (j + e + w) % w
            total += (5 * d + e) * a[y, x]
    return total


def wrapped_from_the_end(a):
    i, j = index()
    h, w = a.shape
    up = (i + h - 1) % h
    left = (j + w - 1) % w
    right = (j + 1) % w
    return (
        a[up, j] + 2 * a[i, left] + 3 * a[i, right] + 5 * a[up, right] + a[(i * 3) % h, (2 * j) % w]
    )


def clamped(a):
    i, j = index()
    h, w = a.shape
    total = 0.0
    for d in range(-9, 10, 3):
        total += (d + 12) * a[max(min(i + d, h - 1), 0), min(max(j + d, 0), w - 1)]
        total += d * a[gk.clamp(i - d, 0, h - 1), np.clip(j + d + 2, 0, w - 1)]
        total += d * d * a[np.minimum(h - 1, np.maximum(0, i + d)), max(0, min(w - 1, j - d))]
    return total


def clamped_one_sided(a):
    i, j = index()
    up = max(i - 1, 0)
    right = j + 1
    right = min(right, a.shape[1] - 1)
    down = min(a.shape[0] - 1, i + 1)
    return a[up, j] + 2 * a[down, right] + 3 * a[i, max(0, j - 3)] + 5 * a[max(i, 0), max(j + 2, 0)]


def half_clamped(a):
    i, j = index()
    total = 0.0
    for d in range(-3, 4):
        total += (d + 5) * a[max(i + d, 0), max(j + d, 0)] + d * a[i, min(j + d, a.shape[1] - 1)]
    return total


def mixed(a):
    i, j = index()
    h, w = a.shape
    return (
        a[(i - 1) % h, j - 1]
        + 2 * a[i + 1, min(j + 1, w - 1)]
        + 3 * a[i, j]
        + 5 * a[i - 1, (j + 2) % w]
    )


def far_away(a):
    i, j = index()
    h, w = a.shape
    k = (i * 73856093 + j * 19349663) % w
    return a[(i * 1000) % h, k] + 2 * a[i, max(0, min(j * 100, w - 1))] + 3 * a[(j - 100) % h, k]


def crossed(a):
    i, j = index()
    h, w = a.shape
    return a[(j - 1) % h, (i + 1) % w] + 2 * a[min(j, h - 1), max(i - 1, 0)] + 3 * a[j % h, i % w]


def chosen(a):
    i, j = index()
    h, w = a.shape
    up = i - 1 if i > 0 else h - 1
    down = 0 if i == h - 1 else i + 1
    left = w - 1 if j == 0 else j - 1
    right = j + 1 if j + 1 < w else 0
    total = a[up, left] + 2 * a[down, right] + 3 * a[i, j - 2 if j >= 2 else j - 2 + w]
    far = j + 3
    if far >= w:
        far -= w
    near = i - 1
    if near < 0:
        near = 0
    last = j + 1 if j != w - 1 else w - 1
    return (
        total + 5 * a[near, far] + 7 * a[up, last] + 11 * a[i + 2 if i + 2 <= h - 1 else h - 1, 0]
    )


def chosen_otherwise(a):
    i, j = index()
    h, w = a.shape
    total = 0.0
    for d in range(-2, 3):
        total += a[i + d if i + d > 0 else 0, j + d if j + d < w else w - 1]
        total += 3 * a[i + d if i + d >= 0 else h - 1, j + d if j + d != w else 0]
        total += 5 * a[i - d if not i - d < 0 else i - d + h, j if j + d < w else j + d - w]
        total += 7 * a[i + d if i + d < h - 1 else 0, w - 1 if j + d < 0 else j + d]
    return total


FUNCTIONS = [
    chosen,
    chosen_otherwise,
    wrapped,
    wrapped_in_variables,
    wrapped_from_the_end,
    clamped,
    clamped_one_sided,
    half_clamped,
    mixed,
    far_away,
    crossed,
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_values_are_those_of_the_indices(device: str, function: Any, shape: Any) -> None:
    check(function, data(shape))


@pytest.mark.parametrize("boundary", ["wrap", "clamp", "reflect"])
@pytest.mark.parametrize("function", [wrapped_in_variables, clamped_one_sided, mixed, crossed])
def test_arrays_may_have_boundaries_as_well(device: str, function: Any, boundary: str) -> None:
    for shape in [(4, 6), (5, 8)]:
        check(function, data(shape), boundary=boundary)


def check(function: Any, *arguments: Any, **options: Any) -> None:
    """Compare a launch with one that changes nothing of what is written."""
    plain = kernel(**options, optimize=False)(function)(*arguments, device="cpu")
    got = kernel(**options)(function)(*arguments)
    np.testing.assert_array_equal(got.numpy(), plain.numpy())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_values_are_pythons(device: str, function: Any) -> None:
    a = data((3, 7))
    made = kernel(function)
    for place in [(0, 0), (0, 6), (2, 0), (1, 3), (2, 6)]:
        assert made(a).numpy()[place] == made.at(place, a)


def cube(a):
    i, j, k = index()
    d, h, w = a.shape
    return (
        a[(i - 1) % d, min(j + 1, h - 1), (k + 1) % w]
        - a[max(i - 1, 0), (j - 1) % h, max(k - 2, 0)]
    )


def line(a):
    i = index()
    n = len(a)
    return a[(i - 1) % n] + 2 * a[min(i + 1, n - 1)] + 3 * a[(i + n - 3) % n] + 5 * a[max(i - 2, 0)]


def of_another_size(a, n):
    i = index()
    return a[(i - 1) % n] + 2 * a[min(i + 1, n - 1)] + 3 * a[max(min(i + 5, n - 2), 0)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 64, 301])
def test_other_ranks_and_sizes(device: str, size: int) -> None:
    for function, *arguments in [
        (line, data((size,))),
        (cube, data((2, 3, size))),
        (cube, data((size, 1, 4))),
        *((of_another_size, data((size,)), n) for n in (1, size - 1, size, size + 1)),
    ]:
        check(function, *arguments)


def test_an_empty_array_reads_zero(device: str) -> None:
    @kernel
    def read(a):
        i = index()
        n = len(a)
        return a[(i - 1) % n] + a[min(max(i, 0), n - 1)] + 1.0

    assert read(np.zeros(0, np.float32), shape=(5,)).tolist() == [1.0] * 5


def test_dtypes(device: str) -> None:
    for dtype in (np.int32, np.uint8, np.bool_, np.float16):
        a = data((4, 8)).astype(dtype)

        @kernel
        def read(a):
            i, j = index()
            h, w = a.shape
            return int(a[(i - 1) % h, (j + 1) % w]) + 3 * int(a[max(i - 1, 0), min(j + 1, w - 1)])

        rows, columns = np.ogrid[:4, :8]
        wanted = a[(rows - 1) % 4, (columns + 1) % 8].astype(np.int32)
        wanted += 3 * a[np.maximum(rows - 1, 0), np.minimum(columns + 1, 7)].astype(np.int32)
        np.testing.assert_array_equal(read(a).numpy(), wanted)


# ---------------------------------------------------------------- shaders


def five_points(a):
    i, j = index()
    h, w = a.shape
    around = a[(i - 1) % h, j] + a[(i + 1) % h, j] + a[i, (j - 1) % w] + a[i, (j + 1) % w]
    return around - 4.0 * a[i, j]


def five_points_in_variables(a):
    i, j = index()
    h, w = a.shape
    up, down = (i + h - 1) % h, (i + 1) % h
    left, right = (j + w - 1) % w, (j + 1) % w
    return a[up, j] + a[down, j] + a[i, left] + a[i, right] - 4.0 * a[i, j]


def five_points_clamped(a):
    i, j = index()
    h, w = a.shape
    around = a[max(i - 1, 0), j] + a[min(i + 1, h - 1), j]
    return around + a[i, max(j - 1, 0)] + a[i, min(j + 1, w - 1)] - 4.0 * a[i, j]


def five_points_chosen(a):
    i, j = index()
    h, w = a.shape
    up = i - 1 if i > 0 else h - 1
    down = i + 1 if i < h - 1 else 0
    left = w - 1 if j == 0 else j - 1
    right = j + 1
    if right == w:
        right = 0
    return a[up, j] + a[down, j] + a[i, left] + a[i, right] - 4.0 * a[i, j]


def at(a, i, j):
    return a[i % a.shape[0], j % a.shape[1]]


def five_points_in_a_function(a):
    i, j = index()
    return at(a, i - 1, j) + at(a, i + 1, j) + at(a, i, j - 1) + at(a, i, j + 1) - 4.0 * at(a, i, j)


def five_points_of_the_grid(a, n):
    i, j = index()
    around = a[(i - 1) % n, j] + a[(i + 1) % n, j] + a[i, (j - 1) % n] + a[i, (j + 1) % n]
    return around - 4.0 * a[i, j]


def five_points_as_they_are(a):
    i, j = index()
    return a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j]


def fetches(made: Kernel, *arguments: Any) -> int:
    """Return how many calls of functions that fetch the shader has."""
    text = made.glsl(*arguments)
    names = [
        line.split("(")[0].split()[-1] for line in text.split("\n") if line.startswith("vec4 fetch")
    ]
    assert "load_a" not in text
    return sum(text.count(f"= {name}(") for name in names)


@pytest.mark.parametrize(
    ("function", "boundary", "extra"),
    [
        (five_points, "wrap", ()),
        (five_points_in_variables, "wrap", ()),
        (five_points_in_a_function, "wrap", ()),
        (five_points_chosen, "wrap", ()),
        (five_points_of_the_grid, "wrap", (16,)),
        (five_points_clamped, "clamp", ()),
    ],
)
def test_fetches_are_those_of_a_boundary(function: Any, boundary: str, extra: Any) -> None:
    a = data((16, 16))
    native = kernel(boundary=boundary)(five_points_as_they_are)
    assert fetches(kernel(function), a, *extra) == fetches(native, a) == 5
    text = kernel(function).glsl(a, *extra)
    assert text.count("texelFetch(") == native.glsl(a).count("texelFetch(") == 1


def test_widths_that_do_not_fill_texels_are_read_whole_where_they_can() -> None:
    for made in (kernel(five_points), kernel(boundary="wrap")(five_points_as_they_are)):
        text = made.glsl(data((16, 15)))
        assert text.count("= fetch_a_") == 3
        assert text.count("load_a") == 1 + 2 * 4 or text.count("load_a_") == 1 + 2 * 4


def test_what_does_not_fit_the_size_stays() -> None:
    made = kernel(five_points_of_the_grid)
    for shape, n in [((16, 16), 15), ((16, 12), 16)]:
        assert "gk_imod" in made.glsl(data(shape), n)
    assert "gk_imod" not in made.glsl(data((16, 16)), 16)


def test_indices_anywhere_are_computed_as_before() -> None:
    assert kernel(far_away).glsl(data((16, 16))).count("gk_imod(x0") == 4


def test_explain_names_what_was_found() -> None:
    report = kernel(five_points).explain(data((16, 16)))
    assert "wrap along axis 0 of a, wrap along axis 1 of a" in report


# ---------------------------------------------------------------- the pass


def boundaries(function: Any, *arguments: Any) -> list[tuple[str, ...]]:
    """Return the boundaries of all reads of a launch, before any of them is rejected."""
    made = prepare(function, *arguments)
    program = propagate(made.program)
    facts, _ = find_facts(program)
    true = frozenset(f for f in facts if f.holds(made.grid, made.shapes, made.ints))
    changed = with_boundaries(program, true)
    loads = [n for f in changed.functions for n in expressions(f.body) if isinstance(n, nodes.Load)]
    return [node.boundaries for node in loads]


def forms(a):
    i, j = index()
    h, w = a.shape
    return (
        a[(i - 1) % h, max(j, 0)]
        + a[min(i, h - 1), min(j, w)]
        + a[np.mod(i, h), np.clip(j, 0, w - 1)]
        + a[gk.clamp(i, 1, h - 1), max(j, 1)]
        + a[(i % w), (j % h)]
        + a[(i % h) + 1, -(j % w)]
    )


def test_forms_of_boundaries() -> None:
    assert boundaries(forms, data((3, 5))) == [
        ("wrap", "clamp_low"),
        ("clamp_high", ""),
        ("wrap", "clamp"),
        (),
        (),
        (),
    ]
    assert boundaries(forms, data((5, 5)))[4] == ("wrap", "wrap")


def changing(a):
    i, j = index()
    x = (j + 1) % a.shape[1]
    y = min(i + 1, a.shape[0] - 1)
    first = a[y, x]
    if first > 0.0:
        x = i
    for k in range(2):
        y = y + k
    return first + a[y, x]


def test_variables_that_change_are_not_followed() -> None:
    assert boundaries(changing, data((3, 5))) == [("clamp_high", "wrap"), ()]
