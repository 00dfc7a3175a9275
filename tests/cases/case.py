"""A `Case`, and the `Cases` that the files of this folder add to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gpukernel.kernel import Kernel, kernel

Function = Callable[..., Any]
KINDS = "bif"  # bool, int, float: a result may not be of a smaller kind than its reference


@dataclass(frozen=True)
class Case:
    """One kernel with its arguments and the expected result.

    ``reference`` holds the expected cells; without it the function itself runs under CPython, cell
    by cell.  Floats agree within ``absolute`` or within ``ulp`` units in the last place of float32;
    ints, bools, nan and infinities are compared exactly.
    """

    name: str
    function: Function
    arguments: tuple[Any, ...]
    shape: tuple[int, ...] | None
    reference: Any
    ulp: float
    absolute: float

    def kernel(self, optimize: bool = True) -> Kernel:
        """Compile the function."""
        made: Kernel = kernel(optimize=optimize)(self.function)
        return made

    def expected(self, made: Kernel, shape: tuple[int, ...]) -> np.ndarray:
        """Return the reference as an array of ``shape``."""
        if self.reference is not None:
            return np.broadcast_to(np.asarray(self.reference), shape)
        cells = [made.at(position, *self.arguments) for position in np.ndindex(*shape)]
        return np.array(cells).reshape(shape)

    def check(self, result: np.ndarray, expected: np.ndarray) -> None:
        """Assert that a device's result is the expected one."""
        kinds = result.dtype.kind, expected.dtype.kind
        assert KINDS.index(kinds[0]) >= KINDS.index(kinds[1]), f"{result.dtype}, {expected.dtype}"
        if result.dtype.kind != "f":
            np.testing.assert_array_equal(result, expected)
            return
        with np.errstate(over="ignore"):
            wanted = expected.astype(np.float32)
        finite = np.isfinite(wanted)
        np.testing.assert_array_equal(result[~finite], wanted[~finite])
        allowed = np.maximum(self.absolute, self.ulp * np.spacing(np.abs(wanted[finite])))
        error = np.abs(result[finite].astype(np.float64) - wanted[finite])
        wrong = ~(error <= allowed)
        assert not wrong.any(), (
            f"off by {error[wrong].max()}: {result[finite][wrong][:4]} for "
            f"{wanted[finite][wrong][:4]}"
        )


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
    ) -> Callable[[Function], Function]:
        """Add the decorated function with these arguments; it may be decorated several times."""

        def register(function: Function) -> Function:
            title = f"{self.group}-{name or function.__name__}"
            self.items.append(Case(title, function, arguments, shape, reference, ulp, absolute))
            return function

        return register
