"""A `Case`, and the `Cases` that the files of this folder add to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.kernel import Kernel, kernel

Function = Callable[..., Any]
KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}  # a result may not be of a smaller kind than its reference


@dataclass(frozen=True)
class Case:
    """One kernel with its arguments and the expected results.

    ``reference`` holds the expected cells, as a tuple of arrays where the kernel returns a tuple;
    without it the function itself runs under CPython, cell by cell.  ``options`` are those of
    `kernel`.  Floats agree within ``absolute`` or within ``ulp`` units in the last place of the
    result's dtype; ints, bools, nan and infinities are compared exactly.
    """

    name: str
    function: Function
    arguments: tuple[Any, ...]
    shape: tuple[int, ...] | None
    reference: Any
    ulp: float
    absolute: float
    options: Mapping[str, Any]

    def kernel(self, optimize: bool | Collection[str] = True) -> Kernel:
        """Compile the function with all optimisations, none, or some."""
        made: Kernel = kernel(optimize=optimize, **self.options)(self.function)
        return made

    @property
    def grid(self) -> tuple[int, ...]:
        """The shape of the output, without the last axis of a vector."""
        if self.shape is not None:
            return self.shape
        arrays = (value for value in self.arguments if isinstance(value, (np.ndarray, gk.Array)))
        return next(arrays).shape

    def run(self, made: Kernel, device: str) -> tuple[np.ndarray, ...]:
        """Launch the kernel and return its outputs."""
        result = made(*self.arguments, shape=self.shape, device=device)
        outputs = result if isinstance(result, tuple) else (result,)
        return tuple(output.numpy() for output in outputs)

    def expected(self, made: Kernel, results: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """Return the references of the results, in their shapes."""
        if self.reference is not None:
            wanted = self.reference if isinstance(self.reference, tuple) else (self.reference,)
            assert len(wanted) == len(results)
            return tuple(np.broadcast_to(w, result.shape) for w, result in zip(wanted, results))
        cells = [made.at(position, *self.arguments) for position in np.ndindex(*self.grid)]
        columns = zip(*cells) if len(results) > 1 else (cells,)
        return tuple(
            np.array([_plain(cell) for cell in column]).reshape(result.shape)
            for column, result in zip(columns, results)
        )

    def check(self, result: np.ndarray, expected: np.ndarray) -> None:
        """Assert that one output of a device is the expected one."""
        kinds = result.dtype.kind, expected.dtype.kind
        assert KINDS[kinds[0]] >= KINDS[kinds[1]], f"{result.dtype}, {expected.dtype}"
        if "dtype" in self.options:
            assert result.dtype == self.options["dtype"]
        if result.dtype.kind != "f":
            np.testing.assert_array_equal(result, expected)
            return
        with np.errstate(over="ignore"):
            wanted = expected.astype(result.dtype)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(result[~finite], wanted[~finite])
        largest = np.nextafter(np.finfo(wanted.dtype).max, 0, dtype=wanted.dtype)
        spacing = np.spacing(np.minimum(np.abs(wanted[finite]), largest)).astype(np.float64)
        allowed = np.maximum(self.absolute, self.ulp * spacing)
        error = np.abs(result[finite].astype(np.float64) - wanted[finite])
        wrong = ~(error <= allowed)
        assert not wrong.any(), (
            f"off by {error[wrong].max()}: {result[finite][wrong][:4]} for "
            f"{wanted[finite][wrong][:4]}"
        )


def _plain(cell: Any) -> Any:
    """Return a cell as numbers: a vector becomes a list."""
    return list(cell) if isinstance(cell, Iterable) else cell


@dataclass
class Cases:
    """The cases of one file; its `add` decorates their functions."""

    group: str
    items: list[Case] = field(default_factory=list)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.items)

    def add(
        self,
        *arguments: Any,
        shape: tuple[int, ...] | None = None,
        reference: Any = None,
        ulp: float = 4,
        absolute: float = 1e-6,
        name: str = "",
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> Callable[[Function], Function]:
        """Add the decorated function with these arguments; it may be decorated several times."""

        def register(function: Function) -> Function:
            title = f"{self.group}-{name or function.__name__}"
            case = Case(title, function, arguments, shape, reference, ulp, absolute, options)
            self.items.append(case)
            return function

        return register
