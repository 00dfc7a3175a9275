"""What is said when an option of a kernel or of a launch is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, kernel
from gpukernel.errors import KernelError, KernelOverflowError, KernelShapeError, KernelTypeError

A = np.arange(3, dtype=np.float32)
LIST_OF_ARRAYS = [A, A]
BOUNDARIES = ["'zero'", "'clamp'", "'wrap'", "'reflect'"]
TEXT: Any = "lucky"
HALVES: Any = 1.5
LIST: Any = [1]
table: Any = A


def plain(a, n=1):
    return a[index()] * n


def unpacked(a, v):
    return a[index()] + v[0]


def pair(a):
    i = index()
    return a[i] * 2, i


def returns_vector(a):
    return gk.vec3(a[index()], 2.0, 3.0)


def captures(a):
    return a[index()] + table[0]


def draws(a):
    return gk.random() + a[index()]


def zeros(*dtypes: str) -> tuple[gk.Array, ...]:
    """Return arrays of the shape of `A`."""
    return tuple(gk.zeros(3, dtype=dtype) for dtype in dtypes)


OPTIONS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("unknown boundary", {"boundary": "mirror"}, ["boundary=", "'mirror'", *BOUNDARIES]),
    ("misspelt boundary", {"boundary": "Clamp"}, ["'Clamp'", "did you mean 'clamp'?"]),
    ("boundary of None", {"boundary": None}, ["boundary=", "None", *BOUNDARIES]),
    ("boundary of a number", {"boundary": 0}, ["boundary=", "0", *BOUNDARIES]),
    ("boundary of no argument", {"boundary": {"b": "wrap"}}, ["no argument `b`", "(a, n=1)"]),
    ("unknown boundary of one", {"boundary": {"a": "edge"}}, ["`a`", "'edge'", *BOUNDARIES]),
    ("boundary of a position", {"boundary": {0: "wrap"}}, ["boundary=", "0", "(a, n=1)"]),
    ("unknown dtype", {"dtype": "float23"}, ["dtype=", "'float23'", "float32"]),
    ("dtype of 64 bits", {"dtype": "float64"}, ["dtype=", "float64", "float32"]),
    ("dtype of long ints", {"dtype": np.int64}, ["dtype=", "int64", "int32"]),
    ("dtype of complex numbers", {"dtype": "complex64"}, ["dtype=", "complex64", "float32"]),
    ("dtype of strings", {"dtype": "U5"}, ["dtype=", "U5"]),
    ("dtype of a number", {"dtype": 32}, ["dtype=", "32", "float32"]),
    ("no turns", {"max_iterations": 0}, ["max_iterations=", "0", "positive"]),
    ("turns as text", {"max_iterations": "many"}, ["max_iterations=", "'many'", "int"]),
    ("turns as a float", {"max_iterations": 1e6}, ["max_iterations=", "1000000.0", "int"]),
    ("debug as text", {"debug": "yes"}, ["debug=", "'yes'", "True or False"]),
]


@pytest.mark.parametrize(
    ("options", "fragments"), [option[1:] for option in OPTIONS], ids=[o[0] for o in OPTIONS]
)
def test_wrong_option_of_a_kernel(options: dict[str, Any], fragments: list[str]) -> None:
    """It is said where the kernel is made, before any launch."""
    with pytest.raises(KernelTypeError) as caught:
        kernel(**options)(plain)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_unknown_option_of_a_kernel() -> None:
    with pytest.raises(TypeError, match="border"):
        kernel(border="clamp")  # type: ignore[call-overload]


WRONG: list[tuple[str, Callable[[], object], type[KernelError], list[str]]] = [
    ("seed as text", lambda: kernel(draws)(A, seed=TEXT), KernelTypeError, ["seed=", "'lucky'"]),
    ("seed as a float", lambda: kernel(draws)(A, seed=HALVES), KernelTypeError, ["seed=", "1.5"]),
    ("seed as a list", lambda: kernel(draws)(A, seed=LIST), KernelTypeError, ["seed=", "[1]"]),
    ("boundary at a launch", lambda: kernel(plain)(A, boundary="wrap"), KernelTypeError, ["bound"]),
    (
        "seed where nothing is drawn",
        lambda: kernel(plain)(A, seed=TEXT),
        KernelTypeError,
        ["seed="],
    ),
    (
        "tuple of one",
        lambda: kernel(unpacked)(A, (1.0,)),
        KernelTypeError,
        ["`v` is a tuple of 1", "2 to 4"],
    ),
    (
        "tuple of five",
        lambda: kernel(unpacked)(A, (1, 2, 3, 4, 5)),
        KernelTypeError,
        ["`v` is a tuple of 5", "2 to 4", "np.array"],
    ),
    (
        "tuple with a string",
        lambda: kernel(unpacked)(A, (1.0, "2")),
        KernelTypeError,
        ["`v`", "string"],
    ),
    (
        "tuple with an array",
        lambda: kernel(unpacked)(A, (1.0, A)),
        KernelTypeError,
        ["`v`", "one by one"],
    ),
    (
        "nested tuple",
        lambda: kernel(unpacked)(A, ((1, 2), 3)),
        KernelTypeError,
        ["`v`", "tuple"],
    ),
    (
        "large int in a tuple",
        lambda: kernel(unpacked)(A, (1, 2**31)),
        KernelOverflowError,
        ["`v`", "2147483648", "32-bit"],
    ),
    (
        "large float in a tuple",
        lambda: kernel(unpacked)(A, (1.0, 1e300)),
        KernelOverflowError,
        ["`v`", "1e+300"],
    ),
    (
        "one out for two results",
        lambda: kernel(pair)(A, out=gk.zeros(3)),
        KernelTypeError,
        ["out=", "2 arrays", "tuple"],
    ),
    (
        "three outs for two results",
        lambda: kernel(pair)(A, out=zeros("float32", "int32", "int32")),
        KernelTypeError,
        ["out=", "2 arrays", "3"],
    ),
    (
        "outs for one result",
        lambda: kernel(plain)(A, out=zeros("float32", "float32")),
        KernelTypeError,
        ["out=", "1 array"],
    ),
    (
        "outs in the wrong order",
        lambda: kernel(pair)(A, out=zeros("int32", "float32")),
        KernelTypeError,
        ["out", "int32", "float32"],
    ),
    (
        "one array as two outs",
        lambda: kernel(lambda a: (a[index()], 1.0))(A, out=zeros("float32") * 2),
        KernelTypeError,
        ["out=", "the same array"],
    ),
    (
        "outs of two shapes",
        lambda: kernel(pair)(A, out=(gk.zeros(3), gk.zeros(4, dtype="int32"))),
        KernelShapeError,
        ["out=", "(3,)", "(4,)"],
    ),
    (
        "out without the axis of a vector",
        lambda: kernel(returns_vector)(A, out=gk.zeros(3)),
        KernelShapeError,
        ["out=", "(3,)", "vec3"],
    ),
    (
        "out with another vector axis",
        lambda: kernel(returns_vector)(A, out=gk.zeros((3, 4))),
        KernelShapeError,
        ["out=", "(3, 4)", "vec3"],
    ),
    (
        "out of another dtype than dtype=",
        lambda: kernel(dtype="uint8")(plain)(A, out=gk.zeros(3)),
        KernelTypeError,
        ["out=", "float32", "uint8"],
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "fragments"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_wrong_launch_option(
    device: str, call: Callable[[], object], error: type[KernelError], fragments: list[str]
) -> None:
    with pytest.raises(KernelError) as caught:
        call()
    assert type(caught.value) is error
    for fragment in fragments:
        assert fragment in str(caught.value)
    assert kernel(plain)(A, 2).tolist() == [0, 2, 4]  # the next launch works


def test_outs_are_untouched_after_an_error(device: str) -> None:
    outs = gk.full(3, 7.0), gk.full(3, 7, dtype="int32")
    with pytest.raises(KernelTypeError):
        kernel(pair)(A, out=outs[::-1])
    assert [out.tolist() for out in outs] == [[7, 7, 7]] * 2
    results = kernel(pair)(A, out=outs)
    assert results[0] is outs[0] and results[1] is outs[1]
    assert [out.tolist() for out in outs] == [[0, 2, 4], [0, 1, 2]]


def test_captured_array_becomes_a_list(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A captured name is read at each launch, so it can go wrong at any."""
    reads_table = kernel(captures)
    assert reads_table(A).tolist() == [0, 1, 2]
    monkeypatch.setitem(globals(), "table", LIST_OF_ARRAYS)
    with pytest.raises(KernelTypeError, match="captured `table` is a list"):
        reads_table(A)
    monkeypatch.setitem(globals(), "table", A + 1)
    assert reads_table(A).tolist() == [1, 2, 3]


def test_captured_array_is_released(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_table = kernel(captures)
    released = gk.array(A)
    monkeypatch.setitem(globals(), "table", released)
    assert reads_table(A).tolist() == [0, 1, 2]
    released.release()
    with pytest.raises(KernelError, match="`table`"):
        reads_table(A)
