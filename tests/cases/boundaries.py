"""`boundary=`: what reads outside an array give, for a kernel or for each argument."""

from __future__ import annotations

import numpy as np

from gpukernel import index, vec3
from tests.cases.case import Cases

cases = Cases("boundaries")

LINE = np.array([1.0, 2.0, 4.0, 8.0, 16.0], np.float32)
GRID = np.arange(1, 13).reshape(3, 4)
BLOCK = np.arange(1, 25).reshape(2, 3, 4)
FOUR = np.arange(1, 121, dtype=np.float32).reshape(2, 3, 4, 5)
PICTURE = np.arange(36, dtype=np.float32).reshape(3, 4, 3)
ONE = np.array([[7.0]], np.float32)
BYTES = np.array([[200, 100, 50], [1, 2, 3]], np.uint8)
FAR = np.array([-(2**31), -1000, -7, -1, 0, 4, 5, 6, 11, 1000, 2**31 - 1])
TABLE = np.array([10.0, 20.0, 30.0])
NUMPY_MODES = {"zero": "constant", "clamp": "edge", "wrap": "wrap", "reflect": "reflect"}


def place(i, n, boundary):
    """Return the element that index ``i`` reads of ``n``, None for zero."""
    if boundary == "clamp":
        return min(max(i, 0), n - 1)
    if boundary == "wrap":
        return i % n
    if boundary == "reflect":
        period = max(2 * (n - 1), 1)
        return min(i % period, period - i % period) if n > 1 else 0
    return i if 0 <= i < n else None


def read(array, indices, boundary):
    """Return the element that a kernel reads."""
    places = [place(i, n, boundary) for i, n in zip(indices, array.shape)]
    return 0 if None in places else array[tuple(places)]


def shifted(array, boundary, *offsets):
    """Return what every cell reads at its index plus the offsets."""
    cells = [
        read(array, np.add(position, offsets).tolist(), boundary)
        for position in np.ndindex(array.shape)
    ]
    return np.array(cells, array.dtype).reshape(array.shape)


def _neighbours(a):
    i = index()
    return a[i - 2] + 100 * a[i + 3]


def _far(where, a):
    return a[where[index()]]


def _shift_of_two(a):
    i, j = index()
    return a[i - 1, j + 2] * 100 + a[i + 2, j - 3]


def _shift_of_three(a):
    i, j, k = index()
    return a[i + 1, j - 2, k + 3]


def _shift_of_four(a):
    i, j, k, m = index()
    return a[i - 1, j + 2, k - 3, m + 4]


def _blur(a):
    i, j = index()
    total = 0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            total += a[i + di, j + dj]
    return total


for _boundary, _mode in NUMPY_MODES.items():
    _options = {"boundary": _boundary}
    _line = shifted(LINE, _boundary, -2) + 100 * shifted(LINE, _boundary, 3)
    cases.add(LINE, reference=_line, options=_options, name=f"{_boundary}_line")(_neighbours)
    _values = np.array([read(LINE, [i], _boundary) for i in FAR.tolist()], np.float32)
    cases.add(FAR, LINE, reference=_values, options=_options, name=f"{_boundary}_far")(_far)
    _grid = shifted(GRID, _boundary, -1, 2) * 100 + shifted(GRID, _boundary, 2, -3)
    cases.add(GRID, reference=_grid, options=_options, name=f"{_boundary}_grid")(_shift_of_two)
    _block = shifted(BLOCK, _boundary, 1, -2, 3)
    cases.add(BLOCK, reference=_block, options=_options, name=f"{_boundary}_block")(_shift_of_three)
    _four = shifted(FOUR, _boundary, -1, 2, -3, 4)
    cases.add(FOUR, reference=_four, options=_options, name=f"{_boundary}_four")(_shift_of_four)
    _padded = np.pad(GRID, 1, mode=_mode)  # type: ignore[call-overload]
    _sums = np.lib.stride_tricks.sliding_window_view(_padded, (3, 3)).sum(axis=(2, 3))
    cases.add(GRID, reference=_sums, options=_options, name=f"{_boundary}_as_numpy")(_blur)
    _one = ONE * (0 if _boundary == "zero" else 101)
    cases.add(ONE, reference=_one, options=_options, name=f"{_boundary}_one_cell")(_shift_of_two)
    cases.add(LINE, options=_options, name=f"{_boundary}_in_python")(_neighbours)


@cases.add(
    LINE,
    LINE,
    options={"boundary": {"a": "clamp", "b": "wrap"}},
    reference=shifted(LINE, "clamp", 2) * 100 + shifted(LINE, "wrap", 2),
)
def for_each_argument(a, b):
    i = index()
    return a[i + 2] * 100 + b[i + 2]


@cases.add(
    LINE,
    LINE,
    options={"boundary": {"b": "reflect"}},
    reference=shifted(LINE, "zero", -2) * 100 + shifted(LINE, "reflect", -2),
)
def others_keep_zero(a, b):
    i = index()
    return a[i - 2] * 100 + b[i - 2]


def before(a, i):
    return a[i - 1]


@cases.add(
    LINE,
    LINE,
    options={"boundary": {"a": "wrap", "b": "clamp"}},
    reference=shifted(LINE, "wrap", -1) * 100 + shifted(LINE, "clamp", -1),
)
def through_one_helper(a, b):
    i = index()
    return before(a, i) * 100 + before(b, i)


@cases.add(LINE, options={"boundary": "clamp"}, reference=LINE[[-1]] * 100 + LINE[[-2]])
def constants_still_count_from_the_end(a):
    return a[-1] * 100 + a[-2]


@cases.add(LINE, options={"boundary": "wrap"}, reference=np.roll(LINE, 1) + LINE)
def wrapped_index(a):
    i = index()
    return a[i - 1] + a[i + len(a)]


@cases.add(
    np.arange(12).reshape(3, 4) % 5 < 2,
    options={"boundary": "wrap"},
)
def life_on_a_torus(alive):
    i, j = index()
    count = 0
    for di in range(-1, 2):
        for dj in range(-1, 2):
            count += alive[i + di, j + dj]
    return count == 3 or (alive[i, j] and count == 4)


@cases.add(PICTURE, shape=(3, 4), options={"boundary": "clamp"}, reference=PICTURE[:, [1, 2, 3, 3]])
def vector_load(picture):
    i, j = index()
    return vec3.load(picture, i, j + 1)


@cases.add(BYTES, options={"boundary": "reflect"}, reference=shifted(BYTES, "reflect", 1, -2))
def narrow_ints(a):
    i, j = index()
    return a[i + 1, j - 2]


@cases.add(
    np.array([True, False, False]),
    options={"boundary": "clamp"},
    reference=[True, True, False],
)
def bools(a):
    return a[index() - 1]


@cases.add(LINE, options={"boundary": "clamp"}, reference=LINE + [10, 20, 30, 30, 30])
def captured_arrays_too(a):
    i = index()
    return a[i] + TABLE[i]


@cases.add(np.array([-4, 0, 3, 7]), options={"boundary": "clamp"}, reference=[0, 5, 0, 0])
def local_lists_keep_zero(where):
    xs = [5, 6, 7]
    return xs[where[index()]]
