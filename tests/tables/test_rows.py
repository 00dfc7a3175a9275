"""Every builtin row: signature, NumPy meaning against Python's, derivative, doc, look-up.

The rows are the list: a row added to the table is tested here without a change.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpukernel.lang import functions
from gpukernel.lang.builtins import BUILTINS, find_builtin
from gpukernel.lang.operators import OPERATORS
from gpukernel.lang.random_rows import RANDOM_ROWS
from gpukernel.lang.table import Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, INT_MAX, INT_MIN, UINT, UINT_MAX
from tests.tables.sampling import DTYPES, edges, samples, ulp_distance

PAIRS = [(row, overload) for row in BUILTINS for overload in row.overloads]


def stamp(pairs: list[tuple[Row, Overload]]) -> Any:
    """Return pytest parameters with readable names."""
    return [pytest.param(r, o, id=f"{r.name}({o.signature})") for r, o in pairs]


OVERLOADS = stamp(PAIRS)
ROWS = [pytest.param(row, id=row.name) for row in BUILTINS]


@pytest.mark.parametrize("row", ROWS)
def test_row_is_well_formed(row: Row) -> None:
    assert row.doc and row.doc[0] == row.doc[0].strip() and row.doc.endswith(".")
    assert row.python and all(callable(function) for function in row.python)
    assert len(row.domain) == len(row.parameters)
    assert all(low < high for low, high in row.domain)
    assert row.derivative is None or len(row.derivative) == len(row.parameters)
    for overload in row.overloads:
        assert len(overload.params) <= len(row.parameters)
        assert overload.params
    if row.defaults:
        given = [value is None for value in row.defaults]
        assert len(given) == len(row.parameters)
        assert given == sorted(given, reverse=True)
        assert all(len(overload.params) == len(given) for overload in row.overloads)


@pytest.mark.parametrize("row", ROWS)
def test_narrow_overloads_come_first(row: Row) -> None:
    order = [BOOL, INT, UINT, FLOAT]
    for count in {len(overload.params) for overload in row.overloads}:
        kinds = [order.index(o.params[-1]) for o in row.overloads if len(o.params) == count]
        assert kinds == sorted(kinds)


@pytest.mark.parametrize("row", ROWS)
def test_ints_and_uints_do_not_mix(row: Row) -> None:
    """Only functions of floats take an int and a uint: others would silently lose digits."""
    for overload in row.overloads:
        if overload.params[0] == FLOAT and len(overload.params) > 1:
            mixed = [INT, *(UINT for _ in overload.params[1:])]
            of_ints = any(INT in o.params or UINT in o.params for o in row.overloads)
            assert (row.overload(mixed) is None) == of_ints
            assert row.overload([FLOAT, *mixed[1:]]) is overload
            assert row.overload([FLOAT, *mixed[:-1]]) is overload


def test_overload_by_types() -> None:
    row = find_builtin(min)
    assert row is not None
    for kinds, found in (
        ((BOOL, BOOL), BOOL),
        ((BOOL, INT), INT),
        ((BOOL, UINT), UINT),
        ((UINT, UINT), UINT),
        ((UINT, FLOAT), FLOAT),
    ):
        overload = row.overload(kinds)
        assert overload is not None and overload.result == found
    assert row.overload((INT, UINT)) is None
    assert row.overload((INT,)) is None


def test_no_two_rows_answer_to_one_object() -> None:
    objects = [id(function) for row in BUILTINS for function in row.python]
    assert len(objects) == len(set(objects))
    names = [row.name for row in BUILTINS]
    assert len(names) == len(set(names))


def test_find_builtin_by_identity() -> None:
    for row in BUILTINS:
        for function in row.python:
            assert find_builtin(function) is row
    assert find_builtin([]) is None
    assert find_builtin(len) is None


def test_helper_text_of_one_name_is_one_text() -> None:
    """Programs emit each text once, so two texts must not define one function."""
    rows = (*BUILTINS, *OPERATORS, *RANDOM_ROWS)
    texts = {text for row in rows for o in row.overloads for text in o.helpers}
    heads = [
        line
        for text in texts
        for line in text.splitlines()
        if line.endswith("{") and line[0] != " "
    ]
    assert len(heads) == len(set(heads))
    assert all(head.split()[1].startswith("gk_") for head in heads if head[0] != "}")


@pytest.mark.parametrize(("row", "overload"), OVERLOADS)
@pytest.mark.parametrize("float_dtype", [np.float32, np.float64])
def test_numpy_is_total_and_keeps_dtypes(row: Row, overload: Overload, float_dtype: Any) -> None:
    arguments = edges(overload, float_dtype)
    with np.errstate(all="ignore"):
        result = np.asarray(overload.numpy(*arguments))
        scalar = np.asarray(overload.numpy(*(a[0] for a in arguments)))
    expected = DTYPES | {FLOAT: float_dtype}
    assert result.dtype == expected[overload.result]
    assert scalar.dtype == expected[overload.result]
    assert result.shape == arguments[0].shape
    assert scalar.shape == ()


def _python_function(row: Row) -> Callable[..., Any] | None:
    """Return the CPython function a row means, if it has one."""
    for function in row.python:
        if inspect.isbuiltin(function) or inspect.isfunction(function):
            if getattr(function, "__module__", "") in ("math", "builtins", functions.__name__):
                return function
    return None


CPYTHON = stamp([pair for pair in PAIRS if _python_function(pair[0])])


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a Python function; keywords where it insists."""
    if function is math.isclose:
        names = ("rel_tol", "abs_tol")
        return function(*arguments[:2], **dict(zip(names, arguments[2:])))
    return function(*arguments)


