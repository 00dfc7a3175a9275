"""Every builtin row on the GPU: compiled alone, run over its domain, held to its budget.

Skipped, and counted, where no OpenGL context can be made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gpukernel.lang.builtins import BUILTINS
from gpukernel.lang.glsl_helpers import TO_INT_HELPER, TO_UINT_HELPER
from gpukernel.lang.operators import OPERATORS
from gpukernel.lang.random_rows import RANDOM_ROWS
from gpukernel.lang.table import EXACT, Overload, Row
from gpukernel.lang.types import BOOL, FLOAT, INT, UINT, Scalar
from tests.tables.sampling import DTYPES, TINY, Array, any_bits, edges, samples, ulp_distance

moderngl = pytest.importorskip("moderngl")

COUNT = 64 * 64
ROWS = (*BUILTINS, *OPERATORS, *RANDOM_ROWS)
PAIRS = [(row, overload) for row in ROWS for overload in row.overloads]
OVERLOADS = [
    pytest.param(row, overload, id=f"{row.name}({overload.signature})") for row, overload in PAIRS
]
# How a scalar is held: prefix of sampler and GLSL type, moderngl's dtype, NumPy's dtype.
HELD: dict[Scalar, tuple[str, str, str, type[np.generic]]] = {
    FLOAT: ("", "float", "f4", np.float32),
    INT: ("i", "int", "i4", np.int32),
    UINT: ("u", "uint", "u4", np.uint32),
    BOOL: ("i", "int", "i4", np.int32),
}
VERTEX = """\
#version 330 core
void main() {
    vec2 corner = vec2(float((gl_VertexID & 1) * 4 - 1), float((gl_VertexID & 2) * 2 - 1));
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    """Return a headless context of this module's own."""
    if os.environ.get("GPUKERNEL_DEVICE") == "cpu":
        pytest.skip("no OpenGL: GPUKERNEL_DEVICE=cpu was set")
    try:
        made = moderngl.create_context(standalone=True, backend="egl", require=330)
    except Exception as error:  # moderngl raises bare Exception
        pytest.skip(f"no OpenGL: {error}")
    made.__exit__(None, None, None)  # creation left it current; `run` makes it so when needed
    yield made
    made.release()


def fragment(overload: Overload) -> str:
    """Return a shader that applies the overload to one element of each input texture."""
    lines = ["#version 330 core", *dict.fromkeys(overload.helpers)]
    operands = []
    for i, kind in enumerate(overload.params):
        lines.append(f"uniform {HELD[kind][0]}sampler2D tex_{i};")
        read = f"texelFetch(tex_{i}, ivec2(gl_FragCoord.xy), 0).x"
        operands.append(f"({read} != 0)" if kind == BOOL else read)
    call = overload.glsl.format(*operands)
    lines.append(f"out {HELD[overload.result][1]} result;")
    value = f"int({call})" if overload.result == BOOL else call
    lines.append(f"void main() {{\n    result = {value};\n}}\n")
    return "\n".join(lines)


def run(context: Any, overload: Overload, arguments: list[Array]) -> Array:
    """Run the overload over equally long arguments and return one result an element."""
    with context:
        return _run(context, overload, arguments)


def _run(context: Any, overload: Overload, arguments: list[Array]) -> Array:
    count = len(arguments[0])
    width = 64
    height = -(-count // width)
    program = context.program(vertex_shader=VERTEX, fragment_shader=fragment(overload))
    textures = []
    for i, (kind, values) in enumerate(zip(overload.params, arguments)):
        _, _, dtype, stored = HELD[kind]
        padded = np.zeros(width * height, stored)
        padded[:count] = values
        texture = context.texture((width, height), 1, padded.tobytes(), dtype=dtype)
        texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
        texture.use(i)
        if f"tex_{i}" in program:
            program[f"tex_{i}"] = i
        textures.append(texture)
    _, _, dtype, stored = HELD[overload.result]
    target = context.texture((width, height), 1, dtype=dtype)
    frame = context.framebuffer([target])
    frame.use()
    vertices = context.vertex_array(program, [])
    vertices.render(moderngl.TRIANGLES, vertices=3)
    found = np.frombuffer(target.read(), stored)[:count]
    for thing in (vertices, frame, target, *textures, program):
        thing.release()
    return found.astype(DTYPES[overload.result])


@pytest.mark.parametrize(("row", "overload"), OVERLOADS)
def test_glsl_keeps_the_budget(context: Any, row: Row, overload: Overload) -> None:
    arguments = samples(row, overload, np.float32, COUNT)
    result = run(context, overload, arguments)
    with np.errstate(all="ignore"):
        doubles = [a.astype(np.float64) if a.dtype == np.float32 else a for a in arguments]
        exact = np.broadcast_to(overload.numpy(*doubles), result.shape)
        rounded = np.broadcast_to(overload.numpy(*arguments), result.shape)
    if overload.result != FLOAT:
        np.testing.assert_array_equal(result, rounded)
        return
    error = np.abs(result.astype(np.float64) - exact) - row.budget.absolute
    error = np.where(result == rounded, 0.0, error)
    distance = ulp_distance(np.maximum(error, 0.0) + exact, exact)
    worst = int(np.argmax(distance))
    place = [a[worst] for a in arguments]
    # Half a spacing is the rounding of the result itself.
    assert distance[worst] <= row.budget.ulp + 0.51, (place, result[worst], exact[worst])


@pytest.mark.parametrize(("row", "overload"), OVERLOADS)
def test_glsl_edges(context: Any, row: Row, overload: Overload) -> None:
    """At zeros, infinities, nan and the ends of int: the same kind of answer, ints the same."""
    arguments = edges(overload, np.float32)
    result = run(context, overload, arguments)
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(overload.numpy(*arguments), result.shape)
    if overload.result == FLOAT:
        result, expected = _kind(result), _kind(expected)
        inexact = (result != expected) & _unreliable(row, arguments)
        result = np.where(inexact, expected, result)
    wrong = [
        (*(a[i] for a in arguments), result[i], expected[i])
        for i in np.flatnonzero(
            (result != expected) & ~((result != result) & (expected != expected))
        )
    ]
    assert not wrong, wrong[:8]


EXACT_PAIRS = [pair for pair in PAIRS if pair[0].budget == EXACT]


@pytest.mark.parametrize(
    ("row", "overload"),
    [pytest.param(r, o, id=f"{r.name}({o.signature})") for r, o in EXACT_PAIRS],
)
def test_glsl_exact_rows_are_exact_for_any_bits(context: Any, row: Row, overload: Overload) -> None:
    arguments = any_bits(overload, COUNT)
    result = run(context, overload, arguments)
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(overload.numpy(*arguments), result.shape)
    if overload.result == FLOAT:  # drivers flush denormals
        expected = np.where(np.abs(expected) < TINY, np.float32(0), expected)
        result = np.where(np.abs(result) < TINY, np.float32(0), result)
    np.testing.assert_array_equal(result, expected)


def _kind(values: Array) -> Array:
    """Reduce finite values to their sign; tiny ones may have been flushed to zero."""
    finite = np.isfinite(values)
    small = np.abs(values) < 1e-36
    return np.where(finite, np.where(small, 0.0, np.sign(values)), values)


def _unreliable(row: Row, arguments: list[Array]) -> Array:
    """Angles past 1e6 have no digits left in drivers' sin and cos."""
    if row.name in ("sin", "cos", "tan"):
        return np.isfinite(arguments[0]) & (np.abs(arguments[0]) > 1e6)
    return np.zeros(arguments[0].shape, np.bool_)


def test_every_scalar_type_is_covered() -> None:
    kinds = {kind for _, overload in PAIRS for kind in overload.params}
    assert kinds == {FLOAT, INT, UINT, BOOL}


@pytest.mark.parametrize(
    ("kind", "helper", "low", "high"),
    [(INT, TO_INT_HELPER, -(2**31), 2**31 - 1), (UINT, TO_UINT_HELPER, 0, 2**32 - 1)],
    ids=["int", "uint"],
)
def test_floats_made_ints_saturate(
    context: Any, kind: Scalar, helper: str, low: int, high: int
) -> None:
    name = f"gk_to_{kind}"
    cast = Overload(f"float -> {kind}", name + "({0})", np.trunc, (helper,))
    values = np.concatenate([edges(cast, np.float32)[0], *any_bits(cast, COUNT)])
    values = np.append(values, np.array([0.99, -0.99, 2147483520.0, 4294967040.0], np.float32))
    with np.errstate(all="ignore"):
        expected = np.clip(np.nan_to_num(np.trunc(values.astype(np.float64)), nan=0.0), low, high)
    assert run(context, cast, [values]).tolist() == expected.tolist()
