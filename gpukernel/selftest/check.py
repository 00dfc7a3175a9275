"""The checks of the selftest: programs with a reference, and functions that make a comparison.

Everything is compiled when the check runs, never at import: so a program that does not compile is
one failed check in the report.
"""

from __future__ import annotations

import inspect
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

import gpukernel as gk
from gpukernel.lang.table import EXACT, Budget
from gpukernel.lang.vectors import Vector
from gpukernel.selftest.compare import Comparison

Function = Callable[..., Any]
Column = list[Any]


class Check(ABC):
    """Something that a device can get wrong."""

    group: str
    name: str

    @abstractmethod
    def compare(self, device: str) -> list[Comparison]:
        """Run on a device and return each output with what it should be."""

    def family(self) -> Hashable:
        """Return a key that checks share which `join` can run in one launch; None for none."""
        return None

    def join(self, others: Sequence[Any]) -> Check:
        """Return one check that does what this one and others of its family do."""
        raise TypeError(f"{type(self).__name__} has no family, so it joins nothing")

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments by name, for the report of a failure."""
        return {}

    def source(self) -> str:
        """Return the Python text of the program, for the report of a failure."""
        return ""


@dataclass(frozen=True)
class Program(Check):
    """A kernel with arguments, compared with its own Python function run cell by cell.

    ``function`` is a plain function, or the text of one called ``name``.  ``expected`` replaces the
    run in CPython where Python's unbounded ints and raised errors say something else: an array, or
    a tuple of them for several outputs.  ``options`` are those of `gpukernel.kernel`.
    """

    group: str
    name: str
    function: Function | str
    values: tuple[Any, ...]
    shape: Any = None
    expected: Any = None
    budget: Budget = EXACT
    seed: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def kernel(self) -> gk.Kernel:
        function = self.function
        if isinstance(function, str):
            function = gk.from_source(function, self.name, {"gk": gk}).py_func
        made: gk.Kernel = gk.kernel(**self.options)(function)
        return made

    def compare(self, device: str) -> list[Comparison]:
        """Launch on a device; every cell must be what CPython gives."""
        launched = self.kernel(*self.values, shape=self.shape, device=device, seed=self.seed)
        outputs = launched if isinstance(launched, tuple) else (launched,)
        return pairs([output.numpy() for output in outputs], self.wanted, self.budget)

    @cached_property
    def wanted(self) -> tuple[Any, ...]:
        """The expected outputs."""
        if self.expected is not None:
            return self.expected if isinstance(self.expected, tuple) else (self.expected,)
        at, grid = self.kernel.at, self.grid
        seed = self.seed or 0  # without one each cell would make a new one, in vain
        cells = [at(cell, *self.values, shape=grid, seed=seed) for cell in np.ndindex(*grid)]
        columns = [list(c) for c in zip(*cells)] if isinstance(cells[0], tuple) else [cells]
        return tuple(_array(column, grid) for column in columns)

    @property
    def grid(self) -> tuple[int, ...]:
        """The shape of the output, without the last axis of a vector."""
        if isinstance(self.shape, tuple):
            return self.shape
        if self.shape is not None:
            return (self.shape,)
        shapes = (value.shape for value in self.values if isinstance(value, np.ndarray))
        return tuple(next(shapes))

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments by parameter name."""
        return dict(zip(inspect.signature(self.kernel.py_func).parameters, self.values))

    def source(self) -> str:
        """Return the text of the function."""
        return self.function if isinstance(self.function, str) else inspect.getsource(self.function)

    def family(self) -> Hashable:
        """Programs with the same arguments and one output each can run in one launch."""
        if len(self.wanted) > 1 or self.options or self.seed is not None:
            return None
        keys = (id(v) if isinstance(v, np.ndarray) else (type(v), v) for v in self.values)
        return self.shape, *keys

    def join(self, others: Sequence[Program]) -> Check:
        """Return a check with an output for each program."""
        return JoinedPrograms(self.group, (self, *others))


def pairs(results: Sequence[Any], expected: Sequence[Any], budget: Budget) -> list[Comparison]:
    """Return one comparison for each output."""
    if len(results) != len(expected):
        raise ValueError(f"got {len(results)} outputs, expected {len(expected)}")
    return [Comparison(result, wanted, budget) for result, wanted in zip(results, expected)]


def _array(column: Column, grid: tuple[int, ...]) -> np.ndarray:
    """Return the cells of one output as an array of Python numbers; vectors add an axis."""
    is_vector = isinstance(column[0], Vector)
    size = (len(column[0]),) if is_vector else ()
    cells = np.empty((len(column), *size), object)
    for n, value in enumerate(column):
        cells[n] = list(value) if is_vector else value
    return cells.reshape(grid + size)


