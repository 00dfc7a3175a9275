"""Type inference: resolved surface trees and argument types in, a typed `Program` out.

The kernel's inference makes the functions that it calls (see `frontend.infer_function`); here they
are put together to what the kernel really reaches.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Union

from gpukernel.errors import raise_errors
from gpukernel.frontend.infer_function import FunctionInference
from gpukernel.frontend.infer_results import kernel_outputs
from gpukernel.frontend.program_parts import SEED, Options, ProgramParts, Source
from gpukernel.frontend.resolve import Capture, Resolution
from gpukernel.frontend.values import Binding
from gpukernel.ir import nodes, syntax
from gpukernel.ir.walk import expressions, statements
from gpukernel.lang.types import ArrayType, TupleType, Type
from gpukernel.records import record


@record(frozen=True)
class TypedKernel:
    """A program, and where its uniforms and arrays come from, in the program's order.

    ``is_tuple`` says whether the kernel returns a tuple: of one array, too.
    """

    program: nodes.Program
    scalars: tuple[Source, ...]
    arrays: tuple[Union[str, Capture], ...]
    is_tuple: bool

    @cached_property
    def draws(self) -> bool:
        """Whether the program draws random numbers, which follow from a launch's seed."""
        return any(source.origin == SEED for source in self.scalars)


def infer_types(
    resolution: Resolution,
    arguments: Mapping[str, Type],
    grid_rank: int,
    options: Options | None = None,
) -> TypedKernel:
    """Return the typed program of a kernel for given argument types.

    Args:
        resolution: the kernel and its helpers, names bound.
        arguments: the type of every parameter of the kernel: a scalar, vector or array.
        grid_rank: the number of axes of the output, 1 to 4.
        options: how to compile.

    Raises:
        KernelTypeError, KernelIndexError, KernelNameError: everything found, in source order.
    """
    return _ProgramInference(resolution, grid_rank, options or Options()).run(arguments)


def infer_elementwise(
    resolution: Resolution,
    tree: syntax.Function,
    arguments: Mapping[str, Type],
    grid_rank: int,
    options: Options,
) -> TypedKernel:
    """Return the typed program of the kernel ``tree`` around the function of the resolution."""
    inference = _ProgramInference(resolution, grid_rank, options)
    inference.active.clear()  # the kernel is not the function itself, and calls it
    return inference.run(arguments, tree)


class _ProgramInference(ProgramParts):
    """The inference of one program, from its kernel down."""

    def run(
        self, arguments: Mapping[str, Type], tree: syntax.Function | None = None
    ) -> TypedKernel:
        """Infer the resolution's kernel, or a kernel made around it."""
        kernel = self.resolution.kernel
        bindings: dict[str, Binding] = {}
        for name, kind in arguments.items():
            bindings[name] = kind
            if isinstance(kind, ArrayType):
                bindings[name] = self.array(name, kind, name)
        name = self.unique(kernel.__name__)
        tree = tree or self.resolution.functions[kernel]
        inference = FunctionInference(self, kernel, tree, bindings, name, is_kernel=True)
        inference.run()
        if inference.diagnostics:
            raise_errors(inference.diagnostics)
        assert inference.result is not None
        outputs = kernel_outputs(inference.result, self.options.dtypes, self.grid_rank, tree.span)
        return self.assemble(inference, outputs)

    def assemble(self, kernel: FunctionInference, outputs: tuple[nodes.Output, ...]) -> TypedKernel:
        """Collect the functions, arrays and uniforms that the kernel really reaches."""
        functions: dict[str, nodes.Function] = {}
        made = {i.name: i for i in self.instances.values()}

        def reach(function: nodes.Function) -> None:
            for name in _called(function):
                if name not in functions:
                    reach(made[name].function())
            functions[function.name] = function

        reach(kernel.kernel_function(outputs))
        used = [node for f in functions.values() for node in expressions(f.body)]
        arrays = {n.array for n in used if isinstance(n, (nodes.Load, nodes.Extent))}
        uniforms = {n.name for n in used if isinstance(n, nodes.Uniform)}
        scalars = [self.uniforms[name] for name in self.uniforms if name in uniforms]
        inputs = [self.arrays[name] for name in self.arrays if name in arrays]
        program = nodes.Program(
            self.resolution.kernel.__name__,
            self.grid_rank,
            tuple(array for array, _ in inputs),
            tuple(variable for variable, _ in scalars),
            tuple(functions.values()),
            outputs,
            tuple(self.failures),
        )
        return TypedKernel(
            program,
            tuple(source for _, source in scalars),
            tuple(source for _, source in inputs),
            isinstance(kernel.result, TupleType),
        )


def _called(function: nodes.Function) -> list[str]:
    """Return the names of the functions that a function calls."""
    found = [n.function for n in expressions(function.body) if isinstance(n, nodes.Invoke)]
    found += [s.function for s in statements(function.body) if isinstance(s, nodes.InvokeInto)]
    return found
