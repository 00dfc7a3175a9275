"""What has no derivative is an error that names it, with its line: never a zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import gpukernel as gk
from gpukernel.derivative import Kinds, derivative_text, partial
from gpukernel.errors import KernelNameError, KernelSyntaxError, KernelTypeError
from gpukernel.frontend.text_function import function_from_text


def told(
    function: Callable[..., Any], place: Any = 0, kinds: Kinds | None = None
) -> tuple[str, list[str]]:
    """Return the message of the error, and its lines."""
    with pytest.raises(KernelTypeError) as caught:
        partial(function, place, kinds)
    text = str(caught.value)
    return text, text.splitlines()


def test_a_builtin_without_a_derivative() -> None:
    def count(x, y):
        t = x * 2.0
        return y + math.gamma(t * y)

    text, lines = told(count)
    assert "`gamma` has no derivative" in lines[0]
    assert lines[0].startswith(__file__)
    assert lines[1].endswith("return y + math.gamma(t * y)")
    assert lines[2].strip(" |") == "^" * len("math.gamma(t * y)")
    assert "hint:" in text


def test_it_is_no_error_where_nothing_depends_on_the_parameter() -> None:
    def count(x, y):
        return x * math.gamma(y)

    assert partial(count, 0)(3.0, 4.0) == 6.0


def test_all_of_them_are_told_and_those_in_helpers_with_their_calls() -> None:
    def inner(t):
        return math.lgamma(t)

    def count(x):
        return math.gamma(x) + inner(x)

    text, lines = told(count)
    assert text.count("has no derivative") == 2
    assert "`lgamma` has no derivative" in text
    assert "note: called from" in text


def test_an_int_parameter() -> None:
    def repeated(x, n):
        return x * n

    text, _ = told(repeated, 1, {1: int})
    assert "`n` is of type int, and only floats have derivatives" in text
    assert "partial(repeated, 1)" in text
    text, _ = told(repeated, 0, {0: bool})
    assert "`x` is of type bool" in text


def test_a_parameter_that_does_not_exist() -> None:
    def double(x):
        return 2.0 * x

    assert "there is no parameter 1; it has 1 parameters: x" in told(double, 1)[0]
    assert "there is no parameter -1" in told(double, -1)[0]
    assert "there is no parameter x" in told(double, "x")[0]
    assert "there is no parameter 3" in told(double, 0, {3: int})[0]
    assert "the type of `x` is 'float'" in told(double, 0, {0: "float"})[0]  # type: ignore[dict-item]


def test_several_results() -> None:
    def both(x):
        return x, 2.0 * x

    def vector(x):
        return gk.vec2(x, x)

    assert "`both` returns a tuple of 2" in told(both)[0]
    assert "`vector` returns a vector of 2" in told(vector)[0]


def test_what_is_no_function() -> None:
    assert "partial() needs a plain Python function, not a int" in told(3)[0]  # type: ignore[arg-type]


def test_a_recursive_function() -> None:
    with pytest.raises(KernelSyntaxError, match="calls itself"):
        partial(factorial, 0)


def factorial(x):
    return 1.0 if x < 1.0 else x * factorial(x - 1.0)


def test_an_unknown_name() -> None:
    def wrong(x):
        return x * unknown_factor  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(KernelNameError, match="unknown_factor"):
        derivative_text(wrong, 0)


@pytest.mark.parametrize("operator", ["+ x *", "*"])
def test_long_expressions_are_no_trouble(operator: str) -> None:
    text = "x" + f" {operator} x" * 150
    function = function_from_text(f"def long(x):\n    return {text}\n", "long", {}, "long")
    derivative = partial(function, 0)
    assert derivative(1.0) == (301.0 if "+" in operator else 151.0)
    assert partial(derivative, 0)(1.0) == (300.0 if "+" in operator else 151.0 * 150.0)