@dataclass(frozen=True)
class JoinedPrograms(Check):
    """Programs of one family as the helper functions of one kernel, with an output for each."""

    group: str
    programs: tuple[Program, ...]

    @property
    def name(self) -> str:  # type: ignore[override]
        return " + ".join(program.name for program in self.programs)

    def compare(self, device: str) -> list[Comparison]:
        """Launch once; every output must be what its own program gives under CPython."""
        names = {f"f{n}": program.kernel.py_func for n, program in enumerate(self.programs)}
        made = gk.from_source(self._main(), "joined", names)
        first = self.programs[0]
        outputs = made(*first.values, shape=first.shape, device=device)
        return [
            Comparison(output.numpy(), program.wanted[0], program.budget)
            for output, program in zip(outputs, self.programs)
        ]

    def arguments(self) -> Mapping[str, Any]:
        """Return the arguments, which are the same for all."""
        return {f"p{n}": value for n, value in enumerate(self.programs[0].values)}

    def source(self) -> str:
        """Return the text of the kernel and its helpers."""
        return "\n".join([*(program.source() for program in self.programs), self._main()])

    def _main(self) -> str:
        parameters = ", ".join(self.arguments())
        calls = [f"        f{n}({parameters}),\n" for n in range(len(self.programs))]
        return f"def joined({parameters}):\n    return (\n{''.join(calls)}    )\n"


@dataclass(frozen=True)
class Trial(Check):
    """A function of a device name that returns (results, expected values)."""

    group: str
    name: str
    function: Callable[[str], tuple[Any, Any]]
    budget: Budget = EXACT
    shown: Function | None = None  # what the report of a failure shows in place of the function

    def compare(self, device: str) -> list[Comparison]:
        """Call the function; device arrays are read."""
        got, wanted = self.function(device)
        results = got if isinstance(got, tuple) else (got,)
        expected = wanted if isinstance(wanted, tuple) else (wanted,)
        host = [r.numpy() if isinstance(r, gk.Array) else r for r in results]
        return pairs(host, expected, self.budget)

    def source(self) -> str:
        """Return the text of the function."""
        return inspect.getsource(self.shown or self.function)


class Group:
    """The checks of one topic; its methods add to them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.checks: list[Check] = []

    def program(self, *values: Any, name: str = "", **rest: Any) -> Callable[[Function], Function]:
        """Add the decorated kernel with these arguments; it may be decorated several times.

        Args:
            values: the kernel's arguments.
            name: in place of the function's.
            rest: ``shape``, ``expected``, ``budget``, ``seed`` and ``options`` of a `Program`.
        """

        def register(function: Function) -> Function:
            self.checks.append(
                Program(self.name, name or function.__name__, function, values, **rest)
            )
            return function

        return register

    def text(self, name: str, parameters: str, body: str, *values: Any, **rest: Any) -> None:
        """Add a kernel made from the text of its body, in which ``i`` is the index.

        Args:
            name, parameters: of the kernel; the parameters with commas.
            body: statements, or one expression to return.
            values, rest: as for `program`.
        """
        lines = inspect.cleandoc(body).splitlines()
        if len(lines) == 1:
            lines = [f"return {lines[0]}"]
        block = "\n".join(f"    {line}" for line in lines)
        text = f"def {name}({parameters}):\n    i = index()\n{block}\n"
        self.checks.append(Program(self.name, name, text, values, **rest))

    def family(self, parameters: str, bodies: Mapping[str, str], *values: Any, **rest: Any) -> None:
        """Add one kernel for each name and body, all with the same arguments: see `text`."""
        for name, body in bodies.items():
            self.text(name, parameters, body, *values, **rest)

    def trial(
        self, function: Callable[[str], tuple[Any, Any]], budget: Budget = EXACT
    ) -> Callable[[str], tuple[Any, Any]]:
        """Add a function of a device name that returns (results, expected values)."""
        self.checks.append(Trial(self.name, function.__name__, function, budget))
        return function


def blocks(text: str) -> dict[str, str]:
    """Return the bodies in a text by name: ``name: expression``, or ``name:`` and a block."""
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(text).splitlines():
        if line.startswith(" "):
            found[name] += line + "\n"
        elif line:
            name, _, body = line.partition(":")
            found[name] = body.strip()
    return {name: textwrap.dedent(body) for name, body in found.items()}
