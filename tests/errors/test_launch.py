"""What is said when a launch is wrong, and that nothing is changed by it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.errors import (
    DeviceError,
    KernelError,
    KernelOverflowError,
    KernelShapeError,
    KernelTypeError,
)
from tests.errors.rejected import read_message

A = np.arange(3, dtype=np.float32)


def _failing_rule(a: Any, n: Any = 1) -> tuple[int, ...]:
    return (a.shape[0] // 0,)


@kernel
def scaled(a, n=1):
    return a[index()] * n


@kernel
def constant(n):
    return n


@kernel(shape=_failing_rule)
def ruled(a, n=1):
    return a[0]


WRONG: list[tuple[str, Callable[[], object], type[KernelError], list[str]]] = [
    ("no argument", lambda: scaled(), KernelTypeError, ["`scaled` takes", "'a'", "(a, n=1)"]),
    ("too many", lambda: scaled(A, 1, 2), KernelTypeError, ["takes 2 arguments but 3 were given"]),
    ("unknown keyword", lambda: scaled(A, m=2), KernelTypeError, ["'m'", "scaled(a, n=1)"]),
    ("given twice", lambda: scaled(A, a=A), KernelTypeError, ["multiple values", "'a'"]),
    ("number for an array", lambda: scaled(1.0, shape=3), KernelTypeError, ["cannot be indexed"]),
    ("array for a number", lambda: scaled(A, A), KernelTypeError, ["`n` (float32 array", "n[i]"]),
    ("list", lambda: scaled([1.0]), KernelTypeError, ["`a` is a list", "np.array"]),
    ("tuple", lambda: scaled((1.0,)), KernelTypeError, ["`a` is a tuple", "one by one"]),
    ("None", lambda: scaled(None), KernelTypeError, ["`a` is None"]),
    ("string", lambda: scaled(A, "2"), KernelTypeError, ["`n` is a string"]),
    ("dict", lambda: scaled({}), KernelTypeError, ["`a` is a dict"]),
    ("complex number", lambda: scaled(A, 1j), KernelTypeError, ["`n` is a complex number"]),
    ("object", lambda: scaled(object()), KernelTypeError, ["`a` is a object, not an array"]),
    ("function", lambda: scaled(len), KernelTypeError, ["`a` is a builtin_function_or_method"]),
    ("int too large", lambda: scaled(A, 2**31), KernelOverflowError, ["is 2147483648", "32-bit"]),
    ("int too small", lambda: scaled(A, -(2**31) - 1), KernelOverflowError, ["-2147483649"]),
    ("float too large", lambda: scaled(A, 1e300), KernelOverflowError, ["`n` is 1e+300"]),
    ("complex array", lambda: scaled(A * 1j), KernelTypeError, ["`a`", "complex64", "float32"]),
    ("uint64 too large", lambda: scaled(np.array([2**40], "u8")), KernelOverflowError, ["`a`"]),
    ("object array", lambda: scaled(A.astype(object)), KernelTypeError, ["`a`", "object"]),
    ("string array", lambda: scaled(np.array(["x"])), KernelTypeError, ["`a` has dtype str"]),
    ("dates", lambda: scaled(A.astype("M8[s]")), KernelTypeError, ["`a`", "datetime64"]),
    ("int64 too large", lambda: scaled(np.array([2**40])), KernelOverflowError, ["1099511627776"]),
    ("float64 too large", lambda: scaled(np.array([1e200])), KernelOverflowError, ["1e+200"]),
    ("rank 5", lambda: scaled(np.zeros((1,) * 5)), KernelTypeError, ["`a` has 5 axes", "1 to 4"]),
    ("wrong rank", lambda: scaled(A, shape=(3, 3)), KernelTypeError, ["has 1 axis", "2 indices"]),
    ("no shape", lambda: constant(1), KernelShapeError, ["cannot be determined", "shape="]),
    ("negative shape", lambda: scaled(A, shape=-1), KernelShapeError, ["(-1,)", "none negative"]),
    ("empty shape", lambda: scaled(A, shape=()), KernelShapeError, ["()", "1 to 4"]),
    ("long shape", lambda: scaled(A, shape=(1,) * 5), KernelShapeError, ["1 to 4"]),
    ("float shape", lambda: scaled(A, shape=2.5), KernelShapeError, ["2.5 is not a shape"]),
    ("text shape", lambda: scaled(A, shape="3"), KernelShapeError, ["'3' is not a shape"]),
    ("failing rule", lambda: ruled(A), KernelShapeError, ["shape function", "ZeroDiv", "(a, n)"]),
    (
        "out is NumPy's",
        lambda: scaled(A, out=A),  # type: ignore[arg-type]
        KernelTypeError,
        ["is a ndarray", "gk.empty"],
    ),
    (
        "out of another dtype",
        lambda: scaled(A, out=gk.zeros(3, dtype="int32")),
        KernelTypeError,
        ["out= has dtype int32", "returns float32"],
    ),
    (
        "out of another shape",
        lambda: scaled(A, out=gk.zeros(3), shape=4),
        KernelShapeError,
        ["shape=4 contradicts out="],
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "fragments"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_wrong_launch(
    device: str, call: Callable[[], object], error: type[KernelError], fragments: list[str]
) -> None:
    with pytest.raises(KernelError) as caught:
        call()
    assert type(caught.value) is error
    for fragment in fragments:
        assert fragment in str(caught.value)
    assert read_message(str(caught.value)), "it must say where the kernel is"
    assert scaled(A, 2).tolist() == [0, 2, 4]  # the next launch works


def test_unknown_device() -> None:
    with pytest.raises(DeviceError, match="cpu"):
        scaled(A, device="cuda")
    assert scaled(A, device="cpu").tolist() == [0, 1, 2]


def test_shape_rule_keeps_its_cause() -> None:
    with pytest.raises(KernelShapeError) as caught:
        ruled(A, device="cpu")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_larger_than_the_device() -> None:
    with gk.device("cpu"), pytest.raises(DeviceError):
        constant(1, shape=(2**31 - 1, 2**31 - 1))


def test_out_is_untouched_after_an_error(device: str) -> None:
    out = gk.full(3, 7.0)
    for wrong in (lambda: scaled(A, "2", out=out), lambda: scaled(A, 2**40, out=out)):
        with pytest.raises(KernelError):
            wrong()
        assert out.tolist() == [7, 7, 7]
    assert scaled(A, 2, out=out) is out
    assert out.tolist() == [0, 2, 4]


def test_an_error_leaks_nothing(device: str) -> None:
    gc.collect()  # what earlier tests left in cycles
    before = gk.memory().arrays
    for _ in range(3):
        with pytest.raises(KernelTypeError):
            scaled(A, A)
    assert gk.memory().arrays == before


@pytest.mark.parametrize("target", [3, len, "text", int, object()])
def test_only_functions_become_kernels(target: Any) -> None:
    with pytest.raises(KernelTypeError, match="needs a plain Python function"):
        kernel(target)


def test_async_functions() -> None:
    async def later(a):
        return a[0]

    with pytest.raises(gk.KernelError, match="async"):
        kernel(later)
