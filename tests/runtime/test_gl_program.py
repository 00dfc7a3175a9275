"""Launching hand-written shaders: uniforms, layouts, caching, and rejected shaders."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from gpukernel.codegen.shader import Shader, Shaders
from gpukernel.errors import DeviceError
from gpukernel.runtime import gl_context
from gpukernel.runtime.device import Device, memory, synchronize
from gpukernel.runtime.gl_device import GLDevice
from gpukernel.runtime.gl_program import GLExecutable

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
uniform ivec2 u_layout_a;
uniform float u_scale;
uniform int u_offset;
uniform ivec2 u_layout_out;
out vec4 result;
float compute(int e) {
    int row = e / u_layout_out.x, col = e % u_layout_out.x;
    if (row >= u_shape_a.x || col >= u_shape_a.y) return 0.0;
    int from = row * u_layout_a.x + col;
    ivec2 texel = ivec2(from / 4 % u_layout_a.y, from / 4 / u_layout_a.y);
    return texelFetch(tex_a, texel, 0)[from % 4] * u_scale + float(u_offset);
}
void main() {
    int e = (int(gl_FragCoord.y) * u_layout_out.y + int(gl_FragCoord.x)) * 4;
    result = vec4(compute(e), compute(e + 1), compute(e + 2), compute(e + 3));
}
"""
SHADER = Shader(
    fragment=FRAGMENT,
    vertex=VERTEX,
    lines=tuple(range(101, 101 + FRAGMENT.count("\n"))),
    samplers=("tex_a",),
    shapes=("u_shape_a",),
    layouts=("u_layout_a",),
    uniforms=("u_scale", "u_offset"),
    out_shape="u_shape_out",  # not in the shader: as if optimised away
    out_layout="u_layout_out",
)


@pytest.fixture
def device(gl: Device) -> GLDevice:
    assert isinstance(gl, GLDevice)
    return gl


def build(device: GLDevice, shader: Shader = SHADER) -> GLExecutable:
    return GLExecutable(device._context, device._textures, Shaders((shader,), {}))


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (5, 1023), (5, 1025), (70000, 3), (3, 70000)])
def test_launch_through_every_layout(device: GLDevice, shape: tuple[int, int]) -> None:
    host = np.random.default_rng(3).random(shape, np.float32)
    source, target = device.upload(host), device.allocate(shape, np.dtype("float32"))
    build(device).launch([source], [2.0, 1], shape, [target])
    np.testing.assert_allclose(device.download(target), host * 2 + 1, rtol=1e-6)
    device.release(source)
    device.release(target)


def test_a_reshaped_input_is_read_through_its_own_layout(device: GLDevice) -> None:
    host = np.arange(24 * 16, dtype=np.float32).reshape(24, 16)
    source = device.upload(host)
    view = device.reshape(source, (64, 6))
    assert view is not None
    target = device.allocate((64, 6), np.dtype("float32"))
    build(device).launch([view], [1.0, 0], (64, 6), [target])
    np.testing.assert_array_equal(device.download(target), host.reshape(64, 6))


def test_values_and_sizes_change_without_a_compile(device: GLDevice) -> None:
    executable = build(device)
    before = memory()
    for scale, offset, size in [(1.0, 0, 4), (1.0, 0, 4), (3.0, 0, 4), (-0.0, 2, 7), (1.0, 2, 5)]:
        source = device.upload(np.ones((size, size), np.float32))
        target = device.allocate((size, size), np.dtype("float32"))
        executable.launch([source], [scale, offset], (size, size), [target])
        np.testing.assert_array_equal(
            device.download(target), np.full((size, size), scale + offset)
        )
    assert memory().compiles == before.compiles
    assert memory().launches == before.launches + 5


def test_two_programs_do_not_disturb_each_other(device: GLDevice) -> None:
    first, second = build(device), build(device)
    source = device.upload(np.ones((4, 4), np.float32))
    targets = [device.allocate((4, 4), np.dtype("float32")) for _ in range(3)]
    first.launch([source], [2.0, 0], (4, 4), [targets[0]])
    second.launch([targets[0]], [3.0, 0], (4, 4), [targets[1]])
    first.launch([targets[1]], [2.0, 0], (4, 4), [targets[2]])
    assert [float(device.download(t)[3, 3]) for t in targets] == [2.0, 6.0, 12.0]


def test_empty_output_does_nothing(device: GLDevice) -> None:
    source = device.upload(np.ones((4, 4), np.float32))
    target = device.allocate((0, 4), np.dtype("float32"))
    build(device).launch([source], [1.0, 0], (0, 4), [target])


def test_launches_from_several_threads(device: GLDevice) -> None:
    executable = build(device)
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
    executable = build(device)
    assert memory().programs == before + 1
    del executable
    synchronize()
    assert memory().programs == before


def test_a_rejected_shader_is_shown_with_python_lines(device: GLDevice) -> None:
    broken = replace(SHADER, fragment=FRAGMENT.replace("return 0.0", "return nothing"))
    line = 100 + 1 + FRAGMENT[: FRAGMENT.index("return 0.0")].count("\n")
    with pytest.raises(DeviceError) as caught:
        build(device, broken)
    text = str(caught.value)
    assert "please report" in text and "return nothing" in text
    assert f"[Python line {line}]" in text
    test_empty_output_does_nothing(device)  # the next program works


def test_too_many_arrays_are_refused(device: GLDevice) -> None:
    names = tuple(f"tex_{number}" for number in range(1000))
    with pytest.raises(DeviceError, match="1000 arrays, but this device has"):
        build(device, replace(SHADER, samplers=names))


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
