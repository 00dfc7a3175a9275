"""A compiled shader and its launch.

The hot path of a launch writes the uniforms whose values changed, binds each input texture to its
unit, binds the output's framebuffer and draws one triangle.  It never asks the driver anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Union

from gpukernel.codegen.shader import Shader
from gpukernel.errors import DeviceError
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_texture import GLStorage
from gpukernel.runtime.stats import COUNTERS

Number = Union[bool, int, float]
_TRIANGLES = 4
# "0:12(5): error" (Mesa), "0(12) : error" (NVIDIA), "ERROR: 0:12: ..." (Intel, Apple, AMD)
_LOG_LINE = re.compile(r"\b\d+(?::(\d+)\b|\((\d+)\))")


class GLExecutable:
    """A linked program of one `GLContext`, launchable from any thread."""

    def __init__(self, context: GLContext, shader: Shader) -> None:
        """Compile and link.

        Raises:
            DeviceError: the driver rejects the shader, or it reads too many arrays.
        """
        self.source = shader.fragment
        self.may_fail = shader.guarded
        self._context = context
        _check_units(context, shader)
        with context as gl:
            program = _link(gl, shader)
            for unit, name in enumerate(shader.samplers):
                sampler = program.get(name, None)
                if sampler is not None:
                    sampler.value = unit
            self._program = program
            self._draw = gl.vertex_array(program, [])
            self._finished: Any = gl.query(samples=True) if shader.guarded else None
        self._places = [
            (_Slot(program, shape), _Slot(program, layout))
            for shape, layout in zip(shader.shapes, shader.layouts)
        ]
        self._scalars = [_Slot(program, name) for name in shader.uniforms]
        self._out_place = (_Slot(program, shader.out_shape), _Slot(program, shader.out_layout))
        COUNTERS.add("compiles")
        COUNTERS.add("programs")

    def launch(
        self, inputs: Sequence[GLStorage], scalars: Sequence[Number], output: GLStorage
    ) -> None:
        """Fill ``output`` from ``inputs``; returns when the draw is queued.

        Args:
            inputs: one storage an array of the program, none of them ``output``.
            scalars: one number a uniform of the program.
            output: where the results go; its shape is the grid.
        """
        if output.nbytes == 0:
            return
        with self._context:
            for slot, value in zip(self._scalars, scalars):
                slot.write(value)
            for unit, (slots, storage) in enumerate(zip(self._places, inputs)):
                _write_place(slots, storage)
                storage.live_texture.texture.use(unit)
            _write_place(self._out_place, output)
            output.live_texture.framebuffer.use()
            if self._finished is None:
                self._draw.render(_TRIANGLES, 3)
            else:
                self._render_guarded(output)
        COUNTERS.add("launches")

    def _render_guarded(self, output: GLStorage) -> None:
        """Draw, and raise DeviceError when a fragment was discarded: a loop was cut short."""
        with self._finished:
            self._draw.render(_TRIANGLES, 3)
        if self._finished.samples != output.layout.width * output.layout.height:
            raise DeviceError(
                "a loop of the kernel runs longer than this driver allows: "
                f"{self._context.facts['renderer']} ends loops after 65,535 iterations\n"
                'hint: launch it with device="cpu", or split the loop over several launches'
            )

    def __del__(self) -> None:
        if hasattr(self, "_out_place"):  # compiled
            self._context.defer(self._draw.release)
            self._context.defer(self._program.release)
            COUNTERS.add("programs", -1)


class _Slot:
    """One uniform and the value it has; a uniform that the driver dropped takes no writes."""

    __slots__ = ("_uniform", "value")

    def __init__(self, program: Any, name: str) -> None:
        self._uniform = program.get(name, None)
        self.value: object = None

    def write(self, value: object) -> None:
        """Set the uniform unless it has this very value."""
        # `0.0 == -0.0`, so floats are always written; nan would be written anyway.
        if (value != self.value or isinstance(value, float)) and self._uniform is not None:
            self._uniform.value = value
            self.value = value


def _write_place(slots: tuple[_Slot, _Slot], storage: GLStorage) -> None:
    """Tell the shader the shape and the layout of one array."""
    shape, layout = storage.place
    slots[0].write(shape)
    slots[1].write(layout)


def _check_units(context: GLContext, shader: Shader) -> None:
    """Raise DeviceError when the program reads more arrays than the device has units."""
    limit = context.facts["max_texture_units"]
    if isinstance(limit, int) and len(shader.samplers) > limit:
        raise DeviceError(
            f"the kernel reads {len(shader.samplers)} arrays, "
            f"but this device has {limit} texture units"
        )


def _link(gl: Any, shader: Shader) -> Any:
    """Return the linked ModernGL program."""
    try:
        return gl.program(vertex_shader=shader.vertex, fragment_shader=shader.fragment)
    except Exception as error:  # moderngl.Error, not importable without ModernGL
        raise DeviceError(_compile_report(str(error), shader)) from None


def _compile_report(log: str, shader: Shader) -> str:
    """Return the message for a rejected shader: the log, mapped to Python lines, and the text."""
    mapped = "\n".join(_map_line(line, shader.lines) for line in log.strip().splitlines())
    numbered = "\n".join(
        f"{number:4d}  {line}" for number, line in enumerate(shader.fragment.splitlines(), 1)
    )
    return (
        "the OpenGL driver rejected a shader that gpukernel made. This is a bug in gpukernel: "
        f"please report it with the text below.\n\n{mapped}\n\nfragment shader:\n{numbered}"
    )


def _map_line(line: str, lines: Sequence[int | None]) -> str:
    """Return a line of the driver's log with the Python line it speaks of added."""
    found = _LOG_LINE.search(line)
    if found is None:
        return line
    number = int(found.group(1) or found.group(2))
    python_line = lines[number - 1] if 1 <= number <= len(lines) else None
    return line if python_line is None else f"{line}  [Python line {python_line}]"