@pytest.mark.parametrize(("row", "overload"), CPYTHON)
def test_numpy_means_what_python_means(row: Row, overload: Overload) -> None:
    function = _python_function(row)
    assert function is not None
    arguments = samples(row, overload, np.float64, 400)
    with np.errstate(all="ignore"):
        result = overload.numpy(*arguments)
    expected = [_call(function, tuple(v)) for v in zip(*(a.tolist() for a in arguments))]
    if overload.result in (INT, UINT):
        lowest = INT_MIN if overload.result == INT else 0
        wrapped = [(int(v) - lowest) % 2**32 + lowest for v in expected]
        np.testing.assert_array_equal(result, wrapped)
    else:
        np.testing.assert_allclose(result, np.array(expected), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("row", "overload"), CPYTHON)
def test_numpy_edges_are_pythons_where_python_has_an_answer(row: Row, overload: Overload) -> None:
    function = _python_function(row)
    assert function is not None
    arguments = edges(overload, np.float64)
    with np.errstate(all="ignore"):
        result = np.asarray(overload.numpy(*arguments))
    for i, values in enumerate(zip(*(a.tolist() for a in arguments))):
        try:
            expected = _call(function, values)
        except (ValueError, OverflowError, ZeroDivisionError):
            continue
        if overload.result == UINT:
            assert result[i] == expected % 2**32, values
        elif overload.result == INT:
            if INT_MIN <= expected <= INT_MAX:
                assert result[i] == expected, values
            elif overload.params[0] == FLOAT:
                assert result[i] == (INT_MAX if expected > 0 else INT_MIN), values
        else:
            np.testing.assert_allclose(result[i], expected, rtol=1e-13, err_msg=str(values))


def test_conversion_to_int_saturates() -> None:
    row = find_builtin(math.floor)
    assert row is not None
    values = np.array([math.nan, math.inf, -math.inf, 3e9, -3e9, -1.5, 2147483520.0], np.float32)
    with np.errstate(all="ignore"):
        result = row.overloads[-1].numpy(values)
    assert result.tolist() == [0, INT_MAX, INT_MIN, INT_MAX, INT_MIN, -2, 2147483520]


