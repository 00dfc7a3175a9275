"""Outputs: every dtype, several of them, vectors, and more than the device draws at once."""

from __future__ import annotations

import numpy as np
import pytest

from gpukernel.codegen.outputs import plan_passes
from gpukernel.ir import nodes
from gpukernel.ir.nodes import Output
from gpukernel.lang.types import BOOL, ELEMENT_TYPES, FLOAT, INT, UINT, Scalar
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.layout import kind_of, make_layout
from tests.codegen.running import build, compare, make_program, output_shape, run_gl, shaders_of
from tests.interpreter.programs import I, J, cast, give, load, op

GRIDS = [(1,), (7,), (300,), (3, 5), (9, 70), (70, 9), (3, 4, 5), (2, 3, 21)]
SOURCES = {FLOAT: "float32", INT: "int32", UINT: "uint32", BOOL: "bool"}
FLOATS = [0.0, -0.0, 1.0, 65504.0, 65519.99, 65520.0, -7e4, 1e-7, 6e-8, 3e-8, 2.98e-8, 1e-9, 0.1]
FLOATS += [np.inf, -np.inf, np.nan, 2049.0, 2051.0, 1.0009765625, 6.1e-5, 6.103515625e-05, 1e30]
INTS = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 65535, 65536]
INTS += [2**31 - 1, -(2**31)]


def samples(kind: Scalar) -> np.ndarray:
    if kind == FLOAT:
        random = np.random.default_rng(5).standard_normal(4000) * 10.0 ** np.arange(-8, 0).repeat(
            500
        )
        return np.concatenate([FLOATS, random]).astype(np.float32)
    if kind == INT:
        return np.array(INTS, np.int32)
    if kind == UINT:
        return np.array([0, 1, 2**31, 2**32 - 1], np.uint32)
    return np.array([True, False, True])


@pytest.mark.parametrize("dtype", list(ELEMENT_TYPES))
def test_every_dtype_is_stored_as_numpy_converts(device: GLDevice, dtype: str) -> None:
    kind = ELEMENT_TYPES[dtype]
    values = samples(kind)
    program = make_program(1, [dtype], give(load("a", I, kind=kind)), arrays={"a": values})
    expected = compare(device, program, values.shape, {"a": values})[0]
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(expected, _converted(values, dtype))


def _converted(values: np.ndarray, dtype: str) -> np.ndarray:
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(values.astype(np.int64), limits.min, limits.max).astype(dtype)
    return values.astype(dtype)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 17])
def test_vector_results_add_an_axis(device: GLDevice, grid: tuple[int, ...], size: int) -> None:
    values = [op("+", op("*", I, 100 * k + 1), op("*", _last(grid), k + 1)) for k in range(size)]
    program = make_program(len(grid), [Output("int32", size)], give(*values))
    got = compare(device, program, grid)[0]
    assert got.shape == (*grid, size)


def _last(grid: tuple[int, ...]) -> nodes.GridIndex:
    return nodes.GridIndex(len(grid) - 1, INT, I.span)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("max_draw_buffers", [1, 2, 3, 8])
def test_outputs_of_all_kinds_in_as_many_passes_as_needed(
    device: GLDevice, grid: tuple[int, ...], max_draw_buffers: int
) -> None:
    x = cast(op("+", op("*", I, 37), _last(grid)), FLOAT)
    outputs: list[str | Output] = ["float32", Output("float32", 3), "int8", Output("uint8", 2)]
    outputs += ["bool", "uint32", "float16", Output("int16", 3)]
    program = make_program(
        len(grid),
        outputs,
        give(
            op("*", x, 0.37),
            *[op("*", x, float(k)) for k in range(3)],
            op("-", op("*", I, 90), 200),
            *[op("*", I, k) for k in (1, -1)],
            op("<", I, _last(grid)),
            cast(op("*", I, -7), UINT),
            op("/", x, 3.0),
            *[op("*", I, 1000 * k) for k in range(3)],
        ),
    )
    compare(device, program, grid, max_draw_buffers=max_draw_buffers)
    targets = [kind_of(make_layout(output_shape(o, grid), 1024)) for o in program.outputs]
    passes = plan_passes(program, targets, max_draw_buffers)
    assert sorted(k for drawn in passes for k in drawn.outputs) == list(range(8))
    assert all(len(drawn.outputs) <= max_draw_buffers for drawn in passes)
    assert all(targets[k] == drawn.target for drawn in passes for k in drawn.outputs)


def test_text_of_one_pass_is_its_fragment_and_of_several_all_of_them() -> None:
    program = make_program(1, ["int32"] * 3, give(I, I, I))
    together = shaders_of(program)
    assert together.text == together.passes[0].fragment
    apart = shaders_of(program, max_draw_buffers=2)
    assert [shader.outputs for shader in apart.passes] == [(0, 1), (2,)]
    assert "// pass 2 of 2: output 2\n#version 330 core" in apart.text


def test_more_outputs_than_any_driver_draws_at_once(device: GLDevice) -> None:
    program = make_program(2, ["int32"] * 20, give(*[op("*", op("+", I, J), k) for k in range(20)]))
    compare(device, program, (5, 40))


def test_outputs_of_one_shape_and_different_layouts(
    device: GLDevice, optimize: frozenset[str]
) -> None:
    grid = (20, 20)
    program = make_program(2, ["int32", "float32"], give(op("-", I, J), cast(I, FLOAT)))
    executable = build(device, program, optimize)
    wide = device.allocate((8, 50 * 1), np.dtype("int32"))
    reshaped = device.reshape(device.allocate((400,), np.dtype("int32")), grid)
    straight = device.allocate(grid, np.dtype("float32"))
    assert reshaped is not None and wide.layout != reshaped.layout
    assert reshaped.layout.width != straight.layout.width
    executable.launch([], [], grid, [reshaped, straight])
    rows, columns = np.indices(grid)
    np.testing.assert_array_equal(device.download(reshaped), rows - columns)
    np.testing.assert_array_equal(device.download(straight), rows)


@pytest.mark.parametrize("grid", [(0,), (0, 5), (5, 0)])
def test_an_empty_grid_draws_nothing(
    device: GLDevice, grid: tuple[int, ...], optimize: frozenset[str]
) -> None:
    program = make_program(len(grid), ["int32", Output("float32", 3)], give(I, 1.0, 2.0, 3.0))
    for output, got in zip(program.outputs, run_gl(device, program, grid, optimize=optimize)):
        assert got.shape == output_shape(output, grid)
