"""Launches: uniforms, layouts, what is compiled when, and shaders that the driver rejects."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gpukernel.codegen.shader import Shader
from gpukernel.codegen.variant import Access
from gpukernel.errors import DeviceError
from gpukernel.ir.nodes import Program
from gpukernel.lang.types import FLOAT
from gpukernel.passes.ranges import ANYWHERE
from gpukernel.runtime import gl_context
from gpukernel.runtime.device import Device, memory, synchronize
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.gl_draw import Drawing
from gpukernel.runtime.gl_program import GLExecutable
from gpukernel.runtime.gl_texture import GLStorage
from tests.codegen.running import WAYS, build, make_program
from tests.interpreter.programs import I, J, cast, give, load, op, uniform

VERTEX = """#version 330 core
void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
"""
# out[e] = a[row, col] * scale + offset, element by element through both layouts
FRAGMENT = """#version 330 core
uniform sampler2D tex_a;
uniform ivec4 u_shape_a;
uniform ivec4 u_layout_a;
uniform float u_scale;
uniform int u_offset;
uniform ivec4 u_layout_out;
out vec4 result;
float compute(int e) {
    int row = e / u_layout_out.x, col = e % u_layout_out.x;
    if (row >= u_shape_a.x || col >= u_shape_a.y) return 0.0;
    int from = row * u_layout_a.x + col;
    ivec2 texel = PLACE_IN_A;
    return texelFetch(tex_a, texel, 0)[from % 4] * u_scale + float(u_offset);
}
void main() {
    ivec2 place = ivec2(gl_FragCoord.xy);
    int e = 4 * (place.x + START_OF_ROW);
    result = vec4(compute(e), compute(e + 1), compute(e + 2), compute(e + 3));
}
"""
# The kind of an array's layout -> how its texels are found in a texture, and the other way round.
PLACES = {
    "rows": "ivec2(col / 4, row)",
    "folded": "ivec2((from / 4) & u_layout_a.y, (from / 4) >> u_layout_a.z)",
}
STARTS = {"rows": "place.y * u_layout_out.x / 4", "folded": "(place.y << u_layout_out.z)"}


def shader(source: str = "rows", target: str = "rows") -> Shader:
    """Return the shader that reads one kind of layout and fills another."""
    text = FRAGMENT.replace("PLACE_IN_A", PLACES[source]).replace("START_OF_ROW", STARTS[target])
    return Shader(
        fragment=text,
        vertex=VERTEX,
        lines=tuple(range(101, 101 + text.count("\n"))),
        samplers=("tex_a",),
        shapes=("u_shape_a",),
        layouts=("u_layout_a",),
        values=("u_values_a",),
        uniforms=("u_scale", "u_offset"),
        out_shape="u_shape_out",  # not in the shader: as if optimised away
        out_layout="u_layout_out",
        block="u_block",
    )


def scaled() -> Program:
    """Return the program that the shader could come from."""
    offset = cast(uniform("offset"), FLOAT)
    value = op("+", op("*", load("a", I, J), uniform("scale", FLOAT)), offset)
    arrays = {"a": np.zeros((1, 1), np.float32)}
    return make_program(
        2, ["float32"], give(value), arrays=arrays, scalars={"scale": 1.0, "offset": 1}
    )


@pytest.fixture
def device(gl: Device) -> GLDevice:
    assert isinstance(gl, GLDevice)
    return gl


@pytest.fixture(params=WAYS)
def executable(request: pytest.FixtureRequest, device: GLDevice) -> GLExecutable:
    """The program, built in each way in turn."""
    return build(device, scaled(), WAYS[request.param])


def link(device: GLDevice, made: Shader) -> Drawing:
    driver = device._driver
    accesses = [Access("rows", (ANYWHERE,) * 2)] * len(made.samplers)
    return Drawing(driver.context, driver.textures, driver.rows, made, accesses, 1, {})


def draw(
    device: GLDevice,
    drawing: Drawing,
    inputs: Sequence[GLStorage],
    scalars: Sequence[float],
    target: GLStorage,
) -> None:
    with device._context as gl:
        geometry = (target.place, *[storage.place for storage in inputs])
        drawing.bind(inputs, scalars, target.shape, geometry)
        drawing.draw(gl, target.shape, [target])


SHAPES = [(1, 1), (16, 16), (5, 1023), (5, 1025), (70000, 3), (70000, 5), (3, 70000)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shader_written_by_hand_through_every_layout(
    device: GLDevice, shape: tuple[int, int]
) -> None:
    host = np.random.default_rng(3).random(shape, np.float32)
    source, target = device.upload(host), device.allocate(shape, np.dtype("float32"))
    drawing = link(device, shader(source.layout.kind, target.layout.kind))
    draw(device, drawing, [source], [2.0, 1], target)
    np.testing.assert_allclose(device.download(target), host * 2 + 1, rtol=1e-6)
    device.release(source)
    device.release(target)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_program_through_every_layout(
    device: GLDevice, executable: GLExecutable, shape: tuple[int, int]
) -> None:
    host = np.random.default_rng(3).random(shape, np.float32)
    source, target = device.upload(host), device.allocate(shape, np.dtype("float32"))
    executable.launch([source], [2.0, 1], shape, [target])
    np.testing.assert_array_equal(device.download(target), host * np.float32(2) + np.float32(1))
    device.release(source)
    device.release(target)


def test_a_reshaped_input_is_read_through_its_own_layout(device: GLDevice) -> None:
    host = np.arange(24 * 16, dtype=np.float32).reshape(24, 16)
    view = device.reshape(device.upload(host), (128, 3))
    assert view is not None
    target = device.allocate((128, 3), np.dtype("float32"))
    drawing = link(device, shader(view.layout.kind, target.layout.kind))
    draw(device, drawing, [view], [1.0, 0], target)
    np.testing.assert_array_equal(device.download(target), host.reshape(128, 3))


@pytest.mark.parametrize("shape", [(128, 3), (48, 8), (4, 96), (384, 1)])
def test_a_program_reads_and_fills_reshaped_arrays(
    device: GLDevice, executable: GLExecutable, shape: tuple[int, int]
) -> None:
    host = np.arange(24 * 16, dtype=np.float32).reshape(24, 16)
    for first in ((24, 16), (384,), (128, 3), (2, 192)):
        source = device.reshape(device.upload(host.reshape(first)), shape)
        target = device.reshape(device.allocate(first, np.dtype("float32")), shape)
        for read in (source, device.upload(host.reshape(shape))):
            for filled in (target, device.allocate(shape, np.dtype("float32"))):
                if read is not None and filled is not None:
                    executable.launch([read], [2.0, 3], shape, [filled])
                    wanted = host.reshape(shape) * 2 + 3
                    np.testing.assert_array_equal(device.download(filled), wanted)


def test_values_and_sizes_change_without_a_compile(
    device: GLDevice, executable: GLExecutable
) -> None:
    values = [(1.0, 0, 4), (1.0, 0, 4), (3.0, 0, 4), (-0.0, 2, 7), (1.0, 2, 5)]
    for number, (scale, offset, size) in enumerate(values):
        source = device.upload(np.ones((size, size), np.float32))
        target = device.allocate((size, size), np.dtype("float32"))
        executable.launch([source], [scale, offset], (size, size), [target])
        if number == 0:
            before = memory()
        np.testing.assert_array_equal(
            device.download(target), np.full((size, size), scale + offset)
        )
    assert memory().compiles == before.compiles
    assert memory().launches == before.launches + 4


def test_nothing_is_compiled_before_it_is_launched(device: GLDevice) -> None:
    before = memory().compiles
    executable = build(device, scaled())
    source = device.upload(np.ones((4, 4), np.float32))
    target = device.allocate((4, 4), np.dtype("float32"))
    executable.launch([source], [1.0, 0], (0, 4), [target])
    assert memory().compiles == before
    executable.launch([source], [1.0, 0], (4, 4), [target])
    assert memory().compiles == before + 1


def test_two_shaders_do_not_disturb_each_other(device: GLDevice) -> None:
    first, second = link(device, shader()), link(device, shader())
    source = device.upload(np.ones((4, 4), np.float32))
    targets = [device.allocate((4, 4), np.dtype("float32")) for _ in range(3)]
    draw(device, first, [source], [2.0, 0], targets[0])
    draw(device, second, [targets[0]], [3.0, 0], targets[1])
    draw(device, first, [targets[1]], [2.0, 0], targets[2])
    assert [float(device.download(t)[3, 3]) for t in targets] == [2.0, 6.0, 12.0]


def test_two_programs_do_not_disturb_each_other(device: GLDevice) -> None:
    first, second = (build(device, scaled(), WAYS["full"]) for _ in range(2))
    source = device.upload(np.ones((4, 4), np.float32))
    targets = [device.allocate((4, 4), np.dtype("float32")) for _ in range(3)]
    first.launch([source], [2.0, 0], (4, 4), [targets[0]])
    second.launch([targets[0]], [3.0, 0], (4, 4), [targets[1]])
    first.launch([targets[1]], [2.0, 0], (4, 4), [targets[2]])
    assert [float(device.download(t)[3, 3]) for t in targets] == [2.0, 6.0, 12.0]


def test_empty_output_does_nothing(device: GLDevice, executable: GLExecutable) -> None:
    source = device.upload(np.ones((4, 4), np.float32))
    target = device.allocate((0, 4), np.dtype("float32"))
    executable.launch([source], [1.0, 0], (0, 4), [target])


def test_launches_from_several_threads(device: GLDevice, executable: GLExecutable) -> None:
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(30):
                source = device.upload(np.full((8, 8), number, np.float32))
                target = device.allocate((8, 8), np.dtype("float32"))
                executable.launch([source], [1.0, number], (8, 8), [target])
                assert (device.download(target) == 2 * number).all()
                device.release(source)
                device.release(target)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


def test_dropped_programs_are_released(device: GLDevice) -> None:
    before = memory().programs
    executable = build(device, scaled())
    assert memory().programs == before + 1
    del executable
    synchronize()
    assert memory().programs == before


def test_a_rejected_shader_is_shown_with_python_lines(device: GLDevice) -> None:
    right = shader()
    broken = replace(right, fragment=right.fragment.replace("return 0.0", "return nothing"))
    line = 100 + 1 + FRAGMENT[: FRAGMENT.index("return 0.0")].count("\n")
    with pytest.raises(DeviceError) as caught:
        link(device, broken)
    text = str(caught.value)
    assert "please report" in text and "return nothing" in text
    assert f"[Python line {line}]" in text
    test_two_shaders_do_not_disturb_each_other(device)  # the next program works


def test_too_many_arrays_are_refused(device: GLDevice) -> None:
    arrays = {f"a{number}": np.zeros(1, np.float32) for number in range(1000)}
    program = make_program(1, ["int32"], give(I), arrays=arrays)
    with pytest.raises(DeviceError, match="1000 arrays, but this device has"):
        build(device, program)


def test_errors_of_modern_gl_become_device_errors(device: GLDevice) -> None:
    with pytest.raises(DeviceError, match="the OpenGL driver failed"), device._context as gl:
        gl.framebuffer([])
    test_two_programs_do_not_disturb_each_other(device)  # the lock is free again


def test_a_context_that_cannot_be_made_current_is_reported(
    device: GLDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lost:
        def __enter__(self) -> None:
            raise RuntimeError("no such display")

    with monkeypatch.context() as patch:
        patch.setattr(device._context, "_gl", Lost())
        for _ in range(2):
            with pytest.raises(DeviceError, match="context was lost: no such display"):
                device.synchronize()
    device.synchronize()


def test_a_context_that_answers_nonsense_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        info: dict[str, object] = {}

    monkeypatch.setattr(gl_context, "_create", lambda: (Broken(), RuntimeError))
    with pytest.raises(DeviceError, match="a new OpenGL context does not work"):
        GLDevice()
