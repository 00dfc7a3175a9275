"""Make a typed program of a few statements, and run it on the ``gl`` device and the interpreter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Union
from unittest import mock

import numpy as np

from gpukernel.codegen import plan
from gpukernel.codegen.glsl import generate_glsl
from gpukernel.codegen.shader import Shaders
from gpukernel.codegen.variant import Access, Variant
from gpukernel.ir import nodes
from gpukernel.ir.nodes import ArrayInput, Function, Output, Program, Stmt, Variable
from gpukernel.ir.verify import verify
from gpukernel.lang.types import ELEMENT_TYPES, UINT, ArrayType
from gpukernel.passes.pipeline import OPTIMIZATIONS, PASSES
from gpukernel.passes.ranges import ANYWHERE
from gpukernel.runtime import gl_program
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.interpreter import Interpreter
from tests.interpreter.programs import SPAN, Kind, const, function
from tests.passes.running import Prepared

Arrays = Mapping[str, np.ndarray]
Scalars = Mapping[str, Union[bool, int, float, np.uint32]]

# What a program is built with: nothing, that is one cell after the other, and all there is.
PLAIN, FULL = frozenset[str](), frozenset(OPTIMIZATIONS)
WAYS = {"plain": PLAIN, "full": FULL}


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


def shaders_of(
    program: Program, *, packed: bool = False, guard_loops: bool = False, **options: Any
) -> Shaders:
    """Return the shaders of a program, for arrays that have rows of their own in their textures."""
    accesses = tuple(
        Access("rows" if a.type.rank > 1 else "folded", (ANYWHERE,) * a.type.rank)
        for a in program.arrays
    )
    targets = ("rows" if program.grid_rank > 1 else "folded",) * len(program.outputs)
    variant = Variant(accesses, targets, packed=packed, guarded=guard_loops)
    return generate_glsl(program, variant, cuts_loops=guard_loops, **options)


def build(
    device: GLDevice,
    program: Program,
    optimize: Set[str] = PLAIN,
    *,
    max_draw_buffers: int = 8,
    guard_loops: bool = False,
) -> gl_program.GLExecutable:
    """Build a program as for a driver that draws so many textures at once, and may end loops."""
    driver = replace(device._driver, max_draw_buffers=max_draw_buffers, cuts_loops=guard_loops)
    return gl_program.GLExecutable(driver, program, frozenset(optimize))


def always_guarded(guard_loops: bool) -> AbstractContextManager[object]:
    """Have loops guarded even where they are proven to end in time."""
    return mock.patch.object(plan, "MAX_TURNS", 0) if guard_loops else nullcontext()


@contextmanager
def launch_arguments(
    device: GLDevice, program: Program, grid: tuple[int, ...], arrays: Sequence[np.ndarray]
) -> Iterator[tuple[list[GLStorage], list[GLStorage]]]:
    """Give what a launch reads and what it fills, for as long as it takes."""
    inputs = [device.upload(np.ascontiguousarray(array)) for array in arrays]
    targets = [device.allocate(output_shape(o, grid), np.dtype(o.dtype)) for o in program.outputs]
    try:
        yield inputs, targets
    finally:
        for storage in (*inputs, *targets):
            device.release(storage)


def python_numbers(scalars: Iterable[Any]) -> list[Any]:
    return [s.item() if isinstance(s, np.generic) else s for s in scalars]


def run_gl(
    device: GLDevice,
    program: Program,
    grid: tuple[int, ...],
    arrays: Arrays | None = None,
    scalars: Scalars | None = None,
    optimize: Set[str] = PLAIN,
    **limits: Any,
) -> list[np.ndarray]:
    """Run a program as shaders and return all that it fills."""
    executable = build(device, program, optimize, **limits)
    values = python_numbers((scalars or {}).values())
    with launch_arguments(device, program, grid, list((arrays or {}).values())) as (read, filled):
        with always_guarded(limits.get("guard_loops", False)):
            executable.launch(read, values, grid, filled)
        return [device.download(target) for target in filled]


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
    **limits: Any,
) -> list[np.ndarray]:
    """Run a program on both devices, built in all ways, require equal results, and return them."""
    expected = run_cpu(program, grid, arrays, scalars)
    for way, optimize in WAYS.items():
        found = run_gl(device, program, grid, arrays, scalars, optimize, **limits)
        for got, wanted in zip(found, expected):
            np.testing.assert_array_equal(got, wanted, err_msg=way)
    return expected


def compare_sets(
    device: GLDevice, launches: Sequence[Prepared], sets: Iterable[Set[str]], **limits: Any
) -> None:
    """Launch a program that was built with sets of optimisations: its results stay the same.

    A set that gives the same shaders as an earlier one is not launched again.

    Args:
        device: where it is launched.
        launches: one program with different values.
        sets: names of optimisations.
        limits: as for `build`.
    """
    seen: set[str] = set()
    for optimize in sets:
        program = launches[0].program
        for name, run in PASSES:
            program = run(program) if name in optimize else program
        executable = build(device, program, optimize, **limits)
        with always_guarded(limits.get("guard_loops", False)), only_new_shaders(seen):
            for made in launches:
                try:
                    _check_launch(device, executable, program, made, sorted(optimize))
                except KnownShader:
                    continue


class KnownShader(Exception):
    """What a launch needs was compiled before."""


def only_new_shaders(seen: set[str]) -> AbstractContextManager[object]:
    """Have launches raise `KnownShader` that would compile what is seen already."""

    def generate(*arguments: Any, **options: Any) -> Shaders:
        shaders = generate_glsl(*arguments, **options)
        if shaders.text in seen:
            raise KnownShader
        seen.add(shaders.text)
        return shaders

    return mock.patch.object(gl_program, "generate_glsl", generate)


def _check_launch(
    device: GLDevice,
    executable: gl_program.GLExecutable,
    program: Program,
    made: Prepared,
    optimize: Sequence[str],
) -> None:
    with launch_arguments(device, program, made.grid, made.arrays) as (read, filled):
        executable.launch(read, python_numbers(made.scalars), made.grid, filled)
        for target, wanted in zip(filled, made.wanted):
            np.testing.assert_array_equal(device.download(target), wanted, err_msg=str(optimize))
