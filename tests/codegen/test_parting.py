"""Cells of one texel that part: branches, loops, jumps, returns, lists and calls under masks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index
from gpukernel.kernel import Kernel
from gpukernel.passes.pipeline import OPTIMIZATIONS
from gpukernel.runtime.gl_device import GLDevice
from tests.codegen import parting
from tests.codegen.running import FULL, PLAIN, compare_sets
from tests.passes.running import Prepared, prepare

CALLED = {n: f for n, f in vars(parting).items() if isinstance(f, FunctionType) and n != "add"}
every_function = pytest.mark.parametrize("function", parting.FUNCTIONS, ids=lambda f: f.__name__)
PACKED = frozenset({"pack"})


def in_a_kernel(function: Callable[..., Any]) -> Kernel:
    """Return the kernel that has the function's statements, for every element of an array."""
    lines = inspect.getsource(function).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("def "))
    head = [f"def {function.__name__}(cells, n):", "    x = cells[index()]"]
    text = "\n".join([*head, *lines[first + 1 :]])
    made: Kernel = gk.from_source(text, function.__name__, CALLED)
    return made


def called_by_a_kernel(function: Callable[..., Any]) -> Kernel:
    """Return the kernel that calls the function for every element of a matrix."""

    def calls(cells, n):
        i, j = index()
        return function(cells[i, j], n) + 0

    return gk.kernel(calls)


def prepared(function: Callable[..., Any], called: bool = False) -> list[Prepared]:
    """Return a kernel's program with two values of ``n``."""
    numbers = np.random.default_rng(4).permutation(np.arange(-5, 32, dtype=np.int32))
    if called:
        return prepare_each(called_by_a_kernel(function), numbers[:33].reshape(3, 11))
    return prepare_each(in_a_kernel(function), numbers)


def prepare_each(made: Kernel, numbers: np.ndarray) -> list[Prepared]:
    return [prepare(made, numbers, n) for n in (3, 0)]


@every_function
def test_in_a_kernel(device: GLDevice, function: Callable[..., Any]) -> None:
    made = prepared(function)
    compare_sets(device, made, [PLAIN, PACKED, FULL])
    compare_sets(device, made, [FULL], guard_loops=True)


@every_function
def test_in_a_function(device: GLDevice, function: Callable[..., Any]) -> None:
    compare_sets(device, prepared(function, called=True), [FULL - {"inline"}], guard_loops=True)


@pytest.mark.parametrize("function", parting.FUNCTIONS[::2], ids=lambda f: f.__name__)
def test_each_optimization_switched_off(device: GLDevice, function: Callable[..., Any]) -> None:
    compare_sets(device, prepared(function), [FULL - {name} for name in OPTIMIZATIONS])


@pytest.mark.parametrize("function", parting.FUNCTIONS[1::3], ids=lambda f: f.__name__)
def test_each_optimization_alone(device: GLDevice, function: Callable[..., Any]) -> None:
    compare_sets(device, prepared(function), [{name} for name in OPTIMIZATIONS])
