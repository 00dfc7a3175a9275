"""One output cell under CPython: ``kernel.at``."""

from __future__ import annotations

from contextlib import ExitStack
from types import CellType, FunctionType
from typing import Any

import numpy as np

from gpukernel.frontend.objects import is_array, is_number, is_tuple
from gpukernel.frontend.program_parts import Options
from gpukernel.frontend.resolve import Resolution
from gpukernel.lang.grid import at_position
from gpukernel.lang.random import at_seed, next_seed
from gpukernel.lang.vectors import as_vector
from gpukernel.runtime.array import Array
from gpukernel.runtime.host import to_host
from gpukernel.runtime.view import ArrayView


def run_cell(
    resolution: Resolution,
    options: Options,
    values: dict[str, Any],
    position: tuple[int, ...],
    grid: tuple[int, ...] | None,
    seed: int | None,
) -> Any:
    """Run a kernel's Python function for one output position and return what it returns.

    Args:
        resolution: the kernel and its helpers.
        options: for the boundary modes.
        values: every argument, converted.
        position: the output index.
        grid: the output shape, None if it is not known.
        seed: of the random numbers.
    """
    negatives = resolution.literal_negatives

    def view(name: str, value: Any) -> Any:
        if isinstance(value, (Array, np.ndarray)):
            boundary = options.boundaries.get(name, options.boundary)
            return ArrayView(to_host(value, f"`{name}`"), negatives, boundary)
        return as_vector(value) if isinstance(value, tuple) else value

    seen = {name: view(name, value) for name, value in values.items()}
    function = _Rebinding(resolution, view).function(resolution.kernel)
    with ExitStack() as stack:
        stack.enter_context(at_position(position))
        stack.enter_context(np.errstate(all="ignore"))
        if grid is not None and len(grid) == len(position):
            cell = int(np.ravel_multi_index(position, grid, mode="clip")) if 0 not in grid else 0
            stack.enter_context(at_seed(next_seed() if seed is None else seed, cell))
        return function(**seen)


class _Rebinding:
    """The functions of a kernel, seeing captured arrays through views and floats as float32.

    A function that captures nothing that is seen otherwise stays as it is.
    """

    def __init__(self, resolution: Resolution, view: Any) -> None:
        self.resolution = resolution
        self.view = view
        self.made: dict[FunctionType, FunctionType] = {}

    def function(self, original: FunctionType) -> FunctionType:
        if original in self.made:
            return self.made[original]
        self.made[original] = original
        changed: dict[str, Any] = {}
        seen = {
            path: self.seen(path, capture.read())
            for (owner, path), capture in self.resolution.captures.items()
            if owner is original
        }
        different = {path: new for path, (old, new) in seen.items() if new is not old}
        for path, value in different.items():
            changed[path[0]] = value
            if len(path) > 1:
                inner = {p[1:]: v for p, v in different.items() if p[0] == path[0]}
                changed[path[0]] = _AttributesSeen(_root(original, path[0]), inner)
        if changed:
            self.made[original] = _rebound(original, changed)
        return self.made[original]

    def seen(self, path: tuple[str, ...], value: Any) -> tuple[Any, Any]:
        """Return a captured value, and what the function is to see in its place."""
        if is_array(value):
            return value, self.view(".".join(path), value)
        if isinstance(value, FunctionType) and value in self.resolution.functions:
            return value, self.function(value)
        if is_number(value) or is_tuple(value):
            narrow = narrowed(value)
            return value, value if narrow == value else narrow
        return value, value


class _AttributesSeen:
    """A module or another object of which some attributes, at any depth, are seen otherwise."""

    def __init__(self, original: Any, seen: dict[tuple[str, ...], Any]) -> None:
        self._original = original
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        if (name,) in self._seen:
            return self._seen[(name,)]
        value = getattr(self._original, name)
        inner = {path[1:]: v for path, v in self._seen.items() if path[0] == name}
        return _AttributesSeen(value, inner) if inner else value


def _root(function: FunctionType, name: str) -> Any:
    """Return what a free name of a function stands for."""
    names = function.__code__.co_freevars
    if name in names:
        return (function.__closure__ or ())[names.index(name)].cell_contents
    return function.__globals__[name]


def narrowed(value: Any) -> Any:
    """Return a captured number, or the numbers of a tuple, rounded to float32 as kernels do."""
    if isinstance(value, tuple):
        return tuple(map(narrowed, value))
    return float(np.float32(value)) if isinstance(value, (float, np.floating)) else value


def _rebound(original: FunctionType, changed: dict[str, Any]) -> FunctionType:
    """Return the same code with other values for some of its outer names."""
    names = original.__code__.co_freevars
    cells = [
        CellType(changed[name]) if name in changed else cell
        for name, cell in zip(names, original.__closure__ or ())
    ]
    globals_ = {**original.__globals__, **changed}
    copy = FunctionType(
        original.__code__, globals_, original.__name__, original.__defaults__, tuple(cells)
    )
    copy.__kwdefaults__ = original.__kwdefaults__
    return copy
