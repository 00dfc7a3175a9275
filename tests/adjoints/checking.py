"""Gradients by central differences: the kernel's own Python function, run with 64-bit floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gpukernel import Kernel
from gpukernel.adjoint import adjoint
from gpukernel.arguments import output_grid
from gpukernel.lang.grid import at_position
from gpukernel.runtime.view import ArrayView

EPSILON = 1e-5


def grid_of(kernel: Kernel, args: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the output shape of a launch."""
    return output_grid(kernel._signature, kernel._shape, None, None, dict(args))


def results(kernel: Kernel, args: Mapping[str, Any]) -> list[np.ndarray]:
    """Return the outputs in float64; a vector's numbers are a last axis."""
    grid = grid_of(kernel, args)
    options = kernel._settings.options
    negatives = kernel._current().resolution.literal_negatives
    seen = {}
    for name, value in args.items():
        boundary = options.boundaries.get(name, options.boundary)
        is_array = isinstance(value, np.ndarray)
        seen[name] = ArrayView(value, negatives, boundary) if is_array else value
    rows: list[list[Any]] = []
    for cell in np.ndindex(*grid):
        with at_position(cell):
            found = kernel.py_func(**seen)
        rows.append(list(found) if isinstance(found, tuple) else [found])
    columns = [np.array([tuple(v) if hasattr(v, "x") else v for v in c]) for c in zip(*rows)]
    return [column.reshape(*grid, *column.shape[1:]).astype(float) for column in columns]


def central_difference(kernel: Kernel, g: list[Any], args: Mapping[str, Any], name: str) -> Any:
    """Return the gradient of the sum of ``g * outputs`` with respect to an argument."""

    def moved(value: Any) -> float:
        outputs = results(kernel, {**args, name: value})
        return float(sum((c * out).sum() for c, out in zip(g, outputs)))

    original = args[name]
    if not isinstance(original, np.ndarray):
        return (moved(original + EPSILON) - moved(original - EPSILON)) / (2.0 * EPSILON)
    gradient = np.zeros(original.shape)
    for place in np.ndindex(*original.shape):
        sides = []
        for sign in (1.0, -1.0):
            changed = original.copy()
            changed[place] += sign * EPSILON
            sides.append(moved(changed))
        gradient[place] = (sides[0] - sides[1]) / (2.0 * EPSILON)
    return gradient


def narrow(value: Any) -> Any:
    """Return floats as float32, where they are exact if the test made them so."""
    is_float = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.astype(np.float32) if is_float else value


def check_adjoint(kernel: Kernel, args: Mapping[str, Any], *names: str, seed: int = 0) -> None:
    """Compare the adjoints of a kernel with central differences, on the current device."""
    rng = np.random.default_rng(seed)
    g = [np.round(rng.normal(size=out.shape) * 64) / 64 for out in results(kernel, args)]
    given = [narrow(value) for value in args.values()]
    cotangents = tuple(narrow(c) for c in g)
    cotangent = cotangents[0] if len(cotangents) == 1 else cotangents
    for name in names:
        wanted = central_difference(kernel, g, args, name)
        found = adjoint(kernel, name)(cotangent, *given).numpy()
        assert found.dtype == np.float32
        assert found.shape == (np.shape(wanted) or (1,))
        text = adjoint(kernel, name).text(cotangent, *given)
        np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-4, err_msg=f"{name}\n{text}")


def numbers(*shape: int, seed: int = 1) -> np.ndarray:
    """Return normal numbers that float32 holds exactly."""
    rng = np.random.default_rng([seed, *shape])
    return np.round(rng.normal(size=shape) * 64) / 64 + 1 / 128
