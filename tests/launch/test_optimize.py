"""``optimize=``: which optimisations a kernel uses; results never depend on it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import index, launch
from gpukernel.passes.pipeline import OPTIMIZATIONS, PASSES

ALL = frozenset(OPTIMIZATIONS)
CHOICES: list[Any] = [
    True,
    False,
    np.True_,
    (),
    ["fold"],
    {"fold", "hoist"},
    *((name,) for name in OPTIMIZATIONS),
    *(ALL - {name} for name in OPTIMIZATIONS),
]
WRONG = [
    (1, "optimize=1 is neither a bool nor names", "write optimize=True or False, or use some of"),
    (None, "optimize=None is neither a bool nor names", "write optimize=True or False"),
    ("fold", "optimize='fold' is a str", "write optimize=('fold',)"),
    ("flod", "optimize='flod' is a str", "did you mean 'fold'? use some of 'fold', "),
    (["fold", "packs"], "'packs' in it, which is no optimisation", "did you mean 'pack'? use"),
    (("Unroll",), "'Unroll' in it", "did you mean 'unroll'?"),
    ({"fold": 1, 3: 2}, "3 in it, which is no optimisation", "use some of 'fold'"),
]


def weighted(a, b, bias):
    i, j = index()
    total = bias * 2.0
    for k in range(a.shape[1]):
        total += a[i, k] * b[k, j] + (1.0 if i > j else -1.0)
    return total


@pytest.mark.parametrize("optimize", CHOICES, ids=str)
def test_results_do_not_depend_on_it(optimize, device):
    a, b = np.arange(15.0).reshape(3, 5), np.arange(30.0).reshape(5, 6)
    i, j = np.indices((3, 6))
    made = gk.kernel(optimize=optimize, shape=lambda a, b, bias: (a.shape[0], b.shape[1]))
    result = made(weighted)(a, b, 3.0)
    np.testing.assert_array_equal(result.numpy(), a @ b + 6.0 + np.where(i > j, 5.0, -5.0))


def test_passes_that_are_off_do_not_run(monkeypatch):
    ran: list[str] = []

    def noted(name: str, run: Any) -> Any:
        def note_and_run(program: Any) -> Any:
            ran.append(name)
            return run(program)

        return note_and_run

    monkeypatch.setattr(launch, "PASSES", [(name, noted(name, run)) for name, run in PASSES])
    names = [name for name, _ in PASSES]
    a = np.zeros((3, 3))
    for chosen in (ALL, frozenset[str](), *({name} for name in names), *(ALL - {n} for n in names)):
        gk.kernel(optimize=chosen)(weighted).ir(a, a, 1.0)
        assert ran == [name for name in names if name in chosen]
        ran.clear()


@pytest.mark.parametrize("name", OPTIMIZATIONS)
def test_explain_says_what_is_off(name):
    a = np.zeros((3, 3))
    without = gk.kernel(optimize=ALL - {name})(weighted).explain(a, a, 1.0)
    alone = gk.kernel(optimize={name})(weighted).explain(a, a, 1.0)
    off = re.compile(r"^  (\w+): switched off$", re.MULTILINE)
    assert off.findall(without) == [name]
    assert set(off.findall(alone)) == ALL - {name}


def test_the_program_is_folded_only_with_fold():
    constants = gk.kernel(optimize=())
    folded = gk.kernel(optimize=("fold",))

    def twelve(a):
        return a[index()] + 3.0 * 4.0

    a = np.zeros(3)
    assert "12.0" not in constants(twelve).ir(a)
    assert "12.0" in folded(twelve).ir(a)
    assert "12.0" not in constants(twelve).glsl(a).replace("twelve", "")


def test_vectorize_and_reduction_take_it(device):
    @gk.vectorize(optimize=["fold"])
    def double(x):
        return x * (1.0 + 1.0)

    @gk.reduction(identity=0, optimize=False)
    def total(a, b):
        return a + b

    @gk.reduction(identity=0, optimize=iter(["fold", "pack"]))
    def largest(a, b):
        return max(a, b)

    values = np.arange(100)
    np.testing.assert_array_equal(double(values).numpy(), values * 2.0)
    assert total(values) == 4950
    assert largest(values) == 99


@pytest.mark.parametrize(("given", "message", "hint"), WRONG, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("decorator", [gk.kernel, gk.vectorize, gk.reduction])
def test_what_it_cannot_be(decorator, given, message, hint):
    with pytest.raises(gk.KernelTypeError) as caught:
        decorator(optimize=given)(lambda a, b: a + b)
    text = str(caught.value)
    assert message in text.splitlines()[0]
    assert f"hint: {hint}" in text
