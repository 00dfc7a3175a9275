"""Make a typed program of a few statements, and run it on the ``gl`` device and the interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

import numpy as np

from gpukernel.codegen.glsl import generate_glsl
from gpukernel.ir import nodes
from gpukernel.ir.nodes import ArrayInput, Function, Output, Program, Stmt, Variable
from gpukernel.ir.verify import verify
from gpukernel.lang.types import ELEMENT_TYPES, UINT, ArrayType
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.gl_program import GLExecutable
from gpukernel.runtime.interpreter import Interpreter
from tests.interpreter.programs import SPAN, Kind, const, function

Arrays = Mapping[str, np.ndarray]
Scalars = Mapping[str, Union[bool, int, float, np.uint32]]


def make_program(
    grid_rank: int,
    outputs: Sequence[str | Output],
    *body: Stmt,
    arrays: Arrays | None = None,
    boundary: str = "zero",
    scalars: Scalars | None = None,
    functions: Sequence[Function] = (),
    variables: Mapping[str, Kind] | None = None,
    num_failures: int = 0,
) -> Program:
    """Return the program of a kernel with these statements; a dtype stands for its `Output`."""
    made = tuple(Output(o) if isinstance(o, str) else o for o in outputs)
    results = [ELEMENT_TYPES[o.dtype] for o in made for _ in range(o.size or 1)]
    program = Program(
        "kernel",
        grid_rank,
        tuple(
            ArrayInput(name, ArrayType(str(a.dtype), a.ndim), boundary)
            for name, a in (arrays or {}).items()
        ),
        tuple(
            Variable(name, UINT if isinstance(value, np.uint32) else const(value).type)
            for name, value in (scalars or {}).items()
        ),
        (*functions, function("kernel", (), results, *body, variables=variables)),
        made,
        tuple(nodes.Failure("assert", "", SPAN) for _ in range(num_failures)),
    )
    verify(program)
    return program


def output_shape(output: Output, grid: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the array that an output fills."""
    return grid if output.size is None else (*grid, output.size)


def run_gl(
    device: GLDevice,
    program: Program,
    grid: tuple[int, ...],
    arrays: Arrays | None = None,
    scalars: Scalars | None = None,
    *,
    max_draw_buffers: int = 8,
    guard_loops: bool = False,
) -> list[np.ndarray]:
    """Run a program as shaders and return all that it fills."""
    shaders = generate_glsl(program, guard_loops=guard_loops, max_draw_buffers=max_draw_buffers)
    executable = GLExecutable(device._context, device._textures, shaders)
    inputs = [device.upload(a) for a in (arrays or {}).values()]
    targets = [device.allocate(output_shape(o, grid), np.dtype(o.dtype)) for o in program.outputs]
    values = [v.item() if isinstance(v, np.uint32) else v for v in (scalars or {}).values()]
    try:
        executable.launch(inputs, values, grid, targets)
        return [device.download(target) for target in targets]
    finally:
        for storage in (*inputs, *targets):
            device.release(storage)


def run_cpu(
    program: Program,
    grid: tuple[int, ...],
    arrays: Arrays | None = None,
    scalars: Scalars | None = None,
) -> list[np.ndarray]:
    """Run a program with the interpreter and return all that it fills."""
    targets = [np.empty(output_shape(o, grid), o.dtype) for o in program.outputs]
    values: list[Any] = list((scalars or {}).values())
    Interpreter(program).run(list((arrays or {}).values()), values, grid, targets)
    return targets


def compare(
    device: GLDevice,
    program: Program,
    grid: tuple[int, ...],
    arrays: Arrays | None = None,
    scalars: Scalars | None = None,
    **options: Any,
) -> list[np.ndarray]:
    """Run a program both ways, require equal results, and return them."""
    expected = run_cpu(program, grid, arrays, scalars)
    for got, wanted in zip(run_gl(device, program, grid, arrays, scalars, **options), expected):
        np.testing.assert_array_equal(got, wanted)
    return expected
