"""The functions of a program, compiled as they are called."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy.typing as npt

from gpukernel.ir import nodes
from gpukernel.ir.affine import key as structure
from gpukernel.runtime.interpreter_compile import FunctionCompiler
from gpukernel.runtime.interpreter_expressions import Compiled
from gpukernel.runtime.interpreter_facts import pure_functions
from gpukernel.runtime.interpreter_simplify import write_out

MAX_COPIES = 8  # of one function, for different values of its parameters


def compile_program(program: nodes.Program, float_dtype: npt.DTypeLike) -> Compiled:
    """Compile the kernel and the functions that it calls."""
    return _Functions(program, float_dtype).compiled(program.kernel.name, {})


class _Functions:
    """Compiles functions, each once for every combination of static arguments."""

    def __init__(self, program: nodes.Program, float_dtype: npt.DTypeLike) -> None:
        self.grid_rank = program.grid_rank
        self.pure = pure_functions(program)
        self.arrays: Mapping[str, nodes.ArrayInput] = {a.name: a for a in program.arrays}
        self.float_dtype = float_dtype
        self.keys: dict[Hashable, object] = {}
        self._functions = {function.name: function for function in program.functions}
        self._compiled: dict[str, dict[Hashable, Compiled]] = {}

    def parameters(self, name: str) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self._functions[name].params)

    def compiled(self, name: str, given: Mapping[str, nodes.Expr]) -> Compiled:
        """Return a function for these values; where there are too many, for none."""
        known = self._compiled.setdefault(name, {})
        wanted = tuple((parameter, structure(value)) for parameter, value in given.items())
        if wanted not in known and len(known) >= MAX_COPIES:
            given, wanted = {}, ()
        if wanted not in known:
            function = write_out(self._functions[name], given)
            known[wanted] = FunctionCompiler(function, self).function()
        return known[wanted]
