"""One linked shader, and the draws that fill arrays with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from gpukernel.codegen.shader import Shader
from gpukernel.codegen.variant import Access
from gpukernel.errors import DeviceError
from gpukernel.runtime.gl_checks import CHECK_FORMAT, raise_failure
from gpukernel.runtime.gl_context import GLContext
from gpukernel.runtime.gl_link import link
from gpukernel.runtime.gl_rows import GLRows
from gpukernel.runtime.gl_texture import GLStorage, GLTexture
from gpukernel.runtime.gl_textures import GLTextures

Number = Union[bool, int, float]
_TRIANGLES = 4


class Drawing:
    """One pass of a program.

    A pass that draws into several textures has a framebuffer made for it at each launch.

    Args:
        context: the OpenGL context, which is current.
        textures: where textures come from.
        rows: what joins the rows that are drawn in blocks.
        shader: what to link.
        accesses: how it reads each array.
        num_rows: how many rows of an output a fragment computes.
        value_counts: how many values the checks of each failure have.

    Attributes:
        outputs: the positions in ``Program.outputs`` of the arrays that are filled.
    """

    def __init__(
        self,
        context: GLContext,
        textures: GLTextures,
        rows: GLRows,
        shader: Shader,
        accesses: Sequence[Access],
        num_rows: int,
        value_counts: dict[int, int],
    ) -> None:
        self.outputs = shader.outputs[: len(shader.outputs) // num_rows]
        self._shader = shader
        self._num_rows = num_rows
        self._leaves_padding = shader.leaves_padding
        self._context = context
        self._textures = textures
        self._rows = rows
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
        self._values = [
            _ValuesSlot(program, name, access.values) if access.values else None
            for name, access in zip(shader.values, accesses)
        ]
        self._geometry: object = None  # that the uniforms are set for
        self._scalars = [_Slot(program, name) for name in shader.uniforms]
        self._grid = _Slot(program, shader.out_shape)
        self._out_layout = _Slot(program, shader.out_layout)
        self._block = _Slot(program, shader.block)

    def bind(
        self,
        inputs: Sequence[GLStorage],
        scalars: Sequence[Number],
        grid: tuple[int, ...],
        geometry: object,
    ) -> None:
        """Give the shader everything that it reads.

        Args:
            inputs: one storage an array of the program.
            scalars: one number a uniform of the program.
            grid: the shape of the grid.
            geometry: equal for launches whose arrays and grid have the same sizes and places.
        """
        for slot, value in zip(self._scalars, scalars):
            slot.write(value)
        for unit, (values, storage) in enumerate(zip(self._values, inputs)):
            if values is None:
                storage.live_texture.texture.use(unit)
            else:
                values.write(storage)
        if geometry != self._geometry:
            for (shape_slot, layout_slot), storage in zip(self._places, inputs):
                shape, layout = storage.place
                shape_slot.write(shape)
                layout_slot.write(layout)
            self._grid.write((*grid, 1, 1, 1)[:4])
            self._geometry = geometry

    def draw(self, gl: Any, grid: tuple[int, ...], outputs: Sequence[GLStorage]) -> None:
        """Fill the outputs of this pass, which are some of the program's."""
        targets = [outputs[position] for position in self.outputs]
        self._fill(gl, grid, targets)
        if self._leaves_padding:
            for storage in targets:
                self._rows.clear_padding(storage)

    def _fill(self, gl: Any, grid: tuple[int, ...], targets: Sequence[GLStorage]) -> None:
        if self._num_rows > 1:
            self._draw_rows(targets)
            return
        if len(targets) == 1 and not self._shader.checked:
            target = targets[0]
            texture = target.live_texture
            texture.framebuffer.use()
            self._render(target, texture.width * texture.height)
            return
        # Arrays of one shape can have different layouts: one may be another array reshaped.
        groups: dict[tuple[object, ...], GLStorage] = {}
        for storage in targets:
            groups.setdefault(_geometry(storage), storage)
        for storage in groups.values():
            self._draw_like(gl, grid, targets, storage)

    def _draw_rows(self, targets: Sequence[GLStorage]) -> None:
        """Fill outputs of which a fragment computes several rows."""
        texture = targets[0].live_texture
        part = self._rows.partition(texture, self._num_rows)
        width = part.width * part.sections
        formats = [storage.live_texture.format for storage in targets] * self._num_rows
        blocks = self._rows.take(width, part.height, formats)
        try:
            self._block.write(part.uniform)
            blocks.framebuffer.use()
            self._render(targets[0], width * part.height)
            for number, storage in enumerate(targets):
                self._rows.join(blocks.textures[number :: len(targets)], part, storage)
        finally:
            self._rows.give(blocks)

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
            checks = [scratch_texture(CHECK_FORMAT) for _ in range(2 * self._shader.checked)]
            self._render_into(gl, [*attached, *checks], model)
            if checks:
                raise_failure(checks, layout, grid, self._shader.cell_size, self._value_counts)
        finally:
            for texture in scratch:
                self._textures.give(texture)

    def _render_into(self, gl: Any, attached: Sequence[GLTexture], model: GLStorage) -> None:
        """Draw into several textures of the size of ``model``."""
        framebuffer = gl.framebuffer([texture.texture for texture in attached])
        try:
            framebuffer.use()
            self._render(model, model.layout.width * model.layout.height)
        finally:
            # A framebuffer must not be bound when it goes: ModernGL would bind it again later.
            gl.detect_framebuffer(0).use()
            framebuffer.release()

    def _render(self, target: GLStorage, num_fragments: int) -> None:
        """Draw one triangle over the framebuffer in use, for arrays laid out as ``target``.

        Raises:
            DeviceError: a fragment was discarded, since the driver cut a loop short.
        """
        self._out_layout.write(target.place[1])
        if self._finished is None:
            self._triangle.render(_TRIANGLES, 3)
            return
        with self._finished:
            self._triangle.render(_TRIANGLES, 3)
        if self._finished.samples != num_fragments:
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


class _ValuesSlot:
    """The uniform that holds all values of an array."""

    __slots__ = ("_size", "_uniform", "_written")

    def __init__(self, program: Any, name: str, size: int) -> None:
        self._uniform = program.get(name, None)
        self._size = size
        self._written: np.ndarray | None = None

    def write(self, storage: GLStorage) -> None:
        """Set the uniform to the values of an array, unless it has just these."""
        host = storage.host
        assert host is not None
        if host is self._written or self._uniform is None:
            return
        values = np.zeros(self._size, host.dtype)
        values[: host.size] = host.reshape(-1)
        # The driver keeps as many elements as the shader can reach.
        self._uniform.write(values[: self._uniform.array_length * 4].tobytes())
        self._written = host


def _geometry(storage: GLStorage) -> tuple[object, ...]:
    """Return what two storages must share to be drawn into at once."""
    layout = storage.layout
    return layout.kind, layout.pitch, layout.width, layout.height