def test_integer_square_root_is_exact() -> None:
    row = find_builtin(math.isqrt)
    assert row is not None
    roots = np.arange(1, 46341, dtype=np.int64)
    values = np.concatenate([roots**2 - 1, roots**2, [INT_MAX]]).astype(np.int32)
    expected = [math.isqrt(v) for v in values.tolist()]
    assert row.overloads[0].numpy(values).tolist() == expected
    roots = np.arange(1, 65536, dtype=np.int64)
    large = np.concatenate([roots**2 - 1, roots**2, [UINT_MAX]]).astype(np.uint32)
    assert row.overloads[1].numpy(large).tolist() == [math.isqrt(v) for v in large.tolist()]


def test_defaults_are_those_of_python() -> None:
    for function, names in ((math.isclose, ("rel_tol", "abs_tol")), (np.isclose, ("rtol", "atol"))):
        row = find_builtin(function)
        assert row is not None
        parameters = inspect.signature(function).parameters
        defaults = dict(zip(row.parameters, row.defaults))
        assert {name: parameters[name].default for name in names} == {
            name: defaults[name] for name in names
        }


# ---------------------------------------------------------------- derivatives


def _float_overload(row: Row) -> Overload:
    """Return the widest overload that takes floats."""
    floats = [o for o in row.overloads if FLOAT in o.params]
    return max(floats, key=lambda o: len(o.params))


def _names() -> dict[str, Any]:
    """Return what a derivative may name: every builtin by its row's name."""
    names: dict[str, Any] = {"abs": abs, "min": min, "max": max, "round": round}
    names |= {name: getattr(math, name) for name in dir(math) if not name.startswith("_")}
    names |= {name: getattr(functions, name) for name in ("sign", "fract", "clamp")}
    return names


DERIVATIVES = [pytest.param(r, id=r.name) for r in BUILTINS if r.derivative is not None]


@pytest.mark.parametrize("row", DERIVATIVES)
def test_derivative_matches_central_differences(row: Row) -> None:
    overload = _float_overload(row)
    arguments = samples(row, overload, np.float64, 200, shrink=0.02)
    assert row.derivative is not None
    for position, text in enumerate(row.derivative):
        if text is None or overload.params[position] != FLOAT:
            continue
        slope, reliable = _difference(overload, arguments, position)
        values = _evaluate(row, text, overload, arguments)
        assert reliable.sum() > 100
        np.testing.assert_allclose(values[reliable], slope[reliable], rtol=2e-5, atol=2e-7)


def _difference(
    overload: Overload, arguments: list[Any], position: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return central differences, and where two step widths agree (no kink between)."""

    def shifted(h: float) -> Any:
        moved = list(arguments)
        moved[position] = moved[position] + h
        return overload.numpy(*moved)

    with np.errstate(all="ignore"):
        scale = 1e-5 * np.maximum(1e-2, np.abs(arguments[position]))
        near = (shifted(scale) - shifted(-scale)) / (2 * scale)
        far = (shifted(2 * scale) - shifted(-2 * scale)) / (4 * scale)
    return near, np.abs(near - far) <= 1e-5 * np.abs(near) + 1e-7


def _evaluate(
    row: Row, text: str, overload: Overload, arguments: list[Any]
) -> np.ndarray[Any, Any]:
    code = compile(text, row.name, "eval")
    with np.errstate(all="ignore"):
        results = np.broadcast_to(overload.numpy(*arguments), arguments[0].shape).tolist()
    names = _names()
    values = []
    for result, *inputs in zip(results, *(a.tolist() for a in arguments)):
        scope = names | dict(zip(row.parameters, inputs)) | {"result": result}
        values.append(eval(code, scope))
    return np.array(values)


# ---------------------------------------------------------------- sampling itself


def test_ulp_distance_counts_spacings() -> None:
    exact = np.array([1.0, 2.0**100, 0.0])
    near = np.array([1.0 + 2**-23, 2.0**100, 0.0], np.float32)
    assert ulp_distance(near, exact).tolist() == [1.0, 0.0, 0.0]
    assert DTYPES[INT] == np.int32
