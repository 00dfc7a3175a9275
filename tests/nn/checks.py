"""What tests of operations share: values against NumPy, gradients against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gpukernel import nn
from gpukernel.nn.check_grad import PRECISE, check_grad


def check_gradient(f: Callable[..., Any], *args: Any, device: str, order: int = 1) -> None:
    """The gradient by all float arguments: on ``cpu`` in float64, on ``gl`` as it is."""
    check_grad(f, *args, order=order, device=PRECISE if device == "cpu" else device)


def check_values(result: nn.Tensor, expected: Any, rtol: float = 2e-6, atol: float = 2e-6) -> None:
    """The result has the shape, the kind of dtype and the values of the reference."""
    wanted = np.asarray(expected)
    assert result.shape == wanted.shape
    kinds = {"f": "float32", "i": "int32", "u": "int32", "b": "bool"}
    assert result.dtype.name == kinds[wanted.dtype.kind]
    np.testing.assert_allclose(result.numpy(), wanted, rtol=rtol, atol=atol)
