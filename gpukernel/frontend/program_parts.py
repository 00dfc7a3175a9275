"""What the functions of one program share while they are inferred.

Launch scalars, arrays, captured numbers and failures are collected here by name, and functions by
what they were made for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Union

from gpukernel.errors import Span
from gpukernel.frontend.infer_invoke import Instance
from gpukernel.frontend.resolve import Capture, Resolution
from gpukernel.frontend.values import ArrayValue
from gpukernel.ir import nodes
from gpukernel.lang.types import ArrayType, Scalar
from gpukernel.records import record


@record(frozen=True)
class Source:
    """Where a launch scalar comes from.

    ``origin`` is the kernel's parameter of that name, a captured number or tuple, or `SEED`;
    ``path`` leads to the number inside a tuple.
    """

    origin: Union[str, Capture]
    path: tuple[int, ...] = ()

    def number_in(self, value: Any) -> Any:
        """Return the number inside the value of the origin."""
        for position in self.path:
            value = value[position]
        return value


SEED = "seed"  # the two words of a launch's seed; no parameter has this name


@record(frozen=True)
class Options:
    """How a kernel is compiled, beside its source and the types of its arguments."""

    boundary: str = "zero"
    boundaries: Mapping[str, str] = field(default_factory=dict)
    debug: bool = False
    max_iterations: int | None = None
    dtypes: str | tuple[str, ...] | None = None


class ProgramParts:
    """One program in the making: its functions so far, its launch scalars and its failures."""

    def __init__(self, resolution: Resolution, grid_rank: int, options: Options) -> None:
        self.resolution = resolution
        self.grid_rank = grid_rank
        self.options = options
        self.instances: dict[object, Instance] = {}
        self.active: list[object] = [resolution.kernel]  # whose inference is under way
        self.names: set[str] = set()
        self.uniforms: dict[str, tuple[nodes.Variable, Source]] = {}
        self.arrays: dict[str, tuple[nodes.ArrayInput, Union[str, Capture]]] = {}
        self.failures: dict[nodes.Failure, int] = {}  # with their numbers

    def unique(self, name: str) -> str:
        """Return a function name that no other function of the program has."""
        candidate, count = name, 1
        while candidate in self.names:
            count += 1
            candidate = f"{name}.{count}"
        self.names.add(candidate)
        return candidate

    def uniform(self, name: str, kind: Scalar, source: Source, span: Span) -> nodes.Uniform:
        """Return a read of a launch scalar; two sources never share a name."""
        name = _name_for(source, name, self.uniforms)
        captured = isinstance(source.origin, Capture)
        self.uniforms[name] = (nodes.Variable(name, kind, captured), source)
        return nodes.Uniform(name, kind, span)

    def array(self, name: str, kind: ArrayType, source: Union[str, Capture]) -> ArrayValue:
        """Return an array of the launch; two sources never share a name."""
        boundary = self.options.boundaries.get(name, self.options.boundary)
        name = _name_for(source, name, self.arrays)
        self.arrays[name] = (nodes.ArrayInput(name, kind, boundary), source)
        return ArrayValue(self.arrays[name][0])


def _name_for(source: object, wish: str, taken: Mapping[str, tuple[object, object]]) -> str:
    """Return the name that a source has already, or the one wished for, made unique."""
    name, count = wish, 1
    while name in taken and taken[name][1] != source:
        count += 1
        name = f"{wish}~{count}"
    return name
