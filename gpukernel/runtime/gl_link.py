"""Compile and link a shader; a driver that rejects one is quoted with the Python lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gpukernel.codegen.shader import Shader
from gpukernel.errors import DeviceError

# "0:12(5): error" (Mesa), "0(12) : error" (NVIDIA), "ERROR: 0:12: ..." (Intel, Apple, AMD)
_LOG_LINE = re.compile(r"\b\d+(?::(\d+)\b|\((\d+)\))")


def link(gl: Any, shader: Shader) -> Any:
    """Return the linked ModernGL program, its samplers set to the texture units 0, 1, ...

    Raises:
        DeviceError: the driver rejects the shader.
    """
    try:
        program = gl.program(vertex_shader=shader.vertex, fragment_shader=shader.fragment)
    except Exception as error:  # moderngl.Error, not importable without ModernGL
        raise DeviceError(_compile_report(str(error), shader)) from None
    for unit, name in enumerate(shader.samplers):
        sampler = program.get(name, None)
        if sampler is not None:
            sampler.value = unit
    return program


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
