"""Programs that are very deep, very long or need very much: a result, or an error that says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk

A = np.ones(3, np.float32)

# Expressions nested n deep, where Python's own parser takes that many.
DEEP: dict[str, Callable[[int], str]] = {
    "sum": lambda n: " + ".join(["a[0]"] * n),
    "powers": lambda n: "**".join(["a[0]"] * n),
    "minus signs": lambda n: "-" * n + "a[0]",
    "nots": lambda n: "not " * n + "(a[0] > 0)",
    "choices": lambda n: "".join(f"1.0 if a[0] > {i} else " for i in range(n)) + "2.0",
    "ands": lambda n: " and ".join(["a[0] > 0"] * n),
    "ors of numbers": lambda n: " or ".join(["int(a[0])"] * n),
    "comparisons": lambda n: "0" + " <= 1" * n,
}
BRACKETS: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "(" * n + "a[0]" + " + 1.0)" * n,
    "calls": lambda n: "abs(" * n + "a[0]" + ")" * n,
    "calls of two": lambda n: "max(a[0], " * n + "1.0" + ")" * n,
    "casts as indices": lambda n: "a[int(" * n + "0" + ")]" * n,
    "tuples": lambda n: "(" * n + "1" + ",)" * n + "[0]" * n,
    "lists": lambda n: "[" * n + "1" + "]" * n + "[0]" * n,
    "lambdas": lambda n: "(lambda x: " * n + "x" + ")(1.0)" * n,
}


def made(expression: str) -> gk.Kernel:
    kernel: gk.Kernel = gk.from_source(f"def f(a):\n    return {expression}\n", "f")
    return kernel


@pytest.mark.parametrize("kind", [*DEEP, *BRACKETS])
@pytest.mark.parametrize("depth", [300, 1000, 5000])
def test_too_deep_expression(kind: str, depth: int) -> None:
    with pytest.raises(gk.KernelSyntaxError, match="too deeply|too many nested"):
        made({**DEEP, **BRACKETS}[kind](depth))(A, device="cpu")


@pytest.mark.parametrize("kind", DEEP)
def test_deep_expression(kind: str) -> None:
    depth = 95 if kind == "choices" else 190
    f = made(DEEP[kind](depth))
    expected: Any = eval(DEEP[kind](depth), {"a": A})
    assert f(A, device="cpu").tolist() == [expected] * 3
    assert f.ir(A) and f.ir(A, stage="resolve") and f.glsl(A)


def test_deep_calls() -> None:
    assert made(BRACKETS["calls"](60))(A, device="cpu").tolist() == [1.0] * 3


def test_where_an_expression_is_too_deep() -> None:
    with pytest.raises(gk.KernelSyntaxError) as caught:
        made("-" * 500 + "a[0]")
    text = str(caught.value)
    assert ":2:212: error: this expression is nested too deeply (more than 200 operators" in text
    assert "hint: split it over several statements" in text
    assert text.count("error:") == 1


def nested_ifs(depth: int) -> str:
    lines = ["def f(a):", "    x = 0.0"]
    lines += ["    " * (i + 1) + f"if a[0] > -{i + 1}:" for i in range(depth)]
    return "\n".join([*lines, "    " * (depth + 1) + "x = 1.0", "    return x", ""])


def elifs(count: int) -> str:
    lines = ["def f(a):", "    if a[0] > 1000:", "        x = 0"]
    for i in range(count):
        lines += [f"    elif a[0] > {count - i - 1}:", f"        x = {i}"]
    return "\n".join([*lines, "    else:", "        x = -1", "    return x", ""])


def test_deep_blocks() -> None:
    assert gk.from_source(nested_ifs(90), "f")(A, device="cpu").tolist() == [1.0] * 3
    assert gk.from_source(elifs(90), "f")(A, device="cpu").tolist() == [89] * 3


def test_too_deep_blocks() -> None:
    with pytest.raises(gk.KernelSyntaxError, match="block is nested too deeply"):
        gk.from_source(elifs(300), "f")


def at_depth(depth: int, action: Callable[[], Any]) -> Any:
    return action() if depth == 0 else at_depth(depth - 1, action)


def depth_of_stack() -> int:
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def test_little_of_the_stack_is_left() -> None:
    f = made(DEEP["sum"](190))
    depth = sys.getrecursionlimit() - depth_of_stack() - 200
    with pytest.raises(gk.KernelSyntaxError, match="`f` is nested too deeply for Python's stack"):
        at_depth(depth, lambda: f(A, device="cpu"))
    assert f(A, device="cpu").tolist() == [190.0] * 3


def test_long_function() -> None:
    steps = "".join(f"    x = x * 0.5 + {i % 7}.0\n" for i in range(1000))
    f = gk.from_source(f"def f(a):\n    x = a[index()]\n{steps}    return x\n", "f")
    x = np.float32(1)
    for i in range(1000):
        x = x * np.float32(0.5) + np.float32(i % 7)
    assert f(A, device="cpu").tolist() == [x] * 3


def test_many_functions() -> None:
    functions = "".join(f"def g{i}(x):\n    return x + {i}.0\n" for i in range(300))
    calls = "".join(f"    x = g{i}(x)\n" for i in range(300))
    f = gk.from_source(f"{functions}def f(a):\n    x = a[index()]\n{calls}    return x\n", "f")
    assert f(A, device="cpu").tolist() == [1.0 + sum(range(300))] * 3


def test_lists_of_a_function_are_counted_apart() -> None:
    text = """
def g(x):
    xs = [x] * 4096
    return xs[7]
def f(a):
    xs = [a[0]] * 4096
    return g(xs[5])
"""
    assert gk.from_source(text, "f")(A, device="cpu").tolist() == [1.0] * 3
