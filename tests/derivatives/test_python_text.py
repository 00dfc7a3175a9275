"""Typed programs printed as Python text and compiled again give the results of the cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel.arguments import kind_of
from gpukernel.frontend.infer import TypedKernel
from gpukernel.frontend.program_text import parameters_of, spelling_of
from gpukernel.frontend.text_function import function_from_text
from gpukernel.ir import nodes
from gpukernel.ir.python_text import print_function
from gpukernel.ir.walk import expressions
from gpukernel.kernel import Kernel
from gpukernel.passes.bound_names import without_bound_names
from gpukernel.passes.named_draws import DRAWS, with_named_draws
from tests.cases import ALL_CASES
from tests.cases.case import Case


def typed_program(case: Case, kernel: Kernel) -> TypedKernel:
    """Return the program as inference makes it."""
    values = kernel._convert(case.arguments, {})
    kinds = {name: kind_of(value) for name, value in values.items()}
    return kernel._infer(kernel._current().snapshot(), kinds, len(case.grid))


def is_printable(case: Case) -> bool:
    """Whether a case is what texts are made of: one number a cell of one axis, no debug mode."""
    return len(case.grid) == 1 and not {"dtype", "debug"} & case.options.keys()


def passes_arrays(typed: TypedKernel) -> bool:
    """Whether functions read the kernel's arguments, which their texts would not see."""
    own = {a.name for a, s in zip(typed.program.arrays, typed.arrays) if isinstance(s, str)}
    used = {
        node.array
        for function in typed.program.functions[:-1]
        for node in expressions(function.body)
        if isinstance(node, (nodes.Load, nodes.Extent))
    }
    return bool(own & used)


def printed(case: Case, typed: TypedKernel) -> Kernel:
    """Return the kernel that the text of the program defines."""
    named = with_named_draws({f.name: f for f in typed.program.functions})
    functions = [without_bound_names(f) for f in named.values()]
    spelling, namespace = spelling_of(typed, functions, {name: name for name in DRAWS})
    *parts, last = functions
    texts = [print_function(part, spelling) for part in parts]
    texts.append(print_function(last, spelling, "The kernel.", parameters_of(case.function)))  # type: ignore[arg-type]
    title = spelling.functions[last.name]
    made: Any = function_from_text("\n\n".join(texts), title, namespace, "printed")
    made.__defaults__ = case.function.__defaults__  # type: ignore[attr-defined]
    kernel: Kernel = gk.kernel(**case.options)(made)
    return kernel


CASES = [pytest.param(case, id=case.name) for case in ALL_CASES if is_printable(case)]


@pytest.mark.parametrize("case", CASES)
def test_printed_program_means_the_same(case: Case) -> None:
    kernel = case.kernel()
    typed = typed_program(case, kernel)
    if typed.is_tuple or typed.program.outputs[0].size is not None or passes_arrays(typed):
        pytest.skip("texts are made of functions of numbers that return one number")
    again = printed(case, typed)
    found = again(*case.arguments, shape=case.shape, device="cpu", seed=1)
    wanted = kernel(*case.arguments, shape=case.shape, device="cpu", seed=1)
    assert found.dtype == wanted.dtype
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=2e-6, atol=1e-7)
