"""Compiled shaders and their launch.

The hot path of a launch writes the uniforms whose values changed, binds each input texture to its
unit, binds the output's framebuffer and draws one triangle.  It never asks the driver anything.
A pass that draws into several textures has a framebuffer made for it at each launch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from gpukernel.codegen.shader import Shader, Shaders
from gpukernel.errors import DeviceError
from gpukernel.runtime.gl_checks import CHECK_FORMAT, raise_failure
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_link import link
from gpukernel.runtime.gl_texture import GLStorage, GLTexture
from gpukernel.runtime.gl_textures import GLTextures
from gpukernel.runtime.stats import COUNTERS

Number = Union[bool, int, float]
_TRIANGLES = 4


class GLExecutable:
    """The linked passes of a program on one `GLContext`, launchable from any thread."""

    def __init__(self, context: GLContext, textures: GLTextures, shaders: Shaders) -> None:
        """Compile and link.

        Raises:
            DeviceError: the driver rejects a shader, or the program reads too many arrays.
        """
        self.source = shaders.text
        self.may_fail = any(shader.guarded or shader.checked for shader in shaders.passes)
        self._context = context
        _check_units(context, shaders.passes[0])
        self._passes = [
            _Pass(context, textures, shader, shaders.value_counts) for shader in shaders.passes
        ]
        COUNTERS.add("compiles")
        COUNTERS.add("programs")

    def launch(
        self,
        inputs: Sequence[GLStorage],
        scalars: Sequence[Number],
        grid: tuple[int, ...],
        outputs: Sequence[GLStorage],
    ) -> None:
        """Fill ``outputs`` from ``inputs``; returns when the draws are queued.

        Args:
            inputs: one storage an array of the program, none of them in ``outputs``.
            scalars: one number a uniform of the program.
            grid: the shape of the grid.
            outputs: where the results go, all different.

        Raises:
            CellFailed: a check of the program failed.
            DeviceError: the driver cut a loop short.
        """
        if 0 in grid:
            return
        with self._context as gl:
            for drawn in self._passes:
                drawn.bind(inputs, scalars, grid)
                drawn.draw(gl, grid, [outputs[position] for position in drawn.shader.outputs])
        COUNTERS.add("launches")

    def __del__(self) -> None:
        if hasattr(self, "_passes"):  # compiled
            COUNTERS.add("programs", -1)


class _Pass:
    """One linked shader."""

    def __init__(
        self,
        context: GLContext,
        textures: GLTextures,
        shader: Shader,
        value_counts: dict[int, int],
    ) -> None:
        self.shader = shader
        self._context = context
        self._textures = textures
        self._value_counts = value_counts
        with context as gl:
            program = link(gl, shader)
            self._program = program
            self._triangle = gl.vertex_array(program, [])
            self._finished: Any = gl.query(samples=True) if shader.guarded else None
        self._places = [
            (_Slot(program, shape), _Slot(program, layout))
            for shape, layout in zip(shader.shapes, shader.layouts)
        ]
        self._scalars = [_Slot(program, name) for name in shader.uniforms]
        self._grid = _Slot(program, shader.out_shape)
        self._out_layout = _Slot(program, shader.out_layout)

    def bind(
        self, inputs: Sequence[GLStorage], scalars: Sequence[Number], grid: tuple[int, ...]
    ) -> None:
        """Give the shader everything that it reads."""
        for slot, value in zip(self._scalars, scalars):
            slot.write(value)
        for unit, ((shape_slot, layout_slot), storage) in enumerate(zip(self._places, inputs)):
            shape, layout = storage.place
            shape_slot.write(shape)
            layout_slot.write(layout)
            storage.live_texture.texture.use(unit)
        self._grid.write((*grid, 1, 1, 1)[:4])

    def draw(self, gl: Any, grid: tuple[int, ...], targets: Sequence[GLStorage]) -> None:
        """Fill the outputs of this pass."""
        if len(targets) == 1 and not self.shader.checked:
            targets[0].live_texture.framebuffer.use()
            self._render(targets[0])
            return
        # Arrays of one shape can have different layouts: one may be another array reshaped.
        groups: dict[tuple[int, int, int], GLStorage] = {}
        for storage in targets:
            groups.setdefault(_geometry(storage), storage)
        for storage in groups.values():
            self._draw_like(gl, grid, targets, storage)

    def _draw_like(
        self, gl: Any, grid: tuple[int, ...], targets: Sequence[GLStorage], model: GLStorage
    ) -> None:
        """Fill the targets that are laid out as ``model``, and read the checks."""
        layout, scratch = model.layout, []

        def scratch_texture(texel_format: str) -> GLTexture:
            scratch.append(self._textures.take(layout.width, layout.height, texel_format))
            return scratch[-1]

        try:
            attached = []
            for storage in targets:
                texture = storage.live_texture
                alike = _geometry(storage) == _geometry(model)
                attached.append(texture if alike else scratch_texture(texture.format))
            checks = [scratch_texture(CHECK_FORMAT) for _ in range(2 * self.shader.checked)]
            self._render_into(gl, [*attached, *checks], model)
            if checks:
                raise_failure(checks, layout, grid, self.shader.cell_size, self._value_counts)
        finally:
            for texture in scratch:
                self._textures.give(texture)

    def _render_into(self, gl: Any, attached: Sequence[GLTexture], model: GLStorage) -> None:
        """Draw into several textures of the size of ``model``."""
        framebuffer = gl.framebuffer([texture.texture for texture in attached])
        try:
            framebuffer.use()
            self._render(model)
        finally:
            # A framebuffer must not be bound when it goes: ModernGL would bind it again later.
            gl.detect_framebuffer(0).use()
            framebuffer.release()

    def _render(self, target: GLStorage) -> None:
        """Draw one triangle over the framebuffer in use, whose textures are laid out as ``target``.

        Raises:
            DeviceError: a fragment was discarded, since the driver cut a loop short.
        """
        self._out_layout.write(target.place[1])
        if self._finished is None:
            self._triangle.render(_TRIANGLES, 3)
            return
        with self._finished:
            self._triangle.render(_TRIANGLES, 3)
        if self._finished.samples != target.layout.width * target.layout.height:
            raise DeviceError(
                "a loop of the kernel runs longer than this driver allows: "
                f"{self._context.facts['renderer']} ends loops after 65,535 iterations\n"
                'hint: launch it with device="cpu", or split the loop over several launches'
            )

    def __del__(self) -> None:
        if hasattr(self, "_triangle"):  # linked
            self._context.defer(self._triangle.release)
            self._context.defer(self._program.release)


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


def _geometry(storage: GLStorage) -> tuple[int, int, int]:
    """Return what two storages must share to be drawn into at once."""
    return storage.layout.pitch, storage.layout.width, storage.layout.height


def _check_units(context: GLContext, shader: Shader) -> None:
    """Raise DeviceError when the program reads more arrays than the device has units."""
    limit = context.facts["max_texture_units"]
    if isinstance(limit, int) and len(shader.samplers) > limit:
        raise DeviceError(
            f"the kernel reads {len(shader.samplers)} arrays, "
            f"but this device has {limit} texture units"
        )
